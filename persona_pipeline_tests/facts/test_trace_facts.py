"""Facts of posts and contacts: signed changes that add up to what was known, alone or as a range."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_pipeline.contracts import Table
from persona_pipeline.contracts.activity import CONTACT_DAY, SOCIAL_DAY
from persona_pipeline.contracts.traces import CAMPAIGN_CONTACT, SOCIAL_POST
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.protocol import Window
from persona_pipeline.features.trace_facts import contact_day_window, social_day_window
from persona_pipeline_tests.features.history import FolderLake, Row, day

DAYS = 5
# what the contracts ask of a row beside what the facts read
REST = {
    "event_at": dt.datetime(2025, 1, 6, 4, tzinfo=dt.UTC),
    "version": 0,
    "source": "s",
    "content_hash": "h",
}


def post(key: str, known: int, *, category: str | None, rating: int | None, sentiment: str, who: str) -> Row:
    score = Decimal(sentiment)
    return REST | {
        "day": day(known),
        "post_id": key,
        "sign": 1,
        "post_type": "review" if rating else "post",
        "id_kind": "handle" if who else None,
        "id": who or None,
        "event_day": day(0),
        "language": "en",
        "characters": 3,
        "rating": rating,
        "sentiment": score,
        "sentiment_label": "positive" if score > 0 else "negative" if score < 0 else "neutral",
        "product_id": None,
        "category": category,
    }


def contact(key: str, known: int, *, message: str, held: bool, opened: bool, cost: str, who: str) -> Row:
    return REST | {
        "day": day(known),
        "contact_id": key,
        "sign": 1,
        "campaign_id": "c",
        "channel": "sms",
        "message": message,
        "id_kind": "account" if who else None,
        "id": who or None,
        "event_day": day(0),
        "is_holdout": held,
        "assignment_probability": None,
        "cost": Decimal(cost),
        "is_opened": opened,
        "is_clicked": opened,
        "is_responded": False,
    }


KNOWN, WHO, KEY = st.integers(0, DAYS - 1), st.sampled_from(["a", "b", ""]), st.sampled_from(["k", "l", "m"])
POSTS = st.builds(
    post,
    KEY,
    KNOWN,
    category=st.sampled_from(["food", None]),
    rating=st.sampled_from([None, 1, 5]),
    sentiment=st.sampled_from(["-0.5", "0", "0.3333"]),
    who=WHO,
)
CONTACTS = st.builds(
    contact,
    KEY,
    KNOWN,
    message=st.sampled_from(["hi", "bye"]),
    held=st.booleans(),
    opened=st.booleans(),
    cost=st.sampled_from(["0", "0.05"]),
    who=WHO,
)


def of_posts(rows: list[Row]) -> dict[tuple, dict[str, Decimal]]:
    """What is known of each identifier's posts, from the definitions, over the versions in force."""
    found: dict[tuple, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in rows:
        if row["id"]:
            place = found[row["event_day"], row["id_kind"], row["id"], row["category"] or "unknown"]
            place[f"{row['post_type']}s"] += 1
            place["ratings"] += row["rating"] is not None
            place["rating_sum"] += row["rating"] or 0
            place["low_ratings"] += row["rating"] is not None and row["rating"] <= 2
            place["negative_texts"] += row["sentiment_label"] == "negative"
            place["positive_texts"] += row["sentiment_label"] == "positive"
            place["sentiment_sum"] += row["sentiment"]
    return found


def of_contacts(rows: list[Row]) -> dict[tuple, dict[str, Decimal]]:
    """The same of contacts."""
    found: dict[tuple, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in rows:
        if row["id"]:
            who = (row["event_day"], row["id_kind"], row["id"])
            place = found[*who, row["campaign_id"], row["channel"], row["message"]]
            place["holdouts" if row["is_holdout"] else "contacts"] += 1
            place["opens"] += row["is_opened"] and not row["is_holdout"]
            place["clicks"] += row["is_clicked"] and not row["is_holdout"]
            place["responses"] += row["is_responded"] and not row["is_holdout"]
            place["cost_amount"] += row["cost"]
    return found


CASES = {
    "posts": (SOCIAL_POST, "post_id", SOCIAL_DAY, social_day_window, of_posts),
    "contacts": (CAMPAIGN_CONTACT, "contact_id", CONTACT_DAY, contact_day_window, of_contacts),
}


def with_retractions(rows: list[Row], key: str) -> list[Row]:
    """One version a key and day, and beside each later one the row that takes the earlier back."""
    versions = {(row[key], row["day"]): row for row in rows}
    lines: list[Row] = []
    before: dict[str, Row] = {}
    for (name, known), row in sorted(versions.items()):
        if name in before:
            lines.append(before[name] | {"sign": -1, "day": known})
        lines.append(row)
        before[name] = row
    return lines


def in_force(rows: list[Row], key: str, number: int) -> list[Row]:
    """The version of each key that was known on a day."""
    newest = {row[key]: row for row in sorted(rows, key=lambda row: row["day"]) if row["day"] <= day(number)}
    return list(newest.values())


def changes(rows: list[Row], key: str, state: Callable[[list[Row]], dict], fact: Table) -> list[tuple]:
    """What each day changed, as rows of the fact."""
    lines = []
    for number in range(DAYS):
        before, after = state(in_force(rows, key, number - 1)), state(in_force(rows, key, number))
        for place in {*before, *after}:
            names = [column.name for column in fact.columns][1 + len(place) :]
            change = [after[place][name] - before[place][name] for name in names]
            if any(change):
                lines.append((day(number), *place, *change))
    return sorted(lines, key=str)


@pytest.mark.parametrize("case", CASES)
@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_facts_hold_exact_changes_and_a_range_equals_its_days(case: str, data: st.DataObject) -> None:
    table, key, fact, step, state = CASES[case]
    rows = data.draw(st.lists(POSTS if case == "posts" else CONTACTS, max_size=10))
    rows = list({(row[key], row["day"]): row for row in rows}.values())
    with tempfile.TemporaryDirectory() as folder, DuckDBEngine(Path(folder)) as engine:
        lake = FolderLake(Path(folder), engine)
        lake.put(table, with_retractions(rows, key))

        def run(first: int, last: int) -> list:
            return step(engine, lake.read, lake.output(fact), Window(day(first), day(last)))

        as_range = lake.rows(fact, files=run(0, DAYS - 1))
        single = [file for number in range(DAYS) for file in run(number, number)]
        assert as_range == lake.rows(fact, files=single)
        found = [tuple(Decimal(v) if isinstance(v, int) else v for v in row.values()) for row in as_range]
        expected = changes(rows, key, state, fact)
        assert sorted(map(plain, found), key=str) == sorted(map(plain, expected), key=str)


def plain(row: tuple) -> tuple:
    """1 and 1.0000 are equal and are written alike."""
    return tuple(value.normalize() + 0 if isinstance(value, Decimal) else value for value in row)
