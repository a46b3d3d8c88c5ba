"""Profiles: the wide customer profile, tags and personas of each day."""

import functools

import dagster as dg

from persona_pipeline.contracts import behaviour, clean
from persona_pipeline.contracts import models as tables
from persona_pipeline.defs.commit import commit_all, kept_days, outputs_of, reported
from persona_pipeline.defs.history import HistoryReader
from persona_pipeline.defs.metadata import table_spec
from persona_pipeline.defs.partitions import Partitions, days_of, last_week, own_days
from persona_pipeline.defs.shop import Shop
from persona_pipeline.settings import Settings

WRITTEN = (tables.CUSTOMER_TAG, tables.PERSONA, tables.PERSONA_NEED, tables.CUSTOMER_PROFILE)
WEEK = 7  # the window of the rules ends on the Sunday before


def assets(settings: Settings, parts: Partitions) -> list[dg.AssetsDefinition]:
    """profiles.customer_profile, customer_tag, persona and persona_need."""
    reads = [
        dg.AssetDep(["features", "customer"]),
        tables.MEMBERSHIP,
        tables.PREDICTION,
        tables.RECOMMENDATION,
        dg.AssetDep(["segments", "segment"], partition_mapping=last_week()),
        dg.AssetDep(["segments", "segment_profile"], partition_mapping=last_week()),
    ]
    baskets = own_days(settings.affinity.window_days + WEEK)
    counted = [
        dg.AssetDep(["rules", "rule"], partition_mapping=last_week()),
        dg.AssetDep(["facts", "basket_item"], partition_mapping=baskets),
        behaviour.MAP,
        clean.PRODUCT,
    ]
    specs = [
        table_spec(
            table,
            parts.daily,
            [*reads, *(counted if table is tables.PERSONA_NEED else [])],
            snapshot=True,
        )
        for table in WRITTEN
    ]

    @dg.multi_asset(
        specs=specs, name="profiles", backfill_policy=dg.BackfillPolicy.multi_run(31), pool="profiles"
    )
    def profiles(context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]):
        """Bring together what is known of each customer and of each segment."""
        from persona_pipeline.defs.pictures import drawn
        from persona_pipeline.defs.weekly import each_day
        from persona_pipeline.profiles import profile_day

        days, outputs = kept_days(context, days_of(context)), outputs_of(shop, WRITTEN)
        said = functools.partial(
            profile_day,
            currency=shop.settings.project.currency,
            described=shop.described,
            rule_days=shop.settings.affinity.window_days,
        )
        with shop.engine() as engine:
            read = HistoryReader(shop.lake.read, engine)
            files = each_day(days, lambda day: said(engine, read, outputs, shop.features, day))
            results = list(commit_all(shop, outputs, days, files))
            pictures = drawn(shop, "profiles", engine, days)
        yield from reported(context, days, results, pictures)

    return [profiles]
