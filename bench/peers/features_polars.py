"""The features benchmark by hand in Polars: facts of every day, then one snapshot. Its own process.

Arguments: folder of the clean tables, as_of, plan of the features, result.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl

KEYED = {
    "category": ("basket_line", "category"),
    "viewed_category": ("view_line", "category"),
    "session_daypart": ("session", "daypart"),
    "session_device": ("session", "device"),
    "session_channel": ("session", "channel"),
    "interest": ("interest", "category"),
}
COMPARE = {"equals": "eq", "differs": "ne", "above": "gt", "at_least": "ge", "below": "lt"}
Frames = dict[str, pl.DataFrame]


def facts(data: Path, out: Path) -> Frames:
    """Sessions, web days, product views, order days, basket lines per id; each written once."""
    hits = pl.scan_parquet(f"{data}/web_hit/**/*.parquet", hive_partitioning=False)
    product = pl.scan_parquet(f"{data}/product/**/*.parquet", hive_partitioning=False)
    product = product.select("product_id", pl.col("category"))
    what = ("page_type", "product_id", "is_cart_add", "channel", "device")
    seen = hits.select("visitor_id", "event_day", "event_at", "hit_no", *what)
    ordered = seen.sort("visitor_id", "event_day", "event_at", "hit_no").collect(engine="streaming").lazy()
    same = (pl.col("visitor_id") == pl.col("visitor_id").shift()) & (
        pl.col("event_day") == pl.col("event_day").shift()
    )
    gap = (pl.col("event_at") - pl.col("event_at").shift()).dt.total_seconds()
    started = ordered.with_columns((~(same & (gap < 1800)).fill_null(False)).cum_sum().alias("session_no"))
    is_product = pl.col("page_type") == "product"
    session = (
        started.group_by("session_no")
        .agg(
            pl.col("visitor_id").first(),
            pl.col("event_day").first(),
            pl.col("event_at").min().alias("started_at"),
            (pl.col("event_at").max() - pl.col("event_at").min()).dt.total_seconds().alias("seconds"),
            pl.len().cast(pl.Int64).alias("hits"),
            is_product.sum().cast(pl.Int64).alias("product_views"),
            (pl.col("page_type") == "search").sum().cast(pl.Int64).alias("searches"),
            pl.col("is_cart_add").sum().cast(pl.Int64).alias("cart_adds"),
            (pl.col("page_type") == "checkout").sum().alias("checkouts"),
            (pl.col("page_type") == "confirmation").sum().alias("confirmations"),
            pl.col("channel").first(),
            pl.col("device").first(),
        )
        .collect(engine="streaming")
    )
    session = session.with_columns(pl.col("started_at").dt.hour().alias("hour"))
    hour, channel = pl.col("hour"), pl.col("channel")
    paid = ["email", "sms", "app", "paid_search", "paid_social", "display"]
    flag = {
        "bounces": pl.col("hits") == 1,
        "cart_sessions": pl.col("cart_adds") > 0,
        "checkout_sessions": pl.col("checkouts") > 0,
        "confirmation_sessions": pl.col("confirmations") > 0,
        "mobile_sessions": pl.col("device").is_in(["mobile", "tablet"]),
        "evening_sessions": hour.is_between(20, 23),
        "night_sessions": hour.is_between(0, 5),
        "direct_sessions": channel == "direct",
        "search_sessions": channel == "organic_search",
        "social_sessions": channel == "organic_social",
        "campaign_sessions": channel.is_in(paid),
    }
    sums = ["hits", "seconds", "product_views", "searches", "cart_adds"]
    web_day = session.group_by("visitor_id", "event_day").agg(
        pl.len().cast(pl.Int64).alias("sessions"),
        *[pl.col(name).sum() for name in sums],
        *[rule.sum().cast(pl.Int64).alias(name) for name, rule in flag.items()],
    )
    view = (
        hits.filter(pl.col("product_id").is_not_null())
        .group_by("visitor_id", "event_day", "product_id")
        .agg(
            (pl.col("page_type") == "product").sum().cast(pl.Int64).alias("views"),
            pl.col("is_cart_add").sum().cast(pl.Int64).alias("cart_adds"),
        )
        .join(product, on="product_id", how="left")
        .with_columns(pl.col("category").fill_null("unknown"))
        .collect(engine="streaming")
    )
    lines = pl.scan_parquet(f"{data}/order_line/**/*.parquet", hive_partitioning=False).with_columns(
        *[pl.col(name).cast(pl.Float64) for name in ("quantity", "discount", "amount")]
    )
    order = lines.group_by("id", "event_day", "order_id").agg(
        pl.len().cast(pl.Int64).alias("order_lines"),
        pl.col("quantity").sum(),
        pl.col("discount").sum().alias("discount_amount"),
        pl.col("amount").sum().alias("sales_amount"),
        (pl.col("discount") > 0).any().alias("discounted"),
    )
    zero = pl.lit(0.0)
    order_day = (
        order.group_by("id", "event_day")
        .agg(
            (pl.col("sales_amount") > 0).sum().cast(pl.Int64).alias("orders"),
            pl.col("order_lines").sum(),
            pl.col("quantity").sum(),
            (pl.col("sales_amount") + pl.col("discount_amount")).sum().alias("gross_amount"),
            pl.col("discount_amount").sum(),
            pl.col("sales_amount").sum(),
            pl.col("discounted").sum().cast(pl.Int64).alias("discounted_orders"),
        )
        .with_columns(
            *[zero.alias(name) for name in ("cancelled_amount", "charges", "refund_amount")],
            pl.lit(0).alias("refunds"),
        )
        .collect(engine="streaming")
    )
    basket_line = (
        lines.group_by("id", "event_day", "order_id", "product_id")
        .agg(pl.col("quantity").sum(), pl.col("amount").sum())
        .join(product, on="product_id", how="left")
        .with_columns(pl.col("category").fill_null("unknown"))
        .collect(engine="streaming")
    )
    found = {
        "session": session,
        "web_day": web_day,
        "view": view,
        "order_day": order_day,
        "basket_item": basket_line,
    }
    for name, frame in found.items():
        frame.write_parquet(out / f"polars_{name}.parquet")
    return found


def events(data: Path, facts_: Frames, as_of: dt.date) -> Frames:
    """The facts of each customer with their age on as_of, one frame for each source of features."""
    identity = pl.read_parquet(f"{data}/map/**/*.parquet", hive_partitioning=False)
    who = identity.select("id", pl.col("customer_id").cast(pl.Categorical).alias("customer"))

    def of(name: str, column: str) -> pl.DataFrame:
        frame = facts_[name].join(who, left_on=column, right_on="id").drop(column)
        return frame.with_columns((pl.lit(as_of) - pl.col("event_day")).dt.total_days().alias("age_days"))

    order_day = of("order_day", "id").sort("customer", "event_day")
    previous = pl.col("event_day").shift().over("customer")
    monday = pl.lit(dt.date(1970, 1, 5))
    order_day = order_day.with_columns(
        (pl.col("event_day") - previous).dt.total_days().alias("gap_days"),
        (pl.col("event_day").dt.weekday() > 5).alias("is_weekend"),
        ((pl.col("event_day") - monday).dt.total_days() // 7).alias("week_number"),
    ).with_columns((pl.col("gap_days") ** 2).alias("gap_days_squared"))
    line = of("basket_item", "id")
    purchase = line.group_by("customer", "product_id").agg(
        pl.col("event_day").min().alias("first_day"), pl.col("event_day").max().alias("bought_day")
    )
    basket_item = line.join(purchase, on=["customer", "product_id"]).with_columns(
        (pl.col("event_day") == pl.col("first_day")).alias("is_first_purchase")
    )
    basket = line.group_by("customer", "order_id", "age_days").agg(
        pl.col("product_id").n_unique().cast(pl.Int64).alias("products"),
        pl.col("quantity").sum(),
        pl.col("amount").sum(),
    )
    web_day = of("web_day", "visitor_id").with_columns(pl.lit(1).alias("visit_days"))
    view = of("view", "visitor_id").filter(pl.col("age_days") < 365)
    cart_age = pl.when(pl.col("cart_adds") > 0).then(pl.col("age_days"))
    product_view = (
        view.group_by("customer", "product_id")
        .agg(
            pl.col("age_days").min(),
            cart_age.min().alias("cart_age_days"),
            pl.col("event_day").max().alias("viewed_day"),
            pl.col("views").sum(),
            pl.col("cart_adds").sum(),
        )
        .join(purchase, on=["customer", "product_id"], how="left")
        .with_columns(
            (pl.col("bought_day") >= pl.col("viewed_day")).fill_null(False).alias("is_bought_since")
        )
    )
    hour = pl.col("hour")
    daypart = (
        pl.when(hour < 6).then(pl.lit("night")).when(hour < 12).then(pl.lit("morning"))
        .when(hour < 18).then(pl.lit("afternoon")).otherwise(pl.lit("evening"))
    )  # fmt: skip
    session = of("session", "visitor_id").with_columns(daypart.alias("daypart"), pl.lit(1).alias("sessions"))
    points = pl.concat(
        [
            view.select("customer", "category", "age_days", pl.col("views") + 3 * pl.col("cart_adds")).rename(
                {"views": "points"}
            ),
            line.filter(pl.col("age_days") < 365).select(
                "customer", "category", "age_days", pl.lit(5, pl.Int64).alias("points")
            ),
        ]
    ).filter(pl.col("category") != "unknown")
    faded = pl.col("points") * (-math.log(2) / 90 * pl.col("age_days")).exp()
    weight = points.group_by("customer", "category").agg(
        faded.sum().alias("weight"), pl.col("age_days").min()
    )
    everybody = weight["customer"].n_unique()
    rarity = 1 + ((1 + everybody) / (1 + pl.len().over("category"))).log()
    interest = weight.with_columns(pl.col("weight") * rarity)
    return {
        "order_day": order_day,
        "basket_item": basket_item,
        "basket": basket,
        "web_day": web_day,
        "product_view": product_view,
        "basket_line": line,
        "view_line": view,
        "session": session,
        "interest": interest,
        "who": who.select("customer").unique(),
    }


def condition(feature: dict[str, Any]) -> pl.Expr:
    """Which rows count."""
    rule = pl.lit(True) if feature["window"] is None else pl.col("age_days") < feature["window"]
    for column, comparison, value in feature["conditions"]:
        rule = rule & getattr(pl.col(column), COMPARE[comparison])(value)
    return rule


def aggregate(feature: dict[str, Any]) -> pl.Expr:
    """One measured feature of a source without key."""
    kept = pl.col(feature["measure"] or "age_days").filter(condition(feature))
    kind = feature["aggregation"]
    value = {"sum": kept.sum, "min": kept.min, "max": kept.max, "count": kept.len}.get(kind, kept.n_unique)()
    return value.alias(feature["name"])


def keyed(frame: pl.DataFrame, key: str, features: list[dict[str, Any]]) -> pl.DataFrame:
    """Top, its share and entropy over the values of a key."""
    totals = {f"{f['measure']}|{f['window']}": f for f in features}
    by_key = frame.filter(pl.col(key) != "unknown").group_by("customer", key).agg(
        pl.col(f["measure"]).filter(condition(f)).sum().alias(name) for name, f in totals.items()
    )  # fmt: skip
    found = []
    for f in features:
        total = pl.col(f"{f['measure']}|{f['window']}")
        share = total.filter(total > 0) / total.sum()
        best = pl.col(key).filter((total == total.max()) & (total > 0)).min()
        value = {"top": best, "top_share": share.max(), "entropy": -(share * share.log()).sum()}[
            f["aggregation"]
        ]
        if f["aggregation"] == "entropy":
            value = pl.when((total > 0).any()).then(value)
        found.append(value.alias(f["name"]))
    return by_key.group_by("customer").agg(found)


def derived(feature: dict[str, Any]) -> pl.Expr:
    """A feature made of others."""
    inputs = [pl.col(name) for name in feature["inputs"]]
    if feature["operation"] == "difference":
        value = inputs[0] - inputs[1]
    elif feature["operation"] == "standard_deviation":
        total, squares, number = inputs
        value = ((number * squares - total**2) / (number * (number - 1))).sqrt()
        value = pl.when(number > 1).then(value)
    else:
        value = pl.when(inputs[1] > 0).then(inputs[0] / inputs[1])
    value = value.fill_null(0) if feature["missing"] == "zero" else value
    return value.alias(feature["name"])


def main() -> None:
    """Compute, write, say how long it took."""
    data, as_of, plan, result = (
        Path(sys.argv[1]),
        dt.date.fromisoformat(sys.argv[2]),
        *map(Path, sys.argv[3:]),
    )
    begun = time.perf_counter()
    wanted = json.loads(plan.read_text(encoding="utf-8"))
    measured = [f for f in wanted["features"] if "source" in f]
    frames = events(data, facts(data, result.parent), as_of)
    table = frames["who"]
    for source in dict.fromkeys(f["source"] for f in measured):
        own = [f for f in measured if f["source"] == source]
        if source in KEYED:
            part = keyed(frames[KEYED[source][0]], KEYED[source][1], own)
        else:
            part = frames[source].group_by("customer").agg(aggregate(f) for f in own)
        table = table.join(part, on="customer", how="left")
    zero = [f["name"] for f in measured if f["missing"] == "zero"]
    table = table.with_columns(pl.col(zero).fill_null(0))
    left = [f for f in wanted["features"] if "operation" in f]
    while left:
        ready = [f for f in left if set(f["inputs"]) <= set(table.columns)]
        table = table.with_columns(derived(f) for f in ready)
        left = [f for f in left if f not in ready]
    table.select(pl.col("customer").cast(pl.String).alias("customer_id"), *wanted["outputs"]).write_parquet(
        result
    )
    seconds = time.perf_counter() - begun
    peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text(encoding="utf-8"))
    sys.stdout.write(json.dumps({"seconds": seconds, "peak": int(peak[1]) / 1024 if peak else 0.0}) + "\n")


if __name__ == "__main__":
    main()
