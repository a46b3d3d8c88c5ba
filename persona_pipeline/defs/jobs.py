"""The two jobs: what runs every night, and what is trained every week."""

import dagster as dg

NIGHTLY = "nightly"
TRAINING = "weekly_training"


def jobs() -> list:
    """The nightly job of all daily assets and the weekly job of all fits."""
    weekly = dg.AssetSelection.tag("persona/cadence", "weekly")
    return [
        dg.define_asset_job(
            NIGHTLY,
            dg.AssetSelection.all() - weekly,
            description="Yesterday's files to a published warehouse.",
        ),
        dg.define_asset_job(
            TRAINING,
            weekly,
            description="Segments, rules, propensities and recommender of the week that ended on Sunday.",
        ),
    ]
