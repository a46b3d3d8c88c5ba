"""`persona verify`: what came out of a demo project against its planted truth, figure by figure.

Here: the comparisons and their goals. Not here: the truth itself (demo) and the models.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import pandas as pd
from sklearn.metrics import adjusted_rand_score

from persona_pipeline.commands.console import CommandError, console, show_table
from persona_pipeline.contracts import clean, models
from persona_pipeline.contracts.column import Table
from persona_pipeline.contracts.pseudonym import customer_pseudonym, pseudonym
from persona_pipeline.defs.shop import Shop
from persona_pipeline.demo import Truth, expected_ledger, load_truth
from persona_pipeline.demo.ceiling import expected_auc
from persona_pipeline.propensity.calibration import logistic_line, logit
from persona_pipeline.settings import Settings

BASELINES = ("majority", "recency", "rfm_logistic")
AUC_MARGIN = 0.03
SLOPE = (0.85, 1.15)
ARI_SHARE = 0.75


@dataclass(frozen=True)
class Figure:
    """One comparison: what was found, what was asked for, and whether it holds; `goal` empty means it is only shown."""

    name: str
    found: float | int | str
    goal: str
    holds: bool


def verify(settings: Settings, *, as_json: bool) -> int:
    """Print every figure; exit code 1 when one misses its goal.

    Raises:
        CommandError: the project has no planted truth, or nothing has been run.
    """
    try:
        truth = load_truth(settings.directory)
    except FileNotFoundError as error:
        raise CommandError(str(error)) from error
    figures = list(compare(settings, truth))
    if as_json:
        console.print_json(json.dumps([asdict(figure) for figure in figures], default=str))
    else:
        rows = [[f.name, f.found, f.goal or "-", "yes" if f.holds else "NO"] for f in figures]
        show_table("Against the planted truth", ("figure", "found", "goal", "holds"), rows)
    return 0 if all(figure.holds for figure in figures) else 1


def compare(settings: Settings, truth: Truth) -> Iterator[Figure]:
    """Ledger, rules, propensities, personas, in that order."""
    shop = Shop(settings)
    yield from _ledger(shop, truth)
    yield from _rules(shop, truth)
    customers = _customer_ids(shop, truth)
    for target in sorted(settings.propensity):
        yield from _propensity(shop, truth, target, customers)
    yield from _personas(shop, truth, customers)


def _ledger(shop: Shop, truth: Truth) -> Iterator[Figure]:
    """Every count of every file, by reason code."""
    planted = expected_ledger(truth.directory)
    head = ["source", "path", "outcome", "reason"]
    by_reason = _rows(shop, clean.LEDGER_REASON)
    files = _rows(shop, clean.FILE_LEDGER)
    files = files[files["path"] != ""]
    totals = [
        files.assign(outcome=outcome, reason="", records=files[outcome])[[*head, "records"]]
        for outcome in ("records_in", "clean")
    ]
    refused = files[files["status"] == "rejected_file"].assign(outcome="rejected_file", records=1)[
        [*head, "records"]
    ]
    counted = by_reason[by_reason["outcome"].isin(["rejected", "duplicate"])][[*head, "records"]]
    found = pd.concat([*totals, refused, counted])
    found = found.groupby(head, as_index=False)["records"].sum()
    found = found[found["records"] > 0]
    planted = planted[planted["outcome"] != "noted"].groupby(head, as_index=False)["records"].sum()
    both = planted.merge(found, on=head, how="outer", suffixes=("_planted", "_found"), validate="one_to_one")
    wrong = int((both["records_planted"].fillna(0) != both["records_found"].fillna(0)).sum())
    yield Figure("ledger counts that differ from the planted ones", wrong, f"0 of {len(both):,}", wrong == 0)
    sums = files[["clean", "rejected", "duplicate", "filtered", "suppressed"]].sum(axis=1)
    unbalanced = int((sums != files["records_in"]).sum())
    yield Figure("files whose ledger does not balance", unbalanced, f"0 of {len(files):,}", unbalanced == 0)


def _rules(shop: Shop, truth: Truth) -> Iterator[Figure]:
    """Planted rules among the significant ones of any week; pairs that are only popular must not be."""
    rules = _rows(shop, models.RULE)
    strong = rules[(rules["lift"] > 1.5) & (rules["q_value"] < 0.01)]
    pairs = set(zip(strong["antecedent"], strong["consequent"], strict=True))
    planted = {(rule["antecedent"], rule["consequent"]) for rule in truth.rules["rules"]}
    popular = {(rule["antecedent"], rule["consequent"]) for rule in truth.rules["non_rules"]}
    popular |= {(right, left) for left, right in popular}
    yield Figure("planted rules found", len(planted & pairs), f"{len(planted)}", planted <= pairs)
    yield Figure("planted non-rules found", len(popular & pairs), "0", not popular & pairs)


def _propensity(shop: Shop, truth: Truth, target: str, customers: pd.Series) -> Iterator[Figure]:
    evaluation = _rows(shop, models.EVALUATION)
    model = _rows(shop, models.MODEL)
    promoted = model[(model["target"] == target) & (model["status"] == "promoted")]
    yield Figure(f"{target}: weeks with a promoted model", len(promoted), "at least 1", len(promoted) > 0)
    if promoted.empty:
        return
    newest = promoted.sort_values("day").iloc[-1]
    test = evaluation[
        (evaluation["target"] == target)
        & (evaluation["day"] == newest["day"])
        & (evaluation["sample"] == "test")
    ].pivot_table(index="algorithm", columns="metric", values="value")
    champion = test.loc[newest["algorithm"]]
    rivals = test.loc[[name for name in BASELINES if name in test.index]]
    best_auc, best_loss = float(rivals["roc_auc"].max()), float(rivals["log_loss"].min())
    yield Figure(
        f"{target}: AUC of the champion out of time",
        champion["roc_auc"],
        f"> {best_auc:.4f}",
        champion["roc_auc"] > best_auc,
    )
    yield Figure(
        f"{target}: log loss of the champion",
        champion["log_loss"],
        f"< {best_loss:.4f}",
        champion["log_loss"] < best_loss,
    )
    yield from _against_probability(shop, truth, target, customers)


def _against_probability(shop: Shop, truth: Truth, target: str, customers: pd.Series) -> Iterator[Figure]:
    """Predictions of the last Sundays against the true probabilities; each was made by the week before."""
    planted = truth.probability[truth.probability["target"] == target].copy()
    planted["customer_id"] = planted["account_id"].map(customers)
    predicted = _rows(shop, models.PREDICTION)
    predicted = predicted[predicted["target"] == target]
    planted["as_of"] = pd.to_datetime(planted["as_of"]).dt.date
    both = predicted.merge(
        planted, on=["customer_id", "as_of"], suffixes=("", "_true"), validate="one_to_one"
    )
    sundays = sorted(both["as_of"].unique())[-4:]
    both = both[both["as_of"].isin(sundays)]
    if both.empty:
        yield Figure(f"{target}: predictions with a known truth", 0, "at least 1", False)
        return
    guess, true = both["probability"].to_numpy(), both["probability_true"].to_numpy()
    oracle = expected_auc(true, true)
    reached = expected_auc(guess, true)
    slope = float(logistic_line(logit(guess), true)[0])
    ceiling = (truth.ceiling or {}).get("targets", {}).get(target)
    gap = None if ceiling is None else ceiling["oracle_auc"] - ceiling["attainable_auc"]
    if gap is None:
        yield Figure(
            f"{target}: AUC against the true probability", reached, f"oracle {oracle:.4f}, shown only", True
        )
    else:
        attainable = oracle - gap
        yield Figure(
            f"{target}: AUC against the true probability (oracle {oracle:.4f})",
            reached,
            f">= {attainable - AUC_MARGIN:.4f}",
            reached >= attainable - AUC_MARGIN,
        )
    judged = len(truth.customers) >= 20_000
    text = f"{SLOPE[0]} .. {SLOPE[1]}" if judged else "shown only"
    yield Figure(f"{target}: calibration slope", slope, text, SLOPE[0] <= slope <= SLOPE[1] or not judged)


def _personas(shop: Shop, truth: Truth, customers: pd.Series) -> Iterator[Figure]:
    """Agreement of segments with the planted personas on the newest day, for customers with orders."""
    membership = _rows(shop, models.MEMBERSHIP)
    membership = membership[membership["day"] == membership["day"].max()]
    membership = membership[membership["segment_key"].notna() & membership["rfm_segment"].notna()]
    persona = pd.Series(
        truth.customers["persona"].to_numpy(), index=truth.customers["account_id"].map(customers)
    )
    found = membership.assign(persona=membership["customer_id"].map(persona)).dropna(subset=["persona"])
    ari = float(adjusted_rand_score(found["persona"], found["segment_key"]))
    ceiling = (truth.ceiling or {}).get("attainable_ari")
    attainable = None if ceiling is None else float(ceiling["1"])
    text = (
        "shown only"
        if attainable is None
        else f">= {ARI_SHARE * attainable:.4f} (attainable {attainable:.4f})"
    )
    yield Figure(
        "ARI of segments and personas", ari, text, attainable is None or ari >= ARI_SHARE * attainable
    )


def _customer_ids(shop: Shop, truth: Truth) -> pd.Series:
    """account_id -> customer_id, computed from the key and not from the pipeline's tables."""
    accounts = truth.customers["account_id"].astype(str)
    ids = [
        customer_pseudonym(shop.key, "account", pseudonym(shop.key, "account", account))
        for account in accounts
    ]
    return pd.Series(ids, index=accounts.to_numpy())


def _rows(shop: Shop, table: Table, first: dt.date | None = None) -> pd.DataFrame:
    with shop.engine() as engine:
        return engine.fetch("SELECT * FROM t", {"t": shop.lake.read(table, first, None)}).to_pandas()
