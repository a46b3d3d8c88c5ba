"""Asset checks: what is watched after a write. What blocks is decided before the write.

Here: the gates of a publication, each as a check of the last closed day, and whether its facts are there.
Not here: holding the publication (publishing), which asks the same gates.
"""

import datetime as dt
from collections.abc import Iterator

import dagster as dg

from persona_pipeline.contracts import Table, behaviour, clean
from persona_pipeline.defs.gates import held, judge
from persona_pipeline.defs.metadata import asset_key
from persona_pipeline.defs.shop import Shop
from persona_pipeline.defs.state import closed_through

# by name of the gate: the table it looks at, and what it says
GATES: dict[str, tuple[Table, str]] = {
    "ledger_balance": (clean.FILE_LEDGER, "The records of every file of the last closed day add up."),
    "duplicate_key": (clean.ORDER_LINE, "No key of a clean table stands twice on the last closed day."),
    "unknown_currency": (clean.LEDGER_REASON, "No record of the last closed day was in an unknown currency."),
    "reject_share": (
        clean.FILE_LEDGER,
        "On the last closed day no file was refused, and of none more than 1 % was rejected.",
    ),
    "volume": (
        clean.FILE_LEDGER,
        "Each source brought about as many records as on the same weekdays of the 28 days before.",
    ),
    "schema_drift": (
        clean.FILE_COLUMN,
        "The files of the last closed day have the columns that files had before.",
    ),
}


def checks() -> list[dg.AssetChecksDefinition]:
    """The gates, and the check of the facts."""

    @dg.asset_check(
        asset=asset_key(behaviour.ORDER_DAY),
        name="facts_are_there",
        description="The last closed day has its facts.",
    )
    def facts_are_there(shop: dg.ResourceParam[Shop]) -> dg.AssetCheckResult:
        day = closed_through(shop.settings)
        there = day is not None and bool(shop.lake.versions(behaviour.ORDER_DAY, [day]))
        return dg.AssetCheckResult(
            passed=there, severity=dg.AssetCheckSeverity.WARN, metadata={"day": str(day)}
        )

    specs = [
        dg.AssetCheckSpec(name, asset=asset_key(table), description=text)
        for name, (table, text) in GATES.items()
    ]

    @dg.multi_asset_check(specs=specs, name="gates")
    def gates(shop: dg.ResourceParam[Shop]):
        """Judge the last closed day once, for all gates."""
        yield from judged(shop, closed_through(shop.settings))

    return [gates, facts_are_there]


def judged(shop: Shop, day: dt.date | None) -> Iterator[dg.AssetCheckResult]:
    """What the gates found of a day: an error where it holds the publication, a warning where it does not.

    A project without a closed day has nothing to find.
    """
    with shop.embedded() as engine:
        everything = judge(shop, engine, day) if day else []
    for name, (table, _) in GATES.items():
        found = [each for each in everything if each.gate == name]
        holds = held(shop, found)
        told = [{"source": each.source, "found": each.found, "expected": each.expected} for each in found]
        yield dg.AssetCheckResult(
            asset_key=asset_key(table),
            check_name=name,
            passed=not found,
            severity=dg.AssetCheckSeverity.ERROR if holds else dg.AssetCheckSeverity.WARN,
            description="; ".join(map(str, found)) or None,
            metadata={"day": str(day), "holds": len(holds), "findings": dg.MetadataValue.json(told)},
        )
