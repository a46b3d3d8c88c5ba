"""What holds for every contract of the lake."""

from __future__ import annotations

import pytest

from persona_pipeline.contracts import LAKE_TABLES, Column, Sensitivity, Table, Type

TABLES = pytest.mark.parametrize("table", LAKE_TABLES.values(), ids=LAKE_TABLES)


@TABLES
def test_day_is_the_first_column_and_never_null(table: Table) -> None:
    day = table.columns[0]
    assert (day.name, day.type, day.nullable) == ("day", Type.DATE, False)


@TABLES
def test_every_column_and_table_is_described_and_owned(table: Table) -> None:
    assert table.description
    assert table.grain.startswith("one row per ")
    assert table.owner.startswith("team:")
    assert [column.name for column in table.columns if not column.description.strip()] == []


@TABLES
def test_direct_identifiers_stay_in_the_vault(table: Table) -> None:
    direct = [column.name for column in table.columns if column.sensitivity is Sensitivity.IDENTIFIER]
    assert table.layer == "vault" or direct == []


@TABLES
def test_only_text_is_limited_to_values_and_only_numbers_to_bounds(table: Table) -> None:
    numbers = {Type.INTEGER, Type.DECIMAL, Type.RATE, Type.DOUBLE}
    for column in table.columns:
        assert column.allowed is None or column.type is Type.TEXT
        assert (column.minimum, column.maximum) == (None, None) or column.type in numbers


def test_facts_hold_no_floats() -> None:
    facts = [table for table in LAKE_TABLES.values() if table.layer in {"clean", "facts"}]
    assert [(t.name, c.name) for t in facts for c in t.columns if c.type is Type.DOUBLE] == []


def test_a_column_named_twice_is_refused() -> None:
    twice = (Column("day", Type.DATE, "d"), Column("day", Type.DATE, "d"))
    with pytest.raises(ValueError, match=r"test\.t: columns named twice: day"):
        Table("test", "t", "one row per day", ("day",), twice, "t")


def test_a_key_column_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match=r"test\.t: key columns that do not exist: id"):
        Table("test", "t", "one row per day", ("id",), (Column("day", Type.DATE, "d"),), "t")


@pytest.mark.parametrize("name", ["", "Day", "1day", "a b", 'a"; drop table x', "ä"])
def test_names_that_need_quotes_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="must match"):
        Column(name, Type.TEXT, "t")
