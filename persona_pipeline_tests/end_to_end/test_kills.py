"""Commit or nothing: `persona run` killed at random moments leaves every store whole; the next run completes.

Each (table, day) of the lake is the one before the night or the one after it, and so is what the views show.
"""

from __future__ import annotations

import bisect
import datetime as dt
import functools
import json
import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest

from persona_pipeline_tests.end_to_end.comparing import assert_equal_lakes, by_day, same_rows
from persona_pipeline_tests.end_to_end.conftest import SUNDAY
from persona_pipeline_tests.end_to_end.killing import commits, how_long, kill, start, watched_night
from persona_pipeline_tests.end_to_end.projects import Project, published

MONDAY = SUNDAY + dt.timedelta(days=1)
WAREHOUSE = "PERSONA_TEST_WAREHOUSE"


Views = dict[str, list[str]]
Days = dict[str, dict[dt.date, pa.Table]]


@dataclass(frozen=True)
class Night:
    """The state before a night, the one after it, when it made its commits, and how long it took."""

    day: dt.date
    before: Project
    after: Project
    views_before: Views
    views_after: Views
    commits: list[float]  # seconds after the start
    seconds: float

    @functools.cached_property
    def days_before(self) -> Days:
        """The rows of every table and day before the night."""
        return days_of(self.before)

    @functools.cached_property
    def days_after(self) -> Days:
        """The rows of every table and day after the night."""
        return days_of(self.after)


def days_of(project: Project) -> Days:
    """The rows of every table of the lake, by day."""
    return {name: by_day(name, table) for name, table in project.lake().items()}


def a_night(before: Project, day: dt.date, folder: Path, urls: tuple[str, str] | None = None) -> Night:
    """Run the night once without a kill; `urls`: the warehouses before and after it."""
    after = before.copy(folder / "after")
    watched_night(after, day)
    return the_night(before, after, day, urls)


def the_night(before: Project, after: Project, day: dt.date, urls: tuple[str, str] | None = None) -> Night:
    """What a watched night did."""
    own = (before.settings.warehouse_url, after.settings.warehouse_url)
    old, new = (published(url) for url in urls or own)
    assert old != new, "the night publishes nothing new, so a kill could not be seen"
    seconds, made = how_long(after)
    return Night(day, before, after, old, new, made, seconds)


def moments(night: Night, count: int, seed: int) -> list[tuple[int, float]]:
    """Random moments, one in each of `count` equal parts of the night: commits to wait for, then seconds."""
    draw = random.Random(seed)
    chosen = [night.seconds * (number + draw.random()) / count for number in range(count)]
    marks = [0.0, *night.commits]
    passed = [bisect.bisect_right(night.commits, moment) for moment in chosen]
    return [(number, moment - marks[number]) for number, moment in zip(passed, chosen, strict=True)]


def assert_whole(project: Project, night: Night) -> None:
    """Every day of every table is the old or the new one, and all views are those of one publication."""
    torn = []
    for name, found in days_of(project).items():
        before, after = night.days_before[name], night.days_after[name]
        torn += [
            f"{name} of {day}"
            for day in sorted({*found, *before, *after})
            if not same_rows(found.get(day), before.get(day))
            and not same_rows(found.get(day), after.get(day))
        ]
    assert torn == []
    views = project.views()
    assert views in (night.views_before, night.views_after), [
        name
        for name, rows in views.items()
        if rows not in (night.views_before[name], night.views_after[name])
    ] or "views of two publications"


def kill_nights(
    night: Night,
    fresh: Callable[[int], Project],
    count: int,
    seed: int,
    *,
    least: int,
    in_a_row: int = 1,
    wounded: Callable[[Project], None] | None = None,
) -> None:
    """Kill, look, run again, compare.

    Args:
        night: what the night does when nobody kills it.
        fresh: gives the state before the night.
        count: kills.
        seed: of their moments.
        least: how many must have hit the run before its end.
        in_a_row: kills of one project before the run that completes it.
        wounded: looks at the project after each kill of a run that had written half of its commits.
    """
    killed, project = 0, night.before
    for number, (after, seconds) in enumerate(moments(night, count, seed)):
        if number % in_a_row == 0:
            project = fresh(number)
        first = commits(project)
        process = start(project, "--day", str(night.day))
        hit = kill(process, project, after=first + after, seconds=seconds)
        killed += hit
        assert_whole(project, night)
        if hit and after > len(night.commits) // 2 and wounded is not None:
            wounded(project)
        if number % in_a_row == in_a_row - 1 or number == count - 1:
            project.run(night.day)
            assert_equal_lakes(project.lake(), night.after.lake())
            assert project.views() == night.views_after
    assert killed >= least, f"only {killed} of {count} runs were killed before they ended"


