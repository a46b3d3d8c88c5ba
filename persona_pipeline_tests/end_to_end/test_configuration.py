"""A bad configuration ends in one clear line and exit code 2, and nothing was written."""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from persona_pipeline.cli import main
from persona_pipeline_tests.end_to_end.conftest import TUESDAY
from persona_pipeline_tests.end_to_end.projects import START, Project

Edit = Callable[[str], str]
ONE_DAY = ("--day", START.isoformat())
EXPORT = """
[project]
start = 2025-01-06
currency = "CNY"

[sources.orders]
kind = "orders"
path = "data/export.csv"
known_at = "event"
through = 2025-01-12
identity = "whole_row"
"""


def listing(directory: Path) -> dict[str, str]:
    """Every file and folder below `directory` with a hash of its bytes."""
    return {
        path.relative_to(directory).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else ""
        for path in sorted(directory.rglob("*"))
    }


def refused(
    project: Project, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str], *words: str
) -> None:
    """`persona run` says `words` in one line on stderr, ends with 2, and leaves the folder as it was."""
    before = listing(project.directory)
    capsys.readouterr()
    code = project.persona("run", *arguments)
    lines = capsys.readouterr().err.splitlines()
    assert code == 2, lines
    assert len(lines) == 1, lines
    assert lines[0].startswith("persona: ")
    missing = [word for word in words if word not in lines[0]]
    assert not missing, f"{missing} not in: {lines[0]}"
    assert listing(project.directory) == before


@pytest.fixture
def fresh(shop: Project, tmp_path: Path) -> Callable[[Edit], Project]:
    """A function that gives a project that was never run and has no key yet, with an edited persona.toml."""

    def make(edit: Edit) -> Project:
        directory = tmp_path / "fresh"
        raw = directory / "data" / "raw"
        for source in ("orders", "customers", "products"):
            (raw / source).mkdir(parents=True)
            name = f"{source}_{START}"
            for file in (shop.directory / "data" / "raw" / source).glob(f"{name}.csv*"):
                shutil.copy2(file, raw / source)
        text = (shop.directory / "persona.toml").read_text(encoding="utf-8")
        (directory / "persona.toml").write_text(edit(text), encoding="utf-8")
        return Project(directory)

    return make


def replaced(old: str, new: str) -> Edit:
    """An edit of persona.toml that must find its place once."""

    def edit(text: str) -> str:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in persona.toml"
        return text.replace(old, new)

    return edit


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        pytest.param(
            replaced("time_zone =", "time_zome ="),
            ("unknown key 'project.time_zome'", "did you mean 'time_zone'?"),
            id="unknown key",
        ),
        pytest.param(
            lambda text: text + "\n[recomendation]\nlength = 5\n",
            ("unknown key 'recomendation'", "did you mean 'recommendation'?"),
            id="unknown section",
        ),
        pytest.param(
            lambda text: text + "\n[sources.products.columns]\nbrnad = 'label'\n",
            ("sources.products", "columns: unknown field 'brnad'", "brand"),
            id="mapping to an unknown field",
        ),
        pytest.param(
            replaced("Asia/Shanghai", "Asia/Peking"), ("project.time_zone", "Asia/Peking"), id="time zone"
        ),
        pytest.param(lambda text: text + "\n[project\n", ("not valid TOML", "persona.toml"), id="no TOML"),
        pytest.param(
            lambda text: text + "\n[storage]\nwarehouse = '${PERSONA_NOT_SET}'\n",
            ("environment variable PERSONA_NOT_SET is not set",),
            id="environment",
        ),
        pytest.param(
            lambda text: (
                text + "\n[storage]\nwarehouse = 'postgresql+psycopg://me:secret@127.0.0.1:9/shop'\n"
            ),
            ("warehouse postgresql+psycopg://me:***@127.0.0.1:9/shop",),
            id="unreachable database",
        ),
        pytest.param(
            lambda text: text + "\n[storage]\nwarehouse = 'sqlite:////nowhere/warehouse.db'\n",
            ("folder of the warehouse", "does not exist"),
            id="no folder for the database",
        ),
        pytest.param(
            lambda text: text + "\n[storage]\nwarehouse = 'oracel://shop'\n",
            ("oracel", "driver"),
            id="unknown database",
        ),
        pytest.param(
            lambda _: EXPORT, ("source orders", "data/export.csv", "found none"), id="missing export"
        ),
    ],
)
def test_persona_toml(
    fresh: Callable[[Edit], Project], capsys: pytest.CaptureFixture[str], edit: Edit, words: tuple[str, ...]
) -> None:
    refused(fresh(edit), ONE_DAY, capsys, *words)


def test_no_persona_toml(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused(Project(tmp_path), ONE_DAY, capsys, "no persona.toml in", "persona init")


TOMORROW = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=2)).isoformat()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(("--day", "2025-01-05"), ("starts on 2025-01-06", "2025-01-05"), id="before the start"),
        pytest.param(("--day", TOMORROW), (f"{TOMORROW} is not over yet",), id="future"),
        pytest.param(
            ("--day", "2025-01-08"), ("2025-01-06 is the next open day", "--from 2025-01-06"), id="a gap"
        ),
        pytest.param(
            ("--from", "2025-01-08", "--to", "2025-01-06"), ("lies after", "swap"), id="the wrong way round"
        ),
        pytest.param(("--day", "2025-01-06", "--to", "2025-01-07"), ("either --day",), id="day and range"),
        pytest.param((), ("which day?",), id="no day"),
        pytest.param(
            (*ONE_DAY, "--select", "clean/order_lines"),
            ("unknown asset 'clean/order_lines'", "clean/order_line,"),
            id="unknown asset",
        ),
    ],
)
def test_arguments(
    fresh: Callable[[Edit], Project],
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    words: tuple[str, ...],
) -> None:
    refused(fresh(lambda text: text), arguments, capsys, *words)


def test_a_day_that_is_no_day(shop: Project, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["run", "--project", str(shop.directory), "--day", "2025-02-30"])
    assert stopped.value.code == 2
    assert "expected a day as YYYY-MM-DD, got '2025-02-30'" in capsys.readouterr().err


NEXT = ("--day", (TUESDAY + dt.timedelta(days=1)).isoformat())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("start = 2025-01-06", "start = 2025-01-13", ("start is 2025-01-13", "fixed 2025-01-06")),
        ("Asia/Shanghai", "Europe/London", ("time_zone is Europe/London", "fixed Asia/Shanghai")),
        ('currency = "CNY"', 'currency = "GBP"', ("currency is GBP", "fixed CNY")),
    ],
)
def test_what_the_first_run_fixed(
    demo: Project,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    old: str,
    new: str,
    words: tuple[str, ...],
) -> None:
    project = demo.copy(tmp_path / "changed")
    toml = project.directory / "persona.toml"
    toml.write_text(replaced(old, new)(toml.read_text(encoding="utf-8")), encoding="utf-8")
    refused(project, NEXT, capsys, *words)


def test_another_key(demo: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = demo.copy(tmp_path / "changed")
    (project.directory / "data" / "key").write_text("another key", encoding="ascii")
    refused(project, NEXT, capsys, "the key is not the one of the first run")


def test_a_lost_key(demo: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = demo.copy(tmp_path / "changed")
    (project.directory / "data" / "key").unlink()
    refused(project, NEXT, capsys, "the key")
