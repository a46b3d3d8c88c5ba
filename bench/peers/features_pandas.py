"""The features benchmark by hand in pandas: facts of every day, then one snapshot. Its own process.

Arguments: folder of the clean tables, as_of, plan of the features, result.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

KEYED = {
    "category": ("basket_line", "category"),
    "viewed_category": ("view_line", "category"),
    "session_daypart": ("session", "daypart"),
    "session_device": ("session", "device"),
    "session_channel": ("session", "channel"),
    "interest": ("interest", "category"),
}
COMPARE = {"equals": "eq", "differs": "ne", "above": "gt", "at_least": "ge", "below": "lt"}
Frames = dict[str, pd.DataFrame]


def read(data: Path, table: str, columns: list[str]) -> pd.DataFrame:
    """Columns of all files of a table."""
    return pd.read_parquet(data / table, columns=columns, partitioning=None)


def facts(data: Path, out: Path) -> Frames:
    """Sessions, web days, product views, order days, basket lines per id; each written once."""
    columns = ["visitor_id", "event_day", "event_at", "hit_no", "page_type", "product_id", "is_cart_add"]
    hits = read(data, "web_hit", [*columns, "channel", "device"])
    for name in ("visitor_id", "event_day", "page_type", "product_id", "channel", "device"):
        hits[name] = hits[name].astype("category")
    hits["who"] = hits["visitor_id"].cat.codes
    hits["on"] = hits["event_day"].cat.codes
    hits = hits.sort_values(["who", "on", "event_at", "hit_no"])
    gap = hits["event_at"].diff().dt.total_seconds()
    same = (hits["who"] == hits["who"].shift()) & (hits["on"] == hits["on"].shift())
    hits["session_no"] = (~(same & (gap < 1800))).cumsum()
    for name, page in (("product_views", "product"), ("searches", "search"), ("checkouts", "checkout"),
                       ("confirmations", "confirmation")):  # fmt: skip
        hits[name] = (hits["page_type"] == page).astype("int64")
    hits["cart_adds"] = hits["is_cart_add"].astype("int64")
    session = hits.groupby("session_no").agg(
        visitor_id=("visitor_id", "first"),
        event_day=("event_day", "first"),
        started_at=("event_at", "min"),
        ended_at=("event_at", "max"),
        hits=("who", "size"),
        product_views=("product_views", "sum"),
        searches=("searches", "sum"),
        cart_adds=("cart_adds", "sum"),
        checkouts=("checkouts", "sum"),
        confirmations=("confirmations", "sum"),
        channel=("channel", "first"),
        device=("device", "first"),
    )
    session["seconds"] = (session["ended_at"] - session["started_at"]).dt.total_seconds().astype("int64")
    hour = session["hour"] = session["started_at"].dt.hour
    paid = ["email", "sms", "app", "paid_search", "paid_social", "display"]
    flags = {
        "bounces": session["hits"] == 1,
        "cart_sessions": session["cart_adds"] > 0,
        "checkout_sessions": session["checkouts"] > 0,
        "confirmation_sessions": session["confirmations"] > 0,
        "mobile_sessions": session["device"].isin(["mobile", "tablet"]),
        "evening_sessions": hour.between(20, 23),
        "night_sessions": hour.between(0, 5),
        "direct_sessions": session["channel"] == "direct",
        "search_sessions": session["channel"] == "organic_search",
        "social_sessions": session["channel"] == "organic_social",
        "campaign_sessions": session["channel"].isin(paid),
    }
    session = session.assign(sessions=1, **{name: flag.astype("int64") for name, flag in flags.items()})
    sums = ["sessions", "hits", "seconds", "product_views", "searches", "cart_adds", *flags]
    by = ["visitor_id", "event_day"]
    web_day = session.groupby(by, observed=True)[sums].sum().reset_index()
    product = read(data, "product", ["product_id", "category"])
    seen = hits[hits["product_id"].notna()].rename(columns={"product_views": "views"})
    view = seen.groupby([*by, "product_id"], observed=True)[["views", "cart_adds"]].sum().reset_index()
    view = view.astype({"product_id": "str"}).merge(product, on="product_id", how="left")
    view["category"] = view["category"].fillna("unknown")
    lines = read(
        data, "order_line", ["id", "event_day", "order_id", "product_id", "quantity", "discount", "amount"]
    )
    for name in ("quantity", "discount", "amount"):
        lines[name] = lines[name].astype("float64")
    order = lines.groupby(["id", "event_day", "order_id"]).agg(
        order_lines=("amount", "size"),
        quantity=("quantity", "sum"),
        discount_amount=("discount", "sum"),
        sales_amount=("amount", "sum"),
        most=("discount", "max"),
    )
    order["gross_amount"] = order["sales_amount"] + order["discount_amount"]
    order["orders"] = (order["sales_amount"] > 0).astype("int64")
    order["discounted_orders"] = (order["most"] > 0).astype("int64")
    order_day = order.drop(columns="most").groupby(["id", "event_day"]).sum().reset_index()
    nothing = ("cancelled_amount", "charges", "refund_amount", "refunds")
    order_day = order_day.assign(**dict.fromkeys(nothing, 0))
    key = ["id", "event_day", "order_id", "product_id"]
    basket = lines.groupby(key)[["quantity", "amount"]].sum().reset_index()
    basket = basket.merge(product, on="product_id", how="left")
    basket["category"] = basket["category"].fillna("unknown")
    found = {
        "session": session.drop(columns=["checkouts", "confirmations", "ended_at"]).reset_index(drop=True),
        "web_day": web_day,
        "view": view,
        "order_day": order_day,
        "basket_item": basket,
    }
    for name, frame in found.items():
        frame.to_parquet(out / f"pandas_{name}.parquet")
    return found


def events(data: Path, facts_: Frames, as_of: dt.date) -> Frames:
    """The facts of each customer with their age on as_of, one frame for each source of features."""
    who = read(data, "map", ["id", "customer_id"]).set_index("id")["customer_id"]
    customer = who.astype("category")
    end = pd.Timestamp(as_of)

    def of(name: str, column: str) -> pd.DataFrame:
        frame = facts_[name]
        day = pd.to_datetime(frame["event_day"].astype("object"))
        owner = frame[column].astype("str").map(customer.cat.codes)
        return frame.drop(columns=column).assign(customer=owner, day=day, age_days=(end - day).dt.days)

    order_day = of("order_day", "id").sort_values(["customer", "day"])
    order_day["gap_days"] = order_day.groupby("customer")["day"].diff().dt.days
    order_day["gap_days_squared"] = order_day["gap_days"] ** 2
    order_day["is_weekend"] = order_day["day"].dt.weekday > 4
    order_day["week_number"] = (order_day["day"] - pd.Timestamp(1970, 1, 5)).dt.days // 7
    line = of("basket_item", "id")
    purchase = (
        line.groupby(["customer", "product_id"])["day"].agg(first_day="min", bought_day="max").reset_index()
    )
    basket_item = line.merge(purchase, on=["customer", "product_id"])
    basket_item["is_first_purchase"] = basket_item["day"] == basket_item["first_day"]
    basket = line.groupby(["customer", "order_id", "age_days"]).agg(
        products=("product_id", "nunique"), quantity=("quantity", "sum"), amount=("amount", "sum")
    )
    web_day = of("web_day", "visitor_id").assign(visit_days=1)
    view = of("view", "visitor_id")
    view = view[view["age_days"] < 365]
    view["cart_age"] = view["age_days"].where(view["cart_adds"] > 0)
    product_view = view.groupby(["customer", "product_id"]).agg(
        age_days=("age_days", "min"), cart_age_days=("cart_age", "min"), viewed_day=("day", "max"),
        views=("views", "sum"), cart_adds=("cart_adds", "sum"),
    )  # fmt: skip
    product_view = product_view.reset_index().merge(purchase, on=["customer", "product_id"], how="left")
    product_view["is_bought_since"] = product_view["bought_day"] >= product_view["viewed_day"]
    session = of("session", "visitor_id")
    parts = ["night", "morning", "afternoon", "evening"]
    session["daypart"] = np.array(parts)[session["hour"].to_numpy() // 6]
    year = line[line["age_days"] < 365]
    columns = ["customer", "category", "age_days", "points"]
    points = pd.concat(
        [view.assign(points=view["views"] + 3 * view["cart_adds"])[columns], year.assign(points=5)[columns]]
    )
    points = points[points["category"] != "unknown"]
    points["weight"] = points["points"] * np.exp(-np.log(2) / 90 * points["age_days"])
    interest = points.groupby(["customer", "category"]).agg(
        weight=("weight", "sum"), age_days=("age_days", "min")
    )
    interest = interest.reset_index()
    reach = interest.groupby("category")["customer"].transform("size")
    interest["weight"] *= 1 + np.log((1 + interest["customer"].nunique()) / (1 + reach))
    return {
        "order_day": order_day,
        "basket_item": basket_item,
        "basket": basket.reset_index(),
        "web_day": web_day,
        "product_view": product_view,
        "basket_line": line,
        "view_line": view,
        "session": session,
        "interest": interest,
        "who": pd.DataFrame({"customer_id": customer.cat.categories}),
    }


def kept(frame: pd.DataFrame, feature: dict[str, Any]) -> pd.DataFrame:
    """The rows that count."""
    if feature["window"] is not None:
        frame = frame[frame["age_days"] < feature["window"]]
    for column, comparison, value in feature["conditions"]:
        frame = frame[getattr(frame[column], COMPARE[comparison])(value)]
    return frame


def measured(frame: pd.DataFrame, features: list[dict[str, Any]]) -> dict[str, pd.Series]:
    """The features of a source without key: one grouping for those with the same rows and aggregation."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for f in features:
        groups.setdefault(repr((f["window"], f["conditions"], f["aggregation"])), []).append(f)
    found = {}
    kinds = {"count": "size", "count_distinct": "nunique"}
    for group in groups.values():
        rows = kept(frame, group[0]).groupby("customer")
        kind = kinds.get(group[0]["aggregation"], group[0]["aggregation"])
        if kind == "size":
            found |= {f["name"]: rows.size() for f in group}
            continue
        values = getattr(rows[sorted({f["measure"] for f in group})], kind)()
        found |= {f["name"]: values[f["measure"]] for f in group}
    return found


