"""From the SELECTs of a snapshot to its statements: what is kept between them, and which columns.

Here: which SELECTs become statements of their own, and leaving out columns that nothing reads. Not here: what
they compute (compiler.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

KEPT = ("_feature", "_population")  # statements of their own, although one alone reads them
WITHIN = ("member",)  # cheaper to select again than to keep


@dataclass(frozen=True, slots=True)
class Step:
    """One statement; `reads` names the inputs and the steps before it, with the columns needed."""

    name: str
    select: exp.Select
    reads: Mapping[str, tuple[str, ...]]


def steps_of(parts: dict[str, exp.Select]) -> list[Step]:
    """The statements, each after those it reads; the last part is the last of them.

    Args:
        parts: every SELECT by name, each after those it reads; columns are qualified with the name of what
            they come from.
    """
    narrow = _narrowed(parts)
    reads = {name: _tables(select) for name, select in narrow.items()}
    kept = _kept(reads)
    return [_step(name, narrow, reads, kept) for name in narrow if name in kept]


def _narrowed(parts: dict[str, exp.Select]) -> dict[str, exp.Select]:
    """The same without the columns that no later SELECT reads."""
    used: dict[str, set[str]] = defaultdict(set)
    found: list[tuple[str, exp.Select]] = []
    last = next(reversed(parts))
    for name in reversed(parts):
        select = parts[name]
        if name != last and not select.args.get("distinct"):
            select = select.copy()
            chosen = [each for each in select.expressions if each.alias_or_name in used[name]]
            select.set("expressions", chosen)
        for table, column in _columns(select):
            used[table].add(column)
        found.append((name, select))
    return dict(reversed(found))


def _kept(reads: dict[str, list[str]]) -> set[str]:
    """Those that are named so, the last, and what more than one statement would compute."""
    last = next(reversed(reads))
    kept: set[str] = set()
    # by part, the statements that it would be written into
    statements: dict[str, set[str]] = defaultdict(set)
    for name in reversed(reads):
        is_shared = len(statements[name]) > 1 and name not in WITHIN
        if is_shared or name.endswith(KEPT) or name == last:
            kept.add(name)
            statements[name] = {name}
        for other in reads[name]:
            statements[other] |= statements[name]
    return kept & set(reads)


def _step(name: str, parts: dict[str, exp.Select], reads: dict[str, list[str]], kept: set[str]) -> Step:
    """A kept SELECT with those that only it reads written into it."""
    within: list[str] = []
    outside: list[str] = []

    def add(part: str) -> None:
        for other in reads[part]:
            if other not in parts or other in kept:
                outside.append(other)
            elif other not in within:
                add(other)
                within.append(other)

    add(name)
    columns: dict[str, set[str]] = defaultdict(set)
    select = parts[name]
    for table, column in (pair for part in (*within, name) for pair in _columns(parts[part])):
        columns[table].add(column)
    for part in within:
        select = select.with_(part, as_=parts[part], copy=False)
    return Step(name, select, {each: tuple(sorted(columns[each])) for each in dict.fromkeys(outside)})


def _tables(select: exp.Select) -> list[str]:
    return list(dict.fromkeys(table.name for table in select.find_all(exp.Table)))


def _columns(select: exp.Select) -> set[tuple[str, str]]:
    return {(column.table, column.name) for column in select.find_all(exp.Column)}
