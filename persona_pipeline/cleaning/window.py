"""A window of days from raw files to clean tables, the vault and the ledger. Returns files; commits nothing.

Here: which statement is given what, in which order. Not here: the statements (sql/clean/).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from persona_pipeline.cleaning.deliveries import Delivered, Reading, delivered
from persona_pipeline.cleaning.impute import impute
from persona_pipeline.cleaning.inputs import DeclaredSource, SplitFiles
from persona_pipeline.cleaning.ledger import column_rows, counted, ledger_rows, reason_rows
from persona_pipeline.cleaning.posts import accepted_posts
from persona_pipeline.cleaning.rates import CONVERTED, converted, known_rates
from persona_pipeline.cleaning.records import Business, union
from persona_pipeline.cleaning.web import write_hits
from persona_pipeline.contracts import clean, traces
from persona_pipeline.engine.protocol import (
    DataFile,
    Derived,
    Engine,
    Input,
    Output,
    ReadWindow,
    Relation,
    Window,
)
from persona_pipeline.engine.sql import sql_text

# name of the statements of a kind (rates first: they convert the others), and the table whose records may
# come again as corrections
STATEMENTS = {
    "rates": "rate",
    "orders": "order",
    "customers": "customer",
    "products": "product",
    "social": "social",
    "campaigns": "contact",
    "web": "web",
}
# of a record that says what is so, the newest one holds
STATES = {"rates": clean.EXCHANGE_RATE, "customers": clean.CUSTOMER, "products": clean.PRODUCT}
VERSIONED = {
    "orders": clean.ORDER_LINE,
    "social": traces.SOCIAL_POST,
    "campaigns": traces.CAMPAIGN_CONTACT,
}
# rows of an accepted record, by kind; posts need more than a statement (posts.py)
ACCEPTED = {"orders": "clean/order_line", "campaigns": "clean/campaign_contact"}
TABLES = (
    clean.ORDER_LINE,
    clean.CUSTOMER,
    clean.PRODUCT,
    clean.EXCHANGE_RATE,
    traces.SOCIAL_POST,
    traces.CAMPAIGN_CONTACT,
    traces.ID_LINK,
    clean.REJECT,
    clean.FILE_LEDGER,
    clean.LEDGER_REASON,
    clean.FILE_COLUMN,
    clean.IDENTIFIER,
    clean.POST_TEXT,
    traces.WEB_HIT,
)


def clean_window(
    engine: Engine,
    *,
    sources: Mapping[str, DeclaredSource],
    split: SplitFiles,
    project_directory: Path,
    start: dt.date,
    currency: str,
    time_zone: str,
    key: bytes,
    read: ReadWindow,
    outputs: Mapping[str, Output],
    window: Window,
    split_directory: Path,
    run_id: str,
) -> dict[str, list[DataFile]]:
    """Clean everything that became known in a window of days.

    Args:
        engine: runs the statements.
        sources: the declared sources by name.
        split: `sources.split.split_files`.
        project_directory: the project folder; paths of files are relative to it.
        start: first day of the project.
        currency: the project's currency; records in another one are converted by known rates, else rejected.
        time_zone: the business time zone, which cuts days.
        key: secret of the pseudonyms.
        read: reads lake tables; clean.arrival must be committed up to the window's last day.
        outputs: where to write, by full name, for each table of `TABLES`.
        window: the days.
        split_directory: scratch for split records, and the cache of split history exports.
        run_id: written into ledger and rejects.

    Returns:
        The files written, by full name of the table. The rows of a day do not depend on the window around it.

    Raises:
        LedgerError: the records of a file do not add up.
        SourceError: a recorded file is gone or changed.
    """
    converts = any(source.kind == "rates" for source in sources.values())
    business = Business(start, currency, time_zone, key, converts)
    ledger = {"ledger": read(clean.FILE_LEDGER, window.first, window.last)}
    closed: dict[dt.date, set[str]] = {}
    for row in engine.fetch("SELECT DISTINCT day, source FROM ledger", ledger).to_pylist():
        closed.setdefault(row["day"], set()).add(row["source"])
    reading = Reading(engine, split, project_directory, split_directory, business, window, closed)
    arrivals = engine.fetch(
        sql_text("clean/arrival_in_force"), {"arrival": read(clean.ARRIVAL, None, window.last)}
    ).to_pylist()
    brought = {
        name: delivered(reading, name, source, [row for row in arrivals if row["source"] == name])
        for name, source in sorted(sources.items())
    }
    records = {kind: _records(kind, sources, brought) for kind in STATEMENTS}
    earlier = {
        kind: _earlier_versions(engine, kind, sources, read, window)
        for kind in VERSIONED
        if records[kind] is not None
    }
    outcomes = {
        kind: impute(engine, kind, outcome, sources, read, window)
        for kind, outcome in _outcomes(engine, records, earlier, read, window, business).items()
    }
    written = _clean_tables(engine, outcomes, earlier, read, outputs, window)
    lines = [typed for each in brought.values() for typed in each.typed]
    written[traces.WEB_HIT.full_name] = write_hits(engine, lines, outputs[traces.WEB_HIT.full_name])
    refused = union(
        [
            engine.stage(sql_text("clean/reject"), {"outcome": each}, {"run_id": run_id})
            for each in outcomes.values()
        ]
    )
    written[clean.REJECT.full_name] = _write(engine, refused, outputs, clean.REJECT.full_name)
    links = union([_of_kind(engine, kind, "link", outcome) for kind, outcome in outcomes.items()])
    written[traces.ID_LINK.full_name] = _write(engine, links, outputs, traces.ID_LINK.full_name)
    seen = union([_of_kind(engine, kind, "identifier", outcome) for kind, outcome in outcomes.items()])
    if seen is not None:
        known = read(clean.IDENTIFIER, None, window.first - dt.timedelta(days=1))
        written[clean.IDENTIFIER.full_name] = engine.select_into(
            sql_text("clean/identifier"),
            {"seen": seen, "earlier": known},
            outputs[clean.IDENTIFIER.full_name],
        )
    accounts = counted(
        [account for each in brought.values() for account in each.accounts],
        [row for kind, outcome in outcomes.items() for row in _counts(engine, kind, outcome)],
    )
    for table, rows in (
        (clean.LEDGER_REASON, reason_rows(accounts)),
        (clean.FILE_COLUMN, column_rows(accounts)),
        (clean.FILE_LEDGER, ledger_rows(accounts, run_id)),
    ):
        written[table.full_name] = engine.select_into(
            "SELECT * FROM result", {"result": rows}, outputs[table.full_name]
        )
    return written


def _records(
    kind: str, sources: Mapping[str, DeclaredSource], brought: Mapping[str, Delivered]
) -> Input | None:
    """The typed records of all sources of a kind; None without any."""
    of_kind = [each for source, each in brought.items() if sources[source].kind == kind]
    return union([typed.records for each in of_kind for typed in each.typed])


def _outcomes(
    engine: Engine,
    records: Mapping[str, Input | None],
    earlier: Mapping[str, Relation],
    read: ReadWindow,
    window: Window,
    business: Business,
) -> dict[str, Input]:
    """What becomes of every record, by kind; kinds without a record are left out."""
    before = window.first - dt.timedelta(days=1)
    outcomes: dict[str, Input] = {}
    days = {"first": window.first, "last": window.last}
    for kind, name in STATEMENTS.items():
        record = records[kind]
        if record is None:
            continue
        if business.converts and kind in CONVERTED:
            rates = known_rates(engine, read(clean.EXCHANGE_RATE, None, before), outcomes.get("rates"))
            record = converted(engine, kind, record, rates, business.currency)
        if kind == "web":
            outcomes[kind] = record  # every hit is judged by itself and its day
        elif kind in VERSIONED:
            outcomes[kind] = outcome_of(engine, record, earlier[kind], window)
        else:
            known = read(STATES[kind], None, before)
            state = engine.stage(sql_text(f"clean/{name}_earlier"), {"earlier": known})
            inputs = {"record": record, "earlier": state}
            outcomes[kind] = engine.stage(sql_text("clean/state_outcome"), inputs, days)
    return outcomes


def outcome_of(engine: Engine, record: Input, earlier: Input, window: Window) -> Derived:
    """What becomes of records that may come again.

    Only the few whose key came more than once are kept with their verdict; with the others it is worked out
    where they are read, because typed records are wide and many.

    Args:
        engine: runs the statements.
        record: typed records.
        earlier: the versions of the days before that they can repeat or correct, with record_id.
        window: the days.
    """
    days = {"first": window.first, "last": window.last}
    verdict = engine.stage(sql_text("clean/record_verdict"), {"record": record, "earlier": earlier}, days)
    bounds = pa.table({name: pa.array([day], pa.date32()) for name, day in days.items()})
    return Derived(sql_text("clean/record_outcome"), {"record": record, "verdict": verdict, "days": bounds})


def _earlier_versions(
    engine: Engine, kind: str, sources: Mapping[str, DeclaredSource], read: ReadWindow, window: Window
) -> Relation:
    """Rows of a kind's clean table that a record of the window can repeat or correct, with record_id."""
    lookback = max(source.redelivery_days for source in sources.values() if source.kind == kind) + 1
    before = window.first - dt.timedelta(days=1)
    earlier = read(VERSIONED[kind], window.first - dt.timedelta(days=lookback), before)
    return engine.stage(sql_text(f"clean/{STATEMENTS[kind]}_earlier"), {"earlier": earlier})


