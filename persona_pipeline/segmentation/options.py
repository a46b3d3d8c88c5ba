"""What can be set about segmentation, with the defaults. Not here: where the settings come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from persona_pipeline.contracts.segments import check_algorithm
from persona_pipeline.contracts.titles import Descriptions

# Behaviour only: no age, gender, region or income unless the project lists them. How somebody buys, not how
# long ago:
# recency and tenure would split every kind of customer into early and late ones; RFM and the life cycle
# tags say that.
DEFAULT_FEATURES = (
    "orders_365d",
    "average_order_value_365d",
    "price_per_unit_365d",
    "products_per_order_365d",
    "discounted_order_share_365d",
    "discount_share_365d",
    "refund_share_365d",
    "refunds_per_order_365d",
    "weekend_order_share_365d",
)
# of a feature, as a mixture weighs it (evidence.py)
FAMILIES = ("share", "per_order", "count", "value", "money")


class NotEnoughData(Exception):
    """Too few customers, too few that differ, or no two segments; the message has the numbers."""


@dataclass(frozen=True, slots=True)
class SegmentationOptions:
    """How a week is fitted.

    `algorithm` is one of SEGMENT_ALGORITHMS; `k` fixes the number of segments, of which density-based
    algorithms have as many as there are dense regions.
    `families` says of features what a mixture takes them for; of the others, that they are values.
    `category_mix` adds what the customer buys: the products of up to `categories` product categories of the
    last 365 days, and of each band of price.
    `k_margin` is the hysteresis: another k replaces last week's only if its silhouette is higher by this
    share; of a mixture, if it adds half this share to what segments explain.
    Segments are learned from customers with at least `established_orders` orders in 365 days, if that is
    half of them or more, and everybody gets one: a single order says little about how somebody buys. A
    mixture learns from everybody, and weighs what each customer did.
    `bootstrap` is the number of resamples behind the stability figures. Above `sample` customers, k is
    scanned on a sample and only the chosen k is refined on everybody. `currency` stands before amounts in the
    words of a rule, `described` is what the catalogue says of features.
    """

    features: tuple[str, ...] = DEFAULT_FEATURES
    families: Mapping[str, str] = field(default_factory=dict)
    algorithm: str = "mixture"
    k: int | None = None
    category_mix: bool = True
    categories: int = 20
    k_min: int = 2
    k_max: int = 12
    minimum_customers: int = 100
    established_orders: int = 3
    seed: int = 0
    bootstrap: int = 10
    sample: int = 20_000
    silhouette_sample: int = 2_000
    k_margin: float = 0.1
    currency: str = ""
    described: Descriptions = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.features or len(set(self.features)) != len(self.features):
            raise ValueError(f"segmentation needs features, each named once; got {self.features}")
        if not 2 <= self.k_min <= self.k_max:
            raise ValueError(f"segmentation needs 2 <= k_min <= k_max; got {self.k_min} .. {self.k_max}")
        if unknown := set(self.families.values()) - set(FAMILIES):
            raise ValueError(f"unknown families {sorted(unknown)}; known: {', '.join(FAMILIES)}")
        check_algorithm(self.algorithm, self.k)
