"""The SQL statement that makes the fields of a log line, for one log format.

The engine cuts lines at quotes and blanks; lines that do not fall into the pieces of the format go through
the format's regular expression, which knows escapes; what neither understands is `bad_line`. Not here: the
format itself (log_format.py) and files (access_log.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from persona_pipeline.sources.log_format import Compiled, literal, time_expression, zone_expression

ROLES = ("address", "account", "visitor", "time", "zone", "request", "status", "bytes", "referrer", "agent")
UTM = ("utm_source", "utm_medium", "utm_campaign")


def parse_statement(form: Compiled, parameters: Sequence[str]) -> str:
    """The SELECT that makes records of `lines` (path_no, line, text) and `bad` (path_no, line, reason).

    Args:
        form: the log format.
        parameters: names in the query string that pages are told by.
    """
    cut = " AND ".join(
        [
            f"len(piece) = {form.pieces}",
            "NOT contains(text, '\\\"')",
            *form.conditions,
        ]
        if form.pieces
        else ["FALSE"]
    )
    names = ", ".join(literal(role) for role in form.groups)
    fields = []
    for role in ROLES:
        fast = form.values.get(role, "NULL") if form.pieces else "NULL"
        slow = f"again.{role}" if role in form.groups else "NULL"
        fields.append(f"CASE WHEN fits THEN {fast} ELSE {slow} END AS {role}")
    given = " || ".join(_parameter_given(name) for name in parameters) or "''"
    value = _query_value
    address = "CASE WHEN contains(q.address, ',') THEN split_part(q.address, ',', 1) ELSE q.address END"
    words = "".join(f", {expression} AS {name}" for name, expression in form.words.items())
    return f"""
WITH pieces AS (
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
    SELECT path_no, line, {", ".join(fields)} FROM tried
),
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
    coalesce(b.reason, CASE WHEN coalesce(q.time, '') = '' THEN 'bad_line' END) AS reason,
    {_missing(address)} AS address,
    {_missing("q.account")} AS account,
    {_missing("q.visitor")} AS visitor,
    {time_expression(form.time, "q.time")} AS local_at,
    CAST({zone_expression(form.time, "q.zone")} AS INTEGER) AS offset_seconds,
    coalesce(suffix(q.time, ':60'), FALSE) AS leap_second,
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


def _missing(value: str) -> str:
    return f"nullif(nullif({value}, '-'), '')"


def _query_value(name: str) -> str:
    """SQL of a value of the query string; NULL where it is not given."""
    mark = literal(f"&{name}=")
    value = f"nullif(split_part(split_part(query, {mark}, 2), '&', 1), '')"
    return f"CASE WHEN contains(query, {mark}) THEN {value} END"


def _parameter_given(name: str) -> str:
    return f"coalesce({literal(f'{name}=')} || {_query_value(name)} || '&', '')"
