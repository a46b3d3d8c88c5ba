"""Compiles the feature catalogue to one SELECT: snapshots of every customer for a list of as_of days.

Here: the statement, built of sqlglot expressions only. Not here: the facts measured (view.py).

Inputs by name: `as_of` (column as_of: the snapshot days), the tables of `view.INPUTS`, and with `chosen=True`
a table `chosen` (column customer_id). Each row uses only rows with day <= its as_of, whatever else is given.
"""

from __future__ import annotations

from sqlglot import exp

from persona_pipeline.features import expression as e
from persona_pipeline.features import view
from persona_pipeline.features.feature import Catalogue, Derived, Feature, Measured
from persona_pipeline.features.source import BASKET, BASKET_ITEM, CATEGORY, ORDER_DAY, Source

AGE_BANDS = ((18, "under_18"), (25, "18_24"), (35, "25_34"), (45, "35_44"), (55, "45_54"), (65, "55_64"))


def compile_features(catalogue: Catalogue, *, chosen: bool = False) -> exp.Select:
    """The SELECT that gives `features.customer` with exactly the columns of `feature_table(catalogue)`.

    Args:
        catalogue: a checked catalogue.
        chosen: look only at the customers of the input `chosen`.
    """
    used = {feature.source for feature in catalogue.measured}
    parts: list[tuple[str, exp.Select]] = [
        ("member", view.member(chosen)),
        ("known_customer", view.known_customer()),
    ]
    parts += [("profile_version", view.profile_version()), ("profile", view.profile())]
    if ORDER_DAY.name in used:
        parts += [("order_total", view.order_total()), ("order_event", view.order_event())]
        parts.append(("order_feature", _aggregate(catalogue, ORDER_DAY, "order_event")))
    if used & {BASKET_ITEM.name, BASKET.name, CATEGORY.name}:
        parts += [("basket_line", view.basket_line()), ("basket_event", view.basket_event())]
    if BASKET_ITEM.name in used:
        parts.append(("basket_item_feature", _aggregate(catalogue, BASKET_ITEM, "basket_event")))
    if BASKET.name in used:
        parts += [("basket", view.basket()), ("basket_feature", _aggregate(catalogue, BASKET, "basket"))]
    if CATEGORY.name in used:
        parts += [
            ("category_total", _category_total(catalogue)),
            ("category_rank", _category_rank(catalogue)),
        ]
        parts.append(("category_feature", _category_feature(catalogue)))
    parts.append(("measured", _measured(catalogue, [name for name, _ in parts])))
    statement = _result(catalogue)
    for name, select in parts:
        statement = statement.with_(name, as_=select, copy=False)
    return statement


def _of(catalogue: Catalogue, source: Source) -> list[Measured]:
    return [feature for feature in catalogue.measured if feature.source == source.name]


def _window(feature: Measured, table: str) -> list[exp.Expr]:
    return [] if feature.window is None else [e.column("age_days", table) < feature.window]


def _aggregate(catalogue: Catalogue, source: Source, table: str) -> exp.Select:
    """One pass over a source: every measured feature is an aggregate with a filter."""
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
        .from_(view.named(table))
        .group_by(*view.keys_of(view.ROW, table))
    )


def _category_keys(catalogue: Catalogue) -> list[tuple[str, Measured]]:
    """One total per measure and window that a category feature needs, with a name for it."""
    keys: dict[str, Measured] = {}
    for feature in _of(catalogue, CATEGORY):
        keys.setdefault(_category_key(feature), feature)
    return list(keys.items())


def _category_key(feature: Measured) -> str:
    return f"{feature.measure}_{'ever' if feature.window is None else f'{feature.window}d'}"


def _category_total(catalogue: Catalogue) -> exp.Select:
    """Per customer and known category: amounts over each window."""
    table = "basket_event"
    totals = [
        exp.alias_(
            e.coalesce(e.filtered(e.total(e.column(str(f.measure), table)), _window(f, table)), e.number(0)),
            key,
        )
        for key, f in _category_keys(catalogue)
    ]
    names = (*view.ROW, "category")
    return (
        exp.select(*view.columns_of(names, table), *totals)
        .from_(view.named(table))
        .where(e.column("category", table).neq("unknown"))
        .group_by(*view.keys_of(names, table))
    )