def _clean_tables(
    engine: Engine,
    outcomes: Mapping[str, Input],
    earlier: Mapping[str, Relation],
    read: ReadWindow,
    outputs: Mapping[str, Output],
    window: Window,
) -> dict[str, list[DataFile]]:
    """The tables of what the records say."""
    written: dict[str, list[DataFile]] = {table.full_name: [] for table in TABLES}
    only = window.first if window.first == window.last else None
    if "customers" in outcomes:
        name = clean.CUSTOMER.full_name
        written[name] = engine.select_into(
            sql_text("clean/customer"), {"outcome": outcomes["customers"]}, outputs[name]
        )
    if "rates" in outcomes:
        name = clean.EXCHANGE_RATE.full_name
        rates = {"outcome": outcomes["rates"]}
        written[name] = engine.select_into(sql_text("clean/exchange_rate"), rates, outputs[name])
    products = read(clean.PRODUCT, None, window.first - dt.timedelta(days=1))
    if "products" in outcomes or "orders" in outcomes:
        name = clean.PRODUCT.full_name
        inputs = {"outcome": outcomes.get("products", _NO_PRODUCT), "title": _NO_TITLE, "earlier": products}
        if "orders" in outcomes:
            inputs["title"] = engine.stage(sql_text("clean/product_title"), {"outcome": outcomes["orders"]})
        written[name] = engine.select_into(sql_text("clean/product"), inputs, outputs[name])
        now = tuple(str(file.path) for file in written[name])
        products = Relation(products.paths + now, clean.PRODUCT, products.evolved)
    for kind, table in VERSIONED.items():
        if kind not in outcomes:
            continue
        if kind == "social":
            accepted = accepted_posts(engine, outcomes[kind], products)
            name = clean.POST_TEXT.full_name
            written[name] = engine.select_into(
                sql_text("clean/post_text"), {"outcome": outcomes[kind]}, outputs[name]
            )
        else:
            accepted = Derived(sql_text(ACCEPTED[kind]), {"outcome": outcomes[kind]})
        name = table.full_name
        inputs = {"accepted": accepted, "earlier": earlier[kind]}
        written[name] = engine.select_into(sql_text("clean/versions"), inputs, outputs[name], day=only)
    return written


