"""Pictures for where the tables are made: persona sizes, k curve, lift, calibration, ledger over days.

Here: rows of one day or week in, Markdown with inline SVG out, a few kilobytes each. Not here: reading the
rows and handing the Markdown to Dagster (defs/pictures.py).
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from persona_pipeline.reporting import charts, flows
from persona_pipeline.reporting.words import Words

Rows = Sequence[Mapping[str, Any]]


def markdown(titled: Sequence[tuple[str, Markup]]) -> str:
    """Pictures one below the other, each under its title."""
    return "\n\n".join(f"**{title}**\n\n![{title}]({data_uri(chart)})" for title, chart in titled)


def data_uri(chart: Markup) -> str:
    """The chart as a file of its own inside an address."""
    encoded = base64.b64encode(charts.standalone(chart).encode()).decode()
    return f"data:image/svg+xml;base64,{encoded}"


NOWHERE = "none"
# criteria of the number of segments and the digits of their values
CRITERIA = {
    "icl": 0,
    "silhouette": 3,
    "separation": 2,
    "inertia": 0,
    "davies_bouldin": 2,
    "calinski_harabasz": 0,
    "gap": 3,
    "stability": 2,
}


def persona_sizes(rows: Rows, words: Words) -> str | None:
    """Customers of each persona, the largest first; None without a persona."""
    ordered = sorted(rows, key=lambda row: (-row["customers"], row["segment_key"]))
    bars, values = [], []
    for row in ordered:
        name = charts.shortened(row[f"name_{words.language}"])
        values.append(f"{words.number(row['customers'])} · {words.percent(row['share'])}")
        bars.append(charts.Bar(float(row["customers"]), name, values[-1]))
    title = words.text("persona_sizes")
    return markdown([(title, charts.rows(bars, values, title))]) if bars else None


def k_curve(rows: Rows, words: Words) -> str | None:
    """Every criterion by number of segments, the chosen one marked; None with less than two."""
    titled = k_curves(rows, words)
    return markdown(titled) if titled else None


def known(value: float | None) -> bool:
    """Whether there is a value; frames hold NaN where tables hold nothing."""
    return value is not None and not math.isnan(value)


def k_curves(rows: Rows, words: Words) -> list[tuple[str, Markup]]:
    """Title and curve of each criterion that has two points or more; those that decide come first."""
    titled = []
    for column, digits in CRITERIA.items():
        title = words.text(f"{column}_by_k")
        points = [
            (
                float(row["k"]),
                float(row[column]),
                words.text("k_tip", k=row["k"], value=f"{float(row[column]):,.{digits}f}")
                + (f" ({words.text('chosen')})" if row["is_chosen"] else ""),
                bool(row["is_chosen"]),
            )
            for row in sorted(rows, key=lambda row: row["k"])
            if known(row.get(column))
        ]
        if len(points) > 1:
            titled.append((title, charts.curve(points, title)))
    return titled


def transitions(rows: Rows, words: Words) -> str | None:
    """Who went from which segment to which in four weeks; None before there are two snapshots to compare."""
    keys = sorted({row[side] for row in rows for side in ("from_key", "to_key")})
    picture = moved(
        rows, [(key, key if key != NOWHERE else words.text("no_segment"), "") for key in keys], words
    )
    return markdown([(words.text("moved_title"), picture)]) if picture else None


def moved(rows: Rows, names: Sequence[tuple[str, str, str]], words: Words, width: int = 640) -> Markup | None:
    """Ribbons from the segments of four weeks before to those of now; None while there were none before."""
    if all(row["from_key"] == NOWHERE for row in rows):
        return None
    called = {key: name for key, name, _ in names}
    found = [
        flows.Flow(
            row["from_key"],
            row["to_key"],
            float(row["customers"]),
            words.text(
                "moved_tip",
                origin=called[row["from_key"]],
                target=called[row["to_key"]],
                customers=words.number(row["customers"]),
                share=words.percent(row["share"]),
            ),
        )
        for row in rows
    ]
    return flows.sankey(found, names, words.text("moved_title"), width)


def lift(rows: Rows, words: Words) -> str | None:
    """Lift by tenth of each target; None without a tested model."""
    return _by_target(rows, words, "lift_title", lambda deciles: lift_columns(deciles, words))


def calibration(rows: Rows, words: Words) -> str | None:
    """Predicted against observed of each target; None without a tested model."""
    return _by_target(rows, words, "calibration_title", lambda deciles: calibration_points(deciles, words))


def _by_target(rows: Rows, words: Words, title: str, draw: Callable[[Rows], Markup]) -> str | None:
    targets = sorted({row["target"] for row in rows})
    titled = [
        (
            f"{words.term('target', target)} · {words.text(title)}",
            draw(sorted((row for row in rows if row["target"] == target), key=lambda row: row["decile"])),
        )
        for target in targets
    ]
    return markdown(titled) if titled else None


def lift_columns(deciles: Rows, words: Words) -> Markup:
    """One column per tenth over the line of the average customer."""
    bars = [
        charts.Bar(
            float(row["lift"] or 0),
            str(row["decile"]),
            words.text(
                "lift_bar_tip",
                decile=row["decile"],
                lift=words.number(row["lift"], 2),
                rate=words.percent(row["observed_rate"]),
                customers=words.number(row["customers"]),
            ),
            strong=row["decile"] == 1,
        )
        for row in deciles
    ]
    marks = charts.ticks(max(bar.value for bar in bars))
    return charts.columns(bars, words.text("lift_title"), [f"{mark:g}×" for mark in marks], line=1.0)


def calibration_points(deciles: Rows, words: Words) -> Markup:
    """One point per tenth beside the diagonal."""
    points = [
        (
            float(row["mean_probability"]),
            float(row["observed_rate"]),
            words.text(
                "calibration_tip",
                predicted=words.percent(row["mean_probability"]),
                observed=words.percent(row["observed_rate"]),
            ),
        )
        for row in deciles
    ]
    title = words.text("calibration_title")
    return charts.calibration(points, title, words.text("predicted"), words.text("observed"))


def ledger(rows: Rows, words: Words) -> str | None:
    """Records per day of each source; None before the first file."""
    sources = sorted({row["source"] for row in rows})
    titled = []
    for source in sources:
        own = sorted((row for row in rows if row["source"] == source), key=lambda row: row["day"])
        if any(row["records_in"] for row in own):
            name = words.term("source", source)
            titled.append((name, ledger_columns(own, name, words)))
    return markdown(titled) if titled else None


def ledger_columns(rows: Rows, title: str, words: Words) -> Markup:
    """One column a day: clean, rejected and other records."""
    stacks, month = [], None
    for row in rows:
        day, records = row["day"], float(row["records_in"])
        label, month = (words.month(day) if day.month != month else ""), day.month
        parts = {"part-clean": float(row["clean"]), "part-rejected": float(row["rejected"])}
        parts["part-other"] = records - sum(parts.values())
        tip = words.text(
            "ledger_tip",
            day=words.date(day),
            records=words.number(records),
            rejected=words.number(row["rejected"]),
        )
        stacks.append(charts.Stack(tuple(parts.items()), label, tip))
    marks = charts.whole_ticks(max(float(row["records_in"]) for row in rows))
    return charts.stacked(stacks, title, [words.number(mark) for mark in marks])
