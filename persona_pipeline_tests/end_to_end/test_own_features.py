"""A feature of a project's own, added while it runs: from the next day on it is everywhere, never before."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal

import pytest
import sqlalchemy as sa

from persona_pipeline.defs.build import build
from persona_pipeline.defs.metadata import asset_key
from persona_pipeline.defs.options import segmentation_options
from persona_pipeline.defs.shop import Shop
from persona_pipeline.defs.targets import propensity_targets
from persona_pipeline.profiles.summary import summarise
from persona_pipeline.propensity.blocks import Blocks
from persona_pipeline.propensity.frame import training_frame
from persona_pipeline.segmentation.rules import Condition, Rule
from persona_pipeline_tests.end_to_end.conftest import MONDAY, SUNDAY
from persona_pipeline_tests.end_to_end.projects import Project
from persona_pipeline_tests.features.history import Row

OWN = "large_baskets_30d"
CATALOGUE = """
[defaults]
owner = "team:shop"
sensitivity = "personal"
purpose = ["analytics", "segmentation", "scoring"]

[[feature]]
name = "large_baskets"
description_en = "Baskets of three products or more {window}"
description_zh = "{window}内含三种及以上商品的购物篮数"
source = "basket"
aggregation = "count"
filter = [{ column = "products", at_least = 3 }]
windows = [30]
type = "integer"
unit = "basket"
missing = "zero"

[[derived]]
name = "large_basket_share"
description_en = "Share of orders with three products or more {window}"
description_zh = "{window}内含三种及以上商品的订单比例"
operation = "share"
numerator = "large_baskets_{window}"
denominator = "orders_{window}"
windows = [30]
type = "double"
unit = "share"
missing = "null"
purpose = ["analytics"]
"""
SETTINGS = f"""
[features]
catalogue = "features.toml"

[segmentation]
features = ["{OWN}", "orders_365d", "average_order_value_365d"]

[propensity.buy_1d]
event = "order"
horizon_days = 1
"""


@pytest.fixture(scope="module")
def project(history: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The shop of 20 days, which gets a feature of its own and runs a Sunday and a Monday with it."""
    project = history.copy(tmp_path_factory.mktemp("own") / "shop")
    (project.directory / "features.toml").write_text(CATALOGUE, encoding="utf-8")
    with (project.directory / "persona.toml").open("a", encoding="utf-8") as file:
        file.write(SETTINGS)
    return project.run(SUNDAY).run(MONDAY)


def large_baskets(project: Project, as_of: dt.date) -> dict[str, int]:
    """By customer, counted here from the facts: orders of 30 days with three products or more."""
    owner = {}
    identities: list[Row] = project.rows("identity.map")
    for row in sorted(identities, key=lambda row: row["day"]):
        if row["day"] <= as_of:
            owner[row["id_kind"], row["id"]] = row["customer_id"]
    units: dict[tuple, Decimal] = defaultdict(Decimal)
    items: list[Row] = project.rows("facts.basket_item")
    for row in items:
        customer = owner.get((row["id_kind"], row["id"]))
        recent = as_of - dt.timedelta(days=30) < row["event_day"] <= as_of
        if row["day"] <= as_of and recent and customer is not None:
            units[customer, row["order_id"], row["event_day"], row["product_id"], row["category"]] += row[
                "quantity"
            ]
    products: dict[tuple, set] = defaultdict(set)
    for (customer, order, on, product, _), quantity in units.items():
        if quantity > 0:
            products[customer, order, on].add(product)
    counted: dict[str, int] = dict.fromkeys((name for name in owner.values() if name), 0)
    for (customer, _, _), names in products.items():
        counted[customer] += len(names) >= 3
    return counted


def test_the_table_has_it_from_the_next_day_on_and_reads_as_empty_before(project: Project) -> None:
    table = project.lake(["features.customer"])["features.customer"]
    assert table.column_names[-2:] == [OWN, "large_basket_share_30d"]
    found = table.select(["as_of", "customer_id", OWN]).to_pylist()
    for day in (SUNDAY, MONDAY):
        counted = {row["customer_id"]: row[OWN] for row in found if row["as_of"] == day}
        assert counted == large_baskets(project, day)
        assert any(counted.values())
    before = [row[OWN] for row in found if row["as_of"] < SUNDAY]
    assert before
    assert set(before) == {None}


