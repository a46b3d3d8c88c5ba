"""What the truth tells of the web: whose cookies are whose, and the rules by which lines are counted.

Here: rows and constants for the truth folder. Not here: how visits come about.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from persona_pipeline.demo import web_dirt, web_habits, web_visits
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.web_agents import ROBOT_TOKENS, ROBOTS
from persona_pipeline.demo.web_habits import tablet_key
from persona_pipeline.demo.web_lines import cookie_text

SCHEMA = pa.schema(
    [
        ("person", pa.int64()),  # number of the customer in the shop
        ("id_kind", pa.string()),
        ("value", pa.string()),  # as the raw file writes it
        ("valid_from", pa.date32()),
        ("is_shared", pa.bool_()),  # several customers used it
        ("is_linkable", pa.bool_()),  # a login, an order or a clicked contact shows whose it is
    ]
)


def cookie_rows(plan: Plan, sessions: np.ndarray) -> pa.Table:
    """One row per customer of a block and visitor cookie that the logs show, from its first day."""
    seen = sessions[sessions["cookie"] > 0]
    by_day = seen[np.lexsort((seen["day"], seen["cookie"], seen["number"]))]
    first = np.ones(by_day.size, dtype=bool)
    first[1:] = (by_day["number"][1:] != by_day["number"][:-1]) | (
        by_day["cookie"][1:] != by_day["cookie"][:-1]
    )
    rows = by_day[first]
    tells = (by_day["login"] < by_day["hits"]) | (by_day["campaign"] >= 0) | (by_day["order"] >= 0)
    linkable = np.maximum.reduceat(tells, np.flatnonzero(first)) if rows.size else tells
    _, place, persons = np.unique(rows["cookie"], return_inverse=True, return_counts=True)
    tablet = tablet_key(plan, rows["number"].astype(np.int64)) | np.uint64(1)
    return pa.table(
        [
            pa.array(rows["number"].astype(np.int64)),
            pa.repeat("visitor", rows.size),
            cookie_text(rows["cookie"]),
            pa.array(
                (np.datetime64(plan.start) + rows["day"].astype("timedelta64[D]")).astype("datetime64[D]")
            ),
            pa.array((persons[place.reshape(-1)] > 1) | (rows["cookie"] == tablet)),
            pa.array(linkable),
        ],
        schema=SCHEMA,
    )


def web_constants() -> dict[str, object]:
    """Numbers behind the visits, and what a line must be to be counted as a robot's."""
    numbers = {
        name.lower(): getattr(module, name)
        for module in (web_habits, web_visits, web_dirt)
        for name in sorted(vars(module))
        if name.isupper() and not name.startswith("_") and isinstance(getattr(module, name), float)
    }
    personas = {
        name: list(getattr(web_habits, name.upper())) for name in ("visits", "phone", "pages", "web_orders")
    }
    return {
        "constants": numbers,
        "by_persona": personas,
        "robots": {
            "agents": list(ROBOTS),
            "tokens": list(ROBOT_TOKENS),
            "empty_agents": ["", "-"],
            "requests_per_clock_minute_and_address_above": web_dirt.HAMMER_MINUTE,
        },
        "assets": ["/favicon.ico", "/static/"],
        "not_http": "the request is not METHOD, address, HTTP/version; this goes before the agent",
    }
