"""A footer tells that a column keeps its contract only where the statistics leave no doubt."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from persona_pipeline.contracts import validation
from persona_pipeline.contracts.arrow import ARROW_TYPES
from persona_pipeline.contracts.column import Column, Type
from persona_pipeline.contracts.footers import holds_by_footer
from persona_pipeline.contracts.validation import ContractError, check_files
from persona_pipeline_tests.contracts.test_validation import GOOD, TABLE, write

PRICE = Column("x", Type.DECIMAL, "Price", minimum=0.1, maximum=9)
UNITS = Column("x", Type.INTEGER, "Units", minimum=-1)
KIND = Column("x", Type.TEXT, "Kind", allowed=("sale", "refund"))
NAME = Column("x", Type.TEXT, "Name")
SHARE = Column("x", Type.DOUBLE, "Share", minimum=0, maximum=1)


@pytest.mark.parametrize(
    ("column", "values", "told"),
    [
        (NAME, ["a", "b"], True),
        (NAME, ["a", None], False),
        (NAME.but(nullable=True), ["a", None], True),
        (UNITS, [-1, 5], True),
        (UNITS, [-2, 5], False),
        (UNITS.but(nullable=True), [None, None], False),  # bounds of nothing
        (PRICE, [Decimal("0.1000"), Decimal("9.0000")], True),
        (PRICE, [Decimal("0.0999"), Decimal("9.0000")], False),
        (PRICE, [Decimal("0.1000"), Decimal("9.0001")], False),
        (KIND, ["sale", "sale"], True),
        (KIND, ["gift", "gift"], False),
        (KIND, ["refund", "sale"], False),  # what lies between them is not told
        (SHARE, [0.5, float("nan")], False),
        (SHARE, [0.5, 0.6], False),
    ],
)
def test_what_a_footer_tells(tmp_path: Path, column: Column, values: list[object], told: bool) -> None:
    file = tmp_path / "x.parquet"
    pq.write_table(pa.table({"x": pa.array(values, ARROW_TYPES[column.type])}), file)
    assert holds_by_footer(column, 0, pq.read_metadata(file)) is told


def test_every_row_group_is_asked_and_statistics_have_to_be_there(tmp_path: Path) -> None:
    table = pa.table({"x": pa.array([1, 1, -5], pa.int64())})
    pq.write_table(table, tmp_path / "groups.parquet", row_group_size=2)
    assert not holds_by_footer(UNITS, 0, pq.read_metadata(tmp_path / "groups.parquet"))
    pq.write_table(table.slice(0, 2), tmp_path / "silent.parquet", write_statistics=False)
    assert not holds_by_footer(UNITS, 0, pq.read_metadata(tmp_path / "silent.parquet"))


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"kind": "gift"}, "kind one of sale, refund"),
        ({"units": 6}, "units >= -1 and <= 5"),
        ({"price": Decimal("0.0999")}, "price >= 0.1"),
        ({"share": float("nan")}, "share finite"),
        ({"sale_id": "t0"}, "sale_id to be unique within a day"),
    ],
)
def test_a_large_file_is_checked_for_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, object], check: str
) -> None:
    """Keys of such a file are counted by an engine and not read; what the footer leaves open is."""
    monkeypatch.setattr(validation, "THREAD_ROWS", 0)
    monkeypatch.setattr(validation, "KEPT_ROWS", 1)

    def distinct(files: object, names: object) -> int:
        return 2 if "sale_id" in change else 3

    rows = [GOOD | {"sale_id": f"t{number}"} for number in range(3)]
    check_files(TABLE, [write(tmp_path, rows)], lambda files, names: 3)
    broken = write(tmp_path, [*rows[:2], rows[2] | change], "part-1")
    with pytest.raises(ContractError, match=check) as caught:
        check_files(TABLE, [broken], distinct)
    assert caught.value.count == 1
