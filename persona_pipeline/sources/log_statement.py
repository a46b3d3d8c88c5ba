"""The SQL statement that makes records of lines, for one format of log.

Two halves: the fields of a line as text, which differ by format, and what they say of a request, which does
not. Lines that a cut format does not fit go through the format's regular expression, which knows escapes;
what neither understands is `bad_line`. Not here: formats (log_format.py, log_cut.py), files (access_log.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from persona_pipeline.sources.log_cut import Compiled, literal, time_expression, zone_expression

UTM = ("utm_source", "utm_medium", "utm_campaign")
_PLACE = ("address", "account", "visitor", "time", "zone", "request", "status", "bytes", "referrer", "agent")


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a line, for one format.

    Attributes:
        steps: common table expressions over `lines` (path_no, line, text); the last one, `field`, has
            path_no, line, refused (a reason or NULL) and the texts address, account, visitor, time, zone,
            request, status, bytes, referrer, agent.
        moment: SQL of the wall clock that `q.time` shows.
        offset: SQL of the seconds that it is ahead of UTC; NULL where the line does not say.
    """

    steps: str
    moment: str
    offset: str


def text_fields(form: Compiled) -> Fields:
    """The fields of lines of text."""
    conditions = [f"len(piece) = {form.pieces}", "NOT contains(text, '\\\"')", *form.conditions]
    cut = " AND ".join(conditions) if form.pieces else "FALSE"
    names = ", ".join(literal(role) for role in form.groups)
    value = {
        role: f"CASE WHEN fits THEN {form.values.get(role, 'NULL')} ELSE again.{role} END"
        for role in form.groups
    }
    if "clock" in value:
        value["time"] = f"nullif({value['time']} || ' ' || {value['clock']}, ' ')"
    if "method" in value:
        value["request"] = request_of(value)
    if form.is_w3c:
        value |= {role: _decoded(value[role]) for role in ("agent", "cookie") if role in value}
        value["zone"] = "'Z'"
    if form.cookie is not None:
        value["visitor"] = cookie_value(value["cookie"], form.cookie)
    words = "".join(f", {expression} AS {name}" for name, expression in form.words.items())
    steps = f"""
pieces AS (
    SELECT path_no, line, text, str_split(text, '"') AS piece FROM lines
),
worded AS (
    SELECT path_no, line, text, piece{words} FROM pieces
),
fitting AS (
    SELECT *, coalesce({cut}, FALSE) AS fits FROM worded
),
tried AS (
    SELECT *, CASE WHEN NOT fits THEN regexp_extract(text, {literal(form.pattern)}, [{names}]) END AS again
    FROM fitting
),
field AS (
    SELECT path_no, line, CAST(NULL AS VARCHAR) AS refused, {_placed(value)} FROM tried
)"""
    return Fields(steps, time_expression(form.time, "q.time"), zone_expression(form.time, "q.zone"))


def no_fields(reason: str) -> Fields:
    """Lines that cannot be read, whatever they hold, because of a reason."""
    steps = f"field AS (SELECT path_no, line, {literal(reason)} AS refused, {_placed({})} FROM lines)"
    return Fields(steps, "CAST(NULL AS TIMESTAMP)", "NULL")


def request_of(value: Mapping[str, str]) -> str:
    """A request line of its parts: SQL of method and uri, and of query and protocol where they are logged."""
    text = f"{value['method']} || ' ' || {value['uri']}"
    if "query" in value:
        text += f" || coalesce('?' || ltrim({_missing(value['query'])}, '?'), '')"
    protocol = _missing(value["protocol"]) if "protocol" in value else "NULL"
    return f"{text} || ' ' || coalesce({protocol}, 'HTTP/1.1')"


def cookie_value(header: str, name: str) -> str:
    """SQL of one cookie of a Cookie header; NULL where it is not there."""
    mark = literal(f"; {name}=")
    return f"nullif(split_part(split_part('; ' || {header}, {mark}, 2), ';', 1), '')"


def _placed(value: Mapping[str, str]) -> str:
    return ", ".join(f"{value.get(name, 'CAST(NULL AS VARCHAR)')} AS {name}" for name in _PLACE)


