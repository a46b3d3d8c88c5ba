"""A project with `kind = "spark"`: its lake and its warehouse are those of the embedded engine."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from persona_pipeline.cli import main
from persona_pipeline_tests.end_to_end.projects import START, Project
from persona_pipeline_tests.spark.comparing import differences
from persona_pipeline_tests.spark.conftest import MASTER

LAST = START + dt.timedelta(days=1)
PROVENANCE = {"run_id", "committed_at"}


@pytest.mark.timeout(900)
def test_a_project_of_spark_writes_the_same_tables(tmp_path: Path) -> None:
    assert main(["generate", str(tmp_path / "one"), "--customers", "60", "--days", "2"]) == 0
    (tmp_path / "one" / "data" / "key").write_text("the key of both", encoding="ascii")
    (tmp_path / "one" / "data" / "key").chmod(0o600)
    one = Project(tmp_path / "one")
    other = one.copy(tmp_path / "other")
    with (other.directory / "persona.toml").open("a", encoding="utf-8") as file:
        file.write(f'\n[engine]\nkind = "spark"\nmaster = "{MASTER}"\nprocesses = 1\n')
    expected, found = one.run(START, LAST).lake(), other.run(START, LAST).lake()
    for name, table in expected.items():
        kept = [column for column in table.column_names if column not in PROVENANCE]
        assert differences(found[name].select(kept), table.select(kept)) == [], name
    assert other.views().keys() == one.views().keys()
    assert {name: len(rows) for name, rows in other.views().items()} == {
        name: len(rows) for name, rows in one.views().items()
    }
