"""Log formats of web servers, compiled to SQL over one line of text.

A format is NGINX's log_format notation: literals and $variables. Two ways to read a line: cutting it at the
quotes and blanks (fast, for lines that fall into exactly the pieces of the format) and one regular
expression that knows backslash escapes (for the others). Not here: reading files, what a value means.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_COMMON = '$remote_addr $remote_ident $remote_user [$time_local] "$request" $status $body_bytes_sent'
PRESETS = {
    "common": _COMMON,
    "combined": f'{_COMMON} "$http_referer" "$http_user_agent"',
    "vhost_combined": f'$virtual_host {_COMMON} "$http_referer" "$http_user_agent"',
}
TIMES = ("time_local", "time_iso8601", "msec")
BYTES = ("body_bytes_sent", "bytes_sent")
_VARIABLE = re.compile(r"\$(?:\{([a-z][a-z0-9_]*)\}|([a-z][a-z0-9_]*))")
_SPECIAL = re.compile(r"([\\.^$|?*+()\[\]{}])")
_MONTHS = {
    "time_local": (r"([0-9]{2}/[A-Za-z]{3}/[0-9]{4}:[0-9:]{8})(?: ([+-][0-9]{4}))?", "%d/%b/%Y:%H:%M:%S"),
    "time_iso8601": (
        r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8})(?:[.,][0-9]+)?(Z|[+-][0-9]{2}:?[0-9]{2})?",
        "%Y-%m-%dT%H:%M:%S",
    ),
    "msec": (r"([0-9]{1,11})(?:\.[0-9]+)?()", ""),
}


@dataclass(frozen=True, slots=True)
class Part:
    """A literal, or a variable (then `text` is its name)."""

    text: str
    is_variable: bool


@dataclass(frozen=True, slots=True)
class Compiled:
    """SQL over a column `line` and the list `piece` (the line cut at quotes).

    Attributes:
        pieces: how many pieces a well-formed line has; None where the format cannot be cut.
        words: SQL of lists that the pieces outside quotes are cut into, by name.
        conditions: SQL that holds for lines whose pieces are those of the format.
        values: SQL for each role, valid where the conditions hold.
        pattern: regular expression of a whole line, for the others.
        groups: roles in the order of the pattern's groups.
        time: name of the variable that holds the time.
    """

    pieces: int | None
    words: Mapping[str, str]
    conditions: tuple[str, ...]
    values: Mapping[str, str]
    pattern: str
    groups: tuple[str, ...]
    time: str


def literal(value: str) -> str:
    """A SQL literal; in DuckDB's strings only the quote is special."""
    return "'" + value.replace("'", "''") + "'"


def parse_format(text: str) -> tuple[Part, ...]:
    """The parts of a format: a preset's name, or NGINX's notation.

    Raises:
        ValueError: two variables without anything between them, characters that no log line holds, or a
            variable that is missing.
    """
    text = PRESETS.get(text, text)
    if "$" not in text:
        raise ValueError(
            f"unknown log_format {text!r}; expected {', '.join(PRESETS)} or a string of NGINX's log_format "
            "with $variables"
        )
    if not text.isascii() or not text.replace("\t", " ").isprintable():
        raise ValueError("log_format may hold printable ASCII characters only; join its lines into one")
    parts: list[Part] = []
    at = 0
    for match in _VARIABLE.finditer(text):
        if match.start() > at:
            parts.append(Part(text[at : match.start()], False))
        elif parts:
            raise ValueError(
                f"log_format: nothing separates ${parts[-1].text} from {match.group(0)}; such lines "
                "cannot be read"
            )
        parts.append(Part(match.group(1) or match.group(2), True))
        at = match.end()
    if at < len(text):
        parts.append(Part(text[at:], False))
    stray = next((part.text for part in parts if not part.is_variable and "$" in part.text), None)
    if stray is not None:
        raise ValueError(f"log_format: a $ without the name of a variable near {stray[:20]!r}")
    return tuple(parts)


