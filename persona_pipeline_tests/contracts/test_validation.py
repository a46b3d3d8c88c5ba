"""Files are checked against their contract before they are committed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandera.errors import SchemaErrors

from persona_pipeline.contracts import Column, Table, Type
from persona_pipeline.contracts import validation as subject
from persona_pipeline.contracts.arrow import arrow_schema
from persona_pipeline.contracts.validation import ContractError, check_files, frame_schema

DAY = dt.date(2025, 1, 6)
TABLE = Table(
    "test",
    "sale",
    "one row per day and sale",
    ("sale_id", "day"),
    (
        Column("day", Type.DATE, "Day"),
        Column("sale_id", Type.TEXT, "Sale"),
        Column("kind", Type.TEXT, "Kind", nullable=True, allowed=("sale", "refund")),
        Column("units", Type.INTEGER, "Units", minimum=-1, maximum=5),
        Column("price", Type.DECIMAL, "Price", minimum=0.1, nullable=True),
        Column("share", Type.DOUBLE, "Share", nullable=True),
    ),
    "Sales.",
)
GOOD = {"day": DAY, "sale_id": "a", "kind": "sale", "units": 1, "price": Decimal("0.1"), "share": 0.5}


def write(
    folder: Path, rows: Sequence[Mapping[str, object]], name: str = "part-0", day: dt.date = DAY
) -> Path:
    file = folder / f"day={day.isoformat()}" / f"{name}.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows), schema=arrow_schema(TABLE)), file)
    return file


def sales(*changes: Mapping[str, object]) -> list[dict[str, object]]:
    return [GOOD | {"sale_id": f"s{number}"} | dict(change) for number, change in enumerate(changes)]


def test_rows_that_hold_the_contract_pass(tmp_path: Path) -> None:
    rows = sales({}, {"kind": None}, {"units": -1}, {"units": 5}, {"price": None}, {"share": None})
    check_files(TABLE, [write(tmp_path, rows)])


def test_no_file_and_no_row_pass(tmp_path: Path) -> None:
    check_files(TABLE, [])
    check_files(TABLE, [write(tmp_path, [])])


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"kind": "gift"}, "kind one of sale, refund"),
        ({"units": -2}, "units >= -1 and <= 5"),
        ({"units": 6}, "units >= -1 and <= 5"),
        ({"price": Decimal("0.0999")}, "price >= 0.1"),
        ({"share": float("inf")}, "share finite"),
        ({"share": float("nan")}, "share finite"),
        ({"units": None}, "units not null"),
        ({"sale_id": None}, "sale_id not null"),
        ({"day": dt.date(2025, 1, 7)}, "day equal to the partition"),
    ],
)
def test_one_wrong_row_is_found_at_its_position(
    tmp_path: Path, change: dict[str, object], check: str
) -> None:
    file = write(tmp_path, sales({}, {}, change, {}))
    with pytest.raises(ContractError) as caught:
        check_files(TABLE, [file])
    error = caught.value
    assert (error.table, error.check, error.count, error.rows) == ("test.sale", check, 1, 4)
    assert error.positions == ("day=2025-01-06/part-0.parquet row 2",)


def test_the_message_says_how_many_and_where_but_never_what(tmp_path: Path) -> None:
    file = write(tmp_path, sales(*[{"kind": "secret@example.com"}] * 7))
    with pytest.raises(ContractError) as caught:
        check_files(TABLE, [file])
    assert str(caught.value) == (
        "test.sale: expected kind one of sale, refund; 7 of 7 rows do not hold it. First at: "
        + "; ".join(f"day=2025-01-06/part-0.parquet row {row}" for row in range(5))
        + ". Nothing was written."
    )
    assert caught.value.__context__ is None


def test_positions_count_within_the_file_over_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "BATCH_ROWS", 2)
    first = write(tmp_path, sales({}, {}, {}), "part-0")
    second = write(
        tmp_path, [GOOD | {"sale_id": f"t{n}", "units": 9 if n == 3 else 1} for n in range(5)], "part-1"
    )
    with pytest.raises(ContractError) as caught:
        check_files(TABLE, [first, second])
    assert caught.value.positions == ("day=2025-01-06/part-1.parquet row 3",)


def test_columns_that_the_footer_tells_of_are_checked_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a large file nobody reads a column that only must not be null, if the file counts no nulls in it."""
    monkeypatch.setattr(subject, "THREAD_ROWS", 0)
    plain = [
        column.but(minimum=None, maximum=None) if column.name == "units" else column
        for column in TABLE.columns
    ]
    table = Table("test", "sale", "one row per day and sale", ("sale_id", "day"), tuple(plain), "Sales.")
    whole = write(tmp_path, sales({}, {}), "part-0")
    check_files(table, [whole])
    broken = write(
        tmp_path, [GOOD | {"sale_id": f"t{n}", "units": None if n == 1 else 1} for n in range(3)], "part-1"
    )
    with pytest.raises(ContractError) as caught:
        check_files(table, [whole, broken])
    assert (caught.value.check, caught.value.count) == ("units not null", 1)
    assert caught.value.positions == ("day=2025-01-06/part-1.parquet row 1",)


