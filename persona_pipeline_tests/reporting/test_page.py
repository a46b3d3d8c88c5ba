"""The page as a whole: self-contained, complete in both languages, escaped, there on the first night."""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from persona_pipeline.contracts import reasons
from persona_pipeline.reporting import write_report
from persona_pipeline.reporting.page import render
from persona_pipeline.reporting.words import dictionary
from persona_pipeline.sources.kinds import REQUIRED
from persona_pipeline_tests.reporting.example import empty_report, full_report


@functools.cache
def rendered() -> str:
    """The full page, rendered once."""
    return render(full_report())


VOID = {"meta", "link", "input", "br", "img"}


class Page(HTMLParser):
    """Collects text per language, tags and attributes, and checks that tags close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: dict[str, list[str]] = {"en": [], "zh": []}
        self.language = ""
        self.feed(text)
        assert self.open == []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.language = dict(attrs).get("data-language") or self.language
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and self.language and {"style", "script"}.isdisjoint(self.open):
            self.texts[self.language].append(data.strip())


@pytest.fixture(scope="module", params=[full_report, empty_report], ids=["full", "first_night"])
def page(request: pytest.FixtureRequest) -> Page:
    return Page(render(request.param()))


def test_the_page_asks_nobody_for_anything(page: Page):
    outside = [
        item
        for item in page.attributes
        if item[1] in {"src", "href", "srcset", "action", "data"} and not item[2].startswith(("#", "data:"))
    ]
    assert outside == []
    assert not [item for item in page.attributes if item[1].startswith("on")]


def test_the_style_imports_nothing():
    text = rendered()
    assert not re.search(r"@import|url\(|https?://", text)


def test_both_languages_say_the_same_amount(page: Page):
    assert len(page.texts["en"]) == len(page.texts["zh"]) > 40


def test_chinese_has_no_english_sentence_left(page: Page):
    own = {"Tea & <House>", "tea house", "Green <tea>", "Cup & saucer"}
    words = [text for text in page.texts["zh"] if text not in own and re.search(r"[a-z]{3,} [a-z]{3,}", text)]
    assert words == []


def test_ids_are_unique_and_links_lead_somewhere(page: Page):
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    targets = {
        value.removeprefix("#")
        for _, name, value in page.attributes
        if name == "href" and value.startswith("#")
    }
    assert targets <= set(ids)
    assert {value for _, name, value in page.attributes if name == "for"} <= set(ids)


def scripts(text: str) -> list[tuple[str, str]]:
    """Attributes and content of every script, as a browser divides the page."""
    return re.findall(r"<script([^>]*)>(.*?)</script>", text, flags=re.DOTALL)


def test_only_the_search_may_run_and_only_where_there_is_a_customer():
    text = rendered()
    (data, _), (plain, code) = scripts(text)
    assert 'type="application/json"' in data
    assert plain == ""
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    allowed = dict(part.strip().split(" ", 1) for part in html.unescape(policy[1]).split(";"))
    assert allowed["script-src"] == f"'sha256-{digest}'"
    assert allowed["default-src"] == "'none'"
    assert scripts(render(empty_report())) == []


def test_a_title_cannot_break_out_of_the_data():
    report = full_report()
    nasty = "</script><script>alert(1)</script><!-- \u2028 & ' \""
    title = report.title.assign(title=[nasty, nasty])
    text = render(dataclasses.replace(report, title=title, project=nasty))
    found = scripts(text)
    assert len(found) == 2
    assert json.loads(found[0][1])["products"] == [nasty, "p9", nasty]
    Page(text)


def test_the_search_knows_each_customer_under_the_pseudonym_and_no_more():
    data = json.loads(scripts(rendered())[0][1])
    customers = data["customers"]
    assert customers["id"] == ["c_aa01", "c_aa02", "c_bb02"]

    def text(column: dict, row: int) -> str | None:
        return column["texts"][column["codes"][row]] if column["codes"][row] >= 0 else None

    assert [text(customers["region"], row) for row in range(3)] == ["<b>Paris</b>", "unknown", "北京"]
    assert [text(customers["segment_key"], row) for row in range(3)] == ["s02", None, "s01"]
    assert customers["recency_days"] == [90, None, 2]
    assert customers["sales_365d"] == [20, 0, 1234.5]
    tags = data["tags"]
    assert tags["at"] == [0, 1, 1, 3]
    assert [text(tags["tag"], row) for row in range(3)] == ["refund:frequent", "rfm:champions", "segment:s01"]
    assert (data["scores"]["at"], data["scores"]["probability"]) == ([0, 1, 1, 2], [0.05, 0.7123])
    assert [data["products"][at] for at in data["offers"]["product_id"]] == ["p9", "Cup & saucer"]
    assert data["offers"]["because_product_id"] == [-1, data["products"].index("Green <tea>")]
    days = data["days"]
    assert days["orders"] == {"at": [0, 0, 0, 1], "ago": [0], "orders": [1], "sales_amount": [99.5]}
    assert (days["refunds"]["ago"], days["refunds"]["refund_amount"]) == ([1], [20])
    assert (days["contacts"]["at"], days["contacts"]["opens"]) == ([0, 0, 0, 1], [1])
    assert days["texts"]["ago"] == []
    assert data["personas"]["s01"] == {"en": "Frequent big spenders", "zh": "高频高消费客户"}


def test_the_script_finds_every_word_it_asks_for():
    code = scripts(rendered())[1][1]
    asked = set(re.findall(r"say\.(\w+)", code)) | set(re.findall(r'(?:fill|counted)\("(\w+)"', code))
    asked |= set(re.findall(r'(?:field|named)\("(\w+)"', code))
    asked |= {f"level_{level}" for level in ("highest", "high", "middle", "low")}
    assert asked == set(dictionary()["lookup"])
    for call in ("innerHTML", "insertAdjacentHTML", "outerHTML", "document.write", "eval("):
        assert call not in code


@pytest.mark.parametrize("missing", ["web", "contact", "interest", "social", "shown"])
def test_a_source_that_is_missing_is_said_in_its_place(missing: str):
    reasons = {
        "web": "No visits to show",
        "contact": "No campaigns to show",
        "interest": "No interests to show",
        "social": "No opinions to show",
        "shown": "No customer is known yet",
    }
    report = full_report()
    without = render(dataclasses.replace(report, **{missing: getattr(report, missing).head(0)}))
    assert reasons[missing] in without
    assert not [reason for reason in reasons.values() if reason in rendered()]
    Page(without)


def test_names_from_data_are_escaped():
    text = rendered()
    assert "Tea &amp; &lt;House&gt;" in text
    assert "Green &lt;tea&gt;" in text
    assert "<tea>" not in text


@pytest.mark.parametrize(
    "expected",
    [
        "Frequent big spenders",
        "60 customers",
        "60.0%",
        "¥1,234",
        "Orders, 365 days 6 or more",
        "TGI 225",
        "Tea, and with it Cup: 12.5% of their baskets (all: 5.0%).",
        "45% of their baskets with the first hold the second; 31 customers bought the first and not",
        "Three of them, nearest to the middle",
        "84% of them do, 70% of the persona",
        "Share of tea in products bought",
        "40.0% against 20.0% of everybody",
        "+1.7 standard deviations",
        "unstable: changes when customers are resampled",
        "Champions",
        "3.2×",
        "1 of 3 rules shown",
        "logistic regression",
        "0.781",
        "too little data: history of 175 days; 3 horizons of 60 days need 180",
        "Publication 7",
        "As of 30 June 2025",
        "lies in the future",
        "balanced",
        "Cup &amp; saucer",
        "60 · 60.0%",  # customers of the first persona
        "<th>direct</th>",
        "60 · 60.0%",  # sessions that saw a product
        "17 · 17.0%",  # that filled the cart
        "20.0%",  # 8 of 40 contacts of persona s01 by e-mail answered
        "16.0%",  # 8 of 50 e-mails answered
        "¥1.88",  # 15.00 for 8 answers
        "4.00",  # 12 stars of 3 ratings
        "+0.30",  # sentiment of 1.5 over 5 texts
        "Each feature is compared with its distribution on 1 June 2025",
        'Orders &lt;last week&gt; <code>orders_7d</code></td><td class="figure">0.31</td>',
        'Region <code>region</code></td><td class="figure">0.12</td>',
        "Posts ever <code>posts_ever</code>",
        "3.1%",
        "The 3 customers with the highest sales of 120 can be looked up here",
    ],
)
def test_english_shows(expected: str):
    assert expected in rendered()


@pytest.mark.parametrize(
    "expected",
    [
        "高频高消费客户",
        "60 位客户",
        "订单数（365 天）不少于 6",
        "「tea」购买占比",
        "购买Tea时一并购买Cup：占其购物篮的 12.5%（全体 5.0%）。",
        "含前者的购物篮中 45% 也含后者；31 位客户买了前者而未买后者",
        "数据太少：历史 175 天；3 个 60 天的预测期需要 180 天",
        "发布批次 7",
        "截至 2025 年 6 月 30 日",
        "时间在未来",
        "400 个购物篮；3 条规则置信度不低于 0.2",
        "最佳客户",
        "不稳定：重抽样后变化较大",
        "将各特征与 2025 年 6 月 1 日 的分布比较",
        "地区 <code>region</code>",
        "此处可查询 120 位客户中销售额最高的 3 位",
        "<th>直接访问</th>",
        "召回",
        "逻辑回归 在 2025-05-30 的测试中胜过所有基线",
    ],
)
def test_chinese_shows(expected: str):
    assert expected in rendered()


def test_needs_stand_in_their_order_and_only_where_there_are_any():
    text = rendered()
    assert text.index("Tea, and with it Cup") < text.index("Cup, and with it Saucer")
    assert text.count("<h4>What they need together</h4>") == 1, "of two personas one has needs"
    assert "What they need together" not in render(empty_report())


def test_redundant_and_chance_rules_are_left_out():
    text = rendered()
    assert "9.9×" not in text
    assert "7.7×" not in text


def test_features_that_did_not_move_are_left_out():
    text = rendered()
    assert "sales_ever" not in text
    assert "not_for_people" not in text, "it is not among those that may be shown"
    assert text.count("<code>posts_ever</code>") == 2, "in both languages, as hardly filled only"


def test_too_few_customers_to_compare_features_are_said():
    report = full_report()
    alone = report.statistic.assign(psi=None, stability=None, reference_customers=300)
    text = render(dataclasses.replace(report, statistic=alone))
    assert "that needs 400 customers then and now; there are 900 now, 300 then" in text
    assert "前后各需 400 位客户；现有 900 位，当时 300 位" in text
    never = alone.assign(reference_on=None, reference_customers=None)
    assert "there are 900 now, 0 then" in render(dataclasses.replace(report, statistic=never))


def test_of_many_moved_features_the_farthest_are_shown():
    report = full_report()
    rows = [
        {"feature": f"f{n:02}", "customers": 900, "coverage": 1.0, "psi": n / 10, "stability": "act"}
        for n in range(3, 23)
    ]
    many = pd.DataFrame(rows, columns=report.statistic.columns).assign(reference_on=report.week)
    named = frozenset(row["feature"] for row in rows)
    text = render(dataclasses.replace(report, statistic=many, readable=named))
    assert re.findall(r"<code>(f\d\d)</code>", text)[:12] == [f"f{n}" for n in range(22, 10, -1)]
    assert "and 8 more, in v_mart_feature_quality" in text


def test_an_unbalanced_ledger_is_said():
    report = full_report()
    ledger = report.ledger.assign(clean=report.ledger["clean"].where(report.ledger.index > 0, 90))
    assert "off by 7" in render(dataclasses.replace(report, ledger=ledger))


@pytest.mark.parametrize(("language", "first"), [("en", "en"), ("zh", "zh"), ("both", "en")])
def test_the_chosen_language_is_shown_first(tmp_path: Path, language: str, first: str):
    path = write_report(tmp_path / "report", empty_report(), language=language)
    assert path == tmp_path / "report" / "index.html"
    assert re.findall(r'id="language-(\w+)" checked', path.read_text(encoding="utf-8")) == [first]
    assert [file.name for file in path.parent.iterdir()] == ["index.html"]


def test_another_language_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="en, zh or both"):
        write_report(tmp_path, empty_report(), language="fr")


def test_equal_data_give_equal_bytes():
    assert render(full_report()) == render(full_report())


def test_every_word_stands_in_both_languages():
    entries = [
        (group, key, entry)
        for group, table in dictionary().items()
        if group not in {"reason", "feature_kind"}
        for key, entry in table.items()
    ]
    entries += [("reason", entry["en"], entry) for entry in dictionary()["reason"]]
    incomplete = [
        (group, key) for group, key, entry in entries if set(entry) != {"en", "zh"} or not all(entry.values())
    ]
    assert incomplete == []


def test_every_reason_and_kind_of_source_has_its_words():
    """Otherwise a Chinese page shows the code; what is only noted is not on the page."""
    left_out = {*reasons.REJECTED, *reasons.DUPLICATE, *reasons.FILTERED}
    assert left_out - dictionary()["code"].keys() == set()
    assert set(REQUIRED) - dictionary()["source"].keys() == set()


def test_places_to_fill_are_the_same_in_both_languages():
    for key, entry in dictionary()["text"].items():
        assert set(re.findall(r"{\w*}", entry["en"])) == set(re.findall(r"{\w*}", entry["zh"])), key


def test_a_persona_without_evidence_or_values_is_shown():
    report = full_report()
    bare = dataclasses.replace(
        report,
        evidence=report.evidence.head(0),
        offers=report.offers.head(0),
        segment=report.segment.head(0),
        title=pd.DataFrame(columns=["product_id", "title", "category"]),
    )
    assert "Frequent big spenders" in render(bare)
