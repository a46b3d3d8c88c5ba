"""Who is who, found against planted; `persona verify` judges the demo of 2,000 customers (test_verify)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from persona_pipeline.cli import main
from persona_pipeline.demo import load_truth
from persona_pipeline.demo.identity_truth import identity_quality, planted_pairs
from persona_pipeline_tests.end_to_end.projects import START, Project


def quality(project: Project) -> tuple[float, float]:
    """Pairwise precision and recall of the newest map."""
    log = project.lake(["identity.map"])["identity.map"].to_pandas()
    newest = log.sort_values("day").drop_duplicates(["id_kind", "id"], keep="last")
    found = newest.loc[newest["customer_id"].notna() & (newest["id_kind"] != "contact")]
    truth = load_truth(project.directory).identifiers
    key = project.settings.key.get_secret_value()
    planted = planted_pairs(truth, key, log["day"].max())
    assert len(planted) > 500
    return identity_quality(planted, found.loc[:, ["id_kind", "id", "customer_id"]])


def test_a_small_shop(demo: Project) -> None:
    precision, recall = quality(demo)
    assert precision >= 0.99
    assert recall >= 0.95


@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_fifty_thousand_customers(tmp_path: Path) -> None:
    directory = tmp_path / "large"
    assert main(["generate", str(directory), "--customers", "50000", "--days", "45"]) == 0
    project = Project(directory)
    project.run(
        START, START + dt.timedelta(days=44), "--select", "clean/order_line", "--select", "identity/map"
    )
    precision, recall = quality(project)
    assert precision >= 0.99
    assert recall >= 0.95
