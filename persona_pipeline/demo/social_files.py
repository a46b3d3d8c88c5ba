"""The raw files of posts and reviews: one JSON object a line, and lines that are none on purpose.

Here: rows of codes → lines, and what each fault looks like. Not here: which line stands in which file
(trace_files.py), who writes what (posts.py).
"""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from persona_pipeline.demo.crm_table import account_text, plain_handles
from persona_pipeline.demo.junk import TOO_LATE_DAYS
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.posts import ROW
from persona_pipeline.demo.texts import TYPES, Words, texts
from persona_pipeline.demo.trace_files import TraceFormat

REASONS = (
    "bad_json",
    "json_duplicate_key",
    "json_not_finite",
    "json_number",
    "json_surrogate",
    "json_trailing",
    "json_depth",
    "ctrl_char",
    "bad_encoding",
    "missing_required",
    "bad_number",
    "bad_value",
    "bad_datetime",
    "future",
    "too_old",
    "too_late",
)
BROKEN = ("gzip_truncated", "gzip_crc")
NUMBERS = ("version", "rating")
DEPTH = 100
SMILE = "😊"
ESCAPED_SMILE = "\\ud83d\\ude0a"


def social_format(plan: Plan) -> TraceFormat:
    """Files of posts of a shop."""
    words = Words.of(plan.catalogue)

    def table(rows: np.ndarray) -> pa.Table:
        return social_table(plan, words, rows)

    def junk(
        reason: str, template: dict[str, str | None], day: int, number: int, rng: np.random.Generator
    ) -> bytes:
        return junk_post(reason, template, plan.date(day), plan.start, number, rng)

    return TraceFormat("social", "posts", ".jsonl", 1, ROW, table, lines, _no_header, junk, "bad_json")


def _no_header(_: pa.Table) -> None:
    return None


def posts_by_time(rows: np.ndarray) -> np.ndarray:
    """Rows in the order of a file."""
    return rows[np.lexsort((rows["version"], rows["key"], rows["second"], rows["day"]))]


def social_table(plan: Plan, words: Words, rows: np.ndarray) -> pa.Table:
    """Posts as text, absent values as nulls; version 0 is an earlier one with another text."""
    keys = np.frombuffer(rows["key"].astype(">u8").tobytes().hex().encode(), dtype="S16")
    seconds = rows["day"].astype(np.int64) * 86_400 + rows["second"]
    at = np.datetime64(plan.start, "s") + seconds.astype("timedelta64[s]")
    names = pa.array(plan.catalogue.product_ids).take(pa.array(rows["product"].astype(np.int64)))
    nothing = pa.scalar(None, pa.string())
    return pa.table(
        {
            "post_id": pc.binary_join_element_wise("S", pc.cast(pa.array(keys), pa.string()), ""),
            "version": pc.cast(pa.array(rows["version"]), pa.string()),
            "type": pa.array(TYPES).take(pa.array(rows["type"])),
            "handle": pc.if_else(
                pa.array(rows["handle"] < 0),
                nothing,
                plain_handles(plan.seed, rows["handle"].astype(np.int64)),
            ),
            "account_id": pc.if_else(
                pa.array(rows["account"] < 0), nothing, account_text(rows["account"].astype(np.int64))
            ),
            "posted_at": pc.strftime(pa.array(at), "%Y-%m-%d %H:%M:%S"),
            "text": pc.binary_join_element_wise(
                texts(words, rows), pc.if_else(pa.array(rows["version"] == 0), "…", ""), ""
            ),
            "rating": pc.if_else(
                pa.array(rows["rating"] == 0), nothing, pc.cast(pa.array(rows["rating"]), pa.string())
            ),
            "product_id": pc.if_else(pa.array(rows["names_product"]), names, nothing),
        }
    )


def lines(table: pa.Table) -> list[bytes]:
    """JSON objects, one per row; some write a smile as escapes, as some programs do."""
    if table.num_rows == 0:
        return []
    parts: list[pa.Array | str] = []
    for place, name in enumerate(table.column_names):
        value = table.column(name).combine_chunks()
        if name not in NUMBERS:
            escaped = pc.replace_substring(pc.replace_substring(value, "\\", "\\\\"), '"', '\\"')
            value = pc.binary_join_element_wise('"', escaped, '"', "")
        label = f'{", " if place else "{"}"{name}": '
        parts += [label, pc.fill_null(value, "null")]
    text = pc.binary_join_element_wise(*parts, "}", "")
    by_id = pc.match_substring_regex(table.column("post_id").combine_chunks(), "[0-4]$")
    text = pc.if_else(by_id, pc.replace_substring(text, SMILE, ESCAPED_SMILE), text)
    return pc.cast(text, pa.binary()).to_pylist()


def junk_post(
    reason: str,
    template: dict[str, str | None],
    day: dt.date,
    start: dt.date,
    number: int,
    rng: np.random.Generator,
) -> bytes:
    """A faulty line under a number of its own, made from a good post of the day."""
    pick = int(rng.integers(1_000_000))
    values: dict[str, object] = {
        name: int(value) if value is not None and name in NUMBERS else value
        for name, value in template.items()
    }
    values["post_id"], values["version"] = f"X{day:%y%m%d}{number:04d}", 1

    def at(date: dt.date) -> str:
        return f"{date:%Y-%m-%d} {9 + pick % 10:02d}:{pick % 60:02d}:{pick % 59:02d}"

    simple: dict[str, tuple[str, object]] = {
        "ctrl_char": ("text", "好\x00用"),
        "missing_required": (("text", "post_id", "posted_at")[pick % 3], None),
        "bad_number": ("rating", "five"),
        "bad_value": ("rating", (0, 6, 7)[pick % 3]),
        "bad_datetime": ("posted_at", ("2025-02-30 10:00:00", f"{day} 24:00:00")[pick % 2]),
        "future": ("posted_at", at(day + dt.timedelta(days=1 + pick % 3))),
        "too_old": ("posted_at", at(start - dt.timedelta(days=1 + pick % 5))),
        "too_late": ("posted_at", at(day - dt.timedelta(days=TOO_LATE_DAYS + pick % 5))),
        "json_number": ("rating", 10**22 + pick),
    }
    if reason in simple:
        name, value = simple[reason]
        values[name] = value
        if (name, value) == ("text", None):
            values["rating"] = None  # a rating alone would be a good post
        return _json(values)
    return _broken_json(reason, values)


def _broken_json(reason: str, values: dict[str, object]) -> bytes:
    """A line that is no strict JSON, or not one object."""
    whole = _json(values)
    marked = _json(values | {"text": "@@"})
    lines_of = {
        "bad_json": whole[: len(whole) * 2 // 3].decode(errors="ignore").encode(),
        "json_duplicate_key": b'{"post_id": "Y", ' + whole[1:],
        "json_not_finite": _json(values | {"rating": float("nan")}),
        "json_surrogate": marked.replace(b"@@", b"\\ud83d"),
        "json_trailing": whole + b" " + whole,
        "json_depth": whole[:-1] + b', "thread": ' + b"[" * DEPTH + b"]" * DEPTH + b"}",
        "bad_encoding": marked.replace(b"@@", "Café".encode("latin-1")),
    }
    if reason not in lines_of:
        raise ValueError(f"no such fault of a post: {reason!r}")
    return lines_of[reason]


def _json(values: dict[str, object]) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode()
