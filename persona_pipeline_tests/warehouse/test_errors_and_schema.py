"""Databases that cannot be used end in one clear line; a schema that grew keeps what is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from persona_pipeline.contracts import Type
from persona_pipeline.contracts.column import Column
from persona_pipeline.warehouse import WarehouseError, current, ensure_schema, publications, publish, rollback
from persona_pipeline.warehouse.rows import minor_per_unit
from persona_pipeline_tests.warehouse.conftest import numbers, rows
from persona_pipeline_tests.warehouse.lake import FEATURES, FIRST, KEY, MONDAY, NOON, Lake


def test_an_unreachable_database_is_one_line_without_the_password(lake: Lake) -> None:
    with pytest.raises(WarehouseError) as caught:
        lake.publish("postgresql+psycopg://reporter:s3cret@127.0.0.1:1/shop")
    message = str(caught.value)
    assert "postgresql+psycopg://reporter:***@127.0.0.1:1/shop" in message
    assert "s3cret" not in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("not a url with s3cret", "the warehouse URL cannot be read; expected for example sqlite:///"),
        (
            "sqlite:////nowhere/at/all/w.db",
            r"the folder of the warehouse sqlite:////nowhere/at/all/w.db does not exist",
        ),
        ("nosuchdb://host/x", "needs a driver that is not installed"),
    ],
)
def test_a_url_that_cannot_be_used(lake: Lake, url: str, message: str) -> None:
    with pytest.raises(WarehouseError, match=message) as caught:
        lake.publish(url)
    assert "s3cret" not in str(caught.value)


def test_a_warehouse_that_does_not_exist_yet(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/none.db"
    assert (current(url), publications(url)) == (None, [])
    with pytest.raises(WarehouseError, match="does not exist; publish first"):
        rollback(url)
    assert not (tmp_path / "none.db").exists()


def test_views_are_empty_and_there_before_the_first_publication(url: str) -> None:
    ensure_schema(url, FEATURES)
    ensure_schema(url, FEATURES)
    assert rows(url, "SELECT * FROM v_customer_profile") == []
    assert current(url) is None


def test_a_new_feature_adds_a_column_and_older_publications_stay(lake: Lake, url: str) -> None:
    lake.publish(url)
    wider = FEATURES.with_columns([Column("refunds_30d", Type.INTEGER, "Refunds", nullable=True)])
    lake.put(wider, MONDAY, {"customer_id": "c_a", "refunds_30d": 4})
    publish(
        lake.engine, url, lake.read, lake.versions, wider, first=FIRST, as_of=MONDAY, run_id="r",
        published_at=NOON, currency="CNY", key=KEY,
    )  # fmt: skip
    assert numbers(rows(url, "SELECT customer_id, refunds_30d FROM v_customer_profile ORDER BY 1")) == [
        ("c_a", 4), ("c_b", None), ("c_c", None),
    ]  # fmt: skip
    rollback(url, 1)
    profiles = rows(url, "SELECT customer_id, sales_30d, refunds_30d FROM v_customer_profile ORDER BY 1")
    assert numbers(profiles) == [
        ("c_a", 32.5, None), ("c_b", 25, None), ("c_c", None, None),
    ]  # fmt: skip


@pytest.mark.parametrize(("currency", "minor"), [("CNY", 100), ("JPY", 1), ("KWD", 1000), ("EUR", 100)])
def test_minor_units(currency: str, minor: int) -> None:
    assert minor_per_unit(currency) == minor
