"""A year of hits and order lines to facts and one snapshot of 150 features, against hand-written peers.

Ours is the night's whole way from clean tables: facts by day committed to the lake, then the compiled
catalogue for every customer; and the same for one more day on top of a year. The peers (bench/peers, each in
a process of its own; one that is not installed is left out and said so) compute the same facts and features
from the same Parquet files the way one writes it by hand, without days known, corrections and commits. Every
feature must come out the same. The data is made here, seeded.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.util
import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.measuring.engine import TimedEngine, scan
from bench.measuring.runs import Found, Timed, apart, median, peak_mib, report, script, step_rows, timed
from persona_pipeline.cleaning.zones import utc_stretches
from persona_pipeline.contracts import Table, activity, behaviour, clean, traces
from persona_pipeline.contracts.arrow import ARROW_TYPES
from persona_pipeline.engine.protocol import DataFile, Window
from persona_pipeline.features.catalogue import feature_table, load_catalogue
from persona_pipeline.features.customer import snapshot
from persona_pipeline.features.facts import basket_item_window, order_day_window
from persona_pipeline.features.feature import Catalogue, Measured
from persona_pipeline.features.view import INPUTS
from persona_pipeline.features.web_facts import TABLES as WEB_FACTS
from persona_pipeline.features.web_facts import web_facts_window
from persona_pipeline.lake.delta import DeltaLake

FIRST = dt.date(2025, 1, 1)
CHUNK = 62  # days of a range that one run computes
MEMORY = "2GB"
CATEGORIES = 40
PEERS = ("polars", "pandas", "pyspark")
PEER_SCRIPTS = Path(__file__).parent / "peers"
OWN = """
[defaults]
owner = "bench"
sensitivity = "personal"
purpose = ["analytics"]
"""
OWN_FEATURE = """
[[feature]]
name = "own_{measure}"
description_en = "{measure} {{window}}"
description_zh = "{{window}}{measure}"
source = "{source}"
aggregation = "sum"
measure = "{measure}"
windows = [{windows}]
type = "{type}"
unit = "unit"
missing = "zero"
"""


def catalogue(folder: Path) -> Catalogue:
    """150 features: those of orders and web, and sums over further windows until there are as many."""
    available = frozenset({"orders", "web", "products"})
    lacking = 150 - len(load_catalogue(available=available).outputs)
    text = OWN
    for source, measure, kind in (
        ("web_day", "hits", "integer"),
        ("web_day", "seconds", "integer"),
        ("web_day", "searches", "integer"),
        ("order_day", "order_lines", "integer"),
        ("order_day", "gross_amount", "decimal"),
        ("order_day", "quantity", "decimal"),
    ):
        windows = [1, 7, 30, 90, 180, 365][: max(0, min(6, lacking))]
        lacking -= len(windows)
        if windows:
            listed = ", ".join(map(str, windows))
            text += OWN_FEATURE.format(source=source, measure=measure, type=kind, windows=listed)
    file = folder / "own.toml"
    file.write_text(text, encoding="utf-8")
    return load_catalogue(file, available)


def texts(prefix: str, numbers: np.ndarray) -> pa.Array:
    """Ids as the pipeline makes them: 32 hexadecimal digits, the same for the same number."""
    unique, at = np.unique(numbers, return_inverse=True)
    words = pa.array([f"{prefix}{int(n) * 2654435761 % 2**64:016x}{int(n):014x}" for n in unique])
    return words.take(pa.array(at))


def typed(table: Table, columns: dict[str, object], rows: int) -> pa.Table:
    """A table of the contract; columns that are not given are empty or have one harmless value."""
    harmless = {"source": "bench", "method": "GET", "browser": "Chrome", "os": "Windows", "currency": "CNY"}
    harmless |= {"sign": 1, "order_type": "sale", "line_type": "item", "version": 1, "content_hash": "0"}
    harmless |= {"client_id": "client", "status": 200, "title": "title", "id_kind": "account"}
    arrays = []
    for column in table.columns:
        value: Any = columns.get(column.name, harmless.get(column.name))
        if isinstance(value, np.ndarray):
            value = pa.array(value)
        if not isinstance(value, pa.Array | pa.ChunkedArray):
            value = pa.nulls(rows) if value is None else pa.repeat(pa.scalar(value), rows)
        arrays.append(value.cast(ARROW_TYPES[column.type]))
    return pa.table(arrays, names=list(table.column_names))


class Data:
    """Raw facts of a shop: who visits and buys what on each day."""

    def __init__(self, folder: Path, *, hits: int, lines: int, customers: int, days: int) -> None:
        self.folder, self.customers, self.days = folder, customers, days
        self._hits, self._lines = hits // days, lines // days
        self._random = np.random.default_rng(11)
        self._categories = self._random.integers(0, CATEGORIES, 20_000)

    def make(self) -> None:
        """Write the clean tables, one file a day."""
        for number in range(self.days):
            day = FIRST + dt.timedelta(days=number)
            self._write(traces.WEB_HIT, day, self._web(day))
            self._write(clean.ORDER_LINE, day, self._orders(day))
        product = np.arange(20_000)
        names = pa.array([f"category {n:02}" for n in self._categories])
        given = {"day": FIRST, "product_id": texts("p", product), "category": names}
        self._write(clean.PRODUCT, FIRST, typed(clean.PRODUCT, given, len(product)))
        number = np.arange(self.customers)
        owner = texts("c_", number)
        rows = [
            typed(
                behaviour.MAP,
                {"day": FIRST, "id_kind": kind, "id": texts(kind[0], number), "customer_id": owner},
                len(number),
            )
            for kind in ("visitor", "account")
        ]
        self._write(behaviour.MAP, FIRST, pa.concat_tables(rows))

    def _write(self, table: Table, day: dt.date, rows: pa.Table) -> None:
        file = self.folder / table.name / f"day={day}" / "part-0.parquet"
        file.parent.mkdir(parents=True)
        pq.write_table(rows, file, compression="zstd", compression_level=1)

    def _who(self, size: int) -> np.ndarray:
        return (self.customers * self._random.random(size) ** 2).astype(np.int64)

    def _web(self, day: dt.date) -> pa.Table:
        random, sessions = self._random, self._hits // 6
        each = np.minimum(random.geometric(1 / 6, sessions), 60)
        total = int(each.sum())
        session = np.repeat(np.arange(sessions), each)
        gaps = np.minimum(random.exponential(60, total), 1700).astype(np.int64)
        begun = np.cumsum(each) - each
        passed = np.cumsum(gaps)
        second = random.integers(0, 80_000, sessions)[session] + passed - passed[begun][session]
        second = np.minimum(second, 86_399)
        kind = random.random(total)
        page = np.select(
            [kind < 0.5, kind < 0.75, kind < 0.85, kind < 0.93, kind < 0.97],
            ["product", "category", "search", "home", "checkout"],
            "confirmation",
        )
        product = random.zipf(1.3, total) % 20_000
        has_product = pa.array(kind < 0.5)
        channels = np.array(["direct", "organic_search", "email", "organic_social", "referral"])
        devices = np.array(["desktop", "mobile", "tablet"])
        midnight = int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp())
        at = pa.array((midnight + second) * 1_000_000).cast(pa.timestamp("us", tz="UTC"))
        columns = {
            "day": day,
            "event_day": day,
            "hit_no": np.arange(total),
            "event_at": at,
            "visitor_id": texts("v", self._who(sessions)[session]),
            "page_type": pa.array(page),
            "product_id": pc.if_else(has_product, texts("p", product), pa.scalar(None, pa.string())),
            "is_cart_add": pa.array((kind < 0.5) & (random.random(total) < 0.1)),
            "channel": pa.array(channels[random.integers(0, 5, sessions)][session]),
            "device": pa.array(devices[random.integers(0, 3, sessions)][session]),
        }
        return typed(traces.WEB_HIT, columns, total).sort_by("event_at")

    def _orders(self, day: dt.date) -> pa.Table:
        random, size = self._random, self._lines
        order = np.sort(random.integers(0, max(size // 2, 1), size))
        who = self._who(int(order.max()) + 1)[order]
        amount = random.integers(100, 50_000, size)
        discount = np.where(random.random(size) < 0.2, amount // 10, 0)
        prefix = f"{day:%Y%m%d}"
        columns = {
            "day": day,
            "event_day": day,
            "event_at": dt.datetime.combine(day, dt.time(12), dt.UTC),
            "order_line_id": pa.array([f"{prefix}-{n}" for n in range(size)]),
            "order_id": pa.array([f"{prefix}-{n}" for n in order]),
            "id": texts("a", who),
            "product_id": texts("p", random.zipf(1.3, size) % 20_000),
            "quantity": pa.array(random.integers(1, 4, size).astype(np.int32)),
            "unit_price": pa.array(amount.astype(np.int32)),
            "discount": pa.array(discount.astype(np.int32)),
            "amount": pa.array((amount - discount).astype(np.int32)),
        }
        return typed(clean.ORDER_LINE, columns, size)


class Night:
    """Our way, over a lake that begins with the clean tables."""

    def __init__(self, lake: Path, scratch: Path) -> None:
        self._lake, self._engine = DeltaLake(lake), TimedEngine(scratch, memory=MEMORY, threads=2)
        self.seconds: dict[str, float] = {}
        self.sessions = 0.0

    def __enter__(self) -> Night:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.close()

    def admit(self, data: Path) -> None:
        """Commit the clean tables as they are; the pipeline's cleaning would have."""
        for table in (traces.WEB_HIT, clean.ORDER_LINE, clean.PRODUCT, behaviour.MAP):
            output = self._lake.output(table)
            shutil.copytree(data / table.name, output.directory, dirs_exist_ok=True)
            files = [
                DataFile(
                    file,
                    dt.date.fromisoformat(file.parent.name[4:]),
                    pq.read_metadata(file).num_rows,
                    file.stat().st_size,
                )
                for file in output.directory.glob("day=*/*.parquet")
            ]
            self._lake.replace(output, [file.day for file in files], files)

    def facts(self, first: dt.date, last: dt.date) -> None:
        """The facts of a range, a run for each chunk of it."""
        while first <= last:
            end = min(first + dt.timedelta(days=CHUNK - 1), last)
            self._facts(Window(first, end))
            first = end + dt.timedelta(days=1)

    def _facts(self, window: Window) -> None:
        begun = time.perf_counter()
        zone = utc_stretches("UTC", window.first, window.last)
        outputs = {table.full_name: self._lake.output(table) for table in WEB_FACTS}
        self._engine.reset()
        files = web_facts_window(
            self._engine, self._lake.read, outputs, window, session_minutes=30, zone=zone
        )
        # what is kept for a statement of web facts is the order of hits, for the sessions
        self.sessions += self._engine.kept + self._engine.written[activity.SESSION.name]
        for name, written in files.items():
            self._lake.replace(outputs[name], window.days(), written)
        self._passed("web facts", begun)
        begun = time.perf_counter()
        output = self._lake.output(behaviour.ORDER_DAY)
        written = order_day_window(self._engine, self._lake.read, output, window, 35)
        self._lake.replace(output, window.days(), written)
        output = self._lake.output(behaviour.BASKET_ITEM)
        written = basket_item_window(self._engine, self._lake.read, output, window)
        self._lake.replace(output, window.days(), written)
        self._passed("order facts", begun)

    def compact(self, before: dt.date) -> None:
        """Months that are over, as after a publication."""
        begun = time.perf_counter()
        for table in (*activity.TABLES, behaviour.ORDER_DAY, behaviour.BASKET_ITEM):
            self._lake.compact(self._engine, table, before)
        self._passed("months", begun)

    def snapshot(self, features: Catalogue, as_of: dt.date) -> list[DataFile]:
        """All features of all customers at the end of a day."""
        begun = time.perf_counter()
        output = self._lake.output(feature_table(features))
        files = snapshot(self._engine, self._lake.read, output, features, [as_of])
        self._lake.replace(output, [as_of], files)
        self._passed("snapshot", begun)
        return files

    def floor(self, last: dt.date) -> float:
        """Seconds that reading all that the snapshot of a day is made of takes."""
        read = [table for table in INPUTS.values() if table is not clean.CUSTOMER]
        return scan([path for table in read for path in self._lake.read(table, None, last).paths])

    def _passed(self, step: str, begun: float) -> None:
        self.seconds[step] = self.seconds.get(step, 0.0) + time.perf_counter() - begun


