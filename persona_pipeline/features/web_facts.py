"""Facts of the web: sessions, days and product views per identifier, by the day they were known.

Here: the range-first step that runs `sql/facts` over web hits. Not here: anything per customer (customer.py)
and the rules by which log lines become hits.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from persona_pipeline.contracts.activity import PRODUCT_VIEW, SESSION, WEB_DAY
from persona_pipeline.contracts.clean import PRODUCT
from persona_pipeline.contracts.traces import WEB_HIT
from persona_pipeline.engine.protocol import DataFile, Derived, Engine, Output, ReadWindow, Relation, Window
from persona_pipeline.engine.sql import sql_text

TABLES = (SESSION, WEB_DAY, PRODUCT_VIEW)


def web_facts_window(
    engine: Engine,
    read: ReadWindow,
    outputs: Mapping[str, Output],
    window: Window,
    *,
    session_minutes: int,
    zone: pa.Table,
) -> dict[str, list[DataFile]]:
    """Write `facts.session`, `facts.web_day` and `facts.product_view`.

    Args:
        engine: runs the statements.
        read: reads `clean.web_hit` over the window and `clean.product` up to its last day.
        outputs: where files go, by full name, for each table of `TABLES`.
        window: the days to write; a range gives what its days give one by one.
        session_minutes: a session ends after so long without a hit.
        zone: offsets of the business time zone by UTC time: `valid_from`, `valid_to`, `offset_seconds`, one
            row for every moment from the first hit to the last.

    Returns:
        The files written, by full name. The category of a product is the one known on the day of the view
        (never one learned later), and 'unknown' before the product's first catalogue entry.
    """
    hits = Derived(sql_text("facts/hit"), {"web_hit": read(WEB_HIT, window.first, window.last)})
    order = engine.stage(sql_text("facts/hit_order"), {"hit": hits}, {"gap_seconds": 60 * session_minutes})
    numbered = Derived(sql_text("facts/hit_session"), {"hit": hits, "hit_order": order})
    sessions = engine.select_into(
        sql_text("facts/session"), {"hit": numbered, "zone": zone}, outputs[SESSION.full_name]
    )
    written = Relation(tuple(str(file.path) for file in sessions), SESSION)
    return {
        SESSION.full_name: sessions,
        WEB_DAY.full_name: engine.select_into(
            sql_text("facts/web_day"), {"session": written}, outputs[WEB_DAY.full_name]
        ),
        PRODUCT_VIEW.full_name: engine.select_into(
            sql_text("facts/product_view"),
            {"hit": hits, "product": read(PRODUCT, None, window.last)},
            outputs[PRODUCT_VIEW.full_name],
        ),
    }
