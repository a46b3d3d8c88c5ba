"""One small shop, run once per session, and the states of it that the tests start from.

200 customers and 23 days: a history of 20 days in one range run, then Sunday, Monday and Tuesday, once as one
range (`demo`) and once as three nights (`nights`). Tests that change a project copy one of these.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from persona_pipeline.cli import main
from persona_pipeline_tests.end_to_end.projects import START, Project

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


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A folder of this session that all worker processes of pytest-xdist know."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if hasattr(request.config, "workerinput") else base) / "end_to_end"
    folder.mkdir(exist_ok=True)
    return folder


def once(folder: Path, name: str, make: Callable[[Path], object]) -> Project:
    """The project of that name; the first worker process that asks makes it, the others wait.

    Tests read it or copy it.
    """
    with FileLock(folder / f"{name}.lock"):
        if not (folder / f"{name}.made").exists():
            shutil.rmtree(folder / name, ignore_errors=True)
            make(folder / name)
            (folder / f"{name}.made").touch()
    return Project(folder / name)


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
def sunday(history: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The history and the night of Sunday with its weekly training."""
    return history.copy(tmp_path_factory.mktemp("end_to_end") / "sunday").run(SUNDAY)


@pytest.fixture(scope="session")
def nights(sunday: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The history and its last three days night by night."""
    project = sunday.copy(tmp_path_factory.mktemp("end_to_end") / "nights")
    return project.run(MONDAY).run(TUESDAY)
