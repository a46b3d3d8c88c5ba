"""Equal means: the same multiset of rows in every column that is not provenance, floats bit for bit.

Not here: reading the tables (projects.py).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from persona_pipeline.contracts import LAKE_TABLES


def plain(name: str, table: pa.Table) -> pa.Table:
    """The table without provenance columns, doubles as their bits, rows in a total order."""
    provenance = {column.name for column in LAKE_TABLES[name].columns if column.provenance}
    names = [column for column in table.column_names if column not in provenance]
    columns = [_bits(table.column(column)) for column in names]
    return pa.table(columns, names=names).sort_by([(column, "ascending") for column in names])


def assert_equal_lakes(left: Mapping[str, pa.Table], right: Mapping[str, pa.Table]) -> None:
    """Every table of two lakes is equal; the message names the tables and where they differ."""
    assert left.keys() == right.keys()
    differences = [text for name in left if (text := difference(name, left[name], right[name]))]
    assert not differences, "\n".join(differences)


def difference(name: str, left: pa.Table, right: pa.Table) -> str | None:
    """Why two tables are not equal, in one line; None when they are."""
    one, other = plain(name, left), plain(name, right)
    if one.column_names != other.column_names:
        return f"{name}: columns {one.column_names} and {other.column_names}"
    if one.num_rows != other.num_rows:
        per_day = {
            str(day): (len(own), len(others))
            for day in sorted({*_days(one), *_days(other)})
            if len(own := _of_day(one, day)) != len(others := _of_day(other, day))
        }
        return f"{name}: {one.num_rows} and {other.num_rows} rows; by day: {per_day}"
    differing = [
        column
        for column in one.column_names
        if not one.column(column).combine_chunks().equals(other.column(column).combine_chunks())
    ]
    return f"{name}: {one.num_rows} rows, other values in {', '.join(differing)}" if differing else None


def by_day(name: str, table: pa.Table) -> dict[dt.date, pa.Table]:
    """The plain rows of each day."""
    rows = plain(name, table)
    return {day: _of_day(rows, day) for day in _days(rows)}


def same_rows(left: pa.Table | None, right: pa.Table | None) -> bool:
    """Whether two results of `by_day` hold the same rows; None is no rows."""
    if left is None or right is None:
        return left is right
    return left.combine_chunks().equals(right.combine_chunks())


def _days(table: pa.Table) -> list[dt.date]:
    return sorted(table.column("day").unique().to_pylist())


def _of_day(table: pa.Table, day: dt.date) -> pa.Table:
    return table.filter(pc.equal(table.column("day"), pa.scalar(day, pa.date32())))


def _bits(column: pa.ChunkedArray) -> pa.Array:
    """A double as the integer of its 64 bits, so that equal means bit for bit; other types as they are."""
    values = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    return values.view(pa.int64()) if pa.types.is_float64(values.type) else values
