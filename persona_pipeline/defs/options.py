"""Settings as the stages take them: their own small option classes."""

from dataclasses import replace
from typing import TYPE_CHECKING

from persona_pipeline.contracts import Type
from persona_pipeline.settings import Settings

if TYPE_CHECKING:
    from persona_pipeline.affinity import AffinityOptions
    from persona_pipeline.features.feature import Catalogue
    from persona_pipeline.identity import IdentityOptions
    from persona_pipeline.recommendation import RecommendationOptions
    from persona_pipeline.segmentation import SegmentationOptions


def identity_options(settings: Settings) -> "IdentityOptions":
    """`[identity]` for the identity stage; the values of the deny-list become pseudonyms."""
    from persona_pipeline.identity import IdentityOptions, Limits, denied_ids

    given = settings.identity
    return IdentityOptions(
        denied=denied_ids(settings.key.get_secret_value(), {**given.deny}),
        limits=Limits(shared_after=given.shared_after, largest_cluster=given.largest_cluster),
        order_days=settings.redelivery_days,
    )


def segmentation_options(settings: Settings, catalogue: "Catalogue") -> "SegmentationOptions":
    """`[segmentation]` for the segmentation stage; what features count is read from their declarations."""
    from persona_pipeline.features.catalogue import descriptions
    from persona_pipeline.segmentation import SegmentationOptions

    given = settings.segmentation.model_dump()
    if not given["features"]:
        del given["features"]
    project = settings.project
    told = {"currency": project.currency, "described": descriptions(catalogue)}
    options = SegmentationOptions(**given, **told, seed=project.seed)
    return replace(options, families={name: _family(catalogue, name) for name in options.features})


def _family(catalogue: "Catalogue", name: str) -> str:
    """What a mixture takes a feature for; shares of other things than the orders of a year are values."""
    from persona_pipeline.features.feature import Derived, Measured

    if name not in catalogue:
        return "value"
    feature = catalogue[name]
    measured = [one for one in catalogue.needed(name).features if isinstance(one, Measured)]
    if any(one.about.unit == "currency" for one in measured):
        return "money"
    whole = all(one.about.type is Type.INTEGER for one in measured)
    if whole and isinstance(feature, Measured) and feature.aggregation in ("sum", "count", "count_distinct"):
        return "count"
    if whole and isinstance(feature, Derived) and feature.inputs[-1] in ("orders_365d", "baskets_365d"):
        return {"share": "share", "ratio": "per_order"}.get(feature.operation, "value")
    return "value"


def affinity_options(settings: Settings) -> "AffinityOptions":
    """`[affinity]` for the affinity stage."""
    from persona_pipeline.affinity import AffinityOptions

    return AffinityOptions(**settings.affinity.model_dump())


def recommendation_options(settings: Settings) -> "RecommendationOptions":
    """`[recommendation]` for the recommendation stage."""
    from persona_pipeline.recommendation import RecommendationOptions

    return RecommendationOptions(**settings.recommendation.model_dump())
