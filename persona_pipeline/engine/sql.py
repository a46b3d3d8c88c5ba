"""Finds the project's SQL files: beside the package in a checkout, inside it in a wheel.

Not here: running them.
"""

from __future__ import annotations

import functools
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


@functools.cache
def sql_directory() -> Path:
    """The folder that holds clean/, facts/, marts/, views/ and queries/."""
    for candidate in (_PACKAGE / "_sql", _PACKAGE.parent / "sql"):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(
        f"no SQL files: expected {_PACKAGE / '_sql'} or {_PACKAGE.parent / 'sql'}; reinstall"
    )


@functools.cache
def sql_text(name: str) -> str:
    """The text of one SQL file, for example `sql_text("facts/order_day")`."""
    return (sql_directory() / f"{name}.sql").read_text(encoding="utf-8")
