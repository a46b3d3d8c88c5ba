"""Segments: fitted once a week, applied every day."""

import dagster as dg

from persona_pipeline.contracts import behaviour
from persona_pipeline.contracts import models as tables
from persona_pipeline.contracts.calendar import SUNDAY
from persona_pipeline.defs.commit import commit, kept_days, reported
from persona_pipeline.defs.history import HistoryReader
from persona_pipeline.defs.metadata import table_spec
from persona_pipeline.defs.options import segmentation_options
from persona_pipeline.defs.partitions import Partitions, days_before, days_of, last_week, own_days, sundays_of
from persona_pipeline.defs.shop import Shop
from persona_pipeline.settings import Settings

FITTED = (
    tables.K_CURVE,
    tables.SEGMENT,
    tables.SEGMENT_PROFILE,
    tables.SEGMENT_RULE,
    tables.LINEAGE,
    tables.SEGMENT_FIT,
)


def assets(settings: Settings, parts: Partitions) -> list[dg.AssetsDefinition]:
    """The weekly fit and the daily membership."""
    features = dg.AssetDep(["features", "customer"])
    baskets = [dg.AssetDep(["facts", "basket_item"]), behaviour.MAP]  # the category mix
    itself = dg.AssetDep(["segments", "fit"], partition_mapping=days_before(1))
    fit_specs = [
        table_spec(
            table, parts.weekly, [features, *baskets, *([itself] if table is tables.SEGMENT_FIT else [])]
        )
        for table in FITTED
    ]
    fitted = dg.AssetDep(["segments", "fit"], partition_mapping=last_week())
    membership_spec = table_spec(tables.MEMBERSHIP, parts.daily, [features, *baskets, fitted], snapshot=True)

    moved = dg.AssetDep(["segments", "membership"], partition_mapping=own_days(28))
    transition_spec = table_spec(tables.TRANSITION, parts.daily, [moved], snapshot=True)

    @dg.multi_asset(
        specs=fit_specs,
        name="segmentation",
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool="segmentation",
    )
    def segmentation(context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]):
        """Fit the segmentation of each week on its Sunday, matched to the week before."""
        from persona_pipeline.defs.pictures import illustrate_week
        from persona_pipeline.defs.weekly import each_week
        from persona_pipeline.segmentation import fit_week

        options = segmentation_options(shop.settings, shop.catalogue)
        yield from each_week(
            shop,
            FITTED,
            sundays_of(context),
            lambda engine, read, outputs, day: fit_week(
                engine, read, outputs, shop.features, day, options, shop.models
            ),
            lambda engine, sundays: illustrate_week(context, shop, "segments", engine, sundays),
        )

    @dg.multi_asset(
        specs=[membership_spec],
        name="membership",
        backfill_policy=dg.BackfillPolicy.multi_run(31),
        pool="membership",
    )
    def membership(context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]):
        """Assign every customer to a segment of the last complete week; RFM beside it."""
        from persona_pipeline.segmentation import apply_day

        days, output = kept_days(context, days_of(context)), shop.lake.output(tables.MEMBERSHIP)
        with shop.engine() as engine:
            read = HistoryReader(shop.lake.read, engine)
            files = [
                file
                for day in days
                for file in apply_day(engine, read, output, shop.features, day, shop.models)
            ]
        yield from reported(context, days, [commit(shop, output, days, files)])

    @dg.multi_asset(
        specs=[transition_spec],
        name="transition",
        backfill_policy=dg.BackfillPolicy.multi_run(31),
        pool="transition",
    )
    def transition(context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]):
        """Compare each Sunday's membership with that of four weeks before."""
        from persona_pipeline.defs.pictures import drawn
        from persona_pipeline.segmentation import transitions_of_day

        days, output = kept_days(context, days_of(context)), shop.lake.output(tables.TRANSITION)
        with shop.engine() as engine:
            files = [file for day in days for file in transitions_of_day(engine, shop.lake.read, output, day)]
            written = commit(shop, output, days, files)
            pictures = drawn(shop, "transitions", engine, [day for day in days if day.weekday() == SUNDAY])
        yield from reported(context, days, [written], pictures)

    return [segmentation, membership, transition]
