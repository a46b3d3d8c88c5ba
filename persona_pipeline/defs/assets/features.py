"""Features as they were known on each day, their statistics, and labels once their horizon is over."""

import dagster as dg

from persona_pipeline.contracts import activity, behaviour, clean
from persona_pipeline.defs.commit import commit, kept_days, reported
from persona_pipeline.defs.drift import (
    FEATURE_DRIFT,
    commit_statistics,
    drift_check,
    drift_tables,
    statistics_since,
)
from persona_pipeline.defs.lineage import lineage_of
from persona_pipeline.defs.metadata import table_spec
from persona_pipeline.defs.partitions import Partitions, days_of, own_days
from persona_pipeline.defs.shop import Shop
from persona_pipeline.defs.targets import label_targets
from persona_pipeline.settings import Settings

LONGEST_WINDOW = 365


def assets(settings: Settings, parts: Partitions) -> list[dg.AssetsDefinition]:
    """features.customer and features.statistic in one step, features.label."""
    year = own_days(LONGEST_WINDOW)
    orders = (behaviour.ORDER_DAY, behaviour.BASKET_ITEM)
    facts = {
        table.name: dg.AssetDep(["facts", table.name], partition_mapping=year)
        for table in (*orders, *activity.TABLES)
    }
    reads = [*facts.values(), behaviour.MAP, clean.CUSTOMER]
    customer = table_spec(Shop(settings).features, parts.daily, reads, snapshot=True)
    statistic = table_spec(behaviour.STATISTIC, parts.daily, [behaviour.FEATURES], snapshot=True)
    label_reads = [facts["order_day"], facts["contact_day"], behaviour.MAP]
    label = table_spec(behaviour.LABEL, parts.daily, label_reads)
    policy = dg.BackfillPolicy.multi_run(31)

    @dg.multi_asset(
        specs=[customer, statistic],
        check_specs=[FEATURE_DRIFT],
        name="features",
        backfill_policy=policy,
        pool="features",
    )
    def features(context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]):
        """Compute the features of every customer at the end of each day, then their statistics."""
        from persona_pipeline.features.customer import snapshot

        days, output = kept_days(context, days_of(context)), shop.lake.output(shop.features)
        with shop.engine() as engine:
            files = snapshot(engine, shop.lake.read, output, shop.catalogue, days)
            lineage = lineage_of(shop, "features", days).get(output.table.full_name)
            results = [commit(shop, output, days, files, lineage)]
            results.append(commit_statistics(shop, engine, days))
            rows = statistics_since(shop, engine, days[-1])
        yield from reported(context, days, results, drift_tables(rows, days[-1]))
        yield drift_check(rows)

    @dg.multi_asset(specs=[label], name="labels", backfill_policy=policy, pool="labels")
    def labels(context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]):
        """What happened in the horizon that ends on each day."""
        from persona_pipeline.engine.protocol import Window
        from persona_pipeline.features.label import labels as write_labels

        days = days_of(context)
        output = shop.lake.output(behaviour.LABEL)
        with shop.engine() as engine:
            window = Window(days[0], days[-1])
            files = write_labels(
                engine, shop.lake.read, output, label_targets(shop.settings), window, shop.start
            )
        return commit(shop, output, days, files, lineage_of(shop, "labels", days).get(output.table.full_name))

    return [features, labels]
