"""Split access-log records to judged lines, and those to hits.

What needs Python is done once per distinct value, then one SQL statement decides. A judged line carries the
numbers of its page, agent and origin: most lines are counted and never written, and what a number stands for
is looked up once, when the hits are.
Here: the look-up tables (pages, agents, channels, pseudonyms) and what the statements are given.
Not here: cutting lines (sources), and the order in which tables are written (window.py).
"""

from __future__ import annotations

import datetime as dt
import functools
import ipaddress
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from persona_pipeline.cleaning.inputs import DeclaredSource, SplitFile
from persona_pipeline.cleaning.records import Business, Typed
from persona_pipeline.cleaning.web_agents import agent_told
from persona_pipeline.cleaning.web_channels import channel, plain_host
from persona_pipeline.cleaning.zones import local_stretches, utc_stretches
from persona_pipeline.contracts.pseudonym import pseudonym
from persona_pipeline.engine.protocol import DataFile, Engine, Input, Output, Relation
from persona_pipeline.engine.sql import sql_text

# lines whose clients are looked up together: those of a month need not fit into memory at once
TOGETHER = 4_000_000
_OWN = ("origins", "accounts", "visitors", "contacts")
_HIT = ("outcome", "pages", "agents", "clients", "origins")
_AGENT = ("is_bot", "device", "browser", "os")
_NUMBER = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_NUMBER}(?:\.{_NUMBER}){{3}}")
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|([\"\\]))")


@dataclass(frozen=True, slots=True)
class TypedLines(Typed):
    """Judged lines of one log.

    Attributes:
        batches: inputs of the statement of hits: judged lines, and the tables that their numbers stand for.
        days: on which the lines were known.
    """

    batches: tuple[Mapping[str, Input], ...]
    days: frozenset[dt.date]


def web_records(
    engine: Engine,
    name: str,
    source: DeclaredSource,
    paths: Sequence[str],
    files: Sequence[tuple[SplitFile, dt.date]],
    business: Business,
    last: dt.date,
    written: Mapping[int, dt.date] | None = None,
) -> TypedLines:
    """Type and judge the lines of one source; each row carries its outcome.

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
    lookups = _lookups(source, business.key)

    def looked_up(name: str, inputs: Mapping[str, Input]) -> Relation:
        statement, function = lookups[name]
        return _mapped(engine, engine.stage(sql_text(f"clean/{statement}"), inputs), function)

    def own_of(batch: Relation) -> dict[str, Relation]:
        return {"records": batch, **{each: looked_up(each, {"records": batch}) for each in _OWN}}

    def clients_of(batch: Relation) -> Relation:
        return looked_up("clients", {"records": batch, "agents": agents.result()})

    whole: dict[str, Input] = {"records": records, "files": file_table(files, written or {})}
    limits = {"limit": source.requests_per_minute, "pages": source.silent_pages}
    parameters = {
        "source": name,
        "start": business.start,
        "redelivery_days": source.redelivery_days,
        "reject_gap": source.dst_gap == "reject",
        "reject_overlap": source.dst_overlap == "reject",
    }
    # Python's part, which is pseudonyms and agents, beside the engine's
    with ThreadPoolExecutor(1) as pool:
        agents = pool.submit(looked_up, "agents", {"records": records})
        looked = [(pool.submit(own_of, batch), pool.submit(clients_of, batch)) for batch in _batches(paths)]
        whole["pages"] = looked_up("pages", {"records": records})
        whole["addresses"] = engine.stage(sql_text("clean/web_address"), whole)
        whole |= {
            "burst": engine.stage(sql_text("clean/web_burst"), whole, limits),
            "silent": engine.stage(sql_text("clean/web_silent"), whole, limits),
            "zone": local_stretches(zone, first, after, later=source.dst_overlap == "later"),
            "business_zone": utc_stretches(business.time_zone, first, after),
            "agents": agents.result(),
        }
        outcomes = [
            engine.stage(sql_text("clean/web_record"), {**whole, **own.result()}, parameters)
            for own, _ in looked
        ]
        batches = tuple(
            {**whole, **own.result(), "outcome": outcome, "clients": clients.result()}
            for outcome, (own, clients) in zip(outcomes, looked, strict=True)
        )
    judged = Relation(tuple(path for outcome in outcomes for path in outcome.paths))
    return TypedLines(judged, batches, frozenset(day for _, day in files))


def write_hits(engine: Engine, typed: Sequence[Typed], output: Output) -> list[DataFile]:
    """Write the accepted hits of all sources."""
    return [
        file
        for each in typed
        if isinstance(each, TypedLines)
        for inputs in each.batches
        for file in engine.select_into(
            sql_text("clean/web_hit"),
            {name: inputs[name] for name in _HIT},
            output,
            day=min(each.days) if len(each.days) == 1 else None,
        )
    ]


def _batches(paths: Sequence[str]) -> Iterator[Relation]:
    """Parts with at most `TOGETHER` lines, or one part."""
    batch: list[str] = []
    lines = 0
    for path in paths:
        more = pq.read_metadata(path).num_rows
        if batch and lines + more > TOGETHER:
            yield Relation(tuple(batch))
            batch, lines = [], 0
        batch.append(path)
        lines += more
    yield Relation(tuple(batch))


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


def _lookups(source: DeclaredSource, key: bytes) -> dict[str, tuple[str, _Rows]]:
    """By name of the table: the statement of its distinct values, and the columns made of them."""
    patterns, own = source.page_patterns, source.hosts

    def pages(values: Mapping[str, list]) -> dict[str, list]:
        found = [patterns.page(page) for page in values["page"]]
        return {
            "page": values["page"],
            "page_type": [page.page_type for page in found],
            "is_asset": [page.is_asset for page in found],
            "product_id": [page.product_id for page in found],
            "category": [page.category for page in found],
            "order_id": [page.order_id for page in found],
        }

    def origins(values: Mapping[str, list]) -> dict[str, list]:
        hosts = [plain_host(host) for host in values["referrer_host"]]
        told = zip(values["utm_source"], values["utm_medium"], hosts, strict=True)
        return {**values, "host": hosts, "channel": [channel(*each, own) for each in told]}

    def agents(values: Mapping[str, list]) -> dict[str, list]:
        told = [agent_told(agent) for agent in values["agent"]]
        return {
            "agent": values["agent"],
            **{name: [row[at] for row in told] for at, name in enumerate(_AGENT)},
        }

    def clients(values: Mapping[str, list]) -> dict[str, list]:
        both = zip(values["address"], values["agent"], strict=True)
        return {
            "address": values["address"],
            "agent_no": values["agent_no"],
            "client_id": [pseudonym(key, "client", f"{address or ''}|{agent}") for address, agent in both],
            "client_prefix": list(map(network_prefix, values["address"])),
        }

    def named(kind: str) -> _Rows:
        def rows(values: Mapping[str, list]) -> dict[str, list]:
            clear = [unescaped(value) for value in values["value"]]
            ids = [pseudonym(key, kind, value) for value in clear]
            return {"value": values["value"], f"{kind}_id": clear, "id": ids}

        return rows

    return {
        "pages": ("web_page", pages),
        "origins": ("web_origin", origins),
        "agents": ("web_agent", agents),
        "clients": ("web_client", clients),
        "accounts": ("web_account", named("account")),
        "visitors": ("web_visitor", named("visitor")),
        "contacts": ("web_contact", named("contact")),
    }


def _mapped(engine: Engine, distinct: Relation, function: _Rows) -> Relation:
    """A table of distinct values with their number and what is worked out for them."""
    numbers = itertools.count()

    def batch(rows: pa.Table) -> pa.Table:
        told = {"number": list(itertools.islice(numbers, rows.num_rows)), **function(rows.to_pydict())}
        return pa.table({name: pa.array(column, _type(name)) for name, column in told.items()})

    mapped = engine.map_batches(distinct, batch)
    if not isinstance(mapped, Relation):
        raise TypeError("map_batches without an output returns a relation")
    return mapped


def _type(name: str) -> pa.DataType:
    if name.startswith("is_"):
        return pa.bool_()
    return pa.int32() if name in ("number", "agent_no") else pa.string()


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
