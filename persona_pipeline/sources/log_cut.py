"""A log format compiled to SQL over one line of text.

Two ways to read a line: cutting it at the quotes and blanks (fast, for lines that fall into exactly the
pieces of the format) and one regular expression that knows backslash escapes (for the others). Not here:
formats (log_format.py), what a value means (log_statement.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from persona_pipeline.sources.log_parts import Part, escaped, form_pattern

_EPOCH = {"msec": 1, "epoch_ms": 1_000, "epoch_us": 1_000_000}  # ticks of a second
_CLOCK = {
    "time_local": (r"([0-9]{2}/[A-Za-z]{3}/[0-9]{4}:[0-9:]{8})(?: ([+-][0-9]{4}))?", "%d/%b/%Y:%H:%M:%S"),
    "time_iso8601": (
        r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8})(?:[.,][0-9]+)?(Z|[+-][0-9]{2}:?[0-9]{2})?",
        "%Y-%m-%dT%H:%M:%S",
    ),
    "msec": (r"([0-9]{1,11})(?:\.[0-9]+)?()", ""),
    "epoch_ms": (r"([0-9]{1,14})()", ""),
    "epoch_us": (r"([0-9]{1,17})()", ""),
}
# several proxies stand behind commas; an upstream that was left for another group, behind a colon
_LIST = r"\S*?(?:(?:,| :) \S+)*"

_FREE = frozenset({"request", "uri", "referrer", "agent", "cookie"})  # values that may hold blanks


@dataclass(frozen=True, slots=True)
class Compiled:
    """SQL over a column `text` and the list `piece` (the line cut at quotes).

    Attributes:
        pieces: how many pieces a well-formed line has; None where the format cannot be cut.
        words: SQL of lists that the pieces outside quotes are cut into, by name.
        conditions: SQL that holds for lines whose pieces are those of the format.
        values: SQL for each role, valid where the conditions hold.
        pattern: regular expression of a whole line, for the others.
        groups: roles in the order of the pattern's groups.
        time: name of the variable that holds the time, or a strftime form.
        is_w3c: times are in UTC and a plus stands for a blank.
        cookie: name of the visitor's cookie within the role `cookie`, a whole header.
    """

    pieces: int | None
    words: Mapping[str, str]
    conditions: tuple[str, ...]
    values: Mapping[str, str]
    pattern: str
    groups: tuple[str, ...]
    time: str
    is_w3c: bool = False
    cookie: str | None = None


def literal(value: str) -> str:
    """A SQL literal; in DuckDB's strings only the quote is special."""
    return "'" + value.replace("'", "''") + "'"


def compile_format(
    parts: Sequence[Part], roles: Mapping[str, str], *, is_w3c: bool = False, cookie: str | None = None
) -> Compiled:
    """SQL and regular expression for a format.

    Args:
        parts: of the format.
        roles: which variable holds what (`roles_of`).
        is_w3c: fields of a W3C log, where a blank always ends a value.
        cookie: name of the visitor's cookie, where a role holds the header it stands in.
    """
    pattern, groups = _pattern(parts, roles, blanks=not is_w3c)
    cut = _Cut(roles, blanks=not is_w3c)
    pieces = cut.format(parts)
    time = roles["time"]
    if "clock" in roles:
        time = f"{time} {roles['clock']}"
    if pieces is None:
        return Compiled(None, {}, (), {}, pattern, groups, time, is_w3c, cookie)
    conditions = tuple(cut.conditions)
    return Compiled(pieces, cut.words, conditions, cut.values, pattern, groups, time, is_w3c, cookie)


