"""What the pipeline found against the planted truth, figure by figure, each with its goal.

Here: the comparisons. Not here: reading the pipeline's tables and printing (the command `persona verify`),
and the truth itself (truth.py).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score

from persona_pipeline.contracts import behaviour, clean, models
from persona_pipeline.contracts.calendar import SUNDAY
from persona_pipeline.contracts.column import Table
from persona_pipeline.contracts.pseudonym import pseudonym
from persona_pipeline.demo.ceiling import attainable, expected_auc
from persona_pipeline.demo.identity_truth import identity_quality, planted_pairs
from persona_pipeline.demo.truth import Truth, expected_ledger

BASELINES = ("majority", "recency", "rfm_logistic", "past_response", "contact_logistic")
IDENTITY = (0.99, 0.95)  # pairwise precision and recall
AUC_MARGIN = 0.03
SLOPE = (0.85, 1.15)
SLOPE_CUSTOMERS = 20_000  # below this the slope is too noisy to be judged
ARI_SHARE = 0.9
EDGE = 1e-6  # probabilities this near to 0 or 1 have no usable log odds

Rows = Callable[[Table], pd.DataFrame]
Snapshot = Callable[[dt.date], pd.DataFrame]


@dataclass(frozen=True)
class Figure:
    """One comparison: what was found, what was asked for, and whether it holds.

    An empty `goal` means that the figure is only shown.
    """

    name: str
    found: float | int | str
    goal: str
    holds: bool


def compare(
    rows: Rows, truth: Truth, key: bytes, targets: Iterable[str], snapshot: Snapshot
) -> Iterator[Figure]:
    """Ledger, identities, rules, propensities, personas, in that order.

    Args:
        rows: all rows of a table of the lake.
        truth: what was planted.
        key: the project's secret, from which the ids of the planted persons are computed anew.
        targets: the propensities that were predicted.
        snapshot: the features of a day, one row per `customer_id`.
    """
    yield from _ledger(rows, truth)
    log = rows(behaviour.MAP)
    yield from _identity(log, truth, key)
    yield from _rules(rows, truth)
    customers = _customers_of_accounts(log, truth, key)
    for target in sorted(targets):
        yield from _propensity(rows, truth, target, customers, snapshot)
    yield _personas(rows, truth, customers)


def calibration_slope(guess: np.ndarray, true: np.ndarray) -> float:
    """Slope of the maximum-likelihood line of log odds through `guess`; 1 where it means what it says.

    A row is positive with its true probability: it counts once as a positive and once as a negative.
    """
    inside = np.clip(guess.astype(np.float64), EDGE, 1 - EDGE)
    odds = np.log(inside) - np.log1p(-inside)
    if np.ptp(odds) < EDGE:
        return 0.0
    label = np.repeat([1, 0], odds.size)
    line = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-8)
    line.fit(np.tile(odds, 2)[:, None], label, sample_weight=np.concatenate([true, 1.0 - true]))
    return float(line.coef_[0, 0])


def _ledger(rows: Rows, truth: Truth) -> Iterator[Figure]:
    """Every count of every file, by reason code."""
    head = ["source", "path", "outcome", "reason"]
    columns = [*head, "records"]
    by_reason = rows(clean.LEDGER_REASON)
    files = rows(clean.FILE_LEDGER)
    files = files.loc[files["path"] != ""]
    totals = [
        files.assign(outcome=outcome, reason="", records=files[outcome])
        for outcome in ("records_in", "clean")
    ]
    refused = files.loc[files["status"] == "rejected_file"].assign(outcome="rejected_file", records=1)
    counted = by_reason.loc[by_reason["outcome"].isin(["rejected", "duplicate", "filtered"])]
    found = _total(pd.concat([part.loc[:, columns] for part in (*totals, refused, counted)]), head)
    planted = expected_ledger(truth.directory)
    planted = _total(planted.loc[planted["outcome"] != "noted"], head)
    both = planted.merge(
        found.loc[found["records"] > 0],
        on=head,
        how="outer",
        suffixes=("_planted", "_found"),
        validate="one_to_one",
    )
    wrong = int(np.count_nonzero(both["records_planted"].fillna(0) != both["records_found"].fillna(0)))
    yield Figure("ledger counts that differ from the planted ones", wrong, f"0 of {len(both):,}", wrong == 0)
    sums = files.loc[:, ["clean", "rejected", "duplicate", "filtered", "suppressed"]].sum(axis=1)
    unbalanced = int(np.count_nonzero(sums != files["records_in"]))
    yield Figure("files whose ledger does not balance", unbalanced, f"0 of {len(files):,}", unbalanced == 0)


def _total(frame: pd.DataFrame, head: list[str]) -> pd.DataFrame:
    return frame.loc[:, [*head, "records"]].groupby(head, as_index=False).sum()


def _identity(log: pd.DataFrame, truth: Truth, key: bytes) -> Iterator[Figure]:
    """Pairs of identifiers that are one person, found against planted, as of the newest day of the map."""
    newest = log.sort_values("day").drop_duplicates(["id_kind", "id"], keep="last")
    newest = newest.loc[newest["customer_id"].notna() & (newest["id_kind"] != "contact")]
    planted = planted_pairs(truth.identifiers, key, max(log["day"]))
    quality = identity_quality(planted, newest.loc[:, ["id_kind", "id", "customer_id"]])
    for name, found, goal in zip(("precision", "recall"), quality, IDENTITY, strict=True):
        yield Figure(f"identity: pairwise {name}", found, f">= {goal}", found >= goal)


def _rules(rows: Rows, truth: Truth) -> Iterator[Figure]:
    """Planted rules among the significant ones of any week; pairs that are only popular must not be."""
    rules = rows(models.RULE)
    strong = rules.loc[(rules["lift"] > 1.5) & (rules["q_value"] < 0.01)]
    pairs = set(zip(strong["antecedent"], strong["consequent"], strict=True))
    planted = {(rule["antecedent"], rule["consequent"]) for rule in truth.rules["rules"]}
    popular = {(rule["antecedent"], rule["consequent"]) for rule in truth.rules["non_rules"]}
    popular |= {(right, left) for left, right in popular}
    yield Figure("planted rules found", len(planted & pairs), f"{len(planted)}", planted <= pairs)
    yield Figure("planted non-rules found", len(popular & pairs), "0", not popular & pairs)


def _propensity(
    rows: Rows, truth: Truth, target: str, customers: pd.DataFrame, snapshot: Snapshot
) -> Iterator[Figure]:
    evaluation = rows(models.EVALUATION)
    model = rows(models.MODEL)
    promoted = model.loc[(model["target"] == target) & (model["status"] == "promoted")]
    yield Figure(f"{target}: weeks with a promoted model", len(promoted), "at least 1", len(promoted) > 0)
    if promoted.empty:
        return
    newest = promoted.sort_values(by="day").iloc[-1]
    of_model = (evaluation["target"] == target) & (evaluation["day"] == newest["day"])
    test = evaluation.loc[of_model & (evaluation["sample"] == "test")]
    auc, loss = (
        {str(row.algorithm): float(row.value) for row in test.loc[test["metric"] == metric].itertuples()}
        for metric in ("roc_auc", "log_loss")
    )
    champion = str(newest["algorithm"])
    best_auc = max(auc[name] for name in BASELINES if name in auc)
    best_loss = min(loss[name] for name in BASELINES if name in loss)
    yield Figure(
        f"{target}: AUC of the champion out of time",
        auc[champion],
        f"> {best_auc:.4f}",
        auc[champion] > best_auc,
    )
    yield Figure(
        f"{target}: log loss of the champion",
        loss[champion],
        f"< {best_loss:.4f}",
        loss[champion] < best_loss,
    )
    yield from _against_probability(rows, truth, target, customers, snapshot)


def _against_probability(
    rows: Rows, truth: Truth, target: str, customers: pd.DataFrame, snapshot: Snapshot
) -> Iterator[Figure]:
    """Predictions of the last Sundays against the true probabilities; each was made by the week before."""
    planted = truth.probability.loc[truth.probability["target"] == target]
    planted = planted.assign(as_of=[pd.Timestamp(day).date() for day in planted["as_of"]])
    if planted.empty:
        return
    # two accounts of one customer, as the pipeline sees it, have two truths: such customers say nothing
    planted = _with_customers(planted, customers).drop_duplicates(["customer_id", "as_of"], keep=False)
    predicted = rows(models.PREDICTION)
    predicted = predicted.loc[predicted["target"] == target]
    both = predicted.merge(
        planted, on=["customer_id", "as_of"], suffixes=("", "_true"), validate="one_to_one"
    )
    sundays = sorted(set(both["as_of"]))[-4:]
    both = both.loc[both["as_of"].isin(sundays)]
    if both.empty:
        # the truth knows Sundays; a model of the last week has not scored one yet
        waiting = not any(day.weekday() == SUNDAY for day in predicted["as_of"])
        goal = "shown only: no Sunday scored yet" if waiting else "at least 1"
        yield Figure(f"{target}: predictions with a known truth", 0, goal, waiting)
        return
    guess, true = np.asarray(both["probability"]), np.asarray(both["probability_true"])
    oracle = expected_auc(true, true)
    reached = expected_auc(guess, true)
    slope = calibration_slope(guess, true)
    if truth.ceiling is None:
        yield Figure(
            f"{target}: AUC against the true probability", reached, f"oracle {oracle:.4f}, shown only", True
        )
    else:
        most = _attainable(both, sundays, snapshot)
        yield Figure(
            f"{target}: AUC against the true probability (oracle {oracle:.4f})",
            reached,
            f">= {most - AUC_MARGIN:.4f} (attainable {most:.4f})",
            reached >= most - AUC_MARGIN,
        )
    judged = len(truth.customers) >= SLOPE_CUSTOMERS
    text = f"{SLOPE[0]} .. {SLOPE[1]}" if judged else "shown only"
    yield Figure(f"{target}: calibration slope", slope, text, SLOPE[0] <= slope <= SLOPE[1] or not judged)


def _attainable(both: pd.DataFrame, sundays: Sequence[dt.date], snapshot: Snapshot) -> float:
    """The AUC of a regression of the true probability on the pipeline's own features of the same rows."""
    features = pd.concat([snapshot(day).assign(as_of=day) for day in sundays], ignore_index=True)
    rows = both[["customer_id", "as_of", "probability_true"]]
    known = rows.merge(features, on=["customer_id", "as_of"], validate="one_to_one")
    # scikit-learn 1.9 cannot bin a column without any value
    numbers = known.drop(columns=rows.columns).dropna(axis=1, how="all").to_numpy(np.float32)
    customer = pd.factorize(known["customer_id"])[0]
    probability = known["probability_true"].to_numpy(np.float64)
    return attainable(numbers, probability, customer, np.zeros(len(known)))[0]


