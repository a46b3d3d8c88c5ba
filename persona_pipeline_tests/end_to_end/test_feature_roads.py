"""A demo shop run night by night: its features as written, computed again in other ways, by the reference."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import pytest

from persona_pipeline.defs.shop import Shop
from persona_pipeline.engine.protocol import Relation
from persona_pipeline.features.customer import for_customers, snapshot
from persona_pipeline_tests.end_to_end.conftest import make_shop
from persona_pipeline_tests.end_to_end.projects import START, Project
from persona_pipeline_tests.features.history import Row
from persona_pipeline_tests.features.reference import features
from persona_pipeline_tests.features.test_parity import same

HISTORY, NIGHTS = 20, 14
# where the reference finds what it reads
TABLES = {
    "order_line": "clean.order_line",
    "product": "clean.product",
    "customer": "clean.customer",
    "post": "clean.social_post",
    "contact": "clean.campaign_contact",
    "session": "facts.session",
    "product_view": "facts.product_view",
    "refund": "facts.refund",
    "map": "identity.map",
}
Rows = dict[tuple[dt.date, str], Row]


@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_fifty_customers_on_ten_days(tmp_path: Path) -> None:
    rng = random.Random(7)
    nights = [START + dt.timedelta(days=HISTORY + number) for number in range(NIGHTS)]
    project = make_shop(tmp_path / "shop", 150, HISTORY + NIGHTS).run(START, nights[0] - dt.timedelta(days=1))
    for night in nights:
        project.run(night)
    days = sorted(rng.sample(nights, 10))
    written = by_customer(project.rows("features.customer"), days)
    customers = rng.sample(sorted({customer for _, customer in written}), 50)
    written = {key: row for key, row in written.items() if key[1] in customers}
    assert len({day for day, _ in written}) == 10
    ranged = project.copy(tmp_path / "range").run(
        nights[0], nights[-1], "--select", "features/customer", "--snapshots", "daily"
    )
    equal(written, by_customer(ranged.rows("features.customer"), days, customers))
    shop = Shop(ranged.settings)
    with shop.engine() as engine:
        for day in days:
            of_day = {key: row for key, row in written.items() if key[0] == day}
            files = snapshot(engine, shop.lake.read, shop.lake.output(shop.features), shop.catalogue, [day])
            computed = Relation(tuple(str(file.path) for file in files), shop.features)
            table = engine.fetch("SELECT * FROM computed", {"computed": computed})
            equal(of_day, by_customer(table.to_pylist(), [day], customers))
            looked_up = for_customers(engine, shop.lake.read, shop.catalogue, customers, day)
            equal(of_day, by_customer(looked_up.to_pylist(), [day]))
    reference_agrees(project, rng.sample(sorted(written), 12), written)


def by_customer(
    rows: list[dict[str, object]], days: list[dt.date], customers: list[str] | None = None
) -> Rows:
    found: Rows = {(row["as_of"], str(row["customer_id"])): row for row in rows}
    return {
        (day, customer): row
        for (day, customer), row in found.items()
        if day in days and (customers is None or customer in customers)
    }


def equal(expected: Rows, found: Rows) -> None:
    """The same customers on the same days with the same features."""
    assert found.keys() == expected.keys()
    wrong = {
        (key, name): (found[key][name], value)
        for key, row in expected.items()
        for name, value in row.items()
        if not same(found[key][name], value)
    }
    assert wrong == {}


def reference_agrees(project: Project, keys: list[tuple[dt.date, str]], written: Rows) -> None:
    history = {name: project.rows(table) for name, table in TABLES.items()}
    for day, customer in keys:
        expected = features(history, customer, day)
        row = written[day, customer]
        wrong = {name: (row[name], value) for name, value in expected.items() if not same(row[name], value)}
        assert wrong == {}, (day, customer)
