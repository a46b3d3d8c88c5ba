"""`persona init --from FILE`: a persona.toml drafted from what files look like.

Here: sources from files, and the text of the draft. Not here: guessing (sources.guess).
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from persona_pipeline.commands.console import CommandError
from persona_pipeline.sources.failure import SourceError
from persona_pipeline.sources.guess import Guess, as_history, days_of, guess, guess_columns, lacking, synonyms
from persona_pipeline.sources.look import Look, look_at

DAY = re.compile(r"(?<![0-9])[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])")
CHINESE = re.compile("[\u4e00-\u9fff]")


@dataclass(slots=True)
class Draft:
    """The text of a persona.toml, and what nobody could decide for it."""

    text: str
    undecided: list[str]


@dataclass(slots=True)
class _Drafted:
    """One source: its pattern, what it probably is, and the days it speaks of."""

    pattern: str
    made: Guess
    look: Look
    days: tuple[dt.date, dt.date] | None


def draft(directory: Path, files: Sequence[Path], today: dt.date) -> Draft:
    """A configuration for a project in `directory` whose sources are `files`.

    Args:
        directory: the project folder.
        files: files of any kind; those whose names differ in a day only become one source.
        today: the first day of a project none of whose records has a time.

    Raises:
        CommandError: a file cannot be read, or nothing of what is required is in it.
    """
    patterns: dict[str, list[Path]] = {}
    for file in files:
        path = file.resolve()
        place = path.parent / DAY.sub("{day}", path.name, count=1)
        inside = place.is_relative_to(directory.resolve())
        pattern = place.relative_to(directory.resolve()).as_posix() if inside else place.as_posix()
        patterns.setdefault(pattern, []).append(path)
    sources = [_source(pattern, sorted(found)) for pattern, found in patterns.items()]
    days = [day for source in sources if source.days for day in source.days]
    chinese = any(_is_chinese(source.look) for source in sources)
    currency = next((source.made.currency for source in sources if source.made.currency), None)
    undecided = [] if currency else [f"currency: no file tells it; {'CNY' if chinese else 'EUR'} is a guess"]
    undecided.append(f"time_zone: no file tells it; {'Asia/Shanghai' if chinese else 'UTC'} is a guess")
    lines = [
        "# Drafted by persona init --from. Every line with a guess is one; look at each, then: persona check",
        "# 由 persona init --from 起草；带 guess 的行都是推测，请逐一核对，然后运行 persona check。",
        "",
        "[project]",
        f"name = {_value(directory.resolve().name)}",
        _line("time_zone", "Asia/Shanghai" if chinese else "UTC", "by the language of the names"),
        _line("start", min(days, default=today), "the first day of the files" if days else "today"),
        _line("currency", currency or ("CNY" if chinese else "EUR"), "of most records, if any tells"),
        *([_line("language", "zh", "by the language of the names")] if chinese else []),
    ]
    names: set[str] = set()
    for source in sources:
        name = source.made.kind
        while name in names:
            name = f"{source.made.kind}_{len(names) + 1}"
        names.add(name)
        lines += ["", *_section(name, source)]
        undecided += [f"{name}: {each}" for each in source.made.undecided]
    return Draft("\n".join(lines) + "\n", undecided)


def suggestion(file: Path, kind: str, sheet: str | None = None) -> list[str]:
    """Lines of `[sources.NAME.columns]` for a file whose columns are not those of its source.

    Raises:
        SourceError: the file cannot be read.
    """
    if kind not in synonyms():
        return []
    found = guess_columns(look_at(file, sheet), kind)
    return [f"{name} = {_value(column)}    # guess: {why}" for name, (column, why) in found.items()]


def _is_chinese(look: Look) -> bool:
    texts = [*look.values, *(value for values in look.values.values() for value in values[:20])]
    return look.encoding == "gb18030" or bool(CHINESE.search(" ".join(texts)))


def _source(pattern: str, files: Sequence[Path]) -> _Drafted:
    try:
        look = look_at(files[0])
        made = guess(look)
        if made is None:
            raise CommandError(_unknown(files[0], look))
        if "{day}" in pattern:
            found = [dt.date.fromisoformat(day) for file in files for day in DAY.findall(file.name)[:1]]
            return _Drafted(pattern, made, look, (min(found), max(found)))
        days = days_of(files[0], look, made)
    except (SourceError, ValueError) as error:
        raise CommandError(str(error)) from error
    as_history(made, days)
    return _Drafted(pattern, made, look, days)


def _unknown(file: Path, look: Look) -> str:
    found = {kind: guess_columns(look, kind) for kind in synonyms()}
    nearest = max(found, key=lambda kind: len(found[kind]))
    return (
        f"{file}: could not decide what it holds; nearest is {nearest}, without a column for "
        f"{', '.join(lacking(nearest, found[nearest]))}. Its columns: {', '.join(look.values)}; run "
        "persona init without it and describe it by hand"
    )


def _section(name: str, source: _Drafted) -> list[str]:
    made = source.made
    lines = [
        f"[sources.{name}]",
        _line("kind", made.kind, "by its columns"),
        f"path = {_value(source.pattern)}",
    ]
    lines += [_line(option, value, why) for option, (value, why) in made.options.items()]
    if made.columns:
        lines += [f"[sources.{name}.columns]"]
        lines += [_line(field, column, why) for field, (column, why) in made.columns.items()]
    for table, rows in made.tables.items():
        lines += [
            f"[sources.{name}.{table}]",
            *(_line(key, value, "by its values") for key, value in rows.items()),
        ]
    return lines


def _line(key: str, value: object, why: str) -> str:
    return f"{key} = {_value(value)}    # guess: {why}"


def _value(value: object) -> str:
    """As TOML writes it; its basic strings are those of JSON."""
    return value.isoformat() if isinstance(value, dt.date) else json.dumps(value, ensure_ascii=False)
