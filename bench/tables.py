"""Order lines in CSV against the floor (DuckDB's read_csv to Parquet) and pandas with pandera.

Ours goes the whole way: lines split so that none is lost, typed and judged, repeats and corrections found,
rejects and ledger written, the tables validated. DuckDB types the same columns and writes them; pandas reads,
validates with pandera and writes. The CSV is made here, seeded, with one bad line in a thousand.
"""

from __future__ import annotations

import argparse
import datetime as dt
import functools
import hashlib
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.measuring.runs import Found, apart, median, report
from persona_pipeline.cleaning.records import Business, typed_records
from persona_pipeline.cleaning.window import TABLES, clean_window
from persona_pipeline.contracts import Table, clean
from persona_pipeline.contracts.validation import check_files
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.keys import count_distinct
from persona_pipeline.engine.protocol import DataFile, Output, Relation, Window
from persona_pipeline.sources.arrival import Arrival, arrival_rows
from persona_pipeline.sources.source import Source
from persona_pipeline.sources.split import split_files

DAY = dt.date(2025, 1, 6)
MEMORY = "2GB"
KEY = b"a secret of the benchmark"
COLUMNS = {
    "order_id": "VARCHAR",
    "line_no": "VARCHAR",
    "version": "BIGINT",
    "type": "VARCHAR",
    "account_id": "VARCHAR",
    "ordered_at": "TIMESTAMP",
    "product_id": "VARCHAR",
    "quantity": "DECIMAL(18, 4)",
    "unit_price": "DECIMAL(18, 4)",
    "discount": "DECIMAL(18, 4)",
    "amount": "DECIMAL(18, 4)",
    "currency": "VARCHAR",
}


def make_orders(file: Path, lines: int, seed: int) -> None:
    """Write order lines of one day, block by block."""
    random = np.random.default_rng(seed)
    with file.open("w", encoding="ascii") as out:
        out.write(",".join(COLUMNS) + "\n")
        for begin in range(0, lines, 100_000):
            size = min(100_000, lines - begin)
            account = (lines // 10 * random.random(size) ** 2).astype(int)
            product, second = random.zipf(1.3, size) % 20_000, random.integers(0, 86_400, size)
            quantity, price = 1 + random.integers(0, 5, size), random.integers(100, 99_999, size)
            block = []
            for at in range(size):
                clock = f"{second[at] // 3600:02}:{second[at] // 60 % 60:02}:{second[at] % 60:02}"
                amount = quantity[at] * price[at]
                number = begin + at
                wrong = "x" if number % 1000 == 999 else ""
                block.append(
                    f"O{number // 3},{number % 3},1,sale,{account[at]:08},{DAY} {clock},P{product[at]},"
                    f"{quantity[at]}{wrong},{price[at] / 100:.2f},0.00,{amount / 100:.2f},CNY"
                )
            out.write("\n".join(block) + "\n")


def ours(file: Path) -> Found:
    """Seconds of each step, and the records that the ledger accounts for."""
    steps: dict[str, float] = {}
    source = Source(kind="orders", path=file.name)
    with file.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    with tempfile.TemporaryDirectory(dir=file.parent) as name:
        scratch = Path(name)
        with DuckDBEngine(scratch, memory=MEMORY, threads=2) as engine:
            begin = time.perf_counter()
            split = split_files(
                "orders", source, [(file.name, sha256)], project_directory=file.parent, key=KEY,
                directory=scratch / "split", engine=engine,
            )  # fmt: skip
            steps["split"] = time.perf_counter() - begin
            begin = time.perf_counter()
            business = Business(DAY, "CNY", "Asia/Shanghai", KEY)
            typed_records(engine, "orders", source, split.paths, [(split.files[0], DAY)], business, DAY)
            steps["type and judge"] = time.perf_counter() - begin
        with DuckDBEngine(scratch, memory=MEMORY, threads=2) as engine:
            arrival = arrival_rows([Arrival(DAY, "orders", file.name, sha256, 0, "delivery")])
            (known,) = engine.select_into(
                "SELECT * FROM a", {"a": arrival}, Output(clean.ARRIVAL, scratch / "arrival", 0)
            )

            def read(table: Table, first: dt.date | None, last: dt.date | None) -> Relation:
                return Relation((str(known.path),) if table is clean.ARRIVAL else (), table)

            begin = time.perf_counter()
            written: dict[str, list[DataFile]] = clean_window(
                engine, sources={"orders": source}, split=split_files, project_directory=file.parent,
                start=DAY, currency="CNY", time_zone="Asia/Shanghai", key=KEY, read=read,
                outputs={each.full_name: Output(each, scratch / each.full_name, 0) for each in TABLES},
                window=Window(DAY, DAY), split_directory=scratch / "split", run_id="bench",
            )  # fmt: skip
            steps["clean"] = time.perf_counter() - begin
            begin = time.perf_counter()
            distinct = functools.partial(count_distinct, engine)
            for table in TABLES:
                if written[table.full_name]:
                    check_files(table, [each.path for each in written[table.full_name]], distinct)
            steps["validate"] = time.perf_counter() - begin
            rows = {name: sum(each.rows for each in files) for name, files in written.items()}
            steps["accounted"] = rows[clean.ORDER_LINE.full_name] + rows[clean.REJECT.full_name]
    return {**steps, "total": steps["clean"] + steps["validate"]}


def floor(file: Path) -> Found:
    """DuckDB alone; lines that do not type are skipped."""
    begin = time.perf_counter()
    target = file.with_suffix(".parquet")
    with duckdb.connect(config={"threads": 2, "memory_limit": MEMORY}) as connection:
        columns = ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items())
        connection.execute(
            f"COPY (FROM read_csv('{file}', header = true, ignore_errors = true, columns = {{{columns}}})) "
            f"TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
        )
    return {"total": time.perf_counter() - begin}


