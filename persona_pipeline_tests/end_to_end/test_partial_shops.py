"""Shops that have only some of the sources run all the same; the rest is empty, and says why."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path

import pytest

from persona_pipeline.contracts import LAKE_TABLES
from persona_pipeline.contracts.arrow import arrow_schema
from persona_pipeline_tests.end_to_end.projects import START, Project

LAST = START + dt.timedelta(days=7)  # the Monday after the first Sunday


def with_only(shop: Project, directory: Path, *names: str) -> Project:
    """A copy of the shop in which only these sources are configured."""
    project = shop.copy(directory)
    file = project.directory / "persona.toml"
    head, *sections = file.read_text(encoding="utf-8").split("[sources.")
    kept = [section for section in sections if section.split("]", 1)[0] in names]
    assert len(kept) == len(names)
    file.write_text(head + "".join(f"[sources.{section}" for section in kept), encoding="utf-8")
    assert set(tomllib.loads(file.read_text(encoding="utf-8"))["sources"]) == set(names)
    return project


@pytest.mark.parametrize(
    ("names", "filled", "empty"),
    [
        (
            ("orders",),
            ("clean.order_line", "facts.order_day", "features.customer", "profiles.customer_profile"),
            ("clean.web_hit", "clean.social_post", "facts.session", "facts.contact_day"),
        ),
        (
            ("web", "customers"),
            ("clean.web_hit", "clean.customer", "facts.session", "identity.map", "features.customer",
             "profiles.customer_profile"),
            ("clean.order_line", "facts.order_day", "facts.basket_item", "scores.prediction"),
        ),
    ],
)  # fmt: skip
def test_a_shop_with_some_sources(
    shop: Project,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    names: tuple[str, ...],
    filled: tuple[str, ...],
    empty: tuple[str, ...],
) -> None:
    project = with_only(shop, tmp_path / "shop", *names)
    project.run(START, LAST)
    lake = project.lake()
    assert [name for name in filled if not lake[name].num_rows] == []
    assert [name for name in empty if lake[name].num_rows] == []
    for name in empty:
        assert lake[name].schema.equals(arrow_schema(LAKE_TABLES[name])), f"{name} is not typed"
    columns = set(lake["features.customer"].column_names)
    assert ("orders_30d" in columns) == ("orders" in names)
    assert ("sessions_30d" in columns) == ("web" in names)
    capsys.readouterr()
    project.persona("check")
    told = capsys.readouterr().out
    assert "left out: needs a source of kind" in told
    assert (project.directory / "report" / "index.html").stat().st_size > 10_000
