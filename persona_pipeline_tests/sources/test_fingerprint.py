"""Files are verified before they are read: gzip integrity, hash of the content, stability."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from persona_pipeline.sources import fingerprint as module
from persona_pipeline.sources.files import Found
from persona_pipeline.sources.fingerprint import decompressed, fingerprint, fingerprints

TEXT = b"".join(b"%d,%x\n" % (n, n * 7919) for n in range(5000))
PACKED = gzip.compress(TEXT, mtime=0)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(PACKED, None, id="gzip"),
        pytest.param(TEXT, None, id="plain"),
        pytest.param(gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]), None, id="two members"),
        pytest.param(PACKED + b"\0" * 512, None, id="padding"),
        pytest.param(PACKED[:-20], "gzip_truncated", id="truncated"),
        pytest.param(PACKED[:5], "gzip_truncated", id="truncated header"),
        pytest.param(PACKED[:-8] + bytes([PACKED[-8] ^ 1]) + PACKED[-7:], "gzip_crc", id="wrong checksum"),
        pytest.param(PACKED + b"junk", "gzip_trailing", id="junk"),
    ],
)
def test_content_and_problem(tmp_path: Path, content: bytes, problem: str | None) -> None:
    file = tmp_path / "f"
    file.write_bytes(content)
    mark = fingerprint(file)
    assert (mark.problem, mark.size) == (problem, len(content))
    assert mark.sha256 == hashlib.sha256(content if problem else TEXT).hexdigest()
    if problem is None:
        assert mark.lines == 5000


def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RATIO_FREE", 1 << 20)
    file = tmp_path / "bomb.gz"
    file.write_bytes(gzip.compress(b"0" * (8 << 20)))
    assert fingerprint(file).problem == "gzip_bomb"


def test_blocks_stay_small(tmp_path: Path) -> None:
    file = tmp_path / "f.gz"
    file.write_bytes(gzip.compress(b"0" * (8 << 20)))
    with file.open("rb") as stream:
        assert max(len(block) for block in decompressed(stream)) <= module.BLOCK


def test_a_cache_spares_reading_unchanged_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, cache = tmp_path / "f", tmp_path / "marks.json"
    file.write_bytes(TEXT)
    found = [Found("orders", "f", file, None)]
    first = fingerprints(found, cache)
    monkeypatch.setattr(module, "fingerprint", lambda path: pytest.fail(f"{path.name} was read again"))
    assert fingerprints(found, cache) == first
