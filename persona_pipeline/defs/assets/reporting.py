"""The persona report, written after each publication."""

import dagster as dg

from persona_pipeline.defs.assets.warehouse import PUBLICATION
from persona_pipeline.defs.partitions import Partitions, days_of
from persona_pipeline.defs.shop import Shop
from persona_pipeline.settings import Settings


def assets(settings: Settings, parts: Partitions) -> list[dg.AssetsDefinition]:
    """reporting.persona_report."""
    spec = dg.AssetSpec(
        ["reporting", "persona_report"],
        deps=[PUBLICATION],
        group_name="reporting",
        description="The persona report: one self-contained HTML file in English and Chinese.",
        owners=["team:customer-data"],
        kinds={"html"},
        partitions_def=parts.daily,
    )

    @dg.multi_asset(
        specs=[spec], name="persona_report", backfill_policy=dg.BackfillPolicy.multi_run(31), pool="reporting"
    )
    def persona_report(context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]):
        """Write the report of the last day of the run."""
        from persona_pipeline.defs.publishing import report_day

        path = report_day(shop, days_of(context)[-1])
        return dg.MaterializeResult(asset_key=spec.key, metadata={"path": dg.MetadataValue.path(str(path))})

    return [persona_report]
