"""Records of CSV text: every line is accounted for, whatever the quotes do."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_pipeline.sources.csv_records import Reader
from persona_pipeline.sources.lines import FileRejected, read_lines, without_mark


def records(
    content: bytes, *, encoding: str = "utf-8", block: int = 1 << 20
) -> tuple[dict[int, list[str]], dict[int, str], Reader]:
    """Records by line, rejects by line, and the reader with its counts."""
    blocks = [content[at : at + block] for at in range(0, len(content), block)]
    text, marked, _ = without_mark(blocks)
    reader = Reader(b",")
    good: dict[int, list[str]] = {}
    bad: dict[int, str] = {}
    for group in reader.read(read_lines(text, marked or encoding)):
        columns = [column.to_pylist() for column in group.table.columns]
        good.update({line: [column[row] for column in columns] for row, line in enumerate(group.lines)})
        bad.update(dict(group.rejects))
    return good, bad, reader


@pytest.mark.parametrize(
    ("body", "good", "bad"),
    [
        pytest.param(b"1,2\n3,4\n", {2: ["1", "2"], 3: ["3", "4"]}, {}, id="plain"),
        pytest.param(b"1,2\r\n3,4\r\n", {2: ["1", "2"], 3: ["3", "4"]}, {}, id="CRLF"),
        pytest.param(b"1,2\n3,4", {2: ["1", "2"], 3: ["3", "4"]}, {}, id="no newline at the end"),
        pytest.param(b"1,2\n\n3,4\n\n", {2: ["1", "2"], 4: ["3", "4"]}, {}, id="blank lines are no records"),
        pytest.param(b"1,2\na,b\n3,4\n", {2: ["1", "2"], 4: ["3", "4"]}, {}, id="repeated header"),
        pytest.param(b"1,a\x00b\n3,4\n", {3: ["3", "4"]}, {2: "ctrl_char"}, id="NUL"),
        pytest.param(b"1,a\rb\n3,4\n", {3: ["3", "4"]}, {2: "ctrl_char"}, id="lone CR"),
        pytest.param(b"1,caf\xe9\n3,4\n", {3: ["3", "4"]}, {2: "bad_encoding"}, id="one Latin-1 byte"),
        pytest.param(
            b"1,2,3\n1\n3,4\n", {4: ["3", "4"]}, {2: "column_count", 3: "column_count"}, id="columns"
        ),
        pytest.param(b'1,"x, ""y"""\n3,4\n', {2: ["1", 'x, "y"'], 3: ["3", "4"]}, {}, id="quoted"),
        pytest.param(b'1,"x\ny"\n3,4\n', {2: ["1", "x\ny"], 4: ["3", "4"]}, {}, id="quoted newline"),
        pytest.param(b'1,5" disk\n3,4\n', {2: ["1", '5" disk'], 3: ["3", "4"]}, {}, id="stray quote"),
        pytest.param(
            b'1,"x\n3,4\n5,6\n', {3: ["3", "4"], 4: ["5", "6"]}, {2: "unclosed_quote"}, id="unclosed quote"
        ),
        pytest.param(
            b'1,"x\n3,4\n5,"6"\n',
            {3: ["3", "4"], 4: ["5", "6"]},
            {2: "unclosed_quote"},
            id="closed by the next",
        ),
        pytest.param(
            b"1," + b"x" * (1 << 20) + b"\n3,4\n", {3: ["3", "4"]}, {2: "line_too_long"}, id="long line"
        ),
        pytest.param(b"1,a\r\r\n3,4\r\n", {3: ["3", "4"]}, {2: "ctrl_char"}, id="two CR"),
        pytest.param(
            b"1,2,3\n4\n5,6\n",
            {4: ["5", "6"]},
            {2: "column_count", 3: "column_count"},
            id="right in sum only",
        ),
        pytest.param("1,中文\n3,4\n".encode(), {2: ["1", "中文"], 3: ["3", "4"]}, {}, id="Chinese"),
    ],
)
def test_each_line_becomes_a_record_or_a_reject(body: bytes, good: dict, bad: dict) -> None:
    for block in (1 << 21, 7) if len(body) < 1000 else (1 << 21, 1 << 16):
        found, refused, reader = records(b"a,b\n" + body, block=block)
        assert (found, refused) == (good, bad)
        counts = reader.counts
        assert counts.records == len(good) + len(bad)
        assert (
            counts.lines == 1 + counts.records + counts.continuation + counts.blank + counts.repeated_header
        )


def test_an_unclosed_quote_costs_one_record_of_a_long_file() -> None:
    body = b'0,"open\n' + b"".join(b"%d,x\n" % n for n in range(1000))
    good, bad, _ = records(b"a,b\n" + body, block=100)
    assert bad == {2: "unclosed_quote"}
    assert len(good) == 1000


def test_byte_order_marks() -> None:
    text = "a,b\n1,中\n"
    for content in (text.encode("utf-8-sig"), text.encode("utf-16"), b"\xfe\xff" + text.encode("utf-16-be")):
        assert records(content)[0] == {2: ["1", "中"]}


def test_gb18030_is_read_if_declared_and_only_bad_lines_are_lost() -> None:
    content = "a,b\n1,中文\n2,丂\n".encode("gb18030") + b"3,\xff\n"
    assert records(content, encoding="gb18030")[:2] == (
        {2: ["1", "中文"], 3: ["2", "丂"]},
        {4: "bad_encoding"},
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a,b,a\n1,2,3\n", "duplicate_header"),
        (b"a,\xe9\n1,2\n", "bad_encoding"),
        (b'a,"b\n1,2\n', "bad_header"),
        (b"\xff\xfea\x00,\x00b\x00\n\x00\x00\xd8\n\x00", "bad_encoding"),
    ],
)
def test_files_that_are_refused(content: bytes, reason: str) -> None:
    with pytest.raises(FileRejected) as refused:
        records(content)
    assert refused.value.reason == reason


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.text('ab,"\n é中', max_size=6), min_size=2, max_size=2), max_size=12),
    st.integers(1, 40),
)
def test_what_the_csv_module_writes_is_read_back(rows: list[list[str]], block: int) -> None:
    rows = [row for row in rows if row != ["a", "b"]]
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    out.write("a,b\n")
    writer.writerows(rows)
    good, bad, _ = records(out.getvalue().encode(), block=block)
    assert (list(good.values()), bad) == (rows, {})


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=120), st.integers(1, 30))
def test_no_line_of_any_bytes_is_lost(body: bytes, block: int) -> None:
    whole = records(b"a,b\n" + body)
    parts = records(b"a,b\n" + body, block=block)
    assert whole[:2] == parts[:2]
    counts = parts[2].counts
    assert counts.records == len(parts[0]) + len(parts[1])
    assert counts.lines == 1 + counts.records + counts.continuation + counts.blank + counts.repeated_header


LINE = st.text(st.sampled_from(["1", "中", ",", ",", " ", "\r", "\x01", '"']), max_size=6)


@given(lines=st.lists(LINE, max_size=30), joint=st.sampled_from(["\n", "\r\n"]))
def test_lines_looked_at_together_are_those_looked_at_one_by_one(lines: list[str], joint: str) -> None:
    content = joint.join(["a,b", *lines]).encode()
    together, singly = records(content), records(content, block=1)
    assert together[:2] == singly[:2]
    assert together[2].counts == singly[2].counts
