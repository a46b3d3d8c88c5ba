"""`persona doctor`: each thing that is wrong has its line, and what must be mended ends with 1."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from persona_pipeline.cli import main
from persona_pipeline.commands.diagnosing import Finding, diagnose
from persona_pipeline.settings import KEY_VARIABLE, load_settings

NOW = dt.datetime(2025, 1, 8, 12, tzinfo=dt.UTC)
TOML = """
[project]
start = 2025-01-06
currency = "CNY"
time_zone = "Asia/Shanghai"
[sources.orders]
kind = "orders"
path = "raw/o_{day}.csv"
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that was not run yet, with a key and files of two days."""
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    (tmp_path / "persona.toml").write_text(TOML, encoding="utf-8")
    (tmp_path / "raw").mkdir()
    for day in ("2025-01-06", "2025-01-07"):
        file = tmp_path / "raw" / f"o_{day}.csv"
        file.write_text("x\n", encoding="utf-8")
        os.utime(file, (NOW.timestamp(), NOW.timestamp()))
    load_settings(tmp_path, create_key=True)
    return tmp_path


def found(project: Path, now: dt.datetime = NOW) -> dict[str, Finding]:
    return {each.subject: each for each in diagnose(load_settings(project, create_key=False), now)}


def test_all_is_well(project: Path) -> None:
    seen = found(project)
    assert {each.status for each in seen.values()} == {"ok"}
    assert seen["source orders"].text == "2 files, 2025-01-06 .. 2025-01-07"
    assert seen["clock"].text == "2025-01-08 20:00 in Asia/Shanghai"
    assert "duckdb" in seen["libraries"].text


def edit(project: Path, old: str, new: str) -> None:
    file = project / "persona.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def open_key(project: Path) -> None:
    (project / "data" / "key").chmod(0o644)


def lose_key(project: Path) -> None:
    ran(project)
    (project / "data" / "key").unlink()


def ran(project: Path) -> None:
    from persona_pipeline.defs.home import fix

    fix(load_settings(project, create_key=True))


def other_key(project: Path) -> None:
    ran(project)
    (project / "data" / "key").write_text("another", encoding="ascii")


def no_files(project: Path) -> None:
    for file in (project / "raw").iterdir():
        file.unlink()


def from_tomorrow(project: Path) -> None:
    os.utime(project / "raw" / "o_2025-01-07.csv", (NOW.timestamp() + 1e6, NOW.timestamp() + 1e6))


def day_to_come(project: Path) -> None:
    (project / "raw" / "o_2025-01-07.csv").rename(project / "raw" / "o_2026-01-07.csv")


@pytest.mark.parametrize(
    ("change", "subject", "status", "words"),
    [
        (open_key, "key", "error", "0644, expected 0600"),
        (lose_key, "key", "error", "gone; put"),
        (lose_key, "project", "error", "no key"),
        (other_key, "project", "error", "not the one of the first run"),
        (no_files, "source orders", "error", "nothing matches raw/o_{day}.csv"),
        (from_tomorrow, "source orders", "error", "set the clock"),
        (day_to_come, "source orders", "warning", "a day to come"),
        (lambda p: edit(p, "2025-01-06", "2025-02-06"), "clock", "error", "starts on 2025-02-06"),
        (lambda p: edit(p, "raw/o_{day}.csv", "raw/o.csv"), "source orders", "error", "found none"),
        (
            lambda p: edit(p, "[sources", "[storage]\nwarehouse = 'sqlite:////nowhere/w.db'\n[sources"),
            "warehouse",
            "error",
            "does not exist",
        ),
    ],
)
def test_what_is_wrong_is_told(
    project: Path, change: Callable[[Path], None], subject: str, status: str, words: str
) -> None:
    change(project)
    seen = found(project)[subject]
    assert (seen.status, words in seen.text) == (status, True), seen


def test_nothing_came_for_days(project: Path) -> None:
    seen = found(project, NOW + dt.timedelta(days=9))["source orders"]
    assert (seen.status, seen.text.split("; ")[1]) == ("warning", "nothing for 10 days")


def test_the_database_tells_its_version(project: Path) -> None:
    (project / "data" / "warehouse.db").touch()
    assert found(project)["warehouse"].text.startswith("SQLite 3.")


def test_exit_code_and_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--project", str(project), "--json"]) == 0
    assert {each["status"] for each in json.loads(capsys.readouterr().out)} <= {"ok", "warning"}
    open_key(project)
    assert main(["doctor", "--project", str(project)]) == 1
    assert "error   key: others may read" in capsys.readouterr().out


def test_a_file_that_grows(project: Path) -> None:
    edit(project, 'path = "raw/o_{day}.csv"', 'path = "raw/o.csv"\ngrowing = true')
    (project / "raw" / "o.csv").write_bytes(b"a,b\n1,2\n3,")
    seen = found(project)["source orders"]
    assert (seen.status, seen.text) == ("ok", "grows; 8 bytes of complete records are new")


def database(project: Path, url: str) -> Finding:
    edit(
        project,
        'path = "raw/o_{day}.csv"',
        f"""path = "raw/a_{{day}}.parquet"
format = "sql"
url = "{url}"
query = "SELECT * FROM o WHERE at >= :window_start AND at < :window_end\"""",
    )
    return found(project)["source orders"]


def test_a_database_answers(project: Path) -> None:
    """No file is needed yet; what a run kept is told."""
    url = f"sqlite:///{project}/shop.db"
    seen = database(project, url)
    assert (seen.status, seen.text) == ("ok", f"{url} answers; no file yet, a run asks for its days")
    (project / "raw" / "a_2025-01-06.parquet").touch()
    assert "answers of 2025-01-06 .. 2025-01-06 are kept" in found(project)["source orders"].text


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:////nowhere/shop.db", "did not answer"),
        ("mysql+pymysql://anna:secret@db/shop", "pymysql is missing"),
        ("postgresql+psycopg://anna:secret@db/shop", 'pip install "persona_pipeline[postgres]"'),
        ("nonsense", "no database URL"),
    ],
)
def test_a_database_that_cannot_be_asked(
    project: Path, monkeypatch: pytest.MonkeyPatch, url: str, words: str
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)  # as if it were not installed
    seen = database(project, url)
    assert (seen.status, words in seen.text, "secret" in seen.text) == ("error", True, False), seen


def test_a_collection_answers(project: Path, mongo_url: str) -> None:
    """A server is not enough: the collection has to be there, which MongoDB itself does not mind."""
    edit(
        project,
        'path = "raw/o_{day}.csv"',
        f"""path = "raw/a_{{day}}.jsonl.gz"
format = "mongodb"
url = "{mongo_url}"
collection = "orders"
filter = '{{"at": {{"$gte": ":window_start", "$lt": ":window_end"}}}}'""",
    )
    seen = found(project)["source orders"]
    assert (seen.status, "has no collection 'orders'" in seen.text) == ("error", True), seen
    from pymongo import MongoClient

    with MongoClient(mongo_url) as client:
        client.get_default_database()["orders"].insert_one({"order_id": "O1"})
    seen = found(project)["source orders"]
    assert (seen.status, seen.text) == ("ok", f"{mongo_url} answers; no file yet, a run asks for its days")


def test_spark_is_looked_at_where_it_is_configured(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Spark" not in found(project)
    edit(project, "[sources", '[engine]\nkind = "spark"\n[sources')
    monkeypatch.setitem(sys.modules, "pyspark", None)  # as if it were not installed
    seen = found(project)["Spark"]
    assert (seen.status, seen.text) == (
        "error",
        'pyspark not installed; pip install "persona_pipeline[spark]"',
    )