def ours(data: Path, days: int, result: Path) -> Found:
    """The whole year and, after it, one more night."""
    last = FIRST + dt.timedelta(days=days - 1)
    with (
        tempfile.TemporaryDirectory(dir=data.parent) as name,
        Night(Path(name) / "lake", Path(name)) as night,
    ):
        features = catalogue(Path(name))
        night.admit(data)
        night.facts(FIRST, last - dt.timedelta(days=1))
        night.compact(last)
        before, night.seconds = night.seconds, {}
        night.facts(last, last)
        files = night.snapshot(features, last)
        one = night.seconds
        found = {"sessions": night.sessions, "night": sum(one.values()), "peak": peak_mib()}
        found["floor"] = night.floor(last)
        pq.write_table(pa.concat_tables([pq.read_table(file.path) for file in files]), result)
    whole = {step: before.get(step, 0.0) + one.get(step, 0.0) for step in {**before, **one}}
    return {"seconds": sum(whole.values()), "steps": whole, **found}


def plan_for_peers(features: Catalogue, file: Path) -> None:
    """What the peers compute: the measured and derived features as plain data."""
    entries = [
        {
            "name": f.name,
            "source": f.source,
            "aggregation": f.aggregation,
            "measure": f.measure,
            "window": f.window,
            "conditions": [[c.column, c.comparison, c.value] for c in f.conditions],
            "missing": f.about.missing,
        }
        if isinstance(f, Measured)
        else {"name": f.name, "operation": f.operation, "inputs": f.inputs, "missing": f.about.missing}
        for f in features.features
    ]
    outputs = [f.name for f in features.outputs]
    file.write_text(json.dumps({"features": entries, "outputs": outputs}), encoding="utf-8")


