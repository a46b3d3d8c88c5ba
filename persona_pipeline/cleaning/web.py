"""Split access-log records to judged hits.

What needs Python is done once per distinct value, then one SQL statement decides.
Here: the look-up tables (pages, agents, channels, pseudonyms) and what the statement is given.
Not here: cutting lines (sources), and tables that are written (window.py).
"""

from __future__ import annotations

import datetime as dt
import functools
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa

from persona_pipeline.cleaning.inputs import DeclaredSource, SplitFile
from persona_pipeline.cleaning.records import Business, Typed
from persona_pipeline.cleaning.web_agents import describe, is_bot
from persona_pipeline.cleaning.web_channels import channel, plain_host
from persona_pipeline.cleaning.zones import local_stretches, utc_stretches
from persona_pipeline.contracts.pseudonym import pseudonym
from persona_pipeline.engine.ahead import ahead
from persona_pipeline.engine.protocol import Engine, Relation
from persona_pipeline.engine.sql import sql_text

_AGENT = ("is_bot", "device", "browser", "os")
_NUMBER = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_NUMBER}(?:\.{_NUMBER}){{3}}")
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|([\"\\]))")


def web_records(
    engine: Engine,
    name: str,
    source: DeclaredSource,
    paths: Sequence[str],
    files: Sequence[tuple[SplitFile, dt.date]],
    business: Business,
    last: dt.date,
    written: Mapping[int, dt.date] | None = None,
) -> Typed:
    """Type and judge the hits of one source; each row carries its outcome.

    Args:
        engine: runs the statements.
        name: name of the source.
        source: its declaration.
        paths: Parquet of split records.
        files: the files whose records count, with the day on which each was known.
        business: the project's first day, currency, zone and key.
        last: last day that a record can speak of; bounds the search for clock changes.
        written: by `path_no`, the last day that a range of a growing file can speak of, if after its day.
    """
    records = Relation(tuple(paths))
    first, after = business.start - dt.timedelta(days=60), last + dt.timedelta(days=60)
    zone = source.time_zone or business.time_zone
    table = {"records": records, "files": file_table(files, written or {})}
    lookups = _lookups(source, business.key)

    def looked_up(part: Relation, *names: str) -> dict[str, Relation | pa.Table]:
        return {
            name: _mapped(engine, engine.stage(sql_text(f"clean/{statement}"), {"records": part}), function)
            for name, statement, function in lookups
            if name in names
        }

    whole: dict[str, Relation | pa.Table] = {**table, **looked_up(records, "pages")}
    whole["addresses"] = engine.stage(sql_text("clean/web_address"), whole)
    limits = {"limit": source.requests_per_minute, "pages": source.silent_pages}
    whole |= {
        "burst": engine.stage(sql_text("clean/web_burst"), whole, limits),
        "silent": engine.stage(sql_text("clean/web_silent"), whole, limits),
        "zone": local_stretches(zone, first, after, later=source.dst_overlap == "later"),
        "business_zone": utc_stretches(business.time_zone, first, after),
    }
    parameters = {
        "source": name,
        "start": business.start,
        "redelivery_days": source.redelivery_days,
        "reject_gap": source.dst_gap == "reject",
        "reject_overlap": source.dst_overlap == "reject",
    }
    others = [name for name, _, _ in lookups if name != "pages"]
    hits: list[str] = []
    # part by part: the clients of a month need not fit into memory at once
    parts = [Relation((path,)) for path in paths]
    for own in ahead({"records": part, **looked_up(part, *others)} for part in parts):
        hits += engine.stage(sql_text("clean/web_record"), {**whole, **own}, parameters).paths
    return Typed(Relation(tuple(hits)))


def file_table(files: Sequence[tuple[SplitFile, dt.date]], written: Mapping[int, dt.date]) -> pa.Table:
    """Files with the day known and their number among the files of that day, in order of path and content."""
    ranked = sorted(files, key=lambda item: (item[1], item[0].path, item[0].sha256))
    numbers: dict[dt.date, int] = {}
    rows = []
    for file, day in ranked:
        number = numbers[day] = numbers.get(day, -1) + 1
        until = written.get(file.path_no, day)
        rows.append((file.path_no, file.path, file.sha256, day, until, number))
    types = (pa.int32(), pa.string(), pa.string(), pa.date32(), pa.date32(), pa.int64())
    names = ("path_no", "path", "sha256", "day", "written_day", "file_no")
    return pa.table(
        {
            name: pa.array([row[at] for row in rows], kind)
            for at, (name, kind) in enumerate(zip(names, types, strict=True))
        }
    )


_Rows = Callable[[Mapping[str, list]], dict[str, list]]


def _lookups(source: DeclaredSource, key: bytes) -> list[tuple[str, str, _Rows]]:
    """Name of the input, statement of its distinct values, what is worked out for them."""
    patterns, own = source.page_patterns, source.hosts

    def pages(values: Mapping[str, list]) -> dict[str, list]:
        found = [patterns.page(page) for page in values["page"]]
        return {
            "page_type": [page.page_type for page in found],
            "is_asset": [page.is_asset for page in found],
            "product_id": [page.product_id for page in found],
            "category": [page.category for page in found],
            "order_id": [page.order_id for page in found],
        }

    def origins(values: Mapping[str, list]) -> dict[str, list]:
        hosts = [plain_host(host) for host in values["referrer_host"]]
        told = zip(values["utm_source"], values["utm_medium"], hosts, strict=True)
        return {"host": hosts, "channel": [channel(*each, own) for each in told]}

    def clients(values: Mapping[str, list]) -> dict[str, list]:
        both = zip(values["address"], values["agent"], strict=True)
        told = zip(*map(_agent, values["agent"]), strict=True) if values["agent"] else [[] for _ in _AGENT]
        return {
            "client_id": [_client(key, address, agent) for address, agent in both],
            "client_prefix": list(map(network_prefix, values["address"])),
            **{name: list(column) for name, column in zip(_AGENT, told, strict=True)},
        }

    def named(kind: str) -> _Rows:
        def rows(values: Mapping[str, list]) -> dict[str, list]:
            clear = [unescaped(value) for value in values["value"]]
            return {f"{kind}_id": clear, "id": [pseudonym(key, kind, value) for value in clear]}

        return rows

    return [
        ("pages", "web_page", pages),
        ("origins", "web_origin", origins),
        ("clients", "web_client", clients),
        ("accounts", "web_account", named("account")),
        ("visitors", "web_visitor", named("visitor")),
        ("contacts", "web_contact", named("contact")),
    ]


@functools.lru_cache(maxsize=100_000)  # a client comes again in later parts
def _client(key: bytes, address: str | None, agent: str) -> str:
    return pseudonym(key, "client", f"{address or ''}|{agent}")


@functools.lru_cache(maxsize=100_000)  # an attacker may send a new agent with every request
def _agent(agent: str) -> tuple[bool, str, str, str]:
    return (is_bot(agent), *describe(agent))


def _mapped(engine: Engine, distinct: Relation, function: _Rows) -> Relation:
    """A table of distinct values with what is worked out for them."""

    def batch(rows: pa.Table) -> pa.Table:
        values = rows.to_pydict()
        told = {name: pa.array(column, _type(name)) for name, column in function(values).items()}
        return pa.table({**{name: rows.column(name).cast(pa.string()) for name in rows.column_names}, **told})

    mapped = engine.map_batches(distinct, batch)
    if not isinstance(mapped, Relation):
        raise TypeError("map_batches without an output returns a relation")
    return mapped


def _type(name: str) -> pa.DataType:
    return pa.bool_() if name.startswith("is_") else pa.string()


def unescaped(value: str) -> str:
    r"""A value before the server escaped it (`\x22`, `\"`, `\\`); left as it is where that is no UTF-8."""
    if "\\" not in value:
        return value
    found = _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else m[2], value)
    try:
        return found.encode("latin-1").decode()
    except UnicodeError:
        return value


@functools.lru_cache(maxsize=100_000)  # one address comes with several agents
def network_prefix(address: str | None) -> str | None:
    """The network of an address: /24 of IPv4, /48 of IPv6; None where it is none."""
    if address is None:
        return None
    if _IPV4.fullmatch(address):
        return f"{address.rpartition('.')[0]}.0/24"
    try:
        found = ipaddress.ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            return str(ipaddress.ip_network((found, 48), strict=False))
        found = found.ipv4_mapped
    return str(ipaddress.ip_network((found, 24), strict=False))
