"""`persona verify`: figures against the planted truth; small for their shape, the demo for their goals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from persona_pipeline.cli import main
from persona_pipeline_tests.end_to_end.projects import Project

Figures = dict[str, dict[str, object]]
TARGETS = ("buy_30d", "churn_60d")


def verified(project: Project, capsys: pytest.CaptureFixture[str]) -> tuple[int, Figures]:
    """The exit code of `persona verify --json` and its figures by name."""
    capsys.readouterr()
    code = project.persona("verify", "--json")
    figures = json.loads(capsys.readouterr().out)
    assert all(figure.keys() == {"name", "found", "goal", "holds"} for figure in figures)
    return code, {figure["name"]: figure for figure in figures}


def test_a_small_shop(demo: Project, capsys: pytest.CaptureFixture[str]) -> None:
    code, figures = verified(demo, capsys)
    for name in ("ledger counts that differ from the planted ones", "files whose ledger does not balance"):
        assert (figures[name]["found"], figures[name]["holds"]) == (0, True), figures[name]
    assert figures["planted non-rules found"]["holds"] is True
    assert isinstance(figures["planted rules found"]["found"], int)
    for target in TARGETS:
        # 23 days hold no outcome of 30 days: too little data is a refusal
        assert figures[f"{target}: weeks with a promoted model"]["found"] == 0
    assert "ARI of segments and personas" in figures
    assert code == 1, "a figure that misses its goal is exit code 1"


def test_a_shop_without_a_planted_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path / "own")]) == 0
    capsys.readouterr()
    assert main(["verify", "--project", str(tmp_path / "own")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "only projects made by `persona generate` have a truth" in lines[0]


def test_a_ceiling_of_too_few_days(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = ["generate", str(tmp_path / "shop"), "--customers", "20"]
    assert main([*shop, "--days", "40", "--ceiling", "100"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "churn_60d: 40 days hold no Sunday with 60 days after; generate more days" in lines[0]


@pytest.mark.timeout(1800)
def test_the_demo_holds_every_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERSONA_KEY", "the same in every run")
    assert main(["demo", str(tmp_path / "demo")]) == 0
    project = Project(tmp_path / "demo")
    code, figures = verified(project, capsys)
    assert [figure for figure in figures.values() if not figure["holds"]] == []
    assert code == 0
    for target in TARGETS:
        assert f"{target}: AUC of the champion out of time" in figures
        assert f"{target}: log loss of the champion" in figures
