"""A Sankey picture: who went from which group to which, as ribbons between two columns.

Here: geometry. Not here: words and numbers, and the other charts (charts.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from persona_pipeline.reporting.charts import shortened, svg

BAR = 10
GAP = 7
SIDE = 190
HEIGHT = 300


@dataclass(frozen=True, slots=True)
class Flow:
    """So much from one group to another; `tip` says it in words."""

    origin: str
    target: str
    value: float
    tip: str


def sankey(
    flows: Sequence[Flow], names: Sequence[tuple[str, str, str]], title: str, width: int = 640
) -> Markup:
    """Ribbons from the left column to the right one, each as thick as its value.

    Args:
        flows: what went where, values above 0.
        names: the groups from top to bottom: key, name, style class.
        title: what the picture shows.
        width: of the picture.
    """
    style = {key: kind for key, _, kind in names}
    rank = {key: number for number, (key, _, _) in enumerate(names)}
    ordered = sorted(flows, key=lambda flow: (rank[flow.origin], rank[flow.target]))
    total = sum(flow.value for flow in flows)
    scale = (HEIGHT - GAP * (len(names) - 1)) / total
    left, right = SIDE, width - SIDE
    starts, bars_left = _column(
        [(flow.origin, flow.value) for flow in ordered], names, scale, left - BAR, "tick"
    )
    by_target = sorted(ordered, key=lambda flow: (rank[flow.target], rank[flow.origin]))
    ends, bars_right = _column(
        [(flow.target, flow.value) for flow in by_target], names, scale, right, "value"
    )
    body = []
    end = dict(zip(map(id, by_target), ends, strict=True))
    for flow, y in zip(ordered, starts, strict=True):
        thick, to, middle = max(flow.value * scale, 0.4), end[id(flow)], (left + right) / 2
        path = (
            f"M{left} {y:.1f}C{middle:.0f} {y:.1f} {middle:.0f} {to:.1f} {right} {to:.1f}V{to + thick:.1f}"
            f"C{middle:.0f} {to + thick:.1f} {middle:.0f} {y + thick:.1f} {left} {y + thick:.1f}Z"
        )
        stays = " stays" if flow.origin == flow.target else ""
        body.append(
            Markup('<path class="flow{} {}" d="{}"><title>{}</title></path>').format(
                stays, style[flow.origin], path, flow.tip
            )
        )
    return svg(width, HEIGHT + 4, title, [*body, *bars_left, *bars_right], "flows")


def _column(
    parts: Sequence[tuple[str, float]],
    names: Sequence[tuple[str, str, str]],
    scale: float,
    x: float,
    anchor: str,
) -> tuple[list[float], list[Markup]]:
    """Where each part begins, and the bars with their names; parts stand in the order of the names."""
    tops: list[float] = []
    bars: list[Markup] = []
    y = 2.0
    for key, name, kind in names:
        values = [value for group, value in parts if group == key]
        first = y
        for value in values:
            tops.append(y)
            y += value * scale
        if values:
            bar = Markup('<rect class="node {}" x="{}" y="{:.1f}" width="{}" height="{:.1f}"/>')
            bars.append(bar.format(kind, x, first, BAR, max(y - first, 0.5)))
            beside = x - 6 if anchor == "tick" else x + BAR + 6
            text = Markup('<text class="{}" x="{}" y="{:.1f}">{}</text>')
            bars.append(text.format(anchor, beside, (first + y) / 2 + 4, shortened(name, 28)))
            y += GAP
    return tops, bars
