"""The access logs, day by day: main, late, copied and broken files, and the account of each.

Here: which lines stand in which file, in bounded memory. Not here: what a line says (web_lines.py), which
sessions there are (web_visits.py, web_strangers.py).

Sessions come chunk by chunk in the order in which they begin (web_day.py); hits before the beginning of the
next chunk become text and are packed, later ones wait for it.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from persona_pipeline.demo import csv_text
from persona_pipeline.demo import web_hits as h
from persona_pipeline.demo import web_visits as v
from persona_pipeline.demo.file_rows import CHUNK_ROWS, joined
from persona_pipeline.demo.ledger import FileAccount
from persona_pipeline.demo.order_table import OrderNumbers
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.seeds import Stream, generator
from persona_pipeline.demo.spill import DayRows
from persona_pipeline.demo.web_day import ByTime, in_parts
from persona_pipeline.demo.web_dirt import HAMMER_FROM, DayDirt, day_dirt, hammer_days
from persona_pipeline.demo.web_hits import build_pages, hits_of
from persona_pipeline.demo.web_lines import Writer
from persona_pipeline.demo.web_strangers import STRANGERS, Robots, Strangers

FOLDER = "data/raw/web"
SPECIAL = ("_again", "_resent", "_broken", "_checksum", "_again")
SPECIAL_EVERY = 8  # days per special day in a short shop
BROKEN_LINES = 40
LEVEL = 1


@dataclass(slots=True)
class WebFiles:
    """Writes the access logs of one shop; days must come in order."""

    directory: Path
    plan: Plan
    customers: int
    strangers: float = STRANGERS
    chunk: int = CHUNK_ROWS  # sessions whose hits are in memory; changes no byte
    accounts: list[FileAccount] = field(default_factory=list)
    lines: int = 0
    _writer: Writer = field(init=False)
    _hammers: frozenset[int] = field(init=False)
    _special: dict[int, str] = field(init=False)
    _resent: dict[int, tuple[Path, int]] = field(default_factory=dict)
    _had_too_long: bool = False

    def __post_init__(self) -> None:
        """Chooses the special days."""
        self._writer = Writer.of(self.plan, build_pages(self.plan))
        self._hammers = hammer_days(self.plan)
        order = generator(self.plan.seed, Stream.WEB_DIRT, 1).permutation(self.plan.days)
        days = order[: self.plan.days // SPECIAL_EVERY]
        self._special = {int(day): kind for day, kind in zip(days, SPECIAL, strict=False)}

    def write_day(self, day: int, own: DayRows, late: DayRows, orders: OrderNumbers) -> None:
        """Everything delivered on a day.

        Args:
            day: day number.
            own: customers' sessions of the day.
            late: those of earlier days.
            orders: numbers of the orders that sessions confirm.
        """
        hits = sum(int(sessions["hits"].sum()) for sessions in own.batches())
        number = Strangers.of_day(self.plan, self.customers, day, len(own), self.strangers)
        strangers = ByTime(number, day, self.chunk)
        robots = ByTime(Robots.of_day(self.plan, day, hits + strangers.hits), day, self.chunk)
        lines = hits + strangers.hits + robots.hits
        too_long = lines >= HAMMER_FROM and not self._had_too_long
        self._had_too_long |= too_long
        hammers = day in self._hammers and lines >= HAMMER_FROM
        dirt = day_dirt(self.plan, day, lines, hammers=hammers, too_long=too_long)
        if lines or dirt.lines:
            account = self._write(day, "", in_parts(own, [strangers, robots], self.chunk), orders, dirt)
            self._special_day(day, account)
        if len(late):
            self._write(day, "_late", in_parts(late, [], self.chunk), orders, DayDirt())
        if day in self._resent:
            path, records = self._resent.pop(day)
            self._copy(path, day, "_resent", records)

    def _write(
        self,
        day: int,
        suffix: str,
        parts: Iterator[tuple[np.ndarray, int]],
        orders: OrderNumbers,
        dirt: DayDirt,
    ) -> FileAccount:
        date = self.plan.date(day)
        account = FileAccount("web", f"{FOLDER}/access_{date}{suffix}.log.gz", date)
        seconds, extra = dirt.by_time()
        times = day * v.DAY_SECONDS + seconds
        account.records_in = len(extra)
        account.reasons.update(dirt.outcomes)
        done = 0
        with _packed(self.directory / account.path, LEVEL) as file:
            for sessions, hits in self._chunks(parts):
                self._count(account, sessions, hits)
                text = self._writer.text(sessions, hits, orders.texts(sessions["order"]))
                ends = np.frombuffer(text.buffers()[1], dtype=np.int32)[text.offset :]
                content = memoryview(text.buffers()[2])
                # Extra lines stand before the first line of a later second.
                last = int(np.searchsorted(times, hits["time"][-1]))
                places = ends[np.searchsorted(hits["time"], times[done:last], side="right")]
                begin = int(ends[0])
                for place, line in zip(places.tolist(), extra[done:last], strict=True):
                    file.write(content[begin:place])
                    file.write(line)
                    begin = place
                file.write(content[begin : int(ends[hits.size])])
                done = max(done, last)
            file.writelines(extra[done:])
        self.accounts.append(account)
        self.lines += account.records_in
        return account

    def _chunks(self, parts: Iterator[tuple[np.ndarray, int]]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Sessions, and hits that belong to them, by time, chunk by chunk."""
        sessions = np.zeros(0, dtype=v.SESSION)
        waiting = np.zeros(0, dtype=h.HIT)
        for new, after in parts:
            hits = hits_of(self.plan, self._writer.pages, new)
            # Only sessions that still have hits to come are kept.
            kept, index = np.unique(waiting["session"], return_inverse=True)
            waiting["session"] = index.reshape(-1)
            hits["session"] += kept.size
            sessions = joined([sessions[kept], new], new.dtype)
            hits = joined([waiting, hits], h.HIT)
            # Sessions are in the order in which they begin, so that a tie ends the same way in every chunk.
            hits = hits[np.argsort(hits["time"], kind="stable")]
            split = np.searchsorted(hits["time"], after)
            waiting = hits[split:].copy()
            if split:
                yield sessions, hits[:split]

    @staticmethod
    def _count(account: FileAccount, sessions: np.ndarray, hits: np.ndarray) -> None:
        robots = sessions["kind"][hits["session"]] == v.ROBOT
        assets = ~robots & (hits["kind"] == h.ASSET)
        account.records_in += hits.size
        for reason, lines in (("bot", robots), ("asset", assets)):
            if lines.any():
                account.reasons["filtered", reason] += int(lines.sum())

    def _special_day(self, day: int, account: FileAccount) -> None:
        kind = self._special.get(day)
        path = self.directory / account.path
        if kind == "_again":
            self._copy(path, day, kind, account.records_in)
        elif kind == "_resent" and day + 2 < self.plan.days:
            self._resent[day + 2] = (path, account.records_in)
        elif kind in ("_broken", "_checksum"):
            # Its lines stand in the main file too, so nothing is lost with it.
            with gzip.open(path) as file:
                content = b"".join(file.readline() for _ in range(BROKEN_LINES))
            broken = csv_text.truncated(content) if kind == "_broken" else csv_text.wrong_checksum(content)
            name = f"{FOLDER}/access_{self.plan.date(day)}{kind}.log.gz"
            (self.directory / name).write_bytes(broken)
            reason = "gzip_truncated" if kind == "_broken" else "gzip_crc"
            self.accounts.append(FileAccount("web", name, self.plan.date(day), "rejected_file", reason))

    def _copy(self, source: Path, day: int, suffix: str, records: int) -> None:
        """The same content packed anew: the bytes of the file differ, its content is what counts."""
        date = self.plan.date(day)
        account = FileAccount("web", f"{FOLDER}/access_{date}{suffix}.log.gz", date, "duplicate_file")
        account.records_in = records
        account.reasons["duplicate", "duplicate_file"] += records
        with gzip.open(source) as old, _packed(self.directory / account.path, LEVEL + 2) as new:
            shutil.copyfileobj(old, new)
        self.accounts.append(account)


@contextmanager
def _packed(path: Path, level: int) -> Iterator[gzip.GzipFile]:
    """Gzip without a name and a time in it, so that equal content gives equal bytes."""
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=level, fileobj=raw, mtime=0) as file,
    ):
        yield file
