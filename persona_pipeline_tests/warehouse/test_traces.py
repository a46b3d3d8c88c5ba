"""Sessions, contacts, views, posts, identities in the warehouse: whose they are, and later corrections."""

from __future__ import annotations

import pytest

from persona_pipeline.contracts import activity, behaviour
from persona_pipeline_tests.warehouse.conftest import numbers, rows
from persona_pipeline_tests.warehouse.lake import MONDAY, SATURDAY, TUESDAY, Lake
from persona_pipeline_tests.warehouse.small_shop import put_day
from persona_pipeline_tests.warehouse.traces import session

SEEN = {
    # v9 is nobody; v8 left customer b on Monday, before its session of that day
    "SELECT session_id, customer_id, event_day, hits, confirmations FROM v_fct_session ORDER BY 1": [
        ("s1", "c_a", "2025-03-08", 5, 1),
        ("s3", "c_b", "2025-03-10", 4, 0),
        ("s5", "c_a", "2025-03-08", 4, 0),
    ],
    # two sessions of Saturday, one of them known on Monday; one customer counted on each of the two days
    "SELECT event_day, channel, device, visitor_type, visitors, sessions, bounces, hits, product_views, "
    "cart_sessions, confirmation_sessions, orders_confirmed FROM v_mart_web_day ORDER BY 1, 2": [
        ("2025-03-08", "direct", "desktop", "visitor", 1, 1, 1, 1, 0, 0, 0, 0),
        ("2025-03-08", "email", "mobile", "customer", 2, 2, 0, 9, 5, 1, 1, 1),
        ("2025-03-10", "direct", "desktop", "visitor", 2, 2, 1, 3, 1, 0, 0, 0),
        ("2025-03-10", "organic_search", "desktop", "customer", 1, 1, 0, 4, 2, 0, 0, 0),
    ],
    "SELECT customer_id, channel, contacts, holdouts, opens, clicks, responses, cost_amount, currency "
    "FROM v_fct_contact ORDER BY 1": [
        ("c_a", "email", 1, 0, 1, 1, 1, 0.3, "CNY"),
        ("c_b", "sms", 1, 0, 0, 0, 0, 0.05, "CNY"),
        ("c_c", "email", 0, 1, 0, 0, 0, 0, "CNY"),
    ],
    # the stranger's contact counts; costs of 0.304 are rounded after they are summed
    "SELECT event_day, campaign_id, channel, message, contacts, holdouts, open_rate, click_rate, "
    "response_rate, cost_amount FROM v_mart_channel ORDER BY channel": [
        ("2025-03-08", "k1", "email", "win_back", 2, 1, 1, 0.5, 0.5, 0.61),
        ("2025-03-08", "k1", "sms", "win_back", 1, 0, 0, 0, 0, 0.05),
    ],
    "SELECT customer_id, product_id, category, views, cart_adds FROM v_fct_product_view ORDER BY 1, 2": [
        ("c_a", "p1", "drinks", 3, 1),
        ("c_a", "p2", "kitchen", 1, 0),
        ("c_b", "p1", "drinks", 2, 0),
    ],
    "SELECT category, author_type, posts, reviews, mean_rating, low_ratings, negative_texts, mean_sentiment "
    "FROM v_mart_social_day ORDER BY author_type": [
        ("drinks", "customer", 0, 1, 5, 0, 0, 0.7),
        ("drinks", "unknown", 1, 0, None, 0, 0, 0.8),
    ],
    "SELECT day, id_kind, new_identifiers, customer_identifiers, new_customers, merged, split, refused, "
    "identifiers_total, customer_identifiers_total FROM v_mart_identity ORDER BY day, id_kind": [
        ("2025-03-01", "account", 3, 3, 3, 0, 0, 0, 3, 3),
        ("2025-03-08", "handle", 1, 1, 0, 0, 0, 0, 1, 1),
        ("2025-03-08", "visitor", 3, 2, 0, 0, 0, 0, 3, 2),
        ("2025-03-10", "email", 0, 0, 0, 0, 0, 1, 0, 0),
        ("2025-03-10", "visitor", 0, -1, 0, 0, 1, 0, 3, 1),
    ],
}


def test_views_show_whose_traces_they_are_with_corrections_applied(lake: Lake, url: str) -> None:
    lake.publish(url)
    for statement, expected in SEEN.items():
        assert numbers(rows(url, statement)) == expected, statement


def test_a_link_of_tomorrow_does_not_claim_the_sessions_of_today(lake: Lake, url: str) -> None:
    lake.publish(url)
    lake.put(behaviour.MAP, TUESDAY, {"id_kind": "visitor", "id": "v9", "customer_id": "c_c"})
    lake.put(activity.SESSION, TUESDAY, session("s7", "visitor", "v9", TUESDAY, "direct", "desktop", hits=3))
    put_day(lake, TUESDAY)

    publication = lake.publish(url, TUESDAY)

    assert publication.days["fct_session"] == (TUESDAY,)
    assert publication.days["mart_identity"] == (TUESDAY,)
    assert rows(url, "SELECT session_id FROM v_fct_session WHERE customer_id = 'c_c'") == [("s7",)]


def test_a_day_that_is_cleaned_again_replaces_its_sessions(lake: Lake, url: str) -> None:
    lake.publish(url)
    lake.put(activity.SESSION, SATURDAY, session("s1", "visitor", "v1", SATURDAY, "sms", "mobile", hits=2))

    publication = lake.publish(url)

    assert publication.days["mart_web_day"] == (SATURDAY,)
    assert numbers(
        rows(
            url,
            "SELECT channel, sessions, hits FROM v_mart_web_day WHERE event_day = '2025-03-08' ORDER BY 1",
        )
    ) == [("email", 1, 4), ("sms", 1, 2)]
    assert rows(url, "SELECT count(*) FROM fct_session WHERE withdrawn_in = 2") == [(1,)]


@pytest.mark.parametrize("table", [activity.SESSION, activity.CONTACT_DAY, activity.SOCIAL_DAY])
def test_a_shop_without_that_source_is_published_all_the_same(lake: Lake, url: str, table: object) -> None:
    for day in (SATURDAY, MONDAY):
        lake.files.pop((table.full_name, day))  # type: ignore[attr-defined]
        lake.version.pop((table.full_name, day))  # type: ignore[attr-defined]
    lake.publish(url)
    empty = {
        activity.SESSION: ("v_fct_session", "v_mart_web_day"),
        activity.CONTACT_DAY: ("v_fct_contact", "v_mart_channel"),
        activity.SOCIAL_DAY: ("v_mart_social_day",),
    }[table]  # type: ignore[index]
    for view in empty:
        assert rows(url, f"SELECT count(*) FROM {view}") == [(0,)]
