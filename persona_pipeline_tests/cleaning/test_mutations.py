"""Mutated files of every format: no crash, and every line has one outcome.

Good and bad lines are cut, joined, repeated and sprinkled with bytes that break readers. What a file holds is
counted here by its bytes alone. 20,000 lines a format in `make test` (a workbook has as many changes in fewer
rows, because writing rows is slow); 1,000,000 as a proof, which prints its figures with -s:
`pytest -m proof -s -k "million and jsonl" persona_pipeline_tests/cleaning/test_mutations.py`.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import random
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from persona_pipeline.contracts import clean
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.sources.source import Source
from persona_pipeline_tests.cleaning.conftest import START, Project
from persona_pipeline_tests.cleaning.test_reasons import BAD as BAD_ORDERS
from persona_pipeline_tests.cleaning.test_reasons import GOOD as ORDER
from persona_pipeline_tests.cleaning.test_traces import BAD_CONTACTS, BAD_POSTS, CONTACT, PERSON, POST
from persona_pipeline_tests.cleaning.test_web_bad_lines import LINES as LOG_LINES
from persona_pipeline_tests.cleaning.test_web_bad_lines import SOURCE as LOG

DAY = START + dt.timedelta(days=60)
FILES = 4
LINES, PARTS, PART_LINES = 20_000, 20, 50_000
OUTCOMES = ("clean", "rejected", "duplicate", "filtered", "suppressed")
MakeProject = Callable[[Mapping[str, Source]], Project]
BITS = [
    *(bytes([code]) for code in (0, 1, 9, 10, 13, 27, 32, 34, 39, 44, 45, 48, 92, 123, 125, 127, 128, 255)),
    *(
        b"\r\n",
        b'"",',
        b'\\"',
        b"\\u0000",
        b"\\ud800",
        b"1e400",
        b"NaN",
        b"${jndi:x}",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
    ),
    *(
        "好".encode(),
        "好".encode("gb18030"),
        "ｅ１".encode(),
        "\u2028".encode(),
        b"\x1b[31m",
        b"9" * 40,
        b'"' * 7,
    ),
]


def mutated(lines: Sequence[bytes], count: int, draw: random.Random) -> bytes:
    """`count` lines, most of them changed."""
    found = []
    for _ in range(count):
        line = draw.choice(lines)
        for _ in range(draw.choice((0, 1, 1, 1, 2, 5))):
            at, size = draw.randrange(len(line) + 1), draw.choice((0, 0, 1, 3, 20))
            kind = draw.randrange(4)
            if kind == 0:
                line = line[:at] + draw.choice(BITS) + line[at + size :]
            elif kind == 1:
                line = line[:at] + line[at + size :]
            elif kind == 2:
                line = line[:at] + line[at : at + size] * 2 + line[at + size :]
            else:
                other = draw.choice(lines)
                line = line[:at] + other[min(at, len(other)) :]
        found.append(line)
    return b"\n".join(found) + draw.choice((b"", b"\n", b'"', b"{"))


def csv_lines(good: dict[str, str], bad: Sequence[tuple[dict[str, str], str, str | None]]) -> list[bytes]:
    """The header, then records in CSV."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(good), lineterminator="\n")
    writer.writeheader()
    writer.writerow(good)
    for changes, _, _ in bad:
        writer.writerow(good | changes)
    return buffer.getvalue().encode().removesuffix(b"\n").split(b"\n")


def json_lines(good: dict[str, str], bad: Sequence[tuple[dict[str, str], str, str | None]]) -> list[bytes]:
    """Records as JSON lines."""
    return [
        json.dumps(good | changes, ensure_ascii=False).encode() for changes, _, _ in [({}, "", None), *bad]
    ]


CSV = {
    "orders": (ORDER, BAD_ORDERS),
    "social": (POST, BAD_POSTS),
    "campaigns": (CONTACT, BAD_CONTACTS),
    "customers": ({name: value for name, value in PERSON.items() if name != "income"}, []),
    "products": (
        {"product_id": "P1", "title": "茶 tea", "category": "食品", "brand": "b", "price": "9.90"},
        [],
    ),
}


