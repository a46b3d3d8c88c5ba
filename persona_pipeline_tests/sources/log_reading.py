"""Reads the lines of one log with a source: rows of records as `split_access_logs` makes them."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.sources.fingerprint import fingerprint
from persona_pipeline.sources.source import Source
from persona_pipeline.sources.split import SplitFile, split_files


def web_source(**options: object) -> Source:
    """A source of kind web that reads a.log."""
    return Source.model_validate({"kind": "web", "format": "access_log", "path": "a.log"} | options)


def read_log(
    engine: DuckDBEngine, folder: Path, source: Source, content: str | bytes
) -> tuple[SplitFile, list[dict]]:
    """What became of the file, and its rows in order of their lines."""
    whole = content.encode() if isinstance(content, str) else content
    (folder / "a.log").write_bytes(whole)
    split = split_files(
        "web",
        source,
        [("a.log", fingerprint(folder / "a.log").sha256)],
        project_directory=folder,
        key=b"",
        directory=folder / "split",
        engine=engine,
    )
    rows = [row for path in split.paths for row in pq.read_table(path).to_pylist()]
    return split.files[0], sorted(rows, key=lambda row: row["line"])
