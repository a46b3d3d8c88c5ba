"""Records of JSON lines: every line is accounted for, and what a careless reader would change is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_pipeline.sources.json_records import Reader
from persona_pipeline.sources.lines import LINE_LIMIT, read_lines, without_mark

COLUMNS = ("post_id", "text", "rating", "user.name")


def read(
    content: bytes, *, block: int = 1 << 20, encoding: str = "utf-8"
) -> tuple[dict[int, tuple[str | None, ...]], dict[int, str], Reader]:
    """Records by line, rejects by line, and the reader with its counts."""
    blocks = [content[at : at + block] for at in range(0, len(content), block)]
    text, marked, _ = without_mark(blocks)
    reader = Reader(COLUMNS, lambda record: record.decode())
    good: dict[int, tuple[str | None, ...]] = {}
    bad: dict[int, str] = {}
    for group in reader.read(read_lines(text, marked or encoding)):
        rows = zip(*(column.to_pylist() for column in group.table.columns), strict=True)
        good.update(dict(zip(group.lines, rows, strict=True)))
        bad.update(dict(group.rejects))
    return good, bad, reader


def test_nesting_that_no_parser_could_follow_is_refused_before_it_is_parsed() -> None:
    good, bad, _ = read(b'{"post_id": "1"}\n' + b"[" * 100_000)
    assert (list(good), bad) == ([1], {2: "json_depth"})


@pytest.mark.parametrize(
    ("line", "row"),
    [
        ('{"post_id": "1", "text": "a"}', ("1", "a", None, None)),
        ('{"text": "a", "post_id": 1, "rating": null}', ("1", "a", None, None)),
        ('{"post_id": 007}', None),
        ('{"post_id": 9223372036854775807}', ("9223372036854775807", None, None, None)),
        ('{"post_id": 570306133677760513}', ("570306133677760513", None, None, None)),
        ('{"rating": 1.50}', (None, None, "1.50", None)),
        ('{"rating": true}', (None, None, "true", None)),
        ('{"text": "\\ud83d\\ude00 \\n\\t\\"\\\\ud83d"}', (None, '😀 \n\t"\\ud83d', None, None)),
        ('{"user": {"name": "ann", "more": {"name": "x"}}}', (None, None, None, "ann")),
        ('{"user.name": "bob", "user": {"name": "ann"}}', (None, None, None, "bob")),
        ('{"user": "ann"}', (None, None, None, None)),
        ('{"user": {"name": ["ann"]}}', None),
        ('{"text": "' + "[{" * 100 + '"}', (None, "[{" * 100, None, None)),
        ('{"more": ' + "[" * 63 + "]" * 63 + "}", (None, None, None, None)),
        ("  {} ", (None, None, None, None)),
    ],
)
def test_a_line(line: str, row: tuple[str | None, ...] | None) -> None:
    good, bad, _ = read(line.encode())
    assert good == ({1: row} if row else {})
    assert bad == ({} if row else {1: "bad_json"})


def test_marks_line_ends_blank_lines_and_a_last_line_without_end() -> None:
    lines = (
        '{"post_id": "1"}\r\n\r\n{"post_id": "2", "other": 1}\n \t\n{"post_id": 9007199254740993, "zip": 1}'
    )
    good, bad, reader = read(b"\xef\xbb\xbf" + lines.encode())
    assert [row[0] for row in good.values()] == ["1", "2", "9007199254740993"]
    assert (list(good), bad) == ([1, 3, 5], {})
    assert (reader.counts.lines, reader.counts.records, reader.counts.blank) == (5, 3, 2)
    assert (reader.unused(), reader.large_integers) == (["other", "zip"], 1)
    assert read(lines.encode("utf-16"))[0] == good
    assert read('{"text": "中文"}'.encode("gb18030"), encoding="gb18030")[0][1][1] == "中文"


def test_a_line_over_a_megabyte_is_refused_before_it_is_parsed() -> None:
    long = b'{"text": "' + b"x" * LINE_LIMIT + b'"}\n'
    good, bad, reader = read(b'{"post_id": "1"}\n' + long + b"[" * 2 * LINE_LIMIT + b'\n{"post_id": "4"}\n')
    assert (list(good), bad) == ([1, 4], {2: "line_too_long", 3: "line_too_long"})
    assert reader.counts.records == 4


def test_the_order_of_keys_is_no_difference_between_whole_records() -> None:
    groups = Reader(COLUMNS, lambda record: record.decode()).read(
        read_lines([b'{"a": 1, "b": [2]}\n{"b": [2], "a": 1}\n{"b": [2], "a": 1.0}\n'], "utf-8")
    )
    first, second, third = [each for group in groups for each in group.hashes]
    assert first == second != third


POST = json.dumps({"post_id": "p1", "text": 'x "y" \\ {z} 好', "rating": 5, "user": {"name": "a"}}).encode()
LINE = st.builds(
    lambda line, at, cut, put: line[: at % len(line)] + put + line[at % len(line) + cut :],
    st.just(POST),
    st.integers(0, len(POST)),
    st.integers(0, 3),
    st.sampled_from(
        [b"", b'"', b"{", b"}", b"[", b",", b"\\", b"\x00", b"\xff", b"1e999", b"\\ud800", b"NaN"]
    ),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(LINE, st.just(POST), st.just(b"")), max_size=12), st.booleans(), st.integers(1, 99))
def test_mutated_lines_are_records_or_rejects_and_never_lost(
    lines: list[bytes], ended: bool, block: int
) -> None:
    content = b"\n".join(lines) + (b"\n" if ended and lines else b"")
    good, bad, reader = read(content, block=block)
    held = content.split(b"\n")
    held = held[:-1] if held[-1] == b"" else held
    assert sorted([*good, *bad]) == [number for number, line in enumerate(held, 1) if line.strip(b" \t")]
    assert reader.counts.lines == len(held) == reader.counts.records + reader.counts.blank
    for number, line in enumerate(held, 1):
        if line == POST:
            assert good[number] == ("p1", 'x "y" \\ {z} 好', "5", "a")
        elif number in good:
            assert good[number][1] == json.loads(line).get("text")
