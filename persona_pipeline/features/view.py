"""The first half of the statement: the facts as known on each as_of, one SELECT each.

Here: members, profiles, order days and baskets. Not here: the other traces (trace_view.py) and the features
measured on them (compiler.py).
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from persona_pipeline.contracts import Table, Type, activity, behaviour, clean
from persona_pipeline.features import expression as e
from persona_pipeline.features.source import measures

INPUTS: dict[str, Table] = {
    "map": behaviour.MAP,
    "customer": clean.CUSTOMER,
    "order_day": behaviour.ORDER_DAY,
    "basket_item": behaviour.BASKET_ITEM,
    "web_day": activity.WEB_DAY,
    "session": activity.SESSION,
    "product_view": activity.PRODUCT_VIEW,
    "social_day": activity.SOCIAL_DAY,
    "contact_day": activity.CONTACT_DAY,
}

ROW = ("as_of", "customer_no")  # numbers, because grouping and joining by texts takes twice as long
NUMBERS = {"product_id": "product_no"}  # what stands for a text in keys
PROFILE = ("gender", "region", "income_band")
MEASURES = measures(behaviour.ORDER_DAY)
CONSENTS = ("consent_marketing", "consent_profiling", "consent_sharing")
RECORD = ("registered_on", "birth_year", *PROFILE, *CONSENTS)
FACT = ("day", "event_day", "id_no")
WEB_MEASURES = measures(activity.WEB_DAY)
SOCIAL_MEASURES = measures(activity.SOCIAL_DAY)
CONTACT_MEASURES = measures(activity.CONTACT_DAY)
# what the statement reads of each input, with numbers for identifiers, customers and products (customer.py)
INPUT_COLUMNS: dict[str, tuple[str, ...]] = {
    "map": ("day", "id_no", "customer_no", "customer_id"),
    "customer": ("day", "id_no", *RECORD),
    "order_day": (*FACT, *MEASURES),
    "basket_item": (*FACT, "order_id", "product_id", "product_no", "category", "quantity", "amount"),
    "web_day": (*FACT, *WEB_MEASURES),
    "session": (*FACT, "hour", "channel", "device", "seconds"),
    "product_view": (*FACT, "product_id", "product_no", "category", "views", "cart_adds"),
    "social_day": (*FACT, "category", *SOCIAL_MEASURES),
    "contact_day": (*FACT, "channel", "message", *CONTACT_MEASURES),
}
PRODUCT_INPUTS = tuple(name for name, columns in INPUT_COLUMNS.items() if "product_no" in columns)


def named(name: str, alias: str | None = None) -> exp.Table:
    """A table or CTE, by its name."""
    return exp.to_table(name, alias=alias) if alias else exp.to_table(name)


def columns_of(names: Iterable[str], table: str) -> list[exp.Expr]:
    """Columns of one table, each under its own name."""
    return [exp.alias_(e.column(name, table), name) for name in names]


def keys_of(names: Iterable[str], table: str) -> list[exp.Expr]:
    """Columns of one table, to group, partition or sort by."""
    return [e.column(name, table) for name in names]


def sums(names: Iterable[str], table: str, fact: str | None = None) -> list[exp.Expr]:
    """Columns summed under their names, with the types that the contract of the fact gives them.

    A sum is twice as wide as what it adds up, and so is everything that is done with it.
    """
    contract = INPUTS[fact or table]
    return [
        exp.alias_(e.as_type(e.total(e.column(name, table)), contract.column(name).type), name)
        for name in names
    ]


def same(names: Iterable[str], left: str, right: str) -> exp.Expr:
    """Whether two tables agree in all these columns."""
    return exp.and_(*[e.column(name, left).eq(e.column(name, right)) for name in names])


def interval() -> exp.Select:
    """The log of the map as intervals: each row holds until the next one of its identifier."""
    following = e.over(
        exp.Lead(this=e.column("day", "map")),
        keys_of(("id_no",), "map"),
        [e.ordered(e.column("day", "map"))],
    )
    return exp.select(
        *columns_of(("day", "id_no", "customer_no", "customer_id"), "map"), exp.alias_(following, "next_day")
    ).from_(named("map"))


def everyone() -> exp.Select:
    """Which identifiers belong to which customer, as known on each as_of."""
    as_of = e.column("as_of", "as_of")
    until = e.column("next_day", "interval")
    known = exp.and_(
        e.column("day", "interval") <= as_of,
        exp.or_(until.is_(exp.null()), until > as_of),
        e.column("customer_id", "interval").is_(exp.null()).not_(),
    )
    return (
        exp.select(
            exp.alias_(as_of.copy(), "as_of"),
            *columns_of(("customer_no", "customer_id", "id_no"), "interval"),
        )
        .from_(named("as_of"))
        .join(named("interval"), on=known, join_type="inner")
    )


def member(chosen: bool) -> exp.Select:
    """The identifiers of the customers that are looked at: all, or those of the input `chosen`."""
    names = (*ROW, "customer_id", "id_no")
    select = exp.select(*columns_of(names, "everyone")).from_(named("everyone"))
    if chosen:
        on = same(("customer_id",), "chosen", "everyone")
        select = select.join(named("chosen"), on=on, join_type="inner")
    return select


def known_customer() -> exp.Select:
    """Every customer known on each as_of, whether anything was bought or not."""
    return exp.select(*columns_of((*ROW, "customer_id"), "member")).from_(named("member")).distinct()


def profile_version() -> exp.Select:
    """The customer records known on each as_of, the newest first."""
    order = [
        e.ordered(e.column("day", "customer"), descending=True),
        e.ordered(e.column("id_no", "customer")),
    ]
    newest = e.over(exp.RowNumber(), keys_of(ROW, "member"), order)
    on = exp.and_(
        same(("id_no",), "customer", "member"),
        e.column("day", "customer") <= e.column("as_of", "member"),
    )
    return (
        exp.select(
            *columns_of(ROW, "member"),
            *columns_of(RECORD, "customer"),
            exp.alias_(newest, "newest_rank"),
        )
        .from_(named("member"))
        .join(named("customer"), on=on, join_type="inner")
    )


def profile() -> exp.Select:
    """The newest customer record of each customer."""
    return (
        exp.select(*columns_of((*ROW, *RECORD), "profile_version"))
        .from_(named("profile_version"))
        .where(e.column("newest_rank", "profile_version").eq(1))
    )


def known_fact(fact: str, of: str = "member", reach: int | None = None) -> exp.Expr:
    """The facts of a member that were known on as_of and had happened by then.

    Args:
        fact: the table of facts.
        of: whose facts.
        reach: how many days back they are looked at, the day of as_of among them; None is the whole history.
            Compared as a day, so that files of older days are not opened further.
    """
    as_of = e.column("as_of", of)
    conditions = [
        same(("id_no",), fact, of),
        e.column("day", fact) <= as_of,
        e.column("event_day", fact) <= as_of.copy(),
    ]
    if reach is not None:
        first = exp.Sub(this=as_of.copy(), expression=e.number(reach))
        conditions.append(e.column("event_day", fact) > first)
    return exp.and_(*conditions)


def order_total() -> exp.Select:
    """Changes summed to what was known on as_of, per customer and day it happened."""
    event_day = e.column("event_day", "order_day")
    return (
        exp.select(
            *columns_of(ROW, "member"), exp.alias_(event_day, "event_day"), *sums(MEASURES, "order_day")
        )
        .from_(named("member"))
        .join(named("order_day"), on=known_fact("order_day"), join_type="inner")
        .group_by(*keys_of(ROW, "member"), event_day.copy())
    )


def order_dated() -> exp.Select:
    """Order days with their age, week, weekend and the days since the order day before."""
    table = "order_total"
    event_day = e.column("event_day", table)
    has_order = e.column("orders", table) > 0
    previous = e.over(
        e.largest(e.when(has_order, event_day)),
        keys_of(ROW, table),
        [e.ordered(event_day.copy())],
        rows_before=True,
    )
    gap = e.when(has_order, e.days_between(previous, event_day))
    since_monday = e.days_between(e.date(e.EPOCH_MONDAY), event_day)
    weekday = exp.Mod(this=since_monday, expression=e.number(7))
    week = exp.Floor(
        this=exp.Div(this=e.as_double(since_monday), expression=e.number(7), typed=False, safe=False)
    )
    return exp.select(
        *columns_of((*ROW, "event_day", *MEASURES), table),
        exp.alias_(e.days_between(event_day, e.column("as_of", table)), "age_days"),
        exp.alias_(e.as_type(week, Type.INTEGER), "week_number"),
        exp.alias_(weekday >= 5, "is_weekend"),
        exp.alias_(gap, "gap_days"),
    ).from_(named(table))


def order_event() -> exp.Select:
    """The same, with the square of the gap."""
    table = "order_dated"
    gap_days = e.column("gap_days", table)
    names = (*ROW, *MEASURES, "age_days", "week_number", "is_weekend", "gap_days")
    return exp.select(
        *columns_of(names, table),
        exp.alias_(exp.Mul(this=gap_days, expression=gap_days.copy()), "gap_days_squared"),
    ).from_(named(table))


def basket_line(of: str = "member") -> exp.Select:
    """What was in each basket, as known on as_of, of the members in `of`, with its age."""
    fact = "basket_item"
    names = ("order_id", "product_no", "category", "event_day")
    return (
        exp.select(
            *columns_of(ROW, of),
            *columns_of(names, fact),
            exp.alias_(e.smallest(e.column("product_id", fact)), "product_id"),
            exp.alias_(e.days_between(e.column("event_day", fact), e.column("as_of", of)), "age_days"),
            *sums(("quantity", "amount"), fact),
        )
        .from_(named(of))
        .join(named(fact), on=known_fact(fact, of), join_type="inner")
        .group_by(*keys_of(ROW, of), *keys_of(names, fact))
        .having(e.total(e.column("quantity", fact)) > 0)
    )


def product_purchase() -> exp.Select:
    """The first and the last day on which each product was bought."""
    table = "basket_line"
    event_day = e.column("event_day", table)
    names = (*ROW, "product_no")
    return (
        exp.select(
            *columns_of(names, table),
            exp.alias_(e.smallest(event_day), "first_day"),
            exp.alias_(e.largest(event_day.copy()), "bought_day"),
        )
        .from_(named(table))
        .group_by(*keys_of(names, table))
    )


def basket_event() -> exp.Select:
    """Basket lines, with whether it is the customer's first day with the product."""
    table, bought = "basket_line", "product_purchase"
    event_day = e.column("event_day", table)
    names = (*ROW, "product_no", "product_id", "category", "age_days", "quantity", "amount")
    return (
        exp.select(
            *columns_of(names, table),
            exp.alias_(event_day.eq(e.column("first_day", bought)), "is_first_purchase"),
        )
        .from_(named(table))
        .join(named(bought), on=same((*ROW, "product_no"), bought, table), join_type="inner")
    )


def basket_product() -> exp.Select:
    """One row per order, day and product: a product may have been of two categories."""
    table = "basket_line"
    names = (*ROW, "order_id", "age_days", "product_no")
    return (
        exp.select(*columns_of(names, table), *sums(("quantity", "amount"), table, "basket_item"))
        .from_(named(table))
        .group_by(*keys_of(names, table))
    )


def basket() -> exp.Select:
    """One row per order and day: distinct products, units and amount."""
    table = "basket_product"
    names = (*ROW, "order_id", "age_days")
    return (
        exp.select(
            *columns_of(names, table),
            exp.alias_(exp.Count(this=e.column("product_no", table)), "products"),
            *sums(("quantity", "amount"), table, "basket_item"),
        )
        .from_(named(table))
        .group_by(*keys_of(names, table))
    )