def _personas(rows: Rows, truth: Truth, customers: pd.DataFrame) -> Figure:
    """Agreement of segments with the planted personas on the newest day, for customers with orders."""
    membership = rows(models.MEMBERSHIP)
    if membership.empty:  # an empty table has no newest day
        return Figure("ARI of segments and personas", 0, "a customer with a segment", False)
    membership = membership.loc[membership["day"] == membership["day"].max()]
    membership = membership.loc[membership["segment_key"].notna() & membership["rfm_segment"].notna()]
    planted = truth.customers.loc[:, ["account_id", "persona"]].assign(as_of=membership["day"].max())
    planted = _with_customers(planted, customers).drop_duplicates("customer_id", keep=False)
    found = membership.merge(planted, on="customer_id", validate="one_to_one")
    if found.empty:  # of no customers the index is 1
        return Figure("ARI of segments and personas", 0, "a customer with a segment", False)
    ari = float(adjusted_rand_score(found["persona"], found["segment_key"]))
    ceiling = (truth.ceiling or {}).get("attainable_ari")
    if ceiling is None:
        return Figure("ARI of segments and personas", ari, "shown only", True)
    attainable = float(ceiling["1"])
    goal = f">= {ARI_SHARE * attainable:.4f} (attainable {attainable:.4f})"
    return Figure("ARI of segments and personas", ari, goal, ari >= ARI_SHARE * attainable)


def _customers_of_accounts(log: pd.DataFrame, truth: Truth, key: bytes) -> pd.DataFrame:
    """Which customer each planted account belonged to from which day on: account_id, customer_id, day."""
    accounts = truth.customers["account_id"].astype(str)
    ids = pd.DataFrame({"account_id": accounts, "id": [pseudonym(key, "account", each) for each in accounts]})
    of_accounts = log.loc[(log["id_kind"] == "account") & log["customer_id"].notna()]
    found = of_accounts.merge(ids, on="id", validate="many_to_one")
    return found.loc[:, ["account_id", "customer_id", "day"]].sort_values("day")


def _with_customers(rows: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Rows of accounts and as_of days with the customer that the account was then."""
    rows = rows.loc[rows["as_of"].notna()]
    left = rows.assign(moment=pd.to_datetime(rows["as_of"]), account_id=rows["account_id"].astype(str))
    right = customers.assign(moment=pd.to_datetime(customers["day"])).drop(columns="day")
    both = pd.merge_asof(
        left.sort_values("moment"), right.sort_values("moment"), on="moment", by="account_id"
    )
    return both.drop(columns="moment").dropna(subset="customer_id")
