"""Profiles: the wide customer profile, tags and personas of each day."""

import dagster as dg

from persona_pipeline.contracts import models as tables
from persona_pipeline.defs.commit import commit_all, kept_days, outputs_of, reported
from persona_pipeline.defs.metadata import table_spec
from persona_pipeline.defs.partitions import Partitions, days_of, last_week
from persona_pipeline.defs.shop import Shop
from persona_pipeline.settings import Settings

WRITTEN = (tables.CUSTOMER_TAG, tables.PERSONA, tables.CUSTOMER_PROFILE)


def assets(settings: Settings, parts: Partitions) -> list[dg.AssetsDefinition]:
    """profiles.customer_profile, profiles.customer_tag and profiles.persona."""
    reads = [
        dg.AssetDep(["features", "customer"]),
        tables.MEMBERSHIP,
        tables.PREDICTION,
        tables.RECOMMENDATION,
        dg.AssetDep(["segments", "segment"], partition_mapping=last_week()),
        dg.AssetDep(["segments", "segment_profile"], partition_mapping=last_week()),
    ]
    specs = [table_spec(table, parts.daily, reads, snapshot=True) for table in WRITTEN]

    @dg.multi_asset(
        specs=specs, name="profiles", backfill_policy=dg.BackfillPolicy.multi_run(31), pool="profiles"
    )
    def profiles(context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]):
        """Bring together what is known of each customer and of each segment."""
        from persona_pipeline.defs.pictures import drawn
        from persona_pipeline.defs.weekly import each_day
        from persona_pipeline.profiles import profile_day

        days, outputs = kept_days(context, days_of(context)), outputs_of(shop, WRITTEN)
        words = {"currency": shop.settings.project.currency, "described": shop.described}
        with shop.engine() as engine:
            files = each_day(
                days,
                lambda day: profile_day(engine, shop.lake.read, outputs, shop.features, day, **words),
            )
            results = list(commit_all(shop, outputs, days, files))
            pictures = drawn(shop, "profiles", engine, days)
        yield from reported(context, days, results, pictures)

    return [profiles]
