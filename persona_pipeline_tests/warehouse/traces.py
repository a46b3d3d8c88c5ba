"""What the three customers of the small shop did besides buying, and what strangers did.

Corrections come on Monday.
"""

from __future__ import annotations

import datetime as dt

from persona_pipeline.contracts import Table, Type, activity, behaviour, identity
from persona_pipeline_tests.warehouse.lake import MONDAY, SATURDAY, Lake


def fact(table: Table, id_kind: str, id: str, event_day: dt.date, **more: object) -> dict[str, object]:
    """One fact; numbers that are not named are 0."""
    zeros = {c.name: 0 for c in table.columns if c.type in (Type.INTEGER, Type.DECIMAL)}
    return {**zeros, "id_kind": id_kind, "id": id, "event_day": event_day, **more}


def session(
    name: str, id_kind: str, id: str, day: dt.date, channel: str, device: str, **more: object
) -> dict:
    """One session; `more` are its counts."""
    return fact(
        activity.SESSION, id_kind, id, day, session_id=name, channel=channel, device=device, hour=9, **more
    )


def put_traces(lake: Lake) -> None:
    """Visitor v1 is customer a and handle h1 is customer b since Saturday; v9, x9 and h9 are nobody."""
    lake.put(
        behaviour.MAP,
        SATURDAY,
        {"id_kind": "visitor", "id": "v1", "customer_id": "c_a"},
        {"id_kind": "handle", "id": "h1", "customer_id": "c_b"},
        {"id_kind": "visitor", "id": "v9", "customer_id": None},
        {"id_kind": "visitor", "id": "v8", "customer_id": "c_b"},
    )
    lake.put(behaviour.MAP, MONDAY, {"id_kind": "visitor", "id": "v8", "customer_id": None})
    left = {"id_kind": "visitor", "id": "v8", "customer_id_before": "c_b", "identifiers": 1}
    lake.put(
        identity.MERGE_EVENT,
        MONDAY,
        {**left, "event": "split"},
        {"id_kind": "email", "id": "e9", "event": "refused", "reason": "deny_list", "identifiers": 40},
    )
    bought = {"hits": 5, "seconds": 300, "product_views": 3, "products": 2, "cart_adds": 1, "checkouts": 1}
    looked = {"hits": 4, "seconds": 60, "product_views": 2, "products": 1}
    lake.put(
        activity.SESSION,
        SATURDAY,
        session("s1", "visitor", "v1", SATURDAY, "email", "mobile", **bought, confirmations=1),
        session("s2", "visitor", "v9", SATURDAY, "direct", "desktop", hits=1),
    )
    lake.put(
        activity.SESSION,
        MONDAY,
        session("s3", "account", "b", MONDAY, "organic_search", "desktop", **looked),
        session("s4", "visitor", "v9", MONDAY, "direct", "desktop", hits=2, seconds=9, product_views=1),
        session("s5", "account", "a", SATURDAY, "email", "mobile", **looked),
        session("s6", "visitor", "v8", MONDAY, "direct", "desktop", hits=1),
    )
    view = activity.PRODUCT_VIEW
    lake.put(
        view,
        SATURDAY,
        fact(view, "visitor", "v1", SATURDAY, product_id="p1", category="drinks", views=2, cart_adds=1),
        fact(view, "visitor", "v1", SATURDAY, product_id="p2", category="kitchen", views=1),
        fact(view, "visitor", "v9", SATURDAY, product_id="p2", category="kitchen", views=7),
    )
    lake.put(
        view,
        MONDAY,
        fact(view, "account", "b", MONDAY, product_id="p1", category="drinks", views=2),
        fact(view, "account", "a", SATURDAY, product_id="p1", category="drinks", views=1),
    )
    contact, said = activity.CONTACT_DAY, {"campaign_id": "k1", "message": "win_back"}
    by_mail, by_sms = {**said, "channel": "email"}, {**said, "channel": "sms"}
    lake.put(
        contact,
        SATURDAY,
        fact(contact, "account", "a", SATURDAY, **by_mail, contacts=1, cost_amount="0.304"),
        fact(contact, "email", "x9", SATURDAY, **by_mail, contacts=1, cost_amount="0.304"),
        fact(contact, "account", "c", SATURDAY, **by_mail, holdouts=1),
        fact(contact, "account", "b", SATURDAY, **by_sms, contacts=1, cost_amount="0.05"),
    )
    lake.put(
        contact,
        MONDAY,
        fact(contact, "account", "a", SATURDAY, **by_mail, opens=1, clicks=1, responses=1),
        fact(contact, "email", "x9", SATURDAY, **by_mail, opens=1),
    )
    social = activity.SOCIAL_DAY
    lake.put(
        social,
        SATURDAY,
        fact(
            social,
            "handle",
            "h1",
            SATURDAY,
            category="drinks",
            reviews=1,
            ratings=1,
            rating_sum=2,
            low_ratings=1,
            negative_texts=1,
            sentiment_sum="-0.5",
        ),
        fact(
            social,
            "handle",
            "h9",
            SATURDAY,
            category="drinks",
            posts=1,
            positive_texts=1,
            sentiment_sum="0.8",
        ),
    )
    lake.put(
        social,
        MONDAY,
        fact(
            social,
            "handle",
            "h1",
            SATURDAY,
            category="drinks",
            rating_sum=3,
            low_ratings=-1,
            negative_texts=-1,
            positive_texts=1,
            sentiment_sum="1.2",
        ),
    )
