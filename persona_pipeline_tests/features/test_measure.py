"""What a feature is does not depend on how far back others look, or on what is measured with it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from sqlglot import exp

from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.lineage import column_lineage
from persona_pipeline.features.catalogue import feature_table, load_catalogue
from persona_pipeline.features.compiler import compile_steps
from persona_pipeline.features.customer import features_statement, snapshot
from persona_pipeline.features.declaration import read_features
from persona_pipeline.features.feature import Catalogue
from persona_pipeline.features.measure import RECENT_DAYS, passes, reach_of
from persona_pipeline.features.source import SOURCES
from persona_pipeline.features.view import INPUT_COLUMNS
from persona_pipeline_tests.features.histories import FIRST, LAST, build, histories
from persona_pipeline_tests.features.history import FolderLake, Row, day
from persona_pipeline_tests.features.known import History

Kind = tuple[str, str, str | None, str, str]  # source, aggregation, measure, filter, missing
KINDS: list[Kind] = [
    ("order_day", "sum", "orders", "", "zero"),
    ("order_day", "sum", "sales_amount", "", "null"),
    ("order_day", "count", None, "", "null"),
    ("order_day", "count", None, '{ column = "orders", above = 0 }', "zero"),
    ("order_day", "count_distinct", "week_number", "", "null"),
    ("order_day", "max", "gap_days", "", "null"),
    ("basket_item", "count_distinct", "product_id", '{ column = "product_id", differs = "p1" }', "zero"),
    ("basket_item", "count_distinct", "category", "", "zero"),
    ("basket_item", "min", "category", "", "null"),
    ("basket", "max", "products", "", "null"),
    ("web_day", "sum", "visit_days", "", "null"),
    ("web_day", "count", None, '{ column = "sessions", above = 1 }', "zero"),
    ("product_view", "count", None, '{ column = "cart_age_days", below = 30 }', "zero"),
    ("product_view", "count", None, '{ column = "cart_age_days", at_least = 30 }', "zero"),
    ("product_view", "count", None, '{ column = "views", above = 1 }', "zero"),
    ("product_view", "sum", "cart_adds", '{ column = "is_bought_since", equals = false }', "zero"),
    ("product_view", "max", "cart_age_days", "", "null"),
    ("social_day", "sum", "sentiment_sum", "", "null"),
    ("contact_day", "count_distinct", "message", "", "null"),
    ("viewed_category", "top", "views", "", "null"),
    ("session_device", "top_share", "seconds", "", "null"),
    ("mentioned_category", "entropy", "texts", "", "null"),
    ("interest", "top_share", "weight", "", "null"),
]
WINDOWS = (7, 30, 90, 180, "ever")


def _declared(folder: Path, kinds: list[Kind]) -> Catalogue:
    """Every kind with every window, and nothing else."""
    text = '[defaults]\nowner = "team:x"\nsensitivity = "internal"\npurpose = ["analytics"]\n'
    for number, (source, aggregation, measure, filtered, missing) in enumerate(kinds):
        if aggregation in ("count", "count_distinct"):
            kind = "integer"
        elif aggregation == "top":
            kind = "text"
        else:
            shares = aggregation in ("top_share", "entropy")
            kind = "double" if shares else SOURCES[source].columns[str(measure)].value
        measured = "" if measure is None else f'measure = "{measure}"\n'
        windows = ", ".join(f'"{each}"' if each == "ever" else str(each) for each in WINDOWS)
        text += (
            f'[[feature]]\nname = "kind_{number}"\nsource = "{source}"\naggregation = "{aggregation}"\n'
            f'{measured}filter = [{filtered}]\nwindows = [{windows}]\ntype = "{kind}"\nunit = "unit"\n'
            f'missing = "{missing}"\ndescription_en = "{{window}}"\ndescription_zh = "{{window}}"\n'
        )
    file = folder / "features.toml"
    file.write_text(text, encoding="utf-8")
    return Catalogue(tuple(read_features(file)))


@settings(
    max_examples=1,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    derandomize=True,
)
@given(history=histories(least=13))
def test_a_feature_is_the_same_alone_and_among_others(history: History) -> None:
    with tempfile.TemporaryDirectory() as folder, DuckDBEngine(Path(folder), threads=1) as engine:
        lake, catalogue = build(Path(folder) / "lake", engine, history), _declared(Path(folder), KINDS)
        together = _snapshot(lake, catalogue)
        for window in WINDOWS:
            suffix = f"_{window}" if window == "ever" else f"_{window}d"
            of_window = [feature for feature in catalogue.features if feature.name.endswith(suffix)]
            names = ["as_of", "customer_id", *(feature.name for feature in of_window)]
            alone = _snapshot(lake, Catalogue(tuple(of_window)))
            assert alone == [{name: row[name] for name in names} for row in together]


def _snapshot(lake: FolderLake, catalogue: Catalogue) -> list[Row]:
    table = feature_table(catalogue)
    files = snapshot(lake.engine, lake.read, lake.output(table), catalogue, [day(FIRST), day(LAST)])
    names = ["as_of", "customer_id", *(feature.name for feature in catalogue.outputs)]
    return [{name: row[name] for name in names} for row in lake.rows(table, files=files)]


@pytest.mark.parametrize(
    ("source", "aggregation", "measure", "filtered", "missing", "reach"),
    [
        ("order_day", "sum", "orders", "", "null", 30),
        ("order_day", "count", None, "", "zero", 30),
        ("order_day", "count", None, "", "null", None),  # zero where there are older rows, empty where none
        ("product_view", "count", None, "", "zero", 30),
        ("product_view", "count", None, '{ column = "cart_age_days", below = 7 }', "zero", 30),
        ("product_view", "count", None, '{ column = "cart_age_days", below = 90 }', "zero", 90),
        ("product_view", "count", None, '{ column = "cart_age_days", above = 7 }', "zero", None),
        ("product_view", "count", None, '{ column = "views", above = 1 }', "zero", None),
        ("product_view", "sum", "views", "", "zero", None),
        ("product_view", "count", None, '{ column = "cart_age_days", below = 400 }', "zero", None),
    ],
)
def test_how_far_back_rows_are_looked_at(
    tmp_path: Path,
    source: str,
    aggregation: str,
    measure: str | None,
    filtered: str,
    missing: str,
    reach: int | None,
) -> None:
    declared = _declared(tmp_path, [(source, aggregation, measure, filtered, missing)])
    features = [feature for feature in declared.measured if feature.window == 30]
    assert reach_of(features, SOURCES[source]) == reach


def test_a_pass_with_every_customer_stands_first(tmp_path: Path) -> None:
    catalogue = _declared(tmp_path, KINDS)
    for source in SOURCES.values():
        features = tuple(feature for feature in catalogue.measured if feature.source == source.name)
        if not features or source.key is not None:
            continue
        first, *others = passes(features, source)
        longest = first.reach or 10_000
        assert all((each.reach or 10_000) <= longest for each in others)
        assert sorted(feature.name for each in (first, *others) for feature in each.features) == sorted(
            feature.name for feature in features
        )


def test_nothing_is_kept_that_no_later_statement_reads() -> None:
    steps = compile_steps(load_catalogue())
    read: dict[str, set[str]] = {}
    for step in steps:
        for name, columns in step.reads.items():
            read.setdefault(name, set()).update(columns)
    for step in steps[:-1]:
        assert set(step.select.named_selects) == read[step.name] | _of_everybody(step.select)


def _of_everybody(select: exp.Select) -> set[str]:
    """A SELECT of different rows keeps all its columns."""
    return set(select.named_selects) if select.args.get("distinct") else set()


def test_a_window_shows_in_the_lineage_of_its_feature() -> None:
    found = column_lineage(features_statement(load_catalogue()), INPUT_COLUMNS)
    assert found["sessions_90d"] == (("web_day", "event_day"), ("web_day", "sessions"))
    assert found["orders_ever"] == (("order_day", "orders"),)
    assert ("basket_item", "product_no") in found["distinct_products_90d"]


def test_recent_features_read_recent_facts_only() -> None:
    (web,) = [step for step in compile_steps(load_catalogue()) if step.name == "web_day_feature"]
    parts = {each.alias: each.sql(dialect="duckdb") for each in web.select.find_all(exp.CTE)}
    assert f"as_of - {RECENT_DAYS}" in parts[f"web_event_{RECENT_DAYS}d"]
    assert "as_of - " not in parts["web_event"]
