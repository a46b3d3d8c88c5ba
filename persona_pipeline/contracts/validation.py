"""Contracts are checked on the files an engine wrote, before the commit that makes them visible.

Here: the pandera schemas built from a contract, and the check of Parquet files in bounded batches. Not here:
deciding about single records (cleaning does, with reason codes) and anything that repairs values.
"""

from __future__ import annotations

import datetime as dt
import functools
import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from persona_pipeline.contracts.arrow import ARROW_TYPES, arrow_schema
from persona_pipeline.contracts.column import Column, Table, Type
from persona_pipeline.contracts.footers import holds_by_footer

if TYPE_CHECKING:
    import pandas as pd
    from pandera.pandas import Check, DataFrameSchema

BATCH_ROWS = 131_072  # 20 columns of it take about 30 MB
THREAD_ROWS = 20_000
KEPT_ROWS = 250_000  # keys of a day that are compared here; a statement takes 8 ms whatever their number
POSITIONS = 5


class ContractError(Exception):
    """Rows that break a contract. Tells how many and where they stand, never what they hold."""

    def __init__(
        self, table: Table, check: str, count: int, rows: int, positions: Sequence[str] = ()
    ) -> None:
        self.table = table.full_name
        self.check = check
        self.count = count
        self.rows = rows
        self.positions = tuple(positions[:POSITIONS])
        where = f" First at: {'; '.join(self.positions)}." if positions else ""
        super().__init__(
            f"{self.table}: expected {check}; {count:,} of {rows:,} rows do not hold it.{where} "
            "Nothing was written."
        )


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows of one file: where they start within it."""

    file: Path
    first: int
    data: pa.Table

    def position(self, row: int) -> str:
        return f"{self.file.parent.name}/{self.file.name} row {self.first + row}"


# rows that differ in some columns of some files, counted by an engine
CountDistinct = Callable[[Sequence[Path], Sequence[str]], int]


def check_files(table: Table, paths: Iterable[Path | str], distinct: CountDistinct | None = None) -> None:
    """Check Parquet files against a contract: columns and types, days, nulls, values, the key of each day.

    Args:
        table: the contract.
        paths: files in folders named `day=YYYY-MM-DD`, as engines write them.
        distinct: counts the keys of days with more than 250,000 rows; without it they are held in memory.

    Raises:
        ContractError: the first check that does not hold, over all rows of the batch it was found in.
    """
    keys: dict[str, list[_Part]] = defaultdict(list)
    rows: Counter[str] = Counter()
    files: dict[str, list[Path]] = defaultdict(list)
    within_day = [name for name in table.key if name != "day"] or ["day"]
    for batch in _batches(_parts(table, paths, keyed=distinct is None)):
        for part in batch:
            _check_day(table, part)
            day = part.file.parent.name
            rows[day] += part.data.num_rows
            if part.file not in files[day]:
                files[day].append(part.file)
            held = set(within_day) <= set(part.data.column_names)
            if held and (distinct is None or rows[day] <= KEPT_ROWS):
                keys[day].append(_Part(part.file, part.first, part.data.select(within_day)))
            else:
                keys.pop(day, None)
        data = pa.concat_tables([part.data for part in batch])
        _check_nulls(table, batch, data)
        _check_values(table, batch, data)
    for day, count in rows.items():
        if distinct is None or count <= KEPT_ROWS:
            _check_key(table, within_day, keys[day])
        elif (found := distinct(files[day], within_day)) != count:
            raise ContractError(table, _unique(within_day), count - found, count)


@functools.cache
def frame_schema(table: Table) -> DataFrameSchema:
    """The pandera schema of a contract for frames with Arrow types: columns in order, types, nulls, values.

    Nothing is coerced: a value of another type is an error. The key is not part of it; see `check_files`.
    """
    import pandas as pd
    from pandera.pandas import Column as FrameColumn
    from pandera.pandas import DataFrameSchema

    return DataFrameSchema(
        {
            column.name: FrameColumn(
                pd.ArrowDtype(ARROW_TYPES[column.type]),
                checks=_value_check(column),
                nullable=column.nullable,
            )
            for column in table.columns
        },
        name=table.full_name,
        strict=True,
        ordered=True,
    )


@functools.cache
def _value_schema(table: Table, names: tuple[str, ...]) -> DataFrameSchema | None:
    """`frame_schema` of some columns, without what the footer and Arrow's null counts have shown already.

    Over 18 columns and ten rows pandera takes 11 ms with types and nulls and 4 ms without, and a demo run
    checks about a thousand times.
    """
    from pandera.pandas import Column as FrameColumn
    from pandera.pandas import DataFrameSchema

    checked = {column.name: _value_check(column) for column in table.columns if column.name in names}
    columns = {name: FrameColumn(checks=check, nullable=True) for name, check in checked.items() if check}
    return DataFrameSchema(columns, name=table.full_name) if columns else None


def _value_check(column: Column) -> Check | None:
    """One check for everything a column's values must hold; its name says what that is. Nulls pass."""
    tests: list[tuple[str, Callable[[Any], Any]]] = []
    if column.type is Type.DOUBLE:
        tests.append(("finite", pc.is_finite))
    if column.minimum is not None:
        least = _bound(column, column.minimum)
        tests.append((f">= {column.minimum:g}", lambda values: pc.greater_equal(values, least)))
    if column.maximum is not None:
        most = _bound(column, column.maximum)
        tests.append((f"<= {column.maximum:g}", lambda values: pc.less_equal(values, most)))
    if column.allowed is not None:
        allowed = pa.array(column.allowed, type=ARROW_TYPES[column.type])
        tests.append((f"one of {', '.join(column.allowed)}", lambda values: pc.is_in(values, allowed)))
    if not tests:
        return None

    def holds(series: pd.Series) -> pd.Series:
        import pandas as pd

        values = pa.array(series.array)
        passed = functools.reduce(pc.and_kleene, [test(values) for _, test in tests])
        passed = pc.or_kleene(pc.is_null(values), passed)
        return pd.Series(passed.to_numpy(zero_copy_only=False), index=series.index)

    from pandera.pandas import Check

    return Check(holds, name=f"{column.name} {' and '.join(words for words, _ in tests)}", ignore_na=False)


