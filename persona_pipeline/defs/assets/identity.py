"""Identity: which identifier belongs to which customer, and since when."""

import dagster as dg

from persona_pipeline.contracts import behaviour, clean
from persona_pipeline.defs.commit import commit
from persona_pipeline.defs.lineage import lineage_of
from persona_pipeline.defs.metadata import table_spec
from persona_pipeline.defs.partitions import Partitions, days_of
from persona_pipeline.defs.shop import Shop
from persona_pipeline.settings import Settings


def assets(settings: Settings, parts: Partitions) -> list[dg.AssetsDefinition]:
    """identity.map."""
    spec = table_spec(behaviour.MAP, parts.daily, [clean.ORDER_LINE, clean.CUSTOMER, clean.FILE_LEDGER])

    @dg.multi_asset(
        specs=[spec], name="identity", backfill_policy=dg.BackfillPolicy.multi_run(31), pool="identity"
    )
    def identity(context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]):
        """Give every identifier that is new on a day its customer_id."""
        from persona_pipeline.engine.protocol import Window
        from persona_pipeline.identity import map_window

        days = days_of(context)
        output = shop.lake.output(behaviour.MAP)
        with shop.engine() as engine:
            files = map_window(engine, shop.lake.read, output, Window(days[0], days[-1]), shop.key)
        return commit(
            shop, output, days, files, lineage_of(shop, "identity", days).get(behaviour.MAP.full_name)
        )

    return [identity]
