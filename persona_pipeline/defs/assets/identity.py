"""Identity: pairs of identifiers, whose they are since when, merges and refusals."""

import dagster as dg

from persona_pipeline.contracts import Table, behaviour, clean, traces
from persona_pipeline.contracts.identity import EDGE, MERGE_EVENT
from persona_pipeline.defs.commit import commit_all, outputs_of
from persona_pipeline.defs.lineage import lineage_of
from persona_pipeline.defs.metadata import table_spec
from persona_pipeline.defs.options import identity_options
from persona_pipeline.defs.partitions import Partitions, days_before, days_of, own_days
from persona_pipeline.defs.shop import Shop
from persona_pipeline.settings import Settings


def assets(settings: Settings, parts: Partitions) -> list[dg.AssetsDefinition]:
    """identity.edge, identity.merge_event and identity.map."""
    itself = dg.AssetDep(["identity", "map"], partition_mapping=days_before(1))
    back = own_days(settings.redelivery_days)  # a confirmation page and its order may be known on other days
    deps: list[dg.AssetDep | Table] = [
        dg.AssetDep(["clean", "web_hit"], partition_mapping=back),
        dg.AssetDep(["clean", "order_line"], partition_mapping=back),
        traces.ID_LINK,
        traces.SOCIAL_POST,
        traces.CAMPAIGN_CONTACT,
        clean.CUSTOMER,
        clean.FILE_LEDGER,
    ]
    specs = [
        table_spec(
            EDGE, parts.daily, [*deps, dg.AssetDep(["identity", "edge"], partition_mapping=days_before(1))]
        ),
        table_spec(MERGE_EVENT, parts.daily, deps),
        table_spec(behaviour.MAP, parts.daily, [*deps, itself]),
    ]

    @dg.multi_asset(
        specs=specs, name="identity", backfill_policy=dg.BackfillPolicy.multi_run(31), pool="identity"
    )
    def identity(context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]):
        """Follow what becomes known of identifiers, and whose they are, day by day."""
        from persona_pipeline.engine.protocol import Window
        from persona_pipeline.identity import map_window

        days = days_of(context)
        outputs = outputs_of(shop, (EDGE, MERGE_EVENT, behaviour.MAP))
        options = identity_options(shop.settings)
        with shop.engine() as engine:
            window = Window(days[0], days[-1])
            files = map_window(engine, shop.lake.read, outputs, window, shop.key, options)
        yield from commit_all(shop, outputs, days, files, lineage_of(shop, "identity", days))

    return [identity]
