r"""Apache's LogFormat as parts: `%h %l %u %t \"%r\" %>s %b`, translated to the variables NGINX has for them.

Source: httpd.apache.org/docs/2.4/mod/mod_log_config.html. Not here: how a line is read (log_format.py).
"""

from __future__ import annotations

import re

from persona_pipeline.sources.log_parts import TIME_LETTERS, Part

_DIRECTIVE = re.compile(
    r"%(?:!?[0-9]{3}(?:,[0-9]{3})*)?(?P<which>[<>]?)(?:\{(?P<of>[^}]*)\})?(?P<letter>\^t[io]|[A-Za-z]|%)"
)
_ONE = {
    "a": "remote_addr",
    "h": "remote_host",
    "l": "remote_ident",
    "u": "remote_user",
    "r": "request",
    "m": "request_method",
    "U": "uri",
    "q": "query_string",
    "H": "server_protocol",
    "b": "body_bytes_sent",
    "B": "body_bytes_sent",
    "O": "bytes_sent",
    "I": "request_length",
    "S": "total_length",
    "D": "request_time_us",
    "T": "request_time",
    "v": "server_name",
    "V": "virtual_host",
    "p": "server_port",
    "A": "server_addr",
    "P": "pid",
    "f": "request_filename",
    "k": "keepalive_requests",
    "L": "log_id",
    "R": "handler",
    "X": "connection_status",
}
_NAMED = {"i": "http_", "o": "sent_http_", "C": "cookie_", "n": "note_", "e": "env_"}
_SHORT = {"%T": "%H:%M:%S", "%F": "%Y-%m-%d", "%R": "%H:%M", "%D": "%m/%d/%y", "%h": "%b"}
_EPOCH = {"sec": "msec", "msec": "epoch_ms", "usec": "epoch_us", "%s": "msec"}
_LOCAL = "%d/%b/%Y:%H:%M:%S %z"
_ISO = "%Y-%m-%dT%H:%M:%S%z"


def apache_parts(text: str) -> list[Part]:
    r"""The parts of a LogFormat string; quotes may be written `\"`, as in Apache's configuration.

    Raises:
        ValueError: a directive that Apache does not have, or a form of time that cannot be read.
    """
    text = text.replace('\\"', '"').replace("\\t", "\t").removesuffix("\\n").replace("\\\\", "\\")
    parts: list[Part] = []
    at = 0
    while (found := text.find("%", at)) >= 0:
        parts.append(Part(text[at:found], False))
        match = _matched(text, found)
        at = match[1]
        parts += match[0]
    parts.append(Part(text[at:], False))
    return _with_query(parts)


def variable_of(directive: str) -> str | None:
    """The variable that one directive stands for, such as http_x_forwarded_for; None where it is none."""
    match = _DIRECTIVE.fullmatch(directive)
    parts = _parts(match) if match else []
    return parts[0].text if len(parts) == 1 and parts[0].is_variable else None


def _matched(text: str, at: int) -> tuple[list[Part], int]:
    """Parts of the directive at a place, and where it ends."""
    match = _DIRECTIVE.match(text, at)
    if match is None:
        raise ValueError(f"log_format: a % without a directive near {text[at : at + 20]!r}")
    return _parts(match), match.end()


def _parts(match: re.Match[str]) -> list[Part]:
    letter, of = match["letter"], match["of"]
    if letter == "%":
        return [Part("%", False)]
    if letter == "t":
        return _time(of or "")
    if letter == "s":
        return [Part("status" if match["which"] == ">" else "original_status", True)]
    if of and letter in _NAMED:
        name = of if letter == "C" else of.lower().replace("-", "_")
        return [Part(_NAMED[letter] + name, True)]
    if of and letter in ("^ti", "^to"):
        return [Part(f"trailer_{of.lower()}", True)]
    if letter not in _ONE:
        raise ValueError(
            f"log_format: {match[0]} is no directive of Apache's that can be read; "
            f"known: {', '.join(f'%{each}' for each in sorted([*_ONE, 's', 't']))}, "
            "and %{NAME} before i, o, C, n, e, t"
        )
    # %{c}a is the peer, %{ms}T a unit: the same kind of value, not the one that is looked for
    return [Part(f"{_ONE[letter]}_{of.lower()}" if of else _ONE[letter], True)]


def _time(form: str) -> list[Part]:
    form = re.sub(r"^(?:begin|end):", "", form)
    if not form:
        return [Part("[", False), Part("time_local", True), Part("]", False)]
    if form in ("msec_frac", "usec_frac"):
        return [Part(form, True)]
    if form in _EPOCH:
        return [Part(_EPOCH[form], True)]
    form = re.sub("%[TFRDh]", lambda found: _SHORT[found[0]], form)
    unknown = [each for each in re.findall("%(.?)", form) if each not in TIME_LETTERS]
    if unknown or "%" not in form:
        raise ValueError(
            f"log_format: %{{{form}}}t cannot be read; a time may hold "
            f"{', '.join(f'%{each}' for each in TIME_LETTERS)}, %T, %F, or be sec, msec or usec"
        )
    if form == _ISO:
        return [Part("time_iso8601", True)]
    whole = form.replace(_LOCAL, "$")
    if "$" in whole:
        before, _, after = whole.partition("$")
        return [Part(before, False), Part("time_local", True), Part(after, False)]
    parts = []
    for piece in re.split("( |%z)", form):
        before, own, after = re.findall("^([^%]*)(%.*%[A-Za-z]|%[A-Za-z]|)([^%]*)$", piece)[0]
        parts += [Part(before, False), Part(own, bool(own)), Part(after, False)]
    return [part for part in parts if part.text]


def _with_query(parts: list[Part]) -> list[Part]:
    """%U%q is the whole address; a remote host, or the status before redirects, stands in for the other."""
    kept: list[Part] = []
    for part in parts:
        if part == Part("query_string", True) and kept[-2:] == [Part("uri", True), Part("", False)]:
            kept[-2:] = [Part("request_uri", True)]
        else:
            kept.append(part)
    names = {part.text for part in kept if part.is_variable}
    usual = {"remote_host": "remote_addr", "original_status": "status"}
    instead = {name: wanted for name, wanted in usual.items() if wanted not in names}
    return [Part(instead.get(part.text, part.text), True) if part.is_variable else part for part in kept]
