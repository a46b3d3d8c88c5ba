"""What any model could reach at most on this shop: attainable AUC by target and attainable ARI.

Here: the regression of the true probability on features, the oracle beside it, the most likely persona.
Not here: the pipeline's models. The goals of `persona verify` are stated against these figures.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import adjusted_rand_score, roc_auc_score
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from persona_pipeline.demo.baskets import fill_baskets
from persona_pipeline.demo.behaviour import NAMES, behaviour
from persona_pipeline.demo.contacts import draw_contacts
from persona_pipeline.demo.life import live
from persona_pipeline.demo.likelihood import most_likely_persona
from persona_pipeline.demo.people import draw_people, draw_subscribers
from persona_pipeline.demo.plan import TARGETS, Plan, build_plan
from persona_pipeline.demo.population import BLOCK, draw_population
from persona_pipeline.demo.true_probability import Probabilities
from persona_pipeline.demo.truth import load_truth
from persona_pipeline.demo.web_behaviour import NAMES as WEB_NAMES
from persona_pipeline.demo.web_behaviour import WebBehaviour
from persona_pipeline.demo.web_hits import build_pages
from persona_pipeline.demo.web_visits import Visits

SUNDAYS = 3
SPACING = 28
MINIMUM_ORDERS = (1, 2, 3, 5)


@dataclass(frozen=True, slots=True)
class TargetCeiling:
    """Expected AUCs of one target, means over the as_of days; `rows` over all of them."""

    attainable_auc: float
    attainable_auc_orders_only: float | None  # without what the web adds; None for the caller's own features
    oracle_auc: float
    base_rate: float
    rows: int
    as_of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The most that can be reached. `attainable_ari` is by smallest number of orders that a customer has."""

    customers: int
    features: tuple[str, ...]
    targets: dict[str, TargetCeiling]
    attainable_ari: dict[str, float]


def expected_auc(score: np.ndarray, probability: np.ndarray) -> float:
    """AUC of a score when each row is positive with its probability: no sampling noise of the outcomes."""
    weights = np.concatenate([probability, 1.0 - probability])
    label = np.concatenate([np.ones(score.size), np.zeros(score.size)])
    return float(roc_auc_score(label, np.concatenate([score, score]), sample_weight=weights))


def attainable(
    features: np.ndarray, probability: np.ndarray, customer: np.ndarray, as_of: np.ndarray, *, folds: int = 3
) -> tuple[float, float]:
    """Attainable and oracle AUC, means over the as_of days.

    The regression is cross-fitted: no row is predicted by a model that saw its customer.
    """
    predicted = np.zeros(probability.size)
    for train, test in GroupKFold(folds).split(features, groups=customer):
        model = HistGradientBoostingRegressor(
            max_iter=120, learning_rate=0.1, max_leaf_nodes=15, min_samples_leaf=50, random_state=0
        )
        # One thread: the same figures everywhere, and no spinning on a machine that is busy.
        with threadpool_limits(limits=1, user_api="openmp"):
            predicted[test] = model.fit(features[train], probability[train]).predict(features[test])
    days = [as_of == day for day in np.unique(as_of)]
    return (
        float(np.mean([expected_auc(predicted[rows], probability[rows]) for rows in days])),
        float(np.mean([expected_auc(probability[rows], probability[rows]) for rows in days])),
    )


def default_days(plan: Plan, target: str) -> tuple[int, ...]:
    """The last Sundays whose horizon is over, 28 days apart.

    Raises:
        ValueError: no Sunday has a complete horizon.
    """
    complete = [day for day in plan.sundays() if day + TARGETS[target] < plan.days]
    if not complete:
        raise ValueError(
            f"{target}: {plan.days} days hold no Sunday with {TARGETS[target]} days after; generate more days"
        )
    last = complete[-1]
    return tuple(
        sorted(day for day in complete if (last - day) % SPACING == 0 and last - day < SPACING * SUNDAYS)
    )


