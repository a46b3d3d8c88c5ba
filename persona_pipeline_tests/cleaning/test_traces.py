"""Posts, contacts and CRM records: one bad record of every kind among good ones, as CSV and as JSON lines."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persona_pipeline.cleaning.inspect import inspect
from persona_pipeline.contracts import clean, traces
from persona_pipeline.contracts.pseudonym import pseudonym
from persona_pipeline.sources.files import list_files
from persona_pipeline.sources.fingerprint import fingerprints
from persona_pipeline.sources.source import Source
from persona_pipeline.sources.split import split_files
from persona_pipeline_tests.cleaning.conftest import KEY, START, Project
from persona_pipeline_tests.cleaning.test_reasons import GOOD

DAY = START + dt.timedelta(days=60)
FORMATS = ("csv", "jsonl")
POST = {
    "post_id": "p",
    "version": "1",
    "type": "review",
    "handle": "@Ann",
    "account_id": "007",
    "posted_at": f"{DAY} 10:00:00",
    "text": "I love it, great!",
    "rating": "5",
    "product_id": "P1",
}
BAD_POSTS = [
    ({"post_id": ""}, "missing_required", "post_id"),
    ({"posted_at": ""}, "missing_required", "posted_at"),
    ({"text": "", "rating": ""}, "missing_required", "text"),
    ({"posted_at": "2025-02-30 10:00:00"}, "bad_datetime", "posted_at"),
    ({"posted_at": f"{DAY + dt.timedelta(1)} 00:10:00"}, "future", "posted_at"),
    ({"posted_at": "2025-01-05 23:59:59"}, "too_old", "posted_at"),
    ({"posted_at": f"{DAY - dt.timedelta(36)} 10:00:00"}, "too_late", "posted_at"),
    ({"rating": "five"}, "bad_number", "rating"),
    ({"rating": "4.5"}, "bad_number", "rating"),
    ({"rating": "NaN"}, "not_finite", "rating"),
    ({"rating": "6"}, "bad_value", "rating"),
    ({"rating": "0"}, "bad_value", "rating"),
    ({"version": "-1"}, "bad_number", "version"),
    ({"type": "advert"}, "bad_value", "type"),
]
CONTACT = {
    "contact_id": "k",
    "version": "1",
    "campaign_id": "spring",
    "channel": "Email",
    "message": "win_back",
    "account_id": "007",
    "email": "Ann@Example.org",
    "contacted_at": f"{DAY} 09:00:00",
    "cost": "0.05",
    "currency": "CNY",
    "assignment_probability": "0.8",
    "is_holdout": "no",
    "opened_at": f"{DAY} 09:30:00",
    "clicked_at": "",
    "responded_at": "",
}
BAD_CONTACTS = [
    ({"contact_id": ""}, "missing_required", "contact_id"),
    ({"campaign_id": ""}, "missing_required", "campaign_id"),
    ({"contacted_at": ""}, "missing_required", "contacted_at"),
    ({"contacted_at": "yesterday"}, "bad_datetime", "contacted_at"),
    ({"opened_at": "24:00"}, "bad_datetime", "opened_at"),
    ({"clicked_at": "24:00"}, "bad_datetime", "clicked_at"),
    ({"responded_at": f"{DAY + dt.timedelta(1)} 00:10:00"}, "future", "responded_at"),
    (
        {"contacted_at": f"{DAY + dt.timedelta(1)} 00:10:00", "opened_at": ""},
        "future",
        "contacted_at",
    ),
    ({"contacted_at": "2025-01-05 23:59:59"}, "too_old", "contacted_at"),
    ({"contacted_at": f"{DAY - dt.timedelta(36)} 10:00:00"}, "too_late", "contacted_at"),
    ({"cost": "1e3"}, "bad_number", "cost"),
    ({"cost": "inf"}, "not_finite", "cost"),
    ({"cost": "-0.01"}, "amount_range", "cost"),
    ({"assignment_probability": "1.01"}, "amount_range", "assignment_probability"),
    ({"assignment_probability": "9" * 20}, "amount_range", "assignment_probability"),
    ({"assignment_probability": "80%"}, "bad_number", "assignment_probability"),
    ({"is_holdout": "perhaps"}, "bad_value", "is_holdout"),
    ({"currency": "EUR"}, "unknown_currency", "currency"),
    ({"version": "two"}, "bad_number", "version"),
]
PERSON = {
    "crm_id": "c",
    "account_id": "007",
    "name": "Ann Li",
    "email": "Ann@Example.org",
    "phone": "138 0000 0000",
    "handle": "@Ann",
    "birth_date": "1990-02-03",
    "income": "50000",
    "registered_on": "2024-12-01",
    "consent_marketing": "yes",
    "consent_profiling": "否",
    "consent_sharing": "",
    "version": "1",
}
BAD_PERSONS = [
    ({"crm_id": ""}, "missing_required", "crm_id"),
    ({"income": "50k"}, "bad_number", "income"),
    ({"income": "-1"}, "amount_range", "income"),
    ({"birth_date": "1990-02-30"}, "bad_datetime", "birth_date"),
    ({"registered_on": f"{DAY + dt.timedelta(2)}"}, "future", "registered_on"),
    ({"version": "x"}, "bad_number", "version"),
]


def crm(**options: object) -> Source:
    columns = {"income": "income"}
    values = {"path": "raw/{day}*.*", "key": ("crm_id",), "columns": columns, "phone_country": "86"}
    values["income_limits"] = (20000, 80000)
    return Source(kind="customers", **values | options)  # type: ignore[arg-type]


def content(form: str, rows: list[dict[str, str]]) -> str:
    if form == "jsonl":
        return "\n".join(json.dumps({k: v or None for k, v in row.items()}) for row in rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


CASES = {
    "social": (POST, "post_id", BAD_POSTS, Source(kind="social", path="raw/{day}*.*")),
    "campaigns": (CONTACT, "contact_id", BAD_CONTACTS, Source(kind="campaigns", path="raw/{day}*.*")),
    "customers": (PERSON, "crm_id", BAD_PERSONS, crm()),
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind", CASES)
def test_every_bad_record_is_rejected_with_its_reason_and_the_ledger_is_exact(
    project: Callable[..., Project], kind: str, form: str
) -> None:
    good, key, bad, source = CASES[kind]
    source = source.model_copy(update={"format": form})
    shop = project({kind: source})
    rows = [good] + [good | {key: f"{good[key]}{n}"} | changes for n, (changes, _, _) in enumerate(bad)]
    shop.write(f"raw/{DAY}.{form}", content(form, rows))
    before = inspection(shop, kind, source)
    shop.run(DAY)
    first = 3 if form == "csv" else 2
    expected = [(first + n, reason, field) for n, (_, reason, field) in enumerate(bad)]
    assert shop.select("SELECT line, reason, field FROM t ORDER BY line", clean.REJECT) == expected
    ledger = "SELECT status, records_in, clean, rejected, duplicate FROM t"
    assert shop.select(ledger, clean.FILE_LEDGER) == [("loaded", len(rows), 1, len(bad), 0)]
    reasons = {reason for _, reason, _ in bad}
    assert before == {reason: sum(each == reason for _, each, _ in bad) for reason in reasons}


def inspection(shop: Project, kind: str, source: Source) -> dict[str, int]:
    """What `persona check` says of the same files."""
    found = fingerprints(list_files(kind, source, shop.directory))
    result = inspect(
        shop.engine,
        kind,
        source,
        [(each.path, mark.sha256, DAY) for each, mark in found],
        split=split_files,
        project_directory=shop.directory,
        start=START,
        currency="CNY",
        time_zone="Asia/Shanghai",
        key=KEY,
        with_header=False,
    )
    return dict(result.rejected)


def ids(kind: str, *values: str) -> list[str]:
    return [pseudonym(KEY, kind, value, "86") for value in values]


def test_posts_become_rows_links_and_vault_entries(project: Callable[..., Project]) -> None:
    shop = project({"social": Source(kind="social", path="raw/{day}.jsonl", format="jsonl")})
    rows = [
        POST,
        POST | {"post_id": "q", "account_id": "", "handle": "ann", "text": "太差了，不好吃", "type": "帖子"},
        POST | {"post_id": "r", "account_id": "", "handle": "", "text": "", "product_id": ""},
        POST | {"post_id": "s", "handle": "", "text": "Das ist nicht gut", "rating": "", "type": ""},
    ]
    shop.write(f"raw/{DAY}.jsonl", content("jsonl", rows))
    shop.run(DAY)
    account, handle = ids("account", "007")[0], ids("handle", "ANN")[0]
    found = shop.select(
        "SELECT post_type, id_kind, id, language, rating, sentiment_label, sentiment > 0, product_id, "
        "category FROM t ORDER BY characters DESC, language DESC",
        traces.SOCIAL_POST,
    )
    assert found == [
        ("post", "account", account, "other", None, "neutral", False, "P1", None),
        ("review", "account", account, "en", 5, "positive", True, "P1", None),
        ("post", "handle", handle, "zh", 5, "negative", False, "P1", None),
        ("review", None, None, "other", 5, "neutral", False, None, None),
    ]
    links = shop.select("SELECT id_kind, id, other_kind, other_id, evidence FROM t", traces.ID_LINK)
    assert links == [("handle", handle, "account", account, "handle")]
    vault = shop.select("SELECT id_kind, field, value FROM t ORDER BY 1", clean.IDENTIFIER)
    assert vault == [("account", "account", "007"), ("handle", "handle", "@Ann")]
    texts = shop.select("SELECT text FROM t ORDER BY text", clean.POST_TEXT)
    assert texts == [("",), ("Das ist nicht gut",), ("I love it, great!",), ("太差了，不好吃",)]
    for table in clean.TABLES + traces.TABLES:
        if table not in (clean.POST_TEXT, clean.IDENTIFIER):
            text = str(shop.rows(table).to_pylist())
            assert not [word for word in ("love", "不好吃", "@Ann", "007") if word in text], table.full_name


def test_a_category_is_that_of_the_product_as_known_then_else_the_first_mentioned(
    project: Callable[..., Project],
) -> None:
    shop = project(
        {
            "products": Source(kind="products", path="raw/p_{day}.csv"),
            "social": Source(kind="social", path="raw/s_{day}.jsonl", format="jsonl"),
        }
    )
    days = [START + dt.timedelta(days=n) for n in range(3)]
    head = "product_id,title,category\n"
    shop.write(f"raw/p_{days[0]}.csv", head + "P1,Tea,食品 Food\nP2,Ball,玩具 Toys\n")
    shop.write(f"raw/p_{days[1]}.csv", head + "P1,Tea,茶 Tea\nP3,Doll,Baby Toys\n")
    texts = {
        "a": {"text": "nothing", "product_id": "P1"},
        "b": {"text": "nothing", "product_id": "P1", "posted_at": f"{days[0]} 08:00:00"},
        "c": {"text": "Seafood or FOOD?", "product_id": "unheard"},
        "d": {"text": "这里的玩具比食品好", "product_id": ""},
        "e": {"text": "toys, or baby", "product_id": ""},
        "f": {"text": "foodie", "product_id": ""},
    }
    rows = [
        POST | {"post_id": name, "posted_at": f"{days[2]} 08:00:00"} | text for name, text in texts.items()
    ]
    shop.write(f"raw/s_{days[2]}.jsonl", content("jsonl", rows))
    shop.run(days[0], days[2])
    found = shop.select(
        "SELECT event_day, product_id, category, count(*) FROM t GROUP BY ALL ORDER BY ALL",
        traces.SOCIAL_POST,
    )
    assert found == [
        (days[0], "P1", "食品 Food", 1),
        (days[2], "P1", "茶 Tea", 1),
        (days[2], "unheard", "食品 Food", 1),
        (days[2], None, "Baby Toys", 1),  # toys belongs to two categories by then
        (days[2], None, "玩具 Toys", 1),
        (days[2], None, None, 1),
    ]


def test_a_contact_comes_again_with_its_outcome(project: Callable[..., Project]) -> None:
    shop = project({"campaigns": Source(kind="campaigns", path="raw/{day}.csv")})
    sent = CONTACT | {"opened_at": "", "account_id": ""}
    held = CONTACT | {"contact_id": "h", "cost": "", "currency": "", "is_holdout": "yes", "opened_at": ""}
    shop.write(f"raw/{DAY}.csv", content("csv", [sent, held | {"email": "no address"}]))
    later = DAY + dt.timedelta(days=20)
    shop.write(
        f"raw/{later}.csv", content("csv", [CONTACT | {"version": "2", "clicked_at": f"{later} 01:00:00"}])
    )
    shop.run(DAY)
    shop.run(later)
    email, account = ids("email", "ann@example.org")[0], ids("account", "007")[0]
    found = shop.select(
        "SELECT day, sign, id_kind, id, channel, is_holdout, cost, assignment_probability, is_opened, "
        "is_clicked FROM t ORDER BY day, is_holdout, sign",
        traces.CAMPAIGN_CONTACT,
    )
    cost, none, p = Decimal("0.0500"), Decimal(0), Decimal("0.8000")
    assert found == [
        (DAY, 1, "email", email, "email", False, cost, p, False, False),
        (DAY, 1, "account", account, "email", True, none, p, False, False),
        (later, -1, "email", email, "email", False, cost, p, False, False),
        (later, 1, "account", account, "email", False, cost, p, True, True),
    ]
    k, h = ids("contact", "k", "h")
    links = shop.select("SELECT day, id, other_kind, other_id, evidence FROM t ORDER BY ALL", traces.ID_LINK)
    assert sorted(links, key=str) == sorted(
        [
            (DAY, k, "email", email, "contact"),
            (DAY, h, "account", account, "contact"),
            (later, k, "email", email, "contact"),
            (later, k, "account", account, "contact"),
        ],
        key=str,
    )
    noted = shop.select("SELECT reason FROM t WHERE outcome = 'noted' ORDER BY day", clean.LEDGER_REASON)
    assert noted == [("corrected",)]


def test_a_contact_of_an_export_is_known_when_its_outcome_was(project: Callable[..., Project]) -> None:
    through = DAY + dt.timedelta(days=5)
    source = Source(kind="campaigns", path="all.csv", known_at="event", through=through)
    shop = project({"campaigns": source}, start=DAY)
    late = f"{DAY + dt.timedelta(days=3)} 12:00:00"
    shop.write("all.csv", content("csv", [CONTACT, CONTACT | {"contact_id": "l", "responded_at": late}]))
    shop.run(DAY, through)
    found = shop.select("SELECT day, event_day, is_responded FROM t ORDER BY day", traces.CAMPAIGN_CONTACT)
    assert found == [(DAY, DAY, False), (DAY + dt.timedelta(days=3), DAY, True)]


def test_crm_records_link_every_identifier_they_hold(project: Callable[..., Project]) -> None:
    shop = project({"crm": crm(path="raw/{day}.csv")})
    other = PERSON | {
        "crm_id": "d",
        "account_id": "",
        "email": "",
        "phone": "0086-138-0000-0000",
        "handle": "",
    }
    bands = [
        PERSON | {"crm_id": f"i{n}", "income": income} for n, income in enumerate(("19999.99", "80000", ""))
    ]
    rows = [PERSON, other | {"consent_marketing": "maybe"}, *bands]
    shop.write(f"raw/{DAY}.csv", content("csv", rows))
    shop.run(DAY)
    c, d = ids("crm", "c", "d")
    found = shop.select(
        f"SELECT id_kind, income_band, consent_marketing, consent_profiling, consent_sharing FROM t "
        f"WHERE id IN ('{c}', '{d}') ORDER BY consent_marketing",
        clean.CUSTOMER,
    )
    assert found == [("crm", "middle", True, False, None), ("crm", "middle", None, False, None)]
    bands_found = shop.select("SELECT income_band, count(*) FROM t GROUP BY 1 ORDER BY 1", clean.CUSTOMER)
    assert bands_found == [("high", 1), ("low", 1), ("middle", 2), ("unknown", 1)]
    (phone,) = ids("phone", "+86 138 0000 0000")
    links = shop.select(
        f"SELECT id, other_kind, other_id FROM t WHERE id IN ('{c}', '{d}') AND evidence = 'crm' "
        "AND id_kind = 'crm'",
        traces.ID_LINK,
    )
    assert set(links) == {
        (c, "account", ids("account", "007")[0]),
        (c, "email", ids("email", "ann@example.org")[0]),
        (c, "phone", phone),
        (c, "handle", ids("handle", "ann")[0]),
        (d, "phone", phone),
    }
    noted = shop.select("SELECT reason, records FROM t WHERE outcome = 'noted'", clean.LEDGER_REASON)
    assert noted == [("unknown_consent", 1)]


def test_the_day_of_delivery_stands_in_for_a_time_only_where_it_is_declared(
    project: Callable[..., Project],
) -> None:
    said = Source(
        kind="social", path="raw/{day}.jsonl", format="jsonl", identity="none", event_time="delivery"
    )
    shop = project({"social": said})
    shop.write(f"raw/{DAY}.jsonl", '{"text": "fine"}\n{"text": "fine"}\n')
    shop.run(DAY)
    found = shop.select(
        "SELECT event_day, strftime(event_at, '%H:%M'), count(*) FROM t GROUP BY ALL", traces.SOCIAL_POST
    )
    assert found == [(DAY, "04:00", 2)]  # noon in Shanghai
    strict = project({"social": said.model_copy(update={"event_time": "record"})})
    strict.write(f"raw/{DAY}.jsonl", '{"text": "fine"}\n')
    strict.run(DAY)
    assert strict.select("SELECT reason, field FROM t", clean.REJECT) == [("missing_required", "posted_at")]


def test_orders_in_either_format_give_the_same_rows(project: Callable[..., Project]) -> None:
    sold = GOOD | {"ordered_at": f"{START} 10:00:00", "email": "ann@example.org"}
    rows = [sold, sold | {"order_id": "O2", "type": "refund", "quantity": "-2", "amount": "-19.00"}]
    found = []
    for form in FORMATS:
        shop = project({"orders": Source(kind="orders", path="raw/{day}*.*", format=form)})  # type: ignore[arg-type]
        shop.write(f"raw/{START}.{form}", content(form, rows))
        shop.write(f"raw/{START}_again.{form}", content(form, rows))
        shop.run(START)
        ledger = "SELECT status, records_in, clean, duplicate FROM t ORDER BY path"
        assert sorted(shop.select(ledger, clean.FILE_LEDGER)) == [
            ("duplicate_file", 2, 0, 2),
            ("loaded", 2, 2, 0),
        ]
        found.append([shop.rows(table) for table in (clean.ORDER_LINE, traces.ID_LINK, clean.IDENTIFIER)])
    for csv_rows, json_rows in zip(*found, strict=True):
        assert csv_rows.num_rows > 0
        assert csv_rows.equals(json_rows)


def test_a_file_of_one_line_that_comes_again_is_a_repeat(project: Callable[..., Project]) -> None:
    shop = project(
        {"social": Source(kind="social", path="raw/{day}*.jsonl", format="jsonl", identity="none")}
    )
    for name in (f"{DAY}", f"{DAY}_b"):
        shop.write(f"raw/{name}.jsonl", content("jsonl", [POST]))
    shop.run(DAY)
    statuses = shop.select("SELECT status, clean, duplicate FROM t ORDER BY status", clean.FILE_LEDGER)
    assert statuses == [("duplicate_file", 0, 1), ("loaded", 1, 0)]


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.integers(0, 300),
            st.integers(0, 4),
            st.sampled_from(['"', "{", ",", "\\", "\x00", "好", "9" * 30]),
        ),
        max_size=25,
    )
)
def test_mutated_lines_are_all_accounted_for(
    project: Callable[..., Project], mutations: list[tuple[int, int, str]]
) -> None:
    whole = content("jsonl", [POST])
    lines = [whole[:at] + put + whole[at + cut :] for at, cut, put in mutations] + [whole, "", whole]
    shop = project({"social": Source(kind="social", path="raw/{day}.jsonl", format="jsonl")})
    shop.write(f"raw/{DAY}.jsonl", "\n".join(lines))
    shop.run(DAY)
    ((records, clean_rows, rejected, duplicate),) = shop.select(
        "SELECT records_in, clean, rejected, duplicate FROM t", clean.FILE_LEDGER
    )
    assert records == len(mutations) + 2 == clean_rows + rejected + duplicate
    assert shop.select("SELECT count(*) FROM t", clean.REJECT) == [(rejected,)]
    assert shop.select("SELECT count(*), CAST(sum(sign) AS BIGINT) FROM t", traces.SOCIAL_POST) == [
        (clean_rows, clean_rows)
    ]
    assert duplicate >= 1
