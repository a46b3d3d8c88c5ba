"""A simple feature table of one block's visits, as a reader can ascribe them to customers by a day.

Here: what the ceiling regresses on beside behaviour.py. Not here: the pipeline's feature catalogue.
"""

from __future__ import annotations

import numpy as np

from persona_pipeline.demo import web_agents
from persona_pipeline.demo import web_hits as h
from persona_pipeline.demo import web_visits as v
from persona_pipeline.demo.behaviour import NEVER
from persona_pipeline.demo.personas import CATEGORIES
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.web_hits import Pages, hits_of

WINDOWS = (7, 14, 30, 60, 90, 180)
NAMES = (
    "days_since_visit",
    "days_since_first_visit",
    *(f"sessions_{window}d" for window in WINDOWS),
    *(f"hits_{window}d" for window in WINDOWS),
    *(f"views_{window}d" for window in (30, 90)),
    *(f"cart_adds_{window}d" for window in (7, 30, 90)),
    "clicks_90d",
    "mobile_share",
    "evening_share",
    "visit_gap",
    "visit_recency_by_gap",
    "last_visit_gap",
    *(f"views_category_{i:02d}" for i in range(len(CATEGORIES))),
)


class WebBehaviour:
    """The visits of one block, counted once, and asked for their features as of several days."""

    def __init__(self, plan: Plan, pages: Pages, sessions: np.ndarray, first: int, size: int) -> None:
        """Takes the sessions of `size` customers, the first of whom has the number `first`."""
        self.size = size
        sessions = sessions[sessions["account"] >= 0]
        order = np.lexsort((sessions["second"], sessions["day"], sessions["number"]))
        self.sessions = sessions[order]
        self.customer = self.sessions["number"].astype(np.int64) - first
        hits = hits_of(plan, pages, self.sessions)
        hits = hits[hits["kind"] != h.ASSET]
        count = sessions.size
        self.hits = np.bincount(hits["session"], minlength=count)
        views = hits[hits["kind"] == h.PRODUCT]
        self.views = np.bincount(views["session"], minlength=count)
        self.adds = np.bincount(hits["session"][hits["kind"] == h.ADD], minlength=count)
        category = plan.catalogue.category[views["product"]]
        usual = category < len(CATEGORIES)
        self.of_category = np.zeros((count, len(CATEGORIES)), dtype=np.int32)
        np.add.at(self.of_category, (views["session"][usual], category[usual]), 1)
        self.known_from = np.maximum(v.first_login(self.sessions), self.sessions["delivered"])

    def table(self, day: int) -> np.ndarray:
        """Features as of the end of a day, shape (size, len(NAMES)), float32."""
        seen = np.flatnonzero(self.known_from <= day)
        table, who = self.sessions[seen], self.customer[seen]
        visited = table["day"].astype(np.int64)

        def total(values: np.ndarray | None, window: int | None = None) -> np.ndarray:
            recent = visited > day - window if window else np.ones(seen.size, dtype=bool)
            weights = None if values is None else values[seen][recent]
            return np.bincount(who[recent], weights=weights, minlength=self.size).astype(np.float64)

        last, start = np.full(self.size, -NEVER), np.full(self.size, NEVER)
        np.maximum.at(last, who, visited)
        np.minimum.at(start, who, visited)
        sessions = total(None)
        gap = np.where(sessions > 1, (last - start) / np.maximum(sessions - 1, 1), NEVER)
        last_gap = np.full(self.size, NEVER)
        again = np.flatnonzero(who[1:] == who[:-1]) + 1
        last_gap[who[again]] = visited[again] - visited[again - 1]
        some = np.maximum(sessions, 1)
        mobile = (self.sessions["agent"] >= web_agents.FIRST_MOBILE).astype(np.float64)
        evening = (self.sessions["second"] >= 20 * 3600).astype(np.float64)
        clicks = (self.sessions["kind"] == v.CLICK).astype(np.float64)
        columns = [day - last, day - start]
        columns += [total(None, window) for window in WINDOWS]
        columns += [total(self.hits, window) for window in WINDOWS]
        columns += [total(self.views, window) for window in (30, 90)]
        columns += [total(self.adds, window) for window in (7, 30, 90)]
        columns += [total(clicks, 90), total(mobile) / some, total(evening) / some]
        columns += [gap, (day - last) / np.maximum(gap, 1.0), last_gap]
        shares = np.zeros((self.size, len(CATEGORIES)))
        np.add.at(shares, who, self.of_category[seen])
        shares = shares / np.maximum(shares.sum(axis=1, keepdims=True), 1.0)
        return np.column_stack([*columns, shares]).astype(np.float32)
