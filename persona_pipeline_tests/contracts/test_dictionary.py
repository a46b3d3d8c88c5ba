"""The data dictionary is made from the contracts."""

from __future__ import annotations

from pathlib import Path

import pytest

from persona_pipeline.contracts import Column, Sensitivity, Table, Type, dictionary

TABLE = Table(
    "test",
    "sale",
    "one row per sale",
    ("sale_id",),
    (
        Column("sale_id", Type.TEXT, "Number | of the sale", sensitivity=Sensitivity.PERSONAL),
        Column("units", Type.INTEGER, "Units sold", nullable=True, minimum=1, maximum=9, unit="unit"),
    ),
    "What was sold.",
)


def test_a_table_becomes_a_section_with_one_row_for_each_column() -> None:
    page = dictionary.render([TABLE], [])
    assert "| [test.sale](#testsale) | sale | team:customer-data |" in page
    assert "| `sale_id` | TEXT |  |  | personal | Number \\| of the sale |" in page
    assert "| `units` | INTEGER | yes | ≥ 1, ≤ 9 | internal | Units sold (unit) |" in page
    assert "## Warehouse" not in page


def test_check_compares_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "dictionary.md"
    monkeypatch.setattr(dictionary, "DICTIONARY", page)
    assert dictionary.main(["--check"]) == 1
    assert not page.exists()
    assert dictionary.main([]) == 0
    assert dictionary.main(["--check"]) == 0
