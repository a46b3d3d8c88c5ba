"""Compiles the feature catalogue to one SELECT: snapshots of every customer for a list of as_of days.

Here: the statement, built of sqlglot expressions only. Not here: the facts measured (view.py).

Inputs by name: `as_of` (column as_of: the snapshot days), the tables of `view.INPUTS`, and with `chosen=True`
a table `chosen` (column customer_id). Each row uses only rows with day <= its as_of, whatever else is given.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from persona_pipeline.features import expression as e
from persona_pipeline.features import trace_view, view
from persona_pipeline.features.feature import Catalogue, Derived, Feature, Measured
from persona_pipeline.features.source import SOURCES, Source

AGE_BANDS = ((18, "under_18"), (25, "18_24"), (35, "25_34"), (45, "35_44"), (55, "45_54"), (65, "55_64"))

# each SELECT of the statement after those it reads, with the names of these
PARTS: dict[str, tuple[tuple[str, ...], Callable[[], exp.Select]]] = {
    "interval": ((), view.interval),
    "everyone": (("interval",), view.everyone),
    "known_customer": (("member",), view.known_customer),
    "profile_version": (("member",), view.profile_version),
    "profile": (("profile_version",), view.profile),
    "order_total": (("member",), view.order_total),
    "order_event": (("order_total",), view.order_event),
    "product_purchase": (("basket_line",), view.product_purchase),
    "basket_event": (("basket_line", "product_purchase"), view.basket_event),
    "basket": (("basket_event",), view.basket),
    "web_event": (("member",), trace_view.web_event),
    "session_event": (("member",), trace_view.session_event),
    "product_view_line": (("everyone",), trace_view.product_view_line),
    "product_view_last": (("product_view_line",), trace_view.product_view_last),
    "product_view_event": (("product_view_last", "product_purchase"), trace_view.product_view_event),
    "social_event": (("member",), trace_view.social_event),
    "mention_event": (("member",), trace_view.mention_event),
    "contact_event": (("everyone",), trace_view.contact_event),
    "record_event": (("profile",), trace_view.record_event),
    "interest_line": (("product_view_line", "basket_line"), trace_view.interest_line),
    "interest_point": (("interest_line",), trace_view.interest_point),
    "interest_reach": (("interest_point",), trace_view.interest_reach),
    "interest_base": (("interest_point",), trace_view.interest_base),
    "interest_event": (("interest_point", "interest_reach", "interest_base"), trace_view.interest_event),
}


def compile_features(catalogue: Catalogue, *, chosen: bool = False) -> exp.Select:
    """The SELECT that gives `features.customer` with exactly the columns of `feature_table(catalogue)`.

    Args:
        catalogue: a checked catalogue.
        chosen: look only at the customers of the input `chosen`. What is measured against all customers
            (interests, shrunken shares) is still computed for all.
    """
    used = [source for source in SOURCES.values() if _of(catalogue, source)]
    needed = _closure(["known_customer", "profile", *(source.event for source in used)])
    shared = "everyone" if "product_view_line" in needed else "member"
    builders = {name: build for name, (_, build) in PARTS.items()} | {
        "member": lambda: view.member(chosen),
        "basket_line": lambda: view.basket_line(shared),
    }
    parts: list[tuple[str, exp.Select]] = [(name, builders[name]()) for name in needed]
    for source in used:
        if source.key is None:
            parts.append((f"{source.name}_feature", _aggregate(catalogue, source)))
        else:
            parts += [
                (f"{source.name}_total", _key_total(catalogue, source)),
                (f"{source.name}_best", _key_best(catalogue, source)),
                (f"{source.name}_feature", _key_feature(catalogue, source)),
            ]
    populations = _populations(catalogue)
    parts += [(f"{name}_population", _population(name, inputs)) for name, inputs in populations.items()]
    parts.append(("measured", _measured(catalogue, used, populations)))
    statement = _result(catalogue)
    for name, select in parts:
        statement = statement.with_(name, as_=select, copy=False)
    return statement


def _closure(names: list[str]) -> list[str]:
    """The SELECTs that these need, each after those it reads."""
    found: list[str] = []

    def add(name: str) -> None:
        needs = {"member": ("everyone",), "basket_line": ("everyone", "member")}
        for other in needs[name] if name in needs else PARTS[name][0]:
            add(other)
        if name not in found:
            found.append(name)

    for name in names:
        add(name)
    return found


def _of(catalogue: Catalogue, source: Source) -> list[Measured]:
    return [feature for feature in catalogue.measured if feature.source == source.name]


def _window(feature: Measured, table: str) -> list[exp.Expr]:
    return [] if feature.window is None else [e.column("age_days", table) < feature.window]


def _aggregate(catalogue: Catalogue, source: Source) -> exp.Select:
    """One pass over a source: every measured feature is an aggregate with a filter."""
    table = source.event
    aggregates = {"sum": e.total, "min": e.smallest, "max": e.largest, "count_distinct": e.count_distinct}
    chosen: list[exp.Expr] = []
    for feature in _of(catalogue, source):
        measure = None if feature.measure is None else e.column(feature.measure, table)
        aggregate = e.count_rows() if measure is None else aggregates[feature.aggregation](measure)
        conditions = _window(feature, table) + [
            e.compare(e.column(condition.column, table), condition.comparison, condition.value)
            for condition in feature.conditions
        ]
        chosen.append(exp.alias_(e.filtered(aggregate, conditions), feature.name))
    return (
        exp.select(*view.columns_of(view.ROW, table), *chosen)
        .from_(view.named(table), copy=False)
        .group_by(*view.keys_of(view.ROW, table), copy=False)
    )


def _keys(catalogue: Catalogue, source: Source) -> list[tuple[str, Measured]]:
    """One total per measure and window that a keyed feature needs, with a name for it."""
    keys: dict[str, Measured] = {}
    for feature in _of(catalogue, source):
        keys.setdefault(_key(feature), feature)
    return list(keys.items())


def _key(feature: Measured) -> str:
    return f"{feature.measure}_{'ever' if feature.window is None else f'{feature.window}d'}"


def _key_total(catalogue: Catalogue, source: Source) -> exp.Select:
    """Per customer and known value of the key: totals over each window."""
    table = source.event
    totals = [
        exp.alias_(
            e.coalesce(e.filtered(e.total(e.column(str(f.measure), table)), _window(f, table)), e.number(0)),
            key,
        )
        for key, f in _keys(catalogue, source)
    ]
    names = (*view.ROW, str(source.key))
    return (
        exp.select(*view.columns_of(names, table), *totals)
        .from_(view.named(table), copy=False)
        .where(e.column(str(source.key), table).neq("unknown"), copy=False)
        .group_by(*view.keys_of(names, table), copy=False)
    )


def _key_best(catalogue: Catalogue, source: Source) -> exp.Select:
    """Per customer: the largest total of a value and the sum of all, found without sorting."""
    table = f"{source.name}_total"
    chosen: list[exp.Expr] = []
    for key, _ in _keys(catalogue, source):
        chosen.append(exp.alias_(e.largest(e.column(key, table)), f"{key}_best"))
        chosen.append(exp.alias_(e.total(e.column(key, table)), f"{key}_total"))
    return (
        exp.select(*view.columns_of(view.ROW, table), *chosen)
        .from_(view.named(table), copy=False)
        .group_by(*view.keys_of(view.ROW, table), copy=False)
    )


def _key_feature(catalogue: Catalogue, source: Source) -> exp.Select:
    """The features of a keyed source; of values with the same total the first by name is the top."""
    table, best = f"{source.name}_total", f"{source.name}_best"
    chosen: list[exp.Expr] = []
    for feature in _of(catalogue, source):
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


def _populations(catalogue: Catalogue) -> dict[str, list[str]]:
    """By source, the sums whose total over all customers a shrunken share needs."""
    found: dict[str, list[str]] = {}
    for feature in catalogue.features:
        if isinstance(feature, Derived) and feature.operation == "shrunk_share":
            for name in feature.inputs:
                given = catalogue[name]
                assert isinstance(given, Measured)  # noqa: S101  (checked with the catalogue)
                names = found.setdefault(given.source, [])
                if name not in names:
                    names.append(name)
    return found


def _population(source: str, names: list[str]) -> exp.Select:
    """Totals over all customers with rows of the source, as known on each as_of."""
    table = f"{source}_feature"
    totals = [exp.alias_(e.total(e.column(name, table)), name) for name in names]
    return (
        exp.select(*view.columns_of(("as_of",), table), *totals)
        .from_(view.named(table), copy=False)
        .group_by(*view.keys_of(("as_of",), table), copy=False)
    )


def _measured(catalogue: Catalogue, sources: list[Source], populations: dict[str, list[str]]) -> exp.Select:
    """One row per customer and as_of: profile fields and measured features, missing ones filled."""
    table = "known_customer"
    columns = view.columns_of((*view.ROW, "customer_id"), table)
    columns.append(exp.alias_(_age_band(), "age_band"))
    columns += [
        exp.alias_(e.coalesce(e.column(name, "profile"), exp.Literal.string("unknown")), name)
        for name in view.PROFILE
    ]
    for source in sources:
        for feature in _of(catalogue, source):
            value: exp.Expr = e.column(feature.name, f"{source.name}_feature")
            if feature.about.missing == "zero":
                value = e.coalesce(value, e.number(0))
            columns.append(exp.alias_(e.as_type(value, feature.about.type), feature.name))
    for source_name, names in populations.items():
        columns += [
            exp.alias_(e.column(name, f"{source_name}_population"), f"{name}_of_all") for name in names
        ]
    select = exp.select(*columns).from_(view.named(table), copy=False)
    for name in ["profile", *(f"{source.name}_feature" for source in sources)]:
        on = view.same(view.ROW, name, table)
        select = select.join(view.named(name), on=on, join_type="left", copy=False)
    for name in (f"{source}_population" for source in populations):
        on = view.same(("as_of",), name, table)
        select = select.join(view.named(name), on=on, join_type="left", copy=False)
    return select


def _age_band() -> exp.Expr:
    birth_year = e.column("birth_year", "profile")
    year = exp.Extract(this=exp.var("YEAR"), expression=e.column("as_of", "known_customer"))
    age = exp.Sub(this=year, expression=birth_year)
    case = exp.Case().when(birth_year.copy().is_(exp.null()), exp.Literal.string("unknown"))
    for below, band in AGE_BANDS:
        case = case.when(age.copy() < below, exp.Literal.string(band))
    return case.else_(exp.Literal.string("65_plus"))


def _result(catalogue: Catalogue) -> exp.Select:
    """The contract's columns; derived features are written out in terms of measured ones."""
    table = "measured"
    columns = [
        exp.alias_(e.column("as_of", table), "day"),
        *view.columns_of(("as_of", "customer_id", "age_band", *view.PROFILE), table),
    ]
    columns += [
        exp.alias_(e.as_type(_value(catalogue, feature), feature.about.type), feature.name)
        for feature in catalogue.outputs
    ]
    return exp.select(*columns).from_(view.named(table), copy=False)


