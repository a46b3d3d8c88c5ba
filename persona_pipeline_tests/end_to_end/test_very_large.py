"""200,000 customers over 240 days from raw files to segments, within the default limit of memory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from persona_pipeline.cli import main
from persona_pipeline.contracts import models
from persona_pipeline.defs.plan import asset_keys
from persona_pipeline.settings import EngineSettings
from persona_pipeline_tests.end_to_end.projects import START, Project
from persona_pipeline_tests.end_to_end.test_verify import verified

LAST = dt.date(2025, 9, 2)
LAYERS = ("clean", "vault", "identity", "facts", "features", "segments")

pytestmark = [pytest.mark.proof, pytest.mark.timeout(3 * 3600)]


def wanted(project: Project) -> Iterator[str]:
    for weekly in (False, True):
        yield from (key for key in asset_keys(project.settings, weekly=weekly) if key.startswith(LAYERS))


def test_segments_of_two_hundred_thousand_customers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = tmp_path / "shop"
    assert main(["generate", str(directory), "--customers", "200000", "--ceiling", "200000"]) == 0
    project = Project(directory)
    assert project.settings.engine == EngineSettings()
    project.run(START, LAST, "--select", *wanted(project))
    figures = verified(project, capsys)[1]
    figure = figures["ARI of segments and personas"]
    segments = project.rows(models.SEGMENT.full_name)
    keys = {str(row["segment_key"]) for row in segments}
    with capsys.disabled():
        print(f"\n{figure}\nkeys ever used: {sorted(keys)}")  # noqa: T201 - a proof shows its figures
    assert figure["holds"], figure
    # no persona changed its key in 34 weekly fits
    assert keys == {str(row["segment_key"]) for row in segments if row["day"] == LAST - dt.timedelta(days=2)}
