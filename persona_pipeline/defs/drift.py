"""Statistics of features as Dagster sees them: their commit, tables beside it, and the check of drift.

The check warns and never holds a publication: a distribution may move because the customers did. Not here:
the statistics themselves (features/statistic.py).
"""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from persona_pipeline.contracts import behaviour
from persona_pipeline.defs.commit import commit
from persona_pipeline.defs.metadata import asset_key
from persona_pipeline.defs.shop import Shop

if TYPE_CHECKING:
    from persona_pipeline.engine.protocol import Engine

Rows = list[dict[str, Any]]

MOST_NAMED = 10
FEATURE_DRIFT = dg.AssetCheckSpec(
    "feature_drift",
    asset=asset_key(behaviour.FEATURES),
    description="No feature of the newest snapshot is distributed unlike four weeks before (PSI above 0.25).",
)


def commit_statistics(shop: Shop, engine: "Engine", days: Sequence[dt.date]) -> dg.MaterializeResult:
    """Write features.statistic of days whose snapshots are committed."""
    from persona_pipeline.features.statistic import statistics

    output = shop.lake.output(behaviour.STATISTIC)
    files = statistics(engine, shop.lake.read, output, shop.features, shop.catalogue, days, shop.start)
    return commit(shop, output, days, files)


def statistics_since(shop: Shop, engine: "Engine", day: dt.date) -> Rows:
    """Rows of features.statistic from a day on, the highest index first."""
    rows = shop.lake.read(behaviour.STATISTIC, day, None)
    sql = "SELECT * FROM statistic ORDER BY psi DESC NULLS LAST, feature"
    return engine.fetch(sql, {"statistic": rows}).to_pylist()


def drift_tables(rows: Rows, day: dt.date) -> dict[dg.AssetKey, dict[str, dg.MetadataValue]]:
    """The features of a day that moved most, and those with the fewest values, as metadata."""
    own = [row for row in rows if row["day"] == day]
    moved = [row for row in own if row["psi"] is not None][:MOST_NAMED]
    filled = sorted(own, key=lambda row: (row["coverage"], row["feature"]))[:MOST_NAMED]
    shown = {"highest_psi": moved, "lowest_coverage": filled}
    return {asset_key(behaviour.STATISTIC): {name: _table(some) for name, some in shown.items() if some}}


def drift_check(rows: Rows) -> dg.AssetCheckResult:
    """Whether a feature of the newest day moved too far; a warning that names those that did."""
    newest = max((row["day"] for row in rows), default=None)
    moved = [row for row in rows if row["day"] == newest and row["stability"] == "act"]
    named = ", ".join(f"{row['feature']} {row['psi']:.2f}" for row in moved[:MOST_NAMED])
    more = f" and {len(moved) - MOST_NAMED} more" if len(moved) > MOST_NAMED else ""
    told = (
        f"expected a PSI of at most 0.25 against {moved[0]['reference_on']}, found {named}{more}; look for a "
        "cause in the sources of these features, and at the models that read them"
        if moved
        else None
    )
    return dg.AssetCheckResult(
        asset_key=FEATURE_DRIFT.asset_key,
        check_name=FEATURE_DRIFT.name,
        passed=not moved,
        severity=dg.AssetCheckSeverity.WARN,
        description=told,
        metadata={"day": str(newest), "features": len(moved)},
    )


def _table(rows: Rows) -> dg.MetadataValue:
    lines = ["| feature | coverage | PSI | stability |", "|---|---|---|---|"]
    for row in rows:
        psi = "" if row["psi"] is None else f"{row['psi']:.3f}"
        lines.append(f"| {row['feature']} | {row['coverage']:.1%} | {psi} | {row['stability'] or ''} |")
    return dg.MetadataValue.md("\n".join(lines))