def compare(one: Path, other: Path, outputs: list[str]) -> list[str]:
    """Names of the features whose values differ: texts and integers equal, doubles to 1e-9."""
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW a AS SELECT * FROM '{one}'")
        connection.execute(f"CREATE VIEW b AS SELECT * FROM '{other}'")
        kinds = {row[0]: row[1] for row in connection.execute("DESCRIBE a").fetchall()}
        checks = []
        for name in outputs:
            equal = f"a.{name} IS NOT DISTINCT FROM b.{name}"
            if kinds[name] not in ("VARCHAR", "BOOLEAN", "BIGINT"):
                x, y = f"a.{name}::DOUBLE", f"b.{name}::DOUBLE"
                equal = f"({equal} OR abs({x} - {y}) <= 1e-9 * greatest(1, abs({x})))"
            checks.append(f"count(*) FILTER (WHERE NOT coalesce({equal}, false)) AS {name}")
        wrong = connection.execute(
            "SELECT count(*) FILTER (WHERE a.customer_id IS NULL OR b.customer_id IS NULL), "
            f"{', '.join(checks)} "
            "FROM a FULL JOIN b ON a.customer_id = b.customer_id"
        ).fetchone()
    assert wrong is not None
    return [name for name, number in zip(["customer_id", *outputs], wrong, strict=True) if number]


