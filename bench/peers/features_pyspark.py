"""The features benchmark by hand in PySpark, local[2]: facts of every day, one snapshot. Its own process.

Arguments: folder of the clean tables, as_of, plan of the features, result.
"""

from __future__ import annotations

import json
import math
import re
import shutil
import sys
import time
from functools import reduce
from pathlib import Path
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F  # noqa: N812  (Spark's own convention)

KEYED = {
    "category": ("basket_line", "category"),
    "viewed_category": ("view_line", "category"),
    "session_daypart": ("session", "daypart"),
    "session_device": ("session", "device"),
    "session_channel": ("session", "channel"),
    "interest": ("interest", "category"),
}
Frames = dict[str, DataFrame]


def read(spark: SparkSession, data: Path, table: str) -> DataFrame:
    """All files of a table."""
    return spark.read.option("recursiveFileLookup", "true").parquet(str(data / table))


def facts(spark: SparkSession, data: Path, out: Path) -> Frames:
    """Sessions, web days, product views, order days, basket lines per id; each written once."""
    hits = read(spark, data, "web_hit")
    product = read(spark, data, "product").select("product_id", "category")
    by = Window.partitionBy("visitor_id", "event_day").orderBy("event_at", "hit_no")
    gap = F.unix_timestamp("event_at") - F.unix_timestamp(F.lag("event_at").over(by))
    started = hits.withColumn("is_start", F.when(gap < 1800, 0).otherwise(1))
    numbered = started.withColumn("session_no", F.sum("is_start").over(by))

    def page(name: str) -> Column:
        return F.sum((F.col("page_type") == name).cast("long"))

    session = numbered.groupBy("visitor_id", "event_day", "session_no").agg(
        F.min("event_at").alias("started_at"),
        (F.unix_timestamp(F.max("event_at")) - F.unix_timestamp(F.min("event_at"))).alias("seconds"),
        F.count("*").alias("hits"),
        page("product").alias("product_views"),
        page("search").alias("searches"),
        F.sum(F.col("is_cart_add").cast("long")).alias("cart_adds"),
        page("checkout").alias("checkouts"),
        page("confirmation").alias("confirmations"),
        F.max(F.when(F.col("is_start") == 1, F.col("channel"))).alias("channel"),
        F.max(F.when(F.col("is_start") == 1, F.col("device"))).alias("device"),
    )
    session = session.withColumn("hour", F.hour("started_at"))
    hour, channel = F.col("hour"), F.col("channel")
    paid = ["email", "sms", "app", "paid_search", "paid_social", "display"]
    flags = {
        "bounces": F.col("hits") == 1,
        "cart_sessions": F.col("cart_adds") > 0,
        "checkout_sessions": F.col("checkouts") > 0,
        "confirmation_sessions": F.col("confirmations") > 0,
        "mobile_sessions": F.col("device").isin("mobile", "tablet"),
        "evening_sessions": hour.between(20, 23),
        "night_sessions": hour.between(0, 5),
        "direct_sessions": channel == "direct",
        "search_sessions": channel == "organic_search",
        "social_sessions": channel == "organic_social",
        "campaign_sessions": channel.isin(paid),
    }
    sums = ["hits", "seconds", "product_views", "searches", "cart_adds"]
    written = write(spark, session, out, "session")
    web_day = written.groupBy("visitor_id", "event_day").agg(
        F.count("*").alias("sessions"),
        *[F.sum(name).alias(name) for name in sums],
        *[F.sum(flag.cast("long")).alias(name) for name, flag in flags.items()],
    )
    view = (
        hits.where("product_id IS NOT NULL")
        .groupBy("visitor_id", "event_day", "product_id")
        .agg(page("product").alias("views"), F.sum(F.col("is_cart_add").cast("long")).alias("cart_adds"))
        .join(F.broadcast(product), "product_id", "left")
        .fillna({"category": "unknown"})
    )
    lines = read(spark, data, "order_line")
    for name in ("quantity", "discount", "amount"):
        lines = lines.withColumn(name, F.col(name).cast("double"))
    order = lines.groupBy("id", "event_day", "order_id").agg(
        F.count("*").alias("order_lines"),
        F.sum("quantity").alias("quantity"),
        F.sum("discount").alias("discount_amount"),
        F.sum("amount").alias("sales_amount"),
        F.max("discount").alias("most"),
    )
    order_day = order.groupBy("id", "event_day").agg(
        F.sum((F.col("sales_amount") > 0).cast("long")).alias("orders"),
        F.sum("order_lines").alias("order_lines"),
        F.sum("quantity").alias("quantity"),
        F.sum(F.col("sales_amount") + F.col("discount_amount")).alias("gross_amount"),
        F.sum("discount_amount").alias("discount_amount"),
        F.sum("sales_amount").alias("sales_amount"),
        F.sum((F.col("most") > 0).cast("long")).alias("discounted_orders"),
    )
    for name in ("cancelled_amount", "charges", "refund_amount", "refunds"):
        order_day = order_day.withColumn(name, F.lit(0))
    basket = (
        lines.groupBy("id", "event_day", "order_id", "product_id")
        .agg(F.sum("quantity").alias("quantity"), F.sum("amount").alias("amount"))
        .join(F.broadcast(product), "product_id", "left")
        .fillna({"category": "unknown"})
    )
    tables = {"web_day": web_day, "view": view, "order_day": order_day, "basket_item": basket}
    return {"session": written} | {name: write(spark, frame, out, name) for name, frame in tables.items()}