def _category_rank(catalogue: Catalogue) -> exp.Select:
    """Each category's rank and the customer's total; ties are broken by the category's name."""
    table = "category_total"
    extra: list[exp.Expr] = []
    for key, _ in _category_keys(catalogue):
        order = [e.ordered(e.column(key, table), descending=True), e.ordered(e.column("category", table))]
        extra.append(exp.alias_(e.over(exp.RowNumber(), view.keys_of(view.ROW, table), order), f"{key}_rank"))
        extra.append(
            exp.alias_(e.over(e.total(e.column(key, table)), view.keys_of(view.ROW, table)), f"{key}_total")
        )
    names = (*view.ROW, "category", *(key for key, _ in _category_keys(catalogue)))
    return exp.select(*view.columns_of(names, table), *extra).from_(view.named(table))


def _category_feature(catalogue: Catalogue) -> exp.Select:
    table = "category_rank"
    chosen: list[exp.Expr] = []
    for feature in _of(catalogue, CATEGORY):
        key = _category_key(feature)
        amount, whole = e.column(key, table), e.column(f"{key}_total", table)
        share = exp.Div(this=e.as_double(amount), expression=e.as_double(whole), typed=False, safe=False)
        is_first = exp.and_(e.column(f"{key}_rank", table).eq(1), amount > 0)
        if feature.aggregation == "top":
            value: exp.Expr = e.largest(e.when(is_first, e.column("category", table)))
        elif feature.aggregation == "top_share":
            value = e.largest(e.when(is_first, share))
        else:
            # each term is rounded to twelve decimals, so that the sum is exact and free of any order
            term = exp.Neg(this=exp.Mul(this=share, expression=exp.Ln(this=share.copy())))
            exact = exp.cast(term, exp.DataType.build("DECIMAL(18, 12)", dialect="duckdb"))
            value = e.total(e.when(amount > 0, exact))
        chosen.append(exp.alias_(value, feature.name))
    return (
        exp.select(*view.columns_of(view.ROW, table), *chosen)
        .from_(view.named(table))
        .group_by(*view.keys_of(view.ROW, table))
    )


def _measured(catalogue: Catalogue, parts: list[str]) -> exp.Select:
    """One row per customer and as_of: profile fields and measured features, missing ones filled."""
    sources = {
        "order_feature": ORDER_DAY,
        "basket_item_feature": BASKET_ITEM,
        "basket_feature": BASKET,
        "category_feature": CATEGORY,
    }
    table = "known_customer"
    columns = view.columns_of(view.ROW, table)
    columns.append(exp.alias_(_age_band(), "age_band"))
    columns += [
        exp.alias_(e.coalesce(e.column(name, "profile"), exp.Literal.string("unknown")), name)
        for name in view.PROFILE
    ]
    joined = [(name, source) for name, source in sources.items() if name in parts]
    for name, source in joined:
        for feature in _of(catalogue, source):
            value: exp.Expr = e.column(feature.name, name)
            if feature.about.missing == "zero":
                value = e.coalesce(value, e.number(0))
            columns.append(exp.alias_(e.as_type(value, feature.about.type), feature.name))
    select = exp.select(*columns).from_(view.named(table))
    for name in ["profile", *(name for name, _ in joined)]:
        select = select.join(view.named(name), on=view.same(view.ROW, name, table), join_type="left")
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
        *view.columns_of((*view.ROW, "age_band", *view.PROFILE), table),
    ]
    columns += [
        exp.alias_(e.as_type(_value(catalogue, feature), feature.about.type), feature.name)
        for feature in catalogue.outputs
    ]
    return exp.select(*columns).from_(view.named(table))


def _value(catalogue: Catalogue, feature: Feature) -> exp.Expr:
    if isinstance(feature, Measured):
        return e.column(feature.name, "measured")
    return _derived(feature, [_value(catalogue, catalogue[name]) for name in feature.inputs])


def _derived(feature: Derived, inputs: list[exp.Expr]) -> exp.Expr:
    """The declared operation. Empty where it is not defined, then the feature's rule for missing values."""
    if feature.operation == "difference":
        value: exp.Expr = exp.paren(exp.Sub(this=inputs[0], expression=inputs[1]))
    elif feature.operation == "standard_deviation":
        value = _standard_deviation(*inputs)
    else:
        above, below = inputs
        quotient = exp.Div(this=e.as_double(above), expression=e.as_double(below), typed=False, safe=False)
        value = e.when(exp.GT(this=below, expression=e.number(0)), quotient)
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
    quotient = exp.Div(this=e.as_double(spread), expression=e.as_double(pairs), typed=False, safe=False)
    return e.when(exp.GT(this=number, expression=e.number(1)), exp.Sqrt(this=quotient))