def _simulate(plan: Plan, customers: int) -> tuple[dict[str, list[tuple[np.ndarray, ...]]], dict[str, float]]:
    """Features and probabilities by target, and the ARI; one block of customers in memory at a time."""
    days = {target: default_days(plan, target) for target in TARGETS}
    wanted = frozenset(day for chosen in days.values() for day in chosen)
    rows: dict[str, list[tuple[np.ndarray, ...]]] = {target: [] for target in TARGETS}
    found: list[np.ndarray] = []
    pages = build_pages(plan)
    for first in range(0, customers, BLOCK):
        population = draw_population(plan, first, min(BLOCK, customers - first))
        probabilities = Probabilities(plan, population, wanted=wanted)
        visits = Visits(plan, population)
        life = live(plan, population, at_sunday=probabilities.at_sunday, at_day=visits.at_day)
        lines = fill_baskets(plan, population, life)
        by_account = np.argsort(population.account)
        place = np.searchsorted(population.account[by_account], np.maximum(lines["account"], 0))
        positions = np.where(lines["account"] < 0, -1, by_account[np.minimum(place, len(population) - 1)])
        people, subscribers = draw_people(plan, population), draw_subscribers(plan, population)
        contacts = draw_contacts(plan, population, people, subscribers, life)
        sessions = visits.sessions(life, lines, contacts)
        web = WebBehaviour(plan, pages, sessions, first, len(population))
        tables = {
            day: np.hstack([behaviour(plan, positions, lines, len(population), day), web.table(day)])
            for day in wanted
        }
        for target, chosen in days.items():
            for day in chosen:
                eligible, probability, _ = probabilities.rows(life, day, target)
                size = eligible.size
                rows[target].append(
                    (
                        tables[day][eligible],
                        probability.astype(np.float32),
                        population.number[eligible],
                        np.full(size, day),
                    )
                )
        persona, orders = most_likely_persona(plan, positions, lines, len(population), population.arrival)
        found.append(np.column_stack([population.persona, persona, orders]).astype(np.int32))
    true, guess, orders = np.concatenate(found).T
    ari = {
        str(least): float(adjusted_rand_score(true[orders >= least], guess[orders >= least]))
        for least in MINIMUM_ORDERS
    }
    return rows, ari


def ceiling(directory: Path, *, customers: int = 200_000, features: pd.DataFrame | None = None) -> Ceiling:
    """Computes the ceiling of the shop in `directory` and writes truth/ceiling.json.

    Args:
        directory: a project folder made by `generate`.
        customers: size of the shop that is simulated with the same seed and parameters; the ARI is of it,
            and the AUC when no features are given.
        features: the caller's own features of the shop in `directory`: columns `account_id`, `as_of` (dates)
            and numbers; rows are matched with the true probabilities. Without them, a simple table.

    Raises:
        ValueError: the shop is too short, or no row of `features` matches the truth.
    """
    truth = load_truth(directory)
    parameters = truth.parameters
    plan = build_plan(
        days=parameters["days"],
        seed=parameters["seed"],
        start=dt.date.fromisoformat(parameters["start"]),
        currency=parameters["currency"],
    )
    rows, ari = _simulate(plan, customers)
    names: tuple[str, ...] = (*NAMES, *(f"web_{name}" for name in WEB_NAMES))
    if features is not None:
        names = tuple(str(name) for name in features.columns if name not in ("account_id", "as_of"))
        rows = {target: [_given(truth.probability, features, names, target)] for target in TARGETS}
    targets: dict[str, TargetCeiling] = {}
    for target, parts in rows.items():
        x, probability, customer, as_of = (np.concatenate(column) for column in zip(*parts, strict=True))
        reached, oracle = attainable(x, probability, customer, as_of)
        orders_only = (
            attainable(x[:, : len(NAMES)], probability, customer, as_of)[0] if features is None else None
        )
        days = tuple(_day_text(plan, day) for day in np.unique(as_of))
        targets[target] = TargetCeiling(
            reached, orders_only, oracle, float(probability.mean()), int(probability.size), days
        )
    result = Ceiling(customers, names, targets, ari)
    content: dict[str, Any] = asdict(result)
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)
    (directory / "truth" / "ceiling.json").write_text(text, encoding="utf-8")
    return result


def _day_text(plan: Plan, day: Any) -> str:
    return plan.date(int(day)).isoformat() if isinstance(day, np.integer) else str(day)


def _given(
    probability: pd.DataFrame, features: pd.DataFrame, names: tuple[str, ...], target: str
) -> tuple[np.ndarray, ...]:
    rows = probability.loc[probability["target"] == target, ["account_id", "as_of", "probability"]].merge(
        features, on=["account_id", "as_of"], validate="one_to_one"
    )
    if rows.empty:
        raise ValueError(
            f"{target}: no row of the features matches the truth by account_id and as_of (a date)"
        )
    customer = pd.factorize(rows["account_id"])[0]
    as_of = rows["as_of"].astype(str).to_numpy()
    return rows[list(names)].to_numpy(np.float32), rows["probability"].to_numpy(np.float64), customer, as_of