def _bound(column: Column, value: float) -> pa.Scalar:
    exact = Decimal(str(value)) if column.type in (Type.DECIMAL, Type.RATE) else value
    return pa.scalar(int(value) if column.type is Type.INTEGER else exact, type=ARROW_TYPES[column.type])


def _parts(table: Table, paths: Iterable[Path | str], *, keyed: bool) -> Iterator[_Part]:
    """The columns of every file that have to be looked at, after its footer was compared with the contract.

    Keys of a file with more rows than are compared here are left out unless `keyed`.
    """
    expected = [(field.name, field.type) for field in arrow_schema(table)]
    for path in paths:
        file = Path(path)
        with pq.ParquetFile(file) as parquet:
            found = [(field.name, field.type) for field in parquet.schema_arrow]
            if found != expected:
                raise ContractError(
                    table, _footer_difference(expected, found), *[parquet.metadata.num_rows] * 2
                )
            first = 0
            # handing a few thousand rows to threads takes longer than decoding them
            threads = parquet.metadata.num_rows > THREAD_ROWS
            names = _looked_at(table)
            if threads:
                keys = table.key if keyed or parquet.metadata.num_rows <= KEPT_ROWS else ()
                names = [name for name in names if not _told(table, parquet, name, keys)]
            for batch in parquet.iter_batches(BATCH_ROWS, columns=names, use_threads=threads):
                # by name only: a footer's "not null" depends on the engine's plan and may differ by file
                yield _Part(file, first, pa.Table.from_arrays(batch.columns, names=batch.schema.names))
                first += batch.num_rows


@functools.cache
def _looked_at(table: Table) -> list[str]:
    """The columns whose values a check reads; the footer has told the type of the others."""
    return [
        column.name
        for column in table.columns
        if not column.nullable or column.name in ("day", *table.key) or _value_check(column)
    ]


def _told(table: Table, parquet: pq.ParquetFile, name: str, keys: Sequence[str]) -> bool:
    """Whether the footer tells all that is asked of a column."""
    if name in ("day", *keys):
        return False
    return holds_by_footer(table.column(name), table.column_names.index(name), parquet.metadata)


