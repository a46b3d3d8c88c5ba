"""Single records with exactly one fault each, as bytes of a CSV line.

Here: what each reason code looks like. Not here: how many there are, and where (dirt.py).
Every such record is an extra one under an order number of its own, so no good record suffers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np

ORDER_REASONS = (
    "ctrl_char",
    "bad_encoding",
    "column_count",
    "missing_required",
    "bad_number",
    "not_finite",
    "bad_datetime",
    "amount_range",
    "amount_mismatch",
    "refund_type",
    "unknown_currency",
    "future",
    "too_old",
    "too_late",
)
CUSTOMER_REASONS = (
    "ctrl_char",
    "bad_encoding",
    "column_count",
    "missing_required",
    "bad_datetime",
    "bad_number",
    "future",
    "too_old",
)
PRODUCT_REASONS = (
    "ctrl_char",
    "bad_encoding",
    "column_count",
    "missing_required",
    "bad_number",
    "not_finite",
    "unknown_currency",
)
TOO_OLD_UNTIL = 20  # days after the start on which "before the start" is not also "too late"
TOO_LATE_FROM = 45  # days after the start from which "too late" is not also "before the start"
TOO_LATE_DAYS = 36


def _line(values: dict[str, str | bytes]) -> bytes:
    return b",".join(value if isinstance(value, bytes) else value.encode() for value in values.values())


def junk_order(  # noqa: PLR0912 one case per reason code
    reason: str,
    template: dict[str, str],
    order_id: str,
    day: dt.date,
    start: dt.date,
    rng: np.random.Generator,
) -> bytes:
    """A faulty order line made from a good sale line of the day."""
    values: dict[str, str | bytes] = dict(template)
    values["order_id"], values["line_no"], values["version"] = order_id, "1", "1"
    # One unit at full price, so that nothing but the fault is wrong.
    values["quantity"], values["discount"], values["amount"] = "1", "0.00", template["unit_price"]
    pick = int(rng.integers(1_000_000))

    def one_of(options: Sequence[str]) -> str:
        return options[pick % len(options)]

    def at(date: dt.date) -> str:
        return f"{date:%Y-%m-%d} {9 + pick % 10:02d}:{pick % 60:02d}:{pick % 59:02d}"

    match reason:
        case "ctrl_char":
            values["product_id"] = (
                template["product_id"][:3] + one_of(("\x00", "\x07", "\x1b")) + template["product_id"][3:]
            )
        case "bad_encoding":
            values["product_id"] = template["product_id"].encode() + b"\xe9"
        case "column_count":
            if pick % 2:
                del values["currency"]
            else:
                values["surplus"] = "x"
        case "missing_required":
            values[one_of(("order_id", "ordered_at", "product_id", "quantity"))] = ""
        case "bad_number":
            values["quantity"] = one_of(("1_000", "１２", "abc", "1 pc"))
        case "not_finite":
            values["amount"] = one_of(("inf", "nan", "1e400"))
        case "bad_datetime":
            values["ordered_at"] = one_of(
                ("2025-02-30 10:00:00", f"{day} 24:00:00", f"{day:%d/%m/%Y} 10:00:00")
            )
        case "amount_range":
            values["unit_price"] = values["amount"] = "9999999999.00"
        case "amount_mismatch":
            values["amount"] = f"{int(template['unit_price'].split('.')[0]) + 10}.00"
        case "refund_type":
            values["quantity"], values["amount"] = "-1", "-" + template["unit_price"]
        case "unknown_currency":
            values["currency"] = "ZZZ"
        case "future":
            values["ordered_at"] = at(day + dt.timedelta(days=1 + pick % 3))
        case "too_old":
            values["ordered_at"] = at(start - dt.timedelta(days=1 + pick % 5))
        case "too_late":
            values["ordered_at"] = at(day - dt.timedelta(days=TOO_LATE_DAYS + pick % 5))
        case _:
            raise ValueError(f"no such fault of an order line: {reason!r}")
    return _line(values)


def junk_customer(reason: str, template: dict[str, str], crm_id: str, day: dt.date) -> bytes:
    """A faulty customer record under numbers that do not exist, sharing nothing with a good one."""
    values: dict[str, str | bytes] = dict(template)
    values |= {"crm_id": crm_id, "version": "1", "account_id": "", "handle": ""}
    values |= {"name": "坏记录", "email": f"{crm_id.lower()}@junk.example", "phone": ""}
    values |= {"birth_date": "1990-02-03", "registered_on": f"{day}"}
    match reason:
        case "ctrl_char":
            values["name"] = "王\x00伟"
        case "bad_encoding":
            values["name"] = "Anna Müller".encode("latin-1")
        case "column_count":
            del values["registered_on"]
        case "missing_required":
            values["crm_id"] = ""
        case "bad_datetime":
            values["birth_date"] = "1990-02-30"
        case "bad_number":
            values["version"] = "two"
        case "future":
            values["birth_date"] = f"{day + dt.timedelta(days=40)}"
        case "too_old":
            values["birth_date"] = "1887-05-01"
        case _:
            raise ValueError(f"no such fault of a customer record: {reason!r}")
    return _line(values)


def junk_product(reason: str, template: dict[str, str], product_id: str) -> bytes:
    """A faulty product record under a number that does not exist."""
    values: dict[str, str | bytes] = dict(template)
    values["product_id"], values["title"] = product_id, "坏记录 Broken record"
    match reason:
        case "ctrl_char":
            values["title"] = "坏\x00记录"
        case "bad_encoding":
            values["title"] = "Café".encode("latin-1")
        case "column_count":
            values["surplus"] = "x"
        case "missing_required":
            values["product_id"] = ""
        case "bad_number":
            values["price"] = "12.50 元"
        case "not_finite":
            values["price"] = "inf"
        case "unknown_currency":
            values["currency"] = "ZZZ"
        case _:
            raise ValueError(f"no such fault of a product record: {reason!r}")
    return _line(values)
