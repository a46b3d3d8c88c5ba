"""Measures the features of a source: SELECTs over its rows that give one row per customer and as_of.

Here: which passes over the rows a source needs, and what each computes. Not here: the rows (view.py,
trace_view.py), features of several sources and the order of the statements (compiler.py).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from sqlglot import exp

from persona_pipeline.features import expression as e
from persona_pipeline.features import view
from persona_pipeline.features.feature import Catalogue, Measured
from persona_pipeline.features.source import PRODUCT_VIEW, Source

# Features of windows up to this long are measured in a pass of their own: it reads a fraction of a year of
# rows, and its sums take no room for customers that have none.
RECENT_DAYS = 90
Parts = list[tuple[str, exp.Select]]


@dataclass(frozen=True, slots=True)
class Pass:
    """Features of one source that are measured together.

    Attributes:
        name: of the SELECT.
        features: what is measured.
        reach: how many days back rows are looked at; None is the whole history.
        values_of: the column whose values are counted once each; None where rows are aggregated as they are.
    """

    name: str
    features: tuple[Measured, ...]
    reach: int | None
    values_of: str | None = None


def of_source(catalogue: Catalogue, source: Source) -> tuple[Measured, ...]:
    """The features measured on a source, in their order."""
    return tuple(feature for feature in catalogue.measured if feature.source == source.name)


def reach_of(features: Iterable[Measured], source: Source) -> int | None:
    """How many days back the rows lie that these features need; None is the whole history."""
    days = longest(_reach(feature, source) for feature in features)
    return None if days is None or days >= (source.reach or math.inf) else days


def _reach(feature: Measured, source: Source) -> int | None:
    """Of one feature. A count that is not zero when missing tells no rows from rows outside its window."""
    if feature.aggregation.startswith("count") and feature.about.missing != "zero":
        return None
    return _reach_of_view(feature) if source is PRODUCT_VIEW else feature.window


def _reach_of_view(feature: Measured) -> int | None:
    """A row is a product with its last view; what it counts and its last cart add may lie before that."""
    if feature.window is None or feature.measure in ("views", "cart_adds", "cart_age_days"):
        return None
    days = feature.window
    for condition in feature.conditions:
        if condition.column in ("views", "cart_adds"):
            return None
        if condition.column == "cart_age_days":
            if condition.comparison != "below":
                return None
            days = max(days, int(condition.value))
    return days


def longest(reaches: Iterable[int | None]) -> int | None:
    """The longest of several reaches."""
    found = list(reaches)
    return None if None in found else max(each for each in found if each is not None)


def passes(features: tuple[Measured, ...], source: Source) -> list[Pass]:
    """The passes over a source that is no keyed one; the first has a row of every customer that any has."""
    plain = [feature for feature in features if feature.aggregation != "count_distinct"]
    recent = [feature for feature in plain if (reach_of([feature], source) or RECENT_DAYS + 1) <= RECENT_DAYS]
    rest = [feature for feature in plain if feature not in recent]
    groups: dict[tuple[str, str | None], list[Measured]] = {("whole", None): rest, ("recent", None): recent}
    for feature in features:
        if feature.aggregation == "count_distinct":
            groups.setdefault((f"{feature.measure}_values", feature.measure), []).append(feature)
    found = [
        Pass(f"{source.name}_{name}", tuple(group), reach_of(group, source), values_of)
        for (name, values_of), group in groups.items()
        if group
    ]
    return sorted(found, key=lambda each: (each.reach is not None, -(each.reach or 0)))


def measured_by(each: Pass, source: Source, table: str) -> exp.Select:
    """One pass: every feature is an aggregate of the rows of `table` that its window and filters choose."""
    if each.values_of is not None:
        return _values(each, source, table)
    chosen = [exp.alias_(_aggregate(feature, source, table), feature.name) for feature in each.features]
    select = (
        exp.select(*view.columns_of(view.ROW, table), *chosen)
        .from_(view.named(table), copy=False)
        .group_by(*view.keys_of(view.ROW, table), copy=False)
    )
    return within(select, each.reach, table)


def within(select: exp.Select, reach: int | None, table: str) -> exp.Select:
    """The rows of `table` that are younger than `reach` days."""
    return select if reach is None else select.where(e.column("age_days", table) < reach, copy=False)


def together(measured: list[Pass]) -> exp.Select:
    """The features of several passes side by side; the first pass has every row."""
    first, *others = [each.name for each in measured]
    listed: list[exp.Expr] = []
    for each in measured:
        listed += view.columns_of([feature.name for feature in each.features], each.name)
    select = exp.select(*view.columns_of(view.ROW, first), *listed).from_(view.named(first), copy=False)
    for name in others:
        on = view.same(view.ROW, name, first)
        select = select.join(view.named(name), on=on, join_type="left", copy=False)
    return select


def _conditions(feature: Measured, source: Source, table: str) -> list[exp.Expr]:
    return _window(feature, source, table) + [
        e.compare(e.column(condition.column, table), condition.comparison, condition.value)
        for condition in feature.conditions
    ]


def _window(feature: Measured, source: Source, table: str) -> list[exp.Expr]:
    """The condition of the window, also where a pass looks no further: lineage is read from what is measured.

    A total was added up from all days of its source.
    """
    if feature.window is None or (source.is_total and feature.window >= (source.reach or math.inf)):
        return []
    return [e.column("age_days", table) < feature.window]


def _aggregate(feature: Measured, source: Source, table: str) -> exp.Expr:
    """The aggregate, as narrow as the feature: sums are twice as wide."""
    conditions = _conditions(feature, source, table)
    if feature.measure is None:
        return e.count_when(conditions)
    measure = e.column(feature.measure, table)
    if feature.aggregation == "sum":
        total = e.total_when(conditions, measure, zero=feature.about.missing == "zero")
        return e.as_type(total, feature.about.type)
    aggregate = {"min": e.smallest, "max": e.largest}[feature.aggregation]
    return aggregate(e.when(exp.and_(*conditions), measure) if conditions else measure)


def _values(each: Pass, source: Source, table: str) -> exp.Select:
    """Different values counted in two steps, once for all features: the first finds which count for which."""
    key, inner = view.NUMBERS.get(str(each.values_of), str(each.values_of)), "value"
    is_known = e.column(key, table).is_(exp.null()).not_()
    flags: list[exp.Expr] = []
    for feature in each.features:
        counts = exp.and_(is_known.copy(), *_conditions(feature, source, table))
        flags.append(exp.alias_(e.largest(e.when(counts, e.number(1), e.number(0))), feature.name))
    values = (
        exp.select(*view.columns_of(view.ROW, table), *flags)
        .from_(view.named(table), copy=False)
        .group_by(*view.keys_of((*view.ROW, key), table), copy=False)
    )
    totals = [
        exp.alias_(e.as_type(e.total(e.column(feature.name, inner)), feature.about.type), feature.name)
        for feature in each.features
    ]
    return (
        exp.select(*view.columns_of(view.ROW, inner), *totals)
        .from_(within(values, each.reach, table).subquery(inner), copy=False)
        .group_by(*view.keys_of(view.ROW, inner), copy=False)
    )


def _keys(features: tuple[Measured, ...]) -> dict[str, Measured]:
    """One total per measure and window that keyed features need, with a name for it."""
    keys: dict[str, Measured] = {}
    for feature in features:
        keys.setdefault(_key(feature), feature)
    return keys


def _key(feature: Measured) -> str:
    return f"{feature.measure}_{'ever' if feature.window is None else f'{feature.window}d'}"


def keyed(features: tuple[Measured, ...], source: Source, table: str) -> Parts:
    """The SELECTs of a source whose values compete: totals by value, the best of them, the features."""
    return [
        (f"{source.name}_total", _key_total(features, source, table)),
        (f"{source.name}_best", _key_best(features, source)),
        (f"{source.name}_feature", _key_feature(features, source)),
    ]


def _key_total(features: tuple[Measured, ...], source: Source, table: str) -> exp.Select:
    """Per customer and known value of the key: totals over each window."""
    names = (*view.ROW, str(source.key))
    totals: list[exp.Expr] = []
    for key, feature in _keys(features).items():
        measure, conditions = str(feature.measure), _window(feature, source, table)
        if source.is_total:
            amount = e.column(measure, table)
            total: exp.Expr = e.when(exp.and_(*conditions), amount, e.number(0)) if conditions else amount
        else:
            total = e.as_type(
                e.total_when(conditions, e.column(measure, table), zero=True), source.columns[measure]
            )
        totals.append(exp.alias_(total, key))
    select = (
        exp.select(*view.columns_of(names, table), *totals)
        .from_(view.named(table), copy=False)
        .where(e.column(str(source.key), table).neq("unknown"), copy=False)
    )
    select = within(select, reach_of(features, source), table)
    return select if source.is_total else select.group_by(*view.keys_of(names, table), copy=False)


def _key_best(features: tuple[Measured, ...], source: Source) -> exp.Select:
    """Per customer: the largest total of a value and the sum of all, found without sorting."""
    table = f"{source.name}_total"
    chosen: list[exp.Expr] = []
    for key in _keys(features):
        chosen.append(exp.alias_(e.largest(e.column(key, table)), f"{key}_best"))
        chosen.append(exp.alias_(e.total(e.column(key, table)), f"{key}_total"))
    return (
        exp.select(*view.columns_of(view.ROW, table), *chosen)
        .from_(view.named(table), copy=False)
        .group_by(*view.keys_of(view.ROW, table), copy=False)
    )


def _key_feature(features: tuple[Measured, ...], source: Source) -> exp.Select:
    """The features of a keyed source; of values with the same total the first by name is the top."""
    table, best = f"{source.name}_total", f"{source.name}_best"
    chosen: list[exp.Expr] = []
    for feature in features:
        key = _key(feature)
        amount, whole, most = (
            e.column(key, table),
            e.column(f"{key}_total", best),
            e.column(f"{key}_best", best),
        )
        is_top = exp.and_(amount.eq(most), amount > 0)
        if feature.aggregation == "top":
            value: exp.Expr = e.smallest(e.when(is_top, e.column(str(source.key), table)))
        elif feature.aggregation == "top_share":
            value = e.largest(e.when(is_top, e.share_of(amount, whole)))
        else:
            share = e.share_of(amount, whole)
            term = exp.Neg(this=exp.Mul(this=share, expression=exp.Ln(this=share.copy())))
            value = e.total(e.when(amount > 0, e.exact(term)))
        chosen.append(exp.alias_(value, feature.name))
    return (
        exp.select(*view.columns_of(view.ROW, table), *chosen)
        .from_(view.named(table), copy=False)
        .join(view.named(best), on=view.same(view.ROW, best, table), join_type="inner", copy=False)
        .group_by(*view.keys_of(view.ROW, table), copy=False)
    )
