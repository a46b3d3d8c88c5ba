"""An independent reader of the access logs: one regular expression per line, the standard library only."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

START = dt.date(2025, 1, 6)
LINE = re.compile(
    rb'(\S+) - (\S+) \[(\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d) \+0800\] "((?:[^"\\]|\\.)*)" (\d{3}) (\d+|-) '
    rb'"((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)" "([0-9a-f]{32}|-)" \d+\.\d{3}'
)
REQUEST = re.compile(rb"([A-Z]+) (\S+) HTTP/\d(?:\.\d)?")
ROBOT = re.compile(rb"bot|spider|facebookexternalhit|^curl/|^python-requests|^Go-http-client", re.IGNORECASE)
LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class Hit:
    """A request by a person."""

    file: str
    at: dt.datetime
    address: bytes
    user: str | None
    method: str
    target: str
    referrer: bytes
    agent: bytes
    cookie: str | None


def file_day(name: str) -> dt.date:
    """access_2025-01-06_late.log.gz → 6 January."""
    return dt.date.fromisoformat(name.split("_")[1][:10])


def _time(text: bytes) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(text.decode(), "%d/%b/%Y:%H:%M:%S")  # noqa: DTZ007 local by format
    except ValueError:
        return None


def _judged(name: str, content: bytes) -> Iterator[str | Hit]:
    """Each line's reason, or the hit."""
    day = file_day(name)
    found: list[str | Hit] = []
    per_minute: Counter[tuple[bytes, dt.datetime]] = Counter()
    for line in content.removesuffix(b"\n").split(b"\n"):
        if len(line) > LIMIT:
            found.append("line_too_long")
            continue
        if not line.isascii():
            found.append("bad_encoding")
            continue
        match = LINE.fullmatch(line)
        if match is None:
            found.append("bad_line")
            continue
        address, user, time, request, _, _, referrer, agent, cookie = match.groups()
        asked = REQUEST.fullmatch(request)
        at = _time(time)
        if asked is None:
            found.append("not_http")
        elif at is None:
            found.append("bad_datetime")
        elif at.date() < START:
            found.append("too_old")
        elif at > dt.datetime.combine(day, dt.time()) + dt.timedelta(days=1, minutes=10):
            found.append("future")
        elif (day - at.date()).days > 35:
            found.append("too_late")
        else:
            per_minute[address, at.replace(second=0)] += 1
            if agent in (b"", b"-") or ROBOT.search(agent):
                found.append("bot")
                continue
            target = asked[2].decode()
            target = re.sub(r"^https?://[^/]+", "", target)
            asset = target == "/favicon.ico" or target.startswith("/static/")
            hit = Hit(
                name,
                at,
                address,
                None if user == b"-" else user.decode(),
                asked[1].decode(),
                target,
                referrer,
                agent,
                None if cookie == b"-" else cookie.decode(),
            )
            found.append("asset" if asset else hit)
    for each in found:
        hammers = isinstance(each, Hit) and per_minute[each.address, each.at.replace(second=0)] > 120
        yield "bot" if hammers else each


def read_logs(folder: Path) -> tuple[dict[str, Counter[str]], list[Hit]]:
    """Counts of reasons by file (with `records_in` and `clean`), and all good hits."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    hits: list[Hit] = []
    seen: set[str] = set()
    for path in sorted(folder.iterdir(), key=lambda path: (file_day(path.name), path.name)):
        try:
            content = gzip.decompress(path.read_bytes())
        except EOFError:
            counts[path.name]["gzip_truncated"] += 1
            continue
        except gzip.BadGzipFile:
            counts[path.name]["gzip_crc"] += 1
            continue
        digest = hashlib.sha256(content).hexdigest()
        records = content.count(b"\n")
        counts[path.name]["records_in"] = records
        if digest in seen:
            counts[path.name]["duplicate_file"] = records
            continue
        seen.add(digest)
        for each in _judged(path.name, content):
            if isinstance(each, Hit):
                counts[path.name]["clean"] += 1
                hits.append(each)
            else:
                counts[path.name][each] += 1
    return dict(counts), hits
