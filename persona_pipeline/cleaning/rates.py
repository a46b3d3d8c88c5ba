"""Exchange rates: which are known, and the conversion of typed records by them.

Here: which statement is given what. Not here: which rate is in force on a day (sql/clean/rate_in_force.sql).
"""

from __future__ import annotations

from persona_pipeline.contracts.clean import EXCHANGE_RATE
from persona_pipeline.engine.protocol import Engine, Input, Relation
from persona_pipeline.engine.sql import sql_text

RATE_DAYS = 10  # the longest stretch without a quotation (New Year, Golden Week) and a day or two of delay
CONVERTED = {"orders": "order", "products": "product", "campaigns": "contact"}


def known_rates(engine: Engine, earlier: Relation, outcome: Input | None) -> Relation:
    """Every version of a rate known up to the end of a window.

    Args:
        engine: runs the statement.
        earlier: clean.exchange_rate of the days before the window.
        outcome: what became of the rates of the window; None without any.
    """
    if outcome is None:
        return earlier
    now = engine.stage(sql_text("clean/exchange_rate"), {"outcome": outcome})
    columns = ", ".join(EXCHANGE_RATE.column_names)
    both = f"SELECT {columns} FROM earlier UNION ALL SELECT {columns} FROM now"  # noqa: S608 - names of a contract
    return engine.stage(both, {"earlier": earlier, "now": now})


def converted(engine: Engine, kind: str, record: Input, rates: Relation, currency: str) -> Relation:
    """The same records with their money in the project's currency; without a rate they are rejected."""
    project = {"project_currency": currency}
    in_force = engine.stage(
        sql_text("clean/rate_in_force"),
        {"record": record, "rate": rates},
        {**project, "rate_days": RATE_DAYS},
    )
    inputs = {"record": record, "in_force": in_force}
    return engine.stage(sql_text(f"clean/{CONVERTED[kind]}_converted"), inputs, project)
