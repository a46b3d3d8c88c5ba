"""The page in words: channels, interests, what is said about the products.

Here: frames in, texts and charts out, for one language. Not here: customers (view_customers.py), models and
data (view_models.py), HTML.
"""

from __future__ import annotations

from typing import Any

from persona_pipeline.reporting import charts
from persona_pipeline.reporting.data import Frame, ReportData
from persona_pipeline.reporting.view_customers import View, as_day, optional, week_starts
from persona_pipeline.reporting.words import Words

DEVICES = ("desktop", "mobile", "tablet", "other", "unknown")
STEPS = ("sessions", "product_sessions", "cart_sessions", "checkout_sessions", "confirmation_sessions")
OUTCOMES = ("opens", "clicks", "responses")
UNKNOWN = "unknown"
FEWEST_VIEWS = 20  # below it a share of views says nothing about a segment


def share(part: float, whole: float) -> float | None:
    """A share, or None of nothing."""
    return float(part) / float(whole) if whole else None


def web(data: ReportData, words: Words) -> View | None:
    """Sessions by channel and device, the way to an order, sessions per week; None without a session."""
    if data.web.empty:
        return None
    return {
        "channels": _channels(data.web, words),
        "devices": [words.term("device", device) for device in _devices(data.web)],
        "funnel": _funnel(data.web, words),
        "chart": _sessions_chart(data.web, words),
    }


def _devices(rows: Frame) -> list[str]:
    present = set(rows["device"])
    return [device for device in DEVICES if device in present]


def _channels(rows: Frame, words: Words) -> list[View]:
    total = rows.groupby("channel")[[*STEPS, "bounces"]].sum()
    devices = rows.pivot_table(
        index="channel", columns="device", values="sessions", aggfunc="sum", fill_value=0
    )
    customers = rows[rows["visitor_type"] == "customer"].groupby("channel")["sessions"].sum()
    total = total.assign(name=total.index).sort_values(["sessions", "name"], ascending=[False, True])
    highest = float(total["sessions"].max())
    return [
        {
            "name": words.term("channel", str(channel)),
            "meter": charts.meter(row["sessions"] / highest, words.term("channel", str(channel))),
            "values": [
                words.number(row["sessions"]),
                words.percent(share(customers.get(channel, 0), row["sessions"]), 0),
                words.percent(share(row["bounces"], row["sessions"]), 0),
                words.percent(share(row["confirmation_sessions"], row["sessions"])),
                *(
                    words.percent(share(devices.loc[channel, device], row["sessions"]), 0)
                    for device in _devices(rows)
                ),
            ],
        }
        for channel, row in total.iterrows()
    ]


def _funnel(rows: Frame, words: Words) -> str:
    total = rows[list(STEPS)].sum()
    bars, values = [], []
    for step in STEPS:
        name, count = words.term("step", step), words.number(total[step])
        of_all = words.percent(share(total[step], total["sessions"]))
        bars.append(charts.Bar(float(total[step]), name, f"{name}: {count} ({of_all})"))
        values.append(f"{count} · {of_all}")
    return charts.rows(bars, values, words.text("funnel_title"))


def _sessions_chart(rows: Frame, words: Words) -> str:
    weekly = rows.assign(week=week_starts(rows["event_day"])).pivot_table(
        index="week", columns="visitor_type", values="sessions", aggfunc="sum", fill_value=0
    )
    stacks, month = [], None
    for week, row in weekly.iterrows():
        day = as_day(week)
        label, month = (words.month(day) if day.month != month else ""), day.month
        known, others = float(row.get("customer", 0)), float(row.get("visitor", 0))
        tip = words.text(
            "sessions_tip", day=words.date(day), customers=words.number(known), visitors=words.number(others)
        )
        stacks.append(charts.Stack((("part-first", known), ("part-second", others)), label, tip))
    highest = max(sum(value for _, value in stack.parts) for stack in stacks)
    marks = [words.number(mark) for mark in charts.whole_ticks(highest)]
    return charts.stacked(stacks, words.text("sessions_by_week"), marks, height=190)


def campaigns(data: ReportData, words: Words) -> View | None:
    """Contacts and responses by channel and message, and response by persona; None without a contact."""
    if data.contact.empty:
        return None
    measures = ["contacts", "holdouts", *OUTCOMES, "cost_amount"]
    rows = data.contact.assign(cost_amount=data.contact["cost_amount"].astype(float))
    total = rows.groupby(["channel", "message"])[measures].sum().reset_index()
    total = total.sort_values(["contacts", "channel", "message"], ascending=[False, True, True])
    best = max((share(r["responses"], r["contacts"]) or 0 for r in total.to_dict("records")), default=0) or 1
    lines = []
    for row in total.to_dict("records"):
        rate = share(row["responses"], row["contacts"])
        lines.append(
            {
                "channel": words.term("channel", row["channel"]),
                "message": words.term("message", row["message"]),
                "values": [
                    words.number(row["contacts"]),
                    words.number(row["holdouts"]),
                    *(words.percent(share(row[name], row["contacts"])) for name in OUTCOMES),
                    words.money(share(row["cost_amount"], row["responses"])),
                ],
                "meter": charts.meter((rate or 0) / best, words.percent(rate)),
            }
        )
    return {"lines": lines, "personas": _response_matrix(data, words)}


