"""The facts of web, posts, contacts and customer records as known on each as_of, one SELECT each.

Here: spans of web days, sessions, product views, texts, contacts, records and the interest that adds them up.
Not here: members, orders and baskets (view.py), and the features measured on them (compiler.py).
"""

from __future__ import annotations

import math

from sqlglot import exp

from persona_pipeline.contracts import Type
from persona_pipeline.features import expression as e
from persona_pipeline.features.feature import WINDOWS
from persona_pipeline.features.source import YEAR
from persona_pipeline.features.view import (
    CONSENTS,
    CONTACT_MEASURES,
    ROW,
    SOCIAL_MEASURES,
    WEB_MEASURES,
    columns_of,
    keys_of,
    known_fact,
    named,
    same,
    sums,
)

HALF_LIFE_DAYS = 90
VIEW_POINTS, CART_POINTS, PURCHASE_POINTS, TEXT_POINTS = 1, 3, 5, 2
DAYPARTS = ((6, "night"), (12, "morning"), (18, "afternoon"))


def _age(fact: str, of: str) -> exp.Expr:
    return e.days_between(e.column("event_day", fact), e.column("as_of", of))


def _span(age: exp.Expr) -> exp.Expr:
    """The span of ages that an event falls into; every window is a sum of some spans."""
    span = exp.Case()
    for days in WINDOWS:
        span = span.when(age.copy() < days, e.number(days))
    return span.else_(e.number(0))


def web_event(reach: int | None = None) -> exp.Select:
    """Web days added up by span of ages, in one pass over the days; `reach` is one of WINDOWS."""
    fact, of = "web_day", "member"
    age = _age(fact, of)
    return (
        exp.select(
            *columns_of(ROW, of),
            exp.alias_(e.smallest(age), "age_days"),
            exp.alias_(e.count_distinct(e.column("event_day", fact)), "visit_days"),
            *sums(WEB_MEASURES, fact),
        )
        .from_(named(of))
        .join(named(fact), on=known_fact(fact, of, reach), join_type="inner")
        .group_by(*keys_of(ROW, of), _span(age))
    )


def session_event(reach: int | None = None) -> exp.Select:
    """Sessions with their age, part of the day, device and channel."""
    fact, of = "session", "member"
    hour = e.column("hour", fact)
    daypart = exp.Case()
    for before, name in DAYPARTS:
        daypart = daypart.when(hour.copy() < before, exp.Literal.string(name))
    daypart = daypart.else_(exp.Literal.string("evening"))
    return (
        exp.select(
            *columns_of(ROW, of),
            exp.alias_(_age(fact, of), "age_days"),
            exp.alias_(daypart, "daypart"),
            *columns_of(("device", "channel", "seconds"), fact),
            exp.alias_(e.number(1), "sessions"),
        )
        .from_(named(of))
        .join(named(fact), on=known_fact(fact, of, reach), join_type="inner")
    )


def product_view_line() -> exp.Select:
    """Which products were seen on which day of the last 365."""
    fact, of = "product_view", "everyone"
    names = ("product_no", "product_id", "category", "event_day", "views", "cart_adds")
    return (
        exp.select(
            *columns_of(ROW, of),
            *columns_of(names, fact),
            exp.alias_(_age(fact, of), "age_days"),
        )
        .from_(named(of))
        .join(named(fact), on=known_fact(fact, of, YEAR), join_type="inner")
    )


def product_view_last(reach: int | None = None) -> exp.Select:
    """Each product seen, with its last view and its last cart add, and sums over 365 days or `reach`."""
    table = "product_view_line"
    names = (*ROW, "product_no")
    age = e.column("age_days", table)
    in_cart = e.when(e.column("cart_adds", table) > 0, age)
    select = (
        exp.select(
            *columns_of(names, table),
            exp.alias_(e.smallest(e.column("product_id", table)), "product_id"),
            exp.alias_(e.largest(e.column("event_day", table)), "viewed_day"),
            exp.alias_(e.smallest(age), "age_days"),
            exp.alias_(e.smallest(in_cart), "cart_age_days"),
            *sums(("views", "cart_adds"), table, "product_view"),
        )
        .from_(named(table))
        .group_by(*keys_of(names, table))
    )
    return select if reach is None else select.where(age.copy() < reach)


def product_view_event(table: str = "product_view_last") -> exp.Select:
    """The same, with whether the product was bought on the day of its last view or later."""
    bought = "product_purchase"
    since = exp.GTE(this=e.column("bought_day", bought), expression=e.column("viewed_day", table))
    names = ("product_no", "product_id", "age_days", "cart_age_days", "views", "cart_adds")
    return (
        exp.select(
            *columns_of((*ROW, *names), table),
            exp.alias_(e.coalesce(since, exp.false()), "is_bought_since"),
        )
        .from_(named(table))
        .join(named(bought), on=same((*ROW, "product_no"), bought, table), join_type="left")
    )


def social_event(reach: int | None = None) -> exp.Select:
    """What each customer wrote on each day, corrections summed."""
    fact, of = "social_day", "member"
    age = _age(fact, of)
    return (
        exp.select(
            *columns_of(ROW, of),
            exp.alias_(age, "age_days"),
            _texts(),
            *sums(SOCIAL_MEASURES, fact),
        )
        .from_(named(of))
        .join(named(fact), on=known_fact(fact, of, reach), join_type="inner")
        .group_by(*keys_of(ROW, of), age.copy())
    )


def mention_event(reach: int | None = None) -> exp.Select:
    """Which categories each customer wrote of, by span of ages, corrections summed."""
    fact, of = "social_day", "member"
    age = _age(fact, of)
    return (
        exp.select(
            *columns_of(ROW, of),
            exp.alias_(e.smallest(age), "age_days"),
            *columns_of(("category",), fact),
            _texts(),
            *sums(("negative_texts", "positive_texts"), fact),
        )
        .from_(named(of))
        .join(named(fact), on=known_fact(fact, of, reach), join_type="inner")
        .group_by(*keys_of(ROW, of), _span(age), *keys_of(("category",), fact))
    )


