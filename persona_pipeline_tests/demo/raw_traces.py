"""Readers of the three raw trace formats, from the description of the formats, with csv and json alone.

Here: bytes → judged records. Not here: repeats (deliveries.py), comparisons with the truth.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import math
from collections import Counter
from pathlib import Path

from persona_pipeline_tests.demo.deliveries import Record, contents, settle

START = dt.date(2025, 1, 6)
Counts = Counter[tuple[str, str]]
Row = dict[str, object]


class BadJson(ValueError):
    """The reason why a line is no strict JSON object."""


def time_fault(text: object, day: str) -> str | None:
    """What is wrong with a local time in a file of `day`."""
    try:
        at = dt.datetime.strptime(str(text), "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 local time, as written
    except ValueError:
        return "bad_datetime"
    delivered = dt.date.fromisoformat(day)
    if at.date() > delivered:
        return "future"
    if at.date() < START:
        return "too_old"
    return "too_late" if (delivered - at.date()).days > 35 else None


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) != len(pairs):
        raise BadJson("json_duplicate_key")
    return dict(pairs)


def _constant(name: str) -> object:
    raise BadJson("json_not_finite")


def _integer(text: str) -> int:
    if len(text) > 18:
        raise BadJson("json_number")
    return int(text)


def _depth(text: str) -> int:
    deepest = depth = 0
    for letter in text:
        depth += (letter in "[{") - (letter in "]}")
        deepest = max(deepest, depth)
    return deepest


def judge_post(line: bytes, day: str) -> tuple[str | None, Row]:  # noqa: PLR0911 one return per reason
    """The first reason why a line is no good post, and what it says."""
    try:
        text = line.decode()
        if _depth(text) > 64:
            return "json_depth", {}
        post = json.loads(text, object_pairs_hook=_pairs, parse_constant=_constant, parse_int=_integer)
        json.dumps(post, ensure_ascii=False).encode()
    except UnicodeDecodeError:
        return "bad_encoding", {}
    except UnicodeEncodeError:
        return "json_surrogate", {}
    except BadJson as error:
        return str(error), {}
    except json.JSONDecodeError as error:
        return "json_trailing" if error.msg == "Extra data" else "bad_json", {}
    if any(not post[name] for name in ("post_id", "posted_at", "text")):
        return "missing_required", post
    if any(ord(letter) < 32 for letter in post["text"]):
        return "ctrl_char", post
    rating = post["rating"]
    if rating is not None and not isinstance(rating, int):
        return "bad_number", post
    if rating is not None and not 1 <= rating <= 5:
        return "bad_value", post
    return time_fault(post["posted_at"], day), post


def judge_contact(row: dict[str, str], day: str) -> str | None:  # noqa: PLR0911 one return per reason
    """The first reason why a row is no good contact."""
    if not all(row[name] for name in ("contact_id", "campaign_id", "contacted_at")):
        return "missing_required"
    for name in ("cost", "assignment_probability"):
        try:
            value = float(row[name] or "0")
        except ValueError:
            return "bad_number"
        if not math.isfinite(value):
            return "not_finite"
        if value > 10**6:
            return "amount_range"
    if row["is_holdout"] not in ("yes", "no"):
        return "bad_value"
    if row["currency"] != "CNY":
        return "unknown_currency"
    return time_fault(row["contacted_at"], day)


def judge_record(row: dict[str, str], day: str) -> str | None:
    """The first reason why a row is no good customer record."""
    if not row["crm_id"]:
        return "missing_required"
    if not row["version"].isdigit():
        return "bad_number"
    for name in ("birth_date", "registered_on"):
        try:
            date = dt.date.fromisoformat(row[name] or "2000-01-01")
        except ValueError:
            return "bad_datetime"
        if date > dt.date.fromisoformat(day) + dt.timedelta(days=1):
            return "future"
        if date.year < 1900:
            return "too_old"
    return None


def read_posts(shop: Path) -> tuple[Counts, list[Row]]:
    """Counts by outcome and reason, and the accepted versions of posts."""
    counts: Counts = Counter()
    records: list[Record] = []
    said: dict[tuple[str, int], Row] = {}
    for day, name, content in contents(shop / "data/raw/social", counts):
        for number, line in enumerate(content.rstrip(b"\n").split(b"\n")):
            reason, post = judge_post(line, day)
            if reason is None:
                said[name, number] = post | {"day": day}
            key, version = str(post.get("post_id")), int(str(post.get("version", 0)))
            records.append(Record(day, name, number, reason, key, version, json.dumps(post, sort_keys=True)))
    accepted = settle(records, counts, compares_versions=True)
    return counts, [said[record.name, record.line] for record in accepted]


def read_table(shop: Path, source: str, key: str) -> tuple[Counts, list[dict[str, str]]]:
    """The same for the CSV files of contacts and customer records."""
    judge = judge_contact if source == "campaigns" else judge_record
    counts: Counts = Counter()
    records: list[Record] = []
    said: dict[tuple[str, int], dict[str, str]] = {}
    for day, name, content in contents(shop / "data/raw" / source, counts):
        lines = content.rstrip(b"\n").split(b"\n")
        head = lines[0].decode().split(",")
        if key not in head:
            counts["rejected_file", "missing_column"] += 1
            continue
        counts["noted", "unknown_column"] += "operator" in head
        for number, line in enumerate(lines[1:]):
            reason, row = _split(line, head)
            reason = reason or judge(row, day)
            said[name, number] = row | {"day": day}
            text = json.dumps({name: row[name] for name in sorted(row) if name != "operator"})
            version = int(row["version"]) if reason is None else 0
            records.append(Record(day, name, number, reason, row.get(key, ""), version, text))
    accepted = settle(records, counts, compares_versions=source == "campaigns")
    return counts, [said[record.name, record.line] for record in accepted]


def _split(line: bytes, head: list[str]) -> tuple[str | None, dict[str, str]]:
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return "bad_encoding", {}
    if any(ord(letter) < 32 for letter in text):
        return "ctrl_char", {}
    fields = next(csv.reader([text]))
    if len(fields) != len(head):
        return "column_count", {}
    return None, dict(zip(head, fields, strict=True))
