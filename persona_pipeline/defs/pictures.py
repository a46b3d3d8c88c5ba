"""Pictures in the metadata of a materialisation: persona sizes, k curve, lift, calibration, ledger over days.

Only the last day or week of a run gets one: a history would store the same picture once per partition.
Not here: drawing (reporting/pictures.py).
"""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from persona_pipeline.contracts import Table, clean
from persona_pipeline.contracts import models as tables
from persona_pipeline.defs.metadata import asset_key
from persona_pipeline.defs.partitions import week_key
from persona_pipeline.defs.shop import Shop

if TYPE_CHECKING:
    from persona_pipeline.engine.protocol import Engine

LEDGER_DAYS = 30
_LEDGER = """
SELECT day, source, CAST(sum(records_in) AS BIGINT) AS records_in, CAST(sum(clean) AS BIGINT) AS clean,
    CAST(sum(rejected) AS BIGINT) AS rejected
FROM rows GROUP BY day, source ORDER BY source, day
"""
_ALL = "SELECT * FROM rows"
_MOVED = "SELECT * FROM rows ORDER BY from_key, to_key"

# table -> the statement over its rows, days before the last that it reads, and what is drawn of them
_DRAWN: dict[str, tuple[Table, str, int, Sequence[str]]] = {
    "segments": (tables.K_CURVE, _ALL, 0, ("k_curve",)),
    "transitions": (tables.TRANSITION, _MOVED, 0, ("transitions",)),
    "scores": (tables.LIFT, _ALL, 0, ("lift", "calibration")),
    "profiles": (tables.PERSONA, _ALL, 0, ("persona_sizes",)),
    "clean": (clean.FILE_LEDGER, _LEDGER, LEDGER_DAYS - 1, ("ledger",)),
}


def drawn(
    shop: Shop, step: str, engine: "Engine", days: Sequence[dt.date]
) -> dict[dg.AssetKey, dict[str, Any]]:
    """The pictures of the last of `days` (of a weekly step: Sundays), read from what was committed.

    Returns:
        Metadata by asset; pictures without data are absent.
    """
    if not days:
        return {}
    from persona_pipeline.reporting import pictures
    from persona_pipeline.reporting.words import LANGUAGES, Words

    table, sql, back, names = _DRAWN[step]
    project, last = shop.settings.project, days[-1]
    words = Words(project.language if project.language in LANGUAGES else "en", project.currency)
    window = shop.lake.read(table, last - dt.timedelta(days=back), last)
    rows = engine.fetch(sql, {"rows": window}).to_pylist()
    draw: dict[str, Callable[[Any, Words], str | None]] = {name: getattr(pictures, name) for name in names}
    found = {name: make(rows, words) for name, make in draw.items()}
    metadata = {name: dg.MetadataValue.md(text) for name, text in found.items() if text}
    return {asset_key(table): metadata} if metadata else {}


def illustrate_week(
    context: dg.AssetExecutionContext,
    shop: Shop,
    step: str,
    engine: "Engine",
    sundays: Sequence[dt.date],
) -> None:
    """Add the pictures of a weekly step to its last week. Call it after the commit."""
    for key, metadata in drawn(shop, step, engine, sundays).items():
        context.add_asset_metadata(metadata, asset_key=key, partition_key=week_key(sundays[-1]))
