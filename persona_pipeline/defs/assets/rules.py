"""Association rules: mined once a week from the baskets of the window."""

import dagster as dg

from persona_pipeline.contracts import models as tables
from persona_pipeline.defs.metadata import table_spec
from persona_pipeline.defs.options import affinity_options
from persona_pipeline.defs.partitions import Partitions, sundays_of
from persona_pipeline.defs.shop import Shop
from persona_pipeline.settings import Settings

FITTED = (tables.ITEMSET, tables.RULE, tables.RULE_FIT)


def assets(settings: Settings, parts: Partitions) -> list[dg.AssetsDefinition]:
    """rules.itemset, rules.rule and rules.fit."""
    specs = [table_spec(table, parts.weekly, [dg.AssetDep(["facts", "basket_item"])]) for table in FITTED]

    @dg.multi_asset(
        specs=specs, name="affinity", backfill_policy=dg.BackfillPolicy.single_run(), pool="affinity"
    )
    def affinity(context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]):
        """Mine the rules of each week."""
        from persona_pipeline.affinity import fit_week
        from persona_pipeline.defs.weekly import each_week

        options = affinity_options(shop.settings)
        yield from each_week(
            shop,
            FITTED,
            sundays_of(context),
            lambda engine, read, outputs, day: fit_week(engine, read, outputs, day, options),
        )

    return [affinity]
