"""`persona features`, and how commands tell a catalogue that cannot be used: one line, nothing written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from persona_pipeline.cli import main
from persona_pipeline.features.catalogue import load_catalogue
from persona_pipeline.settings import KEY_VARIABLE

TOML = """
[project]
start = 2025-01-06
currency = "CNY"
[sources.orders]
kind = "orders"
path = "raw/o_{day}.csv"
[features]
catalogue = "features.toml"
"""
OWN = """
[defaults]
owner = "team:shop"
sensitivity = "personal"
purpose = ["analytics", "segmentation"]

[[feature]]
name = "large_baskets"
description_en = "Baskets of three products or more {window}"
description_zh = "{window}内含三种及以上商品的购物篮数"
source = "basket"
aggregation = "count"
filter = [{ column = "products", at_least = 3 }]
windows = [30]
type = "integer"
unit = "basket"
missing = "zero"

[[derived]]
name = "large_basket_share"
description_en = "Baskets of three products or more per order {window}"
description_zh = "{window}内每单含三种及以上商品的购物篮数"
operation = "ratio"
numerator = "large_baskets_{window}"
denominator = "orders_{window}"
windows = [30]
type = "double"
unit = "ratio"
missing = "null"
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with orders of one day and a catalogue of its own; it was not run."""
    monkeypatch.setenv(KEY_VARIABLE, "a key for tests")
    (tmp_path / "persona.toml").write_text(TOML, encoding="utf-8")
    (tmp_path / "features.toml").write_text(OWN, encoding="utf-8")
    (tmp_path / "raw").mkdir()
    head = "order_id,ordered_at,product_id,quantity,unit_price\n"
    (tmp_path / "raw" / "o_2025-01-06.csv").write_text(head, encoding="utf-8")
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], project: Path, *arguments: str) -> dict:
    """What `persona features ... --json` says."""
    capsys.readouterr()
    assert main(["features", *arguments, "--json", "--project", str(project)]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_list_has_what_the_sources_tell_and_says_what_they_do_not(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = told(capsys, project)
    rows = {row["name"]: row for row in found["features"]}
    assert rows["large_baskets_30d"] == {
        "name": "large_baskets_30d",
        "meaning": "Baskets of three products or more in the last 30 days",
        "type": "integer",
        "unit": "basket",
        "window": 30,
        "missing": "zero",
        "purpose": ["analytics", "segmentation"],
    }
    assert rows["recency_days"]["window"] == "ever"
    assert "cancelled_sales_90d" not in rows, "a hidden feature is no column"
    assert found["left_out"]["sessions_30d"] == "needs a source of kind web"
    assert len(rows) + len(found["left_out"]) == len(load_catalogue().outputs) + 2
    assert main(["features", "--project", str(project)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split()[:1] == ["large_baskets_30d"] for line in lines)
    assert "left out: sessions_30d: needs a source of kind web" in lines


def test_a_feature_is_explained_down_to_its_clean_columns(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    share, inner, lost = told(
        capsys, project, "large_basket_share_30d", "cancelled_sales_90d", "sessions_30d"
    )
    assert share["operation"] == "ratio"
    assert share["inputs"] == ["large_baskets_30d", "orders_30d"]
    assert share["declared_in"] == "features.toml"
    assert share["owner"] == "team:shop"
    assert {"facts.basket_item.product_id", "facts.order_day.orders"} <= set(share["facts"])
    assert {"clean.order_line.product_id", "clean.order_line.amount"} <= set(share["clean_columns"])
    assert not [name for name in share["clean_columns"] if name.startswith("facts.basket")]
    assert inner["column"] is False
    assert inner["used_by"] == ["kept_sales_90d"]
    assert lost == {"name": "sessions_30d", "left_out": "needs a source of kind web"}


def test_the_meaning_is_in_the_language_of_the_project(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = project / "persona.toml"
    file.write_text(
        file.read_text(encoding="utf-8").replace('"CNY"', '"CNY"\nlanguage = "zh"'), encoding="utf-8"
    )
    (share,) = told(capsys, project, "large_baskets_30d")
    assert share["meaning"] == "最近 30 天内含三种及以上商品的购物篮数"
    assert share["conditions"] == ["products at_least 3"]


def test_the_page_of_a_project_has_its_own_features(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = project / "docs" / "features.md"
    assert main(["features", "--markdown", str(page), "--project", str(project)]) == 0
    text = page.read_text(encoding="utf-8")
    assert (
        "| `large_basket_share_30d` | Baskets of three products or more per order in the last 30 days |"
        in text
    )
    assert "`features.toml`" in text
    assert "- `sessions_30d`: needs a source of kind web" in text
    assert str(page) in capsys.readouterr().out
    assert main(["features", "--markdown", str(project), "--project", str(project)]) == 2
    assert "cannot be written: Is a directory; name another file" in capsys.readouterr().err


def test_a_misspelt_name_is_one_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["features", "large_basket_30d", "--project", str(project)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(
        "persona: no feature 'large_basket_30d' in this project; did you mean 'large_basket"
    )


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            "features.toml",
            '"products"',
            '"product"',
            "features.toml: feature large_baskets: filter on 'product'; did you mean 'products'?",
        ),
        (
            "persona.toml",
            "[features]",
            '[segmentation]\nfeatures = ["orders_90d", "large_baskets_7d"]\n[features]',
            "[segmentation] features names 'large_baskets_7d', which is no column of features.customer; "
            "did you mean 'large_baskets_30d'?",
        ),
        (
            "persona.toml",
            "[features]",
            '[segmentation]\nfeatures = ["sessions_90d"]\n[features]',
            "features names sessions_90d, which needs a source of kind web; add one, or remove it",
        ),
        ("persona.toml", '"features.toml"', '"other.toml"', "no feature catalogue at"),
    ],
)
def test_a_catalogue_that_cannot_be_used_is_one_line_of_every_command(
    project: Path, capsys: pytest.CaptureFixture[str], file: str, old: str, new: str, said: str
) -> None:
    text = (project / file).read_text(encoding="utf-8")
    assert old in text
    (project / file).write_text(text.replace(old, new), encoding="utf-8")
    before = sorted(project.rglob("*"))
    for command, code in (("run", 2), ("check", 2), ("features", 2)):
        arguments = ["--day", "2025-01-06"] if command == "run" else []
        assert main([command, *arguments, "--project", str(project)]) == code
        streams = capsys.readouterr()
        (line,) = streams.err.splitlines()
        assert line.startswith("persona: ")
        assert said in line
        assert streams.out == ""
    assert main(["doctor", "--project", str(project)]) == 1
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("error   features: ")]
    assert said in line
    assert sorted(project.rglob("*")) == before