def _of_kind(engine: Engine, kind: str, what: str, outcome: Input) -> Relation | None:
    """Links or identifiers of the accepted records of a kind; products and rates hold none."""
    if kind in ("products", "rates"):
        return None
    return engine.stage(sql_text(f"clean/{STATEMENTS[kind]}_{what}"), {"outcome": outcome})


def _counts(engine: Engine, kind: str, outcome: Input) -> list[dict[str, object]]:
    """Records by file, outcome and reason; what was noticed beside that as `noted`."""
    counts: list[dict[str, object]] = []
    noted = engine.fetch(sql_text(f"clean/{STATEMENTS[kind]}_noted"), {"outcome": outcome})
    for row in noted.to_pylist():
        file = {name: row.pop(name) for name in ("day", "source", "path", "sha256")}
        counts.append({**file, **{name: row.pop(name) for name in ("outcome", "reason", "records")}})
        counts += [{**file, "outcome": "noted", "reason": code, "records": n} for code, n in row.items() if n]
    return counts


def _write(engine: Engine, rows: Input | None, outputs: Mapping[str, Output], name: str) -> list[DataFile]:
    return (
        engine.select_into("SELECT * FROM result", {"result": rows}, outputs[name])
        if rows is not None
        else []
    )


def _empty(columns: Sequence[tuple[str, pa.DataType]]) -> pa.Table:
    return pa.schema(columns).empty_table()


_TEXT = pa.string()
_NO_PRODUCT = _empty(
    [
        ("day", pa.date32()),
        *((name, _TEXT) for name in ("product_id", "title", "category", "brand")),
        *((name, pa.decimal128(18, 4)) for name in ("price", "original_price")),
        ("exchange_rate", pa.decimal128(20, 12)),
        *(
            (name, _TEXT)
            for name in ("currency", "original_currency", "imputed", "source", "content_hash", "outcome")
        ),
    ]
)
_NO_TITLE = _empty(
    [("day", pa.date32()), *((name, _TEXT) for name in ("product_id", "title", "currency", "source"))]
)
