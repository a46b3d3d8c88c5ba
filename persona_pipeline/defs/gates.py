"""The gates of a publication: what the ledgers say of a day is read here and judged in one place.

Here: reading, for the publication and for the checks alike. Not here: the decision (cleaning.gates).
"""

import datetime as dt
from typing import TYPE_CHECKING, Any

from persona_pipeline.contracts import clean, traces
from persona_pipeline.defs.shop import Shop

if TYPE_CHECKING:
    from persona_pipeline.cleaning.columns_seen import ColumnsSeen
    from persona_pipeline.cleaning.gates import Finding, Known
    from persona_pipeline.engine.duckdb import DuckDBEngine

# Tables whose rows carry a key of the source. A hit's key is its place in the file, made here.
KEYED = (
    clean.ORDER_LINE,
    clean.CUSTOMER,
    clean.PRODUCT,
    clean.EXCHANGE_RATE,
    traces.SOCIAL_POST,
    traces.CAMPAIGN_CONTACT,
)
STATES = ("customers", "products", "rates")


def judge(shop: Shop, engine: "DuckDBEngine", day: dt.date) -> "list[Finding]":
    """What the gates find of a day; equal whenever it is asked, unless the day was amended."""
    from persona_pipeline.cleaning.gates import findings

    sources = shop.settings.sources
    return findings(
        day,
        _known(shop, engine, day),
        headers=[name for name, source in sources.items() if source.has_header],
        delivered=[name for name, source in sources.items() if source.known_at == "delivery"],
    )


def held(shop: Shop, found: "list[Finding]") -> "list[Finding]":
    """The findings that keep a day from being published; `[gates] report_only` takes some back."""
    return [each for each in found if each.holds and each.gate not in shop.settings.gates.report_only]


def _known(shop: Shop, engine: "DuckDBEngine", day: dt.date) -> "Known":
    from persona_pipeline.cleaning.gates import COLUMN_DAYS, HISTORY_DAYS, Known
    from persona_pipeline.engine.sql import sql_text

    read = shop.lake.read
    ledger = read(clean.FILE_LEDGER, None, day)

    def rows(name: str, inputs: dict[str, Any], **parameters: object) -> list[dict[str, Any]]:
        return engine.fetch(sql_text(f"clean/{name}"), inputs, parameters).to_pylist()

    brought: dict[str, dict[dt.date, int]] = {}
    for row in rows("gate_brought", {"ledger": ledger}, first=day - dt.timedelta(days=HISTORY_DAYS)):
        # the state of customers or products may stay as it is; another kind brings nothing by a file known
        source = shop.settings.sources.get(row["source"])
        state = source is not None and source.kind in STATES
        brought.setdefault(row["source"], {})[row["day"]] = row["records"] - (0 if state else row["repeated"])
    columns_from = day - dt.timedelta(days=COLUMN_DAYS)
    columns = rows(
        "gate_column",
        {
            "file_column": read(clean.FILE_COLUMN, columns_from, day),
            "ledger": read(clean.FILE_LEDGER, columns_from, day),
        },
    )
    return Known(
        first={row["source"]: row["day"] for row in rows("gate_first", {"ledger": ledger})},
        brought=brought,
        files=engine.fetch("SELECT * FROM ledger", {"ledger": read(clean.FILE_LEDGER, day, day)}).to_pylist(),
        foreign={
            row["source"]: row["records"]
            for row in rows("gate_foreign", {"reason": read(clean.LEDGER_REASON, day, day)})
        },
        repeated={table.full_name: _repeated(shop, engine, table, day) for table in KEYED},
        columns=_seen(columns),
        columns_since=min(shop.lake.days(clean.FILE_COLUMN), default=None),
    )


def _repeated(shop: Shop, engine: "DuckDBEngine", table: clean.Table, day: dt.date) -> int:
    """Rows of the day beyond the first of their key."""
    key = ", ".join(name for name in table.key if name != "day")
    distinct = engine.fetch(
        f"SELECT count(*) AS rows, count(DISTINCT ({key})) AS keys FROM t",  # noqa: S608 - names of a contract
        {"t": shop.lake.read(table, day, day)},
    ).to_pylist()[0]
    return distinct["rows"] - distinct["keys"]


def _seen(rows: list[dict[str, Any]]) -> "dict[str, list[ColumnsSeen]]":
    """By source, the files with their columns."""
    from persona_pipeline.cleaning.columns_seen import ColumnsSeen

    files: dict[tuple[Any, ...], dict[str, int]] = {}
    for row in rows:
        place = (row["source"], row["day"], row["path"], row["sha256"], row["records_in"])
        files.setdefault(place, {})[row["column_name"]] = row["filled"]
    seen: dict[str, list[ColumnsSeen]] = {}
    for (source, day, path, _, records), columns in sorted(files.items()):
        seen.setdefault(source, []).append(ColumnsSeen(day, path, records, columns))
    return seen
