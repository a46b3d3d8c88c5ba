"""UCI Online Retail with nothing but its example configuration: a year of sales in one dirty export.

Figures: README of the data set.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import sqlalchemy as sa

from persona_pipeline.defs.plan import DAY_LAYERS, LABEL, SNAPSHOT, asset_keys
from persona_pipeline_tests.end_to_end.projects import Project

FIRST, LAST = dt.date(2010, 12, 1), dt.date(2011, 12, 9)
FEATURES_FROM = dt.date(2011, 8, 7)  # a Sunday: enough weeks for a training
MODELS_FROM = dt.date(2011, 12, 4)  # a Sunday: one weekly training, which the last nights use
OUTCOMES = ("clean", "rejected", "duplicate", "filtered", "suppressed")


def example(directory: Path, shared_data: Path, repository: Path, patch: pytest.MonkeyPatch) -> Project:
    """The example project with its data and a given key, so that it runs the same twice; nothing is run."""
    patch.setenv("ONLINE_RETAIL_CSV", str(shared_data / "online_retail" / "online_retail.csv.gz"))
    directory.mkdir()
    shutil.copy2(repository / "examples" / "online_retail" / "persona.toml", directory)
    key = directory / "data" / "key"
    key.parent.mkdir()
    key.write_text("online retail", encoding="ascii")
    key.chmod(0o600)
    return Project(directory)


@pytest.fixture(scope="module")
def retail(
    shared_data: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """Facts of the whole year, features of its last months, models of its last weeks."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("retail") / "online_retail"
        project = example(folder, shared_data, repository, patch)
        wanted = [key for key in asset_keys(project.settings) if key.split("/")[0] in DAY_LAYERS]
        before = MODELS_FROM - dt.timedelta(days=1)
        project.run(FIRST, before, "--select", *wanted, LABEL)
        project.run(FEATURES_FROM, before, "--select", SNAPSHOT)
        yield project.run(MODELS_FROM, LAST)


def totals(project: Project) -> Counter[str]:
    """Records in and the outcomes, over all days of the ledger; each row must balance."""
    found: Counter[str] = Counter()
    for row in project.rows("clean.file_ledger"):
        assert row["records_in"] == sum(int(str(row[name])) for name in OUTCOMES), row["day"]
        for name in ("records_in", *OUTCOMES):
            found[name] += int(str(row[name]))
    return found


def reasons(project: Project) -> Counter[tuple[str, str]]:
    """Records by outcome and reason."""
    found: Counter[tuple[str, str]] = Counter()
    for row in project.rows("clean.ledger_reason"):
        found[str(row["outcome"]), str(row["reason"])] += int(str(row["records"]))
    return found


def count(url: str, statement: str) -> int:
    """The one number of a statement, as BI reads it."""
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        return int(connection.execute(sa.text(statement)).scalar_one())


def rows_by_view(url: str) -> dict[str, int]:
    """The number of rows of every view that BI reads."""
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        views = [name for name in sa.inspect(connection).get_view_names() if name.startswith("v_")]
    return {view: count(url, f"SELECT count(*) FROM {view}") for view in views}


def assert_published(url: str, *, with_predictions: bool) -> None:
    """Personas, rules, offers and order lines without a customer are there; predictions where a model is."""
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        (shown,) = connection.execute(sa.text("SELECT as_of FROM v_publication")).one()
    assert str(shown) == str(LAST)
    views = ("v_persona", "v_customer_profile", "v_association_rule", "v_recommendation")
    assert [view for view in views if count(url, f"SELECT count(*) FROM {view}") == 0] == []
    assert (count(url, "SELECT count(*) FROM v_customer_prediction") > 0) == with_predictions
    assert count(url, "SELECT count(*) FROM v_fct_order_line WHERE customer_id IS NULL") > 0


@pytest.mark.timeout(1800)
def test_the_ledger_shows_every_record(retail: Project) -> None:
    found, by_reason = totals(retail), reasons(retail)
    assert found["records_in"] == 541_909
    assert found["duplicate"] == by_reason["duplicate", "same_content"] == 5_268
    assert by_reason["noted", "missing_customer"] == 135_080
    assert by_reason["noted", "refund"] == 9_288


def test_customers_and_those_with_a_valid_purchase(retail: Project) -> None:
    names = ["identity.map", "features.customer", "facts.basket_item", "clean.order_line"]
    lake = retail.lake(names)
    nothing = pa.scalar(Decimal(0), pa.decimal128(18, 4))
    sold = lake["clean.order_line"].filter(
        (pc.field("order_type") == "sale") & (pc.field("amount") > nothing)
    )
    assert len(set(sold.column("id").to_pylist()) - {None}) == 4_338
    assert len(set(lake["identity.map"].column("id").to_pylist())) == 4_372
    features = lake["features.customer"].select(["day", "orders_ever"]).to_pylist()
    # without four who bought charges only, and ten who gave all their orders back in full
    assert sum(row["day"] == LAST and row["orders_ever"] > 0 for row in features) == 4_324
    assert lake["facts.basket_item"].column("id").null_count > 0


def has_model(project: Project) -> bool:
    return "promoted" in [row["status"] for row in project.rows("scores.model")]


def test_refunds_of_customers_find_what_they_give_back(retail: Project) -> None:
    """Counted beside by a loop over the export: by time, each from the newest purchases that are left."""
    units: Counter[bool] = Counter()
    for row in retail.rows("facts.refund"):
        if row["id"] is not None:
            units[row["sale_line_id"] is not None] += int(str(row["sign"])) * int(float(str(row["quantity"])))
    assert units == {True: 247_461, False: 25_574}


def test_a_propensity_is_judged_and_sqlite_holds_every_kind_of_result(retail: Project) -> None:
    """The best model of this shop is hardly better than recency and frequency alone: promoted or refused."""
    refused = [row for row in retail.rows("scores.model") if row["status"] != "promoted"]
    assert all(any(sign.isdigit() for sign in str(row["status_reason"])) for row in refused), refused
    judged = {row["algorithm"] for row in retail.rows("scores.evaluation") if row["target"] == "buy_30d"}
    assert {"majority", "rfm_logistic", "logistic", "gradient_boosting"} <= judged
    assert_published(retail.settings.warehouse_url, with_predictions=has_model(retail))


@pytest.mark.postgres
def test_postgresql_holds_the_same(retail: Project, tmp_path: Path, postgres_url: str) -> None:
    project = retail.copy(tmp_path / "postgresql")
    toml = project.directory / "persona.toml"
    storage = f"\n[storage]\nwarehouse = '{postgres_url}'\n"
    toml.write_text(toml.read_text(encoding="utf-8") + storage, encoding="utf-8")
    assert project.persona("publish") == 0
    assert_published(postgres_url, with_predictions=has_model(retail))
    assert rows_by_view(postgres_url) == rows_by_view(retail.settings.warehouse_url)


@pytest.mark.proof
@pytest.mark.postgres
@pytest.mark.timeout(3600)
def test_the_whole_export_in_one_run(
    shared_data: Path, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    project = example(tmp_path / "online_retail", shared_data, repository, monkeypatch).run(FIRST, LAST)
    test_the_ledger_shows_every_record(project)
    test_customers_and_those_with_a_valid_purchase(project)
    test_a_propensity_is_judged_and_sqlite_holds_every_kind_of_result(project)
    test_postgresql_holds_the_same(project, tmp_path, postgres_url)
