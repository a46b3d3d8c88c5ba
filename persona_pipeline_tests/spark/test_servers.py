"""Facts, features and scores on a standalone master with two workers, and through Spark Connect."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from persona_pipeline.engine.spark_session import missing
from persona_pipeline_tests.spark.chain import WRITTEN, embedded, table_of
from persona_pipeline_tests.spark.comparing import differences
from persona_pipeline_tests.spark.servers import connect, environment, standalone


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the embedded engine makes of a small shop."""
    folder = tmp_path_factory.mktemp("chain")
    embedded(folder)
    assert all(table_of(folder / "expected", table).num_rows for table in WRITTEN)
    return folder


@pytest.mark.timeout(900)
@pytest.mark.parametrize("server", [standalone, connect])
def test_a_server_gives_equal_tables(
    repository: Path, shop: Path, tmp_path: Path, server: Callable[[Path], AbstractContextManager[str]]
) -> None:
    if server is connect and (problem := missing("sc://localhost")):
        pytest.skip(f"no Spark Connect: {problem}")
    with server(tmp_path / "server") as url:
        program = [sys.executable, "-m", "persona_pipeline_tests.spark.chain", url]
        done = subprocess.run(
            [*program, str(shop / "given"), str(tmp_path / "found")],
            cwd=repository,
            env=environment(tmp_path / "server"),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout) == {"left": []}
    for table in WRITTEN:
        expected = table_of(shop / "expected", table)
        assert differences(table_of(tmp_path / "found", table), expected) == [], table.full_name
    if server is standalone:  # both of them had work
        assert [len(list((tmp_path / "server" / f"worker-{n}").glob("app-*"))) for n in range(2)] == [1, 1]
