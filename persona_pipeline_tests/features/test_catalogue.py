"""The catalogue: what it holds, how a project extends it, and how its mistakes are told."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path

import pytest
from sqlglot import exp, parse_one

from persona_pipeline.contracts import Purpose, Type
from persona_pipeline.contracts.purpose import NotUsable, check_chosen
from persona_pipeline.contracts.warehouse import feature_columns
from persona_pipeline.features.catalogue import PACKAGED, check_catalogue, feature_table, load_catalogue
from persona_pipeline.features.customer import features_sql, features_statement
from persona_pipeline.features.documentation import DEFAULT, main, markdown
from persona_pipeline.features.feature import Catalogue, CatalogueError
from persona_pipeline.features.view import INPUT_COLUMNS, INPUTS
from persona_pipeline.propensity.target import model_columns, standard_target

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
purpose = ["scoring", "analytics"]
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
purpose = ["analytics"]
"""


def _statement(catalogue: Catalogue) -> exp.Query:
    return parse_one(features_statement(catalogue).sql(dialect="duckdb"), dialect="duckdb").assert_is(
        exp.Query
    )


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
    numbers = {"id_no", "customer_no", "product_no"}
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
        ("windows = [7]", "widows = [7]", r"unknown keys: widows; did you mean 'windows'\?"),
        (
            'source = "order_day"',
            'source = "oder_day"',
            r"'oder_day'; did you mean 'order_day'\? expected one",
        ),
        ('"quantity"', '"quantiti"', r"feature late_units: measure 'quantiti'; did you mean 'quantity'\?"),
        ('"quantity"', '["quantity"]', r"measure \['quantity'\]; order_day has"),
        ('["scoring", "analytics"]', '["scorng"]', r"purpose 'scorng'; did you mean 'scoring'\?"),
        (
            'purpose = ["scoring", "analytics"]',
            "",
            r"expected purpose = a list of .*\[defaults\] may hold it",
        ),
        ('unit = "unit"', 'unit = "a\\nb"', r"expected unit = a text of one line"),
    ],
)
def test_a_mistake_in_a_feature_is_one_clear_error(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        _load(tmp_path, FEATURE.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '"units_30d"',
            '"unit_30d"',
            r"^features.toml: feature units_trend: unknown input 'unit_30d'; did you mean 'units_30d'\?$",
        ),
        ('["analytics"]', '["analytics", "contact"]', r"purpose contact, but its input late_units_7d may be"),
        ('name = "units_trend"', 'name = "label"', r"feature label: the name is taken"),
        ('name = "units_trend"', 'name = "select"', r"feature select: the name is taken"),
        ('name = "units_trend"', 'name = "segment_key"', r"feature segment_key: the name is taken"),
        ('unit = "share"', 'unit = "share"\nprior_weight = 3', r"unknown keys: prior_weight"),
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
    assert not re.search(r"web_|session|social|contact_", str(features_sql(catalogue)))


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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("feature = 3", r"feature is 3; expected tables, \[\[feature\]\]"),
        ('[feature]\nname = "x"', r"expected tables, \[\[feature\]\]"),
        ("defaults = 3", r"defaults is 3; expected a table, \[defaults\]"),
        ("[default]", r"unknown keys: default; did you mean 'defaults'\?"),
        ('[defaults]\npurposes = ["scoring"]', r"unknown keys: purposes; did you mean 'purpose'\?"),
    ],
)
def test_a_mistake_in_a_file_is_one_clear_error(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        _load(tmp_path, text)


def test_a_folder_in_place_of_a_file_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="cannot be read: Is a directory; name a TOML file"):
        load_catalogue(tmp_path)


def test_every_feature_says_what_it_may_be_used_for_and_consent_is_not_learned_from() -> None:
    catalogue = load_catalogue()
    table = feature_table(catalogue)
    assert {purpose for feature in catalogue.features for purpose in feature.about.purposes} == set(Purpose)
    consent = [column for column in table.columns if column.name.startswith("consent_")]
    assert len(consent) == 3
    assert {column.purposes for column in consent} == {(Purpose.ANALYTICS, Purpose.CONTACT)}
    # what tags and profiles decide about contacts is made from these
    deciding = [
        column
        for column in table.columns
        if re.match("consent_m|(contacts|response_share)_[a-z]+_365", column.name)
    ]
    assert len(deciding) == 9
    assert all(column.allows(Purpose.CONTACT) for column in deciding)


def test_models_are_not_given_what_may_not_be_scored_with(tmp_path: Path) -> None:
    extra = FEATURE.replace('["scoring", "analytics"]', '["analytics"]')
    with_it, without = (feature_table(_load(tmp_path, text)) for text in (FEATURE, extra))
    target = standard_target("buy_30d", "order", 30)
    assert "late_units_7d" in model_columns(with_it, target)[0]
    numeric, _ = model_columns(without, target)
    assert "late_units_7d" not in numeric
    assert "consent_marketing" not in numeric
    assert "orders_30d" in numeric
    wanted = dataclasses.replace(target, baseline=("late_units_7d",))
    with pytest.raises(ValueError, match="may not use for scoring: late_units_7d"):
        model_columns(without, wanted)


def test_what_people_may_not_read_is_not_published(tmp_path: Path) -> None:
    table = feature_table(_load(tmp_path, FEATURE.replace('["scoring", "analytics"]', '["scoring"]')))
    published = {column.name for column in feature_columns(table)}
    assert "late_units_7d" not in published
    assert "sessions_7d" in published


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "late_units_7d",
            r"persona.toml names late_units_7d, which may be used for analytics and not for seg",
        ),
        ("late_unit_7d", r"names 'late_unit_7d', which is no column of .*did you mean 'late_units_7d'\?"),
        ("favourite_category", r"names favourite_category, which is text; expected a number"),
    ],
)
def test_a_choice_that_cannot_be_used_is_one_clear_error(tmp_path: Path, name: str, message: str) -> None:
    table = feature_table(_load(tmp_path, FEATURE.replace('["scoring", "analytics"]', '["analytics"]')))
    check_chosen(table, ["orders_30d"], Purpose.SEGMENTATION, "persona.toml")
    with pytest.raises(NotUsable, match=message):
        check_chosen(table, [name], Purpose.SEGMENTATION, "persona.toml")


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
