"""Access logs against the floor (DuckDB counting the same lines, or copying them untouched) and GoAccess.

Two steps are measured: lines to typed records in Parquet, and lines to accepted hits with everything between
(agents, pages, channels, pseudonyms, the ledger's counts). Each must account for every line. GoAccess is
compared where it is installed; it is given the same file and one thread, and makes its report instead.
The log is made here, seeded: NGINX's combined format, heavy-tailed visitors, pages and agents, some dirt.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from persona_pipeline.cleaning.records import Business
from persona_pipeline.cleaning.web import web_records
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.sql import sql_text
from persona_pipeline.sources.source import Source
from persona_pipeline.sources.split import Split, split_files

DAY = dt.date(2025, 1, 6)
MEMORY = "1GB"
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


class Ours:
    """This package over one file."""

    def __init__(self, folder: Path, file: str, sha256: str) -> None:
        self._folder, self._file, self._sha256 = folder, file, sha256
        self._source = Source(kind="web", format="access_log", path=file, hosts=("shop.example",))

    def records(self) -> int:
        """Lines to records; the number of lines."""
        return self._run(lambda engine, split, scratch: split.files[0].records)

    def hits(self) -> int:
        """Lines to accepted hits; the number of lines accounted for."""

        def judge(engine: DuckDBEngine, split: Split, scratch: Path) -> int:
            business = Business(DAY, "CNY", "Asia/Shanghai", b"a secret of the benchmark")
            files = [(split.files[0], DAY)]
            typed = web_records(engine, "web", self._source, split.paths, files, business, DAY)
            counts = engine.fetch(sql_text("clean/outcome_count"), {"outcome": typed.records}).to_pylist()
            engine.stage(sql_text("clean/web_hit"), {"outcome": typed.records})
            return sum(row["records"] for row in counts)

        return self._run(judge)

    def _run(self, then: Callable[[DuckDBEngine, Split, Path], int]) -> int:
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            scratch = Path(name)
            with DuckDBEngine(scratch, memory=MEMORY, threads=2) as engine:
                split = split_files(
                    "web",
                    self._source,
                    [(self._file, self._sha256)],
                    project_directory=self._folder,
                    key=b"",
                    directory=scratch / "split",
                    engine=engine,
                )
                return then(engine, split, scratch)


def floors(file: Path) -> dict[str, Callable[[], int]]:
    """DuckDB over the same lines, without looking into them."""
    dialect = "delim = chr(1), quote = '', escape = '', header = false"
    lines = f"read_csv('{file}', columns = {{'t': 'VARCHAR'}}, {dialect})"

    def run(statement: str) -> int:
        with duckdb.connect(config={"threads": 2, "preserve_insertion_order": False}) as connection:
            row = connection.execute(statement).fetchone()
        return int(row[0]) if row else 0

    target = file.with_suffix(".parquet")
    return {
        "floor: count": lambda: run(f"SELECT count(*), sum(length(t)) FROM {lines}"),
        "floor: copy": lambda: run(f"COPY (FROM {lines}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)"),
    }


def goaccess(file: Path) -> int:
    """GoAccess over the same file; its count of requests, valid and not."""
    report = file.with_suffix(".json")
    command = ["goaccess", str(file), "--log-format=COMBINED", "--no-progress", "-o", str(report)]
    subprocess.run(command, check=True, capture_output=True)
    general = json.loads(report.read_text(encoding="utf-8"))["general"]
    return int(general["total_requests"])


def main() -> None:
    """Run all in turn, print a table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="seconds instead of minutes")
    parser.add_argument("--lines", type=int, help="lines of the log")
    arguments = parser.parse_args()
    lines = arguments.lines or (100_000 if arguments.small else 2_000_000)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "access.log"
        make_log(file, lines, seed=1)
        with file.open("rb") as stream:
            ours = Ours(folder, file.name, hashlib.file_digest(stream, "sha256").hexdigest())
        runs: dict[str, Callable[[], int]] = {"records": ours.records, "hits": ours.hits, **floors(file)}
        if shutil.which("goaccess"):
            runs["goaccess"] = lambda: goaccess(file)
        seconds: dict[str, list[float]] = {key: [] for key in runs}
        peak = 0.0
        for _ in range(3):
            for key, run in runs.items():
                start = time.perf_counter()
                found = run()
                seconds[key].append(time.perf_counter() - start)
                if found != lines:
                    raise SystemExit(f"{key} accounts for {found} of {lines} lines")
                if not peak and key == "hits":
                    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        size = file.stat().st_size / 1e6
    medians = {key: statistics.median(values) for key, values in seconds.items()}
    rows = [f"{lines:,} lines, {size:,.0f} MB; engine memory {MEMORY}, 2 threads; medians of 3"]
    rows += [
        f"{key:14} {value:8.2f} s {lines / value / 1000:10,.0f} k lines/s" for key, value in medians.items()
    ]
    ratios = {
        "records_over_count": medians["records"] / medians["floor: count"],
        "records_over_copy": medians["records"] / medians["floor: copy"],
        "hits_over_copy": medians["hits"] / medians["floor: copy"],
    }
    if "goaccess" in medians:
        ratios["goaccess_over_records"] = medians["goaccess"] / medians["records"]
        ratios["goaccess_over_hits"] = medians["goaccess"] / medians["hits"]
    rows += [f"{key} {value:.2f}" for key, value in ratios.items()]
    rounded = {key: round(value, 2) for key, value in ratios.items()}
    summary = {"bench": "weblog", "ratios": rounded, "peak_mb": round(peak, 1), "rows": lines}
    sys.stdout.write("\n".join([*rows, json.dumps(summary)]) + "\n")


if __name__ == "__main__":
    main()