def keyed(frame: pd.DataFrame, key: str, features: list[dict[str, Any]]) -> dict[str, pd.Series]:
    """Top, its share and entropy over the values of a key."""
    found = {}
    totals: dict[str, pd.DataFrame] = {}
    for f in features:
        name = f"{f['measure']}|{f['window']}"
        if name not in totals:
            rows = kept(frame, f)
            rows = rows[rows[key] != "unknown"]
            total = rows.groupby(["customer", key], observed=True)[f["measure"]].sum().reset_index()
            total = total[total[f["measure"]] > 0].sort_values(
                ["customer", f["measure"], key], ascending=[True, False, True]
            )
            total["share"] = total[f["measure"]] / total.groupby("customer")[f["measure"]].transform("sum")
            totals[name] = total
        by = totals[name].groupby("customer")
        if f["aggregation"] == "entropy":
            share = totals[name]["share"]
            found[f["name"]] = -(share * np.log(share)).groupby(totals[name]["customer"]).sum()
        else:
            found[f["name"]] = by[key if f["aggregation"] == "top" else "share"].first()
    return found


def derived(feature: dict[str, Any], table: dict[str, pd.Series]) -> pd.Series:
    """A feature made of others."""
    inputs = [table[name] for name in feature["inputs"]]
    if feature["operation"] == "difference":
        value = inputs[0] - inputs[1]
    elif feature["operation"] == "standard_deviation":
        total, squares, number = inputs
        enough = number.where(number > 1)
        value = np.sqrt((enough * squares - total**2) / (enough * (enough - 1)))
    else:
        value = inputs[0].astype("float64") / inputs[1].astype("float64").where(inputs[1] > 0)
    return value.fillna(0) if feature["missing"] == "zero" else value