def time_expression(time: str, name: str) -> str:
    """SQL of the wall clock that a time text shows; NULL where it is none. A leap second counts as :59."""
    if time in _EPOCH:
        most = 10 + len(str(_EPOCH[time]))  # digits; longer ones are beyond the calendar
        ticks = f"CASE WHEN length({name}) <= {most} THEN TRY_CAST({name} AS BIGINT) END"
        return f"TIMESTAMP '1970-01-01' + ({ticks}) // {_EPOCH[time]} * INTERVAL 1 SECOND"
    form = literal(_CLOCK[time][1] if time in _CLOCK else time)
    leap = f"CASE WHEN suffix({name}, ':60') THEN replace({name}, ':60', ':59') ELSE {name} END"
    return f"TRY_CAST(try_strptime({leap}, {form}) AS TIMESTAMP)"


def zone_expression(time: str, zone: str) -> str:
    """SQL of the offset from UTC in seconds; NULL where the line has none."""
    if time in _EPOCH:
        return "0"
    if time == "time_local":
        number = f"TRY_CAST({zone} AS INTEGER)"  # +0530 is 5 hours and 30 minutes; / would round
        return (
            f"CASE WHEN length({zone}) = 5 AND (starts_with({zone}, '+') OR starts_with({zone}, '-')) THEN "
            f"36 * ({number} - {number} % 100) + 60 * ({number} % 100) END"
        )
    digits, sign = f"replace(substr({zone}, 2), ':', '')", f"substr({zone}, 1, 1)"
    hours, minutes = (f"TRY_CAST(substr({digits}, {at}, 2) AS INTEGER)" for at in (1, 3))
    return (
        f"CASE WHEN {zone} = 'Z' THEN 0 WHEN length({digits}) = 4 AND {sign} IN ('+', '-') THEN "
        f"CASE {sign} WHEN '-' THEN -60 ELSE 60 END * (60 * {hours} + {minutes}) END"
    )


def _pattern(parts: Sequence[Part], roles: Mapping[str, str], *, blanks: bool) -> tuple[str, tuple[str, ...]]:
    role_of = {name: role for role, name in roles.items()}
    text, groups = "^", []
    for at, part in enumerate(parts):
        if not part.is_variable:
            text += escaped(part.text)
            continue
        before = parts[at - 1].text if at else ""
        after = parts[at + 1].text if at + 1 < len(parts) else ""
        role = role_of.get(part.text)
        if role == "time" and part.text in _CLOCK:
            groups += ["time", "zone"]
            text += _CLOCK[part.text][0]
            continue
        if part.is_form:
            body = form_pattern(part.text)
        elif before.endswith('"') and after.startswith('"'):
            body = r"(?:[^\"\\]|\\.)*"
        else:
            body = _body(part.text, role) if blanks else r"\S*?"
        groups += [role] if role else []
        text += f"({body})" if role else f"(?:{body})"
    return text + r"[\r\n]*$", tuple(groups)


def _body(name: str, role: str | None) -> str:
    """Regular expression of a value outside quotes."""
    if role == "address" or name == "http_x_forwarded_for" or name.startswith("upstream_"):
        return _LIST
    return (
        ".*?" if role in {*_FREE, "account"} or name == "remote_user" or name.startswith("http_") else r"\S*?"
    )


class _Cut:
    """How a format falls into pieces at quotes, and a piece into words at blanks."""

    def __init__(self, roles: Mapping[str, str], *, blanks: bool) -> None:
        self._blanks = blanks
        self._role_of = {name: role for role, name in roles.items()}
        self.words: dict[str, str] = {}
        self.conditions: list[str] = []
        self.values: dict[str, str] = {}

    def format(self, parts: Sequence[Part]) -> int | None:
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
                # of most lines it is the line's end and nothing else
                piece = f"CASE WHEN {piece} = chr(10) THEN '' ELSE rtrim({piece}, chr(10) || chr(13)) END"
            quoted = number % 2 == 1
            alone = len(section) == 1 and section[0].is_variable
            if quoted and alone and section[0].text not in _CLOCK:
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
                elif self._blanks and self._role_of.get(part.text) in _FREE:
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
        elif role == "time" and variable.text in _EPOCH:
            self.values["time"], self.values["zone"] = f"split_part({value}, '.', 1)", "''"
        elif role:
            self.values[role] = value
