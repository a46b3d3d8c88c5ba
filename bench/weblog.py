"""Access logs to validated tables, against DuckDB counting the same lines and GoAccess reporting on them.

What is measured is the night's whole way: hash of the file, lines to records, records to judged hits, the
tables with ledger and rejects as Parquet, their check against the contracts. Every line must be accounted
for. Each run is a process of its own, so that its peak memory (VmHWM) is its own. GoAccess gets the same
file and makes its report instead. The log is made here, seeded: NGINX's combined format, heavy-tailed
visitors, pages and agents, some dirt.
"""

from __future__ import annotations

import argparse
import datetime as dt
import functools
import gzip
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.measuring.engine import TimedEngine
from bench.measuring.runs import Found, Timed, apart, median, report, step_rows, timed
from persona_pipeline.cleaning.window import TABLES, clean_window
from persona_pipeline.contracts import Table, clean
from persona_pipeline.contracts.validation import check_files
from persona_pipeline.engine.keys import count_distinct
from persona_pipeline.engine.protocol import Output, Relation, Window
from persona_pipeline.sources.arrival import arrival_rows, arrive
from persona_pipeline.sources.files import list_files
from persona_pipeline.sources.fingerprint import fingerprints
from persona_pipeline.sources.source import Source
from persona_pipeline.sources.split import split_files

STEPS = ("hash", "split", "type", "write", "validate")
DAY = dt.date(2025, 1, 6)
MEMORY = "512MB"
BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{0}.0.{1}.0 "
    "Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_{2} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.{2} Mobile/15E148 Safari/604.{1}",
    "Mozilla/5.0 (Linux; Android 14; SM-S9{2}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{0}.0.{1}.0 "
    "Mobile Safari/537.36",
    "Mozilla/5.0 (compatible; bingbot/2.{2}; +http://www.bing.com/bingbot.htm)",
)


