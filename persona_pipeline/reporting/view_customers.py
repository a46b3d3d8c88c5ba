"""The first half of the page in words: overview, personas, RFM.

Here: frames in, texts and charts out, for one language. Not here: models and data (view_models.py), HTML.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from persona_pipeline.reporting import charts, pictures
from persona_pipeline.reporting.data import Frame, ReportData
from persona_pipeline.reporting.words import Words

COLORS = 8  # persona colours of the style sheet, used in turn
EVIDENCE = 4
EXAMPLES = ("example_1", "example_2", "example_3")
LONGEST_BAR = 3.0  # standard deviations
WEEKS = 53
WIDE = 980
RFM_ORDER = (
    "champions",
    "loyal",
    "potential_loyalist",
    "new",
    "promising",
    "needs_attention",
    "about_to_sleep",
    "at_risk",
    "cant_lose",
    "hibernating",
)

View = dict[str, Any]


def as_day(value: Any) -> dt.date:
    """A date from whatever the frame holds."""
    return dt.date.fromisoformat(str(value)[:10])


def optional(value: Any) -> float | None:
    """A number, or None where the table has none."""
    return None if pd.isna(value) else float(value)


def week_starts(days: Frame) -> Frame:
    """The Monday of each day."""
    days = pd.to_datetime(days)
    return days - pd.to_timedelta(days.dt.day_of_week, unit="D")


def overview(data: ReportData, words: Words) -> View:
    """Key figures and sales per week."""
    sales = data.sales.assign(
        event_day=pd.to_datetime(data.sales["event_day"]),
        sales=data.sales["sales_amount"].astype(float),
        refund=data.sales["refund_amount"].astype(float),
    )
    end = pd.Timestamp(data.as_of)
    now = sales[sales["event_day"] > end - pd.Timedelta(days=30)]
    before = sales[
        (sales["event_day"] <= end - pd.Timedelta(days=30))
        & (sales["event_day"] > end - pd.Timedelta(days=60))
    ]
    known: Frame = data.customers.iloc[0] if len(data.customers) else pd.Series(dtype=float)
    customers = [
        int(known.get(name, 0)) for name in ("customers", "customers_with_order", "customers_active")
    ]
    orders, total = int(now["orders"].sum()), float(now["sales"].sum())
    ordered_share = customers[1] / customers[0] if customers[0] else None
    active_share = customers[2] / customers[1] if customers[1] else None
    return {
        "kpis": [
            _kpi(
                words.text("kpi_customers"),
                words.number(customers[0]),
                f"{words.percent(ordered_share, 0)} {words.text('kpi_ordered')}",
            ),
            _kpi(
                words.text("kpi_active"),
                words.number(customers[2]),
                f"{words.percent(active_share, 0)} {words.text('kpi_of_ordered')}",
            ),
            _kpi(
                words.text("kpi_orders"),
                words.number(orders),
                _change(words, orders, float(before["orders"].sum())),
            ),
            _kpi(
                words.text("kpi_sales"),
                words.money(total),
                _change(words, total, float(before["sales"].sum())),
            ),
            _kpi(
                words.text("kpi_average"),
                words.money(total / orders if orders else None),
                words.text(
                    "kpi_refunds", share=words.percent(float(now["refund"].sum()) / total if total else None)
                ),
            ),
        ],
        "sales_chart": _sales_chart(sales, words) if len(sales) else None,
    }


def _kpi(name: str, value: str, note: str) -> View:
    return {"name": name, "value": value, "note": note}


def _change(words: Words, now: float, before: float) -> str:
    if before <= 0:
        return words.text("kpi_no_before")
    return words.text("kpi_before", change=f"{100 * (now / before - 1):+.0f}%".replace("-", "−"))


def _sales_chart(sales: Frame, words: Words) -> str:
    weekly = (
        sales.assign(week=week_starts(sales["event_day"]))
        .groupby("week")[["sales", "orders"]]
        .sum()
        .sort_index()
    )
    weekly = weekly.tail(WEEKS)
    bars, month = [], None
    for week, sold, orders in zip(weekly.index, weekly["sales"], weekly["orders"], strict=True):
        day = as_day(week)
        label = words.month(day) if day.month != month else ""
        month = day.month
        tip = words.text(
            "week_tip", day=words.date(day), sales=words.money(sold), orders=words.number(orders)
        )
        bars.append(charts.Bar(float(sold), label, tip))
    marks = charts.ticks(max(bar.value for bar in bars))
    return charts.columns(
        bars, words.text("sales_by_week"), [words.money(mark) for mark in marks], width=WIDE
    )


def persona_sizes(data: ReportData, words: Words) -> str | None:
    """Customers by persona, the largest first; None without a persona."""
    ordered = data.persona.sort_values(["customers", "segment_key"], ascending=[False, True])
    bars, values = [], []
    for row in ordered.to_dict("records"):
        name = row[f"name_{words.language}"]
        value = f"{words.number(row['customers'])} · {words.percent(optional(row['share']))}"
        bars.append(charts.Bar(float(row["customers"]), charts.shortened(name), f"{name}: {value}"))
        values.append(value)
    return charts.rows(bars, values, words.text("persona_sizes"), width=WIDE) if bars else None


def movements(data: ReportData, words: Words) -> str | None:
    """Who went between the personas in four weeks, in the order and colours of the cards."""
    ordered = data.persona.sort_values(["customers", "segment_key"], ascending=[False, True])
    names = [
        (row["segment_key"], row[f"name_{words.language}"], f"persona-{number % COLORS}")
        for number, row in enumerate(ordered.to_dict("records"))
    ]
    rows = data.transition.to_dict("records")
    known = {key for key, _, _ in names}
    ended = sorted(
        {row[side] for row in rows for side in ("from_key", "to_key")} - known - {pictures.NOWHERE}
    )
    names += [(key, key, "ended") for key in ended]
    names.append((pictures.NOWHERE, words.text("no_segment"), "ended"))
    return pictures.moved(rows, names, words, WIDE) if rows else None


def personas(data: ReportData, words: Words) -> list[View]:
    """One card per persona, the largest first."""
    titles = dict(zip(data.title["product_id"], data.title["title"], strict=True))
    segments = data.segment.set_index("segment_key") if len(data.segment) else pd.DataFrame()
    ordered = data.persona.sort_values(["customers", "segment_key"], ascending=[False, True])
    cards = []
    for number, row in enumerate(ordered.to_dict("records")):
        key = row["segment_key"]
        stability = segments.loc[key] if key in segments.index else None
        evidence = _evidence(data.evidence[data.evidence["segment_key"] == key], words)
        cards.append(
            {
                "color": number % COLORS,
                "key": key,
                "name": row[f"name_{words.language}"],
                "summary": row[f"summary_{words.language}"],
                "customers": words.text("customers_count", count=words.number(row["customers"])),
                "share": words.percent(optional(row["share"])),
                "share_meter": charts.meter(optional(row["share"]) or 0, words.text("share_of_customers")),
                "sales_share": words.percent(optional(row["sales_share_365d"])),
                "sales_meter": charts.meter(
                    optional(row["sales_share_365d"]) or 0, words.text("share_of_sales")
                ),
                "facts": _facts(row, words),
                "chances": [
                    _chance(words.text("will_buy"), optional(row["mean_buy_probability"]), "good", words),
                    _chance(words.text("will_leave"), optional(row["mean_churn_probability"]), "bad", words),
                ],
                "evidence": evidence[:EVIDENCE],
                "further": evidence[EVIDENCE:],
                "examples": _examples(data.evidence[data.evidence["segment_key"] == key], words),
                "rules": _rules(data.segment_rule[data.segment_rule["segment_key"] == key], words),
                "needs": _needs(data.need[data.need["segment_key"] == key], words),
                "offers": _offers(data.offers[data.offers["segment_key"] == key], titles, words),
                "stability": _stability(stability, words),
            }
        )
    return cards


def _facts(row: dict[str, Any], words: Words) -> list[tuple[str, str]]:
    recency = optional(row["median_recency_days"])
    category = row["top_category"] if isinstance(row["top_category"], str) else "–"
    return [
        (words.text("sales_per_customer"), words.money(optional(row["sales_per_customer_365d"]))),
        (words.text("orders_per_customer"), words.number(optional(row["orders_per_customer_365d"]), 1)),
        (words.text("median_recency"), words.number(recency)),
        (words.text("top_category"), category),
    ]


def _chance(name: str, probability: float | None, kind: str, words: Words) -> View:
    value = words.percent(probability, 0)
    return {
        "name": name,
        "value": value,
        "kind": kind,
        "meter": charts.meter(probability or 0, f"{name}: {value}"),
    }


def _evidence(rows: Frame, words: Words) -> list[View]:
    shown = []
    for row in rows.sort_values("evidence_rank").to_dict("records"):
        feature, mean, base = row["feature"], optional(row["mean"]), optional(row["base_mean"])
        values = ""
        if mean is not None and base is not None:
            values = words.text(
                "against_all",
                value=words.feature_value(feature, mean),
                base=words.feature_value(feature, base),
            )
        tgi = optional(row["tgi"])
        if tgi is not None:
            values += words.text("tgi", value=words.number(tgi))
        difference = float(row["difference"])
        tip = words.text("sd_away", value=f"{difference:+.1f}".replace("-", "−"))
        bar = charts.diverging(difference, LONGEST_BAR, tip)
        shown.append({"feature": words.feature(feature), "values": values, "bar": bar, "tip": tip})
    return shown


def _examples(rows: Frame, words: Words) -> list[tuple[str, list[str]]]:
    """What sets the persona apart, of the three customers nearest to its middle."""
    shown = rows.sort_values("evidence_rank").head(EVIDENCE)
    if shown.empty or shown[list(EXAMPLES)].isna().all(axis=None):
        return []
    return [
        (
            words.feature(row["feature"]),
            [
                words.text("unknown") if pd.isna(row[one]) else words.feature_value(row["feature"], row[one])
                for one in EXAMPLES
            ],
        )
        for row in shown.to_dict("records")
    ]


def _rules(rows: Frame, words: Words) -> list[View]:
    """Who belongs, in words, and how far that can be relied on."""
    return [
        {
            "text": row[f"text_{words.language}"],
            "figures": words.text(
                "rule_figures",
                precision=words.percent(optional(row["precision"]), 0),
                recall=words.percent(optional(row["recall"]), 0),
            ),
        }
        for row in rows.sort_values("rank").to_dict("records")
    ]


def _needs(rows: Frame, words: Words) -> list[View]:
    """What they buy together more often than everybody, and how many of them lack the other half."""
    return [
        {
            "text": row[f"text_{words.language}"],
            "figures": words.text(
                "need_figures",
                confidence=words.percent(row["confidence"], 0),
                count=words.number(row["unmet_customers"]),
            ),
        }
        for row in rows.sort_values("rank").to_dict("records")
    ]


def _offers(rows: Frame, titles: dict[str, str], words: Words) -> list[View]:
    return [
        {
            "title": titles.get(row["product_id"], row["product_id"]),
            "count": words.text("offered_to", count=words.number(row["customers"])),
        }
        for row in rows.sort_values("position").to_dict("records")
    ]


def _stability(row: Frame | None, words: Words) -> View | None:
    if row is None:
        return None
    stable = bool(row["is_stable"])
    value = optional(row["stability"])
    text = words.text("stability", value=words.number(value, 2)) if stable else words.text("unstable")
    return {"text": text, "is_stable": stable}


def rfm(data: ReportData, words: Words) -> View | None:
    """The recency by frequency matrix and the ten names; None without an order."""
    if data.rfm.empty:
        return None
    grid = np.zeros((6, 6), dtype=np.int64)
    np.add.at(
        grid,
        (data.rfm["rfm_recency"].to_numpy(int), data.rfm["rfm_frequency"].to_numpy(int)),
        data.rfm["customers"].to_numpy(),
    )
    highest = max(int(grid.max()), 1)
    by_name = data.rfm.groupby("rfm_segment")["customers"].sum()
    total = int(by_name.sum())
    return {
        "rows": [
            {
                "recency": recency,
                "cells": [
                    {
                        "value": words.number(grid[recency, frequency]),
                        "weight": round(float(grid[recency, frequency]) / highest, 3),
                    }
                    for frequency in range(1, 6)
                ],
            }
            for recency in range(5, 0, -1)
        ],
        "segments": [
            {
                "name": words.term("rfm", name),
                "count": words.number(by_name[name]),
                "share": words.percent(by_name[name] / total),
                "meter": charts.meter(by_name[name] / int(by_name.max()), words.term("rfm", name)),
            }
            for name in (*RFM_ORDER, *sorted(set(by_name.index) - set(RFM_ORDER)))
            if name in by_name.index
        ],
    }
