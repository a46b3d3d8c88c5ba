"""What a mixture takes the features of segmentation for, by how the catalogue declares them."""

from __future__ import annotations

from persona_pipeline.defs.options import segmentation_options
from persona_pipeline.defs.shop import Shop
from persona_pipeline.settings import Settings


def test_families_are_read_from_the_catalogue(project: Settings) -> None:
    shop = Shop(project)
    assert dict(segmentation_options(project, shop.catalogue).families) == {
        "orders_365d": "count",
        "average_order_value_365d": "money",
        "price_per_unit_365d": "money",
        "products_per_order_365d": "per_order",
        "discounted_order_share_365d": "share",
        "discount_share_365d": "money",
        "refund_share_365d": "money",
        "refunds_per_order_365d": "per_order",
        "weekend_order_share_365d": "share",
    }


def test_what_is_no_count_of_the_years_orders_is_a_value(project: Settings) -> None:
    # a share of another window's orders, days, units that need not be whole, a column that is not there
    names = ("weekend_order_share_90d", "recency_days", "units_per_order_90d", "elsewhere")
    settings = replace_features(project, names)
    families = segmentation_options(settings, Shop(project).catalogue).families
    assert dict(families) == dict.fromkeys(names, "value")


def replace_features(project: Settings, names: tuple[str, ...]) -> Settings:
    section = project.segmentation.model_copy(update={"features": names})
    return project.model_copy(update={"segmentation": section})
