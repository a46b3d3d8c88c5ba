"""Recommendations: neighbours and popularity once a week, lists every day."""

import dagster as dg

from persona_pipeline.contracts import behaviour
from persona_pipeline.contracts import models as tables
from persona_pipeline.defs.commit import commit, kept_days, reported
from persona_pipeline.defs.history import HistoryReader
from persona_pipeline.defs.metadata import table_spec
from persona_pipeline.defs.options import recommendation_options
from persona_pipeline.defs.partitions import Partitions, days_of, last_week, own_days, sundays_of
from persona_pipeline.defs.shop import Shop
from persona_pipeline.settings import Settings

VIEW_DAYS = 30  # RecommendationOptions.view_days; importing the stage here would load numpy
FITTED = (tables.NEIGHBOR, tables.POPULARITY, tables.RECOMMENDER_EVALUATION, tables.RECOMMENDER)


def assets(settings: Settings, parts: Partitions) -> list[dg.AssetsDefinition]:
    """The weekly fit and the daily lists."""
    baskets = dg.AssetDep(
        ["facts", "basket_item"], partition_mapping=own_days(settings.recommendation.window_days)
    )
    views = dg.AssetDep(["facts", "product_view"], partition_mapping=own_days(VIEW_DAYS))
    fit_reads = [dg.AssetDep(["facts", "basket_item"]), dg.AssetDep(["facts", "product_view"]), behaviour.MAP]
    fit_specs = [table_spec(table, parts.weekly, fit_reads) for table in FITTED]
    fitted = [
        dg.AssetDep(["recommendations", name], partition_mapping=last_week())
        for name in ("model", "neighbor", "popularity")
    ]
    daily_spec = table_spec(
        tables.RECOMMENDATION, parts.daily, [baskets, views, behaviour.MAP, *fitted], snapshot=True
    )

    @dg.multi_asset(
        specs=fit_specs,
        name="recommender",
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool="recommender",
    )
    def recommender(context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]):
        """Fit and judge the recommender of each week."""
        from persona_pipeline.defs.weekly import each_week
        from persona_pipeline.recommendation import fit_week

        options = recommendation_options(shop.settings)
        yield from each_week(
            shop,
            FITTED,
            sundays_of(context),
            lambda engine, read, outputs, day: fit_week(engine, read, outputs, day, options),
        )

    @dg.multi_asset(
        specs=[daily_spec],
        name="recommendation",
        backfill_policy=dg.BackfillPolicy.multi_run(31),
        pool="recommendation",
    )
    def recommendation(context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]):
        """What to offer each customer next, from the fit of the last complete week."""
        from persona_pipeline.recommendation import apply_day

        options = recommendation_options(shop.settings)
        days, output = kept_days(context, days_of(context)), shop.lake.output(tables.RECOMMENDATION)
        with shop.engine() as engine:
            read = HistoryReader(shop.lake.read, engine)
            files = [file for day in days for file in apply_day(engine, read, output, day, options)]
        yield from reported(context, days, [commit(shop, output, days, files)])

    return [recommender, recommendation]