@pytest.mark.parametrize(("numbers", "repeated"), [((3, 1, 2), 0), ((3, 1, 3), 1)])
def test_a_key_of_integers(tmp_path: Path, numbers: tuple[int, ...], repeated: int) -> None:
    table = Table(
        "test", "sale", "one row per day and unit", ("kind", "units", "day"), TABLE.columns, "Sales."
    )
    rows = sales(*({"units": number} for number in numbers))
    two_kinds = [*rows, GOOD | {"kind": "refund", "units": 3}]
    for given in (rows, two_kinds):
        file = write(tmp_path, given)
        if not repeated:
            check_files(table, [file])
            continue
        with pytest.raises(ContractError, match="kind, units to be unique within a day; 1 of"):
            check_files(table, [file])


def test_a_key_twice_within_a_day_is_found_over_files(tmp_path: Path) -> None:
    first = write(tmp_path, [GOOD, GOOD | {"sale_id": "b"}], "part-0")
    second = write(tmp_path, [GOOD | {"sale_id": "c"}, GOOD], "part-1")
    with pytest.raises(ContractError) as caught:
        check_files(TABLE, [first, second])
    assert caught.value.check == "sale_id to be unique within a day"
    assert (caught.value.count, caught.value.rows) == (1, 4)
    assert caught.value.positions == ("day=2025-01-06/part-1.parquet row 1",)


def test_a_key_may_come_again_on_another_day(tmp_path: Path) -> None:
    other = dt.date(2025, 1, 7)
    check_files(TABLE, [write(tmp_path, [GOOD]), write(tmp_path, [GOOD | {"day": other}], day=other)])


def test_a_table_of_one_row_for_each_day_has_one(tmp_path: Path) -> None:
    table = Table("test", "fit", "one row per day", ("day",), TABLE.columns, "Fits.")
    file = write(tmp_path, sales({}, {}))
    with pytest.raises(ContractError, match="expected day to be unique within a day; 1 of 2 rows"):
        check_files(table, [file])


@pytest.mark.parametrize(
    ("schema", "check"),
    [
        (
            arrow_schema(TABLE).set(3, pa.field("units", pa.float64())),
            "column 4 to be units int64, found units double",
        ),
        (arrow_schema(TABLE).remove(5), "column 6 to be share double, found none"),
        (arrow_schema(TABLE).append(pa.field("extra", pa.string())), "no column after share, found extra"),
    ],
)
def test_a_file_of_other_columns_is_refused(tmp_path: Path, schema: pa.Schema, check: str) -> None:
    file = tmp_path / "day=2025-01-06" / "part-0.parquet"
    file.parent.mkdir()
    pq.write_table(schema.empty_table(), file)
    with pytest.raises(ContractError) as caught:
        check_files(TABLE, [file])
    assert caught.value.check == check


def test_columns_in_another_order_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "day=2025-01-06" / "part-0.parquet"
    file.parent.mkdir()
    names = ["sale_id", "day", *TABLE.column_names[2:]]
    pq.write_table(arrow_schema(TABLE).empty_table().select(names), file)
    with pytest.raises(ContractError, match="column 1 to be day date32"):
        check_files(TABLE, [file])


def test_the_frame_schema_coerces_nothing() -> None:
    good = pa.Table.from_pylist([GOOD], schema=arrow_schema(TABLE)).to_pandas(types_mapper=pd.ArrowDtype)
    frame_schema(TABLE).validate(good)
    text = good.assign(units=pd.array(["1"], dtype=pd.ArrowDtype(pa.string())))
    null = good.assign(sale_id=pd.array([None], dtype=good["sale_id"].dtype))
    for wrong in (text, null, good.assign(extra=1)):
        with pytest.raises(SchemaErrors):
            frame_schema(TABLE).validate(wrong, lazy=True)
