"""A shop whose orders come out of a database gives the tables of the same shop with files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from persona_pipeline_tests.end_to_end.projects import START, Project

LAST = START + dt.timedelta(days=1)
CLEAN = "clean/order_line"
SECTION = """
[sources.orders]
kind = "orders"
format = "sql"
path = "data/raw/orders/answer_{day}.parquet"
url = "${SHOP_DB}"
query = "SELECT * FROM shop_order WHERE ordered_at >= :window_start AND ordered_at < :window_end"
"""


def test_a_database_and_its_export_give_equal_tables(
    shop: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    monkeypatch.setenv("SHOP_DB", url)
    days = [START + dt.timedelta(days=number) for number in range(2)]
    exported, asked = (shop.copy(tmp_path / name) for name in ("exported", "asked"))
    for project in (exported, asked):
        toml = project.directory / "persona.toml"
        head, *sections = toml.read_text(encoding="utf-8").split("[sources.")
        orders = next(section for section in sections if section.startswith("orders]"))
        own = f"[sources.{orders}" if project is exported else SECTION
        toml.write_text(head + own, encoding="utf-8")
        files = sorted(project.orders.glob("*"))
        frames = [
            pd.read_csv(file, dtype=str).assign(day=str(day))
            for day in days
            for file in files
            if file.name == f"orders_{day}.csv"
        ]
        for file in files:
            file.unlink()
        rows = pd.concat(frames)
        # good sales of the day only: what a shop's own database holds
        twice = rows.duplicated(subset=["order_id", "line_no"], keep=False)
        rows = rows.loc[(rows["ordered_at"].str[:10] == rows["day"]) & (rows["type"] == "sale") & ~twice]
        for day, part in rows.groupby("day"):
            if project is exported:
                part.drop(columns="day").to_csv(project.orders / f"orders_{day}.csv", index=False)
        if project is asked:
            with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
                rows.drop(columns="day").to_sql("shop_order", connection, index=False)
        project.run(START, LAST, "--select", CLEAN)
    one, other = (project.rows("clean.order_line") for project in (exported, asked))
    assert len(one) > 20
    kept = ("day", "order_line_id", "sign", "id", "event_at", "quantity", "amount", "content_hash")
    assert _sorted(one, kept) == _sorted(other, kept)

    with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
        connection.execute(sa.text("DROP TABLE shop_order"))
    asked.run(START, LAST, "--select", CLEAN)  # reads what was answered
    assert _sorted(asked.rows("clean.order_line"), kept) == _sorted(other, kept)
    capsys.readouterr()
    following = LAST + dt.timedelta(days=1)
    assert asked.persona("run", "--day", following, "--select", CLEAN) != 0
    assert f"did not answer for {following}" in capsys.readouterr().err


def _sorted(rows: list[dict[str, object]], columns: tuple[str, ...]) -> list[tuple[object, ...]]:
    return sorted((tuple(row[column] for column in columns) for row in rows), key=repr)
