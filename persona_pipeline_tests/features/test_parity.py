"""Every feature equals the reference on every road: by night, in a range, again later, for one customer."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from persona_pipeline.contracts.behaviour import FEATURES, REFUND
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.features.catalogue import feature_table, load_catalogue
from persona_pipeline.features.customer import for_customers, snapshot
from persona_pipeline_tests.features.histories import FIRST, LAST, build, histories, until
from persona_pipeline_tests.features.history import FolderLake, Row, day
from persona_pipeline_tests.features.known import History, Known
from persona_pipeline_tests.features.reference import features

CATALOGUE = load_catalogue()
TABLE = feature_table(CATALOGUE)
KEYS = ("day", "as_of", "customer_id")
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


def test_the_reference_knows_every_feature() -> None:
    history = {name: [] for name in ("order_line", "product", "customer", "post", "contact", "refund")}
    history |= {"session": [], "product_view": [], "map": []}
    known = set(features(history, "c_a", day(LAST)))
    profile = set(FEATURES.column_names) - set(KEYS)
    assert known == {feature.name for feature in CATALOGUE.outputs} | profile


@settings(max_examples=2, deadline=None, suppress_health_check=SLOW, derandomize=True)
@given(history=histories(least=13))
def test_every_feature_on_every_road(history: History) -> None:
    _check(history)


@pytest.mark.proof
@pytest.mark.timeout(3600)
@settings(max_examples=200, deadline=None, suppress_health_check=SLOW)
@given(history=histories())
def test_every_feature_of_many_histories(history: History) -> None:
    _check(history)


def _check(history: History) -> None:
    first, last = day(FIRST), day(LAST)
    with tempfile.TemporaryDirectory() as folder, DuckDBEngine(Path(folder), threads=1) as engine:
        night = build(Path(folder) / "night", engine, until(history, first))
        later = build(Path(folder) / "later", engine, history)
        together = _snapshot(later, FIRST, LAST)
        of_first = [row for row in together if row["as_of"] == first]
        assert _snapshot(night, FIRST) == of_first, "the night does not give what the range gives"
        assert _snapshot(later, FIRST) == of_first, "the day alone does not give what the range gives"
        one = [str(row["customer_id"]) for row in of_first[-1:]]
        looked_up = for_customers(engine, later.read, CATALOGUE, one, first).to_pylist()
        assert looked_up == of_first[-1:], "the look-up does not give what the range gives"
        known = {**history, "refund": later.rows(REFUND)}
    for row in together:
        _equals_reference(known, row)
    for as_of in (first, last):
        customers = [row["customer_id"] for row in together if row["as_of"] == as_of]
        assert sorted(customers) == Known(known, as_of).customers


def _snapshot(lake: FolderLake, *numbers: int) -> list[Row]:
    days = [day(number) for number in numbers]
    files = snapshot(lake.engine, lake.read, lake.output(TABLE), CATALOGUE, days)
    return lake.rows(TABLE, files=files) if files else []


def _equals_reference(history: History, row: Row) -> None:
    expected = features(history, row["customer_id"], row["as_of"])
    wrong = {name: (row[name], value) for name, value in expected.items() if not same(row[name], value)}
    assert wrong == {}, (row["customer_id"], row["as_of"])


def same(found: object, expected: object) -> bool:
    """Numbers to 1e-9, everything else exactly."""
    if isinstance(expected, int | float | Decimal) and not isinstance(expected, bool):
        if found is None or isinstance(found, str | bool):
            return False
        return float(found) == pytest.approx(float(expected), rel=1e-9, abs=1e-9)  # type: ignore[arg-type]
    return found == expected
