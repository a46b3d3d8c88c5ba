"""Which page a path is: declared patterns with {product_id}, {category} and {order_id}; the first match wins.

Here: patterns, their defaults, and matching one path. Not here: cutting a path out of a request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

FIELDS = ("product_id", "category", "order_id")
DEFAULT_PAGES: dict[str, tuple[str, ...]] = {
    "home": ("/", "/index.html", "/index.php"),
    "product": ("/p/{product_id}", "/product/{product_id}", "/products/{product_id}"),
    "category": ("/c/{category}", "/category/{category}", "/categories/{category}"),
    "search": ("/search", "/search/*"),
    "confirmation": ("/checkout/done?order={order_id}", "/checkout/done"),
    "cart": ("/cart/add?product={product_id}", "/cart", "/cart/*"),
    "checkout": ("/checkout", "/checkout/*"),
    "account": ("/login", "/logout", "/register", "/account", "/account/*"),
    "content": ("/about", "/about/*", "/help", "/help*", "/contact", "/blog", "/blog/*", "/news", "/news/*"),
}
DEFAULT_ASSETS = (
    "/static/*",
    "/assets/*",
    "/favicon*",
    "/robots.txt",
    *(
        f"*.{ending}"
        for ending in (
            *("css", "js", "mjs", "map", "json", "xml", "txt", "woff", "woff2", "ttf", "otf", "eot"),
            *("png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "ico", "bmp", "mp3", "mp4", "webm"),
        )
    ),
)
SEPARATOR = "?"
_PIECE = re.compile(r"\{([a-z_]*)\}|\*")
_PLAIN = re.compile(r"[\w.-]+(?: [\w.-]+){0,5}")


@dataclass(frozen=True, slots=True)
class Page:
    """What a path says: kind of page and the numbers in it. `is_asset` pages have no kind."""

    page_type: str
    is_asset: bool = False
    product_id: str | None = None
    category: str | None = None
    order_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Pattern:
    page_type: str
    path: re.Pattern[str]
    query: tuple[tuple[str, re.Pattern[str]], ...]


class PagePatterns:
    """Compiled patterns of one source."""

    def __init__(self, pages: Mapping[str, tuple[str, ...]], assets: tuple[str, ...]) -> None:
        expressions = [_path(pattern, any_depth=True) for pattern in assets]
        self._assets = re.compile("|".join(expressions) or r"(?!)", re.IGNORECASE)
        self._patterns = [_compiled(kind, text) for kind, texts in pages.items() for text in texts]
        names = {name for pattern in self._patterns for name, _ in pattern.query}
        self.parameters = tuple(sorted(names))

    def page(self, key: str | None) -> Page:
        """The page of a key: the path, then `?` and `name=value&` for each of `parameters` that was given."""
        if key is None:
            return Page("other")
        path, _, query = key.partition(SEPARATOR)
        if self._assets.fullmatch(path):
            return Page("other", is_asset=True)
        path = path.rstrip("/") or "/"
        given = dict(each.split("=", 1) for each in query.split("&") if "=" in each)
        for pattern in self._patterns:
            match = pattern.path.fullmatch(path)
            if match is None:
                continue
            found = match.groupdict()
            for name, value in pattern.query:
                matched = value.fullmatch(given.get(name, ""))
                if matched is None:
                    break
                found |= matched.groupdict()
            else:
                values = {name: plain(value) for name, value in found.items()}
                return Page(pattern.page_type, False, *(values.get(field) for field in FIELDS))
        return Page("other")


def plain(value: str) -> str | None:
    """A number or slug of an address without its percent escapes; None unless it is a few plain words."""
    try:
        text = unquote_to_bytes(value.replace("+", " ")).decode()
    except UnicodeDecodeError:
        return None
    return text if len(text) <= 64 and _PLAIN.fullmatch(text) else None


def check_pattern(text: str) -> None:
    """Raise where a pattern says nothing that can be matched.

    Raises:
        ValueError: with the pattern and what is expected.
    """
    if not text.startswith(("/", "*")):
        raise ValueError(f"page pattern {text!r} must begin with / or *")
    unknown = [name for name in re.findall(r"\{([^}]*)\}", text) if name not in FIELDS]
    if unknown:
        fields = ", ".join(f"{{{field}}}" for field in FIELDS)
        raise ValueError(f"page pattern {text!r}: unknown {{{unknown[0]}}}; there are {fields}")
    twice = [name for name in FIELDS if text.count(f"{{{name}}}") > 1]
    if twice:
        raise ValueError(f"page pattern {text!r} holds {{{twice[0]}}} twice")
    for each in text.partition("?")[2].split("&") if "?" in text else ():
        if not re.fullmatch(r"[\w.\[\]-]+=.+", each):
            raise ValueError(f"page pattern {text!r}: expected ?name=value, name=* or name={{field}}")


def _compiled(page_type: str, text: str) -> _Pattern:
    path, _, query = text.partition("?")
    pairs = [each.split("=", 1) for each in query.split("&") if each]
    conditions = tuple((name, re.compile(_value(value))) for name, value in pairs)
    path = path if path == "/" or not path.endswith("/") else path.rstrip("/")
    return _Pattern(page_type, re.compile(_path(path)), conditions)


def _path(text: str, *, any_depth: bool = False) -> str:
    """Regular expression: * is anything where it stands last (or everywhere, for assets), else one step."""
    result, at = "", 0
    for piece in _PIECE.finditer(text):
        result += re.escape(text[at : piece.start()])
        at = piece.end()
        if piece.group(1):
            result += f"(?P<{piece.group(1)}>[^/]+)"
        else:
            result += ".*" if any_depth or at == len(text) else "[^/]*"
    return f"(?s:{result}{re.escape(text[at:])})"


def _value(text: str) -> str:
    if text == "*":
        return ".+"
    field = re.fullmatch(r"\{([a-z_]+)\}", text)
    return f"(?P<{field.group(1)}>.+)" if field else re.escape(text)
