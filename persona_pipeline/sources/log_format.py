"""Log formats of web servers: the parts of a declared format, and which variable means what.

A format is written in NGINX's notation ($variables), in Apache's (%directives) or stands in the file itself
(#Fields of W3C logs); all become the same parts. Not here: how parts cut a line (log_cut.py), reading files.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from persona_pipeline.sources.apache_format import apache_parts, variable_of
from persona_pipeline.sources.log_parts import PRESETS, Part, joined, nginx_parts

TIMES = ("time_local", "time_iso8601", "msec", "epoch_ms", "epoch_us")
BYTES = ("body_bytes_sent", "bytes_sent")
_W3C = {
    "date": "%Y-%m-%d",
    "time": "%H:%M:%S",
    "c-ip": "remote_addr",
    "cs-username": "remote_user",
    "cs-method": "request_method",
    "cs-uri": "request_uri",
    "cs-uri-stem": "uri",
    "cs-uri-query": "query_string",
    "cs-version": "server_protocol",
    "cs-protocol-version": "server_protocol",
    "sc-status": "status",
    "sc-bytes": "bytes_sent",
    "bytes": "bytes_sent",
}


def parse_format(text: str) -> tuple[Part, ...]:
    """The parts of a format: a preset's name, NGINX's notation with $variables, or Apache's with %directives.

    Raises:
        ValueError: two variables without anything between them, characters that no log line holds, or a
            variable that is missing.
    """
    text = PRESETS.get(text, text)
    if "$" not in text and "%" not in text:
        raise ValueError(
            f"unknown log_format {text!r}; expected {', '.join(PRESETS)}, a string of NGINX's log_format "
            "with $variables or of Apache's LogFormat with %directives"
        )
    if not text.isascii() or not text.replace("\t", " ").isprintable():
        raise ValueError("log_format may hold printable ASCII characters only; join its lines into one")
    if re.search(r"\$\{?[A-Za-z]", text) or "%" not in text:
        return joined(nginx_parts(text))
    return joined(apache_parts(text), mark="%")


def variable_name(text: str) -> str:
    """A variable as an option names it: cookie_vid, $cookie_vid, %{vid}C, or cs(Referer) of W3C logs."""
    if text.startswith("%"):
        name = variable_of(text)
        if name is None:
            raise ValueError(f"{text!r} is no single directive of Apache's, such as %{{vid}}C")
        return name
    return w3c_variable(text) if "-" in text or "(" in text else text.removeprefix("$")


def w3c_parts(fields: Sequence[str]) -> tuple[Part, ...]:
    """The parts of a line under a #Fields directive: its fields, a blank between each two."""
    variables = [Part(w3c_variable(field), True) for field in fields]
    return tuple(part for each in variables for part in (Part(" ", False), each))[1:]


def w3c_variable(field: str) -> str:
    """The variable that a W3C field stands for: cs(User-Agent) is http_user_agent."""
    header = re.fullmatch(r"cs\(([A-Za-z0-9-]+)\)", field)
    if header:
        return f"http_{header[1].lower().replace('-', '_')}"
    return _W3C.get(field, field)


def roles_of(
    parts: Sequence[Part], *, address: str, account: str, visitor: str | None, what: str = "log_format"
) -> dict[str, str]:
    """Which variable holds what we need: role to name of the variable.

    Args:
        parts: of the format.
        address: variable of the client's address.
        account: variable of the account logged in.
        visitor: variable of the visitor's cookie; cookie_NAME is also found in a header that is logged whole.
        what: what the format is called in messages.

    Raises:
        ValueError: a variable that must be there is not, or is there twice.
    """
    names = [part.text for part in parts if part.is_variable]

    def first(*wished: str) -> str | None:
        return next((name for name in wished if name in names), None)

    roles = {**_time_roles(parts, first(*TIMES), what), "address": address, "status": "status"}
    if "request" in names or "request_method" not in names:
        roles["request"] = "request"
    else:
        uri = first("request_uri", "uri", "document_uri") or "request_uri"
        roles |= {"method": "request_method", "uri": uri}
    missing = sorted({name for name in roles.values() if name not in names})
    if missing:
        raise ValueError(f"{what} has no {_named(missing[0])}, which web logs need")
    wished = {
        "account": first(account),
        "bytes": first(*BYTES),
        "referrer": first("http_referer"),
        "agent": first("http_user_agent"),
        "query": first("query_string", "args") if roles.get("uri") in ("uri", "document_uri") else None,
        "protocol": first("server_protocol") if "uri" in roles else None,
    }
    if visitor is not None:
        in_header = visitor.startswith("cookie_") and visitor not in names and "http_cookie" in names
        if visitor not in names and not in_header:
            raise ValueError(f"visitor = {visitor!r}, but {what} has no {_named(visitor)}")
        wished["cookie" if in_header else "visitor"] = "http_cookie" if in_header else visitor
    roles.update({role: name for role, name in wished.items() if name is not None})
    twice = sorted({name for name in roles.values() if names.count(name) > 1})
    if twice:
        raise ValueError(f"{what} has {_named(twice[0])} twice")
    return roles


def _time_roles(parts: Sequence[Part], usual: str | None, what: str) -> dict[str, str]:
    """The variable of the time, or the pieces of a strftime form: time, clock and zone."""
    if usual is not None:
        return {"time": usual}
    forms = [part.text for part in parts if part.is_form]
    pieces = [form for form in forms if form != "%z"]
    letters = {each[0] for form in pieces for each in form.split("%")[1:]}
    if not pieces:
        known = ", ".join(f"${each}" for each in TIMES)
        raise ValueError(f"{what} has no time; it needs one of {known}, Apache's %t or W3C's date and time")
    if len(pieces) > 2 or not all(letters & set(each) for each in ("Yy", "mbB", "d", "H", "M")):
        raise ValueError(
            f"{what}: the time {' '.join(pieces)!r} must hold year, month, day, hour and minute, in one "
            "piece or two"
        )
    zone = {"zone": "%z"} if "%z" in forms else {}
    return {**dict(zip(("time", "clock"), pieces, strict=False)), **zone}


def _named(variable: str) -> str:
    return repr(variable) if "-" in variable or "(" in variable or "%" in variable else f"${variable}"