def roles_of(parts: tuple[Part, ...], *, address: str, account: str, visitor: str | None) -> dict[str, str]:
    """Which variable holds what we need: role to name of the variable.

    Raises:
        ValueError: a variable that must be there is not, or is there twice.
    """
    names = [part.text for part in parts if part.is_variable]
    time = next((name for name in TIMES if name in names), None)
    if time is None:
        raise ValueError(f"log_format has no time; it needs one of {', '.join(f'${each}' for each in TIMES)}")
    roles = {"address": address, "time": time, "request": "request", "status": "status"}
    missing = sorted({name for name in roles.values() if name not in names})
    if missing:
        raise ValueError(f"log_format has no ${missing[0]}, which web logs need")
    if visitor is not None:
        if visitor not in names:
            raise ValueError(f"visitor = {visitor!r}, but log_format has no ${visitor}")
        roles["visitor"] = visitor
    size = next((name for name in BYTES if name in names), None)
    wished = {"account": account, "bytes": size, "referrer": "http_referer", "agent": "http_user_agent"}
    roles.update({role: name for role, name in wished.items() if name is not None and name in names})
    twice = sorted({name for name in roles.values() if names.count(name) > 1})
    if twice:
        raise ValueError(f"log_format has ${twice[0]} twice")
    return roles


def compile_format(parts: tuple[Part, ...], roles: Mapping[str, str]) -> Compiled:
    """SQL and regular expression for a format."""
    pattern, groups = _pattern(parts, roles)
    cut = _Cut(roles)
    pieces = cut.format(parts)
    if pieces is None:
        return Compiled(None, {}, (), {}, pattern, groups, roles["time"])
    return Compiled(pieces, cut.words, tuple(cut.conditions), cut.values, pattern, groups, roles["time"])


def time_expression(time: str, name: str) -> str:
    """SQL of the wall clock that a time text shows; NULL where it is none. A leap second counts as :59."""
    if time == "msec":
        return f"TIMESTAMP '1970-01-01' + TRY_CAST({name} AS BIGINT) * INTERVAL 1 SECOND"
    form = literal(_MONTHS[time][1])
    leap = f"CASE WHEN suffix({name}, ':60') THEN replace({name}, ':60', ':59') ELSE {name} END"
    return f"TRY_CAST(try_strptime({leap}, {form}) AS TIMESTAMP)"


def zone_expression(time: str, zone: str) -> str:
    """SQL of the offset from UTC in seconds; NULL where the line has none."""
    if time == "msec":
        return "0"
    digits, sign = f"replace(substr({zone}, 2), ':', '')", f"substr({zone}, 1, 1)"
    hours, minutes = (f"TRY_CAST(substr({digits}, {at}, 2) AS INTEGER)" for at in (1, 3))
    return (
        f"CASE WHEN {zone} = 'Z' THEN 0 WHEN length({digits}) = 4 AND {sign} IN ('+', '-') THEN "
        f"CASE {sign} WHEN '-' THEN -60 ELSE 60 END * (60 * {hours} + {minutes}) END"
    )


