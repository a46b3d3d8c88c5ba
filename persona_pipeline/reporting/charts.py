"""Charts as inline SVG: no script, no request, colours from the page's style.

Here: geometry. Not here: words and numbers (they come formatted) and which chart stands where.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its height or length, what stands below or beside it, and what it says when pointed at."""

    value: float
    label: str
    tip: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Stack:
    """One column of several parts, from the bottom up: style class and height of each."""

    parts: tuple[tuple[str, float], ...]
    label: str
    tip: str


def svg(width: int, height: int, title: str, body: Sequence[Markup], kind: str) -> Markup:
    """A chart from its parts."""
    head = Markup('<svg class="chart {}" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
        kind, width, height, title
    )
    return head + Markup("").join(body) + Markup("</svg>")


def shortened(name: str, longest: int = 34) -> str:
    """A name that fits beside a bar; a Chinese character is as wide as two others."""
    width = 0
    for number, letter in enumerate(name):
        width += 2 if ord(letter) > 0x2E80 else 1
        if width > longest:
            return f"{name[: number - 1]}…"
    return name


def ticks(highest: float, count: int = 4) -> list[float]:
    """Round values from 0 to at least `highest`."""
    if highest <= 0:
        return [0.0, 1.0]
    raw = highest / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * 0.999)
    return [step * number for number in range(math.ceil(highest / step - 1e-9) + 1)]


def whole_ticks(highest: float) -> list[float]:
    """Three round whole numbers from 0 to at least `highest`, for counts."""
    step = max(1.0, ticks(highest / 2, 1)[-1]) if highest > 0 else 1.0
    return [0.0, math.ceil(step), 2.0 * math.ceil(step)]


def _y(value: float, top: float, height: float, highest: float) -> float:
    return top + height * (1 - value / highest)


def columns(
    bars: Sequence[Bar], title: str, tick_text: Sequence[str], *, line: float | None = None, width: int = 640
) -> Markup:
    """Columns over a baseline; `tick_text` labels the values of `ticks`. `line` draws a reference across."""
    height, left, top, bottom = 220, 58, 10, 24
    inner, plot = width - left - 6, height - top - bottom
    marks = ticks(max((bar.value for bar in bars), default=0))
    highest = marks[-1]
    body = []
    for mark, text in zip(marks, tick_text, strict=True):
        y = _y(mark, top, plot, highest)
        body.append(
            Markup('<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(
                left, width - 6, y, y
            )
        )
        body.append(Markup('<text class="tick" x="{}" y="{:.1f}">{}</text>').format(left - 8, y + 4, text))
    step = inner / max(len(bars), 1)
    for number, bar in enumerate(bars):
        x, y = left + number * step + step * 0.12, _y(max(bar.value, 0), top, plot, highest)
        body.append(
            Markup(
                '<rect class="bar{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="1.5">'
                "<title>{}</title></rect>"
            ).format(" strong" if bar.strong else "", x, y, step * 0.76, max(top + plot - y, 0.5), bar.tip)
        )
        if bar.label:
            body.append(
                Markup('<text class="axis" x="{:.1f}" y="{}">{}</text>').format(
                    left + (number + 0.5) * step, height - 7, bar.label
                )
            )
    if line is not None and 0 <= line <= highest:
        y = _y(line, top, plot, highest)
        body.append(
            Markup('<line class="reference" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(
                left, width - 6, y, y
            )
        )
    return svg(width, height, title, body, "columns")


def stacked(
    stacks: Sequence[Stack], title: str, tick_text: Sequence[str], *, width: int = 640, height: int = 120
) -> Markup:
    """Columns of several parts; `tick_text` labels the values of `whole_ticks` of the highest column."""
    left, top, bottom = 58, 10, 22
    inner, plot = width - left - 6, height - top - bottom
    marks = whole_ticks(max((sum(value for _, value in stack.parts) for stack in stacks), default=0))
    highest = marks[-1]
    body = []
    for mark, text in zip(marks, tick_text, strict=True):
        y = _y(mark, top, plot, highest)
        body.append(
            Markup(
                '<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
                '<text class="tick" x="{}" y="{:.1f}">{}</text>'
            ).format(left, width - 6, y, y, left - 8, y + 4, text)
        )
    step = inner / max(len(stacks), 1)
    for number, stack in enumerate(stacks):
        x, below = left + number * step, 0.0
        body.append(Markup("<g><title>{}</title>").format(stack.tip))
        for style, value in stack.parts:
            if value > 0:
                y = _y(below + value, top, plot, highest)
                body.append(
                    Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
                        style, x + step * 0.1, y, step * 0.8, max(plot * value / highest, 0.4)
                    )
                )
                below += value
        body.append(Markup("</g>"))
        if stack.label:
            body.append(
                Markup('<text class="axis" x="{:.1f}" y="{}">{}</text>').format(
                    x + step / 2, height - 6, stack.label
                )
            )
    return svg(width, height, title, body, "columns")


