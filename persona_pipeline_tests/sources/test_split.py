"""A recorded file that is gone, or that holds something else by now, ends a run and leaves no records."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.sources.failure import SourceError
from persona_pipeline.sources.fingerprint import fingerprint
from persona_pipeline.sources.source import Source
from persona_pipeline.sources.split import split_files

NAMES = (
    "order_id,line_no,version,type,account_id,ordered_at,"
    "product_id,quantity,unit_price,discount,amount,currency"
)
LINE = "O1,1,1,sale,0001,2025-01-06 10:00:00,P1,1,2.00,0.00,2.00,CNY"
WHOLE = f"{NAMES}\n{LINE}\n".encode()
OTHERS = {
    "another line": f"{NAMES}\n{LINE.replace('O1', 'O2')}\n".encode(),
    "no header of orders": b"name,price\nTea,2\n",
    "no text": b"\xff\xfe\x00",
    "packed": gzip.compress(WHOLE + b"\n", mtime=0),
    "packed and broken": gzip.compress(WHOLE, mtime=0)[:-3],
}


def split(engine: DuckDBEngine, folder: Path, sha256: str, file_format: str) -> None:
    """Split a.csv as it is now, recorded with this content."""
    kind = {"kind": "orders"} if file_format in ("csv", "xlsx") else {"kind": "web"}
    source = Source.model_validate({**kind, "format": file_format, "path": "a.csv"})
    split_files(
        "shop",
        source,
        [("a.csv", sha256)],
        project_directory=folder,
        key=b"",
        directory=folder / "split",
        engine=engine,
    )


@pytest.mark.parametrize("file_format", ["csv", "xlsx", "access_log"])
@pytest.mark.parametrize("other", [None, *OTHERS])
def test_a_file_that_is_not_the_recorded_one(
    engine: DuckDBEngine, tmp_path: Path, file_format: str, other: str | None
) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(WHOLE)
    recorded = fingerprint(file).sha256
    if other is None:
        file.unlink()
    else:
        file.write_bytes(OTHERS[other])
    words = "is gone; put it back" if other is None else f"{recorded[:12]} but now holds"
    with pytest.raises(SourceError, match=words):
        split(engine, tmp_path, recorded, file_format)
    if file_format != "access_log":  # of a log the parts that were cut stay in the run's scratch folder
        assert list((tmp_path / "split").iterdir()) == []