def write(spark: SparkSession, frame: DataFrame, out: Path, name: str) -> DataFrame:
    """Write a table of facts, and read it from there."""
    target = str(out / f"pyspark_{name}")
    frame.write.mode("overwrite").parquet(target)
    return spark.read.parquet(target)


def events(spark: SparkSession, data: Path, facts_: Frames, as_of: str) -> Frames:
    """The facts of each customer with their age on as_of, one frame for each source of features."""
    who = read(spark, data, "map").select("id", F.col("customer_id").alias("customer"))

    def of(name: str, column: str) -> DataFrame:
        frame = facts_[name].withColumnRenamed(column, "id").join(who, "id").drop("id")
        return frame.withColumn("age_days", F.datediff(F.lit(as_of).cast("date"), "event_day"))

    by = Window.partitionBy("customer").orderBy("event_day")
    order_day = of("order_day", "id").withColumn(
        "gap_days", F.datediff("event_day", F.lag("event_day").over(by))
    )
    since_monday = F.datediff("event_day", F.lit("1970-01-05").cast("date"))
    order_day = (
        order_day.withColumn("gap_days_squared", F.col("gap_days") * F.col("gap_days"))
        .withColumn("is_weekend", since_monday % 7 >= 5)
        .withColumn("week_number", F.floor(since_monday / 7))
    )
    line = of("basket_item", "id").cache()
    purchase = line.groupBy("customer", "product_id").agg(
        F.min("event_day").alias("first_day"), F.max("event_day").alias("bought_day")
    )
    basket_item = line.join(purchase, ["customer", "product_id"]).withColumn(
        "is_first_purchase", F.col("event_day") == F.col("first_day")
    )
    basket = line.groupBy("customer", "order_id", "age_days").agg(
        F.count_distinct("product_id").alias("products"),
        F.sum("quantity").alias("quantity"),
        F.sum("amount").alias("amount"),
    )
    view = of("view", "visitor_id").where("age_days < 365").cache()
    product_view = (
        view.groupBy("customer", "product_id")
        .agg(
            F.min("age_days").alias("age_days"),
            F.min(F.when(F.col("cart_adds") > 0, F.col("age_days"))).alias("cart_age_days"),
            F.max("event_day").alias("viewed_day"),
            F.sum("views").alias("views"),
            F.sum("cart_adds").alias("cart_adds"),
        )
        .join(purchase, ["customer", "product_id"], "left")
        .withColumn("is_bought_since", F.coalesce(F.col("bought_day") >= F.col("viewed_day"), F.lit(False)))
    )
    hour = F.col("hour")
    daypart = F.when(hour < 6, "night").when(hour < 12, "morning").when(hour < 18, "afternoon")
    session = of("session", "visitor_id").withColumn("daypart", daypart.otherwise("evening"))
    points = view.select(
        "customer", "category", "age_days", (F.col("views") + 3 * F.col("cart_adds")).alias("points")
    ).unionAll(
        line.where("age_days < 365").select(
            "customer", "category", "age_days", F.lit(5).cast("long").alias("points")
        )
    )
    faded = F.col("points") * F.exp(-math.log(2) / 90 * F.col("age_days"))
    weight = (
        points.where("category <> 'unknown'")
        .groupBy("customer", "category")
        .agg(F.sum(faded).alias("weight"), F.min("age_days").alias("age_days"))
        .cache()
    )
    everybody = weight.select(F.count_distinct("customer")).collect()[0][0]
    reach = weight.groupBy("category").agg(F.count("*").alias("reach"))
    rarity = 1 + F.log((1 + F.lit(everybody)) / (1 + F.col("reach")))
    interest = weight.join(F.broadcast(reach), "category").withColumn("weight", F.col("weight") * rarity)
    return {
        "order_day": order_day,
        "basket_item": basket_item,
        "basket": basket,
        "web_day": of("web_day", "visitor_id").withColumn("visit_days", F.lit(1)),
        "product_view": product_view,
        "basket_line": line,
        "view_line": view,
        "session": session.withColumn("sessions", F.lit(1)),
        "interest": interest,
        "who": who.select("customer").distinct(),
    }