def main() -> None:
    """Run all in turn, print a table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="seconds instead of minutes")
    parser.add_argument("--divide", type=int, default=1, help="so many times fewer hits, lines, customers")
    parser.add_argument("--rounds", type=int, default=1, help="runs of each, in turn")
    parser.add_argument("--peers", nargs="*", default=PEERS, choices=PEERS, help="whom to compare with")
    parser.add_argument("--keep", type=Path, help="a folder for the data, made once and used again")
    given = parser.parse_args()
    size = {"hits": 20_000_000, "lines": 5_000_000, "customers": 500_000, "days": 365}
    size = {name: number if name == "days" else number // given.divide for name, number in size.items()}
    if given.small:
        size = {"hits": 100_000, "lines": 25_000, "customers": 2_500, "days": 100}
    with tempfile.TemporaryDirectory() as name:
        folder = given.keep or Path(name)
        data, plan = folder / "data", folder / "plan.json"
        folder.mkdir(exist_ok=True)
        if not data.is_dir():
            Data(data, **size).make()
        features = catalogue(folder)
        plan_for_peers(features, plan)
        outputs = [feature.name for feature in features.outputs]
        runs: dict[str, list[Timed[Found]]] = {}
        floors = []
        last = FIRST + dt.timedelta(days=size["days"] - 1)
        skipped = [peer for peer in given.peers if importlib.util.find_spec(peer) is None]
        for _ in range(given.rounds):
            floors.append(scan(str(path) for path in (data / "web_hit").glob("**/*.parquet")))
            mine = folder / "ours.parquet"
            runs.setdefault("ours", []).append(timed(apart, ours, data, size["days"], mine))
            for peer in (each for each in given.peers if each not in skipped):
                file, result = PEER_SCRIPTS / f"features_{peer}.py", folder / f"{peer}.parquet"
                runs.setdefault(peer, []).append(timed(script, file, data, last, plan, result))
                if wrong := compare(mine, result, outputs):
                    raise SystemExit(f"{peer} differs in: {', '.join(wrong)}")
    show(runs, statistics.median(floors), skipped, {**size, "features": len(outputs)})


def show(runs: dict[str, list[Timed[Found]]], floor: float, skipped: list[str], size: dict[str, int]) -> None:
    """The table and the JSON line; `floor` is the scan of the hits."""
    found = {role: [each.result for each in timed_runs] for role, timed_runs in runs.items()}
    seconds = {role: median(each, "seconds") for role, each in found.items()}
    peak = {role: max(each["peak"] for each in results) for role, results in found.items()}
    ours_seconds, one, last = seconds["ours"], median(found["ours"], "night"), found["ours"][-1]
    steps, sessions, read = last["steps"], last["sessions"], last["floor"]
    table = [
        f"{size['hits']:,} hits, {size['lines']:,} order lines, {size['customers']:,} customers, "
        f"{size['days']} days; {size['features']} features; engine memory {MEMORY}, 2 threads",
        *(
            f"  {role:12}{each:9.2f} s{each / ours_seconds:8.2f} x ours, "
            f"{statistics.median(run.processors for run in runs[role]):8.2f} s of processors, "
            f"peak {peak[role]:6.0f} MiB"
            for role, each in seconds.items()
        ),
        *(f"  {peer}: SKIPPED, not installed" for peer in skipped),
        *step_rows(steps),
        f"  one more night {one:.2f} s, 1/{ours_seconds / one:.1f} of the whole",
        f"  scan of the hits {floor:.2f} s; web facts {steps['web facts'] / floor:.1f} x, "
        f"their sessions {sessions / floor:.1f} x",
        f"  scan of the facts {read:.2f} s; snapshot {steps['snapshot'] / read:.1f} x",
    ]
    ratios = {f"{role}_over_ours": each / ours_seconds for role, each in seconds.items()}
    ratios |= {"whole_over_night": ours_seconds / one, "web_facts_over_scan": steps["web facts"] / floor}
    ratios |= {"sessions_over_scan": sessions / floor, "snapshot_over_scan": steps["snapshot"] / read}
    report("features", table, ratios=ratios, peak=peak["ours"], rows=size["hits"])


if __name__ == "__main__":
    main()