@pytest.fixture(scope="module")
def sqlite_night(history: Project, sunday: Project) -> Night:
    """The night of Sunday with its weekly training, published to SQLite."""
    return the_night(history, sunday, SUNDAY)


@pytest.mark.timeout(900)
def test_five_kills_sqlite(sqlite_night: Night, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Days after an interrupted one wait for it: they would miss its models, and nobody would notice."""
    waited: list[Project] = []

    def unfinished(project: Project) -> object:
        capsys.readouterr()
        assert project.persona("status", "--json") == 0
        return json.loads(capsys.readouterr().out)["unfinished_range"]

    def later_days_wait(project: Project) -> None:
        capsys.readouterr()
        assert project.persona("run", "--day", MONDAY.isoformat()) == 2
        assert f"the run of {SUNDAY} .. {SUNDAY} did not finish; run it again" in capsys.readouterr().err
        assert unfinished(project) == [str(SUNDAY), str(SUNDAY)]
        waited.append(project)

    def fresh(number: int) -> Project:
        return sqlite_night.before.copy(tmp_path / str(number))

    kill_nights(sqlite_night, fresh, 5, 20250126, least=4, in_a_row=3, wounded=later_days_wait)
    assert waited
    assert unfinished(waited[-1]) is None


@pytest.mark.proof
@pytest.mark.timeout(7200)
def test_a_hundred_kills_sqlite(sqlite_night: Night, tmp_path: Path) -> None:
    kill_nights(sqlite_night, lambda n: sqlite_night.before.copy(tmp_path / str(n)), 100, 20250126, least=80)


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server on which databases are copied."""

    url: str

    def copy(self, template: str) -> str:
        """The URL of a new database with the content of another."""
        import psycopg
        from psycopg import sql
        from sqlalchemy import make_url

        name = f"kills_{uuid.uuid4().hex}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        url = make_url(self.url).set(drivername="postgresql+psycopg", database=name)
        return url.render_as_string(hide_password=False)


@pytest.fixture
def server(postgres_server: str) -> Iterator[Server]:
    """The server of the session; its databases go with it."""
    yield Server(postgres_server)


def kill_postgresql(
    project: Project,
    day: dt.date,
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    count: int,
    *,
    least: int,
    in_a_row: int = 1,
) -> None:
    """The same on PostgreSQL: the project is published once, and every run gets a copy of that database."""
    from sqlalchemy import make_url

    before = project.copy(tmp_path / "before")
    toml = before.directory / "persona.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text + f'\n[storage]\nwarehouse = "${{{WAREHOUSE}}}"\n', encoding="utf-8")
    template = server.copy("template1")
    name = str(make_url(template).database)
    monkeypatch.setenv(WAREHOUSE, template)
    assert before.persona("publish") == 0
    (tmp_path / "whole").mkdir()
    url = server.copy(name)
    monkeypatch.setenv(WAREHOUSE, url)
    night = a_night(before, day, tmp_path / "whole", (template, url))

    def fresh(number: int) -> Project:
        monkeypatch.setenv(WAREHOUSE, server.copy(name))
        return before.copy(tmp_path / str(number))

    kill_nights(night, fresh, count, seed=20250127, least=least, in_a_row=in_a_row)


@pytest.mark.postgres
@pytest.mark.timeout(900)
def test_five_kills_postgresql(
    sqlite_night: Night, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Monday: without a weekly training more of the moments fall into the publication."""
    kill_postgresql(sqlite_night.after, MONDAY, server, tmp_path, monkeypatch, 5, least=4, in_a_row=3)


@pytest.mark.proof
@pytest.mark.postgres
@pytest.mark.timeout(7200)
def test_a_hundred_kills_postgresql(
    history: Project, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill_postgresql(history, SUNDAY, server, tmp_path, monkeypatch, 100, least=80)
