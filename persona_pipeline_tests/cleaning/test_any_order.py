"""One day's delivery in any order, with files repeated, renamed, recompressed and split: equal tables.

What a record says is a function of its key and version, as it is where a shop exports its tables: of two
versions with one number the later file wins, so there the order of files is content. Hits have no key; of
them only whole files are moved and repeated. Not here: deliveries over several days (test_known_days.py).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import gzip
import itertools
import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from persona_pipeline.cleaning.window import TABLES
from persona_pipeline.contracts import Table, clean
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.sources.kinds import STATES
from persona_pipeline.sources.source import Source
from persona_pipeline_tests.cleaning.conftest import START, Project
from persona_pipeline_tests.cleaning.test_web import CHROME

DAY = START + dt.timedelta(days=60)
# a window takes a second however few records it holds: 210 deliveries, 70 at a time; the first are all alike
TOGETHER, RUNS = 70, 4
KEYS, VERSIONS, PARTS = 2, 3, 25
PLACES = {"path", "line", "sha256", "hit_no"}
HEADS = {
    "orders": "order_id,line_no,version,account_id,email,ordered_at,product_id,quantity,unit_price,row",
    "sales": "order_id,line_no,account_id,ordered_at,product_id,quantity,unit_price",
    "customers": "account_id,version,email,birth_year,region,row",
    "products": "product_id,version,title,category,price,row",
    "campaigns": "contact_id,version,campaign_id,account_id,email,contacted_at,cost,opened_at,row",
    "social": "",
}
SOURCES = {
    "orders": Source(kind="orders", path="orders/{day}*"),
    "sales": Source(kind="orders", path="sales/{day}*", identity="whole_row"),
    "customers": Source(kind="customers", path="customers/{day}*"),
    "products": Source(kind="products", path="products/{day}*"),
    "campaigns": Source(kind="campaigns", path="campaigns/{day}*"),
    "social": Source(kind="social", path="social/{day}*", format="jsonl"),
    "web": Source(kind="web", path="web/{day}*", format="access_log", requests_per_minute=3),
}
# Of these a repeat may be counted as a file or record by record: a state may come back to an earlier one, and
# two parts of the same whole rows are one content.
AGAIN = ", ".join(
    f"'{name}'" for name, each in SOURCES.items() if each.kind in STATES or each.identity == "whole_row"
)
Files = dict[str, list[list[str]]]  # source to files of lines


def record(source: str, delivery: int, row: int, drawn: int) -> str:
    """A line; the number drawn is its key, its version, and whether it is broken."""
    rest, key = divmod(drawn, KEYS)
    broken, version = divmod(rest, VERSIONS)
    name = f"{delivery}-{key}"
    number = "x" if broken and source != "sales" else str(version + 1)
    at = f"{DAY} 10:00:0{version}"
    born, mail, opened = "x" if broken else 1980 + version, f"{name}@example.org", at if version else ""
    return {
        "orders": f"{name},1,{version},A{name},{mail},{at},P{name},{number},1.5,{row}",
        "sales": f"{name},1,A{name},{at},S{name},{number},1.5",
        "customers": f"{name},{version},v{version}{mail},{born},R,{row}",
        "products": f"{name},{version},T{version},food {version},{number},{row}",
        "campaigns": f"K{name},{version},C,A{name},{mail},{at},{number},{opened},{row}",
        "social": json.dumps(
            {
                "post_id": name,
                "version": version,
                "handle": name,
                "posted_at": at,
                "rating": number,
                "row": row,
            }
            | {"text": ["great", "so bad", "food 1, 很好"][version]}
        ),
    }[source]


def hit(delivery: int, file: int, row: int, drawn: int) -> str:
    """A line of a log: a page, an asset, a robot, or no request; many of one address make it a robot."""
    request = ("GET /p/P{} HTTP/1.1", "GET /static/{}.js HTTP/1.1", "GET /c/{} HTTP/1.1", "\\x16{}")[
        drawn % 4
    ]
    agent = "Googlebot/2.1" if drawn == 6 else CHROME
    at = f"{DAY:%d/%b/%Y}:10:00:{row:02} +0800"
    return f'10.0.{delivery}.{drawn % 2} - - [{at}] "{request.format(file)}" 200 5 "-" "{agent}"'


@dataclasses.dataclass(frozen=True)
class Delivery:
    """What one customer's shop delivers on a day: numbers to make records of, by source; files of a log."""

    records: dict[str, list[int]]
    log: list[list[int]]
    chance: int


NUMBERS = st.lists(st.integers(0, 2 * KEYS * VERSIONS - 1), min_size=1, max_size=6)
DELIVERIES = st.builds(
    Delivery,
    st.fixed_dictionaries(dict.fromkeys(HEADS, NUMBERS)),
    st.lists(st.lists(st.integers(0, 7), min_size=1, max_size=6), min_size=1, max_size=3),
    st.integers(0, 1 << 20),
)


def as_drawn(deliveries: Sequence[Delivery]) -> Files:
    """One file of each source with all deliveries, and the files of the logs."""
    files: Files = {
        source: [
            [
                record(source, number, row, drawn)
                for number, delivery in enumerate(deliveries)
                for row, drawn in enumerate(delivery.records[source])
            ]
        ]
        for source in HEADS
    }
    files["web"] = [
        [hit(number, at, row, drawn) for row, drawn in enumerate(lines)]
        for number, delivery in enumerate(deliveries)
        for at, lines in enumerate(delivery.log)
    ]
    return files


