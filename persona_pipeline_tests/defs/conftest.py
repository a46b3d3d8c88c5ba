"""Projects that the tests of Dagster's definitions share: one without files, and a tiny generated shop."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from persona_pipeline.settings import KEY_VARIABLE, Settings, load_settings

START = dt.date(2025, 1, 6)  # a Monday


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """One key for every project, here and in child processes."""
    monkeypatch.setenv(KEY_VARIABLE, "a key for tests")


@pytest.fixture
def project(tmp_path: Path) -> Settings:
    """The demo's configuration, without raw files and without a webhook."""
    from persona_pipeline.commands.project import TEMPLATES

    text = TEMPLATES.joinpath("demo.toml").read_text(encoding="utf-8")
    (tmp_path / "persona.toml").write_text(
        text.format(start=START.isoformat(), language="en", seed=7), encoding="utf-8"
    )
    return load_settings(tmp_path)


@pytest.fixture(scope="session")
def _generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from persona_pipeline.commands.project import generate

    directory = tmp_path_factory.mktemp("shop") / "demo"
    generate(directory, customers=60, days=8, seed=7, strangers=0.43, language="en", ceiling=None)
    return directory


@pytest.fixture
def shop(_generated: Path, tmp_path: Path) -> Settings:
    """A generated shop of 60 customers and 8 days, not run yet; a copy of its own for each test."""
    from persona_pipeline.defs.home import fix, prepare_home

    directory = tmp_path / "demo"
    shutil.copytree(_generated, directory)
    shutil.rmtree(directory / ".dagster")  # its dagster.yaml names the folder it was made in
    prepare_home(directory)
    settings = load_settings(directory)
    fix(settings)
    return settings
