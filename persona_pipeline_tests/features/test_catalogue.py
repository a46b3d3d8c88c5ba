"""The catalogue: what it holds, how a project extends it, and how its mistakes are told."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from sqlglot import exp, parse_one

from persona_pipeline.contracts import Type
from persona_pipeline.features.catalogue import PACKAGED, check_catalogue, feature_table, load_catalogue
from persona_pipeline.features.customer import features_sql
from persona_pipeline.features.documentation import DEFAULT, main, markdown
from persona_pipeline.features.feature import Catalogue, CatalogueError
from persona_pipeline.features.view import INPUT_COLUMNS, INPUTS

FEATURE = """
[[feature]]
name = "late_units"
description_en = "Units {window}"
description_zh = "{window}件数"
source = "order_day"
aggregation = "sum"
measure = "quantity"
windows = [7]
type = "decimal"
unit = "unit"
missing = "zero"
owner = "team:x"
sensitivity = "personal"
"""
DERIVED = """
[[derived]]
name = "units_trend"
description_en = "Units of 7 days in 30"
description_zh = "7 天件数占 30 天比例"
operation = "share"
numerator = "late_units_7d"
denominator = "units_30d"
window = 30
type = "double"
unit = "share"
missing = "null"
owner = "team:x"
sensitivity = "internal"
"""


def _statement(catalogue: Catalogue) -> exp.Query:
    return parse_one(features_sql(catalogue), dialect="duckdb").assert_is(exp.Query)


def _load(tmp_path: Path, text: str) -> Catalogue:
    path = tmp_path / "features.toml"
    path.write_text(text, encoding="utf-8")
    return load_catalogue(path)


def test_the_packaged_catalogue_holds_at_least_forty_features() -> None:
    catalogue = load_catalogue()
    assert len(catalogue.outputs) >= 40
    names = {feature.name for feature in catalogue.outputs}
    assert names >= {"recency_days", "tenure_days", "orders_365d", "sales_365d", "favourite_category"}
    assert names >= {"average_order_value_365d", "discount_share_365d", "refund_share_365d"}
    assert not [f.name for f in catalogue.features if "{" in f.about.description_en + f.about.description_zh]


def test_the_statement_gives_exactly_the_columns_of_the_contract() -> None:
    catalogue = load_catalogue()
    table = feature_table(catalogue)
    statement = _statement(catalogue)
    assert statement.named_selects == list(table.column_names)
    assert all(isinstance(star.parent, exp.Count) for star in statement.find_all(exp.Star))
    assert table.column("discount_share_365d").maximum == 1
    assert table.column("orders_7d").type is Type.INTEGER


def test_the_statement_reads_only_the_columns_it_declares() -> None:
    statement = _statement(load_catalogue())
    read = {
        (column.table, column.name) for column in statement.find_all(exp.Column) if column.table in INPUTS
    }
    assert read == {(name, column) for name, columns in INPUT_COLUMNS.items() for column in columns}
    numbers = {"id_no", "customer_no"}
    assert {
        name: set(columns) - numbers <= set(INPUTS[name].column_names)
        for name, columns in INPUT_COLUMNS.items()
    } == (dict.fromkeys(INPUTS, True))


def test_a_project_adds_features_that_build_on_packaged_ones(tmp_path: Path) -> None:
    catalogue = _load(tmp_path, FEATURE + DERIVED)
    statement = _statement(catalogue)
    assert statement.named_selects[-1] == "units_trend"
    assert "late_units_7d" in statement.named_selects


def test_values_of_filters_become_literals_never_sql(tmp_path: Path) -> None:
    text = FEATURE.replace('source = "order_day"', 'source = "basket_item"').replace(
        "windows", 'filter = [{ column = "category", equals = "x\' OR 1=1 --" }]\nwindows'
    )
    statement = _statement(_load(tmp_path, text))
    assert "x' OR 1=1 --" in {literal.this for literal in statement.find_all(exp.Literal)}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "late_units"', 'name = "Late"', r"expected a name that matches"),
        ("windows = [7]", "windows = [8]", r"window 8; expected one of 1, 7, 30"),
        ("windows = [7]", 'windows = [7]\nwindow = "ever"', r"either windows = \[...\] or window"),
        ('measure = "quantity"', 'measure = "price"', r"measure 'price'; order_day has: age_days"),
        ('aggregation = "sum"', 'aggregation = "mean"', r"aggregation is 'mean'; expected one of sum, count"),
        ('type = "decimal"', 'type = "integer"', r"type is integer, but this gives decimal"),
        ('missing = "zero"', "", r"missing"),
        ('owner = "team:x"', 'owner = "team:x"\ncolour = "red"', r"unknown keys: colour"),
        (
            "windows = [7]",
            "windows = [7]\nhidden = true",
            r"hidden features that nothing uses: late_units_7d",
        ),
        (
            "windows = [7]",
            'windows = [7]\nfilter = [{ column = "orders", above = "0" }]',
            r"expected integer",
        ),
        ("windows = [7]", 'windows = [7]\nfilter = [{ column = "orders", over = 0 }]', r"comparison 'over'"),
        (
            "windows = [7]",
            'windows = [7]\nfilter = [{ column = "colour", above = 0 }]',
            r"filter on 'colour'",
        ),
        ('name = "late_units"', 'name = "units"\nwindow = 7\nX', r"not a TOML file"),
    ],
)
def test_a_mistake_in_a_feature_is_one_clear_error(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        _load(tmp_path, FEATURE.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"units_30d"', '"unit_30d"', r"feature units_trend: unknown input 'unit_30d'"),
        ('"units_30d"', '"favourite_category"', r"input favourite_category is text, expected a number"),
        ('"units_30d"', '"units_trend"', r"features that need themselves: units_trend -> units_trend"),
        ('denominator = "units_30d"', "", r"share needs denominator"),
        ('operation = "share"', 'operation = "sql"', r"operation is 'sql'; expected one of ratio, share"),
        ('name = "units_trend"', 'name = "orders_30d"', r"features named twice: orders_30d"),
        ('name = "units_trend"', 'name = "age_band"', r"features named twice: age_band"),
    ],
)
def test_a_mistake_in_a_derived_feature_is_one_clear_error(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(CatalogueError, match=message):
        _load(tmp_path, FEATURE + DERIVED.replace(old, new))


ORDERS_ONLY = frozenset({"orders", "products"})


def test_a_project_with_orders_only_gets_what_the_first_part_of_the_catalogue_holds() -> None:
    catalogue = load_catalogue(available=ORDERS_ONLY)
    listed = tomllib.loads(PACKAGED[0].read_text(encoding="utf-8"))
    count = sum(
        len(entry.get("windows", [0]))
        for entry in (*listed["feature"], *listed["derived"])
        if not entry.get("hidden")
    )
    assert len(catalogue.outputs) == count
    assert {name for name, _ in catalogue.left_out} == {
        feature.name for feature in load_catalogue().outputs
    } - {feature.name for feature in catalogue.outputs}
    assert not re.search(r"web_|session|social|contact_", features_sql(catalogue))


def test_features_without_their_source_are_left_out_with_those_derived_from_them() -> None:
    catalogue = load_catalogue(available=frozenset({"web", "customers"}))
    sources = {feature.source for feature in catalogue.measured}
    assert sources == {
        "web_day",
        "product_view",
        "viewed_category",
        "session_daypart",
        "session_device",
        "session_channel",
        "customer_record",
        "interest",
    }
    reasons = dict(catalogue.left_out)
    assert reasons["average_order_value_90d"] == "needs a source of kind orders"
    assert reasons["response_share_sms_365d"] == "needs a source of kind campaigns"
    assert {"sessions_30d", "consent_marketing", "top_interest"} <= {f.name for f in catalogue.outputs}
    assert check_catalogue(list(catalogue.features)).features == catalogue.features
    assert _statement(catalogue).named_selects == list(feature_table(catalogue).column_names)


def test_an_unknown_kind_of_source_is_an_error() -> None:
    with pytest.raises(CatalogueError, match="unknown kinds of sources: shop; known: campaigns, customers"):
        load_catalogue(available=frozenset({"shop"}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("prior_weight = 5", ""), "shrunk_share needs prior_weight"),
        (("prior_weight = 5", "prior_weight = 0.5"), "shrunk_share needs prior_weight"),
        (("contacts_90d", "orders_90d"), "shrunk_share needs two sums of one source"),
        (('"shrunk_share"', '"share"'), "unknown keys: prior_weight"),
    ],
)
def test_a_mistake_in_a_shrunken_share_is_one_clear_error(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    derived = (
        DERIVED.replace('operation = "share"', 'operation = "shrunk_share"\nprior_weight = 5')
        .replace('"late_units_7d"', '"responses_90d"')
        .replace('"units_30d"', '"contacts_90d"')
    )
    _load(tmp_path, derived)
    with pytest.raises(CatalogueError, match=message):
        _load(tmp_path, derived.replace(*change))


def test_a_missing_file_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="no feature catalogue at"):
        load_catalogue(tmp_path / "none.toml")


def test_the_page_of_features_is_current_and_names_every_feature(tmp_path: Path) -> None:
    page = markdown(load_catalogue())
    assert DEFAULT.read_text(encoding="utf-8") == page, (
        "run: python -m persona_pipeline.features.documentation"
    )
    assert all(f"| `{feature.name}` |" in page for feature in load_catalogue().features)
    stale = tmp_path / "features.md"
    assert main([str(stale), "--check"]) == 1
    assert main([str(stale)]) == 0
    assert main([str(stale), "--check"]) == 0