def _value(catalogue: Catalogue, feature: Feature) -> exp.Expr:
    if isinstance(feature, Measured):
        return e.column(feature.name, "measured")
    inputs = [_value(catalogue, catalogue[name]) for name in feature.inputs]
    if feature.operation == "shrunk_share":
        everybody: list[exp.Expr] = [e.column(f"{name}_of_all", "measured") for name in feature.inputs]
        return _shrunk(inputs, everybody, feature.prior_weight or 0)
    return _derived(feature, inputs)


def _shrunk(inputs: list[exp.Expr], everybody: list[exp.Expr], weight: int) -> exp.Expr:
    """(numerator + weight * share of all) / (denominator + weight); empty while nobody has a denominator.

    The posterior mean of a share whose prior has the mean of all customers and the weight of so many rows.
    """
    above, below = inputs
    prior = exp.Mul(this=e.number(weight), expression=e.share_of(*everybody))
    quotient = exp.Div(
        this=exp.paren(exp.Add(this=e.as_double(above), expression=prior)),
        expression=exp.paren(exp.Add(this=e.as_double(below), expression=e.number(weight))),
        typed=False,
        safe=False,
    )
    return e.when(exp.GT(this=everybody[1].copy(), expression=e.number(0)), quotient)


def _derived(feature: Derived, inputs: list[exp.Expr]) -> exp.Expr:
    """The declared operation. Empty where it is not defined, then the feature's rule for missing values."""
    if feature.operation == "difference":
        value: exp.Expr = exp.paren(exp.Sub(this=inputs[0], expression=inputs[1]))
    elif feature.operation == "standard_deviation":
        value = _standard_deviation(*inputs)
    else:
        above, below = inputs
        value = e.when(exp.GT(this=below, expression=e.number(0)), e.share_of(above, below))
    return e.coalesce(value, e.number(0)) if feature.about.missing == "zero" else value


def _standard_deviation(total: exp.Expr, squares: exp.Expr, number: exp.Expr) -> exp.Expr:
    """Of a sample: sqrt((n * squares - total^2) / (n * (n - 1))), the sums exact; empty below two."""
    spread = exp.Sub(
        this=exp.Mul(this=number.copy(), expression=squares),
        expression=exp.Mul(this=total, expression=total.copy()),
    )
    pairs = exp.Mul(
        this=number.copy(), expression=exp.paren(exp.Sub(this=number.copy(), expression=e.number(1)))
    )
    return e.when(exp.GT(this=number, expression=e.number(1)), exp.Sqrt(this=e.share_of(spread, pairs)))
