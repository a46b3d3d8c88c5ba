"""The last step of every asset: check the files against the contract, commit them, report what was written.

Here: the order validate, then commit. Not here: how files come to be, and the Delta commit itself.
"""

import datetime as dt
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from persona_pipeline.contracts import Table
from persona_pipeline.defs.metadata import asset_key
from persona_pipeline.defs.shop import Shop
from persona_pipeline.engine.protocol import DataFile, Output

KEPT_TAG = "persona/kept_days"


def commit(
    shop: Shop,
    output: Output,
    days: Iterable[dt.date],
    files: Sequence[DataFile],
    metadata: Mapping[str, Any] | None = None,
) -> dg.MaterializeResult:
    """Validate `files` against the contract, then replace `days` of the table with them in one commit."""
    from persona_pipeline.contracts.validation import check_files

    check_files(output.table, [file.path for file in files], functools.partial(_count_distinct, shop))
    shop.lake.replace(output, days, files)
    return dg.MaterializeResult(
        asset_key=asset_key(output.table),
        metadata={
            "dagster/row_count": sum(file.rows for file in files),
            "bytes": sum(file.size for file in files),
            **(metadata or {}),
        },
    )


def _count_distinct(shop: Shop, files: Sequence[Path], names: Sequence[str]) -> int:
    from persona_pipeline.engine.keys import count_distinct

    with shop.engine() as engine:
        return count_distinct(engine, files, names)


def commit_all(
    shop: Shop,
    outputs: Mapping[str, Output],
    days: Sequence[dt.date],
    files: Mapping[str, Sequence[DataFile]],
    lineage: Mapping[str, Mapping[str, Any]] | None = None,
) -> Iterable[dg.MaterializeResult]:
    """Commit several tables of one step, in the order of `outputs`.

    The one that makes the day readable stands last.
    """
    for name, output in outputs.items():
        yield commit(shop, output, days, files.get(name, []), (lineage or {}).get(name))


def kept_days(context: dg.AssetExecutionContext, days: Sequence[dt.date]) -> list[dt.date]:
    """The days whose snapshot a run computes: all of them, or those that its tag names (a history load)."""
    named = context.run.tags.get(KEPT_TAG)
    return (
        list(days)
        if named is None
        else sorted(set(days) & {dt.date.fromisoformat(day) for day in named.split()})
    )


def reported(
    context: dg.AssetExecutionContext,
    kept: Sequence[dt.date],
    results: Iterable[dg.MaterializeResult],
    pictures: Mapping[dg.AssetKey, Mapping[str, Any]] | None = None,
) -> Iterator[dg.MaterializeResult]:
    """Report results for the days that were computed, and for no other day of the range.

    A result stands for every partition of a run. When a run computes only some of its days, each of them is
    reported by an event of its own. `pictures` go with the last of the days.
    """
    drawn = pictures or {}
    whole = len(kept) == len(context.partition_keys)
    for result in results:
        if whole or result.asset_key is None:
            if result.asset_key and result.asset_key in drawn:
                context.add_asset_metadata(drawn[result.asset_key], result.asset_key, kept[-1].isoformat())
            yield result
            continue
        for day in kept:
            picture = drawn.get(result.asset_key, {}) if day == kept[-1] else {}
            metadata = {**(result.metadata or {}), **picture}
            context.log_event(
                dg.AssetMaterialization(result.asset_key, partition=day.isoformat(), metadata=metadata)
            )


def outputs_of(shop: Shop, tables: Iterable[Table]) -> dict[str, Output]:
    """An open output for each table, in order."""
    return {table.full_name: shop.lake.output(table) for table in tables}
