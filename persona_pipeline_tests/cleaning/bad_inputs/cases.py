"""What becomes of every seed: clean rows, rejects, ledger. A case is named after the reason code it shows.

A seed holds three records, and the second is the bad one, unless the case says otherwise. Their numbers stand
in keys, paths and times, so that a clean row tells which record it is. Not here: the bytes (seeds/, written
once by write_seeds.py) and the comparison (test_bad_inputs.py).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from persona_pipeline_tests.cleaning.conftest import START

DAY = dt.date(2025, 4, 6)  # the clocks of Sydney are put back
BEFORE = DAY - dt.timedelta(days=1)
AFTER = DAY + dt.timedelta(days=1)
SHEETS = ("xlsx", "parquet")
RECORDS = ("csv", "jsonl", *SHEETS)
LOGS = ("access_log", "access_json", "w3c")
TEXTS = ("csv", "jsonl", *LOGS)
FORMATS = (*RECORDS, *LOGS)
FIRST = {"csv": 2, "xlsx": 2, "jsonl": 1, "parquet": 1, "access_log": 1, "access_json": 1, "w3c": 2}
SAME_CONTENT = "same content as"  # and then the path of the first delivery
NOTHING: Mapping[str, int] = {}
Reasons = Mapping[tuple[str, str], int]


@dataclass(frozen=True)
class Case:
    """One seed: how it is declared and delivered, and the whole of what is expected of it.

    Attributes:
        changes: of the bad record, by field; also what a clean record shows that is unusual and right.
        clean: numbers of the records that become rows.
        rejects: line, reason and field of each rejected record.
        reasons: the ledger by outcome and reason.
        status: of the file.
        reason: why the whole file was refused.
        note: of the ledger.
        options: of the source.
        gzip: the file is compressed.
        packed: the seed is packed once more, because its bytes are many and equal.
        first: another seed that is delivered first: on the day before, or, if it is the seed itself, on the
            same day under another name.
        rows: of the clean table, where they are not just the clean records.
    """

    name: str
    format: str
    kind: str = "orders"
    changes: Mapping[str, str] = field(default_factory=dict)
    clean: tuple[int, ...] = (1, 3)
    rejects: tuple[tuple[int, str, str | None], ...] = ()
    reasons: Reasons = field(default_factory=dict)
    status: str = "loaded"
    reason: str | None = None
    note: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    gzip: bool = False
    packed: bool = False
    first: str | None = None
    rows: tuple[tuple[dt.date, int, int, bool], ...] = ()

    def expected(self) -> tuple[tuple[dt.date, int, int, bool], ...]:
        """Day, sign and number of each clean row, and whether it shows the changes."""
        return self.rows or tuple((DAY, 1, number, number == 2) for number in self.clean)

    @property
    def id(self) -> str:
        """The name of the test."""
        return f"{self.name}-{self.format}"

    @property
    def seed(self) -> str:
        """The name of the file."""
        return f"{self.name}.{self.format}{'.gz' if self.gzip else ''}{'.packed' if self.packed else ''}"

    @property
    def source(self) -> str:
        """Cases with one declaration are read as one source."""
        told = [self.kind, self.format, *(f"{key}={value}" for key, value in sorted(self.options.items()))]
        return "_".join(
            "".join(letter if letter.isalnum() else "_" for letter in each) for each in told
        ).lower()


def rejected(
    name: str, form: str, wrong: str | None = None, *, noted: Mapping[str, int] = NOTHING, **more: Any
) -> Case:
    """The second record is rejected for the reason the case is named by."""
    expected: dict[str, Any] = {
        "kind": kind_of(form),
        "rejects": ((FIRST[form] + 1, name, wrong),),
        "reasons": {("clean", "new"): 2, ("rejected", name): 1} | directives(form) | as_noted(noted),
    }
    return Case(name, form, **expected | more)


def counted(
    name: str,
    form: str,
    outcome: str,
    *,
    code: str | None = None,
    times: int = 1,
    clean: tuple[int, ...] = (1, 3),
    noted: Mapping[str, int] = NOTHING,
    **more: Any,
) -> Case:
    """The second record is left out, or noted, for the reason the case is named by."""
    reasons = {("clean", "new"): len(clean), (outcome, code or name): times}
    expected: dict[str, Any] = {
        "kind": kind_of(form),
        "clean": clean,
        "reasons": reasons | directives(form) | as_noted(noted),
    }
    return Case(name, form, **expected | more)


def refused(name: str, form: str, *, reason: str | None = None, **more: Any) -> Case:
    """Nothing of the file is loaded."""
    expected: dict[str, Any] = {"kind": kind_of(form), "clean": (), "reason": reason or name}
    return Case(name, form, status="rejected_file", **expected | more)


def kind_of(form: str) -> str:
    return "web" if form in LOGS else "orders"


def as_noted(counts: Mapping[str, int]) -> dict[tuple[str, str], int]:
    return {("noted", name): count for name, count in counts.items()}


def directives(form: str) -> dict[tuple[str, str], int]:
    return {("noted", "header_line"): 1} if form == "w3c" else {}


LONDON = {"time_zone": "Europe/London", "dst_gap": "reject"}
SYDNEY = {"time_zone": "Australia/Sydney", "dst_overlap": "reject"}
IN_GAP, IN_OVERLAP = "2025-03-30 01:30:00", "2025-04-06 02:30:00"
MOVED = (
    ("dst_gap", IN_GAP, "2025-03-30 01:30:00", "Europe/London"),
    ("dst_overlap", IN_OVERLAP, "2025-04-05 15:30:00", "Australia/Sydney"),
)
TITLED = {"test_orders": {"order_id": ("trial*",)}, "columns": {"product_title": "title"}}
# what is wrong with an order line, and the field that is named
ORDERS: dict[str, tuple[dict[str, str], str]] = {
    "missing_required": ({"product_id": ""}, "product_id"),
    "bad_datetime": ({"ordered_at": "2025-02-30 10:00:00"}, "ordered_at"),
    "bad_number": ({"quantity": "1_000"}, "quantity"),
    "not_finite": ({"amount": "1e400"}, "amount"),
    "bad_value": ({"type": "gift"}, "type"),
    "unknown_currency": ({"currency": "EUR"}, "currency"),
    "future": ({"ordered_at": f"{AFTER} 00:10:00"}, "ordered_at"),
    "too_old": ({"ordered_at": f"{START - dt.timedelta(1)} 23:59:59"}, "ordered_at"),
    "too_late": ({"ordered_at": f"{DAY - dt.timedelta(36)} 10:00:00"}, "ordered_at"),
    "refund_type": ({"quantity": "-2", "amount": "-21.00"}, "quantity"),
    "amount_range": ({"unit_price": "-10.00", "amount": "-21.00"}, "unit_price"),
    "amount_mismatch": ({"amount": "19.02"}, "amount"),
}
HITS: dict[str, tuple[dict[str, str], str | None]] = {
    "bad_datetime": ({"at": "2025-02-30 10:00:00"}, "time"),
    "bad_number": ({"status": "99"}, "status"),
    "future": ({"at": f"{AFTER} 00:10:00"}, "time"),
    "too_old": ({"at": f"{START - dt.timedelta(1)} 23:59:59"}, "time"),
    "too_late": ({"at": f"{DAY - dt.timedelta(36)} 10:00:00"}, "time"),
}
LOCAL = {  # times without an offset
    "access_log": {
        "log_format": '$remote_addr [$time_iso8601] "$request" $status $body_bytes_sent "$http_user_agent"'
    },
    "access_json": {},
}


def order_lines() -> Iterable[Case]:
    """What an order line says; the same in every format that holds records."""
    for form in RECORDS:
        for name, (changes, wrong) in ORDERS.items():
            yield rejected(name, form, wrong, changes=changes)
        yield rejected(
            "dst_gap",
            form,
            "ordered_at",
            changes={"ordered_at": IN_GAP},
            options=LONDON,
            noted={"dst_gap": 1},
        )
        yield rejected(
            "dst_overlap",
            form,
            "ordered_at",
            changes={"ordered_at": IN_OVERLAP},
            options=SYDNEY,
            noted={"dst_overlap": 1},
        )
        whole = (1, 2, 3)
        yield counted("test_order", form, "filtered", changes={"order_id": "Trial 2"}, options=TITLED)
        yield counted("rounded", form, "noted", clean=whole, changes={"quantity": "2.00001"})
        yield counted("missing_customer", form, "noted", clean=whole, changes={"account_id": ""})
        back = {"type": "refund", "quantity": "-2", "amount": "-19.00"}
        yield counted("refund", form, "noted", clean=whole, changes=back)
        leap = {"ordered_at": f"{BEFORE} 23:59:60", "event_at": f"{BEFORE} 15:59:59"}
        yield counted("leap_second", form, "noted", clean=whole, changes=leap)
        yield counted("missing_title", form, "noted", clean=whole, changes={"title": ""}, options=TITLED)
        post = {"shipping": ("post",)}
        yield counted(
            "charge", form, "noted", clean=whole, changes={"product_id": "POST"}, options={"charges": post}
        )
        yield counted("converted", form, "noted", clean=whole, changes={"currency": "USD"})
        yield counted("same_content", form, "duplicate")
        yield counted("superseded", form, "duplicate", changes={"version": "0"})
        yield Case(
            "redelivered",
            form,
            first="redelivered_before",
            reasons={("clean", "new"): 1, ("duplicate", "redelivered"): 1},
            rows=((BEFORE, 1, 1, False), (DAY, 1, 3, False)),
        )
        yield Case(
            "corrected",
            form,
            first="corrected_before",
            changes={"version": "2", "quantity": "3", "amount": "29.00"},
            reasons={("clean", "new"): 1, ("clean", "corrected"): 1, ("noted", "corrected"): 1},
            rows=((BEFORE, 1, 1, False), (DAY, -1, 1, False), (DAY, 1, 1, True), (DAY, 1, 3, False)),
        )

    # by the rule of the source: the same statement for every format
    for name, at, utc, zone in MOVED:
        yield counted(
            f"{name}_settled",
            "csv",
            "noted",
            clean=(1, 2, 3),
            code=name,
            changes={"ordered_at": at, "event_at": utc},
            options={"time_zone": zone},
        )


def customers() -> Iterable[Case]:
    """Words of CRM records that nobody knows: the record stays, without the word."""
    for form in RECORDS:
        for name, column in (
            ("unknown_gender", "gender"),
            ("unknown_income_band", "income_band"),
            ("unknown_consent", "consent_marketing"),
        ):
            yield counted(name, form, "noted", clean=(1, 2, 3), kind="customers", changes={column: "perhaps"})
        for name, column, rule in (
            ("imputed", "income_band", {"constant": "low"}),
            ("not_imputed", "gender", "mode"),  # nobody was known before
        ):
            yield counted(
                name,
                form,
                "noted",
                clean=(1, 2, 3),
                kind="customers",
                changes={column: ""},
                options={"impute": {column: rule}},
            )


def whole_files() -> Iterable[Case]:
    """Files that come again, are broken, or hold nothing."""
    for form in FORMATS:
        yield Case(
            "duplicate_file",
            form,
            kind_of(form),
            clean=(1, 2, 3),
            status="duplicate_file",
            first="duplicate_file",
            reasons={("duplicate", "duplicate_file"): 3} | directives(form),
            note=SAME_CONTENT,
        )
        yield refused("empty", form)
    for form in TEXTS:
        for name in ("gzip_truncated", "gzip_crc", "gzip_trailing"):
            yield refused(name, form, gzip=True)
    for form in ("csv", "access_log"):
        yield refused("gzip_bomb", form, gzip=True, packed=True)
    yield refused("gzip_bomb", "xlsx", packed=True)
    yield refused("header_only", "csv", reason="empty", reasons={("noted", "header_only"): 1})
    yield refused("header_only", "xlsx", reason="empty", reasons={("noted", "header_only"): 1})
    for form in ("csv", *SHEETS):
        yield refused("duplicate_header", form, note="column named twice: amount")
        yield refused("missing_column", form, note="columns missing: quantity")
    yield refused("bad_header", "csv", note="unbalanced quotes in the first line")
    yield refused(
        "bad_encoding_utf_16",
        "csv",
        reason="bad_encoding",
        note="decoded from utf-16-le; does not decode as utf-16-le",
    )
    yield refused("bad_encoding_header", "csv", reason="bad_encoding", note="in the first line")
    yield refused("bad_parquet", "parquet", note="ArrowInvalid")
    yield refused("bad_parquet_name", "parquet", reason="bad_parquet", note="UnicodeDecodeError")
    yield refused(
        "column_type", "parquet", note="column ordered_at holds instants; add %z to datetime_format"
    )
    yield refused("bad_xlsx", "xlsx", note="BadZipFile")
    yield refused(
        "missing_sheet", "xlsx", options={"sheet": "May"}, note="no sheet 'May'; the workbook has: Sheet"
    )


def record_files() -> Iterable[Case]:
    """How files of records are written."""
    for form in ("csv", "jsonl"):
        yield rejected("line_too_long", form, gzip=True)
    yield rejected("line_too_long", "parquet")
    yield rejected("bad_encoding", "csv")
    for form in ("csv", *SHEETS):
        yield rejected("ctrl_char", form)
    for form in ("csv", "xlsx"):
        yield rejected("column_count", form)
        yield counted("blank_line", form, "noted", clean=(1, 3))
    yield counted("blank_line", "jsonl", "noted", clean=(1, 3))
    yield rejected("unclosed_quote", "csv")
    yield rejected("cell_error", "xlsx")
    yield rejected("lost_digits", "xlsx")
    yield counted("lenient_quote", "csv", "noted", clean=(1, 2, 3), changes={"product_id": 'P"1'})
    yield counted("repeated_header", "csv", "noted", clean=(1, 3))
    for form in ("csv", "jsonl"):
        whole = (1, 2, 3)
        yield counted("byte_order_mark", form, "noted", clean=whole, note="byte-order mark removed")
        yield counted(
            "byte_order_mark_utf_16",
            form,
            "noted",
            clean=whole,
            code="byte_order_mark",
            note="decoded from utf-16-le",
        )
    for form in RECORDS:
        yield counted("unknown_column", form, "noted", clean=(1, 2, 3), note="columns not used: till")
    yield counted(
        "large_integer", "jsonl", "noted", clean=(1, 2, 3), changes={"product_id": "9007199254740993"}
    )


JSON_LINES = {  # rejected lines of the seed, which begin with the second
    "bad_encoding": 1,
    "bad_json": 7,
    "ctrl_char": 3,
    "json_depth": 2,
    "json_duplicate_key": 2,
    "json_not_finite": 3,
    "json_number": 3,
    "json_surrogate": 2,
    "json_trailing": 2,
}


def json_lines() -> Iterable[Case]:
    """Posts as JSON, each line but the first broken in a way of its own."""
    for name, lines in JSON_LINES.items():
        yield Case(
            name,
            "jsonl",
            "social",
            clean=(1,),
            rejects=tuple((line, name, None) for line in range(2, 2 + lines)),
            reasons={("clean", "new"): 1, ("rejected", name): lines, ("noted", "missing_customer"): 1},
            options={"event_time": "delivery"},
        )


def hits() -> Iterable[Case]:
    """Lines of access logs."""
    for form in LOGS:
        for name, (changes, wrong) in HITS.items():
            yield rejected(name, form, wrong, changes=changes)
        yield rejected("bad_encoding", form)
        yield rejected("line_too_long", form, gzip=True)
        yield counted(
            "not_http", form, "filtered", changes={"request": "-"} if form != "w3c" else {"method": "-"}
        )
        yield counted("bot", form, "filtered", changes={"agent": "Googlebot/2.1"})
        yield counted("asset", form, "filtered", changes={"path": "/static/app.js"})
        yield counted("bot_behaviour", form, "filtered", clean=(1,), times=2, options={"silent_pages": 2})
        yield counted(
            "too_many_requests",
            form,
            "filtered",
            clean=(1,),
            code="bot",
            times=3,
            noted={"too_many_requests": 3},
            options={"requests_per_minute": 2},
        )
        leap = {"at": f"{BEFORE} 23:59:60", "event_at": f"{BEFORE} 15:59:59"}
        yield counted("leap_second", form, "noted", clean=(1, 2, 3), changes=leap)
    for form, options in LOCAL.items():
        gap, overlap = {"local": IN_GAP}, {"local": IN_OVERLAP}
        yield rejected("dst_gap", form, "time", changes=gap, options=LONDON | options, noted={"dst_gap": 1})
        yield rejected(
            "dst_overlap", form, "time", changes=overlap, options=SYDNEY | options, noted={"dst_overlap": 1}
        )
    for name, at, utc, zone in MOVED:
        yield counted(
            f"{name}_settled",
            "access_json",
            "noted",
            clean=(1, 2, 3),
            code=name,
            changes={"local": at, "event_at": utc},
            options={"time_zone": zone},
        )
    for form in ("access_log", "w3c"):
        yield rejected("bad_line", form)
    yield rejected("bad_json", "access_json")
    yield rejected(
        "bad_json_comma",
        "access_json",
        rejects=((2, "bad_json", None),),
        reasons={("clean", "new"): 2, ("rejected", "bad_json"): 1},
    )
    yield rejected("json_not_finite", "access_json")
    yield rejected("json_duplicate_key", "access_json")
    yield rejected("missing_required", "access_json")
    yield Case(
        "unknown_fields",
        "w3c",
        "web",
        clean=(2, 3),
        rejects=((1, "unknown_fields", None),),
        reasons={("clean", "new"): 2, ("rejected", "unknown_fields"): 1, ("noted", "header_line"): 1},
        note="#Fields has no time; it needs one of $time_local, $time_iso8601, $msec, $epoch_ms, $epoch_us, "
        "Apache's %t or W3C's date and time",
    )

    yield refused(
        "too_many_fields",
        "w3c",
        note="more than 50 different #Fields lines; one is expected, or a few where the server's settings "
        "changed",
    )


CASES = tuple(
    case
    for cases in (order_lines(), customers(), whole_files(), record_files(), json_lines(), hits())
    for case in cases
)
