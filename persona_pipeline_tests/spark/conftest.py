"""A Spark session within this process, and where the tests say why they are skipped without one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.spark import SparkEngine
from persona_pipeline.engine.spark_session import missing, stop_session

MASTER = "local[2]"


@pytest.fixture(scope="session", autouse=True)
def _spark_is_there() -> Iterator[None]:
    """Without pyspark or Java every test here is skipped with the reason; `make test-spark` has both."""
    if problem := missing(MASTER):
        pytest.skip(f"no Spark: {problem}")
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    yield
    stop_session()


@pytest.fixture
def spark(tmp_path: Path) -> Iterator[SparkEngine]:
    """A Spark engine with a scratch folder of its own."""
    with SparkEngine(tmp_path / "spark scratch [1]", master=MASTER) as engine:
        yield engine


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[DuckDBEngine]:
    """The embedded engine, which tells what is right."""
    with DuckDBEngine(tmp_path / "scratch", memory="512MB", threads=2) as engine:
        yield engine
