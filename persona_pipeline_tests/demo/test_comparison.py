"""Figures against a truth of eight customers, small enough to be counted by hand."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from persona_pipeline.contracts import behaviour, clean, models
from persona_pipeline.contracts.column import Table
from persona_pipeline.contracts.pseudonym import customer_pseudonym, pseudonym
from persona_pipeline.demo import Truth
from persona_pipeline.demo.ceiling import attainable
from persona_pipeline.demo.comparison import Figure, calibration_slope, compare

KEY = b"key"
SUNDAY = dt.date(2025, 2, 2)
ACCOUNTS = [f"A{n}" for n in range(8)]
CUSTOMERS = [customer_pseudonym(KEY, "account", pseudonym(KEY, "account", name)) for name in ACCOUNTS]
TRUE = [0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9]


@pytest.fixture
def planted(tmp_path: Path) -> Truth:
    file = {
        "source": "orders",
        "path": "orders_2025-01-06.csv",
        "day": "2025-01-06",
        "status": "ok",
        "records_in": 10,
        "clean": 8,
        "rejected_reasons": {"bad_number": 1},
        "duplicate_reasons": {"same_content": 1},
        "filtered_reasons": {},
        "noted": {"future": 3},
    }
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "dirt.json").write_text(json.dumps({"files": [file]}), encoding="utf-8")
    return Truth(
        directory=tmp_path,
        customers=pd.DataFrame({"account_id": ACCOUNTS, "persona": ["regular"] * 4 + ["hunter"] * 4}),
        identifiers=pd.DataFrame(
            [
                {
                    "person": n,
                    "id_kind": kind,
                    "value": value,
                    "valid_from": SUNDAY,
                    "is_shared": False,
                    "is_linkable": True,
                }
                for n, name in enumerate(ACCOUNTS)
                for kind, value in (("account", name), ("email", f"{name}@example.org"))
            ]
        ),
        contacts=pd.DataFrame(),
        probability=pd.DataFrame(
            {"account_id": ACCOUNTS, "as_of": SUNDAY, "target": "buy_30d", "probability": TRUE}
        ),
        rules={
            "rules": [{"antecedent": "a", "consequent": "b"}],
            "non_rules": [{"antecedent": "c", "consequent": "d"}],
        },
        campaigns=[],
        parameters={},
        ceiling=None,
    )


def found() -> dict[str, pd.DataFrame]:
    """What a pipeline without a fault has written."""
    head = {"source": "orders", "path": "orders_2025-01-06.csv"}
    counts = {"records_in": 10, "clean": 8, "rejected": 1, "duplicate": 1, "filtered": 0, "suppressed": 0}
    reasons = [("rejected", "bad_number", 1), ("duplicate", "same_content", 1), ("noted", "future", 3)]
    scores = {"champion": (0.8, 0.5), "majority": (0.5, 0.69), "recency": (0.7, 0.6)}
    return {
        behaviour.MAP.full_name: pd.DataFrame(
            [
                {"day": SUNDAY, "id_kind": kind, "id": pseudonym(KEY, kind, value), "customer_id": customer}
                for name, customer in zip(ACCOUNTS, CUSTOMERS, strict=True)
                for kind, value in (("account", name), ("email", f"{name}@example.org"))
            ]
        ),
        clean.FILE_LEDGER.full_name: pd.DataFrame([{**head, "status": "ok", "reason": "", **counts}]),
        clean.LEDGER_REASON.full_name: pd.DataFrame(
            [{**head, "outcome": outcome, "reason": reason, "records": n} for outcome, reason, n in reasons]
        ),
        models.RULE.full_name: pd.DataFrame(
            {
                "antecedent": ["a", "c"],
                "consequent": ["b", "d"],
                "lift": [2.0, 1.1],
                "q_value": [0.001, 0.5],
            }
        ),
        models.MODEL.full_name: pd.DataFrame(
            {"target": ["buy_30d"], "day": [SUNDAY], "status": ["promoted"], "algorithm": ["champion"]}
        ),
        models.EVALUATION.full_name: pd.DataFrame(
            [
                {
                    "target": "buy_30d",
                    "day": SUNDAY,
                    "sample": "test",
                    "algorithm": name,
                    "metric": metric,
                    "value": value,
                }
                for name, values in scores.items()
                for metric, value in zip(("roc_auc", "log_loss"), values, strict=True)
            ]
        ),
        models.PREDICTION.full_name: pd.DataFrame(
            {"customer_id": CUSTOMERS, "as_of": SUNDAY, "target": "buy_30d", "probability": TRUE}
        ),
        models.MEMBERSHIP.full_name: pd.DataFrame(
            {
                "customer_id": CUSTOMERS,
                "day": SUNDAY,
                "segment_key": ["s1"] * 4 + ["s2"] * 4,
                "rfm_segment": "loyal",
            }
        ),
    }


def figures(tables: dict[str, pd.DataFrame], truth: Truth) -> dict[str, Figure]:
    def rows(table: Table) -> pd.DataFrame:
        return tables[table.full_name]

    def snapshot(day: dt.date) -> pd.DataFrame:
        assert day == SUNDAY
        return pd.DataFrame({"customer_id": CUSTOMERS[::-1], "orders": range(8), "gap": [np.nan] * 8})

    return {figure.name: figure for figure in compare(rows, truth, KEY, ["buy_30d"], snapshot)}


def test_without_a_fault_every_figure_holds(planted: Truth) -> None:
    seen = figures(found(), planted)
    assert [figure for figure in seen.values() if not figure.holds] == []
    shown = {name: figure.found for name, figure in seen.items()}
    assert shown["buy_30d: calibration slope"] == pytest.approx(1.0)
    assert shown["ARI of segments and personas"] == 1.0
    assert seen["buy_30d: AUC of the champion out of time"].goal == "> 0.7000"
    assert seen["buy_30d: log loss of the champion"].goal == "< 0.6000"


@pytest.mark.parametrize(
    ("table", "column", "value", "figure"),
    [
        (clean.LEDGER_REASON, "records", 2, "ledger counts that differ from the planted ones"),
        (clean.FILE_LEDGER, "filtered", 1, "files whose ledger does not balance"),
        (behaviour.MAP, "customer_id", CUSTOMERS[1], "identity: pairwise precision"),
        (behaviour.MAP, "customer_id", [f"c_{n}" for n in range(16)], "identity: pairwise recall"),
        (models.RULE, "lift", 1.2, "planted rules found"),
        (models.RULE, "antecedent", "c", "planted rules found"),
        (models.MODEL, "status", "challenger", "buy_30d: weeks with a promoted model"),
        (models.EVALUATION, "value", 0.6, "buy_30d: AUC of the champion out of time"),
        (models.PREDICTION, "as_of", SUNDAY + dt.timedelta(7), "buy_30d: predictions with a known truth"),
        (models.MEMBERSHIP, "segment_key", None, "ARI of segments and personas"),
    ],
)
def test_each_fault_is_seen(planted: Truth, table: Table, column: str, value: object, figure: str) -> None:
    tables = found()
    tables[table.full_name][column] = value
    assert figures(tables, planted)[figure].holds is False


def test_a_popular_pair_is_no_rule(planted: Truth) -> None:
    tables = found()
    tables[models.RULE.full_name] = tables[models.RULE.full_name].assign(lift=3.0, q_value=0.0)
    assert figures(tables, planted)["planted non-rules found"].holds is False


def test_goals_follow_from_what_is_attainable(planted: Truth) -> None:
    seen = figures(found(), dataclasses.replace(planted, ceiling={"attainable_ari": {"1": 0.4}}))
    assert seen["ARI of segments and personas"].goal == ">= 0.3600 (attainable 0.4000)"
    (name,) = (each for each in seen if "oracle" in each)
    orders = np.arange(8.0)[::-1, None]  # the last customer has the fewest
    most, _ = attainable(orders, np.array(TRUE), np.arange(8), np.zeros(8))
    assert seen[name].goal == f">= {most - 0.03:.4f} (attainable {most:.4f})"


@pytest.mark.parametrize("slope", [0.5, 1.0, 1.7])
def test_the_slope_is_that_of_the_log_odds(slope: float) -> None:
    odds = np.linspace(-4, 2, 50)
    guess, true = 1 / (1 + np.exp(-odds)), 1 / (1 + np.exp(-(slope * odds + 0.3)))
    assert calibration_slope(guess, true) == pytest.approx(slope, abs=1e-6)


def test_equal_guesses_have_slope_zero() -> None:
    assert calibration_slope(np.full(4, 0.3), np.array([0.1, 0.2, 0.3, 0.4])) == 0.0
