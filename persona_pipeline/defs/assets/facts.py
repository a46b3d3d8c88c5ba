"""Facts: small signed changes per identifier, order and day."""

import dagster as dg

from persona_pipeline.contracts import behaviour, clean
from persona_pipeline.defs.commit import commit_all, outputs_of
from persona_pipeline.defs.lineage import lineage_of
from persona_pipeline.defs.metadata import table_spec
from persona_pipeline.defs.partitions import Partitions, days_of, own_days
from persona_pipeline.defs.shop import Shop
from persona_pipeline.features.facts import order_lookback
from persona_pipeline.settings import Settings


def assets(settings: Settings, parts: Partitions) -> list[dg.AssetsDefinition]:
    """facts.order_day and facts.basket_item."""
    lines = dg.AssetDep(
        ["clean", "order_line"], partition_mapping=own_days(order_lookback(settings.redelivery_days))
    )
    specs = [
        table_spec(behaviour.ORDER_DAY, parts.daily, [lines, clean.FILE_LEDGER]),
        table_spec(behaviour.BASKET_ITEM, parts.daily, [lines, clean.PRODUCT, clean.FILE_LEDGER]),
    ]

    @dg.multi_asset(specs=specs, name="facts", backfill_policy=dg.BackfillPolicy.multi_run(31), pool="facts")
    def facts(context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]):
        """What each identifier bought and what was in each basket, as changes known on each day."""
        from persona_pipeline.engine.protocol import Window
        from persona_pipeline.features.facts import basket_item_window, order_day_window

        days = days_of(context)
        outputs = outputs_of(shop, (behaviour.ORDER_DAY, behaviour.BASKET_ITEM))
        day, item = outputs.values()
        window, back = Window(days[0], days[-1]), shop.settings.redelivery_days
        with shop.engine() as engine:
            files = {
                day.table.full_name: order_day_window(engine, shop.lake.read, day, window, back),
                item.table.full_name: basket_item_window(engine, shop.lake.read, item, window),
            }
        yield from commit_all(shop, outputs, days, files, lineage_of(shop, "facts", days))

    return [facts]