def rows(bars: Sequence[Bar], values: Sequence[str], title: str, *, width: int = 640) -> Markup:
    """Bars to the right, one below the other: name, bar, value."""
    line, left, right = 26, 230, 110
    highest = max([*(bar.value for bar in bars), 1e-9])
    body = []
    for number, (bar, value) in enumerate(zip(bars, values, strict=True)):
        y = number * line
        length = max((width - left - right) * bar.value / highest, 1)
        body.append(
            Markup(
                '<text class="tick" x="{}" y="{}">{}</text>'
                '<rect class="bar{}" x="{}" y="{}" width="{:.1f}" height="14" rx="2"><title>{}</title></rect>'
                '<text class="value" x="{:.1f}" y="{}">{}</text>'
            ).format(
                left - 10,
                y + 17,
                bar.label,
                " strong" if bar.strong else "",
                left,
                y + 6,
                length,
                bar.tip,
                left + length + 8,
                y + 17,
                value,
            )
        )
    return svg(width, max(len(bars), 1) * line + 4, title, body, "rows")


def diverging(value: float, limit: float, tip: str) -> Markup:
    """One bar to the right or left of a middle line; longer than `limit` is cut."""
    share = max(-1.0, min(1.0, value / limit))
    x, length = (100.0, 100 * share) if share >= 0 else (100 + 100 * share, -100 * share)
    body = [
        Markup(
            '<rect class="{}" x="{:.1f}" y="2" width="{:.1f}" height="8" rx="2"><title>{}</title></rect>'
        ).format("more" if share >= 0 else "less", x, max(length, 1), tip),
        Markup('<line class="middle" x1="100" x2="100" y1="0" y2="12"/>'),
    ]
    return svg(200, 12, tip, body, "diverging")


def calibration(points: Sequence[tuple[float, float, str]], title: str, x_text: str, y_text: str) -> Markup:
    """Predicted (x) against observed (y) with the diagonal; each point has a tip."""
    size, left, top, bottom = 260, 40, 10, 34
    plot = size - top - bottom
    marks = ticks(max((max(x, y) for x, y, _ in points), default=1.0), 4)
    highest = min(marks[-1], 1.0)

    def place(x: float, y: float) -> tuple[float, float]:
        return left + plot * x / highest, _y(y, top, plot, highest)

    body = []
    for mark in marks:
        if mark <= highest + 1e-9:
            x, y = place(mark, mark)
            text = f"{100 * mark:.0f}%"
            body.append(
                Markup('<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(
                    left, left + plot, y, y
                )
            )
            body.append(
                Markup('<text class="tick" x="{}" y="{:.1f}">{}</text>').format(left - 6, y + 4, text)
            )
            body.append(
                Markup('<text class="axis" x="{:.1f}" y="{}">{}</text>').format(x, top + plot + 14, text)
            )
    (x1, y1), (x2, y2) = place(0, 0), place(highest, highest)
    body.append(
        Markup('<line class="reference" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(
            x1, y1, x2, y2
        )
    )
    for predicted, observed, tip in points:
        x, y = place(min(predicted, highest), min(observed, highest))
        body.append(
            Markup('<circle class="point" cx="{:.1f}" cy="{:.1f}" r="4.5"><title>{}</title></circle>').format(
                x, y, tip
            )
        )
    body.append(
        Markup('<text class="axis" x="{:.1f}" y="{}">{}</text>').format(left + plot / 2, size - 4, x_text)
    )
    body.append(Markup('<text class="note" x="{}" y="{}">{}</text>').format(left + 6, top + 10, y_text))
    return svg(left + plot + 12, size, title, body, "square")


