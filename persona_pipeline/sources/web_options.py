"""Options of web sources: log format, who the visitor is, pages, assets, own hosts, the rate rule.

Here: fields that `Source` inherits, and their checks. Not here: options that other kinds share.
"""

from __future__ import annotations

import functools
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from persona_pipeline.sources.log_format import Compiled, compile_format, parse_format, roles_of
from persona_pipeline.sources.page_patterns import (
    DEFAULT_ASSETS,
    DEFAULT_PAGES,
    PagePatterns,
    check_pattern,
)

PageType = Literal[
    "home", "search", "category", "product", "cart", "checkout", "confirmation", "account", "content", "other"
]


class WebOptions(BaseModel):
    """What `[sources.NAME]` of kind web may say beside its files.

    Attributes:
        log_format: common, combined, vhost_combined or a string of NGINX's log_format.
        visitor: variable that holds the visitor cookie; empty where there is none.
        account: variable that holds the account logged in.
        address: variable that holds the client's address; behind a proxy for example http_x_forwarded_for.
        session_minutes: a session ends after so long without a hit.
        pages: kind of page to patterns; kinds left out keep the usual patterns, tried after these.
        assets: patterns of files that are no pages.
        hosts: the shop's own hosts; links from them and their subdomains are internal.
        requests_per_minute: an address with more requests for pages in a clock minute is a bot then.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    log_format: str = "combined"
    visitor: str | None = None
    account: str = "remote_user"
    address: str = "remote_addr"
    session_minutes: int = Field(default=30, ge=1, le=1440)
    pages: dict[PageType, tuple[str, ...]] = Field(default_factory=dict)
    assets: tuple[str, ...] = DEFAULT_ASSETS
    hosts: tuple[str, ...] = ()
    requests_per_minute: int = Field(default=120, ge=1)

    @field_validator("visitor", "account", "address")
    @classmethod
    def _without_dollar(cls, value: str | None) -> str | None:
        return value.removeprefix("$") if value else value

    @field_validator("log_format")
    @classmethod
    def _readable_format(cls, value: str) -> str:
        parse_format(value)
        return value

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
    def compiled_format(self) -> Compiled:
        """The log format, ready to read lines.

        Raises:
            ValueError: a variable that is needed is not in the format.
        """
        return _compiled(self.log_format, self.address, self.account, self.visitor)

    @property
    def page_patterns(self) -> PagePatterns:
        """The patterns of pages: the declared kinds first, then the usual ones."""
        usual = {kind: texts for kind, texts in DEFAULT_PAGES.items() if kind not in self.pages}
        return PagePatterns({**self.pages, **usual}, self.assets)


@functools.cache
def _compiled(log_format: str, address: str, account: str, visitor: str | None) -> Compiled:
    parts = parse_format(log_format)
    return compile_format(parts, roles_of(parts, address=address, account=account, visitor=visitor))