def _persona_names(data: ReportData, words: Words) -> dict[str, str]:
    return dict(zip(data.persona["segment_key"], data.persona[f"name_{words.language}"], strict=True))


def _response_matrix(data: ReportData, words: Words) -> View | None:
    names = _persona_names(data, words)
    rows = data.contact[data.contact["segment_key"].isin(list(names))]
    total = rows.groupby(["segment_key", "channel"])[["contacts", "responses"]].sum()
    if total.empty or not total["contacts"].sum():
        return None
    channels = sorted(set(rows["channel"]))
    found = {
        (str(key), str(channel)): (share(row["responses"], row["contacts"]), int(row["contacts"]))
        for (key, channel), row in total.iterrows()  # type: ignore[misc]
    }
    highest = max((rate or 0 for rate, _ in found.values()), default=0) or 1
    return {
        "columns": [words.term("channel", channel) for channel in channels],
        "rows": [
            {
                "name": name,
                "cells": [
                    _cell(*found.get((key, channel), (None, 0)), highest, words) for channel in channels
                ],
            }
            for key, name in names.items()
        ],
    }


def _cell(rate: float | None, contacts: int, highest: float, words: Words) -> View:
    tip = words.text("contacts_tip", count=words.number(contacts))
    return {"value": words.percent(rate), "weight": round((rate or 0) / highest, 3), "tip": tip}


def interests(data: ReportData, words: Words) -> View | None:
    """Share of each persona's product views by category, against everybody's; None without a view."""
    names = _persona_names(data, words)
    rows = data.interest[data.interest["segment_key"].isin(list(names))]
    if rows.empty:
        return None
    views = rows.pivot_table(
        index="segment_key", columns="category", values="views", aggfunc="sum", fill_value=0
    )
    everybody: Any = views.sum()
    columns = sorted(views.columns, key=lambda category: (-everybody[category], category))
    base = everybody / everybody.sum()
    shown = []
    for key, name in names.items():
        if key not in views.index or views.loc[key].sum() < FEWEST_VIEWS:
            continue
        own = views.loc[key] / views.loc[key].sum()
        shown.append(
            {
                "name": name,
                "cells": [
                    {
                        "value": words.percent(own[category], 0),
                        # 1 where the share is three times everybody's
                        "weight": round(min(float(own[category] / base[category]) / 3, 1.0), 3)
                        if base[category]
                        else 0,
                        "tip": words.text("interest_tip", base=words.percent(base[category], 0)),
                    }
                    for category in columns
                ],
            }
        )
    return {"columns": columns, "rows": shown} if shown else None


def voices(data: ReportData, words: Words) -> View | None:
    """Ratings and sentiment by category; None without a text."""
    if data.social.empty:
        return None
    rows = data.social.assign(texts=data.social["posts"] + data.social["reviews"])
    rows = rows.assign(is_unknown=rows["category"] == UNKNOWN)
    rows = rows.sort_values(["is_unknown", "texts", "category"], ascending=[True, False, True])
    shown = []
    for row in rows.to_dict("records"):
        sentiment = float(row["sentiment_sum"]) / row["texts"]
        rating = share(row["rating_sum"], row["ratings"])
        neutral = row["texts"] - row["positive_texts"] - row["negative_texts"]
        parts = [
            (kind, share(count, row["texts"]) or 0)
            for kind, count in (
                ("positive", row["positive_texts"]),
                ("neutral", neutral),
                ("negative", row["negative_texts"]),
            )
        ]
        tip = " · ".join(f"{words.term('sentiment', kind)} {words.percent(part, 0)}" for kind, part in parts)
        shown.append(
            {
                "name": words.text("no_category") if row["is_unknown"] else row["category"],
                "values": [
                    words.number(row["posts"]),
                    words.number(row["reviews"]),
                    words.number(optional(rating), 2),
                    words.percent(share(row["low_ratings"], row["ratings"])),
                    f"{sentiment:+.2f}".replace("-", "−"),
                ],
                "bar": charts.shares([(f"part-{kind}", part) for kind, part in parts], tip),
            }
        )
    return {"lines": shown}
