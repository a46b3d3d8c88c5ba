"""What the recommender may be told. Not here: reading it from a settings file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RecommendationOptions:
    """Windows, sizes and limits.

    Attributes:
        window_days: purchases of this many days are looked at.
        neighbors: neighbours kept per product.
        length: offers per customer.
        shrink: added to both customer counts under the root of the cosine, so that rare pairs count less.
        recent_days: window of popularity.
        test_days: last days of the known data, kept for judging.
        half_life_days: age at which a purchase counts half, for buy-again and item-item.
        view_days: a product is offered again for this many days after it was last looked at.
        view_half_life_days: age at which a view counts half.
        minimum_customers: refuse below this many customers with a purchase in the window.
        minimum_judged: without this many customers to judge on, the popular list comes first.
        block: customers scored at a time.
    """

    window_days: int = 180
    neighbors: int = 50
    length: int = 10
    shrink: float = 10.0
    recent_days: int = 30
    test_days: int = 28
    half_life_days: float = 90.0
    view_days: int = 30
    view_half_life_days: float = 10.0
    minimum_customers: int = 50
    minimum_judged: int = 30
    block: int = 4096
