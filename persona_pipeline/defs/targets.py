"""Targets of `[propensity.TARGET]` as the feature and propensity stages take them."""

from typing import TYPE_CHECKING

from persona_pipeline.settings import Settings

if TYPE_CHECKING:
    from persona_pipeline.features.label import Target as LabelTarget
    from persona_pipeline.propensity import Target


def label_targets(settings: Settings) -> "list[LabelTarget]":
    """What labels are computed for.

    Buyers of the last year; customers of two orders seen in half a year; whoever was contacted.
    """
    from persona_pipeline.features.label import BUY_30D, CHURN_60D, RESPOND_30D
    from persona_pipeline.features.label import Target as LabelTarget

    cohorts = {cohort.event: cohort for cohort in (BUY_30D, CHURN_60D, RESPOND_30D)}
    return [
        LabelTarget(
            name,
            goal.horizon_days,
            goal.event,
            minimum_orders=cohorts[goal.event].minimum_orders,
            minimum_recent_orders=cohorts[goal.event].minimum_recent_orders,
            recent_days=cohorts[goal.event].recent_days,
        )
        for name, goal in settings.targets.items()
    ]


def propensity_targets(settings: Settings) -> "list[Target]":
    """What the models are trained for."""
    from persona_pipeline.propensity import standard_target

    return [
        standard_target(name, goal.event, goal.horizon_days, goal.minimum_positives)
        for name, goal in settings.targets.items()
    ]
