"""The raw files of campaign contacts: CSV, one row per campaign and person, again with its outcome.

Here: rows of codes → columns, and what each fault looks like. Not here: which line stands in which file
(trace_files.py), who is contacted (contacts.py).
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from persona_pipeline.demo import csv_text
from persona_pipeline.demo.contacts import NEVER, ROW, contact_ids
from persona_pipeline.demo.crm_table import account_text, plain_emails
from persona_pipeline.demo.junk import TOO_LATE_DAYS
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.trace_files import TraceFormat

REASONS = (
    "ctrl_char",
    "bad_encoding",
    "column_count",
    "missing_required",
    "bad_number",
    "not_finite",
    "bad_value",
    "bad_datetime",
    "amount_range",
    "unknown_currency",
    "future",
    "too_old",
    "too_late",
)
BROKEN = ("gzip_truncated", "gzip_crc", "missing_column")


def contact_format(plan: Plan) -> TraceFormat:
    """Files of contacts of a shop."""

    def table(rows: np.ndarray) -> pa.Table:
        return contact_table(plan, rows)

    def junk(
        reason: str, template: dict[str, str | None], day: int, number: int, rng: np.random.Generator
    ) -> bytes:
        return junk_contact(reason, template, plan.date(day), plan.start, number, rng)

    lines, header = csv_text.lines, csv_text.header
    return TraceFormat("campaigns", "contacts", ".csv", 2, ROW, table, lines, header, junk)


def contacts_by_time(rows: np.ndarray) -> np.ndarray:
    """Rows in the order of a file."""
    return rows[np.lexsort((rows["version"], rows["person"], rows["campaign"], rows["contacted"]))]


def contact_table(plan: Plan, rows: np.ndarray) -> pa.Table:
    """Contacts as text; version 0 is an earlier one, before the message was chosen."""
    campaigns = plan.campaigns
    number = pa.array(rows["campaign"].astype(np.int64))
    held_out = pa.array(~rows["is_contacted"])

    def of_campaign(values: list[str]) -> pa.Array:
        return pa.array(values, pa.string()).take(number)

    def moment(seconds: np.ndarray) -> pa.Array:
        at = np.datetime64(plan.start, "s") + np.maximum(seconds, 0).astype("timedelta64[s]")
        text = pc.strftime(pa.array(at), "%Y-%m-%d %H:%M:%S")
        return pc.if_else(pa.array(seconds == NEVER), "", text)

    return pa.table(
        {
            "contact_id": contact_ids(rows),
            "version": pc.cast(pa.array(rows["version"]), pa.string()),
            "campaign_id": of_campaign([campaign.campaign_id for campaign in campaigns]),
            "channel": of_campaign([campaign.channel for campaign in campaigns]),
            "message": pc.if_else(
                pa.array(rows["version"] == 0),
                "draft",
                of_campaign([campaign.message for campaign in campaigns]),
            ),
            "account_id": account_text(rows["account"].astype(np.int64)),
            "email": plain_emails(
                plan.seed, rows["email"].astype(np.int64), rows["email_name"].astype(np.int64)
            ),
            "contacted_at": moment(rows["contacted"]),
            "cost": pc.if_else(held_out, "", of_campaign([f"{campaign.cost:.2f}" for campaign in campaigns])),
            "currency": pa.repeat(plan.currency, rows.size),
            "assignment_probability": of_campaign([str(campaign.assignment) for campaign in campaigns]),
            "is_holdout": pc.if_else(held_out, "yes", "no"),
            "opened_at": moment(rows["opened"]),
            "clicked_at": moment(rows["clicked"]),
            "responded_at": moment(rows["responded"]),
        }
    )


def junk_contact(  # noqa: PLR0912 one case per reason code
    reason: str,
    template: dict[str, str | None],
    day: dt.date,
    start: dt.date,
    number: int,
    rng: np.random.Generator,
) -> bytes:
    """A faulty line under a number of its own, made from a good contact of the day."""
    pick = int(rng.integers(1_000_000))
    values: dict[str, str | bytes] = {name: value or "" for name, value in template.items()}
    values |= {"contact_id": f"X{day:%y%m%d}{number:04d}", "version": "1", "cost": "0.05", "is_holdout": "no"}
    values |= {"opened_at": "", "clicked_at": "", "responded_at": ""}

    def at(date: dt.date) -> str:
        return f"{date:%Y-%m-%d} {9 + pick % 10:02d}:{pick % 60:02d}:{pick % 59:02d}"

    values["contacted_at"] = at(day)
    match reason:
        case "ctrl_char":
            values["message"] = "win\x07back"
        case "bad_encoding":
            values["message"] = "offre d\xe9t\xe9".encode("latin-1")
        case "column_count":
            if pick % 2:
                del values["currency"]
            else:
                values["surplus"] = "x"
        case "missing_required":
            values[("contact_id", "campaign_id", "contacted_at")[pick % 3]] = ""
        case "bad_number":
            if pick % 2:
                values["cost"] = "abc"
            else:
                values["assignment_probability"] = "half"
        case "not_finite":
            values["cost"] = ("inf", "nan")[pick % 2]
        case "bad_value":
            values["is_holdout"] = "maybe"
        case "bad_datetime":
            values["contacted_at"] = ("2025-02-30 10:00:00", f"{day} 24:00:00")[pick % 2]
        case "amount_range":
            values["cost"] = "9999999999.00"
        case "unknown_currency":
            values["currency"] = "ZZZ"
        case "future":
            values["contacted_at"] = at(day + dt.timedelta(days=1 + pick % 3))
        case "too_old":
            values["contacted_at"] = at(start - dt.timedelta(days=1 + pick % 5))
        case "too_late":
            values["contacted_at"] = at(day - dt.timedelta(days=TOO_LATE_DAYS + pick % 5))
        case _:
            raise ValueError(f"no such fault of a contact: {reason!r}")
    return b",".join(value if isinstance(value, bytes) else value.encode() for value in values.values())
