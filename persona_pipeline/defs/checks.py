"""Asset checks: what is watched after a write. What blocks is decided before the write.

Here: the share of rejects and whether the facts of the last closed day are there. Both are monitoring.
"""

import dagster as dg

from persona_pipeline.contracts import behaviour, clean
from persona_pipeline.defs.metadata import asset_key
from persona_pipeline.defs.shop import Shop
from persona_pipeline.defs.state import closed_through

REJECT_LIMIT = 0.01


def checks() -> list[dg.AssetChecksDefinition]:
    """The checks of the ledger and of the facts."""

    @dg.asset_check(
        asset=asset_key(clean.FILE_LEDGER),
        name="reject_share",
        description="On the last closed day no file was refused, and of none more than 1 % was rejected.",
    )
    def reject_share(shop: dg.ResourceParam[Shop]) -> dg.AssetCheckResult:
        day = closed_through(shop.settings)
        with shop.engine() as engine:
            found = engine.fetch(
                "SELECT count(*) AS files FROM ledger "
                "WHERE status = 'rejected_file' OR rejected > $limit * records_in",
                {"ledger": shop.lake.read(clean.FILE_LEDGER, day, day)},
                {"limit": REJECT_LIMIT},
            )
        files = found.column("files")[0].as_py()
        return dg.AssetCheckResult(
            passed=files == 0, severity=dg.AssetCheckSeverity.WARN, metadata={"day": str(day), "files": files}
        )

    @dg.asset_check(
        asset=asset_key(behaviour.ORDER_DAY),
        name="facts_are_there",
        description="The last closed day has its facts.",
    )
    def facts_are_there(shop: dg.ResourceParam[Shop]) -> dg.AssetCheckResult:
        day = closed_through(shop.settings)
        there = day is not None and bool(shop.lake.versions(behaviour.ORDER_DAY, [day]))
        return dg.AssetCheckResult(
            passed=there, severity=dg.AssetCheckSeverity.WARN, metadata={"day": str(day)}
        )

    return [reject_share, facts_are_there]
