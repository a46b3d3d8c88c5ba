"""Pictures of a materialisation: whole SVG files inside Markdown, small, drawn from the rows given."""

from __future__ import annotations

import base64
import datetime as dt
import re
from xml.etree import ElementTree

import pytest

from persona_pipeline.reporting import pictures
from persona_pipeline.reporting.words import Words

EN, ZH = Words("en", "CNY"), Words("zh", "CNY")
SVG = "{http://www.w3.org/2000/svg}"
DAYS = [dt.date(2025, 5, 20) + dt.timedelta(days=n) for n in range(30)]


def drawn(text: str | None) -> list[ElementTree.Element]:
    """The pictures of a Markdown text, parsed."""
    assert text
    found = re.findall(r"!\[[^\]]*\]\(data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)\)", text)
    assert text.count("![") == len(found)
    return [ElementTree.fromstring(base64.b64decode(each)) for each in found]


def heights(svg: ElementTree.Element, style: str) -> list[float]:
    """Heights of the columns of a style, in the order drawn."""
    return [float(each.get("height", 0)) for each in svg.iter(f"{SVG}rect") if each.get("class") == style]


def test_persona_sizes_are_in_proportion_and_named_in_the_language():
    rows = [
        {"segment_key": "s2", "name_en": "New & <few>", "name_zh": "新客", "customers": 25, "share": 0.25},
        {"segment_key": "s1", "name_en": "Loyal", "name_zh": "忠诚", "customers": 75, "share": 0.75},
    ]
    (svg,) = drawn(pictures.persona_sizes(rows, EN))
    bars = [float(each.get("width", 0)) for each in svg.iter(f"{SVG}rect") if each.get("class") == "bar"]
    assert bars[0] == pytest.approx(3 * bars[1], rel=0.01)
    texts = [each.text for each in svg.iter(f"{SVG}text")]
    assert texts == ["Loyal", "75 · 75.0%", "New & <few>", "25 · 25.0%"]
    assert "忠诚" in [each.text for each in drawn(pictures.persona_sizes(rows, ZH))[0].iter(f"{SVG}text")]


def test_the_chosen_k_is_marked_and_an_empty_curve_left_out():
    rows = [
        {"k": k, "silhouette": s, "separation": None, "is_chosen": k == 3}
        for k, s in ((4, 0.2), (2, 0.3), (3, 0.5))
    ]
    (svg,) = drawn(pictures.k_curve(rows, EN))
    points = [each for each in svg.iter(f"{SVG}circle") if each.get("class") == "point strong"]
    highest = min(float(each.get("cy", 0)) for each in svg.iter(f"{SVG}circle"))
    assert [float(each.get("cy", 0)) for each in points] == [highest]
    with_both = [{**row, "separation": 2.0 + row["k"]} for row in rows]
    assert len(drawn(pictures.k_curve(with_both, EN))) == 2


def test_ribbons_are_as_thick_as_what_went_between_segments():
    rows = [
        {"from_key": "s01", "to_key": "s01", "customers": 60, "share": 0.75},
        {"from_key": "s01", "to_key": "s02", "customers": 20, "share": 0.25},
        {"from_key": "none", "to_key": "s02", "customers": 20, "share": 1.0},
    ]
    (svg,) = drawn(pictures.transitions(rows, EN))
    ribbons = [each.get("d", "") for each in svg.iter(f"{SVG}path")]
    # of "M x y C ... x to V bottom C ...": bottom less to
    thick = [float(d.split("V")[1].split("C")[0]) - float(d.split("V")[0].split(" ")[-1]) for d in ribbons]
    by_size = sorted(thick)
    assert by_size[2] == pytest.approx(3 * by_size[0], rel=0.01)
    assert by_size[0] == pytest.approx(by_size[1], rel=0.01)
    texts = [each.text for each in svg.iter(f"{SVG}text")]
    assert texts == ["No segment", "s01", "s01", "s02"]
    nobody_before = [{**row, "from_key": "none"} for row in rows]
    assert pictures.transitions(nobody_before, EN) is None


def test_lift_and_calibration_have_a_picture_per_target():
    rows = [
        {
            "target": target, "decile": decile, "customers": 30, "positives": 3, "lift": 2.2 - decile / 5,
            "mean_probability": decile / 20, "observed_rate": decile / 20, "cumulative_gain": 1.0,
        }
        for decile in range(10, 0, -1)
        for target in ("churn_60d", "buy_30d")
    ]  # fmt: skip
    lift = pictures.lift(rows, EN)
    assert re.findall(r"^\*\*(.*?) ·", lift or "", flags=re.MULTILINE) == [
        "Buys within 30 days",
        "Buys nothing within 60 days",
    ]
    svg = drawn(lift)[0]
    assert heights(svg, "bar strong")[0] == max(heights(svg, "bar") + heights(svg, "bar strong"))
    calibrated = drawn(pictures.calibration(rows, EN))
    assert [len(list(each.iter(f"{SVG}circle"))) for each in calibrated] == [10, 10]


def test_the_ledger_stacks_clean_rejected_and_other_records_of_each_source():
    rows = [
        {"day": day, "source": source, "records_in": 100 * many, "clean": 60 * many, "rejected": 10 * many}
        for source, many in (("web", 1000), ("orders", 1))
        for day in DAYS
    ]
    text = pictures.ledger(rows, EN)
    both = drawn(text)
    assert [len(heights(each, "part-clean")) for each in both] == [30, 30]
    for svg in both:
        clean, other = heights(svg, "part-clean")[0], heights(svg, "part-other")[0]
        assert clean == pytest.approx(2 * other, rel=0.02)
        assert heights(svg, "part-rejected")[0] == pytest.approx(clean / 6, rel=0.05)
    # a picture goes into the event log of every night
    assert len(text or "") < 40_000


@pytest.mark.parametrize(
    "picture", ["persona_sizes", "k_curve", "transitions", "lift", "calibration", "ledger"]
)
def test_nothing_is_drawn_of_nothing(picture: str):
    assert getattr(pictures, picture)([], EN) is None
