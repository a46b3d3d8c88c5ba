"""The planted truth against the good data and the futures that happened."""

# pandas' results are wide unions that a checker cannot narrow; the tests themselves show what they are.
# pyright: reportIndexIssue=false, reportOperatorIssue=false, reportAttributeAccessIssue=false
# pyright: reportGeneralTypeIssues=false, reportArgumentType=false, reportReturnType=false
# pyright: reportAssignmentType=false, reportCallIssue=false

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from persona_pipeline.demo import Truth, expected_ledger, load_truth, oracle_auc

TARGETS = ("buy_30d", "churn_60d")


@pytest.fixture(scope="module")
def sales(shop: Path) -> pd.DataFrame:
    """Sale lines as pandas reads them, good ones only by their form: numbers, a known currency, version 1."""
    skipped = ("_broken", "_checksum", "_columns", "_short", "_empty", "_again", "_resent")
    frames = []
    for path in sorted((shop / "data/raw/orders").iterdir()):
        if not path.name.split(".")[0].endswith(skipped):
            frame = pd.read_csv(
                path, dtype=str, encoding="latin-1", on_bad_lines="skip", keep_default_na=False
            )
            frames.append(frame.rename(columns=lambda name: name.removeprefix("\u00ef\u00bb\u00bf")))
    lines = pd.concat(frames)
    is_junk = lines["order_id"].str.contains("95[0-9]{4}$")
    lines = lines[(lines["version"] == "1") & (lines["type"] == "sale") & ~is_junk]
    return lines.drop_duplicates(["order_id", "line_no"])


def residual_errors(rows: pd.DataFrame) -> tuple[float, float]:
    """Mean of outcome - probability and its standard error, customers being independent of one another."""
    residual = rows["outcome"].astype(float) - rows["probability"]
    per_customer = residual.groupby(rows["account_id"]).sum()
    return float(residual.mean()), float(np.sqrt((per_customer**2).sum()) / len(rows))


@pytest.mark.parametrize("target", TARGETS)
def test_probabilities_agree_with_what_happened(truth: Truth, target: str) -> None:
    rows = truth.probability[(truth.probability["target"] == target) & truth.probability["outcome"].notna()]
    mean, error = residual_errors(rows)
    assert abs(mean) < 3 * error
    fifth = pd.qcut(rows["probability"], 5, labels=False, duplicates="drop")
    for _, group in rows.groupby(fifth):
        mean, error = residual_errors(group)
        # Shop-wide days hit all customers at once; 0.015 is their share, which this error leaves out.
        assert abs(mean) < 3 * error + 0.015


@pytest.mark.parametrize(("target", "low", "high"), [("buy_30d", 0.25, 0.5), ("churn_60d", 0.2, 0.5)])
def test_base_rates_are_those_of_a_living_shop(truth: Truth, target: str, low: float, high: float) -> None:
    rows = truth.probability[(truth.probability["target"] == target) & truth.probability["outcome"].notna()]
    assert low < rows["outcome"].astype(bool).mean() < high


def test_the_oracle_ranks_well_but_not_perfectly(truth: Truth) -> None:
    for target in TARGETS:
        assert 0.8 < oracle_auc(truth, target) < 0.97
    with pytest.raises(ValueError, match="all alike"):
        oracle_auc(truth, "buy_30d", as_of=truth.probability["as_of"].max())


def test_outcomes_are_those_of_the_raw_files(shop: Path, truth: Truth, sales: pd.DataFrame) -> None:
    as_of = pd.Timestamp("2025-05-04")
    on_time = ~sales["order_id"].str.contains("^O[0-9]{6}9")
    days = pd.to_datetime(sales["ordered_at"].str[:10])
    buyers = set(sales.loc[on_time & (days > as_of) & (days <= as_of + pd.Timedelta(days=30)), "account_id"])
    rows = truth.probability
    rows = rows[(rows["target"] == "buy_30d") & (rows["as_of"] == as_of.date())]
    bought = rows["account_id"].isin(buyers)
    # Late orders, left out here, make a handful of customers differ.
    assert (bought & ~rows["outcome"].astype(bool)).sum() == 0
    assert (rows["outcome"].astype(bool) & ~bought).sum() < 0.01 * len(rows)


