"""User agents to device, browser and operating system, and whether they are people at all.

Families come from ua-parser, crawlers from crawler-user-agents (both packaged, nothing is downloaded) and
from the short list in web.toml. Called on distinct agents. Not here: rules of rate and behaviour (SQL).
"""

from __future__ import annotations

import functools
import re

from persona_pipeline.cleaning.web_words import words

_FAMILY = re.compile(r"[\w .+!()/-]{1,40}")
_TABLET = re.compile(r"iPad|Tablet|PlayBook|Silk/|Kindle|SM-T\d|SM-X\d|Android(?!.*Mobile)", re.IGNORECASE)
_MOBILE = re.compile(r"Mobi|iPhone|iPod|Android|Windows Phone|BlackBerry|Opera Mini|HarmonyOS", re.IGNORECASE)
_OTHER = re.compile(
    r"Smart-?TV|AppleTV|GoogleTV|BRAVIA|Tizen.*TV|Web0S|PlayStation|Nintendo|Xbox", re.IGNORECASE
)
_DESKTOP = re.compile(r"Windows|Macintosh|Mac OS X|X11|Linux|CrOS|Ubuntu|FreeBSD")


def agent_told(agent: str) -> tuple[bool, str, str, str]:
    """Whether an agent is no person's; its device, browser and operating system, 'unknown' without a hint.

    Crawlers, monitors and libraries are no person's.
    """
    found = _families().parse(agent)
    is_bot = (
        (found.device is not None and found.device.family == "Spider")
        or _own_list().search(agent) is not None
        or _crawlers().parse_user_agent(agent) is not None
    )
    browser = found.user_agent.family if found.user_agent else None
    system = found.os.family if found.os else None
    return is_bot, _device(agent), _family(browser), _family(system)


def _device(agent: str) -> str:
    for pattern, device in (
        (_OTHER, "other"),
        (_TABLET, "tablet"),
        (_MOBILE, "mobile"),
        (_DESKTOP, "desktop"),
    ):
        if pattern.search(agent):
            return device
    return "unknown"


def _family(name: str | None) -> str:
    """A family as ua-parser names it; one that an agent made up is not kept."""
    return name if name and _FAMILY.fullmatch(name) else "unknown"


@functools.cache
def _own_list() -> re.Pattern[str]:
    return re.compile("|".join(words().bots), re.IGNORECASE)


@functools.cache
def _families():  # noqa: ANN202 - ua-parser's parser, imported when first needed
    from ua_parser import Parser
    from ua_parser.loaders import load_lazy_builtins
    from ua_parser.regex import Resolver

    return Parser(Resolver(load_lazy_builtins()))


@functools.cache
def _crawlers():  # noqa: ANN202 - the same engine over the crawler list: 1,500 expressions in one automaton
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA
    from ua_parser import Parser, UserAgent
    from ua_parser.core import Matcher
    from ua_parser.lazy import UserAgentMatcher
    from ua_parser.regex import Resolver

    matchers: list[Matcher[UserAgent]] = [
        UserAgentMatcher(f"({each['pattern']})") for each in CRAWLER_USER_AGENTS_DATA
    ]
    return Parser(Resolver((matchers, [], [])))
