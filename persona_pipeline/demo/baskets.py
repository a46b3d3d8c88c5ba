"""What is in each order: products, rules, quantities, discounts, and what is sent back.

Here: orders of a block → sale and refund lines. Not here: when somebody buys (life.py) and files (files.py).
"""

from __future__ import annotations

import numpy as np

from persona_pipeline.demo.life import Life
from persona_pipeline.demo.personas import TIERS, column
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.population import BLOCK, Population
from persona_pipeline.demo.seeds import Stream, generator

LINE = np.dtype(
    [
        ("delivered", np.int16),
        ("day", np.int16),
        ("second", np.int32),
        ("order", np.int64),
        ("line", np.int16),
        ("account", np.int32),  # -1 for a guest
        ("product", np.int16),
        ("quantity", np.int32),
        ("price", np.int64),  # minor units
        ("discount", np.int64),  # minor units, of the whole line
        ("is_refund", np.bool_),
        ("is_rule", np.bool_),  # added by a planted rule
    ]
)
MORE_LINES_CAP = 14
QUANTITY_CAP = 60
FLASH_DISCOUNT = 0.15
FESTIVAL_DISCOUNT = 0.10
OWN_DISCOUNTS = (0.05, 0.10, 0.20)
DEFECT_REFUND = 0.55
LATE_REFUND = 0.06
REFUND_DELAY = 5


def _draw_products(
    plan: Plan, population: Population, customer: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """One product per line: own category share, own tier share, popularity within the group."""
    u = rng.random((3, customer.size))
    category = (np.cumsum(population.affinity, axis=1)[customer, :-1] < u[0, :, None]).sum(axis=1)
    tier = (np.cumsum(population.tiers, axis=1)[customer, :-1] < u[1, :, None]).sum(axis=1)
    position = np.searchsorted(plan.catalogue.group_cdf, category * len(TIERS) + tier + u[2], side="right")
    return plan.catalogue.group_products[np.minimum(position, plan.catalogue.group_products.size - 1)]


def _unique(
    order: np.ndarray, product: np.ndarray, is_rule: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each product once per order, in the order of product numbers; the first occurrence stays."""
    key = np.lexsort((is_rule, product, order))
    order, product, is_rule = order[key], product[key], is_rule[key]
    first = np.ones(order.size, dtype=bool)
    first[1:] = (order[1:] != order[:-1]) | (product[1:] != product[:-1])
    return order[first], product[first], is_rule[first]


def _with_rules(
    plan: Plan, order: np.ndarray, product: np.ndarray, orders: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Adds what rules and the checkout add; each rule's consequent comes with its own probability."""
    all_orders, all_products = [order], [product]
    for (antecedent, consequent), confidence in zip(
        plan.catalogue.rules, plan.catalogue.confidence, strict=True
    ):
        holds = np.unique(order[product == antecedent])
        extra = holds[rng.random(holds.size) < confidence]
        all_orders.append(extra)
        all_products.append(np.full(extra.size, consequent))
    added = sum(extra.size for extra in all_orders[1:])
    for staple, probability in zip(plan.catalogue.staples, plan.catalogue.staple_probability, strict=True):
        extra = np.flatnonzero(rng.random(orders) < probability)
        all_orders.append(extra)
        all_products.append(np.full(extra.size, staple))
    order, product = np.concatenate(all_orders), np.concatenate(all_products)
    is_rule = np.zeros(order.size, dtype=bool)
    is_rule[all_orders[0].size : all_orders[0].size + added] = True
    return _unique(order, product, is_rule)


def _line_numbers(order: np.ndarray) -> np.ndarray:
    """1, 2, … within each run of equal orders."""
    starts = (
        np.flatnonzero(np.concatenate([[True], order[1:] != order[:-1]]))
        if order.size
        else np.empty(0, np.int64)
    )
    return np.arange(order.size) - np.repeat(starts, np.diff(np.append(starts, order.size))) + 1


def _seconds(night: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    u = rng.random((2, night.size))
    evening = 20 * 3600 + u[1] * (4 * 3600 - 1)
    daytime = 8 * 3600 + u[1] * 12 * 3600
    return np.where(u[0] < night, evening, daytime).astype(np.int64)


def fill_baskets(plan: Plan, population: Population, life: Life) -> np.ndarray:
    """All sale and refund lines of a block as one structured array of `LINE`.

    A refund line stands under an order of its own, negative quantity, price paid per unit, no discount.
    """
    rng = generator(plan.seed, Stream.BASKET, int(population.number[0]) // BLOCK)
    orders = life.customer.size
    basket = population.basket[life.customer]
    lines = 1 + np.minimum(rng.poisson(basket), MORE_LINES_CAP)
    order = np.repeat(np.arange(orders), lines)
    product = _draw_products(plan, population, life.customer[order], rng)
    order, product, is_rule = _with_rules(
        plan, *_unique(order, product, np.zeros(order.size, bool))[:2], orders, rng
    )

    customer, day = life.customer[order], life.day[order]
    tail = column("quantity_tail")[population.persona[customer]]
    quantity = np.minimum(np.floor((1.0 - rng.random(order.size)) ** (-1.0 / tail)), QUANTITY_CAP).astype(
        np.int64
    )
    quantity[np.isin(product, plan.catalogue.staples)] = 1
    price = plan.catalogue.price[day // 7, product]
    own = rng.choice(OWN_DISCOUNTS, size=orders)
    seeks = rng.random(orders) < population.seeks_discount[life.customer]
    rate = np.where(seeks | life.is_coupon, own, 0.0)
    rate = rate + plan.is_flash[life.day] * FLASH_DISCOUNT + plan.is_festival[life.day] * FESTIVAL_DISCOUNT
    gross = quantity * price
    discount = np.floor(gross * rate[order]).astype(np.int64)

    sales = np.zeros(order.size, dtype=LINE)
    sales["delivered"] = life.known[order]
    sales["day"] = day
    sales["second"] = _seconds(population.night[life.customer], rng)[order]
    sales["order"] = population.number[customer] * plan.days + day
    sales["line"] = _line_numbers(order)
    sales["account"] = np.where(life.is_guest[order], -1, population.account[customer])
    sales["product"] = product
    sales["quantity"] = quantity
    sales["price"] = price
    sales["discount"] = discount
    sales["is_rule"] = is_rule

    chance = (
        population.refund[customer]
        + DEFECT_REFUND * life.is_defect[order]
        + LATE_REFUND * life.is_late_parcel[order]
    )
    back = np.flatnonzero(rng.random(order.size) < chance)
    wait = REFUND_DELAY + np.minimum(rng.geometric(0.25, back.size), 15)
    net = (gross[back] - discount[back]) // quantity[back]
    keep = (day[back] + wait < plan.days) & (net > 0) & ~np.isin(product[back], plan.catalogue.staples)
    refunds = sales[back[keep]].copy()
    refunds["day"] = day[back[keep]] + wait[keep]
    refunds["delivered"] = refunds["day"]
    refunds["second"] = 9 * 3600 + rng.integers(0, 10 * 3600, back.size)[keep]
    refunds["order"] = refunds["order"] * 100 + refunds["line"]
    refunds["line"] = 1
    refunds["quantity"] = -refunds["quantity"]
    refunds["price"] = net[keep]
    refunds["discount"] = 0
    refunds["is_refund"] = True
    refunds["is_rule"] = False
    return np.concatenate([sales, refunds])
