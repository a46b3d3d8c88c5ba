"""Where a visit came from: the standard channel grouping from utm_source, utm_medium and the referring host.

The order of the rules is that of the default channel group of Google Analytics 4
(support.google.com/analytics/answer/9756891), with app for push messages. Called on distinct combinations.
Not here: cutting these values out of a request.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from persona_pipeline.cleaning.web_words import words

_PAID = re.compile(r".*cp.*|ppc|retargeting|paid.*")
_DISPLAY = frozenset({"display", "banner", "expandable", "interstitial", "cpm"})
_SOCIAL = frozenset({"social", "social-network", "social-media", "sm", "social network", "social media"})
_EMAIL = frozenset({"email", "e-mail", "e_mail", "e mail", "newsletter", "edm"})
_APP = frozenset({"app", "push", "mobile_push", "notification"})
_AFFILIATE = frozenset({"affiliate", "affiliates"})
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")


def plain_host(host: str | None) -> str | None:
    """The host, if it is one; what a client made up is not kept."""
    return host if host and _HOST.fullmatch(host) else None


def channel(source: str | None, medium: str | None, host: str | None, own: Sequence[str]) -> str:
    """The channel of a hit: what its link says of itself, else where its referrer stands."""
    if source or medium:
        return _of_link((source or "").lower(), (medium or "").lower())
    if not host:
        return "direct"
    if any(host == each or host.endswith(f".{each}") for each in own):
        return "internal"
    return _of_host(host)


def _of_link(source: str, medium: str) -> str:
    kind = _of_host(source)
    if medium in _DISPLAY:
        return "display"
    if _PAID.fullmatch(medium):
        return {"organic_search": "paid_search", "organic_social": "paid_social"}.get(kind, "other")
    rules = (
        (source in _EMAIL or medium in _EMAIL, "email"),
        (source == "sms" or medium == "sms", "sms"),
        (source in _APP or medium in _APP, "app"),
        (medium in _AFFILIATE, "affiliate"),
        (medium in _SOCIAL or kind == "organic_social", "organic_social"),
        (medium == "organic" or kind == "organic_search", "organic_search"),
        (medium in {"referral", "link"}, "referral"),
    )
    return next((name for holds, name in rules if holds), "other")


def _of_host(host: str) -> str:
    """Channel of a host or of the name in utm_source."""
    for name, hosts in (
        ("email", words().email),
        ("organic_social", words().social),
        ("organic_search", words().search),
    ):
        if any(_is(host, each) for each in hosts):
            return name
    return "referral"


def _is(host: str, listed: str) -> bool:
    """Whether a host is the listed one or below it; a name without a dot stands for all its countries."""
    if "." not in listed:
        return listed in host.split(".")
    return host == listed or host.endswith(f".{listed}") or host == listed.rpartition(".")[0]
