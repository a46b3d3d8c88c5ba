"""The warehouse: one asset publishes every mart in one transaction."""

import datetime as dt

import dagster as dg

from persona_pipeline.contracts import activity, behaviour, clean, identity
from persona_pipeline.contracts import models as tables
from persona_pipeline.defs.partitions import Partitions, days_of
from persona_pipeline.defs.shop import Shop
from persona_pipeline.settings import Settings

PUBLICATION = dg.AssetKey(["warehouse", "publication"])


def assets(settings: Settings, parts: Partitions) -> list[dg.AssetsDefinition]:
    """warehouse.publication."""
    reads = (
        tables.CUSTOMER_PROFILE,
        tables.CUSTOMER_TAG,
        tables.PERSONA,
        tables.PERSONA_NEED,
        tables.RECOMMENDATION,
        tables.PREDICTION,
    )
    events = (activity.SESSION, activity.PRODUCT_VIEW, activity.SOCIAL_DAY, activity.CONTACT_DAY)
    deps = [
        dg.AssetKey([t.layer, t.name])
        for t in (
            *(*reads, tables.MEMBERSHIP, clean.ORDER_LINE, clean.FILE_LEDGER),
            *(*events, behaviour.REFUND, behaviour.MAP, identity.MERGE_EVENT),
        )
    ]
    spec = dg.AssetSpec(
        PUBLICATION,
        deps=deps,
        group_name="warehouse",
        description="Star schema and marts, published in one transaction; BI reads the views v_*. "
        "One row per publication.",
        owners=["team:customer-data"],
        kinds={"sql"},
        partitions_def=parts.daily,
        freshness_policy=dg.FreshnessPolicy.cron(
            deadline_cron="0 8 * * *",
            lower_bound_delta=dt.timedelta(hours=8),
            timezone=settings.project.time_zone,
        ),
    )

    @dg.multi_asset(
        specs=[spec], name="publication", backfill_policy=dg.BackfillPolicy.multi_run(31), pool="warehouse"
    )
    def publication(context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]):
        """Publish the last day of the run; days that changed since the last publication are brought along."""
        from persona_pipeline.defs.publishing import publish_day

        published = publish_day(
            shop, days_of(context)[-1], context.run.run_id, accepted=context.run.tags.get("persona/accept")
        )
        return dg.MaterializeResult(asset_key=PUBLICATION, metadata=published)

    return [publication]
