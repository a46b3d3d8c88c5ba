"""The requests of sessions: which page, when, and the assets that come with it. Numbers only.

Here: sessions → hits, and the texts that a hit's numbers stand for. Not here: a line of a log (web_lines.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

import numpy as np

from persona_pipeline.demo import web_visits as v
from persona_pipeline.demo.catalogue import NOUNS
from persona_pipeline.demo.counter_random import integers, uniform
from persona_pipeline.demo.personas import CATEGORIES, TIERS
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.web_visits import gaps

HOME, CATEGORY, PRODUCT, SEARCHING, CART, ADD, CHECKOUT, DONE, LOGIN, ACCOUNT, CONTENT, ROBOTS, ASSET = range(
    13
)
SITE = "https://www.demo-shop.example"
CONTENT_PAGES = ("/about", "/help", "/help/shipping", "/help/returns", "/help/payment", "/about/careers")
ASSETS = (
    "/favicon.ico",
    "/static/app.3f9c1.js",
    "/static/site.81ab2.css",
    "/static/img/logo.svg",
    "/static/img/banner.webp",
    "/static/fonts/noto-sans-sc.woff2",
)
# Cumulative shares of kinds of pages: of the first page by channel, and of the pages after it.
_KINDS = (HOME, CATEGORY, PRODUCT, SEARCHING, CONTENT)
_LANDING = (
    (0.60, 0.75, 0.92, 0.97, 1.0),  # direct
    (0.20, 0.42, 0.95, 0.96, 1.0),  # search engine
    (0.10, 0.25, 0.85, 0.86, 1.0),  # social network
    (0.05, 0.40, 1.00, 1.00, 1.0),  # advertising
    (0.10, 0.55, 0.97, 0.98, 1.0),  # campaign
)
_AFTER = (PRODUCT, CATEGORY, SEARCHING, ADD, CART, HOME, ACCOUNT, CONTENT)
_AFTER_SHARES = (0.50, 0.71, 0.82, 0.89, 0.93, 0.97, 0.99, 1.0)
ASSET_SHARE, ICON_SHARE = 0.06, 0.10  # of pages that bring an asset, of first pages that bring the icon
REPEATED = 0.001  # of hits that come twice, as by a double click
OWN_PRODUCT = 0.5  # share of products seen in a session with an order that are the ordered ones

_PAGE, _PICK, _WHICH, _TEXT, _ASSET, _TWICE = range(200, 206)

HIT = np.dtype(
    [
        ("time", np.int32),  # seconds since the beginning of the shop's first day
        ("session", np.int32),  # position among the sessions given
        ("position", np.uint8),
        ("kind", np.uint8),
        ("page", np.int32),  # index into Pages.requests
        ("product", np.int16),  # -1 without
        ("category", np.int8),  # of a category page; -1 without
    ]
)


@dataclass(frozen=True, slots=True)
class Pages:
    """All addresses of the site as texts; hits point into them."""

    paths: tuple[str, ...]
    first: dict[int, int]  # kind → index of its first path
    searches: int  # search addresses per category


def slug(category: str) -> str:
    """食品 Food → food."""
    return category.split(" ", 1)[1].lower().replace(" ", "-")


def build_pages(plan: Plan) -> Pages:
    """Every address of the site of a plan."""
    ids = plan.catalogue.product_ids
    searches = [word for nouns in NOUNS for noun in nouns[:5] for word in noun.split(" ", 1)]
    paths: dict[int, list[str]] = {
        HOME: ["/"],
        CART: ["/cart"],
        CHECKOUT: ["/checkout"],
        DONE: ["/checkout/done"],
        LOGIN: ["/login"],
        ACCOUNT: ["/account"],
        ROBOTS: ["/robots.txt"],
        CONTENT: list(CONTENT_PAGES),
        CATEGORY: [f"/c/{slug(name)}" for name in CATEGORIES],
        PRODUCT: [f"/p/{product}" for product in ids],
        ADD: [f"/cart/add?product={product}" for product in ids],
        SEARCHING: [f"/search?q={quote(word)}" for word in searches],
        ASSET: list(ASSETS),
    }
    first, flat = {}, []
    for kind, texts in paths.items():
        first[kind] = len(flat)
        flat += texts
    return Pages(tuple(flat), first, len(searches) // len(CATEGORIES))


def hits_of(plan: Plan, pages: Pages, sessions: np.ndarray) -> np.ndarray:
    """All hits of some sessions as rows of `HIT`, by time; within a second in the sessions' order."""
    length = sessions["hits"].astype(np.int64)
    start = np.cumsum(length) - length
    index = np.repeat(np.arange(sessions.size), length)
    position = np.arange(index.size) - np.repeat(start, length)
    of = sessions[["key", "kind", "channel", "category", "tier", "login", "product", "day", "second"]][index]
    key = of["key"]
    kind = _kinds(of, position, length[index])
    elapsed = np.cumsum(gaps(key, position))
    hits = np.zeros(index.size, dtype=HIT)
    begins = of["day"].astype(np.int32) * v.DAY_SECONDS
    hits["time"] = begins + of["second"] + elapsed - elapsed[start[index]] if index.size else 0
    hits["session"] = index
    hits["position"] = position
    hits["kind"] = kind
    hits["product"], hits["category"] = _subjects(plan, of, position, length[index], kind)
    hits["page"] = _pages(plan, pages, hits, key)
    keep = hits["time"] < begins + v.DAY_SECONDS
    return _with_company(pages, hits[keep], key[keep], of["kind"][keep])


