"""Writes the seeds: `python -m persona_pipeline_tests.cleaning.bad_inputs.write_seeds [NAME...]`.

They are kept as bytes, so that a library that writes differently changes none of them. Run this for a new
case only, and name it. The JSON lines of posts (cases.JSON_LINES) were written by hand.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from persona_pipeline_tests.cleaning.bad_inputs.cases import BEFORE, CASES, LOGS, Case
from persona_pipeline_tests.cleaning.test_web import CHROME

SEEDS = Path(__file__).parent / "seeds"
BIG = 1 << 20
Row = dict[str, str]


def order(case: Case, number: int) -> Row:
    """A good order line; its number stands in the key and the second."""
    return {
        "order_id": f"{case.name}-{number}",
        "line_no": "1",
        "version": "1",
        "type": "sale",
        "account_id": "007",
        "ordered_at": f"{BEFORE} 10:00:0{number}",
        "product_id": "P1",
        "quantity": "2",
        "unit_price": "10.00",
        "discount": "1.00",
        "amount": "19.00",
        "currency": "CNY",
        **({"title": "Tea"} if "columns" in case.options else {}),
    }


def person(case: Case, number: int) -> Row:
    """A good CRM record; its number stands in the year."""
    return {
        "account_id": f"{case.id}-{number}",
        "gender": "female",
        "birth_year": f"198{number}",
        "region": case.name,
        "income_band": "low",
        "consent_marketing": "yes",
    }


def rows(case: Case) -> list[Row]:
    """The three records of a case."""
    make = person if case.kind == "customers" else order
    found = [make(case, number) for number in (1, 2, 3)]
    known = found[0].keys()
    found[1] |= {name: value for name, value in case.changes.items() if name in known}
    if case.name in ("same_content", "superseded"):
        found[1] = found[0] | {name: value for name, value in case.changes.items() if name in known}
    if case.name in ("redelivered", "corrected"):
        found = [found[0] | {k: v for k, v in case.changes.items() if k in known}, found[2]]
    if case.name.endswith("_before"):
        found = found[:1]
    if case.name in ("redelivered_before", "corrected_before"):
        found[0]["order_id"] = found[0]["order_id"].replace("_before", "")
    if case.name == "unknown_column":
        found = [row | {"till": "9"} for row in found]
    if case.name == "missing_column":
        found = [{name: value for name, value in row.items() if name != "quantity"} for row in found]
    if case.name in ("empty", "header_only"):
        found = []
    return found


def csv_bytes(case: Case) -> bytes:
    """A case as CSV."""
    found, buffer = rows(case), io.StringIO()
    writer = csv.DictWriter(buffer, list(found[0] if found else order(case, 1)), lineterminator="\n")
    if case.name != "lenient_quote":
        writer.writeheader()
        writer.writerows(found)
    else:
        buffer.write("\n".join([",".join(found[0]), *(",".join(row.values()) for row in found)]) + "\n")
    content = buffer.getvalue().encode()
    header, _, _ = content.partition(b"\n")
    second = f"{case.name}-2,1,1,sale,007,".encode()
    edits: dict[str, Callable[[], bytes]] = {
        "empty": lambda: b"",
        "bad_encoding": lambda: content.replace(second, second.replace(b"007", b"caf\xe9")),
        "ctrl_char": lambda: content.replace(second, second.replace(b"007", b"00\x007")),
        "line_too_long": lambda: content.replace(second, second.replace(b"007", b"7" * BIG)),
        "column_count": lambda: content.replace(second, second + b"more,"),
        "unclosed_quote": lambda: content.replace(second, second.replace(b"007", b'"007')),
        "blank_line": lambda: _without_second(content, b"\n"),
        "repeated_header": lambda: _without_second(content, header + b"\n"),
        "byte_order_mark": lambda: b"\xef\xbb\xbf" + content,
        "byte_order_mark_utf_16": lambda: b"\xff\xfe" + content.decode().encode("utf-16-le"),
        "bad_encoding_utf_16": lambda: b"\xff\xfe" + content.decode().encode("utf-16-le") + b"\x00\xd8",
        "bad_encoding_header": lambda: content.replace(b"discount", "折扣".encode("gb18030")),
        "bad_header": lambda: content.replace(b"line_no", b'"line_no'),
        "duplicate_header": lambda: content.replace(b"discount", b"amount", 1),
    }
    return edits.get(case.name, lambda: content)()


def _without_second(content: bytes, instead: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    at = next(at for at, line in enumerate(lines) if b"-2," in line)
    return b"".join([*lines[:at], instead, *lines[at + 1 :]])


def jsonl_bytes(case: Case) -> bytes:
    """A case as JSON lines."""
    lines = [json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows(case)]
    if case.name == "blank_line":
        lines[1] = b"\n"
    content = b"".join(lines)
    if case.name == "large_integer":
        return content.replace(b'"9007199254740993"', b"9007199254740993")
    if case.name == "line_too_long":
        return b"".join([lines[0], lines[1].replace(b"007", b"7" * BIG), lines[2]])
    if case.name == "byte_order_mark":
        return b"\xef\xbb\xbf" + content
    if case.name == "byte_order_mark_utf_16":
        return b"\xff\xfe" + content.decode().encode("utf-16-le")
    return content


def parquet_bytes(case: Case) -> bytes:
    """A case as Parquet."""
    found = rows(case)
    if case.name == "ctrl_char":
        found[1]["product_id"] = "P\x01"
    if case.name == "line_too_long":
        found[1]["product_id"] = "P" * BIG
    table = pa.table(
        {name: [row[name] or None for row in found] for name in (found[0] if found else order(case, 1))}
    )
    if not found:
        table = table.cast(pa.schema([(name, pa.string()) for name in table.column_names]))
    if case.name == "duplicate_header":
        table = table.rename_columns(
            ["amount" if name == "discount" else name for name in table.column_names]
        )
    if case.name == "column_type":
        moments = pa.array([0, 0, 0], pa.timestamp("s", "UTC"))
        table = table.set_column(table.column_names.index("ordered_at"), "ordered_at", moments)
    buffer = io.BytesIO()
    pq.write_table(
        table, buffer, compression="zstd", use_dictionary=False, store_schema=case.name == "column_type"
    )
    content = buffer.getvalue()
    if case.name == "bad_parquet_name":
        return content.replace(b"discount", b"\xc5iscount")
    return content[:-8] + b"\xff" * 8 if case.name == "bad_parquet" else content


def xlsx_bytes(case: Case) -> bytes:
    """A case as a workbook."""
    found = rows(case)
    if case.name == "empty":
        return _saved([])
    header = list(found[0] if found else order(case, 1))
    cells: list[list[object]] = [[row[name] or None for name in header] for row in found]
    if case.name == "duplicate_header":
        header[header.index("discount")] = "amount"
    if case.name == "ctrl_char":
        cells[1][6] = "P_x0001_"
    if case.name == "cell_error":
        cells[1][6] = "#N/A"
    if case.name == "lost_digits":
        cells[1][4] = 1234567890123456789
    if case.name == "column_count":
        cells[1].append("more")
    if case.name == "blank_line":
        cells[1] = []
    content = _saved([header, *cells])
    if case.name == "bad_xlsx":
        return content[:-200]
    if case.name == "gzip_bomb":
        buffer = io.BytesIO(content)
        with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/comments.xml", b" " * (66 << 20))
        return buffer.getvalue()
    return content


def _saved(cells: Sequence[Sequence[object]]) -> bytes:
    book, buffer = openpyxl.Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    for row in cells:
        sheet.append(list(row))
    book.save(buffer)
    return buffer.getvalue()


def log_lines(case: Case) -> list[bytes]:
    """The three lines of a case."""
    place = [each.id for each in CASES].index(case.id)
    found = []
    for number in (1, 2, 3):
        hit = {
            "address": f"10.{1 + place // 256}.{place % 256}.1",
            "at": f"{BEFORE} 10:00:0{number}",
            "local": "",
            "method": "GET",
            "path": f"/p/{case.name}",
            "request": "",
            "status": "200",
            "referrer": "-",
            "agent": CHROME,
        }
        if number == 2:
            hit |= {name: value for name, value in case.changes.items() if name in hit}
        if case.name == "bot_behaviour":
            hit["referrer"] = "https://example.org/" if number == 1 else "-"
            hit["address"] = hit["address"][:-1] + ("1" if number == 1 else "2")
        if case.name == "too_many_requests" and number > 1:
            hit["address"] = hit["address"][:-1] + "2"
        found += [hit] * (2 if (case.name, number) == ("too_many_requests", 2) else 1)
    return [_line(case, hit) for hit in found]


def _line(case: Case, hit: Mapping[str, str]) -> bytes:
    request = hit["request"] or f"{hit['method']} {hit['path']} HTTP/1.1"
    day, _, clock = hit["at"].partition(" ")
    local = hit["local"] or hit["at"]
    text = ""
    if case.format == "access_json":
        at = local.replace(" ", "T") + ("" if "time_zone" in case.options else "+08:00")
        text = json.dumps(
            {
                "remote_addr": hit["address"],
                "time_iso8601": at,
                "request": request,
                "status": hit["status"],
                "body_bytes_sent": "512",
                "http_referer": hit["referrer"],
                "http_user_agent": hit["agent"],
            }
        )
    elif case.format == "w3c":
        moment, leap = f"{day} {clock}", clock.endswith(":60")
        if day != "2025-02-30":
            shown = dt.datetime.fromisoformat(moment.replace(":60", ":59")) - dt.timedelta(hours=8)
            moment = f"{shown:%Y-%m-%d %H:%M:%S}"
            moment = moment[:-2] + "60" if leap else moment
        agent, method = hit["agent"].replace(" ", "+"), hit["method"]
        path = "-" if method == "-" else hit["path"]
        text = f"{moment} {hit['address']} {method} {path} {hit['status']} 512 {hit['referrer']} {agent}"
    elif "time_zone" in case.options:
        at = local.replace(" ", "T")
        text = f'{hit["address"]} [{at}] "{request}" {hit["status"]} 512 "{hit["agent"]}"'
    else:
        year, month, of_month = day.split("-")
        name = dt.date(2000, int(month), 1).strftime("%b")
        at = f"{of_month}/{name}/{year}:{clock} +0800"
        ends = f'{hit["status"]} 512 "{hit["referrer"]}" "{hit["agent"]}"'
        text = f'{hit["address"]} - - [{at}] "{request}" {ends}'
    return text.encode()


FIELDS = b"#Fields: date time c-ip cs-method cs-uri-stem sc-status sc-bytes cs(Referer) cs(User-Agent)"


def log_bytes(case: Case) -> bytes:
    """A case as an access log."""
    if case.name == "empty":
        return b""
    lines = log_lines(case)
    edits: dict[str, Callable[[bytes], bytes]] = {
        "bad_encoding": lambda line: line.replace(b"Mozilla", b"caf\xe9"),
        "line_too_long": lambda line: line.replace(b"Mozilla", b"M" * BIG),
        "bad_line": lambda line: line[:40],
        "bad_json": lambda line: line[:40],
        "bad_json_comma": lambda line: line.replace(b"}", b", }"),
        "json_not_finite": lambda line: line.replace(b'"512"', b"NaN"),
        "json_duplicate_key": lambda line: line.replace(b"{", b'{"status": "500", ', 1),
        "missing_required": lambda line: line.replace(b"time_iso8601", b"time"),
    }
    if case.name in edits:
        lines[1] = edits[case.name](lines[1])
    if case.name == "too_many_fields":
        return b"".join(b"%s x-%d\n" % (FIELDS, number) + lines[0] + b" -\n" for number in range(51))
    if case.name == "unknown_fields":
        return b"\n".join([lines[0], FIELDS, *lines[1:], b""])
    return b"\n".join([*([FIELDS] if case.format == "w3c" else []), *lines, b""])


WRITERS = {"csv": csv_bytes, "jsonl": jsonl_bytes, "parquet": parquet_bytes, "xlsx": xlsx_bytes}


def seed_bytes(case: Case) -> bytes:
    """The bytes of a seed."""
    content = (log_bytes if case.format in LOGS else WRITERS[case.format])(case)
    if case.gzip:
        content += b" " * (66 << 20) if case.name == "gzip_bomb" else b""
        content = gzip.compress(content, mtime=0)
    if case.name == "gzip_truncated":
        content = content[:-12]
    if case.name == "gzip_crc":
        content = content[:-5] + bytes([content[-5] ^ 1]) + content[-4:]
    if case.name == "gzip_trailing":
        content += b"junk"
    return gzip.compress(content, mtime=0) if case.packed else content


def main(names: list[str]) -> None:
    """Write the seeds of the named cases."""
    SEEDS.mkdir(exist_ok=True)
    for case in CASES:
        if (names and case.name not in names) or case.kind == "social":
            continue
        (SEEDS / case.seed).write_bytes(seed_bytes(case))
        if case.first and case.first != case.name:
            before = Case(case.first, case.format, case.kind)
            (SEEDS / before.seed).write_bytes(seed_bytes(before))


if __name__ == "__main__":
    main(sys.argv[1:])