def plain(files: Files) -> dict[str, bytes]:
    """The files as they are."""
    return {
        f"{source}/{DAY}_{number:04}": file_bytes(source, lines)
        for source, contents in files.items()
        for number, lines in enumerate(contents)
    }


def split(lines: list[str], draw: random.Random) -> Iterator[list[str]]:
    """The lines in another order, in several files."""
    shuffled = draw.sample(lines, len(lines))
    cuts = sorted(draw.sample(range(1, len(lines)), min(draw.randrange(PARTS), len(lines) - 1)))
    for begin, end in itertools.pairwise([0, *cuts, len(lines)]):
        yield shuffled[begin:end]


def moved(files: Files, draw: random.Random) -> dict[str, bytes]:
    """The same records under other names: split where they have a key, some files twice, some compressed."""
    found: dict[str, bytes] = {}
    for source, contents in files.items():
        parts = contents if source == "web" else [part for lines in contents for part in split(lines, draw)]
        again = [part for part in parts if draw.random() < 0.3]
        names = draw.sample(range(10_000), len(parts) + len(again))
        for name, part in zip(names, [*parts, *again], strict=True):
            content = file_bytes(source, part)
            found[f"{source}/{DAY}_{name}"] = gzip.compress(content) if draw.random() < 0.3 else content
    return found


def file_bytes(source: str, lines: Sequence[str]) -> bytes:
    head = [HEADS[source]] if HEADS.get(source) else []
    return "\n".join([*head, *lines, ""]).encode()


def tables(shop: Project) -> dict[str, list]:
    """All rows without their places, and the sums of the ledger."""
    found: dict[str, list] = {}
    for table in TABLES:
        if table not in (clean.FILE_LEDGER, clean.LEDGER_REASON, clean.REJECT, clean.FILE_COLUMN):
            found[table.full_name] = rows(shop, table)
    found["rejects"] = shop.select(
        f"SELECT source, reason, field, count(*) FROM t WHERE source NOT IN ({AGAIN}) "
        "GROUP BY ALL ORDER BY ALL",
        clean.REJECT,
    )
    found["ledger"] = shop.select(
        "SELECT source, outcome, reason, sum(records)::BIGINT FROM t WHERE reason NOT IN ('duplicate_file', "
        f"'unknown_column') AND (source NOT IN ({AGAIN}) OR outcome = 'clean') GROUP BY ALL ORDER BY ALL",
        clean.LEDGER_REASON,
    )
    found["balance"] = shop.select(
        "SELECT source, sum(clean)::BIGINT, bool_and(records_in = clean + rejected + duplicate + filtered + "
        "suppressed) FROM t GROUP BY ALL ORDER BY ALL",
        clean.FILE_LEDGER,
    )
    return found


def rows(shop: Project, table: Table) -> list[tuple]:
    """A table without columns that say where something stood."""
    kept = [each.name for each in table.columns if not each.provenance and each.name not in PLACES]
    return shop.select(f"SELECT {', '.join(kept)} FROM t ORDER BY ALL", table)


@pytest.fixture(scope="module")
def cleaned(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[dict[str, bytes]], dict[str, list]]]:
    """Cleans files that are delivered on one day, with one engine for all."""
    folder = tmp_path_factory.mktemp("any_order")
    with DuckDBEngine(folder / "scratch", memory="512MB", threads=1) as engine:

        def clean_files(files: dict[str, bytes]) -> dict[str, list]:
            directory: Path = folder / f"{len(list(folder.iterdir()))}"
            directory.mkdir()
            shop = Project(directory, engine, SOURCES)
            for path, content in files.items():
                shop.write(path, content)
            shop.run(DAY)
            return tables(shop)

        yield clean_files


def test_order_repeats_and_splits_change_nothing(
    cleaned: Callable[[dict[str, bytes]], dict[str, list]],
) -> None:
    seen: set[tuple[str, str, str]] = set()

    # the same deliveries in every run: what they must show is asserted below
    @settings(max_examples=RUNS, phases=[Phase.generate], database=None, derandomize=True)
    @given(deliveries=st.lists(DELIVERIES, min_size=TOGETHER, max_size=TOGETHER))
    def equal(deliveries: list[Delivery]) -> None:
        files = as_drawn(deliveries)
        expected = cleaned(plain(files))
        found = cleaned(moved(files, random.Random(sum(each.chance for each in deliveries))))
        for name, wanted in expected.items():
            assert found[name] == wanted, name
        seen.update(row[:3] for row in expected["ledger"])

    equal()
    keyed = {"orders", "campaigns", "social"}
    assert seen >= {(source, "clean", "new") for source in SOURCES}
    assert seen >= {
        (source, "duplicate", reason) for source in keyed for reason in ("same_content", "superseded")
    }
    assert seen >= {(source, "rejected", "bad_number") for source in keyed}
    assert seen >= {("web", "filtered", reason) for reason in ("bot", "asset", "not_http")}
