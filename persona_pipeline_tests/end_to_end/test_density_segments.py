"""A shop of three planted kinds of customers and a few of no kind, with segments by density.

Two weekly fits and a night by the whole pipeline: the kinds are the segments, the others are outliers.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections import defaultdict

import numpy as np
import pytest
import sqlalchemy as sa

from persona_pipeline.contracts.pseudonym import pseudonym
from persona_pipeline_tests.end_to_end.projects import Project

SATURDAY = dt.date(2025, 1, 11)
SUNDAYS = (SATURDAY + dt.timedelta(days=1), SATURDAY + dt.timedelta(days=8))
MONDAY = SATURDAY + dt.timedelta(days=9)
KEY = "of the planted kinds"
# customers who are there from the first day on, and those who come in the second week
FIRST, LATER = 40, 6
# kind -> orders, products of an order, price, share of the price given as discount
KINDS = {"often": (6, 1, 20.0, 0.0), "large": (4, 6, 40.0, 0.0), "cheap": (4, 2, 4.0, 0.3)}
# of no kind, each of its own: the same four figures
STRANGERS = ((12, 9, 900.0, 0.9), (9, 3, 2_000.0, 0.5), (4, 12, 0.5, 0.0), (14, 1, 5_000.0, 0.7))
SETTINGS = f"""
[project]
name = "kinds"
start = {SATURDAY}
currency = "EUR"

[sources.orders]
kind = "orders"
path = "data/orders.csv"
known_at = "event"
through = {MONDAY}
identity = "whole_row"
"""


def planted() -> list[dict[str, object]]:
    """Order lines. A customer's figures lie evenly around those of its kind, without tails."""
    rng = np.random.default_rng(5)
    people = [
        (f"{kind}_{n}", figures, SATURDAY if n < FIRST else SATURDAY + dt.timedelta(days=7))
        for kind, figures in KINDS.items()
        for n in range(FIRST + LATER)
    ]
    people += [(f"stranger_{n}", figures, SATURDAY) for n, figures in enumerate(STRANGERS)]
    rows: list[dict[str, object]] = []
    for name, (orders, products, price, discount), day in people:
        level = price * float(rng.uniform(0.9, 1.1))
        for order in range(orders):
            for line in range(products):
                rows.append(
                    {
                        "order_id": f"{name}-{order}", "line_no": line, "account_id": name,
                        "product_id": f"p{order + line}", "quantity": 1, "unit_price": round(level, 2),
                        "discount": round(level * discount, 2), "ordered_at": f"{day} {6 + order:02}:00:00",
                    }
                )  # fmt: skip
    return rows


@pytest.fixture(scope="module")
def by_dbscan(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """All ten days in one range."""
    project = Project(tmp_path_factory.mktemp("kinds") / "shop")
    data = project.directory / "data"
    data.mkdir(parents=True)
    settings = SETTINGS + '\n[segmentation]\nalgorithm = "dbscan"\n'
    (project.directory / "persona.toml").write_text(settings, encoding="utf-8")
    (data / "key").write_text(KEY, encoding="ascii")
    (data / "key").chmod(0o600)
    rows = planted()
    with (data / "orders.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return project.run(SATURDAY, MONDAY)


@pytest.fixture(scope="module")
def by_hdbscan(by_dbscan: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same days; both weeks fitted again with the other algorithm, then the night after."""
    project = by_dbscan.copy(tmp_path_factory.mktemp("kinds") / "shop")
    file = project.directory / "persona.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('"dbscan"', '"hdbscan"'), encoding="utf-8")
    return project.run(*SUNDAYS, "--select", "segments/fit").run(MONDAY)


@pytest.fixture(params=["dbscan", "hdbscan"])
def fitted(request: pytest.FixtureRequest) -> tuple[str, Project]:
    """The algorithm and its project."""
    return request.param, request.getfixturevalue(f"by_{request.param}")


def kinds(project: Project) -> dict[str, str]:
    """The planted kind of each customer, by the pseudonym of its account."""
    key = KEY.encode()
    accounts = {str(row["account_id"]) for row in planted()}
    of_account = {pseudonym(key, "account", name): name.split("_")[0] for name in accounts}
    return {str(row["customer_id"]): of_account[str(row["id"])] for row in project.rows("identity.map")}


def test_kinds_are_segments_and_strangers_are_outliers(fitted: tuple[str, Project]) -> None:
    algorithm, project = fitted
    fits = project.rows("segments.fit")
    assert [(row["day"], row["status"], row["algorithm"], row["chosen_k"]) for row in fits] == [
        (sunday, "promoted", algorithm, 3) for sunday in SUNDAYS
    ]
    kind = kinds(project)
    found: dict[str, set] = defaultdict(set)
    for row in project.rows("segments.membership"):
        if row["as_of"] == MONDAY:
            found[kind[str(row["customer_id"])]].add((row["segment_key"], row["is_outlier"]))
    assert found.pop("stranger") == {(None, True)}
    assert found.keys() == KINDS.keys()
    placed = [member for each in found.values() for member in each]
    assert sorted(placed) == [("s01", False), ("s02", False), ("s03", False)], "one segment for each kind"
    changes = {(row["day"], row["segment_key"]): row["change"] for row in project.rows("segments.segment")}
    assert changes == {
        (day, key): change
        for day, change in zip(SUNDAYS, ("born", "kept"), strict=True)
        for key in ("s01", "s02", "s03")
    }


def test_personas_warehouse_and_report_name_the_outliers(fitted: tuple[str, Project]) -> None:
    _, project = fitted
    database = sa.create_engine(project.settings.warehouse_url, poolclass=sa.NullPool)
    with database.connect() as connection:
        personas = connection.execute(
            sa.text("SELECT customers, share, as_of FROM v_persona ORDER BY segment_key")
        ).all()
        outliers = connection.execute(
            sa.text("SELECT customer_id FROM v_customer_profile WHERE is_outlier AND segment_key IS NULL")
        ).all()
        segments = connection.execute(sa.text("SELECT count(*) FROM v_dim_segment")).scalar_one()
        tagged = connection.execute(
            sa.text("SELECT count(*) FROM v_customer_tag WHERE tag_group = 'segment'")
        ).scalar_one()
    size = FIRST + LATER
    assert [row[0] for row in personas] == [size] * 3
    assert [row[1] for row in personas] == pytest.approx([1 / 3] * 3), "of those who have a segment"
    assert {str(row[2]) for row in personas} == {str(MONDAY)}
    strangers = {name for name, kind in kinds(project).items() if kind == "stranger"}
    assert {row[0] for row in outliers} == strangers
    assert (segments, tagged) == (3, 3 * size)
    report = (project.directory / "report" / "index.html").read_text(encoding="utf-8")
    share = f"{len(STRANGERS) / (len(STRANGERS) + 3 * size):.1%}"
    # why these segments, in both languages
    for words in (f"{share} outliers", f"离群 {share}"):
        assert words in report