def curve(points: Sequence[tuple[float, float, str, bool]], title: str) -> Markup:
    """A line through (x, y); each point has a tip, the chosen one is marked."""
    width, height, pad = 320, 120, 22
    xs, ys = [point[0] for point in points], [point[1] for point in points]
    low_x, span_x = min(xs), max(max(xs) - min(xs), 1e-9)
    low_y, span_y = min(ys), max(max(ys) - min(ys), 1e-9)
    placed = [
        (
            pad + (width - 2 * pad) * (x - low_x) / span_x,
            pad / 2 + (height - 2 * pad) * (1 - (y - low_y) / span_y),
        )
        for x, y in zip(xs, ys, strict=True)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    body = [Markup('<polyline class="curve" points="{}"/>').format(path)]
    for (x, y), (value, _, tip, is_chosen) in zip(placed, points, strict=True):
        body.append(
            Markup(
                '<circle class="point{}" cx="{:.1f}" cy="{:.1f}" r="{}"><title>{}</title></circle>'
            ).format(" strong" if is_chosen else "", x, y, 5.5 if is_chosen else 3, tip)
        )
        body.append(Markup('<text class="axis" x="{:.1f}" y="{}">{:g}</text>').format(x, height - 5, value))
    return svg(width, height, title, body, "small")


def spark(values: Sequence[float], title: str) -> Markup:
    """Tiny columns without axes, for a table cell."""
    width, height = 120, 22
    highest = max([*values, 1e-9])
    step = width / max(len(values), 1)
    body = [
        Markup('<rect class="bar" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
            number * step, height - height * value / highest, max(step * 0.8, 0.6), height * value / highest
        )
        for number, value in enumerate(values)
        if value > 0
    ]
    return svg(width, height, title, body, "spark")


_TIP = re.compile("<title>.*?</title>", re.DOTALL)
STANDALONE = (
    "text{font:11px system-ui,sans-serif;fill:#686d76}.tick{text-anchor:end}.axis{text-anchor:middle}"
    ".grid{stroke:#e3e4e1}.reference{stroke:#686d76;stroke-width:1.2;stroke-dasharray:4 4}"
    ".bar{fill:#2f5d8a;opacity:.82}.bar.strong{opacity:1}.point{fill:#2f5d8a;stroke:#fff;stroke-width:1.5}"
    ".point.strong{fill:#b4532f}.curve{fill:none;stroke:#2f5d8a;stroke-width:2}"
    ".flow{fill:#2f5d8a;opacity:.4}.flow.stays{opacity:.15}.node{fill:#2f5d8a}"
    ".part-clean{fill:#2d7d5a}.part-rejected{fill:#b4532f}.part-other{fill:#b9bdc4}"
)


def standalone(chart: Markup) -> str:
    """The chart as a file of its own: name space, the colours of the light page, white paper, no tips.

    A picture of a page answers no pointer, and the tips are most of its bytes.
    """
    opening, rest = _TIP.sub("", str(chart)).split(">", 1)
    view = opening.split('viewBox="0 0 ', 1)[1].split('"', 1)[0]
    width, height = view.split()
    return (
        f'{opening} xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
        f'<style>{STANDALONE}</style><rect width="100%" height="100%" fill="#fff"/>{rest}'
    )


def meter(share: float, tip: str) -> Markup:
    """A bar from 0 to 1."""
    width = 100 * max(0.0, min(1.0, share))
    return Markup('<span class="meter" title="{}"><span style="width:{:.1f}%"></span></span>').format(
        escape(tip), width
    )


def shares(parts: Sequence[tuple[str, float]], tip: str) -> Markup:
    """One bar divided into shares of 1, each with its style class."""
    body, x = [], 0.0
    for style, part in parts:
        if part > 0:
            body.append(
                Markup('<rect class="{}" x="{:.1f}" y="0" width="{:.1f}" height="10"/>').format(
                    style, x, 200 * part
                )
            )
            x += 200 * part
    return svg(200, 10, tip, [Markup("<title>{}</title>").format(tip), *body], "shares")
