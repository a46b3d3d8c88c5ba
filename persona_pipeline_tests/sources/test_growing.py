"""Growing files: however the growth is cut, the records are those of the whole file at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.sources import csv_records
from persona_pipeline.sources.arrival import Arrival, arrive
from persona_pipeline.sources.failure import SourceError
from persona_pipeline.sources.growing import present
from persona_pipeline.sources.source import Source
from persona_pipeline.sources.split import split_files
from persona_pipeline_tests.sources.test_arrival import START, day

FIELDS = {"product_id": "id", "title": "name"}
CSV = Source(kind="products", path="p.csv", growing=True, columns=FIELDS, allow_empty=True)
JSON = CSV.model_copy(update={"path": "p.csv", "format": "jsonl"})
LINES = (
    b"1,plain",
    b'2,"quoted, with ""signs"""',
    b'3,"two\nlines"',
    b'4,12" wide',
    b'5,"never closed',
    b'"six,open',
    b"7",
    b"8,a,b",
    b"",
    b"id,name",
    b"9,caf\xe9",
    b'10,"x"y',
    b"11,\x00",
)
LIMIT = 3  # lines over which a quote may stay open, instead of 100


def grow(source: Source, directory: Path, appends: Sequence[bytes]) -> list[Arrival]:
    """Every append is admitted on the same open day."""
    known: list[Arrival] = []
    for part in appends:
        with (directory / "p.csv").open("ab") as stream:
            stream.write(part)
        found = present({"p": source}, directory, known)
        known += arrive({"p": source}, found, known, (), start=START, last=day(0))
    return known


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    with DuckDBEngine(tmp_path_factory.mktemp("engine"), memory="200MB", threads=1) as made:
        yield made


def rows(
    engine: DuckDBEngine, source: Source, directory: Path, known: Sequence[Arrival]
) -> tuple[list[tuple], int]:
    """Records by line, and how many were read, as the splitter has them."""
    split = split_files(
        "p",
        source,
        [(each.path, each.sha256) for each in known],
        project_directory=directory,
        key=b"k",
        directory=directory / "split",
        engine=engine,
        first_lines=[each.first_line or 1 for each in known],
    )
    table = pq.read_table(split.paths[0]).drop_columns(["path_no"])
    assert all(file.reason is None for file in split.files)
    return sorted((tuple(row.values()) for row in table.to_pylist()), key=repr), sum(
        file.records for file in split.files
    )


@settings(max_examples=60)
@given(
    lines=st.lists(st.sampled_from(LINES), min_size=1, max_size=14),
    ends=st.sampled_from([b"\n", b"\r\n"]),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    cuts=st.lists(st.integers(0, 200), max_size=6),
    whole=st.booleans(),
)
def test_any_cut_of_a_csv_gives_the_records_of_the_file(
    engine: DuckDBEngine,
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[bytes],
    ends: bytes,
    mark: bytes,
    cuts: list[int],
    whole: bool,
) -> None:
    content = mark + b"id,name" + ends + ends.join(lines) + (ends if whole else b"")
    places = sorted({0, len(content), *(cut for cut in cuts if cut < len(content))})
    parts = [content[begin:end] for begin, end in zip(places, places[1:], strict=False)]
    directory = tmp_path_factory.mktemp("grown")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_records, "NEWLINE_LIMIT", LIMIT)
        known = grow(CSV, directory, parts)
        size = sum(each.bytes for each in known)
        grown = rows(engine, CSV, directory, known)
        # the truth: the same bytes delivered as one file that does not grow
        plain = tmp_path_factory.mktemp("plain")
        (plain / "p.csv").write_bytes(content[:size])
        once = CSV.model_copy(update={"growing": False})
        found = present({"p": once}, plain, [])
        arrived = arrive({"p": once}, found, [], (), start=START, last=day(0))
        assert grown == rows(engine, once, plain, arrived)
        # what waits is at most one record: the lines of an open quote, or half a line
        assert content[size:].count(b"\n") <= LIMIT + 1


