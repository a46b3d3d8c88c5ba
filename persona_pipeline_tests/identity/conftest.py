"""Fixtures of the identity room."""

from __future__ import annotations

from pathlib import Path

import pytest

from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline_tests.features.history import FolderLake


@pytest.fixture
def lake(engine: DuckDBEngine, tmp_path: Path) -> FolderLake:
    return FolderLake(tmp_path / "lake", engine)