def make_log(file: Path, lines: int, seed: int) -> None:
    """Write a log of one day, block by block."""
    random = np.random.default_rng(seed)
    agents = np.array(
        [
            BROWSERS[min(number % 10 // 3, 3)].format(90 + number % 50, number, number % 90)
            for number in range(4_500)
        ],
        dtype=object,
    )
    visitors = max(lines // 17, 10)
    places = [f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in range(visitors)]
    with file.open("w", encoding="ascii") as out:
        for begin in range(0, lines, 100_000):
            size = min(100_000, lines - begin)
            visitor = (visitors * random.random(size) ** 2).astype(int)
            seconds = np.sort(random.integers(0, 86_400, size))
            product = random.zipf(1.3, size) % 20_000
            kind = random.random(size)
            status = np.where(random.random(size) < 0.03, 404, 200)
            sent = random.integers(200, 40_000, size)
            block = []
            for at in range(size):
                path = f"/p/{product[at]}" if kind[at] < 0.4 else f"/c/{product[at] % 40}"
                if kind[at] > 0.7:
                    path = (
                        f"/static/{product[at] % 300}.js"
                        if kind[at] > 0.8
                        else f"/search?q=word{product[at]}"
                    )
                clock = f"{seconds[at] // 3600:02}:{seconds[at] // 60 % 60:02}:{seconds[at] % 60:02}"
                text = (
                    f"{places[visitor[at]]} - - [06/Jan/2025:{clock} +0800] "
                    f'"GET {path} HTTP/1.1" {status[at]} {sent[at]} '
                    f'"https://shop.example/c/{product[at] % 40}" '
                    f'"{agents[visitor[at] % 4_500]}"'
                )
                block.append(text if at % 1000 else text[:70])
            out.write("\n".join(block) + "\n")


def night(file: Path) -> Found:
    """One file to committed-ready tables: seconds by step, lines accounted for."""
    folder = file.parent
    source = Source(kind="web", format="access_log", path=file.name, hosts=("shop.example",))
    seconds: dict[str, float] = {}

    def split(*given: object, **named: object) -> object:
        begin = time.perf_counter()
        result = split_files(*given, **named)  # type: ignore[arg-type]
        seconds["split"] = time.perf_counter() - begin
        return result

    with tempfile.TemporaryDirectory(dir=folder) as name:
        scratch = Path(name)
        outputs = {
            table.full_name: Output(table, scratch / table.name, 0) for table in (*TABLES, clean.ARRIVAL)
        }
        with closing(TimedEngine(scratch, memory=MEMORY, threads=2)) as engine:
            start = time.perf_counter()
            marks = fingerprints(list_files("web", source, folder))
            seconds["hash"] = time.perf_counter() - start
            new = arrive({"web": source}, marks, {}, set(), start=DAY, last=DAY)
            arrived = engine.select_into(
                "SELECT * FROM r", {"r": arrival_rows(new)}, outputs[clean.ARRIVAL.full_name]
            )

            def read(table: Table, first: dt.date | None, last: dt.date | None) -> Relation:
                files = arrived if table is clean.ARRIVAL else []
                return Relation(tuple(str(each.path) for each in files), table)

            engine.reset()
            start = time.perf_counter()
            written = clean_window(
                engine,
                sources={"web": source},
                split=split,  # type: ignore[arg-type]
                project_directory=folder,
                start=DAY,
                currency="CNY",
                time_zone="Asia/Shanghai",
                key=b"a secret of the benchmark",
                read=read,
                outputs=outputs,
                window=Window(DAY, DAY),
                split_directory=scratch / "split",
                run_id="bench",
            )
            whole = time.perf_counter() - start
            write = sum(engine.written.values())
            seconds |= {"write": write, "type": whole - seconds["split"] - write}
            start = time.perf_counter()
            distinct = functools.partial(count_distinct, engine)
            for table in TABLES:
                check_files(table, [each.path for each in written[table.full_name]], distinct)
            seconds["validate"] = time.perf_counter() - start
            ledger = Relation(tuple(str(each.path) for each in written[clean.FILE_LEDGER.full_name]))
            found = engine.fetch(
                "SELECT sum(clean + rejected + filtered)::BIGINT AS lines, sum(rejected)::BIGINT AS rejected "
                "FROM ledger",
                {"ledger": ledger},
            ).to_pylist()[0]
    return {**seconds, **found}


def count(file: Path) -> Found:
    """DuckDB over the same lines, without looking into them."""
    dialect = "delim = chr(1), quote = '', escape = '', header = false"
    statement = (
        f"SELECT count(*), sum(length(t)) FROM read_csv('{file}', columns = {{'t': 'VARCHAR'}}, {dialect})"
    )
    with duckdb.connect(config={"threads": 2, "preserve_insertion_order": False}) as connection:
        row = connection.execute(statement).fetchone()
    return {"lines": row[0] if row else 0}


def goaccess(file: Path) -> Found:
    """GoAccess over the same file; its count of requests, valid and not."""
    answer = file.with_suffix(".json")
    command = ["goaccess", "-", "--log-format=COMBINED", "--no-progress", "-o", str(answer)]
    unpack = subprocess.Popen(["gzip", "-dcf", str(file)], stdout=subprocess.PIPE)
    with unpack:
        subprocess.run(command, check=True, capture_output=True, stdin=unpack.stdout)
    general = json.loads(answer.read_text(encoding="utf-8"))["general"]
    return {"lines": general["total_requests"]}


def accounted(name: str, run: Callable[[Path], Found], file: Path, lines: int) -> Timed[Found]:
    """One run, which must account for every line."""
    done = timed(run, file)
    if done.result["lines"] != lines:
        raise SystemExit(f"{name} accounts for {done.result['lines']} of {lines} lines")
    return done


def measured(
    file: Path, lines: int, rounds: int, *, with_goaccess: bool
) -> tuple[list[str], dict[str, float]]:
    """Rows of the table for one file, and its ratios."""
    reports = [accounted("goaccess", goaccess, file, lines)] if with_goaccess else []
    counts, ours = [], []
    for _ in range(rounds):
        counts.append(accounted("count", count, file, lines))
        ours.append(accounted("ours", functools.partial(apart, night), file, lines))
    nights = [each.result for each in ours]
    whole = statistics.median(sum(each[step] for step in STEPS) for each in nights)
    floor = statistics.median(each.seconds for each in counts)
    used, floor_used = (statistics.median(each.processors for each in runs) for runs in (ours, counts))
    peak, size = max(each["peak"] for each in nights), file.stat().st_size / 1e6
    ratios = {"over_count": whole / floor, "peak_mib": peak, "lines_per_second": lines / whole}
    rows = [
        f"{file.name}: {lines:,} lines, {size:,.0f} MB, {nights[0]['rejected']:,} rejected",
        f"  {'DuckDB counts them':22}{floor:8.2f} s, processors {floor_used:8.2f} s",
        f"  {'ours, all steps':22}{whole:8.2f} s, processors {used:8.2f} s, "
        f"{whole / floor:.2f} x count, {lines / whole:,.0f} lines/s, peak {peak:.0f} MiB",
        *step_rows({step: median(nights, step) for step in STEPS}),
    ]
    for each in reports:
        ratios["goaccess_over_ours"] = each.seconds / whole
        rows.append(
            f"  {'GoAccess':22}{each.seconds:8.2f} s, processors {each.processors:8.2f} s, "
            f"{each.seconds / whole:.2f} x ours"
        )
    return rows, ratios


def main() -> None:
    """Run all in turn, print a table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="seconds instead of minutes")
    parser.add_argument("--lines", type=int, help="lines of the log")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each but GoAccess, which runs once")
    arguments = parser.parse_args()
    lines = arguments.lines or (100_000 if arguments.small else 5_000_000)
    rows: list[str] = [f"engine memory {MEMORY}, 2 threads; medians of {arguments.rounds}"]
    ratios: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        plain, packed, fifth = (Path(name) / each for each in ("access.log", "access.log.gz", "fifth.log"))
        make_log(plain, lines, seed=1)
        make_log(fifth, lines // 5, seed=1)
        with plain.open("rb") as unpacked, gzip.open(packed, "wb", compresslevel=6) as stream:
            shutil.copyfileobj(unpacked, stream, 1 << 20)
        for kind, file in (("plain", plain), ("gzip", packed)):
            found = measured(file, lines, arguments.rounds, with_goaccess=bool(shutil.which("goaccess")))
            rows += found[0]
            ratios |= {f"{kind}_{key}": value for key, value in found[1].items()}
        ratios["fifth_peak_mib"] = apart(night, fifth)["peak"]
        rows.append(f"peak memory of a fifth of the lines {ratios['fifth_peak_mib']:.0f} MiB")
    peak = max(ratios["plain_peak_mib"], ratios["gzip_peak_mib"])
    report("weblog", rows, ratios=ratios, peak=peak, rows=lines)


if __name__ == "__main__":
    main()
