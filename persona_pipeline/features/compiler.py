"""Compiles the feature catalogue to SELECTs: snapshots of every customer for a list of as_of days.

Here: the statements, built of sqlglot expressions only. Not here: the facts measured (view.py), how the
features of a source are measured on them (measure.py) and what is kept between statements (steps.py).

Inputs by name: `as_of` (column as_of: the snapshot days), the tables of `view.INPUTS`, and with `chosen=True`
a table `chosen` (column customer_id). Each row uses only rows with day <= its as_of, whatever else is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from persona_pipeline.features import expression as e
from persona_pipeline.features import trace_view, view
from persona_pipeline.features.feature import Catalogue, Derived, Feature, Measured
from persona_pipeline.features.measure import (
    Parts,
    keyed,
    longest,
    measured_by,
    of_source,
    passes,
    reach_of,
    together,
)
from persona_pipeline.features.source import SOURCES, Source
from persona_pipeline.features.steps import Step, steps_of

AGE_BANDS = ((18, "under_18"), (25, "18_24"), (35, "25_34"), (45, "35_44"), (55, "45_54"), (65, "55_64"))

Part = tuple[tuple[str, ...], Callable[[], exp.Select]]
# each SELECT that gives rows of sources, with the names of those it reads
ROWS: dict[str, Part] = {
    "interval": ((), view.interval),
    "everyone": (("interval",), view.everyone),
    "known_customer": (("member",), view.known_customer),
    "profile_version": (("member",), view.profile_version),
    "profile": (("profile_version",), view.profile),
    "order_total": (("member",), view.order_total),
    "order_dated": (("order_total",), view.order_dated),
    "order_event": (("order_dated",), view.order_event),
    "product_purchase": (("basket_line",), view.product_purchase),
    "basket_event": (("basket_line", "product_purchase"), view.basket_event),
    "basket_product": (("basket_line",), view.basket_product),
    "basket": (("basket_product",), view.basket),
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
# those of which only so many days can be asked for: what lies further back than features look is not read
WITHIN_DAYS: dict[str, Callable[[int], exp.Select]] = {
    "web_event": trace_view.web_event,
    "session_event": trace_view.session_event,
    "product_view_last": trace_view.product_view_last,
    "social_event": trace_view.social_event,
    "mention_event": trace_view.mention_event,
    "contact_event": trace_view.contact_event,
}


def compile_features(catalogue: Catalogue, *, chosen: bool = False) -> exp.Select:
    """The SELECT that gives `features.customer` with exactly the columns of `feature_table(catalogue)`.

    Args:
        catalogue: a checked catalogue.
        chosen: look only at the customers of the input `chosen`. What is measured against all customers
            (interests, shrunken shares) is still computed for all.
    """
    *parts, (_, statement) = _parts(catalogue, chosen)
    for name, select in parts:
        statement = statement.with_(name, as_=select, copy=False)
    return statement


def compile_steps(catalogue: Catalogue, *, chosen: bool = False) -> list[Step]:
    """The same rows in several statements, each to be kept before the next: the last gives the features.

    One statement would hold every source of half a million customers in memory at once. What one statement
    alone reads stays within it.
    """
    return steps_of(dict(_parts(catalogue, chosen)))


def _parts(catalogue: Catalogue, chosen: bool) -> Parts:
    """Every SELECT by name, each after those it reads; the last gives the rows."""
    used = [source for source in SOURCES.values() if of_source(catalogue, source)]
    rows = dict(ROWS)
    wanted, features = ["known_customer", "profile"], []
    for source in used:
        measured = of_source(catalogue, source)
        if source.key is None:
            each_pass = passes(measured, source)
            names = [_rows_of(source.event, each.reach, rows) for each in each_pass]
            features += [
                (each.name, measured_by(each, source, name))
                for each, name in zip(each_pass, names, strict=True)
            ]
            features.append((f"{source.name}_feature", together(each_pass)))
        else:
            # sources of the same rows read them once
            same = [other for other in used if other.key is not None and other.event == source.event]
            reach = longest(reach_of(of_source(catalogue, other), other) for other in same)
            names = [_rows_of(source.event, reach, rows)]
            features += keyed(measured, source, names[0])
        wanted += names
    populations = _populations(catalogue)
    features += [(f"{name}_population", _population(name, inputs)) for name, inputs in populations.items()]
    features += [("measured", _measured(catalogue, used, populations)), ("result", _result(catalogue))]
    return _closure(wanted, rows, chosen) + features


def _rows_of(event: str, reach: int | None, rows: dict[str, Part]) -> str:
    """The name of the SELECT that gives an event's rows of so many days, added to `rows` if need be."""
    if reach is None:
        return event
    if event == "product_view_event":
        last = _rows_of("product_view_last", reach, rows)
        name = f"{event}_{reach}d"
        rows[name] = (last, "product_purchase"), lambda: trace_view.product_view_event(last)
        return name
    if event not in WITHIN_DAYS:
        return event
    name, needs = f"{event}_{reach}d", ROWS[event][0]
    rows[name] = needs, lambda: WITHIN_DAYS[event](reach)
    return name


def _closure(wanted: list[str], rows: Mapping[str, Part], chosen: bool) -> Parts:
    """The SELECTs that these need, each after those it reads."""
    found: list[str] = []

    def add(name: str) -> None:
        needs = {"member": ("everyone",), "basket_line": ("everyone", "member")}
        for other in needs[name] if name in needs else rows[name][0]:
            add(other)
        if name not in found:
            found.append(name)

    for name in wanted:
        add(name)
    shared = "everyone" if "product_view_line" in found else "member"
    builders = {name: build for name, (_, build) in rows.items()} | {
        "member": lambda: view.member(chosen),
        "basket_line": lambda: view.basket_line(shared),
    }
    return [(name, builders[name]()) for name in found]


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
        for feature in of_source(catalogue, source):
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