def pandas_and_pandera(file: Path) -> Found:
    """What a data scientist would write."""
    import pandas as pd
    import pandera.pandas as pa

    begin = time.perf_counter()
    frame = pd.read_csv(file, dtype=dict.fromkeys(COLUMNS, "str"), keep_default_na=False)
    for name in ("version", "quantity", "unit_price", "discount", "amount"):
        frame[name] = pd.to_numeric(frame[name], errors="coerce")
    frame["ordered_at"] = pd.to_datetime(frame["ordered_at"], format="%Y-%m-%d %H:%M:%S", errors="coerce")
    good = frame.dropna()
    checked = pa.DataFrameSchema(
        {
            "order_id": pa.Column(str, pa.Check.str_length(min_value=1)),
            "type": pa.Column(str, pa.Check.isin(["sale", "refund"])),
            "quantity": pa.Column(float, pa.Check.in_range(-1e6, 1e6)),
            "unit_price": pa.Column(float, pa.Check.in_range(0, 1e6)),
            "amount": pa.Column(float, pa.Check.in_range(-1e6, 1e6)),
            "currency": pa.Column(str, pa.Check.eq("CNY")),
        },
        unique=["order_id", "line_no"],
    ).validate(good, lazy=True)
    checked.to_parquet(file.with_suffix(".pandas.parquet"), compression="zstd")
    return {"total": time.perf_counter() - begin}


def main() -> None:
    """Run all in turn, print a table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="seconds instead of minutes")
    parser.add_argument("--lines", type=int, help="order lines")
    arguments = parser.parse_args()
    lines = arguments.lines or (100_000 if arguments.small else 5_000_000)
    runs = {"ours": ours, "floor": floor, "pandas": pandas_and_pandera}
    found: dict[str, list[Found]] = {name: [] for name in runs}
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "orders.csv"
        make_orders(file, lines, seed=1)
        size = file.stat().st_size / 1e6
        for _ in range(3):
            for key, run in runs.items():
                steps = apart(run, file)
                found[key].append(steps)
                if steps.get("accounted", lines) != lines:
                    raise SystemExit(f"{key} accounts for {steps['accounted']} of {lines} lines")
    total = {key: median(each, "total") for key, each in found.items()}
    peaks = {key: each[-1]["peak"] for key, each in found.items()}
    rows = [f"{lines:,} order lines, {size:,.0f} MB; engine memory {MEMORY}, 2 threads; medians of 3"]
    rows += [f"{key:8} {seconds:8.2f} s {peaks[key]:8,.0f} MB" for key, seconds in total.items()]
    rows += [
        f"  {step:16} {median(found['ours'], step):8.2f} s"
        for step in ("split", "type and judge", "clean", "validate")
    ]
    ratios = {
        "ours_over_floor": total["ours"] / total["floor"],
        "pandas_over_ours": total["pandas"] / total["ours"],
    }
    report("tables", rows, ratios=ratios, peak=peaks["ours"], rows=lines)


if __name__ == "__main__":
    main()