def parse_statement(fields: Fields, parameters: Sequence[str]) -> str:
    """The SELECT that makes records of `lines` (path_no, line, text) and `bad` (path_no, line, reason).

    Args:
        fields: the fields of the log's lines.
        parameters: names in the query string that pages are told by.
    """
    given = " || ".join(_parameter_given(name) for name in parameters) or "''"
    value = _query_value
    several = "contains(q.address, ',') OR contains(q.address, ':')"
    first = _host("trim(split_part(q.address, ',', 1))")
    address = f"CASE WHEN {several} THEN {first} ELSE q.address END"
    return f"""
WITH {fields.steps.strip()},
asked AS (
    SELECT
        *,
        CASE WHEN contains(request, ' ') THEN substr(request, 1, instr(request, ' ') - 1) ELSE '' END AS verb,
        CASE
            WHEN suffix(request, ' HTTP/1.1') OR suffix(request, ' HTTP/2.0') OR suffix(request, ' HTTP/1.0')
                OR suffix(request, ' HTTP/3.0') OR suffix(request, ' HTTP/0.9') THEN 9
            WHEN suffix(request, ' HTTP/2') OR suffix(request, ' HTTP/3') OR suffix(request, ' HTTP/1') THEN 7
        END AS protocol_length
    FROM field
),
request_line AS (
    SELECT
        *,
        CASE
            WHEN CASE WHEN verb IN ('GET', 'POST', 'HEAD') THEN TRUE
                ELSE regexp_full_match(verb, '[A-Z]{{3,20}}') END
                THEN substr(request, length(verb) + 2, length(request) - length(verb) - 1 - protocol_length)
        END AS target
    FROM asked
),
target AS (
    SELECT
        *,
        CASE
            WHEN starts_with(target, '/') THEN target
            WHEN starts_with(target, 'http://') OR starts_with(target, 'https://') THEN '/' || substr(
                target, length(split_part(target, '/', 1)) + length(split_part(target, '/', 3)) + 4
            )
        END AS whole
    FROM request_line
),
place AS (
    SELECT
        * REPLACE (
            CASE WHEN contains(whole, '#') THEN substr(whole, 1, instr(whole, '#') - 1) ELSE whole END
            AS whole
        ),
        CASE WHEN starts_with(referrer, 'http') AND contains(referrer, '://')
            THEN str_split(referrer, '/')[3] END AS site
    FROM target
),
query AS (
    SELECT
        *,
        CASE WHEN contains(whole, '?') THEN substr(whole, 1, instr(whole, '?') - 1) ELSE whole END AS path,
        CASE WHEN contains(whole, '?') THEN '&' || substr(whole, instr(whole, '?') + 1) END AS query
    FROM place
)
SELECT
    q.path_no,
    q.line,
    coalesce(b.reason, q.refused, CASE WHEN coalesce(q.time, '') = '' THEN 'bad_line' END) AS reason,
    {_missing(address)} AS address,
    {_missing("q.account")} AS account,
    {_missing("q.visitor")} AS visitor,
    {fields.moment} AS local_at,
    CAST({fields.offset} AS INTEGER) AS offset_seconds,
    coalesce(contains(q.time, ':60'), FALSE) AS leap_second,
    CASE WHEN target <> '' THEN verb END AS method,
    CASE WHEN query IS NULL THEN path ELSE path || '?' || {given} END AS page,
    {", ".join(f"{value(name)} AS {name}" for name in UTM)},
    {value("cid")} AS contact,
    q.status,
    {_missing("q.bytes")} AS bytes,
    lower(CASE
        WHEN contains(site, '@') OR contains(site, ':') THEN split_part(split_part(site, '@', -1), ':', 1)
        ELSE site
    END) AS referrer_host,
    {_missing("q.agent")} AS agent
FROM query AS q
LEFT JOIN bad AS b ON b.path_no = q.path_no AND b.line = q.line
"""


def _decoded(value: str) -> str:
    """SQL of a value of a W3C log in which blanks cannot stand: IIS writes a plus, CloudFront %20."""
    plain = f"replace({value}, '+', ' ')"
    return (
        f"CASE WHEN contains({value}, '%') THEN coalesce(TRY(url_decode({plain})), {plain}) ELSE {plain} END"
    )


def _host(address: str) -> str:
    """SQL of an address without the port that some proxies write behind it: each connection has another."""
    port = f"regexp_full_match({address}, '[0-9.]+:[0-9]+')"
    return (
        f"CASE WHEN starts_with({address}, '[') THEN split_part(substr({address}, 2), ']', 1) "
        f"WHEN {port} THEN split_part({address}, ':', 1) ELSE {address} END"
    )


def _missing(value: str) -> str:
    return f"nullif(nullif({value}, '-'), '')"


def _query_value(name: str) -> str:
    """SQL of a value of the query string; NULL where it is not given."""
    mark = literal(f"&{name}=")
    value = f"nullif(split_part(split_part(query, {mark}, 2), '&', 1), '')"
    return f"CASE WHEN contains(query, {mark}) THEN {value} END"


def _parameter_given(name: str) -> str:
    return f"coalesce({literal(f'{name}=')} || {_query_value(name)} || '&', '')"
