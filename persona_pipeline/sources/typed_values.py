"""Values that have a type already (cells of a sheet, columns of Parquet) as the text a CSV would hold.

One text per value, so that one set of rules judges every format: dates in the declared format, numbers with
the declared decimal sign, whole numbers without a fraction. Not here: reading files.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from persona_pipeline.sources.lines import LINE_LIMIT, FileRejected

EXACT = 1 << 53  # a double holds every whole number below it
SHEET_DIGITS = 15  # spreadsheets keep no more digits of a number
CONTROL = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
DATE_FIELDS = ("birth_date", "registered_on", "rate_on")


class ValueRefused(Exception):
    """The record with this value cannot be taken; `reason` is the public code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Forms:
    """How a source declares that values are written."""

    datetime_format: str
    date_format: str
    decimal: str

    @property
    def with_offset(self) -> bool:
        """Whether every time carries its offset from UTC."""
        return "%z" in self.datetime_format


def cell_text(value: object, forms: Forms, *, is_date: bool) -> str | None:
    """The text of one cell of a sheet, or of one value of a database; None where it is empty.

    Args:
        value: text, number, truth value, date, time or duration.
        forms: the declared formats.
        is_date: the column holds dates without a time.

    Raises:
        ValueRefused: `lost_digits` for a number that the sheet has rounded.
    """
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value, forms.decimal)
    if isinstance(value, dt.date):  # a datetime is one too; a sheet gives dates for moments at midnight
        moment = value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time())
        return moment.strftime(forms.date_format if is_date else forms.datetime_format)
    return None if value is None else str(value)


def _number(value: float, decimal: str) -> str:
    if not math.isfinite(value):
        return str(value)
    if value == int(value):
        if abs(value) >= 10**SHEET_DIGITS:
            raise ValueRefused("lost_digits")
        return str(int(value))
    return format(Decimal(repr(value)), "f").replace(".", decimal)


def column_text(name: str, column: pa.ChunkedArray, forms: Forms, *, is_date: bool) -> pa.ChunkedArray:
    """A column of Parquet as text.

    Args:
        name: of the column, for the message.
        column: its values.
        forms: the declared formats.
        is_date: the column holds dates without a time.

    Raises:
        FileRejected: `column_type` where the type has no text, or where times do not fit the declared format.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return column_text(name, column.cast(kind.value_type), forms, is_date=is_date)
    if pa.types.is_floating(kind):
        return _floats(column, forms.decimal)
    if pa.types.is_decimal(kind):
        return pc.replace_substring(column.cast(pa.string()), ".", forms.decimal)
    if pa.types.is_date(kind):
        if is_date:
            return pc.strftime(column, format=forms.date_format)
        column = column.cast(pa.timestamp("s"))
        kind = column.type
    if pa.types.is_timestamp(kind):
        if (kind.tz is not None) != forms.with_offset and not is_date:
            what = "instants; add %z to" if kind.tz else "local times; take %z out of"
            raise FileRejected("column_type", f"column {name[:60]} holds {what} datetime_format")
        seconds = pc.floor_temporal(column, unit="second").cast(pa.timestamp("s", kind.tz))
        return pc.strftime(seconds, format=forms.date_format if is_date else forms.datetime_format)
    texts = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    if texts or pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind):
        return column.cast(pa.string())
    raise FileRejected("column_type", f"column {name[:60]} holds {kind}, which has no text")


def _floats(column: pa.ChunkedArray, decimal: str) -> pa.ChunkedArray:
    """Whole numbers without a fraction (a column of numbers with gaps comes as doubles), no exponents."""
    values = column.cast(pa.float64())
    whole = pc.and_(pc.less(pc.abs(values), float(EXACT)), pc.equal(values, pc.floor(values)))
    integers = pc.if_else(whole, values, 0.0).cast(pa.int64()).cast(pa.string())
    texts = values.cast(pa.string())
    if pc.any(pc.match_substring(texts, "e")).as_py():
        plain = [
            format(Decimal(text), "f") if text is not None and "e" in text else text
            for text in texts.to_pylist()
        ]
        texts = pa.chunked_array([pa.array(plain, pa.string())])
    return pc.if_else(whole, integers, pc.replace_substring(texts, ".", decimal))


def refusals(columns: list[pa.ChunkedArray], rows: int) -> dict[int, str]:
    """Position to reason for rows with control characters or texts over 1 MB."""
    found: dict[int, str] = {}
    size = pa.array([0] * rows, pa.int64())
    for column in columns:
        size = pc.add(size, pc.fill_null(pc.binary_length(column).cast(pa.int64()), 0))
        control = pc.fill_null(pc.match_substring_regex(column, CONTROL), False)
        found.update(dict.fromkeys(pc.indices_nonzero(control).to_pylist(), "ctrl_char"))
    found.update(dict.fromkeys(pc.indices_nonzero(pc.greater(size, LINE_LIMIT)).to_pylist(), "line_too_long"))
    return found
