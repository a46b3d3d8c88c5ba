"""Robots by what they do all day: who is one, and who must not be taken for one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from persona_pipeline.sources.source import Source
from persona_pipeline_tests.cleaning.conftest import Project
from persona_pipeline_tests.cleaning.test_web import CHROME, DAY, FORMAT, PATH, line, outcomes

ROBOT, PERSON = "198.51.100.9", "203.0.113.7"


def stamp(number: int) -> str:
    """A moment of the day, two minutes after the one before."""
    return f"{DAY:%d/%b/%Y}:{number // 30:02}:{number % 30 * 2:02}:00 +0800"


def asked(address: str, pages: int, first: str = "-", request: str = "GET /p/P1 HTTP/1.1") -> list[str]:
    """Requests of an address without cookie; the referrer of the first one."""
    referrers = [first, *["-"] * (pages - 1)]
    return [
        line(request, address=address, at=stamp(number), cookie="-", referrer=referrer)
        for number, referrer in enumerate(referrers)
    ]


def people(pages: int) -> list[str]:
    """Requests that show a cookie."""
    return [line(address=PERSON, at=stamp(number)) for number in range(pages)]


TXT, SCRIPT = "GET /robots.txt HTTP/1.1", "GET /static/app.js HTTP/1.1"
CASES: dict[str, tuple[list[str], list[tuple[str, str, int]]]] = {
    "many pages and nothing else": (
        [*people(40), *asked(ROBOT, 10)],
        [("clean", "new", 40), ("filtered", "bot_behaviour", 10)],
    ),
    "one page less": ([*people(40), *asked(ROBOT, 9)], [("clean", "new", 49)]),
    "a referrer": ([*people(40), *asked(ROBOT, 10, "https://www.baidu.com/")], [("clean", "new", 50)]),
    "an asset": (
        [*people(40), *asked(ROBOT, 10), *asked(ROBOT, 1, request=SCRIPT)],
        [("clean", "new", 50), ("filtered", "asset", 1)],
    ),
    "a person at the same address": (
        [*people(40), *asked(ROBOT, 10), line(address=ROBOT)],
        [("clean", "new", 51)],
    ),
    "an account": (
        [*people(40), *asked(ROBOT, 10), line(address=ROBOT, user="7", cookie="-")],
        [("clean", "new", 51)],
    ),
    "robots.txt": (
        [*people(40), *asked(ROBOT, 3), *asked(ROBOT, 1, request=TXT + "")],
        [("clean", "new", 40), ("filtered", "bot_behaviour", 4)],
    ),
    "robots.txt by a person": (
        [*people(40), line(TXT, address=PERSON)],
        [("clean", "new", 40), ("filtered", "asset", 1)],
    ),
    "a log that shows few signs": (
        [*people(40), *asked(ROBOT, 10), *asked("198.51.100.8", 1)],
        [("clean", "new", 51)],
    ),
    "a robot busier than all people": (
        [*people(9), *asked(ROBOT, 30)],
        [("clean", "new", 9), ("filtered", "bot_behaviour", 30)],
    ),
    "a robot by its name": (
        [*people(40), *(each.replace(CHROME, "curl/8.5.0") for each in asked(ROBOT, 10))],
        [("clean", "new", 40), ("filtered", "bot", 10)],
    ),
}


def shop(project: Callable[..., Project], silent_pages: int) -> Project:
    source = Source(
        kind="web",
        format="access_log",
        path="raw/access_{day}*.log*",
        log_format=FORMAT,
        visitor="cookie_vid",
        silent_pages=silent_pages,
    )
    return project({"web": source})


@pytest.mark.parametrize("name", CASES)
def test_robots_by_behaviour(project: Callable[..., Project], name: str) -> None:
    lines, expected = CASES[name]
    web = shop(project, 10)
    web.write(PATH, "\n".join(lines))
    web.run(DAY)
    assert outcomes(web) == expected


def test_the_rule_can_be_turned_off(project: Callable[..., Project]) -> None:
    web = shop(project, 0)
    web.write(PATH, "\n".join([*people(40), *asked(ROBOT, 30)]))
    web.run(DAY)
    assert outcomes(web) == [("clean", "new", 70)]


def test_files_of_a_day_count_together_and_days_apart(project: Callable[..., Project]) -> None:
    following = DAY + dt.timedelta(1)
    found = []
    for together in (True, False):
        web = shop(project, 10)
        robot = asked(ROBOT, 12)
        web.write(PATH, "\n".join([*people(40), *robot[:6]]))
        web.write(f"raw/access_{DAY}_b.log", "\n".join(robot[6:]))
        web.write(f"raw/access_{following}.log", "\n".join([*people(40), *robot[:9]]))
        if together:
            web.run(DAY, following)
        else:
            web.run(DAY)
            web.run(following)
        found.append(outcomes(web))
    assert found[0] == found[1] == [("clean", "new", 89), ("filtered", "bot_behaviour", 12)]
