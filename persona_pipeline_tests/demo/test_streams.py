"""Rows and lines that pass part by part are the same as if they had been in memory at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_pipeline.demo import csv_text
from persona_pipeline.demo.file_rows import FileRows, gathered
from persona_pipeline.demo.line_files import Inserts, copy_lines, write_lines
from persona_pipeline.demo.spill import DaySpill

ROW = np.dtype([("delivered", np.int16), ("day", np.int16), ("second", np.int32), ("block", np.int32)])
DAYS = 3


@given(
    sizes=st.lists(st.integers(0, 4), max_size=5),
    wishes=st.lists(st.integers(0, 1_000), max_size=6),
)
def test_inserts_are_those_of_a_list(sizes: list[int], wishes: list[int]) -> None:
    parts = [[b"%d.%d" % (part, row) for row in range(size)] for part, size in enumerate(sizes)]
    expected = [line for part in parts for line in part]
    inserts = Inserts(len(expected))
    for number, wish in enumerate(wishes):
        position = wish % (len(inserts) + 1)
        inserts.add(position, b"new %d" % number)
        expected.insert(position, b"new %d" % number)
    assert len(inserts) == len(expected)
    assert [line for part in inserts.into(parts) for line in part] == expected


@given(
    blocks=st.lists(
        st.lists(st.tuples(st.integers(0, DAYS - 1), st.integers(0, 2), st.integers(0, 3)), max_size=6),
        max_size=5,
    ),
    batch_rows=st.integers(1, 12),
    part=st.integers(1, 5),
)
def test_days_come_back_by_time_and_block(
    tmp_path_factory: pytest.TempPathFactory,
    blocks: list[list[tuple[int, int, int]]],
    batch_rows: int,
    part: int,
) -> None:
    spill = DaySpill(tmp_path_factory.mktemp("rows"), "rows", DAYS, ROW, batch_rows=batch_rows)
    rows = [
        (delivered, max(delivered - before, 0), second, block)
        for block, content in enumerate(blocks)
        for delivered, before, second in content
    ]
    for block in range(len(blocks)):
        spill.append(np.array([row for row in rows if row[3] == block], dtype=ROW))
    for day in range(DAYS):
        for late in (False, True):
            wanted = [row for row in rows if row[0] == day and (row[1] < row[0]) == late]
            found = spill.day(day, late=late)
            assert len(found) == len(wanted)
            in_order = [
                row
                for rows_of_part in found.parts(part)
                for row in rows_of_part[np.lexsort((rows_of_part["second"], rows_of_part["day"]))].tolist()
            ]
            assert in_order == sorted(wanted, key=lambda row: (row[1], row[2], row[3]))


def test_rows_of_a_file(tmp_path: Path) -> None:
    parts = [np.full(size, size, dtype=ROW) for size in (2, 0, 3)]
    rows = FileRows.write(tmp_path / "rows.day", ROW, parts, 2)
    assert rows.size == 5
    assert [part.size for part in rows.parts()] == [2, 2, 1]
    assert rows.column("block").tolist() == [2, 2, 3, 3, 3]
    assert rows.take(np.array([4, 0]))["block"].tolist() == [3, 2]
    assert [part.size for part in gathered(rows.parts(), 3)] == [4, 1]


@pytest.mark.parametrize("packed", [False, True])
def test_files_are_those_of_the_whole_content(tmp_path: Path, *, packed: bool) -> None:
    lines = [b"%d,%d" % (number, number * number % 97) for number in range(20_000)]
    content = b"\xef\xbb\xbfa,b\n" + b"\n".join(lines) + b"\n"
    parts = [[b"a,b"], lines[:7], [], lines[7:]]
    path, again = tmp_path / ("a.csv.gz" if packed else "a.csv"), tmp_path / "again"
    write_lines(path, parts, packed=packed, begin=csv_text.BYTE_ORDER_MARK)
    assert path.read_bytes() == (csv_text.compress(content) if packed else content)
    copy_lines(path, again, packed=not packed)
    assert again.read_bytes() == (content if packed else csv_text.compress(content))
