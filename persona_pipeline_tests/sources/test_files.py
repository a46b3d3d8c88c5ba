"""Files are found by pattern, below their root, and never through a symbolic link."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from pydantic import ValidationError

from persona_pipeline.sources.failure import SourceError
from persona_pipeline.sources.files import list_files, locate
from persona_pipeline.sources.source import Source


def touch(directory: Path, *names: str) -> None:
    for name in names:
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")


def test_a_pattern_finds_days_and_nothing_else(tmp_path: Path) -> None:
    touch(
        tmp_path,
        *(
            f"raw/o_{rest}"
            for rest in (
                "2025-01-06.csv",
                "20250107.csv.gz",
                "2025-01-06_late.csv",
                "2025-02-30.csv",
                "x.csv",
            )
        ),
    )
    (tmp_path / "raw" / "o_2025-01-08.csv").symlink_to(tmp_path / "raw" / "o_x.csv")
    source = Source(kind="orders", path="raw/o_{day}*.csv*")
    found = [(each.path, each.path_day) for each in list_files("o", source, tmp_path)]
    assert found == [
        ("raw/o_2025-01-06.csv", dt.date(2025, 1, 6)),
        ("raw/o_2025-01-06_late.csv", dt.date(2025, 1, 6)),
        ("raw/o_20250107.csv.gz", dt.date(2025, 1, 7)),
    ]
    assert locate(source, tmp_path, "raw/o_20250107.csv.gz").is_file()


def test_an_absolute_path_is_recorded_without_the_machine(tmp_path: Path) -> None:
    touch(tmp_path, "elsewhere/all.csv")
    source = Source(kind="products", path=str(tmp_path / "elsewhere" / "all.csv"))
    (found,) = list_files("p", source, tmp_path / "project")
    assert found.path == "all.csv"
    assert locate(source, tmp_path / "project", found.path) == tmp_path / "elsewhere" / "all.csv"


def test_a_missing_file_is_an_error_and_a_missing_folder_is_empty(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="expected the file p.csv, found none"):
        list_files("p", Source(kind="products", path="p.csv"), tmp_path)
    assert list_files("p", Source(kind="products", path="raw/p_{day}.csv"), tmp_path) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"path": "../etc/{day}"}, "climb"),
        ({"path": "a.csv", "encoding": "klingon"}, "unknown encoding"),
        ({"path": "a.csv", "time_zone": "Mars/Olympus"}, "unknown time zone"),
        ({"path": "a.csv", "known_at": "event"}, "through"),
        ({"path": "a.csv", "columns": {"price": "p"}}, "unknown field 'price'"),
        ({"path": "a.csv", "colums": {}}, "Extra inputs"),
        ({"path": "a.csv", "key": ["nothing"]}, "not mapped"),
    ],
)
def test_a_declaration_that_cannot_work_is_refused(options: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Source(kind="orders", **options)
