"""Features of web, views, texts, contacts and interests in plain Python, by their descriptions.

It knows nothing of SQL, spans or the catalogue; slow and simple on purpose. Not here: orders (reference.py).
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from persona_pipeline_tests.features.history import Row
from persona_pipeline_tests.features.known import Known, entropy, ratio, shares, top

CHANNELS = ("email", "sms", "app", "wechat")
CAMPAIGN = ("email", "sms", "app", "paid_search", "paid_social", "display")
PRIOR = 10  # contacts that the share of all customers weighs as much as


def _inside(known: Known, rows: Iterable[Row], window: int) -> list[Row]:
    return [row for row in rows if known.age(row["event_day"]) < window]


def web_features(known: Known, customer: str) -> dict[str, object]:
    """Sessions: how many, how deep, when, on what, from where."""
    visits = known.rows("session", customer)

    def of(window: int) -> list[Row]:
        return _inside(known, visits, window)

    def some(window: int, is_one: Callable[[Row], bool]) -> int:
        return sum(is_one(row) for row in of(window))

    def total(name: str, window: int) -> int:
        return sum(row[name] for row in of(window))

    sessions = len(of(90))
    checkouts, carts = (some(90, lambda row, n=n: row[n] > 0) for n in ("checkouts", "cart_adds"))
    confirmed = some(90, lambda row: row["confirmations"] > 0)
    kinds: dict[str, Callable[[Row], bool]] = {
        "mobile": lambda row: row["device"] in ("mobile", "tablet"),
        "evening": lambda row: row["hour"] >= 20,
        "night": lambda row: row["hour"] < 6,
        "direct": lambda row: row["channel"] == "direct",
        "search": lambda row: row["channel"] == "organic_search",
        "social": lambda row: row["channel"] == "organic_social",
        "campaign": lambda row: row["channel"] in CAMPAIGN,
    }
    dayparts = Counter(("night", "morning", "afternoon", "evening")[row["hour"] // 6] for row in of(365))
    return {
        **{f"sessions_{w}d": len(of(w)) for w in (7, 30, 90)},
        **{f"{n}_{w}d": total(n, w) for n in ("product_views", "cart_adds") for w in (7, 30, 90)},
        "searches_90d": total("searches", 90),
        **{f"checkouts_{w}d": some(w, lambda row: row["checkouts"] > 0) for w in (30, 90)},
        **{f"visit_days_{w}d": len({row["event_day"] for row in of(w)}) for w in (30, 90)},
        "last_visit_days": min((known.age(row["event_day"]) for row in visits), default=None),
        "sessions_trend_30d_90d": ratio(len(of(30)), sessions),
        "bounce_share_90d": ratio(some(90, lambda row: row["hits"] == 1), sessions),
        "product_views_per_session_90d": ratio(total("product_views", 90), sessions),
        "cart_session_share_90d": ratio(carts, sessions),
        "checkouts_per_cart_90d": ratio(checkouts, carts),
        "confirmations_per_checkout_90d": ratio(confirmed, checkouts),
        "session_order_share_90d": ratio(confirmed, sessions),
        "seconds_per_session_90d": ratio(total("seconds", 90), sessions),
        **{f"{name}_session_share_90d": ratio(some(90, test), sessions) for name, test in kinds.items()},
        "preferred_daypart": top(dayparts),
        "preferred_daypart_share": max(shares(dayparts), default=None),
        "preferred_device": top(Counter(row["device"] for row in of(365))),
        "visit_channel": top(Counter(row["channel"] for row in of(365))),
    }


def view_features(known: Known, customer: str, items: list[Row]) -> dict[str, object]:
    """Products seen or put into the cart; `items` is what the customer bought."""
    views = _inside(known, known.rows("product_view", customer), 365)

    def products(window: int, *, in_cart: bool = False) -> set[str]:
        return {row["product_id"] for row in _inside(known, views, window) if row["cart_adds"] or not in_cart}

    def left(names: set[str]) -> int:
        """How many of them were not bought on the last day of interest or later."""
        last = {name: max(row["event_day"] for row in views if row["product_id"] == name) for name in names}
        bought = {(row["product_id"], row["event_day"]) for row in items}
        return sum(not any(p == name and on >= day for p, on in bought) for name, day in last.items())

    categories: Counter[str] = Counter()
    for row in _inside(known, views, 90):
        categories[row["category"]] += row["views"]
    return {
        **{f"products_viewed_{w}d": len(products(w)) for w in (30, 90)},
        **{f"products_viewed_not_bought_{w}d": left(products(w)) for w in (30, 90)},
        "products_carted_not_bought_30d": left(products(30, in_cart=True)),
        "top_viewed_category": top(categories),
        "top_viewed_category_share_90d": max(shares(categories), default=None),
        "viewed_category_entropy_90d": entropy(categories),
    }


def text_features(known: Known, customer: str) -> dict[str, object]:
    """Posts and reviews, in the version known."""
    texts = known.rows("post", customer)

    def count(window: int, is_one: Callable[[Row], bool] = lambda _: True) -> int:
        return sum(row["sign"] for row in _inside(known, texts, window) if is_one(row))

    def last(is_one: Callable[[Row], bool]) -> int | None:
        left: Counter[dt.date] = Counter()
        for row in texts:
            left[row["event_day"]] += row["sign"] * is_one(row)
        return min((known.age(on) for on, number in left.items() if number > 0), default=None)

    def negative(row: Row) -> bool:
        return row["sentiment_label"] == "negative"

    rated = [row for row in _inside(known, texts, 365) if row["rating"] is not None]
    mentioned: Counter[str] = Counter()
    for row in _inside(known, texts, 365):
        mentioned[row["category"] or "unknown"] += row["sign"]
    return {
        **{f"{kind}s_{w}d": count(w, lambda r, k=kind: r["post_type"] == k)
           for kind in ("post", "review") for w in (30, 365)},
        "low_ratings_90d": count(90, lambda row: row["rating"] is not None and row["rating"] <= 2),
        "rating_mean_365d": ratio(sum(r["sign"] * r["rating"] for r in rated), sum(r["sign"] for r in rated)),
        "negative_text_share_90d": ratio(count(90, negative), count(90)),
        **{
            f"sentiment_mean_{w}d": ratio(
                sum(row["sign"] * row["sentiment"] for row in _inside(known, texts, w)), count(w)
            )
            for w in (90, 365)
        },
        "last_text_days": last(lambda _: True),
        "last_negative_text_days": last(negative),
        "top_mentioned_category": top(mentioned),
    }  # fmt: skip


def contact_features(known: Known, customer: str) -> dict[str, object]:
    """Campaign contacts; who was held out on purpose was not contacted."""
    everybody = known.rows("contact")
    own = [row for row in everybody if row["customer_id"] == customer]

    def count(rows: list[Row], what: str | None, window: int, channel: str | None = None) -> int:
        return sum(
            row["sign"]
            for row in _inside(known, rows, window)
            if not row["is_holdout"] and (what is None or row[what]) and channel in (None, row["channel"])
        )

    def shrunk(what: str, window: int, channel: str | None = None) -> float | None:
        contacted = count(everybody, None, window, channel)
        if contacted <= 0:
            return None
        mean = count(everybody, what, window, channel) / contacted
        above, below = count(own, what, window, channel), count(own, None, window, channel)
        return (above + PRIOR * mean) / (below + PRIOR)

    def last(what: str | None) -> int | None:
        left: Counter[tuple[dt.date, str, str]] = Counter()
        for row in own:
            place = row["event_day"], row["channel"], row["message"]
            left[place] += row["sign"] * (not row["is_holdout"] and (what is None or row[what]))
        return min((known.age(place[0]) for place, number in left.items() if number > 0), default=None)

    outcomes = {"open": "is_opened", "click": "is_clicked", "response": "is_responded"}
    return {
        **{f"contacts_{w}d": count(own, None, w) for w in (7, 30, 90, 365)},
        **{f"responses_{w}d": count(own, "is_responded", w) for w in (90, 365)},
        "contacts_trend_30d_90d": ratio(count(own, None, 30), count(own, None, 90)),
        "last_contact_days": last(None),
        "last_response_days": last("is_responded"),
        "contact_cost_365d": sum(row["sign"] * row["cost"] for row in _inside(known, own, 365)),
        "response_share_90d": shrunk("is_responded", 90),
        **{f"{name}_share_365d": shrunk(what, 365) for name, what in outcomes.items()},
        **{f"contacts_{channel}_365d": count(own, None, 365, channel) for channel in CHANNELS},
        **{
            f"{name}_share_{channel}_365d": shrunk(what, 365, channel)
            for name, what in outcomes.items()
            for channel in CHANNELS
        },
    }


def interest_features(known: Known, customer: str, items: list[Row]) -> dict[str, object]:
    """Interests of 365 days, halved every 90; `items` is what everybody bought."""
    points: dict[tuple[str, str], int] = defaultdict(int)
    faded: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))

    def add(rows: Iterable[Row], worth: Callable[[Row], int]) -> None:
        for row in _inside(known, rows, 365):
            category = row["category"] or "unknown"
            if category != "unknown":
                points[row["customer_id"], category] += worth(row)
                faded[row["customer_id"]][category] += worth(row) * 0.5 ** (known.age(row["event_day"]) / 90)

    add(known.rows("product_view"), lambda row: row["views"] + 3 * row["cart_adds"])
    add(items, lambda _: 5)
    add(known.rows("post"), lambda row: 2 * row["sign"])
    interests = {
        who: {name: weight for name, weight in found.items() if points[who, name] > 0}
        for who, found in faded.items()
    }
    reach = Counter(name for found in interests.values() for name in found)
    anybody = sum(bool(found) for found in interests.values())
    weights = {
        name: weight * (1 + math.log((1 + anybody) / (1 + reach[name])))
        for name, weight in interests.get(customer, {}).items()
    }
    return {
        "top_interest": top({name: round(weight, 10) for name, weight in weights.items()}),
        "top_interest_share": max(shares(weights), default=None),
        "interest_entropy": entropy(weights),
    }