def test_models_of_the_weeks_before_still_apply_and_the_next_ones_know_it(
    project: Project, history: Project
) -> None:
    fits = {row["day"]: row for row in project.rows("segments.fit")}
    earlier = SUNDAY - dt.timedelta(days=7)
    assert fits[earlier] == {row["day"]: row for row in history.rows("segments.fit")}[earlier]
    models = {row["as_of"]: row["model_id"] for row in project.rows("segments.membership")}
    assert models[SUNDAY] == fits[earlier]["model_id"]
    assert models[MONDAY] == fits[SUNDAY]["model_id"]
    evidence = {row["feature"] for row in project.rows("segments.segment_profile") if row["day"] == SUNDAY}
    assert OWN in evidence


def test_models_are_trained_with_it(project: Project) -> None:
    shop = Shop(project.settings)
    (target,) = [each for each in propensity_targets(project.settings) if each.name == "buy_1d"]
    with shop.engine() as engine:
        # the week before was written without it, and no label of the new target is known of it
        blocks = Blocks((SUNDAY - dt.timedelta(days=7),), SUNDAY, SUNDAY, 1)
        frame = training_frame(engine, shop.lake.read, shop.features, target, blocks)
    counted = large_baskets(project, SUNDAY)
    assert len(frame) > 0
    assert [counted[name] for name in frame["customer_id"]] == frame[OWN].tolist()
    assert "large_basket_share_30d" not in frame, "its purpose does not include scoring"


def test_dagster_shows_its_column_and_where_it_comes_from(project: Project) -> None:
    from persona_pipeline.defs.lineage import features_lineage

    shop = Shop(project.settings)
    (spec,) = [
        spec
        for spec in build(project.settings).resolve_all_asset_specs()
        if spec.key == asset_key(shop.features)
    ]
    columns = {column.name: column for column in spec.metadata["dagster/column_schema"].columns}
    assert columns[OWN].description == "Baskets of three products or more in the last 30 days"
    assert columns[OWN].tags["sensitivity"] == "personal"
    assert {name for name in columns[OWN].tags if name.startswith("purpose/")} == {
        "purpose/analytics", "purpose/segmentation", "purpose/scoring",
    }  # fmt: skip
    lineage = features_lineage(shop.catalogue)["dagster/column_lineage"].deps_by_column[OWN]
    assert {f"{each.asset_key.to_user_string()}.{each.column_name}" for each in lineage} >= {
        "facts/basket_item.product_id"
    }


def test_bi_and_the_report_show_it(project: Project) -> None:
    database = sa.create_engine(project.settings.warehouse_url, poolclass=sa.NullPool)
    with database.connect() as connection:
        rows = connection.execute(sa.text(f"SELECT customer_id, {OWN} FROM v_customer_profile")).all()  # noqa: S608
    assert {row[0]: row[1] for row in rows} == large_baskets(project, MONDAY)
    report = (project.directory / "report" / "index.html").read_text(encoding="utf-8")
    assert '<span class="feature">Baskets of three products or more in the last 30 days</span>' in report
    assert '<span class="feature">最近 30 天内含三种及以上商品的购物篮数</span>' in report
    assert OWN.replace("_", " ") not in report


def test_the_words_of_segments_describe_it(project: Project) -> None:
    shop = Shop(project.settings)
    options = segmentation_options(project.settings, shop.catalogue)
    rule = Rule((Condition(OWN, 2, whole=True),), 1, None, None)
    assert [rule.text(language, options.currency, options.described) for language in ("en", "zh")] == [
        "Baskets of three products or more in the last 30 days 3 or more",
        "最近 30 天内含三种及以上商品的购物篮数不少于 3",
    ]
    rows: list[Row] = project.rows("segments.segment_profile")
    evidence = [{**row, "difference": 1.0} for row in rows if row["day"] == SUNDAY and row["feature"] == OWN]
    summaries = summarise(evidence, options.currency, shop.described)
    assert len(summaries) > 1
    for english, chinese in summaries.values():
        assert english.startswith("Baskets of three products or more in the last 30 days ")
        assert chinese.startswith("最近 30 天内含三种及以上商品的购物篮数 ")


def test_the_project_has_a_page_of_it(project: Project) -> None:
    page = project.directory / "features.md"
    assert project.persona("features", "--markdown", page) == 0
    assert f"| `{OWN}` | Baskets of three products or more in the last 30 days |" in page.read_text("utf-8")
