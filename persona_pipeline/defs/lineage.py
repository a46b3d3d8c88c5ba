"""Column lineage of a step, for the Dagster UI: read from the SQL of the step, once per process.

Lineage goes with runs of a single day (a night); a range would store the same picture once per partition.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from persona_pipeline.contracts import Table, behaviour, clean, identity, traces
from persona_pipeline.defs.metadata import column_lineage
from persona_pipeline.defs.shop import Shop

# table written -> the statement that computes it and the tables its inputs stand for
_FILES: dict[str, list[tuple[Table, str, dict[str, Table]]]] = {
    "identity": [
        (
            identity.EDGE,
            "identity/edge",
            {
                "id_link": traces.ID_LINK,
                "web_hit": traces.WEB_HIT,
                "order_line": clean.ORDER_LINE,
                "campaign_contact": traces.CAMPAIGN_CONTACT,
                "known": identity.EDGE,
            },
        )
    ],
    "facts": [
        (behaviour.ORDER_DAY, "facts/order_day", {"order_line": clean.ORDER_LINE}),
        (
            behaviour.BASKET_ITEM,
            "facts/basket_item",
            {"order_line": clean.ORDER_LINE, "product": clean.PRODUCT},
        ),
    ],
}


def lineage_of(shop: Shop, step: str, days: Sequence[dt.date]) -> dict[str, Mapping[str, Any]]:
    """Metadata per table of a step: its column lineage when the run is one day, nothing otherwise."""
    if len(days) != 1:
        return {}
    from persona_pipeline.engine.sql import sql_text

    found: dict[str, Mapping[str, Any]] = {
        table.full_name: _metadata(sql_text(name), inputs) for table, name, inputs in _FILES.get(step, [])
    }
    if step == "features":
        from persona_pipeline.features.customer import features_sql
        from persona_pipeline.features.view import INPUTS

        found[shop.features.full_name] = _metadata(features_sql(shop.catalogue), INPUTS)
    return found


def _metadata(sql: str, inputs: Mapping[str, Table]) -> dict[str, Any]:
    from persona_pipeline.engine.lineage import column_lineage as read

    pairs = read(sql, tuple((name, table.column_names) for name, table in inputs.items()))
    named = {
        column: [(inputs[source], source_column) for source, source_column in sources]
        for column, sources in pairs.items()
    }
    return {"dagster/column_lineage": column_lineage(named)}
