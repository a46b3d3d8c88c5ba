"""An independent reader of repeated deliveries: standard library only, no code shared with the demo.

Here: files in the order of their days, and what becomes of records that come again. Not here: what makes a
record of one source bad.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

DAY = re.compile(r"_(\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True)
class Record:
    """One record that was read: `reason` says why it is bad; `content` is everything it says."""

    day: str
    name: str
    line: int
    reason: str | None
    key: str = ""
    version: int = 0
    content: str = ""


def contents(folder: Path, counts: Counter[tuple[str, str]]) -> Iterable[tuple[str, str, bytes]]:
    """Day, name and bytes of every readable file that was not there before; the others are counted."""
    seen: dict[str, int] = {}
    for path in sorted(folder.iterdir(), key=lambda path: (DAY.findall(path.name)[0], path.name)):
        content = path.read_bytes()
        if path.suffix == ".gz":
            try:
                content = gzip.decompress(content)
            except EOFError:
                counts["rejected_file", "gzip_truncated"] += 1
                continue
            except (gzip.BadGzipFile, zlib.error):
                counts["rejected_file", "gzip_crc"] += 1
                continue
        digest = hashlib.sha256(content).hexdigest()
        records = len(content.rstrip(b"\n").split(b"\n")) - (path.suffixes[0] == ".csv")
        if digest in seen:
            counts["duplicate", "duplicate_file"] += records
            continue
        seen[digest] = records
        if content.startswith(b"\xef\xbb\xbf"):
            counts["noted", "byte_order_mark"] += 1
        yield DAY.findall(path.name)[0], path.name, content.removeprefix(b"\xef\xbb\xbf")


def settle(
    records: Iterable[Record], counts: Counter[tuple[str, str]], *, compares_versions: bool
) -> list[Record]:
    """Counts every record once and returns the accepted ones.

    Within a day the highest version wins, then the later place. Against earlier days equal content is a
    repeat; anything else a correction, or an older version where versions are compared over days.
    """
    by_key: defaultdict[str, defaultdict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        if record.reason is not None:
            counts["rejected", record.reason] += 1
        else:
            by_key[record.key][record.day].append(record)
    accepted: list[Record] = []
    for days in by_key.values():
        in_force: Record | None = None
        for day in sorted(days):
            ranked = sorted(days[day], key=lambda r: (r.version, r.name, r.line))
            best = ranked[-1]
            for other in ranked[:-1]:
                counts["duplicate", "same_content" if other.content == best.content else "superseded"] += 1
            if in_force is not None and best.content == in_force.content:
                counts["duplicate", "redelivered"] += 1
                continue
            if in_force is not None and compares_versions and best.version < in_force.version:
                counts["duplicate", "superseded"] += 1
                continue
            if in_force is not None:
                counts["noted", "corrected"] += 1
            counts["clean", ""] += 1
            accepted.append(best)
            in_force = best
    return accepted
