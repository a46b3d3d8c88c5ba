"""Facts: small additive changes per identifier and day, of orders, visits, posts and campaign contacts."""

import dagster as dg

from persona_pipeline.contracts import activity, behaviour, clean, traces
from persona_pipeline.defs.commit import commit_all, outputs_of
from persona_pipeline.defs.lineage import lineage_of
from persona_pipeline.defs.metadata import table_spec
from persona_pipeline.defs.partitions import Partitions, days_before, days_of, own_days
from persona_pipeline.defs.shop import Shop
from persona_pipeline.features.facts import refund_lookback
from persona_pipeline.settings import Settings

WRITTEN = (behaviour.REFUND, behaviour.ORDER_DAY, behaviour.BASKET_ITEM, *activity.TABLES)


def assets(settings: Settings, parts: Partitions) -> list[dg.AssetsDefinition]:
    """Every table of the facts layer, one step."""
    back = refund_lookback(settings.redelivery_days, settings.refund_days.values())
    lines = dg.AssetDep(["clean", "order_line"], partition_mapping=own_days(back))
    matched = dg.AssetDep(["facts", "refund"], partition_mapping=days_before(back))
    reads = {
        behaviour.REFUND: [lines, matched],
        behaviour.ORDER_DAY: [lines],
        behaviour.BASKET_ITEM: [lines, clean.PRODUCT],
        activity.SESSION: [traces.WEB_HIT],
        activity.WEB_DAY: [traces.WEB_HIT],
        activity.PRODUCT_VIEW: [traces.WEB_HIT, clean.PRODUCT],
        activity.SOCIAL_DAY: [traces.SOCIAL_POST],
        activity.CONTACT_DAY: [traces.CAMPAIGN_CONTACT],
    }
    specs = [table_spec(table, parts.daily, [*reads[table], clean.FILE_LEDGER]) for table in WRITTEN]

    @dg.multi_asset(specs=specs, name="facts", backfill_policy=dg.BackfillPolicy.multi_run(31), pool="facts")
    def facts(context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]):
        """What each identifier bought, saw, wrote and was sent, as changes known on each day."""
        from persona_pipeline.defs.days_of_facts import facts_window

        days, outputs = days_of(context), outputs_of(shop, WRITTEN)
        with shop.engine() as engine:
            files = facts_window(shop, engine, outputs, days)
        yield from commit_all(shop, outputs, days, files, lineage_of(shop, "facts", days))

    return [facts]
