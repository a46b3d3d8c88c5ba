"""Responses: everybody is scored, those contacted are learned from, past response has to be beaten."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from persona_pipeline.contracts import Column, Type
from persona_pipeline.contracts.behaviour import FEATURES, LABEL
from persona_pipeline.contracts.models import EVALUATION, LIFT, MODEL, PREDICTION
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.protocol import Output
from persona_pipeline.lake.model_store import FileModelStore
from persona_pipeline.propensity import apply_day, fit_week, standard_target
from persona_pipeline_tests.propensity.shop import START, Lake, feature_rows

NAMES = ("contacts_365d", "responses_365d", "response_share_365d", "last_response_days")
VISITS = ("sessions_30d", "searches_90d", "product_views_30d")  # one column alone would look like a leak
CONTACTED = FEATURES.with_columns(
    Column(name, Type.DOUBLE, name, nullable=True) for name in (*NAMES, *VISITS)
)
SUNDAY = START + dt.timedelta(days=209)
CUSTOMERS = 1_200
RESPOND = standard_target("respond_30d", "response", 30)


def _fill(lake: Lake, informative: bool) -> None:
    """Half of the customers are contacted in each horizon; visits tell who answers, if `informative`."""
    rng = np.random.default_rng(11)
    liking = rng.normal(size=CUSTOMERS)
    ids = np.array([f"c_{number:05d}" for number in range(CUSTOMERS)])
    for number in range(6, (SUNDAY - START).days + 1, 7):
        as_of = START + dt.timedelta(days=number)
        contacts = rng.poisson(2, CUSTOMERS)
        responses = rng.binomial(contacts, 0.2)
        mean = np.exp(1 + liking) if informative else np.full(CUSTOMERS, 3.0)
        values = {
            "customer_id": ids,
            "contacts_365d": contacts.astype(float),
            "responses_365d": responses.astype(float),
            "response_share_365d": (responses + 2) / (contacts + 10),
            "last_response_days": np.where(responses > 0, 9.0, np.nan),
            **{name: rng.poisson(mean).astype(float) for name in VISITS},
        }
        lake.write(CONTACTED, as_of, feature_rows(as_of, values))
        known = as_of + dt.timedelta(days=30)
        if known <= SUNDAY:
            reached = rng.random(CUSTOMERS) < 0.5
            answers = rng.random(CUSTOMERS) < 1 / (1 + np.exp(1.5 - 1.5 * liking))
            rows = {"day": [known], "as_of": [as_of], "target": ["respond_30d"], "horizon_days": [30]}
            columns = {name: value * int(reached.sum()) for name, value in rows.items()}
            label = {"customer_id": ids[reached], "label": answers[reached]}
            lake.add_label(known, pa.table(columns | label))


def _week(lake: Lake, engine: DuckDBEngine, folder: Path, store: FileModelStore) -> dict[str, list[dict]]:
    tables = (MODEL, EVALUATION, LIFT)
    outputs = {table.full_name: Output(table, folder / table.name, 0) for table in tables}
    written = fit_week(engine, lake.read, outputs, CONTACTED, SUNDAY, [RESPOND], START, store, 7)
    for table in tables:
        for file in written[table.full_name]:
            lake.files[table.full_name, SUNDAY] = str(file.path)
    return {
        table.name: engine.fetch("SELECT * FROM t", {"t": lake.read(table, SUNDAY, SUNDAY)}).to_pylist()
        for table in tables
    }


@pytest.mark.parametrize("informative", [True, False])
def test_a_model_of_responses_must_beat_past_response(
    engine: DuckDBEngine, tmp_path: Path, store: FileModelStore, informative: bool
) -> None:
    lake = Lake(tmp_path)
    _fill(lake, informative)
    rows = _week(lake, engine, tmp_path / "out", store)
    (model,) = rows["model"]
    tested = {row["algorithm"] for row in rows["evaluation"] if row["sample"] == "test"}
    assert {"majority", "past_response", "contact_logistic"} < tested
    assert model["status"] == ("promoted" if informative else "none"), model["status_reason"]
    if not informative:
        assert " of past_response" in model["status_reason"] or " of majority" in model["status_reason"]
        return
    monday = SUNDAY + dt.timedelta(days=1)
    lake.files[CONTACTED.full_name, monday] = lake.files[CONTACTED.full_name, SUNDAY]
    output = Output(PREDICTION, tmp_path / "prediction", 0)
    scored = apply_day(engine, lake.read, output, CONTACTED, monday, store)
    assert sum(file.rows for file in scored) == CUSTOMERS  # also those whom nobody has contacted yet


def test_too_few_contacts_are_a_refusal_with_numbers(
    engine: DuckDBEngine, tmp_path: Path, store: FileModelStore
) -> None:
    lake = Lake(tmp_path)
    _fill(lake, informative=True)
    for key in [key for key in lake.files if key[0] == LABEL.full_name]:
        del lake.files[key]
    (model,) = _week(lake, engine, tmp_path / "out", store)["model"]
    assert (model["status"], model["status_reason"][:16]) == ("none", "too little data:")
