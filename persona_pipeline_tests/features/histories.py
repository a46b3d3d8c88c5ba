"""Small histories of all traces for hypothesis: late, repeated, corrected, of customers that merge and split.

Here: clean rows, and the facts made of them. Not here: expected values (reference.py).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from hypothesis import strategies as st

from persona_pipeline.contracts.activity import CONTACT_DAY, PRODUCT_VIEW, SESSION, SOCIAL_DAY, WEB_DAY
from persona_pipeline.contracts.behaviour import BASKET_ITEM, MAP, ORDER_DAY, REFUND
from persona_pipeline.contracts.clean import CUSTOMER, ORDER_LINE, PRODUCT
from persona_pipeline.contracts.traces import CAMPAIGN_CONTACT, SOCIAL_POST
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.protocol import Window
from persona_pipeline.engine.sql import sql_text
from persona_pipeline.features.facts import basket_item_window, order_day_window
from persona_pipeline.features.refunds import refund_window
from persona_pipeline.features.trace_facts import contact_day_window, social_day_window
from persona_pipeline_tests.features.history import FolderLake, Row, customer, day, order_line, product
from persona_pipeline_tests.features.known import History

FIRST, LAST = 385, 400  # the days that are looked at; later ones come too late for both
REDELIVERY = 12
REFUND_DAYS = {"orders": 180}
TABLES = {
    "order_line": ORDER_LINE,
    "product": PRODUCT,
    "customer": CUSTOMER,
    "post": SOCIAL_POST,
    "contact": CAMPAIGN_CONTACT,
    "session": SESSION,
    "product_view": PRODUCT_VIEW,
    "map": MAP,
}
PEOPLE = (("account", "a"), ("account", "b"), ("visitor", "va"), ("visitor", "vb"), ("handle", "ha"))
AGES = (60, 89, 90, 120, 179, 180, 364, 365, 380)  # the first and last days of windows
RECENT = [last - age for last in (FIRST, LAST) for age in (0, 1, 3, 6, 7, 10, 20, 29, 30, 45)]
HAPPENED = st.sampled_from([*RECENT, *(last - age for last in (FIRST, LAST) for age in AGES if age <= FIRST)])
LATE = st.sampled_from([0, 0, 0, 3, 11])
LATER = st.sampled_from([None, None, 1, 9])  # when a correction comes, in days after the record
CATEGORY = st.sampled_from(["tea", "cups", "unknown"])
PRODUCT_ID = st.sampled_from(["p1", "p2", "p3"])
ITEM = st.tuples(PRODUCT_ID, st.sampled_from([1, 2, 3, 0]), st.sampled_from([0, 1]))  # quantity, discount
CORRECTION = st.sampled_from(["same", "more", "moved"])
WHO = st.sampled_from([*PEOPLE, ("visitor", "nobody")])


def until(history: History, last: dt.date) -> dict[str, list[Row]]:
    """The history as it was known on a day."""
    return {name: [row for row in rows if row["day"] <= last] for name, rows in history.items()}


def build(folder: Path, engine: DuckDBEngine, history: History) -> FolderLake:
    """Clean rows and the map, and the facts of all their days."""
    lake = FolderLake(folder, engine)
    for name, table in TABLES.items():
        lake.put(table, history[name])
    window = Window(day(0), day(LAST + 30))
    days = {"redelivery_days": REDELIVERY, "refund_days": REFUND_DAYS}
    files, refunds = refund_window(engine, lake.read, lake.output(REFUND), window, **days)
    lake.replace(REFUND, files)
    orders = order_day_window(engine, lake.read, lake.output(ORDER_DAY), window, REDELIVERY, refunds)
    lake.replace(ORDER_DAY, orders)
    items = basket_item_window(engine, lake.read, lake.output(BASKET_ITEM), window, refunds)
    lake.replace(BASKET_ITEM, items)
    for table, step in ((SOCIAL_DAY, social_day_window), (CONTACT_DAY, contact_day_window)):
        lake.replace(table, step(engine, lake.read, lake.output(table), window))
    visits = {"session": lake.read(SESSION, window.first, window.last)}
    bounds = {"first": window.first, "last": window.last}
    web = engine.select_into(sql_text("facts/web_day"), visits, lake.output(WEB_DAY), bounds)
    lake.replace(WEB_DAY, web)
    return lake


@st.composite
def histories(draw: st.DrawFn, least: int = 0, most: int = 14) -> dict[str, list[Row]]:
    """From `least` to `most` records of each kind."""

    def some(*parts: st.SearchStrategy) -> list[tuple]:
        return draw(st.lists(st.tuples(HAPPENED, LATE, WHO, *parts), min_size=least, max_size=most))

    def signed(make: Callable[..., Row], records: list[tuple]) -> list[Row]:
        """The records, and those that are taken back or replaced some days later."""
        rows = []
        for number, (happened, late, who, later, *values) in enumerate(records):
            known = happened + late
            row = make(number, known, happened, who, *values)
            rows.append(row)
            if later is None:
                continue
            rows.append(row | {"day": day(known + later), "sign": -1})
            again = draw(st.sampled_from([None, "same", "other"]))
            if again is not None:
                other = draw(st.sampled_from(PEOPLE)) if again == "other" else who
                rows.append(make(number, known + later, happened, other, *values))
        return rows

    orders = some(
        LATER,
        st.sampled_from(["item", "item", "item", "shipping"]),
        st.lists(ITEM, min_size=1, max_size=2, unique_by=lambda line: line[0]),
        st.sampled_from([None, None, None, "own", "other"]),
    )
    lines: list[Row] = []
    for number, (happened, late, who, later, line_type, items, returned) in enumerate(orders):
        sale = [
            _line(happened + late, f"o{number}", line, happened, who, item, line_type)
            for line, item in enumerate(items)
        ]
        lines += _replaced(sale, None if returned else later, happened + late, draw(CORRECTION))
        if returned:  # given back in full or in part, some days after
            back = happened + draw(st.sampled_from([0, 5, 9]))
            taken = items[: draw(st.integers(1, len(items)))]
            refund = [
                _line(back + late, f"r{number}", line, back, who, (p, -q, 0), line_type,
                      refund_of=f"o{number}" if returned == "own" else None)
                for line, (p, q, _) in enumerate(taken)
            ]  # fmt: skip
            lines += _replaced(refund, later, back + late, draw(CORRECTION))
    records = draw(st.dictionaries(st.integers(0, LAST), WHO, max_size=3))
    later_names = st.dictionaries(st.tuples(st.sampled_from([0, 30, 390]), PRODUCT_ID), CATEGORY, max_size=4)
    versions = {(0, "p1"): "tea", (0, "p2"): "cups"} | draw(later_names)
    moves = draw(
        st.dictionaries(
            st.tuples(st.sampled_from([100, 386, 395]), st.sampled_from(PEOPLE)),
            st.sampled_from(["c_a", "c_b", None]),
            max_size=3,
        )
    )
    identity = {(0, who): f"c_{who[1][-1]}" for who in PEOPLE} | moves
    flag, held = st.booleans(), st.sampled_from([False, False, False, True])
    return {
        "order_line": lines,
        "product": [product(known, name, category) for (known, name), category in versions.items()],
        "customer": [_record(draw, known, *who) for known, who in records.items()],
        "post": signed(_post, some(LATER, CATEGORY, st.sampled_from([None, 1, 2, 5]), st.integers(-2, 2))),
        "contact": signed(
            _contact,
            some(LATER, st.sampled_from(["email", "sms", "app", "wechat", "fax"]), held, flag, flag, flag),
        ),
        "session": [
            _session(number, happened + late, happened, who, *values)
            for number, (happened, late, who, *values) in enumerate(
                some(
                    st.integers(0, 23),
                    st.sampled_from(["direct", "organic_search", "organic_social", "email", "referral"]),
                    st.sampled_from(["mobile", "tablet", "desktop", "unknown"]),
                    st.lists(st.integers(0, 2), min_size=6, max_size=6),
                )
            )
        ],
        "product_view": list(
            {
                (who, product_id, category, happened, happened + late): _fact(happened + late, happened, who)
                | {"product_id": product_id, "category": category, "views": views, "cart_adds": adds}
                for happened, late, who, product_id, category, (views, adds) in some(
                    PRODUCT_ID, CATEGORY, st.sampled_from([(1, 0), (2, 1), (0, 1), (3, 2)])
                )
            }.values()
        ),
        "map": [
            {"day": day(known), "id_kind": who[0], "id": who[1], "customer_id": owner}
            for (known, who), owner in identity.items()
        ],
    }


def _replaced(rows: list[Row], later: int | None, known: int, how: str) -> list[Row]:
    """The rows, and in `later` days a correction of all of them."""
    if later is None:
        return rows
    on: Row = {"day": day(known + later)}
    back, again = [row | on | {"sign": -1} for row in rows], [row | on for row in rows]
    if how == "more":
        for row in again:
            row.update(quantity=row["quantity"] + 1, amount=row["amount"] + row["unit_price"])
    if how == "moved":
        again = [row | {"id_kind": "account", "id": "b"} for row in again]
    return [*rows, *back, *again]


def _fact(known: int, happened: int, who: tuple[str, str]) -> Row:
    return {"day": day(known), "event_day": day(happened), "id_kind": who[0], "id": who[1]}


def _line(
    known: int,
    order: str,
    line: int,
    happened: int,
    who: tuple[str, str],
    item: tuple[str, int, int],
    line_type: str,
    refund_of: str | None = None,
) -> Row:
    product_id, quantity, discount = item
    return order_line(
        known,
        order_id=order,
        line=line,
        order_type="refund" if order.startswith("r") else "sale",
        # the last line of an order may be a charge
        line_type=line_type if line else "item",
        refund_of=refund_of,
        id_kind=who[0],
        id=who[1],
        event_day=day(happened),
        product_id=product_id,
        quantity=Decimal(quantity),
        discount=Decimal(discount) if quantity > 0 else Decimal(0),
    )


def _record(draw: st.DrawFn, known: int, id_kind: str, identifier: str) -> Row:
    consent = st.sampled_from([True, False, None])
    return customer(
        known,
        identifier,
        id_kind=id_kind,
        registered_on=draw(st.sampled_from([None, day(known), day(known + 1), day(max(known - 40, 0))])),
        birth_year=draw(st.sampled_from([None, 1960, 1961, 1990, 2008])),
        gender=draw(st.sampled_from(["female", "unknown"])),
        region=draw(st.sampled_from(["North", "unknown"])),
        income_band=draw(st.sampled_from(["high", "unknown"])),
        consent_marketing=draw(consent),
        consent_profiling=draw(consent),
        consent_sharing=draw(consent),
    )


def _post(
    number: int,
    known: int,
    happened: int,
    who: tuple[str, str],
    category: str,
    rating: int | None,
    sentiment: int,
) -> Row:
    return _fact(known, happened, who) | {
        "post_id": str(number),
        "sign": 1,
        "version": 0,
        "post_type": "review" if rating else "post",
        "rating": rating,
        "sentiment": Decimal(sentiment) / 4,
        "sentiment_label": ("negative", "neutral", "positive")[(sentiment > 0) - (sentiment < 0) + 1],
        "category": None if category == "unknown" else category,
    }


def _contact(
    number: int,
    known: int,
    happened: int,
    who: tuple[str, str],
    channel: str,
    *flags: bool,
) -> Row:
    held, opened, clicked, responded = flags
    return _fact(known, happened, who) | {
        "contact_id": str(number),
        "campaign_id": "k",
        "sign": 1,
        "version": 0,
        "channel": channel,
        "message": "m",
        "is_holdout": held,
        "is_opened": opened,
        "is_clicked": clicked,
        "is_responded": responded,
        "cost": Decimal(0) if held else Decimal("0.05"),
    }


def _session(
    number: int,
    known: int,
    happened: int,
    who: tuple[str, str],
    hour: int,
    channel: str,
    device: str,
    counts: list[int],
) -> Row:
    names = ("product_views", "searches", "cart_adds", "checkouts", "confirmations", "seconds")
    rest = {"session_id": str(number), "hour": hour, "channel": channel, "device": device}
    return (
        _fact(known, happened, who) | rest | dict(zip(names, counts, strict=True)) | {"hits": 1 + counts[0]}
    )
