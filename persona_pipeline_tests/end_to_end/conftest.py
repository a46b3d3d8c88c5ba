"""One small shop, run once per session, and the states of it that the tests start from.

200 customers and 23 days: a history of 20 days in one range run, then Sunday, Monday and Tuesday, once as one
range (`demo`) and once as three nights (`nights`). Tests that change a project copy one of these.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from persona_pipeline.cli import main
from persona_pipeline_tests.end_to_end.killing import watched_night
from persona_pipeline_tests.end_to_end.projects import START, Project
from persona_pipeline_tests.once import made_once

SUNDAY = dt.date(2025, 1, 26)
MONDAY, TUESDAY = SUNDAY + dt.timedelta(days=1), SUNDAY + dt.timedelta(days=2)
CUSTOMERS, DAYS = 200, 23

MakeShop = Callable[[Path, int, int], Project]


def make_shop(directory: Path, customers: int, days: int) -> Project:
    """A generated shop that was not run yet, with a key of its own."""
    sizes = ["--customers", str(customers), "--days", str(days)]
    assert main(["generate", str(directory), *sizes]) == 0
    (directory / "data" / "key").write_text("end-to-end", encoding="ascii")
    (directory / "data" / "key").chmod(0o600)
    return Project(directory)


@pytest.fixture(scope="session", autouse=True)
def _no_key_from_outside() -> None:
    """The key file of a project counts, not the environment of who runs the tests."""
    os.environ.pop("PERSONA_KEY", None)


def once(folder: Path, name: str, make: Callable[[Path], object]) -> Project:
    """The project of that name, shared by all tests: they read it or copy it."""
    return Project(made_once(folder, name, make))


@pytest.fixture(scope="session")
def shop(shared_folder: Path) -> Project:
    """Raw files and truth; nothing was run."""
    return once(shared_folder, "shop", lambda to: make_shop(to, CUSTOMERS, DAYS))


@pytest.fixture(scope="session")
def history(shop: Project, shared_folder: Path) -> Project:
    """The shop through the last Saturday, one range run."""
    last = SUNDAY - dt.timedelta(days=1)
    return once(shared_folder, "history", lambda to: shop.copy(to).run(START, last))


@pytest.fixture(scope="session")
def demo(history: Project, shared_folder: Path) -> Project:
    """The history and its last three days in one range run."""
    return once(shared_folder, "demo", lambda to: history.copy(to).run(SUNDAY, TUESDAY))


@pytest.fixture(scope="session")
def sunday(history: Project, shared_folder: Path) -> Project:
    """The history and the night of Sunday with its weekly training."""
    return once(shared_folder, "sunday", lambda to: watched_night(history.copy(to), SUNDAY))


@pytest.fixture(scope="session")
def nights(sunday: Project, shared_folder: Path) -> Project:
    """The history and its last three days night by night."""
    return once(shared_folder, "nights", lambda to: sunday.copy(to).run(MONDAY).run(TUESDAY))
