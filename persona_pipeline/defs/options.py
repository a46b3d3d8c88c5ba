"""Settings as the stages take them: their own small option classes."""

from typing import TYPE_CHECKING

from persona_pipeline.settings import Settings

if TYPE_CHECKING:
    from persona_pipeline.affinity import AffinityOptions
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


def segmentation_options(settings: Settings) -> "SegmentationOptions":
    """`[segmentation]` for the segmentation stage."""
    from persona_pipeline.segmentation import SegmentationOptions

    given = settings.segmentation.model_dump()
    if not given["features"]:
        del given["features"]
    return SegmentationOptions(**given, seed=settings.project.seed, currency=settings.project.currency)


def affinity_options(settings: Settings) -> "AffinityOptions":
    """`[affinity]` for the affinity stage."""
    from persona_pipeline.affinity import AffinityOptions

    return AffinityOptions(**settings.affinity.model_dump())


def recommendation_options(settings: Settings) -> "RecommendationOptions":
    """`[recommendation]` for the recommendation stage."""
    from persona_pipeline.recommendation import RecommendationOptions

    return RecommendationOptions(**settings.recommendation.model_dump())