def kept(feature: dict[str, Any]) -> Column:
    """Which rows count."""
    compare = {
        "equals": lambda c, v: c == v,
        "differs": lambda c, v: c != v,
        "above": lambda c, v: c > v,
        "at_least": lambda c, v: c >= v,
        "below": lambda c, v: c < v,
    }
    rules = [compare[how](F.col(column), F.lit(value)) for column, how, value in feature["conditions"]]
    if feature["window"] is not None:
        rules.append(F.col("age_days") < feature["window"])
    return reduce(lambda one, other: one & other, rules, F.lit(True))


def aggregate(feature: dict[str, Any]) -> Column:
    """One measured feature of a source without key."""
    value = F.when(kept(feature), F.col(feature["measure"] or "age_days"))
    kinds = {"sum": F.sum, "min": F.min, "max": F.max, "count": F.count, "count_distinct": F.count_distinct}
    return kinds[feature["aggregation"]](value).alias(feature["name"])


def keyed(frame: DataFrame, key: str, features: list[dict[str, Any]]) -> DataFrame:
    """Top, its share and entropy over the values of a key."""
    totals = {f"{f['measure']}_{f['window']}": f for f in features}
    by_key = (
        frame.where(F.col(key) != "unknown")
        .groupBy("customer", key)
        .agg(*[F.sum(F.when(kept(f), F.col(f["measure"]))).alias(name) for name, f in totals.items()])
    )
    everyone = Window.partitionBy("customer")
    for name in totals:
        by_key = by_key.withColumn(f"{name}_whole", F.sum(name).over(everyone))
        by_key = by_key.withColumn(f"{name}_most", F.max(name).over(everyone))
    found = []
    for f in features:
        name = f"{f['measure']}_{f['window']}"
        share = F.when(F.col(name) > 0, F.col(name) / F.col(f"{name}_whole"))
        is_top = (F.col(name) == F.col(f"{name}_most")) & (F.col(name) > 0)
        value = {
            "top": F.min(F.when(is_top, F.col(key))),
            "top_share": F.max(share),
            "entropy": F.sum(-share * F.log(share)),
        }[f["aggregation"]]
        found.append(value.alias(f["name"]))
    return by_key.groupBy("customer").agg(*found)


def derived(feature: dict[str, Any]) -> Column:
    """A feature made of others."""
    inputs = [F.col(name) for name in feature["inputs"]]
    if feature["operation"] == "difference":
        value = inputs[0] - inputs[1]
    elif feature["operation"] == "standard_deviation":
        total, squares, number = inputs
        value = F.when(number > 1, F.sqrt((number * squares - total * total) / (number * (number - 1))))
    else:
        value = F.when(inputs[1] > 0, inputs[0].cast("double") / inputs[1].cast("double"))
    value = F.coalesce(value, F.lit(0)) if feature["missing"] == "zero" else value
    return value.alias(feature["name"])


def main() -> None:
    """Compute, write, say how long it took."""
    data, plan, result = Path(sys.argv[1]), Path(sys.argv[3]), Path(sys.argv[4])
    begun = time.perf_counter()
    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.memory", "4g")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "8")
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )
    wanted = json.loads(plan.read_text(encoding="utf-8"))
    measured = [f for f in wanted["features"] if "source" in f]
    frames = events(spark, data, facts(spark, data, result.parent), sys.argv[2])
    table = frames["who"]
    for source in dict.fromkeys(f["source"] for f in measured):
        own = [f for f in measured if f["source"] == source]
        if source in KEYED:
            part = keyed(frames[KEYED[source][0]], KEYED[source][1], own)
        else:
            part = frames[source].groupBy("customer").agg(*[aggregate(f) for f in own])
        table = table.join(part, "customer", "left")
    table = table.fillna(0, [f["name"] for f in measured if f["missing"] == "zero"])
    left = [f for f in wanted["features"] if "operation" in f]
    while left:
        ready = [f for f in left if set(f["inputs"]) <= set(table.columns)]
        table = table.select("*", *[derived(f) for f in ready])
        left = [f for f in left if f not in ready]
    folder = result.with_suffix(".folder")
    chosen = table.select(F.col("customer").alias("customer_id"), *wanted["outputs"])
    chosen.coalesce(1).write.mode("overwrite").parquet(str(folder))
    seconds = time.perf_counter() - begun
    (part_file,) = folder.glob("*.parquet")
    shutil.move(part_file, result)
    java = spark.sparkContext._jvm.java.lang.ProcessHandle.current().pid()  # noqa: SLF001
    peak = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{java}/status").read_text(encoding="utf-8"))
    spark.stop()
    sys.stdout.write(json.dumps({"seconds": seconds, "peak": int(peak[1]) / 1024 if peak else 0.0}) + "\n")


if __name__ == "__main__":
    main()
