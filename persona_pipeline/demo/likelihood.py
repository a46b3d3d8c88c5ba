"""The persona that a customer's behaviour speaks for most, when all parameters are known.

Here: the likelihood of counts and of order times under each persona, own effects integrated out.
Not here: clustering. This is the most that any clustering could find (within the approximations named below).

Counts of categories, price tiers, basket sizes, discounts, refunds, weekends and nights have conjugate own
effects, so their marginal likelihoods are closed. Order times are a hidden Markov chain over active, fading
and gone, integrated over the rate effect on a grid; there mood and price sensitivity stand at their means.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaln, gammainc, gammaincinv, gammaln

from persona_pipeline.demo import personas
from persona_pipeline.demo import plan as p
from persona_pipeline.demo.baskets import DEFECT_REFUND, LATE_REFUND
from persona_pipeline.demo.personas import CATEGORIES, PERSONAS, PRODUCTS_PER_TIER
from persona_pipeline.demo.plan import Plan

RATE_NODES = 6
MEAN_STRAIN = 1.15  # mean of the strain that let-downs put on the hazard


def _dirichlet_multinomial(counts: np.ndarray, mean: np.ndarray, concentration: float) -> np.ndarray:
    alpha = mean[None, :, :] * concentration
    total = counts.sum(axis=1)[:, None]
    inside = (gammaln(counts[:, None, :] + alpha) - gammaln(alpha)).sum(axis=2)
    return inside - gammaln(total + concentration) + gammaln(concentration)


def _beta_binomial(hits: np.ndarray, total: np.ndarray, mean: np.ndarray, concentration: float) -> np.ndarray:
    a, b = mean[None, :] * concentration, (1 - mean[None, :]) * concentration
    return betaln(hits[:, None] + a, (total - hits)[:, None] + b) - betaln(a, b)


def _gamma_poisson(count: np.ndarray, exposure: np.ndarray, mean: np.ndarray, shape: float) -> np.ndarray:
    rate = mean[None, :] * exposure[:, None] / shape
    n = count[:, None]
    return (
        gammaln(n + shape)
        - gammaln(shape)
        + n * np.log(np.maximum(rate, 1e-12))
        - (n + shape) * np.log1p(rate)
    )


def rate_nodes() -> np.ndarray:
    """Means of the rate effect within equally likely parts of its gamma distribution."""
    shape = personas.RATE_SHAPE
    edges = gammaincinv(shape, np.linspace(0, 1, RATE_NODES + 1)[1:-1])
    below = np.concatenate([[0.0], gammainc(shape + 1, edges), [1.0]])
    return np.diff(below) * RATE_NODES


def _order_times(plan: Plan, bought: np.ndarray, first_day: np.ndarray) -> np.ndarray:
    """Log likelihood of the days of orders (customer, day) under each persona, from the first day on."""
    size = bought.shape[0]
    kinds, nodes = len(PERSONAS), rate_nodes()
    rate = (personas.column("rate")[:, None] * nodes[None, :]).reshape(-1)
    kind = np.repeat(np.arange(kinds), nodes.size)
    hazard = (personas.column("fading") * np.exp(personas.HAZARD_SIGMA**2 / 2) * MEAN_STRAIN)[kind].astype(
        np.float32
    )
    leaving = np.float32(p.LEAVING * MEAN_STRAIN)
    decay = np.exp(-1.0 / personas.column("refractory_days"))[kind].astype(np.float32)
    sensitivity = personas.column("sensitivity")[kind]
    shape = (size, kind.size)
    active = np.ones(shape, dtype=np.float32)
    fading, satisfied = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32)
    old = first_day < 0
    active[old], fading[old] = 0.9, 0.1
    gone = np.zeros(shape, dtype=np.float32)
    log_likelihood = np.zeros(shape)
    coupons = 1.0 + p.COUPON_PROBABILITY * np.expm1(p.COUPON_STRENGTH * sensitivity)
    for day in range(plan.days):
        daily = rate * plan.intensity[kind, day] * coupons * np.exp(sensitivity * plan.is_flash[day])
        growth = 1.0 - p.GROWTH * np.exp(-np.maximum(day - first_day, 0) / p.GROWTH_DAYS)
        # Only customers who are there; the three states are kept unscaled and rescaled with each order.
        here = np.flatnonzero(day > first_day)
        intensity = daily.astype(np.float32) * growth.astype(np.float32)[here, None]
        intensity *= 1 - np.float32(p.REFRACTORY) * satisfied[here]
        begins, leaves = active[here] * hazard, fading[here] * leaving
        stays = np.exp(-intensity)
        stays_fading = np.exp(-np.float32(p.FADING_ACTIVITY) * intensity)
        buyers = np.flatnonzero(bought[here, day])
        chance, chance_fading = stays, stays_fading
        chance[buyers] = 1 - stays[buyers]
        chance_fading[buyers] = 1 - stays_fading[buyers]
        active[here] = (active[here] - begins) * chance
        fading[here] = (fading[here] + begins - leaves) * chance_fading
        gone[here] += leaves
        bought_today = here[buyers]
        gone[bought_today] = 0.0
        satisfied *= decay
        satisfied[bought_today] = decay
        total = np.maximum(active[bought_today] + fading[bought_today], np.float32(1e-30))
        log_likelihood[bought_today] += np.log(total)
        active[bought_today] /= total
        fading[bought_today] /= total
    log_likelihood += np.log(np.maximum(active + fading + gone, 1e-30))
    by_node = log_likelihood.reshape(size, kinds, nodes.size)
    top = by_node.max(axis=2, keepdims=True)
    return (top + np.log(np.exp(by_node - top).mean(axis=2, keepdims=True)))[:, :, 0]


def most_likely_persona(
    plan: Plan, positions: np.ndarray, lines: np.ndarray, size: int, arrival: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Most likely persona (with the shares as prior) and number of orders of every customer of a block.

    Args:
        plan: the shop's plan.
        positions: position of the customer in the block, per line; -1 for guests.
        lines: sale and refund lines of the block.
        size: customers in the block.
        arrival: day number of registration, which the CRM tells.
    """
    own = positions >= 0
    lines, positions = lines[own], positions[own]
    refunds = lines["is_refund"]
    sales, customer = lines[~refunds], positions[~refunds]
    catalogue = plan.catalogue
    usual = (catalogue.category[sales["product"]] < len(CATEGORIES)) & ~sales["is_rule"]
    tier = _tier_of_product(plan)
    categories, tiers = np.zeros((size, len(CATEGORIES))), np.zeros((size, len(PRODUCTS_PER_TIER)))
    np.add.at(categories, (customer[usual], catalogue.category[sales["product"][usual]]), 1.0)
    np.add.at(tiers, (customer[usual], tier[sales["product"][usual]]), 1.0)

    _, first = np.unique(sales["order"], return_index=True)
    buyer, day = customer[first], sales["day"][first].astype(np.int64)
    plain = ~(plan.is_flash[day] | plan.is_festival[day])

    def count(who: np.ndarray) -> np.ndarray:
        return np.bincount(who, minlength=size).astype(np.float64)

    orders, usual_lines, all_lines = count(buyer), count(customer[usual]), count(customer)
    bought = np.zeros((size, plan.days), dtype=bool)
    bought[buyer, day] = True
    sensitivity = personas.column("sensitivity")
    with_coupon = p.COUPON_PROBABILITY * np.exp(p.COUPON_STRENGTH * sensitivity)
    with_coupon = with_coupon / (1 - p.COUPON_PROBABILITY + with_coupon)
    discounted = 1 - (1 - personas.column("seeks_discount")) * (1 - with_coupon)
    refunded = personas.column("refund") + p.DEFECT * DEFECT_REFUND + p.LATE_PARCEL * LATE_REFUND
    tail = personas.column("quantity_tail")
    quantity = sales["quantity"][usual].astype(np.float64)[:, None]
    log_quantity = np.log(quantity**-tail - (quantity + 1) ** -tail)
    quantities = np.column_stack([np.bincount(customer[usual], w, size) for w in log_quantity.T])
    score = (
        np.log(personas.column("share"))[None, :]
        + _dirichlet_multinomial(categories, personas.affinities(), personas.AFFINITY_CONCENTRATION)
        + _dirichlet_multinomial(tiers, personas.column("tiers"), personas.TIER_CONCENTRATION)
        + _gamma_poisson(usual_lines - orders, orders, personas.column("basket"), personas.BASKET_SHAPE)
        + _beta_binomial(
            count(buyer[plain & (sales["discount"][first] > 0)]),
            count(buyer[plain]),
            discounted,
            personas.SHARE_CONCENTRATION,
        )
        + _beta_binomial(
            np.minimum(count(positions[refunds]), all_lines),
            all_lines,
            refunded,
            personas.REFUND_CONCENTRATION,
        )
        + _beta_binomial(
            count(buyer[plan.is_weekend[day]]),
            orders,
            personas.column("weekend"),
            personas.SHARE_CONCENTRATION,
        )
        + _beta_binomial(
            count(buyer[sales["second"][first] >= 20 * 3600]),
            orders,
            personas.column("night"),
            personas.SHARE_CONCENTRATION,
        )
        + quantities
        + _order_times(plan, bought, arrival)
    )
    return score.argmax(axis=1), orders.astype(np.int64)


def _tier_of_product(plan: Plan) -> np.ndarray:
    tier = np.zeros(len(plan.catalogue), dtype=np.int64)
    levels = np.repeat(np.arange(len(PRODUCTS_PER_TIER)), PRODUCTS_PER_TIER)
    tier[plan.catalogue.group_products] = np.tile(levels, len(CATEGORIES))
    return tier
