"""Features of web, texts, contacts, records and interests in plain Python, from facts, by their descriptions.

It knows nothing of SQL, spans or the catalogue; slow and simple on purpose.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping

from persona_pipeline_tests.features.history import Row

Facts = Mapping[str, list[Row]]
CHANNELS = ("email", "sms", "app", "wechat")
PRIOR = 10


def owner(facts: Facts, id_kind: str, identifier: str, as_of: dt.date) -> str | None:
    """The customer of an identifier as known on a day."""
    rows = [r for r in facts["map"] if (r["id_kind"], r["id"]) == (id_kind, identifier) and r["day"] <= as_of]
    return max(rows, key=lambda row: row["day"])["customer_id"] if rows else None


def _known(facts: Facts, name: str, customer_id: str | None, as_of: dt.date) -> list[Row]:
    """Facts known and happened by as_of, of one customer or (None) of every customer."""
    rows = []
    for row in facts.get(name, []):
        known = row["day"] <= as_of and row.get("event_day", row["day"]) <= as_of
        whose = owner(facts, row["id_kind"], row["id"], as_of) if known else None
        if whose is not None and customer_id in (None, whose):
            rows.append(row | {"customer_id": whose})
    return rows


def _share(above: float, below: float) -> float | None:
    return float(above) / float(below) if below > 0 else None


def _top(weights: Mapping[str, float]) -> str | None:
    positive = {name: weight for name, weight in weights.items() if weight > 0 and name != "unknown"}
    return min(positive, key=lambda name: (-positive[name], name), default=None)


def _entropy(weights: Mapping[str, float]) -> float | None:
    positive = [float(weight) for name, weight in weights.items() if weight > 0 and name != "unknown"]
    return -sum(w / sum(positive) * math.log(w / sum(positive)) for w in positive) if positive else None


def _daypart(hour: int) -> str:
    return ["night", "morning", "afternoon", "evening"][hour // 6]


def interests(facts: Facts, customer_id: str | None, as_of: dt.date) -> dict[str, dict[str, float]]:
    """Faded points by customer and category, before rarity."""
    points: dict[tuple[str, str], int] = defaultdict(int)
    faded: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))

    def add(rows: Iterable[Row], worth: Callable[[Row], int]) -> None:
        for row in rows:
            age = (as_of - row["event_day"]).days
            if age < 365 and row["category"] != "unknown":
                points[row["customer_id"], row["category"]] += worth(row)
                faded[row["customer_id"]][row["category"]] += worth(row) * math.exp(-math.log(2) * age / 90)

    add(_known(facts, "product_view", customer_id, as_of), lambda row: row["views"] + 3 * row["cart_adds"])
    add(_baskets(facts, customer_id, as_of), lambda _: 5)
    add(_known(facts, "social_day", customer_id, as_of), lambda row: 2 * (row["posts"] + row["reviews"]))
    return {
        who: {name: weight for name, weight in found.items() if points[who, name] > 0}
        for who, found in faded.items()
    }


def _baskets(facts: Facts, customer_id: str | None, as_of: dt.date) -> list[Row]:
    """Basket items with a positive quantity as known on as_of, one row each."""
    net: Counter[tuple[object, ...]] = Counter()
    for row in _known(facts, "basket_item", customer_id, as_of):
        key = ("customer_id", "order_id", "product_id", "category", "event_day")
        net[tuple(row[name] for name in key)] += row["quantity"]
    names = ("customer_id", "order_id", "product_id", "category", "event_day")
    return [dict(zip(names, key, strict=True)) for key, quantity in net.items() if quantity > 0]


def features(facts: Facts, customer_id: str, as_of: dt.date) -> dict[str, object]:
    """What is known of a customer at the end of as_of."""

    def age(row: Row) -> int:
        return (as_of - row["event_day"]).days

    def within(rows: list[Row], window: int) -> list[Row]:
        return [row for row in rows if age(row) < window]

    def total(rows: list[Row], name: str, window: int = 10_000) -> float:
        return sum(row[name] for row in within(rows, window))

    web = _known(facts, "web_day", customer_id, as_of)
    result: dict[str, object] = {
        f"{name}_{window}d": total(web, name, window)
        for name, windows in (
            ("sessions", (7, 30, 90)),
            ("product_views", (7, 90)),
            ("cart_adds", (30,)),
        )
        for window in windows
    }
    sessions = total(web, "sessions", 90)
    for name in ("mobile", "evening", "night", "direct", "search", "social", "campaign"):
        result[f"{name}_session_share_90d"] = _share(total(web, f"{name}_sessions", 90), sessions)
    checkouts = total(web, "checkout_sessions", 90)
    result |= {
        "visit_days_30d": len({row["event_day"] for row in within(web, 30)}),
        "last_visit_days": min((age(row) for row in web), default=None),
        "sessions_trend_30d_90d": _share(total(web, "sessions", 30), sessions),
        "bounce_share_90d": _share(total(web, "bounces", 90), sessions),
        "checkouts_30d": total(web, "checkout_sessions", 30),
        "cart_session_share_90d": _share(total(web, "cart_sessions", 90), sessions),
        "checkouts_per_cart_90d": _share(checkouts, total(web, "cart_sessions", 90)),
        "confirmations_per_checkout_90d": _share(total(web, "confirmation_sessions", 90), checkouts),
        "session_order_share_90d": _share(total(web, "confirmation_sessions", 90), sessions),
        "product_views_per_session_90d": _share(total(web, "product_views", 90), sessions),
        "seconds_per_session_90d": _share(total(web, "seconds", 90), sessions),
    }
    visits = within(_known(facts, "session", customer_id, as_of), 365)
    result |= {
        "preferred_daypart": _top(Counter(_daypart(row["hour"]) for row in visits)),
        "preferred_device": _top(Counter(row["device"] for row in visits)),
        "visit_channel": _top(Counter(row["channel"] for row in visits)),
    }
    views = within(_known(facts, "product_view", customer_id, as_of), 365)
    bought = _baskets(facts, customer_id, as_of)
    seen: dict[str, list[Row]] = defaultdict(list)
    for row in views:
        seen[row["product_id"]].append(row)

    def not_bought(product_id: str) -> bool:
        last = max(row["event_day"] for row in seen[product_id])
        return not any(b["product_id"] == product_id and b["event_day"] >= last for b in bought)

    by_category: Counter[str] = Counter()
    for row in within(views, 90):
        by_category[row["category"]] += row["views"]
    result |= {
        "products_viewed_30d": len({row["product_id"] for row in within(views, 30)}),
        "products_viewed_not_bought_90d": sum(
            not_bought(name) for name in {row["product_id"] for row in within(views, 90)}
        ),
        "products_carted_not_bought_30d": sum(
            not_bought(name) for name in {r["product_id"] for r in within(views, 30) if r["cart_adds"] > 0}
        ),
        "top_viewed_category": _top(by_category),
        "viewed_category_entropy_90d": _entropy(by_category),
    }
    texts = _known(facts, "social_day", customer_id, as_of)
    per_day: dict[dt.date, Counter[str]] = defaultdict(Counter)
    for row in texts:
        per_day[row["event_day"]].update(negative=row["negative_texts"], texts=row["posts"] + row["reviews"])
    written = total(texts, "posts", 90) + total(texts, "reviews", 90)
    result |= {
        "posts_30d": total(texts, "posts", 30),
        "reviews_365d": total(texts, "reviews", 365),
        "rating_mean_365d": _share(total(texts, "rating_sum", 365), total(texts, "ratings", 365)),
        "low_ratings_90d": total(texts, "low_ratings", 90),
        "negative_text_share_90d": _share(total(texts, "negative_texts", 90), written),
        "sentiment_mean_90d": _share(total(texts, "sentiment_sum", 90), written),
        "last_text_days": min(((as_of - d).days for d, n in per_day.items() if n["texts"] > 0), default=None),
        "last_negative_text_days": min(
            ((as_of - d).days for d, n in per_day.items() if n["negative"] > 0), default=None
        ),
    }
    result |= _contact_features(facts, customer_id, as_of)
    records = [row for row in _known(facts, "customer", customer_id, as_of)]
    record = max(records, key=lambda row: row["day"], default=None)
    result |= {
        "consent_marketing": record["consent_marketing"] if record else None,
        "registration_days": (as_of - record["registered_on"]).days
        if record and record["registered_on"]
        else None,
    }
    everybody = interests(facts, None, as_of)
    everybody = {who: found for who, found in everybody.items() if found}
    reach = Counter(name for found in everybody.values() for name in found)
    weights = {
        name: weight * (1 + math.log((1 + len(everybody)) / (1 + reach[name])))
        for name, weight in everybody.get(customer_id, {}).items()
    }
    result |= {
        "top_interest": _top(weights),
        "top_interest_share": max(weights.values()) / sum(weights.values()) if weights else None,
        "interest_entropy": _entropy(weights),
    }
    return result


def _contact_features(facts: Facts, customer_id: str, as_of: dt.date) -> dict[str, object]:
    def total(rows: list[Row], name: str, channel: str | None = None, window: int = 365) -> float:
        return sum(
            row[name]
            for row in rows
            if (as_of - row["event_day"]).days < window and channel in (None, row["channel"])
        )

    own = _known(facts, "contact_day", customer_id, as_of)
    everybody = _known(facts, "contact_day", None, as_of)

    def shrunk(name: str, channel: str | None) -> float | None:
        contacted = total(everybody, "contacts", channel)
        if contacted <= 0:
            return None
        mean = total(everybody, name, channel) / contacted
        return (total(own, name, channel) + PRIOR * mean) / (total(own, "contacts", channel) + PRIOR)

    days: Counter[dt.date] = Counter()
    for row in own:
        days[row["event_day"]] += row["contacts"]
    result: dict[str, object] = {
        "contacts_7d": total(own, "contacts", window=7),
        "contacts_30d": total(own, "contacts", window=30),
        "contact_cost_365d": total(own, "cost_amount"),
        "response_share_365d": shrunk("responses", None),
        "last_contact_days": min(((as_of - d).days for d, n in days.items() if n > 0), default=None),
    }
    for channel in CHANNELS:
        result[f"contacts_{channel}_365d"] = total(own, "contacts", channel)
        result[f"open_share_{channel}_365d"] = shrunk("opens", channel)
        result[f"response_share_{channel}_365d"] = shrunk("responses", channel)
    return result
