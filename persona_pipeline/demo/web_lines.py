"""Hits as lines of the access log: a block of text of many lines at once.

Here: NGINX's format, `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent
"$http_referer" "$http_user_agent" "$cookie_vid" $request_time`. Not here: which hits there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from persona_pipeline.demo import web_agents
from persona_pipeline.demo import web_hits as h
from persona_pipeline.demo import web_visits as v
from persona_pipeline.demo.counter_random import integers, mixed, uniform
from persona_pipeline.demo.people import NEWSLETTER_PERSON
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.web_hits import Pages

ZONE = "+0800"
IPV6 = 0.12
_SEARCH_HOSTS = (
    "https://www.baidu.com/",
    "https://www.google.com/",
    "https://cn.bing.com/",
    "https://www.so.com/",
)
_SOCIAL_HOSTS = (
    "https://weibo.com/",
    "https://www.xiaohongshu.com/explore",
    "https://www.zhihu.com/",
    "https://www.facebook.com/",
    "https://www.douyin.com/",
)
# Two first parts of IPv4 addresses of people; none is reserved, robots and attackers have others.
_NETWORKS = ("36.112", "58.246", "61.152", "101.86", "111.199", "114.84", "117.136", "119.123", "180.168",
             "183.14", "202.96", "218.81", "220.181", "222.71", "223.104", "112.65")  # fmt: skip
_ROBOT_NETWORKS = ("66.249", "40.77", "116.179", "54.36", "157.55", "34.141")
_V6 = ("240e:3b7", "2408:8207", "2409:8a28", "240e:47c")
_PROTOCOLS = (" HTTP/2.0", " HTTP/1.1", " HTTP/3.0")
_ADVERTS = (
    "?utm_source=baidu&utm_medium=cpc&utm_campaign=brand",
    "?utm_source=weibo&utm_medium=paid_social&utm_campaign=brand",
)
SOURCES = {"email": "newsletter", "sms": "sms", "app": "app", "wechat": "wechat"}
MEDIA = {"email": "email", "sms": "sms", "app": "push", "wechat": "social"}

_NET, _V6_SHARE, _HOST, _STATUS, _BYTES, _TIME, _PROTOCOL, _HEX = range(300, 308)
_HEX_PAIRS = np.array([f"{i:02x}" for i in range(256)], dtype="S2")


@dataclass(frozen=True, slots=True)
class Writer:
    """The fixed texts of a shop's log as arrays to pick from."""

    plan: Plan
    pages: Pages
    requests: pa.Array
    referrers: pa.Array
    dates: pa.Array
    clock: pa.Array
    agents: pa.Array
    outside: pa.Array  # "-", search hosts, social hosts
    campaign_suffix: pa.Array

    @staticmethod
    def of(plan: Plan, pages: Pages) -> Writer:
        """Prepares the texts."""
        posts = range(pages.first[h.ADD], pages.first[h.ADD] + len(plan.catalogue))
        login = pages.first[h.LOGIN]
        verbs = ["POST " if i in posts or i == login else "GET " for i in range(len(pages.paths))]
        clock = [f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(86_400)]
        suffixes = [
            f"?utm_source={SOURCES[c.channel]}&utm_medium={MEDIA[c.channel]}&utm_campaign={c.campaign_id}"
            f"&cid=K{i + 1:03d}"
            for i, c in enumerate(plan.campaigns)
        ]
        return Writer(
            plan=plan,
            pages=pages,
            requests=pa.array([verb + path for verb, path in zip(verbs, pages.paths, strict=True)]),
            referrers=pa.array([h.SITE + path for path in pages.paths]),
            dates=pa.array([f"{plan.date(day):%d/%b/%Y}:" for day in range(plan.days)]),
            clock=pa.array(clock),
            agents=pa.array(web_agents.AGENTS),
            outside=pa.array(["-", *_SEARCH_HOSTS, *_SOCIAL_HOSTS]),
            campaign_suffix=pa.array(suffixes or [""]),
        )

    def text(self, sessions: np.ndarray, hits: np.ndarray, order_ids: pa.Array) -> pa.Array:
        """One string per hit, each ending in a newline.

        Args:
            sessions: rows of SESSION.
            hits: rows of HIT that point into them.
            order_ids: order number of each session as text, empty without.
        """
        of = sessions[hits["session"]]
        key, position = of["key"], hits["position"]
        shown = position >= of["login"]
        account = pc.utf8_lpad(pc.cast(pa.array(np.maximum(of["account"], 0)), pa.string()), 8, "0")
        status = _status(hits, key)
        millis = 3 + np.minimum(-np.log1p(-uniform(key, position, _TIME)) * 60, 9_000).astype(np.int64)
        return pc.binary_join_element_wise(
            address_text(of["address"], of["kind"] == v.ROBOT),
            " - ",
            pc.if_else(pa.array(shown), account, "-"),
            " [",
            self.dates.take(pa.array(hits["time"] // v.DAY_SECONDS)),
            self.clock.take(pa.array(hits["time"] % v.DAY_SECONDS)),
            f' {ZONE}] "',
            self.requests.take(pa.array(hits["page"])),
            self._suffix(of, hits, order_ids),
            pa.array(_PROTOCOLS).take(pa.array(_protocol(of))),
            '" ',
            pc.cast(pa.array(status), pa.string()),
            " ",
            pc.cast(pa.array(_bytes(hits, key, status)), pa.string()),
            ' "',
            self._referrer(of, hits),
            '" "',
            self.agents.take(pa.array(of["agent"].astype(np.int64))),
            '" "',
            cookie_text(of["cookie"]),
            '" ',
            pc.cast(pa.array(millis // 1000), pa.string()),
            ".",
            pc.utf8_lpad(pc.cast(pa.array(millis % 1000), pa.string()), 3, "0"),
            "\n",
            "",
        )

    def _suffix(self, of: np.ndarray, hits: np.ndarray, order_ids: pa.Array) -> pa.Array:
        """What a request's address carries beyond its page: the order, or the campaign of a landing page."""
        done = hits["kind"] == h.DONE
        landing = (hits["position"] == 0) & (hits["kind"] != h.ASSET)
        clicked = landing & (of["campaign"] >= 0)
        orders = pc.binary_join_element_wise("?order=", order_ids.take(pa.array(hits["session"])), "")
        campaign = self.campaign_suffix.take(pa.array(np.maximum(of["campaign"], 0).astype(np.int64)))
        account = pc.utf8_lpad(pc.cast(pa.array(np.maximum(of["account"], 0)), pa.string()), 8, "0")
        subscriber = np.maximum(of["number"].astype(np.int64) - NEWSLETTER_PERSON, 0)
        subscriber = pc.utf8_lpad(pc.cast(pa.array(subscriber), pa.string()), 7, "0")
        subscriber = pc.binary_join_element_wise("N", subscriber, "")
        account = pc.if_else(pa.array(of["account"] < 0), subscriber, account)
        contact = pc.binary_join_element_wise(campaign, account, "")
        contact = pc.if_else(
            pa.array(hits["kind"] == h.SEARCHING), pc.replace_substring(contact, "?", "&"), contact
        )
        paid = (
            landing
            & (of["channel"] == v.ADVERTISING)
            & (hits["kind"] != h.SEARCHING)
            & (of["kind"] != v.ROBOT)
        )
        advert = pa.array(_ADVERTS).take(pa.array((uniform(of["key"], _HOST, 1) < 0.3).astype(np.int64)))
        text = pc.if_else(pa.array(paid), advert, "")
        return pc.if_else(pa.array(clicked), contact, pc.if_else(pa.array(done), orders, text))

    def _referrer(self, of: np.ndarray, hits: np.ndarray) -> pa.Array:
        """The page before; for a landing page the place outside; for an asset its page."""
        key = of["key"]
        search = 1 + integers(len(_SEARCH_HOSTS), key, _HOST)
        social = 1 + len(_SEARCH_HOSTS) + integers(len(_SOCIAL_HOSTS), key, _HOST)
        outside = np.select([of["channel"] == v.SEARCH, of["channel"] == v.SOCIAL], [search, social], 0)
        outside = np.where(of["kind"] == v.ROBOT, 0, outside)
        inside = np.full(hits.size, self.pages.first[h.HOME])
        viewed = self.pages.first[h.PRODUCT] + hits["product"].astype(np.int64)
        inside = np.where(hits["kind"] == h.ADD, viewed, inside)
        for kind, before in ((h.CART, h.HOME), (h.CHECKOUT, h.CART), (h.DONE, h.CHECKOUT)):
            inside = np.where(hits["kind"] == kind, self.pages.first[before], inside)
        listed = self.pages.first[h.CATEGORY] + of["category"][:, 0].astype(np.int64)
        inside = np.where(hits["kind"] == h.PRODUCT, listed, inside)
        first = (hits["position"] == 0) & (hits["kind"] != h.ASSET)
        return pc.if_else(
            pa.array(first | (of["kind"] == v.ROBOT)),
            self.outside.take(pa.array(outside)),
            self.referrers.take(pa.array(inside)),
        )


def _protocol(of: np.ndarray) -> np.ndarray:
    u = uniform(of["key"], _PROTOCOL)
    return np.where((u < 0.22) | (of["kind"] == v.ROBOT), 1, np.where(u > 0.96, 2, 0))


def _status(hits: np.ndarray, key: np.ndarray) -> np.ndarray:
    u = uniform(key, hits["position"], _STATUS)
    moved = (hits["kind"] == h.ADD) | (hits["kind"] == h.LOGIN)
    usual = np.select([u < 0.015, u < 0.019, u < 0.020], [304, 404, 500], 200)
    return np.where(moved, 302, np.where(hits["kind"] == h.DONE, 200, usual))


def _bytes(hits: np.ndarray, key: np.ndarray, status: np.ndarray) -> np.ndarray:
    size = 2_000 + integers(38_000, key, hits["position"], _BYTES)
    return np.select([status == 304, status == 302], [0, 5], size)


def cookie_text(cookie: np.ndarray) -> pa.Array:
    """32 hex digits, "-" without a cookie."""
    pair = np.stack([cookie, mixed(cookie, _HEX)], axis=1).astype(">u8")
    digits = _HEX_PAIRS[pair.view(np.uint8).reshape(cookie.size, 16)]
    text = np.ascontiguousarray(digits).view("S32").reshape(cookie.size)
    return pc.if_else(pa.array(cookie > 0), pc.cast(pa.array(text, pa.binary()), pa.string()), "-")


def address_text(address: np.ndarray, is_robot: np.ndarray) -> pa.Array:
    """IPv4, for some clients IPv6; the same number is the same address."""
    number = mixed(address, _NET)
    parts = [
        pc.cast(pa.array((number >> np.uint64(shift)) & np.uint64(255)), pa.string()) for shift in (0, 8)
    ]
    network = pa.array(_NETWORKS).take(pa.array(integers(len(_NETWORKS), number, 1)))
    robots = pa.array(_ROBOT_NETWORKS).take(pa.array(integers(len(_ROBOT_NETWORKS), number, 1)))
    network = pc.if_else(pa.array(is_robot), robots, network)
    four = pc.binary_join_element_wise(network, parts[0], parts[1], ".")
    groups = np.stack([number, mixed(number, 2)], axis=1).astype(">u8")
    octets = groups.view(np.uint8).reshape(number.size, 16)
    octets[:, ::2] |= 0x10  # the short form of a group has no leading zero
    digits = _HEX_PAIRS[octets]
    quads = [
        pc.cast(
            pa.array(np.ascontiguousarray(digits[:, i : i + 2]).view("S4").reshape(number.size), pa.binary()),
            pa.string(),
        )
        for i in range(0, 12, 2)
    ]
    prefix = pa.array(_V6).take(pa.array(integers(len(_V6), number, 3)))
    six = pc.binary_join_element_wise(prefix, *quads, ":")
    is_six = (uniform(number, _V6_SHARE) < IPV6) & ~is_robot
    return pc.if_else(pa.array(is_six), six, four)