def test_planted_rules_stand_out_and_non_rules_do_not(truth: Truth, sales: pd.DataFrame) -> None:
    baskets = sales["order_id"].nunique()
    orders_of = sales.groupby("product_id")["order_id"].agg(set)

    def figures(rule: dict[str, str]) -> tuple[float, float, float]:
        both = len(orders_of[rule["antecedent"]] & orders_of[rule["consequent"]])
        confidence = both / len(orders_of[rule["antecedent"]])
        return both / baskets, confidence, confidence / (len(orders_of[rule["consequent"]]) / baskets)

    assert len(truth.rules["rules"]) == 6
    for rule in truth.rules["rules"]:
        support, confidence, lift = figures(rule)
        assert support > 0.01
        assert confidence > 0.35
        assert lift > 3
        assert (support, confidence, lift) == pytest.approx(
            (rule["support"], rule["confidence"], rule["lift"]), rel=0.01
        )
    for rule in truth.rules["non_rules"]:
        support, _, lift = figures(rule)
        assert support > 0.02
        assert 0.85 < lift < 1.15


def test_size_of_the_shop(sales: pd.DataFrame, truth: Truth) -> None:
    assert 15_000 < len(sales) < 40_000
    assert truth.customers["account_id"].is_unique
    assert set(sales["account_id"]) - {""} <= set(truth.customers["account_id"])


def test_personas_overlap_but_differ(truth: Truth) -> None:
    counts = truth.customers["persona"].value_counts(normalize=True)
    assert len(counts) == 6
    assert counts.min() > 0.08
    rate = truth.customers.groupby("persona")["rate"]
    assert rate.quantile(0.9)["gift"] > rate.quantile(0.1)["fashion"]
    assert truth.customers.groupby("persona")["refund"].mean()["fashion"] > 0.1


def test_some_campaigns_harm_some_personas(truth: Truth) -> None:
    effects = [effect for campaign in truth.campaigns for effect in campaign["effect"].values()]
    assert min(effects) < -0.1
    assert max(effects) > 0.3
    share = truth.contacts[truth.contacts["account_id"].notna()].groupby("campaign_id")["is_contacted"].mean()
    for campaign in truth.campaigns:
        assert share[campaign["campaign_id"]] == pytest.approx(campaign["assignment"], abs=0.05)


def test_no_raw_identifier_tells_the_persona(shop: Path, truth: Truth) -> None:
    records = pd.read_csv(
        shop / "data/raw/customers/customers_2025-01-06.csv",
        dtype=str,
        encoding="latin-1",
        keep_default_na=False,
    )
    records = records.reset_index(names="place")
    records = records[(records["version"] == "1") & (records["account_id"] != "")]
    own_phone = records["phone"].str.fullmatch("[0-9]{11}") & ~records["phone"].str.startswith("199")
    records = records[own_phone & records["email"].str.contains(r"\.[0-9]{8}@")].drop_duplicates("account_id")
    known = records.merge(truth.customers[["account_id", "persona"]], on="account_id", validate="one_to_one")
    assert len(known) > 1000
    numbers = {
        "place": known["place"],
        "account": known["account_id"].astype(int),
        "crm": known["crm_id"].str.removeprefix("P").astype(int),
        "phone": known["phone"].astype(int),
        "email": known["email"].str.extract(r"\.([0-9]+)@")[0].astype(int),
        "name": known["name"].rank(),
    }
    for values in numbers.values():
        # Kruskal-Wallis with 5 degrees of freedom: 30 is a chance of 1 in 70,000.
        rank = values.rank()
        groups = rank.groupby(known["persona"])
        n = len(rank)
        statistic = 12 / (n * (n + 1)) * (groups.sum() ** 2 / groups.size()).sum() - 3 * (n + 1)
        assert statistic < 30


def test_a_folder_without_truth_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="persona generate"):
        load_truth(tmp_path)


def test_expected_ledger_columns(shop: Path) -> None:
    ledger = expected_ledger(shop)
    assert list(ledger.columns) == ["source", "path", "day", "status", "outcome", "reason", "records"]
    assert set(ledger["source"]) == {"orders", "customers", "products", "social", "campaigns", "web"}
