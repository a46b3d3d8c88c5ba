"""What web.toml says, loaded once: agents that are no people, hosts by kind."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True)
class WebWords:
    """The packaged lists."""

    version: str
    bots: tuple[str, ...]
    search: tuple[str, ...]
    social: tuple[str, ...]
    email: tuple[str, ...]


@functools.cache
def words() -> WebWords:
    """The lists of this version of the package."""
    text = resources.files("persona_pipeline.cleaning").joinpath("web.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    channel = {name: tuple(hosts) for name, hosts in data["channel"].items()}
    return WebWords(data["version"], tuple(data["bots"]), **channel)
