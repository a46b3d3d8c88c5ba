"""An independent reader of the raw order files: line by line, with the standard library only."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

JUNK_SUFFIXES = ("_broken", "_checksum", "_columns", "_short", "_empty")


def raw_lines(folder: Path) -> dict[str, list[list[bytes]]]:
    """Records by file name, split at commas; repeated contents and unreadable files are left out."""
    seen: set[str] = set()
    files: dict[str, list[list[bytes]]] = {}
    for path in sorted(folder.iterdir()):
        if any(suffix in path.name for suffix in JUNK_SUFFIXES):
            continue
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        if digest not in seen:
            seen.add(digest)
            files[path.name] = [
                line.split(b",") for line in content.removeprefix(b"\xef\xbb\xbf").splitlines()
            ]
    return files


def file_day(name: str) -> str:
    """The day of the path, for example orders_2025-01-06_late.csv → 2025-01-06."""
    return name.split("_")[1][:10]
