"""JSON access logs: the fields of one object a line, by the names that a source gives them.

Here: presets of web servers, and SQL. The engine's JSON reader is used, not Python's (json_records.py): a
busy site logs millions of lines a day, and what matters of a line are a dozen texts. Not here: what they say.
"""

from __future__ import annotations

from collections.abc import Mapping

from persona_pipeline.sources.log_cut import literal, zone_expression
from persona_pipeline.sources.log_statement import Fields, cookie_value, request_of

# keys of log_format escape=json after NGINX's variables; caddyserver.com/docs/logging;
# doc.traefik.io/traefik/observability/access-logs
JSON_PRESETS: dict[str, dict[str, str]] = {
    "nginx": {
        "address": "remote_addr",
        "account": "remote_user",
        "time": "time_iso8601",
        "request": "request",
        "method": "request_method",
        "uri": "request_uri",
        "protocol": "server_protocol",
        "status": "status",
        "bytes": "body_bytes_sent",
        "referrer": "http_referer",
        "agent": "http_user_agent",
        "cookie": "http_cookie",
    },
    "caddy": {
        "address": "request.client_ip",
        "account": "user_id",
        "time": "ts",
        "method": "request.method",
        "uri": "request.uri",
        "protocol": "request.proto",
        "status": "status",
        "bytes": "size",
        "referrer": "request.headers.Referer",
        "agent": "request.headers.User-Agent",
        "cookie": "request.headers.Cookie",
    },
    "traefik": {
        "address": "ClientHost",
        "account": "ClientUsername",
        "time": "StartUTC",
        "method": "RequestMethod",
        "uri": "RequestPath",
        "protocol": "RequestProtocol",
        "status": "DownstreamStatus",
        "bytes": "DownstreamContentSize",
        "referrer": "request_Referer",
        "agent": "request_User-Agent",
        "cookie": "request_Cookie",
    },
}
COLUMNS = (
    "time",
    "request",
    "method",
    "uri",
    "query",
    "protocol",
    "status",
    "bytes",
    "referrer",
    "agent",
    "cookie",
)
# what the engine's reader takes and JSON has not (RFC 8259): NaN and infinity in any case, a comma before the
# end of a list or object; three patterns that begin with a letter or a comma take half the time of one
_LENIENT = (r"(?i)nan\s*[,\]}]", r"(?i)inf(?:inity)?\s*[,\]}]", r",\s*[\]}]")
_NOT_FINITE = r"[:\[,]\s*(?:NaN|-?Infinity)\s*[,\]}]"
_TEXT, _EMPTY = r'"(?:[^"\\]|\\.)*"', '""'
_DATE, _CLF = "%Y-%m-%dT%H:%M:%S", "%d/%b/%Y:%H:%M:%S"