def settled(project: Project, source: str) -> list[dict]:
    """The ledger of the source's files, each balanced, with as many rejects as it says."""
    rows = project.rows(clean.FILE_LEDGER).to_pylist()
    rejected = dict(project.select("SELECT path, count(*) FROM t GROUP BY path", clean.REJECT))
    found = [row for row in rows if row["source"] == source and row["path"]]
    for row in found:
        outcomes = sum(row[name] for name in OUTCOMES)
        assert row["records_in"] == outcomes, row
        assert row["rejected"] == rejected.get(row["path"], 0), row
    return found


def run(project: Project, files: dict[str, bytes], source: str) -> dict[str, dict]:
    """Deliver the files on one day and clean it: their rows of the ledger by path."""
    for path, content in files.items():
        project.write(path, content)
    project.run(DAY)
    found = {row["path"]: row for row in settled(project, source)}
    assert found.keys() == files.keys()
    return found


def check_csv(project: MakeProject, kind: str, count: int, seed: int) -> Project:
    good, bad = CSV[kind]
    key = ("crm_id",) if kind == "customers" else ()
    mine = project({kind: Source.model_validate({"kind": kind, "path": "raw/{day}_*.csv", "key": key})})
    header, *lines = csv_lines(good, bad)
    draw, files = random.Random(seed), {}
    for number in range(FILES):
        content = header + b"\n" + mutated([*lines, header], count // FILES, draw)
        if number % 2:  # without quotes every line is a record, so that they can be counted exactly
            content = content.replace(b'"', b"")
        files[f"raw/{DAY}_{number}.csv"] = content
    for path, row in run(mine, files, kind).items():
        physical = [line.removesuffix(b"\r") for line in files[path].split(b"\n")]
        records = sum(1 for line in physical if line not in (b"", header))
        assert row["status"] == "loaded"
        assert row["records_in"] <= records
        if b'"' not in files[path]:
            assert row["records_in"] == records
    return mine


def check_json(project: MakeProject, count: int, seed: int) -> Project:
    mine = project({"social": Source(kind="social", format="jsonl", path="raw/{day}_*.jsonl")})
    lines, draw = json_lines(POST, BAD_POSTS), random.Random(seed)
    files = {
        f"raw/{DAY}_{number}.jsonl": lines[0] + b"\n" + mutated(lines, count // FILES, draw)
        for number in range(FILES)
    }
    for path, row in run(mine, files, "social").items():
        physical = [line.removesuffix(b"\r").strip(b" \t") for line in files[path].split(b"\n")]
        assert row["status"] == "loaded"
        assert row["records_in"] == sum(1 for line in physical if line)
    return mine


def check_log(project: MakeProject, count: int, seed: int) -> Project:
    mine = project({"web": LOG})
    lines = [line.encode() if isinstance(line, str) else line for line, _, _ in LOG_LINES]
    lines, draw = [line for line in lines if len(line) < 5000], random.Random(seed)
    files = {
        f"raw/access_{DAY}_{number}.log": lines[0] + b"\n" + mutated(lines, count // FILES, draw)
        for number in range(FILES)
    }
    for path, row in run(mine, files, "web").items():
        content = files[path]
        assert row["status"] == "loaded"
        assert row["records_in"] == content.count(b"\n") + (not content.endswith(b"\n"))
    return mine


HIT = {
    "remote_addr": "10.0.0.1",
    "remote_user": "007",
    "time_iso8601": f"{DAY}T10:00:00+08:00",
    "request": "GET /p/P1?utm_source=x HTTP/1.1",
    "status": "200",
    "body_bytes_sent": "512",
    "http_referer": "https://www.baidu.com/s",
    "http_user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120.0 Safari/537.36",
}
BAD_HITS: list[tuple[dict[str, str], str, str | None]] = [
    ({"status": "x"}, "", None),
    ({"request": "-"}, "", None),
    ({"time_iso8601": "yesterday"}, "", None),
    ({"remote_addr": "2001:db8::1", "http_user_agent": "curl/8"}, "", None),
]
W3C = [
    b"#Software: Microsoft Internet Information Services 10.0",
    b"#Fields: date time c-ip cs-username cs-method cs-uri-stem cs-uri-query sc-status cs(User-Agent)",
    f"{DAY} 02:00:00 10.0.0.1 - GET /p/P1 a=b 200 Mozilla/5.0+(Windows+NT+10.0)".encode(),
    f"{DAY} 02:00:01 2001:db8::1 007 POST /cart - 302 -".encode(),
    f"{DAY} 02:00:01 10.0.0.2 - GET /p/P2 - 200 curl/8.5.0".encode(),
    f"{DAY} 02:00:01 10.0.0.2 - GET".encode(),
]


def check_json_log(project: MakeProject, count: int, seed: int) -> Project:
    mine = project({"web": Source(kind="web", format="access_json", path="raw/{day}_*.log")})
    lines, draw = json_lines(HIT, BAD_HITS), random.Random(seed)
    files = {
        f"raw/{DAY}_{number}.log": lines[0] + b"\n" + mutated(lines, count // FILES, draw)
        for number in range(FILES)
    }
    for path, row in run(mine, files, "web").items():
        content = files[path]
        assert row["status"] == "loaded"
        assert row["records_in"] == content.count(b"\n") + (not content.endswith(b"\n"))
    return mine


def check_w3c(project: MakeProject, count: int, seed: int) -> Project:
    mine = project({"web": Source(kind="web", format="w3c", path="raw/{day}_*.log")})
    draw = random.Random(seed)
    files = {
        f"raw/{DAY}_{number}.log": b"\n".join(W3C[1:3])
        + b"\n"
        + mutated([*W3C, *W3C[2:] * 60], count // FILES, draw)
        for number in range(FILES)
    }
    found = run(mine, files, "web")
    directives = dict(
        mine.select("SELECT path, records FROM t WHERE reason = 'header_line'", clean.LEDGER_REASON)
    )
    for path, row in found.items():
        content = files[path]
        lines = content.count(b"\n") + (not content.endswith(b"\n"))
        starting = content.count(b"\n#") + content.startswith(b"#")
        assert row["status"] == "loaded"
        assert row["records_in"] + directives[path] == lines
        assert 0 < directives[path] <= starting
    return mine


def text_cells(count: int, draw: random.Random, changes: Sequence[int]) -> list[list[str]]:
    """Rows of orders whose values were changed, each as often as one of the numbers says."""
    lines = [value.encode() for value in ORDER.values()]
    rows = []
    for _ in range(count):
        cells = list(ORDER.values())
        for _ in range(draw.choice(changes)):
            at = draw.randrange(len(cells))
            cells[at] = mutated([lines[at]], 1, draw).decode(errors="ignore")
        rows.append(cells)
    return rows


def check_parquet(project: MakeProject, count: int, seed: int) -> Project:
    mine = project({"orders": Source(kind="orders", format="parquet", path="raw/{day}.parquet")})
    rows = text_cells(count, random.Random(seed), (0, 1, 2))
    buffer = io.BytesIO()
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    pq.write_table(pa.table(columns, names=list(ORDER)), buffer)
    (row,) = run(mine, {f"raw/{DAY}.parquet": buffer.getvalue()}, "orders").values()
    assert (row["status"], row["records_in"]) == ("loaded", count)
    return mine


def check_sheet(project: MakeProject, count: int, seed: int, changes: Sequence[int] = (0, 1, 2)) -> Project:
    mine = project({"orders": Source(kind="orders", format="xlsx", path="raw/{day}_*.xlsx")})
    draw, files, expected = random.Random(seed), {}, {}
    illegal = dict.fromkeys(
        code for code in range(32) if code not in (9, 10, 13)
    )  # XML has no such characters
    for number in range(FILES):
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet()
        sheet.append(list(ORDER))
        rows = [
            [cell.translate(illegal).lstrip("=") for cell in row]
            for row in text_cells(count // FILES, draw, changes)
        ]
        for row in rows:
            sheet.append(row)
        buffer = io.BytesIO()
        book.save(buffer)
        path = f"raw/{DAY}_{number}.xlsx"
        files[path], expected[path] = buffer.getvalue(), sum(1 for row in rows if any(row))
    for path, row in run(mine, files, "orders").items():
        assert (row["status"], row["records_in"]) == ("loaded", expected[path])
    return mine


CHECKS: dict[str, Callable[[MakeProject, int, int], Project]] = {
    **{
        f"{kind} csv": lambda project, count, seed, kind=kind: check_csv(project, kind, count, seed)
        for kind in CSV
    },
    "jsonl": check_json,
    "access_log": check_log,
    "access_json": check_json_log,
    "w3c": check_w3c,
    "parquet": check_parquet,
    "xlsx": check_sheet,
}


def share(name: str, lines: int) -> int:
    """Lines of one check, where several share a format."""
    return lines // sum(each.endswith(" csv") for each in CHECKS) if name.endswith(" csv") else lines


@pytest.mark.parametrize("name", CHECKS)
def test_mutated_lines(project: MakeProject, name: str) -> None:
    if name == "xlsx":  # as many changed values in a quarter of the rows
        check_sheet(project, LINES // 4, 20250307, (0, 3, 5, 8))
    else:
        CHECKS[name](project, share(name, LINES), 20250307)


@pytest.mark.proof
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("name", CHECKS)
def test_a_million_mutated_lines(tmp_path: Path, name: str) -> None:
    """Part by part, each with an engine and a folder that go with it, so that memory does not grow."""
    found, begin = Counter[str](), time.process_time()
    for part in range(PARTS):
        with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
            directory = Path(folder)
            with DuckDBEngine(directory / "scratch", memory="1GB", threads=1) as engine:
                mine = CHECKS[name](
                    lambda sources, engine=engine, directory=directory: Project(directory, engine, sources),
                    share(name, PART_LINES),
                    part,
                )
                found += figures(mine)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"\n{name}: {time.process_time() - begin:.0f} s of processor, peak {peak} MB")  # noqa: T201
    for what, count in sorted(found.items()):
        print(f"  {what:40} {count:>10,}")  # noqa: T201
    assert found["records"] == sum(found[outcome] for outcome in OUTCOMES)
    assert found["lines"] >= 0.9 * PARTS * share(name, PART_LINES)


def figures(project: Project) -> Counter[str]:
    """Lines delivered, files by what became of them, records by outcome and by reason."""
    found = Counter[str]()
    for path, status, records, *counts in project.select(
        f"SELECT path, status, records_in, {', '.join(OUTCOMES)} FROM t WHERE path <> ''", clean.FILE_LEDGER
    ):
        is_text = not path.endswith((".xlsx", ".parquet"))
        content = (project.directory / path).read_bytes() if is_text else b""
        found += Counter({"lines": content.count(b"\n") + 1 if is_text else records, f"files {status}": 1})
        found += Counter({"records": records, **dict(zip(OUTCOMES, counts, strict=True))})
    for outcome, reason, records in project.select(
        "SELECT outcome, reason, sum(records)::BIGINT FROM t GROUP BY ALL", clean.LEDGER_REASON
    ):
        found[f"{outcome}: {reason}"] += records
    return found


@pytest.mark.parametrize("name", ["xlsx", "parquet"])
def test_mutated_containers_are_read_or_refused_whole(
    project: MakeProject, name: str, tmp_path: Path
) -> None:
    draw = random.Random(7)
    rows = text_cells(200, draw, (0, 1, 2))
    whole = tmp_path / f"whole.{name}"
    if name == "parquet":
        columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
        pq.write_table(pa.table(columns, names=list(ORDER)), whole)
    else:
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet()
        for row in [list(ORDER), *([f"O{number}", *list(ORDER.values())[1:]] for number in range(200))]:
            sheet.append(row)
        book.save(whole)
    mine = project(
        {"orders": Source.model_validate({"kind": "orders", "format": name, "path": f"raw/{{day}}_*.{name}"})}
    )
    files = {}
    for number in range(60):
        content = bytearray(whole.read_bytes())
        for _ in range(draw.choice((1, 3, 30))):
            content[draw.randrange(len(content))] = draw.randrange(256)
        files[f"raw/{DAY}_{number}.{name}"] = bytes(content[: draw.choice((len(content), len(content) // 2))])
    found = run(mine, files, "orders")
    assert {row["status"] for row in found.values()} <= {"loaded", "rejected_file", "duplicate_file"}
    assert sum(row["status"] == "rejected_file" for row in found.values()) > 10
