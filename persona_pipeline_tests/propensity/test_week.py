"""A week and a day over a small shop in a lake: what is written, what is refused, what is carried."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.stats import spearmanr

from persona_pipeline.contracts import Purpose
from persona_pipeline.contracts.behaviour import LABEL
from persona_pipeline.contracts.calendar import week_of
from persona_pipeline.contracts.models import EVALUATION, LIFT, MODEL, PREDICTION
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.protocol import Output
from persona_pipeline.lake.model_store import FileModelStore
from persona_pipeline.propensity import Target, apply_day, fit_week, standard_target
from persona_pipeline.propensity.model import ModelRefused
from persona_pipeline_tests.propensity.conftest import SUNDAY
from persona_pipeline_tests.propensity.shop import (
    SHOP_FEATURES,
    START,
    Lake,
    Shop,
    feature_rows,
)

WEEKLY = (MODEL, EVALUATION, LIFT)
Week = dict[str, Any]  # frames by table name
FitAndKeep = Callable[..., Week]


@pytest.fixture
def fit(engine: DuckDBEngine, store: FileModelStore, tmp_path: Path) -> FitAndKeep:
    """Fit a week, put its rows into the lake, return them by table name."""

    def run(lake: Lake, day: dt.date, targets: Sequence[Target], start: dt.date = START) -> Week:
        outputs = {t.full_name: Output(t, tmp_path / f"{t.name}-{day}-{len(lake.files)}", 0) for t in WEEKLY}
        written = fit_week(engine, lake.read, outputs, SHOP_FEATURES, day, targets, start, store, 7)
        found = {}
        for table in WEEKLY:
            files = written[table.full_name]
            rows = pa.concat_tables([pq.read_table(file.path) for file in files]) if files else pa.table({})
            if files:
                lake.write(table, day, rows)
            found[table.name] = rows.to_pandas()
        return found

    return run


def _predict(
    engine: DuckDBEngine, lake: Lake, day: dt.date, store: FileModelStore, folder: Path
) -> pd.DataFrame:
    files = apply_day(engine, lake.read, Output(PREDICTION, folder, 0), SHOP_FEATURES, day, store)
    if not files:
        return pd.DataFrame(columns=list(PREDICTION.column_names))
    return pa.concat_tables([pq.read_table(file.path) for file in files]).to_pandas()


def test_a_promoted_model_and_its_figures(fit: FitAndKeep, lake: Lake, buy: Target, shop: Shop):
    week = fit(lake, SUNDAY, [buy])
    row = week["model"].iloc[0]
    assert row["status"] == "promoted"
    assert row["model_id"] == f"buy_30d-20250803-{row['model_sha256'][:8]}"
    assert row["test_as_of"] == dt.date(2025, 6, 29)
    assert row["train_as_of"] == "2025-02-09 2025-03-16 2025-04-20 2025-05-25"
    figures = week["evaluation"].set_index(["sample", "algorithm", "metric"])["value"]
    eligible, label = shop.label("buy_30d", dt.date(2025, 6, 29))
    assert figures["test", "majority", "customers"] == eligible.sum()
    assert figures["test", "majority", "positive_rate"] == pytest.approx(label[eligible].mean())
    for name in ("majority", "recency", "rfm_logistic"):
        assert figures["test", row["algorithm"], "log_loss"] < figures["test", name, "log_loss"]
        assert figures["test", row["algorithm"], "roc_auc"] > figures["test", name, "roc_auc"]
    assert figures["gate", "leakage_gates", "time_overlap_rows"] == 0
    assert set(week["evaluation"].query("sample == 'validation'")["algorithm"]) == {
        *("majority", "recency", "rfm_logistic", "logistic_compact", "logistic", "gradient_boosting")
    }
    assert week["lift"]["decile"].sort_values().tolist() == list(range(1, 11))
    assert week["lift"]["customers"].sum() == eligible.sum()
    assert week["lift"]["positives"].sum() == label[eligible].sum()


def test_row_order_and_rows_after_the_sunday_change_nothing(fit: FitAndKeep, lake: Lake, buy: Target):
    once = fit(Lake(lake.folder, dict(lake.files)), SUNDAY, [buy])
    rng = np.random.default_rng(9)
    for (name, day), path in list(lake.files.items()):
        if name == LABEL.full_name and day <= SUNDAY:
            rows = pq.read_table(path)
            lake.write(LABEL, day, rows.take(rng.permutation(len(rows))))
            later = rows.set_column(0, "day", pa.array([day + dt.timedelta(days=200)] * len(rows)))
            lake.write(LABEL, day + dt.timedelta(days=200), later)
        elif name == SHOP_FEATURES.full_name:
            rows = pq.read_table(path)
            lake.write(SHOP_FEATURES, day, rows.take(rng.permutation(len(rows))))
    again = fit(lake, SUNDAY, [buy])
    for table in WEEKLY:
        pd.testing.assert_frame_equal(once[table.name], again[table.name], check_exact=True)
    assert all(last is not None and last <= SUNDAY for _, _, last in lake.asked)


def test_a_short_history_reads_nothing_but_last_week(fit: FitAndKeep, lake: Lake, buy: Target):
    week = fit(lake, dt.date(2025, 3, 2), [buy])
    row = week["model"].iloc[0]
    assert (row["status"], row["train_rows"]) == ("none", 0)
    assert pd.isna(row["model_id"])
    assert row["status_reason"] == "too little data: history of 56 days; 3 horizons of 30 days need 90"
    assert {name for name, _, _ in lake.asked} == {MODEL.full_name}
    assert len(week["evaluation"]) == len(week["lift"]) == 0


def test_too_few_positives_are_refused_with_numbers(fit: FitAndKeep, lake: Lake, buy: Target):
    row = fit(lake, SUNDAY, [replace(buy, minimum_positives=5_000)])["model"].iloc[0]
    assert row["status"] == "none"
    assert row["status_reason"].startswith("too little data: ")
    assert row["status_reason"].endswith("in train; 5000 of each are needed")


def test_exactly_three_blocks_are_enough(fit: FitAndKeep, lake: Lake, buy: Target):
    start = SUNDAY - dt.timedelta(days=105)
    row = fit(lake, SUNDAY, [buy], start)["model"].iloc[0]
    assert row["train_as_of"] == "2025-04-20 2025-05-25"
    assert row["status"] == "promoted"


def test_last_weeks_model_is_carried_on_a_refusal_until_it_is_too_old(
    fit: FitAndKeep, lake: Lake, buy: Target
):
    first = fit(lake, SUNDAY, [buy])
    strict = replace(buy, minimum_positives=5_000, maximum_age_weeks=1)
    week = fit(lake, SUNDAY + dt.timedelta(weeks=1), [strict])
    row = week["model"].iloc[0]
    assert (row["status"], row["fitted_on"]) == ("carried", SUNDAY)
    assert row["model_sha256"] == first["model"].iloc[0]["model_sha256"]
    assert set(week["evaluation"]["sample"]) == {"test"}
    assert week["lift"].drop(columns="day").equals(first["lift"].drop(columns="day"))
    row = fit(lake, SUNDAY + dt.timedelta(weeks=2), [strict])["model"].iloc[0]
    assert row["status"] == "none"
    assert pd.isna(row["model_id"])


def test_last_weeks_model_stays_when_the_new_one_is_not_better(fit: FitAndKeep, lake: Lake, buy: Target):
    """The same rows tried again a week later (nothing new came in) cannot be better than themselves."""
    first = fit(lake, SUNDAY, [buy])
    week = dt.timedelta(weeks=1)
    shifted = Lake(lake.folder)
    for (name, day), path in lake.files.items():
        rows = pq.read_table(path)
        if name in {SHOP_FEATURES.full_name, LABEL.full_name}:
            for column in ("day", "as_of"):
                moved = pa.array([value + week for value in rows[column].to_pylist()], pa.date32())
                rows = rows.set_column(rows.schema.get_field_index(column), column, moved)
            shifted.write(LABEL if name == LABEL.full_name else SHOP_FEATURES, day + week, rows)
    for table in WEEKLY:
        shifted.files[table.full_name, SUNDAY] = lake.files[table.full_name, SUNDAY]
    second = fit(shifted, SUNDAY + week, [buy], START + week)
    row = second["model"].iloc[0]
    assert row["status"] == "carried"
    assert row["status_reason"].endswith(f"of {first['model'].iloc[0]['model_id']}")
    names = set(second["evaluation"].query("sample == 'test'")["algorithm"])
    assert names == {"majority", "recency", "rfm_logistic", "challenger", row["algorithm"]}


def test_a_feature_that_knows_the_answer_keeps_the_model_out(
    fit: FitAndKeep, lake: Lake, buy: Target, shop: Shop
):
    for (name, day), path in list(lake.files.items()):
        if name == SHOP_FEATURES.full_name:
            rows = pq.read_table(path)
            answer = dict(zip(shop.ids, shop.label("buy_30d", day)[1].astype(float), strict=True))
            leaked = pa.array([answer[customer] for customer in rows["customer_id"].to_pylist()])
            lake.write(
                SHOP_FEATURES, day, rows.set_column(rows.schema.get_field_index("noise_a"), "noise_a", leaked)
            )
    week = fit(lake, SUNDAY, [buy])
    row = week["model"].iloc[0]
    assert row["status"] == "none"
    assert row["status_reason"].startswith("noise_a alone has AUC 1.000, more than 0.95")
    gate = week["evaluation"].query("sample == 'gate'").set_index("metric")["value"]
    assert gate["highest_single_feature_auc"] == 1.0


def test_columns_that_do_not_exist_are_named(fit: FitAndKeep, lake: Lake, buy: Target):
    with pytest.raises(ValueError, match="buy_30d needs columns that features.customer lacks .*: mood"):
        fit(lake, SUNDAY, [replace(buy, profile_columns=("mood",))])
    with pytest.raises(ValueError, match="known events: no_order, order"):
        standard_target("like_30d", "like", 30)


def test_scores_of_a_day(
    fit: FitAndKeep,
    lake: Lake,
    buy: Target,
    shop: Shop,
    engine: DuckDBEngine,
    store: FileModelStore,
    tmp_path: Path,
):
    model = fit(lake, SUNDAY, [buy])["model"].iloc[0]
    day = SUNDAY + dt.timedelta(days=3)
    columns = shop.features(day)
    lake.write(SHOP_FEATURES, day, feature_rows(day, columns))
    found = _predict(engine, lake, day, store, tmp_path / "a").set_index("customer_id").sort_index()
    eligible = columns["customer_id"][columns["orders_365d"] >= 1]
    assert found.index.tolist() == sorted(eligible)
    assert set(found["model_id"]) == {model["model_id"]}
    assert set(found["as_of"]) == {day}
    order = found["probability"].to_numpy()
    share = [(order <= value).mean() for value in order]
    np.testing.assert_allclose(found["percentile"], share, rtol=1e-12)
    sizes = found["decile"].value_counts()
    assert sizes.index.sort_values().tolist() == list(range(1, 11))
    assert sizes.max() - sizes.min() <= 1
    lowest = [order[found["decile"] == decile].min() for decile in range(1, 11)]
    assert lowest == sorted(lowest, reverse=True)
    # the true probability is known here: the model ranks it and is right on average
    truth = pd.Series(shop.truth("buy_30d", day), index=shop.ids).loc[found.index]
    assert spearmanr(order, truth)[0] > 0.6  # type: ignore[operator]  (its stub says tuple of objects)
    assert abs(found["probability"].mean() - truth.mean()) < 0.05
    shuffled = feature_rows(day, columns).take(
        np.random.default_rng(1).permutation(len(columns["customer_id"]))
    )
    lake.write(SHOP_FEATURES, day, shuffled)
    again = _predict(engine, lake, day, store, tmp_path / "b").set_index("customer_id").sort_index()
    pd.testing.assert_frame_equal(found, again, check_exact=True)


def test_without_a_champion_there_are_no_scores(
    fit: FitAndKeep, lake: Lake, buy: Target, engine: DuckDBEngine, store: FileModelStore, tmp_path: Path
):
    day = SUNDAY + dt.timedelta(days=1)
    assert len(_predict(engine, lake, day, store, tmp_path / "a")) == 0
    fit(lake, SUNDAY, [replace(buy, minimum_positives=5_000)])
    assert len(_predict(engine, lake, day, store, tmp_path / "b")) == 0


def test_a_model_whose_features_are_gone_or_not_for_scoring_any_more_says_so(
    fit: FitAndKeep, lake: Lake, buy: Target, engine: DuckDBEngine, store: FileModelStore, tmp_path: Path
):
    fit(lake, SUNDAY, [buy])
    columns = {column.name: column for column in SHOP_FEATURES.columns}
    kept_from_it = columns | {"noise_b": columns["noise_b"].but(purposes=(Purpose.ANALYTICS,))}
    gone = {name: column for name, column in columns.items() if name != "noise_b"}
    for changed in (gone, kept_from_it):
        features = replace(SHOP_FEATURES, columns=tuple(changed.values()))
        with pytest.raises(ModelRefused, match="lacks or keeps from scoring: noise_b; train that week again"):
            apply_day(
                engine,
                lake.read,
                Output(PREDICTION, tmp_path / "p", 0),
                features,
                SUNDAY + dt.timedelta(days=1),
                store,
            )


@pytest.mark.parametrize(
    ("day", "week"),
    [("2025-08-03", "2025-07-27"), ("2025-08-04", "2025-08-03"), ("2025-08-10", "2025-08-03")],
)
def test_a_day_uses_the_last_complete_week(day: str, week: str):
    assert week_of(dt.date.fromisoformat(day)) == dt.date.fromisoformat(week)
