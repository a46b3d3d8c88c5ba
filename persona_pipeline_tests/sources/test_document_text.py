"""Documents as lines of JSON: what each type of BSON becomes, and which record its reader then refuses.

The documents are BSON bytes, read with the driver's own decoder as a server's answer is; no server is needed.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

bson = pytest.importorskip("bson", reason="no pymongo: install the extra mongo")

from bson import Binary, Code, DatetimeMS, DBRef, Decimal128, Int64, MaxKey, ObjectId, Timestamp  # noqa: E402

from persona_pipeline.sources.failure import SourceError  # noqa: E402
from persona_pipeline.sources.json_records import Reader  # noqa: E402
from persona_pipeline.sources.lines import read_lines  # noqa: E402
from persona_pipeline.sources.mongo import OPTIONS, DocumentText  # noqa: E402
from persona_pipeline.sources.source import Source  # noqa: E402

AT = dt.datetime(2025, 3, 7, 16, 30, 5, 250_000, tzinfo=dt.UTC)
ID = ObjectId("67cb1f0d8e5f4a0001a2b3c4")
UUID = uuid.UUID("0f8fad5b-d9cb-469f-a165-70867728950e")


def declared(**options: object) -> Source:
    return Source.model_validate(
        {
            "kind": "customers",
            "format": "mongodb",
            "path": "raw/{day}.jsonl",
            "url": "mongodb://127.0.0.1/shop",
            "collection": "people",
            "datetime_format": "%Y-%m-%d %H:%M:%S%z",
            **options,
        }
    )


def line_of(document: dict[str, Any], **options: object) -> bytes:
    return DocumentText("people", declared(**options)).line(
        bson.decode(bson.encode(document, codec_options=OPTIONS), OPTIONS)
    )


def read(lines: bytes, *columns: str) -> tuple[list[dict[str, object]], list[tuple[int, str]]]:
    """The records that the reader of JSON lines takes, and those it refuses."""
    records = list(Reader(columns).read(read_lines([lines], "utf-8")))
    rows = [row for group in records for row in group.table.to_pylist()]
    return rows, [reject for group in records for reject in group.rejects]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (ID, "67cb1f0d8e5f4a0001a2b3c4"),
        (UUID, "0f8fad5b-d9cb-469f-a165-70867728950e"),
        ("蓝天", "蓝天"),
        ("007", "007"),
        ("", None),
        (None, None),
        (True, "true"),
        (False, "false"),
        (7, "7"),
        (Int64(2**63 - 1), "9223372036854775807"),
        (12.0, "12"),  # what a shell writes for 12
        (-0.5, "-0.5"),
        (1e-7, "0.0000001"),
        (float(2**53), "9007199254740992"),
        (Decimal128("10.50"), "10.50"),
        (Decimal128("1E+3"), "1000"),
        (Decimal128("12345678901234567890.123456"), "12345678901234567890.123456"),
        (AT, "2025-03-07 16:30:05+0000"),
        (dt.datetime(1890, 1, 1, tzinfo=dt.UTC), "1890-01-01 00:00:00+0000"),
    ],
)
def test_the_text_of_a_value(value: object, text: str | None) -> None:
    line = line_of({"a": {"b": value}})
    assert json.loads(line) == {"a": {"b": text}}
    assert read(line, "a.b") == ([{"a.b": text}], [])


@pytest.mark.parametrize(
    "value",
    [
        b"bytes",
        Binary(b"x", 5),
        Code("function() {}"),
        re.compile("x"),
        Timestamp(1, 1),
        MaxKey(),
        DatetimeMS(2**55),  # a year that no calendar of ours has
        float("nan"),
        float("inf"),
        float(2**53) + 2,  # digits are lost: which number was meant is unknown
        Decimal128("NaN"),
        [1, 2],
        {"x": 1},
    ],
    ids=repr,
)
def test_a_value_without_a_text_refuses_the_record_that_needs_it(value: object) -> None:
    line = line_of({"a": value, "b": "x"})
    assert read(line, "a", "b") == ([], [(1, "bad_json")])
    assert read(line, "b") == ([{"b": "x"}], [])
    assert b"bytes" not in line or b'"$type":"bytes"' in line


def test_missing_fields_are_missing() -> None:
    lines = line_of({"a": 1, "b": {"c": 2}}) + line_of({"b": None}) + line_of({"a": 3, "b": "no object"})
    rows, rejects = read(lines, "a", "b.c")
    assert rows == [{"a": "1", "b.c": "2"}, {"a": None, "b.c": None}, {"a": "3", "b.c": None}]
    assert rejects == []


def test_a_reference_is_reached_into() -> None:
    assert read(line_of({"who": DBRef("people", ID)}), "who.$id") == ([{"who.$id": str(ID)}], [])


def test_the_decimal_sign_is_the_declared_one() -> None:
    assert json.loads(line_of({"a": 1.5, "b": Decimal128("2.50")}, decimal=",")) == {"a": "1,5", "b": "2,50"}


def test_a_birth_date_is_the_day_in_utc() -> None:
    birth = dt.datetime(1990, 5, 1, tzinfo=dt.UTC)
    assert json.loads(line_of({"birth_date": birth})) == {"birth_date": "1990-05-01"}
    mapped = line_of({"born": {"on": birth}}, columns={"birth_date": "born.on"}, date_format="%d.%m.%Y")
    assert json.loads(mapped) == {"born": {"on": "01.05.1990"}}


def test_dates_need_an_offset_in_the_format_where_they_are_read() -> None:
    local = "%Y-%m-%d %H:%M:%S"
    with pytest.raises(SourceError, match="seen.at holds dates, .* add %z to datetime_format"):
        line_of({"seen": {"at": AT}}, datetime_format=local, columns={"version": "seen.at"})
    assert json.loads(line_of({"seen": {"at": AT}}, datetime_format=local)) == {
        "seen": {"at": "2025-03-07T16:30:05.250000+00:00"}
    }


def test_bytes_that_are_no_utf8_and_control_characters_refuse_their_record_only() -> None:
    good = line_of({"a": "café"})
    encoded = bson.encode({"a": "caf#"}).replace(b"#", b"\xe9")
    broken = DocumentText("people", declared()).line(bson.decode(encoded, OPTIONS))
    control = line_of({"a": "x\0y"})
    assert read(good + broken + control + good, "a") == (
        [{"a": "café"}, {"a": "café"}],
        [(2, "bad_encoding"), (3, "ctrl_char")],
    )


def test_a_document_over_a_megabyte_refuses_its_record_only() -> None:
    lines = line_of({"a": "x" * (1 << 20)}) + line_of({"a": "y"})
    assert read(lines, "a") == ([{"a": "y"}], [(1, "line_too_long")])


@given(
    st.dictionaries(
        st.sampled_from(["a", "b", "c"]),
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)
        | st.integers(-(2**63), 2**63 - 1)
        | st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**20), max_value=10**20),
    )
)
def test_what_is_written_is_read(document: dict[str, Any]) -> None:
    stored = {
        key: Decimal128(value) if isinstance(value, Decimal) else value for key, value in document.items()
    }
    texts = {
        key: format(value, "f") if isinstance(value, Decimal) else str(value)
        for key, value in document.items()
    }
    rows, rejects = read(line_of(stored), "a", "b", "c")
    assert rejects == []
    assert rows == [{key: texts.get(key) for key in ("a", "b", "c")}]
