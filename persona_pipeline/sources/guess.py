"""What a file nobody described probably is: kind of source, column of each field, how values are written.

Every answer is a guess with its reason, for a person to look at. Here: names compared by normal form and
synonyms (synonyms.toml), and the look of values. Not here: reading the file (look.py), writing persona.toml.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
import statistics
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from persona_pipeline.sources.look import (
    Look,
    decimal_sign,
    is_email,
    is_phone,
    moment,
    time_formats,
    values_of,
)
from persona_pipeline.sources.source import REQUIRED, STATES

TIMES = {"orders": "ordered_at", "social": "posted_at", "campaigns": "contacted_at"}
FURTHER_TIMES = ("opened_at", "clicked_at", "responded_at")
DATES = ("birth_date", "registered_on", "rate_on")
NUMBERS = ("quantity", "unit_price", "price", "rating", "cost", "income", "birth_year", "rate")
SHORT = 4  # letters; `id` or `name` within an object is not the record's own
GENDERS = {"female", "male", "f", "m", "男", "女", "other", "unknown"}
BY_NAME, ALIKE, BY_VALUES = "by its name", "by a name like it", "by its values"
DEFAULT_TIME, DEFAULT_DATE = "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"
_LOG_DAY = re.compile(r"([0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}):")


@dataclass(slots=True)
class Guess:
    """What a file probably is.

    Attributes:
        kind: kind of source.
        columns: field to column, with why.
        options: further keys of `[sources.NAME]` that differ from their default, with why.
        tables: tables below `[sources.NAME]`, such as refund.
        undecided: what a person has to decide, in words.
        currency: of the project, if the file says so.
    """

    kind: str
    columns: dict[str, tuple[str, str]] = field(default_factory=dict)
    options: dict[str, tuple[object, str]] = field(default_factory=dict)
    tables: dict[str, dict[str, object]] = field(default_factory=dict)
    undecided: list[str] = field(default_factory=list)
    currency: str | None = None


@functools.cache
def synonyms() -> Mapping[str, Mapping[str, list[str]]]:
    """By kind and field, what companies call it."""
    return tomllib.loads(Path(__file__).with_name("synonyms.toml").read_text(encoding="utf-8"))


def normal_name(name: str) -> str:
    """A name without what spellings differ in: width, case, blanks and signs."""
    return "".join(each for each in unicodedata.normalize("NFKC", name).casefold() if each.isalnum())


def guess(look: Look) -> Guess | None:
    """What a file probably is, or None where no kind's required fields are found.

    The kind with the most fields found wins; the earlier one of `synonyms.toml` where two have as many.
    """
    if look.format == "access_log":
        made = Guess("web", options={"format": ("access_log", BY_VALUES)})
        if look.log_format != "combined":
            made.options["log_format"] = (look.log_format, BY_VALUES)
        made.undecided += ["visitor: which variable of the log holds the visitor's cookie", "hosts: your own"]
        return made
    found = {kind: guess_columns(look, kind) for kind in synonyms()}
    complete = {kind: columns for kind, columns in found.items() if not lacking(kind, columns)}
    if not complete:
        return None
    kind = max(complete, key=lambda each: len(complete[each]))
    made = Guess(kind, complete[kind])
    _describe(made, look)
    return made


def lacking(kind: str, columns: Mapping[str, object]) -> list[str]:
    """Required fields without a column; a customer needs an id and something that is known of them."""
    if kind == "customers":
        known = len(columns) - ("account_id" in columns) - ("crm_id" in columns)
        return [] if known < len(columns) and known > 1 else ["account_id or crm_id"]
    return [name for name in REQUIRED[kind] if name not in columns]


def guess_columns(look: Look, kind: str) -> dict[str, tuple[str, str]]:
    """Field to (column, why) for a kind: by name, for required fields by a name like it, then by values."""
    forms = {column: normal_name(column) for column in look.values}
    found: dict[str, tuple[str, str]] = {}
    for name, words in synonyms()[kind].items():
        for word in (name, *words):
            wanted = normal_name(word)
            inner = (c for c in forms if len(wanted) > SHORT and normal_name(c.rpartition(".")[2]) == wanted)
            column = next((c for c in forms if forms[c] == wanted), next(inner, None))
            if column is not None and _fits(name, look.values[column]):
                found[name] = (column, BY_NAME)
                del forms[column]
                break
    for name in (*REQUIRED[kind], TIMES.get(kind, "")):
        if not name or name in found:
            continue
        alike = {
            column
            for word in synonyms()[kind][name]
            for column, form in forms.items()
            if len(normal_name(word).encode()) > 5 and normal_name(word) in form  # noqa: PLR2004 - a word, no part of one
        }
        alike = {column for column in alike if _fits(name, look.values[column])}
        by_values = {c for c in forms if time_formats(look.values[c])} if name == TIMES.get(kind) else set()
        for columns, why in ((alike, ALIKE), (by_values, BY_VALUES)):
            if len(columns) == 1:
                found[name] = (columns.pop(), why)
                del forms[found[name][0]]
                break
    for name, holds in (("email", is_email), ("phone", is_phone)):
        columns = [column for column in forms if holds(look.values[column])]
        if name in synonyms()[kind] and name not in found and len(columns) == 1:
            found[name] = (columns[0], BY_VALUES)
    return found


def days_of(file: Path, look: Look, made: Guess) -> tuple[dt.date, dt.date] | None:
    """The first and last day that a file speaks of; None where its records have no time."""
    if made.kind == "web":
        from persona_pipeline.sources.fingerprint import decompressed

        with file.open("rb") as stream:
            text = b"".join(decompressed(stream)).decode("utf-8", "replace")
        days = [moment(day, "%d/%b/%Y") for day in set(_LOG_DAY.findall(text))]
    else:
        name = TIMES.get(made.kind)
        if name not in made.columns:
            return None
        form = str(made.options.get("datetime_format", (DEFAULT_TIME, ""))[0])
        days = [moment(value, form) for value in values_of(file, look, made.columns[name][0])]
    known = [day.date() for day in days if day is not None]
    return (min(known), max(known)) if known else None


def _fits(name: str, values: list[str]) -> bool:
    """Whether values can be those of a field; a column without values can be anything."""
    if not values:
        return True
    if name in (*TIMES.values(), *FURTHER_TIMES, *DATES):
        return bool(time_formats(values))
    if name in NUMBERS:
        return decimal_sign(values) is not None
    if name == "gender":
        return {value.casefold() for value in values} <= GENDERS
    if name == "currency":
        return all(re.fullmatch("[A-Za-z]{3}", value) for value in values)
    return name != "email" or is_email(values)


def _describe(made: Guess, look: Look) -> None:
    """Options that follow from the values of the columns."""
    values = {name: look.values[column] for name, (column, _) in made.columns.items()}
    if look.format != "csv":
        made.options["format"] = (look.format, BY_VALUES)
    elif look.delimiter != ",":
        made.options["delimiter"] = (look.delimiter, BY_VALUES)
    if look.encoding is not None:
        made.options["encoding"] = (look.encoding, BY_VALUES)
    signs = Counter(
        decimal_sign([v for v in values[name] if "." in v or "," in v]) for name in NUMBERS if name in values
    )
    if signs[","] > signs["."]:
        made.options["decimal"] = (",", BY_VALUES)
    _times(made, values, look)
    made.undecided += look.notes
    {"orders": _orders, "customers": _customers, "social": _social}.get(made.kind, _nothing)(made, values)
    if values.get("currency"):
        made.currency = Counter(value.upper() for value in values["currency"]).most_common(1)[0][0]
    unused = sorted(set(look.values) - {column for column, _ in made.columns.values()})
    if unused:
        made.undecided.append(f"columns that no field was found for: {', '.join(unused)}")


def _times(made: Guess, values: Mapping[str, list[str]], look: Look) -> None:
    """The format of times, and of dates; fields that have another one are left out.

    Times with a type can be written in any format: in that of the one that says most.
    """

    def is_typed(name: str) -> bool:
        return made.columns[name][0] in look.times

    for names, option, default in (
        ((TIMES.get(made.kind, ""), *FURTHER_TIMES), "datetime_format", DEFAULT_TIME),
        (DATES, "date_format", DEFAULT_DATE),
    ):
        present = [name for name in names if values.get(name)]
        if not present:
            continue
        typed = [name for name in present if is_typed(name)]
        lead = max(typed or present[:1], key=lambda name: len(time_formats(values[name])[0]))
        forms = time_formats(values[lead])
        if len(forms) > 1 and forms[0].startswith("%m/%d"):
            made.undecided.append(f"{option}: {forms[0]} or {forms[1]}, the values fit both")
        if forms[0] != default:
            made.options[option] = (forms[0], BY_VALUES)
        if forms[0].endswith("SZ"):
            made.options["time_zone"] = ("UTC", "by the Z of its times")
        for name in present:
            own = time_formats(values[name])
            same = (
                any("%z" in form for form in own) == ("%z" in forms[0]) if is_typed(name) else forms[0] in own
            )
            if not same:
                made.undecided.append(f"{name}: {made.columns.pop(name)[0]} has another format")


def _orders(made: Guess, values: Mapping[str, list[str]]) -> None:
    if "line_no" not in made.columns:
        made.options["identity"] = ("whole_row", "no column numbers the lines of an order")
    _without_suffix(made, values)
    if any(value.startswith("-") for value in values["quantity"]):
        letters = Counter(value[0] for value in values["order_id"] if value[:1].isalpha())
        plain = sum(value[:1].isdigit() for value in values["order_id"])
        if len(letters) == 1 and plain > letters.total():
            made.tables["refund"] = {"column": made.columns["order_id"][0], "prefix": next(iter(letters))}
        else:
            made.undecided.append("refund: quantities below zero, and nothing that tells a refund")


def _customers(made: Guess, values: Mapping[str, list[str]]) -> None:
    if "account_id" not in made.columns:
        made.options["key"] = ([made.columns["crm_id"][0]], BY_NAME)
    elif "crm_id" in made.columns:
        made.undecided.append(f"key: {made.columns['account_id'][0]} or {made.columns['crm_id'][0]}")
    _without_suffix(made, values)
    if len(values.get("income", ())) > 3:  # noqa: PLR2004 - fewer have no quartiles
        numbers = [float(value.replace(",", ".")) for value in values["income"] if decimal_sign([value])]
        low, _, high = statistics.quantiles(numbers)
        made.options["income_limits"] = ([round(low), round(high)], "the quartiles of its values")
    elif "income" in made.columns:
        del made.columns["income"]
    if all(re.fullmatch("1[0-9]{10}", value) for value in values.get("phone", ["-"])):
        made.options["phone_country"] = ("86", "by the look of its mobile numbers")


def _social(made: Guess, values: Mapping[str, list[str]]) -> None:
    if "posted_at" not in made.columns:
        made.options["event_time"] = ("delivery", "no column with a time")
    if "post_id" not in made.columns:
        made.options["identity"] = ("none", "no column with a number of its own")
    if re.search("review|评", normal_name(made.columns["text"][0])) or "rating" in values:
        made.options["post_type"] = ("review", BY_NAME)


def _nothing(made: Guess, values: Mapping[str, list[str]]) -> None:
    """Products and campaigns have no further options."""


def _without_suffix(made: Guess, values: Mapping[str, list[str]]) -> None:
    """Spreadsheets write whole numbers of a column with gaps as 17850.0."""
    accounts = values.get("account_id")
    if accounts and all(re.fullmatch(r"[0-9]+\.0", value) for value in accounts):
        made.tables["strip_suffix"] = {"account_id": ".0"}


def as_history(made: Guess, days: tuple[dt.date, dt.date] | None) -> None:
    """Say of a file without a day in its name that its records were known when they happened."""
    if days is None or made.kind in STATES:
        return
    if made.kind == "web":
        if days[0] != days[1]:
            made.undecided.append(
                "path: cut the log into files of one day each, access_{day}.log, or growing = true"
            )
        return
    made.options["known_at"] = ("event", "one file without a day in its name: a history export")
    made.options["through"] = (days[1], "the last day in the file")