def test_lines_of_objects_and_a_mark(engine: DuckDBEngine, tmp_path: Path) -> None:
    """The mark at the start of a file holds for its later bytes too."""
    source = JSON.model_copy(update={"encoding": "cp1252"})
    known = grow(source, tmp_path, ["\ufeff".encode() + b'{"id": "1", "name": "a"}\n{"id"', b': "2",'])
    known_2 = grow(source, tmp_path, [' "name": "é"}\n{'.encode()])
    assert [each.path for each in known] == ["p.csv#0-28"]
    assert [(each.path, each.first_line) for each in known_2] == [("p.csv#0-54", 1)]
    found = present({"p": source}, tmp_path, known)
    later = arrive({"p": source}, found, known, (), start=START, last=day(0))
    assert [(each.path, each.first_line) for each in later] == [("p.csv#28-54", 2)]
    records, _ = rows(engine, source, tmp_path, [*known, *later])
    assert [(row[0], *row[5:7]) for row in records] == [(1, "1", "a"), (2, "2", "é")]


def test_a_file_that_only_began_brings_nothing(tmp_path: Path) -> None:
    assert grow(CSV, tmp_path, [b"", b"id,na"]) == []


@pytest.mark.parametrize(
    "content",
    [b"", b"id,name\n1,a\n", b"id,name\n1,a\n2,c\n", b"id,name\n3,a\n2,b\n4,d\n"],
    ids=["emptied", "cut", "rewritten", "rotated"],
)
def test_a_file_that_changed_before_its_end_stops_the_run(
    engine: DuckDBEngine, tmp_path: Path, content: bytes
) -> None:
    """On admission and on reading: nothing is taken from it."""
    known = grow(CSV, tmp_path, [b"id,name\n1,a\n2,b\n"])
    (tmp_path / "p.csv").write_bytes(content)
    with pytest.raises(SourceError, match="changed before its end"):
        present({"p": CSV}, tmp_path, known)
    with pytest.raises(SourceError, match="changed before its end"):
        rows(engine, CSV, tmp_path, known)


def test_only_the_newest_range_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from persona_pipeline.sources import fingerprint, growing

    known = grow(CSV, tmp_path, [b"id,name\n" + b"1,a\n" * 1000, b"2,b\n", b"3,c\n"])
    read: list[tuple[int, int]] = []

    def noted(file: Path, begin: int, end: int) -> fingerprint.Fingerprint:
        read.append((begin, end))
        return fingerprint.range_fingerprint(file, begin, end)

    monkeypatch.setattr(growing, "range_fingerprint", noted)
    assert present({"p": CSV}, tmp_path, known) == []
    assert read == [(4012, 4016)]


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\x1f\x8b\x08\x00", "is gzip"), ("id,name\n".encode("utf-16"), "is utf-16")],
)
def test_what_cannot_grow(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        grow(CSV, tmp_path, [content])


def test_a_file_delivered_whole_before(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_bytes(b"id,name\n1,a\n")
    known = [Arrival(START, "p", "p.csv", "0", 12, "delivery")]
    with pytest.raises(SourceError, match=r"a \[sources.NAME\] of its own"):
        present({"p": CSV}, tmp_path, known)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"path": "o_{day}.csv"}, "no {day}"),
        ({"path": "o*.csv"}, "no {day} and no \\*"),
        ({"format": "xlsx"}, "'access_json'; got 'xlsx'"),
        ({"format": "w3c", "kind": "web"}, "got 'w3c'"),
        ({"known_at": "event", "through": START}, "another \\[sources.NAME\\]"),
        ({"encoding": "cp037"}, "as in ASCII"),
    ],
)
def test_options_that_exclude_growing(options: dict, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Source(**{"kind": "orders", "path": "o.csv", "growing": True, **options})