def json_fields(keys: Mapping[str, str], *, cookie: str | None) -> Fields:
    """The fields of lines that are JSON objects.

    A time may be ISO 8601, NGINX's time_local, or seconds or milliseconds since 1970; these look different,
    so that each line shows which it is. An object that names a key twice is refused, because readers differ
    in which of the two they take; so is one with NaN, Infinity or a comma too many, as json_records.py does.

    Args:
        keys: role to key; `request.headers.Referer` reaches into objects, unless a key is called so. Of a
            list the first element counts.
        cookie: name of the visitor's cookie, looked for in the role `cookie` where `visitor` is not there.
    """
    paths: list[str] = []
    value: dict[str, str] = {}
    for role, key in keys.items():
        own = [_path([key])]
        if "." in key:
            own += [f"{_path(key.split('.'))}[0]", _path(key.split("."))]
        first = len(paths) + 1
        paths += own
        value[role] = f"coalesce({', '.join(f'got[{first + at}]' for at in range(len(own)))})"
    requests = [value["request"]] if "request" in value else []
    if "method" in value and "uri" in value:
        requests.append(request_of(value))
    value["request"] = f"coalesce({', '.join(requests)})"
    if cookie is not None and "cookie" in value:
        found = cookie_value(value["cookie"], cookie)
        value["visitor"] = f"coalesce({value['visitor']}, {found})"
    texts = ("address", "account", "visitor", "time", "request", "status", "bytes", "referrer", "agent")
    columns = ", ".join(f"{value.get(name, 'CAST(NULL AS VARCHAR)')} AS {name}" for name in texts)
    steps = f"""
checked AS (
    SELECT *, {malformed("text")} AS malformed FROM lines
),
opened AS (
    SELECT
        path_no,
        line,
        malformed,
        CASE WHEN malformed IS NULL THEN json_keys(text) END AS names,
        CASE
            WHEN malformed IS NULL
                THEN json_extract_string(text, [{", ".join(literal(path) for path in paths)}])
        END AS got
    FROM checked
),
told AS (
    SELECT path_no, line, malformed, len(names) > len(list_distinct(names)) AS is_twice, {columns} FROM opened
),
field AS (
    SELECT
        path_no,
        line,
        CASE
            WHEN malformed IS NOT NULL THEN malformed
            WHEN is_twice THEN 'json_duplicate_key'
            WHEN coalesce(time, '') = '' OR request IS NULL THEN 'missing_required'
        END AS refused,
        address, account, visitor, status, bytes, referrer, agent, request, time,
        CASE
            WHEN time[3] = '/' THEN substr(time, 22)
            WHEN time[5] IN ('-', '/') THEN ltrim(regexp_replace(substr(time, 20), '^[.,][0-9]+', ''))
            ELSE 'Z'
        END AS zone
    FROM told
)"""
    return Fields(steps, _moment("q.time"), zone_expression(_CLF, "q.zone"))


def malformed(line: str) -> str:
    """Why a line is no JSON object, NULL where it is one; keys that come twice are not seen.

    Few lines have in a text what is looked for outside of texts, so only those few are freed of their texts.
    """

    def lenient(text: str) -> str:
        return " OR ".join(f"regexp_matches({text}, {literal(pattern)})" for pattern in _LENIENT)

    bare = f"regexp_replace({line}, {literal(_TEXT)}, {literal(_EMPTY)}, 'g')"
    return f"""CASE
        WHEN NOT coalesce(starts_with(ltrim({line}), '{{') AND json_valid({line}), FALSE) THEN 'bad_json'
        WHEN NOT ({lenient(line)}) THEN NULL
        WHEN regexp_matches({bare}, {literal(_NOT_FINITE)}) THEN 'json_not_finite'
        WHEN {lenient(bare)} THEN 'bad_json'
    END"""


def _path(names: list[str]) -> str:
    return "$" + "".join('."' + name + '"' for name in names)


def _moment(time: str) -> str:
    whole = f"split_part({time}, '.', 1)"
    ticks = f"TRY_CAST({whole} AS BIGINT)"
    date = f"replace(replace(substr({time}, 1, 19), '/', '-'), ' ', 'T')"

    millis = f"{ticks} // 1000"

    def parsed(text: str, form: str) -> str:
        leap = f"CASE WHEN suffix({text}, ':60') THEN replace({text}, ':60', ':59') ELSE {text} END"
        return f"TRY_CAST(try_strptime({leap}, {literal(form)}) AS TIMESTAMP)"

    return f"""CASE
        WHEN {time}[3] = '/' THEN {parsed(f"substr({time}, 1, 20)", _CLF)}
        WHEN {time}[5] IN ('-', '/') THEN {parsed(date, _DATE)}
        WHEN length({whole}) BETWEEN 9 AND 11 THEN TIMESTAMP '1970-01-01' + {ticks} * INTERVAL 1 SECOND
        WHEN length({whole}) BETWEEN 12 AND 14 THEN TIMESTAMP '1970-01-01' + {millis} * INTERVAL 1 SECOND
    END"""
