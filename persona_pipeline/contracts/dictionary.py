"""The data dictionary: every table and column of every layer as one Markdown page, made from the contracts.

`python -m persona_pipeline.contracts.dictionary` writes docs/dictionary.md, `--check` compares it.
Not here: any description; those stand with the columns.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from persona_pipeline import contracts
from persona_pipeline.contracts.column import Column, Table

DICTIONARY = Path(__file__).parents[2] / "docs" / "dictionary.md"

_HEAD = """# Data dictionary

Made from the contracts in `persona_pipeline/contracts/` by `make docs`; do not edit.

Every lake table is partitioned by `day`, the day on which a row was known. `TEXT` is UTF-8, `INTEGER` has
64 bits, `DECIMAL` is DECIMAL(18, 4), `RATE` is DECIMAL(20, 12), `DOUBLE` is finite, `TIMESTAMP` is UTC with
microseconds. Sensitivity: `identifier` stays in the vault, `personal` is about one person under a pseudonym,
`internal` and `public` are about none. The features of the catalogue, further columns of `features.customer`
and `warehouse.customer_profile`, stand in [features.md](features.md).
"""


def render(lake: Iterable[Table], warehouse: Iterable[Table]) -> str:
    """The whole page: the contents, then one section for each table."""
    parts = [_HEAD]
    tables = {"Lake": list(lake), "Warehouse": list(warehouse)}
    for place, members in tables.items():
        if members:
            parts.append(f"## {place}\n")
            parts.append(
                "| Table | One row per | Owner |\n|---|---|---|\n" + "".join(map(_contents_row, members))
            )
    for members in tables.values():
        for _, layer in groupby(members, key=lambda table: table.layer):
            parts.extend(map(_section, layer))
    return "\n".join(parts)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page, or compare it; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m persona_pipeline.contracts.dictionary")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if the page is not current"
    )
    check = parser.parse_args(arguments).check
    published = (each.table for each in contracts.WAREHOUSE_TABLES.values())
    text = render(contracts.LAKE_TABLES.values(), published)
    current = DICTIONARY.read_text(encoding="utf-8") if DICTIONARY.is_file() else ""
    if check and text != current:
        print(f"{DICTIONARY.name} is not what the contracts say now; run: make docs")
        return 1
    if not check:
        DICTIONARY.write_text(text, encoding="utf-8")
    return 0


def _contents_row(table: Table) -> str:
    grain = _cell(table.grain.removeprefix("one row per "))
    return f"| [{table.full_name}](#{_anchor(table)}) | {grain} | {table.owner} |\n"


def _section(table: Table) -> str:
    rows = "".join(_column_row(column) for column in table.columns)
    return (
        f"### {table.full_name}\n\n"
        f"{table.description}\n\n"
        f"Grain: {table.grain}. Key: {', '.join(f'`{name}`' for name in table.key)}. Owner: {table.owner}."
        f"{' Written once a week.' if table.weekly else ''}\n\n"
        "| Column | Type | Null | Values | Sensitivity | Description |\n|---|---|---|---|---|---|\n"
        f"{rows}"
    )


def _column_row(column: Column) -> str:
    unit = f" ({column.unit})" if column.unit else ""
    cells = (
        f"`{column.name}`",
        column.type.name,
        "yes" if column.nullable else "",
        _values(column),
        column.sensitivity.value,
        f"{column.description}{unit}",
    )
    return f"| {' | '.join(map(_cell, cells))} |\n"


def _values(column: Column) -> str:
    if column.allowed is not None:
        return ", ".join(column.allowed)
    bounds = [f"≥ {column.minimum:g}" if column.minimum is not None else ""]
    bounds.append(f"≤ {column.maximum:g}" if column.maximum is not None else "")
    return ", ".join(filter(None, bounds))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _anchor(table: Table) -> str:
    """The anchor that Markdown renderers give the heading `layer.name`."""
    return table.full_name.replace(".", "")


if __name__ == "__main__":
    raise SystemExit(main())