def _texts() -> exp.Expr:
    texts = exp.Add(this=e.column("posts", "social_day"), expression=e.column("reviews", "social_day"))
    return exp.alias_(e.as_type(e.total(texts), Type.INTEGER), "texts")


def contact_event(reach: int | None = None) -> exp.Select:
    """How each customer was contacted on each day and what came of it, of everyone: the means need all."""
    fact, of = "contact_day", "everyone"
    age = _age(fact, of)
    names = ("channel", "message")
    return (
        exp.select(
            *columns_of(ROW, of),
            exp.alias_(age, "age_days"),
            *columns_of(names, fact),
            *sums(CONTACT_MEASURES, fact),
        )
        .from_(named(of))
        .join(named(fact), on=known_fact(fact, of, reach), join_type="inner")
        .group_by(*keys_of(ROW, of), age.copy(), *keys_of(names, fact))
    )


def record_event() -> exp.Select:
    """The newest record of each customer: consent, and the days since registration."""
    table = "profile"
    days = e.days_between(e.column("registered_on", table), e.column("as_of", table))
    # a record may be known a day before the day of registration that it states
    return exp.select(
        *columns_of((*ROW, *CONSENTS), table),
        exp.alias_(e.when(days >= 0, days), "registration_days"),
        exp.alias_(e.number(0), "age_days"),
    ).from_(named(table))


def interest_line() -> exp.Select:
    """Behaviour that shows interest in a category, weighed in whole points."""
    viewed, bought, of = "product_view_line", "basket_line", "everyone"
    views = exp.Add(
        this=exp.Mul(this=e.number(VIEW_POINTS), expression=e.column("views", viewed)),
        expression=exp.Mul(this=e.number(CART_POINTS), expression=e.column("cart_adds", viewed)),
    )
    posts, reviews = e.column("posts", "social_day"), e.column("reviews", "social_day")
    texts = exp.paren(exp.Add(this=posts, expression=reviews))
    text_age = _age("social_day", of)
    parts = [
        exp.select(*columns_of((*ROW, "category", "age_days"), viewed), exp.alias_(views, "points")).from_(
            named(viewed)
        ),
        exp.select(
            *columns_of((*ROW, "category", "age_days"), bought),
            exp.alias_(e.number(PURCHASE_POINTS), "points"),
        )
        .from_(named(bought))
        .where(e.column("age_days", bought) < YEAR),
        exp.select(
            *columns_of(ROW, of),
            *columns_of(("category",), "social_day"),
            exp.alias_(text_age, "age_days"),
            exp.alias_(exp.Mul(this=e.number(TEXT_POINTS), expression=texts), "points"),
        )
        .from_(named(of))
        .join(named("social_day"), on=known_fact("social_day", of, YEAR), join_type="inner"),
    ]
    every = exp.union(exp.union(parts[0], parts[1], distinct=False), parts[2], distinct=False)
    table = "sign"
    return (
        exp.select(*columns_of((*ROW, "category", "age_days", "points"), table))
        .from_(every.subquery(table))
        .where(e.column("category", table).neq("unknown"))
    )


def interest_point() -> exp.Select:
    """Points that fade with their age, by category; what was taken back has the age of what it takes back."""
    table = "interest_line"
    names = (*ROW, "category")
    points, age = e.column("points", table), e.column("age_days", table)
    rate = exp.paren(exp.Literal.number(repr(-math.log(2) / HALF_LIFE_DAYS)))
    faded = exp.Exp(this=exp.Mul(this=rate, expression=e.as_double(age)))
    term = e.exact(exp.Mul(this=e.as_double(points), expression=faded))
    return (
        exp.select(
            *columns_of(names, table),
            exp.alias_(e.smallest(age), "age_days"),
            exp.alias_(e.exact(e.total(term)), "points"),
        )
        .from_(named(table))
        .group_by(*keys_of(names, table))
        .having(e.total(points) > 0)
    )


def interest_reach() -> exp.Select:
    """How many customers show interest in each category."""
    table = "interest_point"
    names = ("as_of", "category")
    return (
        exp.select(*columns_of(names, table), exp.alias_(e.count_rows(), "customers"))
        .from_(named(table))
        .group_by(*keys_of(names, table))
    )


def interest_base() -> exp.Select:
    """How many customers show any interest."""
    table = "interest_point"
    everybody = e.count_distinct(e.column("customer_no", table))
    return (
        exp.select(*columns_of(("as_of",), table), exp.alias_(everybody, "everybody"))
        .from_(named(table))
        .group_by(*keys_of(("as_of",), table))
    )


def interest_event() -> exp.Select:
    """Faded points, worth more where few others are interested."""
    table, reach, base = "interest_point", "interest_reach", "interest_base"
    rarity = exp.Add(
        this=e.number(1),
        expression=exp.Ln(
            this=e.share_of(
                exp.paren(exp.Add(this=e.number(1), expression=e.column("everybody", base))),
                exp.paren(exp.Add(this=e.number(1), expression=e.column("customers", reach))),
            )
        ),
    )
    weight = exp.Mul(this=e.as_double(e.column("points", table)), expression=exp.paren(rarity))
    return (
        exp.select(*columns_of((*ROW, "category", "age_days"), table), exp.alias_(e.exact(weight), "weight"))
        .from_(named(table))
        .join(named(reach), on=same(("as_of", "category"), reach, table), join_type="inner")
        .join(named(base), on=same(("as_of",), base, table), join_type="inner")
    )