def main() -> None:
    """Compute, write, say how long it took."""
    data, as_of, plan, result = (
        Path(sys.argv[1]),
        dt.date.fromisoformat(sys.argv[2]),
        *map(Path, sys.argv[3:]),
    )
    begun = time.perf_counter()
    wanted = json.loads(plan.read_text(encoding="utf-8"))
    sources = [f for f in wanted["features"] if "source" in f]
    frames = events(data, facts(data, result.parent), as_of)
    everyone = frames["who"].index
    table: dict[str, pd.Series] = {}
    for source in dict.fromkeys(f["source"] for f in sources):
        own = [f for f in sources if f["source"] == source]
        frame, key = KEYED.get(source, (source, ""))
        part = keyed(frames[frame], key, own) if key else measured(frames[source], own)
        for f in own:
            values = part[f["name"]].reindex(everyone)
            table[f["name"]] = values.fillna(0) if f["missing"] == "zero" else values
    left = [f for f in wanted["features"] if "operation" in f]
    while left:
        ready = [f for f in left if set(f["inputs"]) <= set(table)]
        table |= {f["name"]: derived(f, table) for f in ready}
        left = [f for f in left if f not in ready]
    columns = {
        "customer_id": frames["who"]["customer_id"],
        **{name: table[name] for name in wanted["outputs"]},
    }
    pd.DataFrame(columns).to_parquet(result, index=False)
    seconds = time.perf_counter() - begun
    peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text(encoding="utf-8"))
    sys.stdout.write(json.dumps({"seconds": seconds, "peak": int(peak[1]) / 1024 if peak else 0.0}) + "\n")


if __name__ == "__main__":
    main()