def _batches(parts: Iterable[_Part]) -> Iterator[list[_Part]]:
    """Parts of small files together: pandera costs milliseconds a call, whatever the number of rows."""
    batch: list[_Part] = []
    for part in parts:
        rows = sum(held.data.num_rows for held in batch) + part.data.num_rows
        if batch and (rows > BATCH_ROWS or batch[0].data.column_names != part.data.column_names):
            yield batch
            batch = []
        batch.append(part)
    if batch:
        yield batch


def _footer_difference(expected: list[tuple[str, pa.DataType]], found: list[tuple[str, pa.DataType]]) -> str:
    """What the footer should have said, for the first column that differs."""
    for place, (wanted, came) in enumerate(itertools.zip_longest(expected, found), start=1):
        if wanted is None:
            return f"no column after {expected[-1][0]}, found {came[0]}"
        if wanted != came:
            got = f"{came[0]} {came[1]}" if came else "none"
            return f"column {place} to be {wanted[0]} {wanted[1]}, found {got}"
    raise AssertionError("called with equal schemas")


def _check_day(table: Table, part: _Part) -> None:
    folder = part.file.parent.name
    if not folder.startswith("day="):
        raise ContractError(
            table, f"files in folders day=YYYY-MM-DD, found {folder}", *[part.data.num_rows] * 2
        )
    days = part.data.column("day")
    wanted = pa.scalar(dt.date.fromisoformat(folder.removeprefix("day=")), pa.date32())
    differs = pc.fill_null(pc.not_equal(days, wanted), True)
    if pc.any(differs, min_count=0).as_py():
        _fail(table, "day equal to the partition", [part], np.flatnonzero(differs.to_numpy()))


def _check_nulls(table: Table, batch: list[_Part], data: pa.Table) -> None:
    for column in table.columns:
        if column.nullable or column.name not in data.column_names:
            continue
        values = data.column(column.name)
        if values.null_count:
            _fail(table, f"{column.name} not null", batch, np.flatnonzero(values.is_null().to_numpy()))


def _check_values(table: Table, batch: list[_Part], data: pa.Table) -> None:
    schema = _value_schema(table, tuple(data.column_names))
    if schema is None or not data.num_rows:
        return
    import pandas as pd
    from pandera.errors import SchemaErrors

    frame = data.select(list(schema.columns)).to_pandas(types_mapper=pd.ArrowDtype)
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases[["check", "index"]]
    else:
        return
    # outside of the handler: pandera's message holds raw values and must not travel along as the context
    check = cases["check"].iloc[0]
    _fail(table, str(check), batch, cases.loc[cases["check"] == check, "index"].to_numpy(dtype="int64"))


def _check_key(table: Table, names: list[str], parts: list[_Part]) -> None:
    """No key twice within a day. Holds the key columns of one day in memory."""
    keys = pa.concat_tables([part.data for part in parts])
    if any(_all_differ(keys.column(name)) for name in names):
        return
    if keys.group_by(names, use_threads=False).aggregate([]).num_rows == keys.num_rows:
        return
    import pandas as pd

    repeated = keys.to_pandas(types_mapper=pd.ArrowDtype).duplicated(names)
    _fail(table, _unique(names), parts, np.flatnonzero(repeated.to_numpy()))


def _unique(names: Sequence[str]) -> str:
    return f"{', '.join(names)} to be unique within a day"


def _all_differ(values: pa.ChunkedArray) -> bool:
    """Whether a column of integers holds none twice; sorting one column is cheaper than grouping by all."""
    if not pa.types.is_integer(values.type) or values.null_count:
        return False
    ordered = np.sort(values.to_numpy(), kind="stable")
    return not np.any(ordered[1:] == ordered[:-1])


def _fail(table: Table, check: str, parts: list[_Part], rows: np.ndarray) -> NoReturn:
    """Raise with the positions of `rows`, which count over all `parts`."""
    starts = np.cumsum([0, *(part.data.num_rows for part in parts)])
    positions = []
    for row in np.sort(rows)[:POSITIONS].tolist():
        part = int(np.searchsorted(starts, row, side="right")) - 1
        positions.append(parts[part].position(row - int(starts[part])))
    raise ContractError(table, check, len(rows), int(starts[-1]), positions)
