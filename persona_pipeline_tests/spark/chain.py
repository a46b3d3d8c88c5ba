"""Facts, features and scores of a small shop on any engine; run alone it does so on the Spark of a URL.

Here: what is run. A session of another master needs a process of its own: `python -m
persona_pipeline_tests.spark.chain MASTER INPUT OUTPUT`.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from persona_pipeline.contracts import Table
from persona_pipeline.contracts.behaviour import BASKET_ITEM, MAP, ORDER_DAY
from persona_pipeline.contracts.clean import CUSTOMER, ORDER_LINE, PRODUCT
from persona_pipeline.contracts.models import PREDICTION
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.protocol import Engine, Output, Relation, Window
from persona_pipeline.engine.spark import SparkEngine
from persona_pipeline.features.catalogue import feature_table, load_catalogue
from persona_pipeline.features.customer import snapshot
from persona_pipeline.features.facts import basket_item_window, order_day_window
from persona_pipeline.lake.model_store import FileModelStore
from persona_pipeline.propensity.apply import RANKED, score_batch
from persona_pipeline.propensity.calibration import Calibrator
from persona_pipeline.propensity.candidates import LOGISTIC, Columns, fit_algorithms
from persona_pipeline.propensity.frame import scoring_sql
from persona_pipeline.propensity.model import build_model, from_bytes, stored_score, to_bytes
from persona_pipeline_tests.features.history import Row, as_arrow, customer, day, order_line, product

CATALOGUE = load_catalogue(available=frozenset({"orders", "customers"}))
FEATURES = feature_table(CATALOGUE)
COLUMNS = (("recency_days", "orders_90d", "sales_90d"), ("gender",))
CUSTOMERS, DAYS = 40, 30
AS_OF = day(DAYS - 1)
WRITTEN = (ORDER_DAY, BASKET_ITEM, FEATURES, PREDICTION)


def given() -> dict[str, tuple[Table, list[Row]]]:
    """Clean rows of a shop: some orders are late, some are given back."""
    random = np.random.default_rng(7)
    names = [f"account {number} 客" for number in range(CUSTOMERS)]
    lines, first = [], {}
    for number in range(CUSTOMERS * 6):
        who, known = names[random.integers(CUSTOMERS)], int(random.integers(3, DAYS))
        item = {"product_id": f"p{random.integers(1, 5)}", "quantity": Decimal(int(random.integers(1, 4)))}
        event = {"event_day": day(known - int(random.integers(3))), "id": who}
        lines.append(order_line(known, order_id=f"o{number}", **item, **event))
        if number % 9 == 0 and known < DAYS - 1:
            back = order_line(known + 1, order_id=f"o{number}", **item, **event)
            lines.append(back | {"sign": -1})
        first[who] = min(first.get(who, day(known)), day(known))
    members = [
        {"day": since, "id_kind": "account", "id": who, "customer_id": f"c{who}"}
        for who, since in first.items()
    ]
    genders = [customer(0, who, gender=("female", "male")[at % 2]) for at, who in enumerate(names[::3])]
    products = [product(0, "p1", "tea"), product(9, "p1", "茶"), product(4, "p2", "books")]
    return {
        "order_line": (ORDER_LINE, lines),
        "map": (MAP, members),
        "customer": (CUSTOMER, genders),
        "product": (PRODUCT, products),
    }


def prepare(folder: Path) -> None:
    """Write the clean rows."""
    folder.mkdir()
    for name, (table, rows) in given().items():
        pq.write_table(as_arrow(table, rows), folder / f"{name}.parquet")


def fit(folder: Path, features: pa.Table) -> None:
    """Fit a model to features and keep its bytes: who bought much more often than seldom."""
    frame = features.to_pandas()
    frame[list(COLUMNS[0])] = frame[list(COLUMNS[0])].astype(np.float32)
    bought = frame["orders_90d"].to_numpy() > frame["orders_90d"].median()
    columns = Columns(*COLUMNS, ("recency_days",))
    pipeline = fit_algorithms([LOGISTIC], frame, bought, columns, 7)[LOGISTIC]
    calibrator = Calibrator().fit(stored_score(pipeline, frame), bought)
    model = build_model("buy_30d", LOGISTIC, pipeline, calibrator, columns, [])
    (folder / "model").write_text(FileModelStore(folder / "models").put(to_bytes(model)), encoding="ascii")


def run(engine: Engine, given_in: Path, folder: Path) -> None:
    """Facts and features; scores as well once there is a model."""
    tables = {"order_line": ORDER_LINE, "map": MAP, "customer": CUSTOMER, "product": PRODUCT}
    files = {table.full_name: [str(given_in / f"{name}.parquet")] for name, table in tables.items()}

    def read(table: Table, first: dt.date | None, last: dt.date | None) -> Relation:
        return Relation(tuple(files.get(table.full_name, ())), table)

    def output(table: Table) -> Output:
        return Output(table, folder / table.full_name, 0)

    window = Window(day(0), AS_OF)
    facts = {
        ORDER_DAY: order_day_window(engine, read, output(ORDER_DAY), window, 35),
        BASKET_ITEM: basket_item_window(engine, read, output(BASKET_ITEM), window),
    }
    files |= {table.full_name: [str(file.path) for file in written] for table, written in facts.items()}
    written = snapshot(engine, read, output(FEATURES), CATALOGUE, [day(19), AS_OF])
    if (given_in / "model").exists():
        model = from_bytes(FileModelStore(given_in / "models").get((given_in / "model").read_text()))
        features = Relation(tuple(str(file.path) for file in written), FEATURES)
        cohort = engine.stage(scoring_sql(COLUMNS, ()), {"features": features})
        scored = engine.map_batches(cohort, score_batch(model, "buy_30d-1"), rows=7)
        assert isinstance(scored, Relation)
        engine.select_into(RANKED, {"scored": scored}, output(PREDICTION))


def table_of(folder: Path, table: Table) -> pa.Table:
    """All rows that a run wrote of one table."""
    paths = sorted((folder / table.full_name).glob("day=*/*.parquet"))
    return pa.concat_tables([pq.read_table(path, partitioning=None) for path in paths])


def embedded(folder: Path) -> None:
    """Clean rows, a model and what the embedded engine makes of them: `given` and `expected`."""
    prepare(folder / "given")
    with DuckDBEngine(folder / "scratch", memory="512MB", threads=2) as engine:
        run(engine, folder / "given", folder / "first")
        fit(folder / "given", table_of(folder / "first", FEATURES))
        run(engine, folder / "given", folder / "expected")


if __name__ == "__main__":
    master, given_in, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    with SparkEngine(folder / "scratch", master=master, memory="512MB") as spark:
        run(spark, given_in, folder)
        left = [str(path) for path in folder.glob("*/spark-*")]
        sys.stdout.write(json.dumps({"left": left}))