def _kinds(of: np.ndarray, position: np.ndarray, length: np.ndarray) -> np.ndarray:
    u = uniform(of["key"], position, _PAGE)
    landing = np.array(_KINDS)[(u[:, None] >= np.array(_LANDING)[of["channel"]][:, :-1]).sum(axis=1)]
    after = np.array(_AFTER)[np.searchsorted(_AFTER_SHARES[:-1], u, side="right")]
    kind = np.where(position == 0, landing, after)
    order, robot = of["kind"] == v.ORDER, of["kind"] == v.ROBOT
    kind = np.where((order | robot) & (kind != CATEGORY) & (position > 0), PRODUCT, kind)
    from_end = length - position
    for distance, page in ((1, DONE), (2, CHECKOUT), (3, CART), (4, ADD)):
        kind = np.where(order & (from_end == distance), page, kind)
    second = order & (from_end == v.ORDER_TAIL)
    kind = np.where(second, np.where(of["product"][:, 1] >= 0, ADD, PRODUCT), kind)
    kind = np.where((of["login"] == position) & (position > 0), LOGIN, kind)
    return np.where(robot & (position == 0) & (u < 0.3), ROBOTS, kind)


def _subjects(
    plan: Plan, of: np.ndarray, position: np.ndarray, length: np.ndarray, kind: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Product of product pages and additions (an addition takes the product seen before), category listed."""
    seen = np.where((kind == ADD) & (position > 0), position - 1, position)
    which = (uniform(of["key"], seen, _WHICH) >= 0.7).astype(np.int64)
    rows = np.arange(kind.size)
    category, tier = of["category"][rows, which].astype(np.int64), of["tier"][rows, which]
    group = category * len(TIERS) + tier + uniform(of["key"], seen, _PICK)
    place = np.minimum(
        np.searchsorted(plan.catalogue.group_cdf, group, side="right"), plan.catalogue.group_products.size - 1
    )
    product = plan.catalogue.group_products[place]
    order = of["kind"] == v.ORDER
    ordered = np.where(of["product"][rows, which] >= 0, of["product"][rows, which], of["product"][:, 0])
    product = np.where(order & (uniform(of["key"], seen, _WHICH, 1) < OWN_PRODUCT), ordered, product)
    from_end = length - position
    product = np.where(order & (from_end == v.ORDER_TAIL) & (kind == ADD), of["product"][:, 1], product)
    product = np.where(order & (from_end == v.ORDER_TAIL - 1), of["product"][:, 0], product)
    return (
        np.where((kind == PRODUCT) | (kind == ADD), product, -1),
        np.where((kind == CATEGORY) | (kind == SEARCHING), category, -1),
    )


def _pages(plan: Plan, pages: Pages, hits: np.ndarray, key: np.ndarray) -> np.ndarray:
    firsts = np.array([pages.first[kind] for kind in range(ASSET + 1)])
    inside = np.zeros(hits.size, dtype=np.int64)
    kind = hits["kind"]
    inside = np.where((kind == PRODUCT) | (kind == ADD), hits["product"], inside)
    inside = np.where(kind == CATEGORY, hits["category"], inside)
    word = integers(pages.searches, key, hits["position"], _TEXT)
    inside = np.where(kind == SEARCHING, hits["category"] * np.int64(pages.searches) + word, inside)
    content = integers(len(CONTENT_PAGES), key, hits["position"], _TEXT)
    return firsts[kind] + np.where(kind == CONTENT, content, inside)


def _with_company(pages: Pages, hits: np.ndarray, key: np.ndarray, of_kind: np.ndarray) -> np.ndarray:
    """Adds assets and double clicks and sorts by time; robots ask for neither."""
    person = of_kind != v.ROBOT
    u = uniform(key, hits["position"], _ASSET)
    with_icon = person & (hits["position"] == 0) & (u >= 1.0 - ICON_SHARE)
    with_asset = person & (u < ASSET_SHARE)
    company = hits[with_icon | with_asset].copy()
    pick = 1 + integers(len(ASSETS) - 1, key[with_icon | with_asset], company["position"], _ASSET, 1)
    company["page"] = pages.first[ASSET] + np.where(with_icon[with_icon | with_asset], 0, pick)
    company["kind"] = ASSET
    company["product"] = company["category"] = -1
    twice = hits[person & (hits["kind"] != DONE) & (uniform(key, hits["position"], _TWICE) < REPEATED)]
    rows = np.concatenate([hits, twice, company])
    return rows[np.lexsort((rows["kind"] == ASSET, rows["position"], rows["session"], rows["time"]))]
