"""The page in words: features distributed unlike four weeks before, and features few customers have.

Here: frames in, texts and bars out, for one language. Not here: other parts of the page (view_*.py), HTML.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from persona_pipeline.reporting import charts
from persona_pipeline.reporting.data import Frame, ReportData
from persona_pipeline.reporting.view_customers import View, as_day
from persona_pipeline.reporting.words import Words

SHOWN = 12
HARDLY_FILLED = 0.1
MOVED = ("watch", "act")


def features(data: ReportData, words: Words) -> View | None:
    """Features that moved, the farthest first, and features few customers have; None before any snapshot."""
    rows = data.statistic[data.statistic["feature"].isin(data.readable)]
    if rows.empty:
        return None
    moved = rows[rows["stability"].isin(MOVED)].sort_values(["psi", "feature"], ascending=[False, True])
    hardly = rows[rows["coverage"] < HARDLY_FILLED].sort_values(["coverage", "feature"])
    return {
        "compared": _compared(rows, words),
        "moved": _lines(moved, words),
        "moved_left": _left(moved, words),
        "hardly": _lines(hardly, words),
        "hardly_left": _left(hardly, words),
    }


def _compared(rows: Frame, words: Words) -> str:
    """What the distributions were compared with, or why with nothing."""
    compared = rows[rows["psi"].notna()]
    if len(compared):
        return words.text("features_compared", day=words.date(as_day(compared["reference_on"].iloc[0])))
    counts = [int(rows[name].fillna(0).max()) for name in ("customers", "reference_customers")]
    now, then = (words.number(count) for count in counts)
    return words.text("features_not_compared", now=now, then=then)


def _lines(rows: Frame, words: Words) -> list[View]:
    return [_line(row, words) for row in rows.head(SHOWN).to_dict("records")]


def _line(row: dict[str, Any], words: Words) -> View:
    coverage, about = words.percent(row["coverage"]), words.described.get(row["feature"])
    return {
        "feature": row["feature"],
        "name": about.text(words.language) if about else words.term("lookup", row["feature"]),
        "coverage": coverage,
        "meter": charts.meter(row["coverage"], coverage),
        "psi": None if pd.isna(row["psi"]) else words.number(row["psi"], 2),
        "stability": row["stability"],
        "reading": words.term("stability", row["stability"]) if isinstance(row["stability"], str) else None,
    }


def _left(rows: Frame, words: Words) -> str | None:
    """How many more there are than shown."""
    return words.text("features_left", count=words.number(len(rows) - SHOWN)) if len(rows) > SHOWN else None
