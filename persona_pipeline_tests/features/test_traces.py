"""Features of the other traces, by hand and run in different ways. Against the reference: test_parity.py."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal

import pytest

from persona_pipeline.contracts import Table, Type
from persona_pipeline.contracts.activity import CONTACT_DAY, PRODUCT_VIEW, SESSION, SOCIAL_DAY, WEB_DAY
from persona_pipeline.contracts.behaviour import BASKET_ITEM, MAP
from persona_pipeline.contracts.clean import CUSTOMER
from persona_pipeline.features.catalogue import feature_table, load_catalogue
from persona_pipeline.features.customer import for_customers, snapshot, staged_snapshots
from persona_pipeline_tests.features.history import FolderLake, Row, customer, day

CATALOGUE = load_catalogue()
FEATURES = feature_table(CATALOGUE)
TABLES = {table.name: table for table in (WEB_DAY, SESSION, PRODUCT_VIEW, SOCIAL_DAY, CONTACT_DAY)}
TABLES |= {"basket_item": BASKET_ITEM, "map": MAP, "customer": CUSTOMER}
LAST = 420
CATEGORIES = ("tea", "cups", "rice", "unknown")


def _fact(table: Table, known: int, happened: int, identifier: tuple[str, str], **values: object) -> Row:
    """A fact whose numbers are zero unless they are given."""
    row: Row = {c.name: 0 if c.type in (Type.INTEGER, Type.DECIMAL) else None for c in table.columns}
    id_kind, name = identifier
    return row | {"day": day(known), "event_day": day(happened), "id_kind": id_kind, "id": name} | values


def _web(rng: random.Random, known: int, happened: int, who: tuple[str, str]) -> Row:
    sessions = rng.randint(1, 5)
    parts = [c.name for c in WEB_DAY.columns if c.name.endswith("_sessions") or c.name == "bounces"]
    counts = {name: rng.randint(0, sessions) for name in parts}
    more = {name: rng.randint(0, 9) for name in ("hits", "seconds", "product_views", "searches", "cart_adds")}
    return _fact(WEB_DAY, known, happened, who, sessions=sessions, **counts, **more)


def _facts(seed: int) -> dict[str, list[Row]]:
    """Two customers, five identifiers, one of which changes hands; texts and contacts are corrected."""
    rng = random.Random(seed)
    people = [("account", "a"), ("visitor", "va"), ("handle", "ha"), ("account", "b"), ("visitor", "vb")]
    identity = [
        {"day": day(0), "id_kind": kind, "id": name, "customer_id": f"c_{name[-1]}"} for kind, name in people
    ]
    identity += [
        {"day": day(200), "id_kind": "visitor", "id": "vb", "customer_id": "c_a"},
        {"day": day(380), "id_kind": "visitor", "id": "vb", "customer_id": None},
    ]
    facts: dict[str, list[Row]] = {name: [] for name in TABLES}
    facts["map"] = identity
    people.append(("visitor", "nobody"))
    for number in range(90):
        happened = rng.randint(0, LAST) if number % 2 else rng.randint(LAST - 60, LAST)
        who, known = rng.choice(people), happened + rng.choice([0, 0, 0, 3])
        category, product = rng.choice(CATEGORIES), f"p{rng.randint(1, 4)}"
        facts["web_day"].append(_web(rng, known, happened, who))
        facts["session"].append(
            _fact(
                SESSION,
                known,
                happened,
                who,
                session_id=str(number),
                hour=rng.randint(0, 23),
                channel=rng.choice(["direct", "email"]),
                device=rng.choice(["mobile", "desktop", "unknown"]),
            )
        )
        counts = {"views": rng.randint(1, 3), "cart_adds": rng.randint(0, 1)}
        facts["product_view"].append(
            _fact(PRODUCT_VIEW, known, happened, who, product_id=product, category=category, **counts)
        )
        text: Row = {
            "category": category,
            "posts": rng.randint(0, 1),
            "reviews": 1,
            "ratings": 1,
            "rating_sum": rng.randint(1, 5),
            "low_ratings": rng.randint(0, 1),
            "negative_texts": rng.randint(0, 1),
            "sentiment_sum": Decimal(rng.randint(-100, 100)) / 100,
        }
        contact: Row = {
            "channel": rng.choice(["email", "sms", "fax"]),
            "campaign_id": f"k{number}",
            "message": "m",
            "contacts": 1,
            "opens": rng.randint(0, 1),
            "cost_amount": Decimal("0.02"),
        }
        for name, values, outcome in (("social_day", text, {}), ("contact_day", contact, {"responses": 1})):
            facts[name].append(_fact(TABLES[name], known, happened, who, **values))
            if rng.random() < 0.4:  # taken back, or the outcome comes later
                numbers = {key: -value for key, value in values.items() if isinstance(value, int | Decimal)}
                changed = values | (outcome and dict.fromkeys(numbers, 0) | outcome or numbers)
                facts[name].append(_fact(TABLES[name], known + 5, happened, who, **changed))
        item = {"order_id": f"o{number}", "product_id": product, "category": category}
        facts["basket_item"].append(
            _fact(BASKET_ITEM, known, happened, who, **item, quantity=Decimal(1), amount=Decimal(3))
        )
        if rng.random() < 0.3:
            facts["basket_item"].append(
                _fact(BASKET_ITEM, known + 5, happened, who, **item, quantity=Decimal(-1), amount=Decimal(-3))
            )
    facts["customer"] = [
        customer(3, "a", registered_on=day(1), consent_marketing=True),
        customer(300, "a", registered_on=day(1), consent_marketing=False),
        customer(50, "b"),
    ]
    return facts


def _fill(lake: FolderLake, facts: dict[str, list[Row]]) -> None:
    for name, rows in facts.items():
        keys = [tuple(row[key] for key in TABLES[name].key) for row in rows]
        unique = {key: row for key, row in zip(keys, rows, strict=True)}
        assert len(unique) == len(rows), name
        lake.put(TABLES[name], rows)


def _distinct(facts: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """One row per key, as facts have it."""
    return {
        name: list({tuple(row[key] for key in TABLES[name].key): row for row in rows}.values())
        for name, rows in facts.items()
    }


def _snapshot(lake: FolderLake, *days: dt.date) -> list[Row]:
    return lake.rows(FEATURES, files=snapshot(lake.engine, lake.read, lake.output(FEATURES), CATALOGUE, days))


def test_one_day_at_a_time_or_one_customer_gives_the_same_and_later_facts_change_nothing(
    lake: FolderLake,
) -> None:
    facts = _distinct(_facts(3))
    early = {name: [row for row in rows if row["day"] <= day(200)] for name, rows in facts.items()}
    _fill(lake, early)
    before = _snapshot(lake, day(200))
    _fill(lake, facts)
    together = _snapshot(lake, day(200), day(379), day(LAST))
    assert [row for row in together if row["as_of"] == day(200)] == before
    alone = _snapshot(lake, day(379))
    assert [row for row in together if row["as_of"] == day(379)] == alone
    one = for_customers(lake.engine, lake.read, CATALOGUE, ["c_b"], day(LAST)).to_pylist()
    assert one == [row for row in together if row["as_of"] == day(LAST) and row["customer_id"] == "c_b"]


def test_parts_of_the_customers_give_the_same(lake: FolderLake, monkeypatch: pytest.MonkeyPatch) -> None:
    _fill(lake, _distinct(_facts(3)))
    together = _snapshot(lake, day(379), day(LAST))
    customers = {row["customer_id"] for row in together}
    assert len(customers) > 1
    monkeypatch.setattr("persona_pipeline.features.customer.ROWS_PER_STATEMENT", 1)
    files = snapshot(lake.engine, lake.read, lake.output(FEATURES), CATALOGUE, [day(379), day(LAST)])
    assert len(files) == len(together)
    assert lake.rows(FEATURES, files=files) == together
    [of_last] = staged_snapshots(lake.engine, lake.read, CATALOGUE, [day(LAST)]).values()
    staged = lake.engine.fetch("SELECT * FROM s ORDER BY customer_id", {"s": of_last}).to_pylist()
    assert staged == [row for row in together if row["as_of"] == day(LAST)]


def test_a_share_of_few_contacts_stays_near_that_of_everybody(lake: FolderLake) -> None:
    lake.put(MAP, [{"day": day(0), "id_kind": "account", "id": i, "customer_id": f"c_{i}"} for i in "abc"])
    contact = {"campaign_id": "k", "channel": "sms", "message": "m"}
    lake.put(
        CONTACT_DAY,
        [
            _fact(CONTACT_DAY, 1, 1, ("account", "a"), **contact, contacts=90, responses=9),
            _fact(CONTACT_DAY, 1, 1, ("account", "b"), **contact, contacts=10, responses=1),
            _fact(CONTACT_DAY, 1, 1, ("account", "nobody"), **contact, contacts=900, responses=900),
        ],
    )
    rows = {row["customer_id"]: row for row in _snapshot(lake, day(5))}
    # everybody: 10 of 100; a: (9 + 10 * 0.1) / (90 + 10); b: (1 + 1) / (10 + 10); c: 1 / 10
    assert {name: row["response_share_sms_365d"] for name, row in rows.items()} == pytest.approx(
        {"c_a": 0.1, "c_b": 0.1, "c_c": 0.1}
    )
    assert {name: row["open_share_sms_365d"] for name, row in rows.items()} == dict.fromkeys(rows, 0.0)
    assert {row["response_share_email_365d"] for row in rows.values()} == {None}


def test_an_old_interest_weighs_half_and_a_rare_one_more(lake: FolderLake) -> None:
    lake.put(MAP, [{"day": day(0), "id_kind": "visitor", "id": i, "customer_id": f"c_{i}"} for i in "abc"])
    view = {"product_id": "p", "views": 1}
    lake.put(
        PRODUCT_VIEW,
        [
            _fact(PRODUCT_VIEW, 0, 0, ("visitor", "a"), category="rice", **(view | {"views": 2})),
            _fact(PRODUCT_VIEW, 90, 90, ("visitor", "a"), category="tea", **view),
            _fact(PRODUCT_VIEW, 90, 90, ("visitor", "b"), category="tea", **view),
            _fact(PRODUCT_VIEW, 90, 90, ("visitor", "c"), category="tea", **view),
        ],
    )
    rows = {row["customer_id"]: row for row in _snapshot(lake, day(90))}
    rare = 1 + 0.6931471805599453  # 1 + ln(4 / 2): one of three is interested in rice, all in tea
    assert rows["c_a"]["top_interest"] == "rice"
    assert rows["c_a"]["top_interest_share"] == pytest.approx(rare / (rare + 1), rel=1e-9)
    assert rows["c_b"]["top_interest_share"] == 1.0
