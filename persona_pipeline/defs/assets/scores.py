"""Propensities: trained once a week with a split by time, applied every day."""

import dagster as dg

from persona_pipeline.contracts import models as tables
from persona_pipeline.defs.commit import commit, kept_days, reported
from persona_pipeline.defs.metadata import table_spec
from persona_pipeline.defs.partitions import Partitions, days_before, days_of, last_week, sundays_of
from persona_pipeline.defs.shop import Shop
from persona_pipeline.defs.targets import propensity_targets
from persona_pipeline.settings import Settings

FITTED = (tables.EVALUATION, tables.LIFT, tables.MODEL)


def assets(settings: Settings, parts: Partitions) -> list[dg.AssetsDefinition]:
    """The weekly training and the daily predictions."""
    features = dg.AssetDep(["features", "customer"])
    training = [features, dg.AssetDep(["features", "label"])]
    itself = dg.AssetDep(["scores", "model"], partition_mapping=days_before(1))
    fit_specs = [
        table_spec(table, parts.weekly, [*training, itself] if table is tables.MODEL else training)
        for table in FITTED
    ]
    champion = dg.AssetDep(["scores", "model"], partition_mapping=last_week())
    prediction_spec = table_spec(tables.PREDICTION, parts.daily, [features, champion], snapshot=True)

    @dg.multi_asset(
        specs=fit_specs, name="training", backfill_policy=dg.BackfillPolicy.single_run(), pool="training"
    )
    def training_step(context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]):
        """Train, calibrate and judge every target of each week; keep what beats its baselines."""
        from persona_pipeline.defs.pictures import illustrate_week
        from persona_pipeline.defs.weekly import each_week
        from persona_pipeline.propensity import fit_week

        seed, goals = shop.settings.project.seed, propensity_targets(shop.settings)
        yield from each_week(
            shop,
            FITTED,
            sundays_of(context),
            lambda engine, read, outputs, day: fit_week(
                engine, read, outputs, shop.features, day, goals, shop.start, shop.models, seed
            ),
            lambda engine, sundays: illustrate_week(context, shop, "scores", engine, sundays),
        )

    @dg.multi_asset(
        specs=[prediction_spec],
        name="prediction",
        backfill_policy=dg.BackfillPolicy.multi_run(31),
        pool="prediction",
    )
    def prediction(context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]):
        """Score every eligible customer with the champion of the last complete week."""
        from persona_pipeline.propensity import apply_day

        days, output = kept_days(context, days_of(context)), shop.lake.output(tables.PREDICTION)
        with shop.engine() as engine:
            files = [
                file
                for day in days
                for file in apply_day(engine, shop.lake.read, output, shop.features, day, shop.models)
            ]
        yield from reported(context, days, [commit(shop, output, days, files)])

    return [training_step, prediction]
