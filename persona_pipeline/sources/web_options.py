"""Options of web sources: log format, who the visitor is, pages, assets, own hosts, rules for robots.

Here: fields that `Source` inherits, and their checks. Not here: options that other kinds share.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from persona_pipeline.sources.json_log import JSON_PRESETS, json_fields
from persona_pipeline.sources.log_cut import compile_format
from persona_pipeline.sources.log_format import parse_format, roles_of, variable_name, w3c_parts
from persona_pipeline.sources.log_statement import Fields, text_fields
from persona_pipeline.sources.page_patterns import (
    DEFAULT_ASSETS,
    DEFAULT_PAGES,
    PagePatterns,
    check_pattern,
)

PageType = Literal[
    "home", "search", "category", "product", "cart", "checkout", "confirmation", "account", "content", "other"
]

WEB_FORMATS = ("access_log", "access_json", "w3c")
_USUAL = {"address": "remote_addr", "account": "remote_user"}


class WebOptions(BaseModel):
    """What `[sources.NAME]` of kind web may say beside its files.

    Attributes:
        log_format: of an access_log: common, combined (the default), vhost_combined, a string of NGINX's
            log_format or of Apache's LogFormat; of an access_json: nginx (the default), caddy or traefik.
        visitor: variable (key, in JSON) that holds the visitor cookie; empty where there is none. cookie_NAME
            is also found in a Cookie header that is logged whole.
        account: variable or key that holds the account logged in.
        address: variable or key that holds the client's address; behind a proxy for example
            http_x_forwarded_for. Of several addresses the first one counts.
        session_minutes: a session ends after so long without a hit.
        pages: kind of page to patterns; kinds left out keep the usual patterns, tried after these.
        assets: patterns of files that are no pages.
        hosts: the shop's own hosts; links from them and their subdomains are internal.
        requests_per_minute: an address with more requests for pages in a clock minute is a bot then.
        silent_pages: an address with so many requests for pages in a day, or one for robots.txt, is a bot
            (`bot_behaviour`) where none of its requests that day is for an asset or shows a referrer, a
            cookie or an account; 0 turns this off. It holds on days on which half of the addresses show a
            referrer, a cookie or an account.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    log_format: str | None = None
    visitor: str | None = None
    account: str = _USUAL["account"]
    address: str = _USUAL["address"]
    session_minutes: int = Field(default=30, ge=1, le=1440)
    pages: dict[PageType, tuple[str, ...]] = Field(default_factory=dict)
    assets: tuple[str, ...] = DEFAULT_ASSETS
    hosts: tuple[str, ...] = ()
    requests_per_minute: int = Field(default=120, ge=1)
    silent_pages: int = Field(default=50, ge=0)

    @field_validator("pages")
    @classmethod
    def _page_patterns(cls, value: dict[PageType, tuple[str, ...]]) -> dict[PageType, tuple[str, ...]]:
        for patterns in value.values():
            for pattern in patterns:
                check_pattern(pattern)
        return value

    @field_validator("assets")
    @classmethod
    def _asset_patterns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            check_pattern(pattern)
            if "{" in pattern or "?" in pattern:
                raise ValueError(f"assets: {pattern!r} may hold * only")
        return value

    @field_validator("hosts")
    @classmethod
    def _own_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            if not host or "/" in host or ":" in host:
                raise ValueError(f"hosts: expected a host such as shop.example; got {host!r}")
        return tuple(host.lower().removeprefix("*.") for host in value)

    @property
    def page_patterns(self) -> PagePatterns:
        """The patterns of pages: the declared kinds first, then the usual ones."""
        usual = {kind: texts for kind, texts in DEFAULT_PAGES.items() if kind not in self.pages}
        return PagePatterns({**self.pages, **usual}, self.assets)


@functools.cache
def line_fields(
    form: str, *, address: str, account: str, visitor: str | None, is_w3c: bool = False
) -> Fields:
    """The fields of lines in a format of text.

    Args:
        form: the log format, or the names of a #Fields directive.
        address: variable of the client's address.
        account: variable of the account logged in.
        visitor: variable of the visitor's cookie.
        is_w3c: whether `form` is a #Fields directive.

    Raises:
        ValueError: the format cannot be read, or a variable that is needed is not in it.
    """
    parts = w3c_parts(form.split()) if is_w3c else parse_format(form)
    named = variable_name(visitor) if visitor else None
    address, account = variable_name(address), variable_name(account)
    what = "#Fields" if is_w3c else "log_format"
    roles = roles_of(parts, address=address, account=account, visitor=named, what=what)
    cookie = named.removeprefix("cookie_") if named and "cookie" in roles else None
    return text_fields(compile_format(parts, roles, is_w3c=is_w3c, cookie=cookie))


def object_fields(
    preset: str, columns: Mapping[str, str], *, address: str, account: str, visitor: str | None
) -> Fields:
    """The fields of lines that are JSON objects.

    Args:
        preset: whose keys are meant.
        columns: keys that are called otherwise.
        address: key of the client's address, remote_addr for the preset's own.
        account: key of the account logged in, remote_user for the preset's own.
        visitor: key of the visitor's cookie.

    Raises:
        ValueError: an unknown preset, or a key that cannot be written in a path.
    """
    if preset not in JSON_PRESETS:
        raise ValueError(
            f"unknown log_format {preset!r}; a log in JSON is {', '.join(JSON_PRESETS)}, "
            "with columns for keys that are called otherwise"
        )
    keys = JSON_PRESETS[preset] | dict(columns)
    keys |= {"address": address} if address != _USUAL["address"] else {}
    keys |= {"account": account} if account != _USUAL["account"] else {}
    keys |= {"visitor": visitor} if visitor else {}
    for key in keys.values():
        if not key.isprintable() or not all(key.split(".")) or set(key) & set('"\\'):
            raise ValueError(f"columns: {key!r} is no key; expected a name, or names with dots between them")
    cookie = visitor.removeprefix("cookie_") if visitor and visitor.startswith("cookie_") else None
    return json_fields(keys, cookie=cookie)