def _pattern(parts: tuple[Part, ...], roles: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    role_of = {name: role for role, name in roles.items()}
    text, groups = "^", []
    for at, part in enumerate(parts):
        if not part.is_variable:
            text += _SPECIAL.sub(r"\\\1", part.text)
            continue
        before = parts[at - 1].text if at else ""
        after = parts[at + 1].text if at + 1 < len(parts) else ""
        role = role_of.get(part.text)
        if role == "time":
            groups += ["time", "zone"]
            text += _MONTHS[part.text][0]
            continue
        if before.endswith('"') and after.startswith('"'):
            body = r"(?:[^\"\\]|\\.)*"
        elif part.text == "remote_user" or role in {"request", "referrer", "agent", "account"}:
            body = ".*?"
        else:
            body = r"\S*?"
        groups += [role] if role else []
        text += f"({body})" if role else f"(?:{body})"
    return text + r"[\r\n]*$", tuple(groups)


class _Cut:
    """How a format falls into pieces at quotes, and a piece into words at blanks."""

    def __init__(self, roles: Mapping[str, str]) -> None:
        self._role_of = {name: role for role, name in roles.items()}
        self.words: dict[str, str] = {}
        self.conditions: list[str] = []
        self.values: dict[str, str] = {}

    def format(self, parts: tuple[Part, ...]) -> int | None:
        """Fill conditions and values; the number of pieces, or None where the format cannot be cut."""
        sections: list[list[Part]] = [[]]
        for part in parts:
            if part.is_variable:
                sections[-1].append(part)
                continue
            texts = part.text.split('"')
            for number, text in enumerate(texts):
                if number:
                    sections.append([])
                if text:
                    sections[-1].append(Part(text, False))
        for number, section in enumerate(sections):
            piece = f"piece[{number + 1}]"
            if number == len(sections) - 1:
                piece = f"rtrim({piece}, chr(10) || chr(13))"
            quoted = number % 2 == 1
            alone = len(section) == 1 and section[0].is_variable
            if quoted and alone and section[0].text not in TIMES:
                role = self._role_of.get(section[0].text)
                if role:
                    self.values[role] = piece
            elif not self._section(section, piece, f"words_{number + 1}", quoted=quoted):
                return None
        return len(sections) if "time" in self.values else None

    def _section(self, section: list[Part], piece: str, name: str, *, quoted: bool) -> bool:
        """Words of one piece; False where blanks do not cut it."""
        words: list[list[Part]] = [[]]
        for part in section:
            if part.is_variable:
                words[-1].append(part)
                if part.text == "time_local":
                    words.append([Part("", True)])  # the offset stands behind a blank
                elif self._role_of.get(part.text) in {"request", "agent", "referrer"}:
                    return False
                continue
            for number, text in enumerate(part.text.split(" ")):
                if number:
                    words.append([])
                if text:
                    words[-1].append(Part(text, False))
        if quoted and len(words) > 1 + any(part.text == "time_local" for part in section):
            return False  # a quoted value may hold blanks of its own
        if any(sum(part.is_variable for part in word) > 1 for word in words):
            return False
        if not any(part.is_variable for word in words for part in word):
            self.conditions.append(f"{piece} = {literal(''.join(part.text for part in section))}")
            return True
        self.words[name] = f"str_split({piece}, ' ')"
        self.conditions.append(f"len({name}) = {len(words)}")
        for number, word in enumerate(words):
            self._word(word, f"{name}[{number + 1}]")
        return True

    def _word(self, word: list[Part], text: str) -> None:
        variable = next((part for part in word if part.is_variable), None)
        if variable is None:
            self.conditions.append(f"{text} = {literal(''.join(part.text for part in word))}")
            return
        at = word.index(variable)
        before = "".join(part.text for part in word[:at])
        after = "".join(part.text for part in word[at + 1 :])
        if before:
            self.conditions.append(f"starts_with({text}, {literal(before)})")
        if after:
            self.conditions.append(f"ends_with({text}, {literal(after)})")
        cut = f"substr({text}, {len(before) + 1}, length({text}) - {len(before) + len(after)})"
        value = cut if before or after else text
        role = "zone" if not variable.text else self._role_of.get(variable.text)
        if role == "time" and variable.text == "time_iso8601":
            self.values["time"] = f"substr({value}, 1, 19)"
            self.values["zone"] = f"regexp_replace(substr({value}, 20), '^[.,][0-9]+', '')"
        elif role == "time" and variable.text == "msec":
            self.values["time"], self.values["zone"] = f"split_part({value}, '.', 1)", "''"
        elif role:
            self.values[role] = value
