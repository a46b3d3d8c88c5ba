"""Which Dagster runs a window of days becomes, and which of them need which.

A range has three phases (all days to facts and labels; weekly fits in order; snapshots), and ends with one
publication. In a short range the last day runs as a night of its own. The units stand in an order in which
they can be run one by one; a long range is cut finer, so that some can run at the same time. Not here:
running them (launch.py).
"""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import dagster as dg

from persona_pipeline.defs.build import build
from persona_pipeline.defs.jobs import NIGHTLY, TRAINING
from persona_pipeline.defs.partitions import week_key
from persona_pipeline.settings import Settings

CHUNK = 31  # days of files in one run
LONG_CHUNK = 62  # of a long range: what a run costs beside its rows is most of it
RECENT = 7
SUNDAY = 6
CLEAN_LAYERS = ("clean", "vault")
FACT_LAYERS = ("identity", "facts")
DAY_LAYERS = CLEAN_LAYERS + FACT_LAYERS
LABEL = "features/label"
SNAPSHOT = "features/customer"
PUBLISHED_LAYERS = ("warehouse", "reporting")
MODEL_LAYERS = ("segments", "scores", "recommendations", "rules")  # the longest first
APPLIED = ("segments/membership", "scores/prediction", "recommendations/recommendation")
PROFILES = ("profiles/customer_profile", "profiles/customer_tag", "profiles/persona")
SPAN = 93
LONG = 8  # Sundays from which on a range is cut finer; a process of its own takes some seconds to start


@dataclass(frozen=True)
class Unit:
    """One Dagster run: a job, some of its assets (all when empty) and the partitions from first to last.

    `kept` names the days of the range whose snapshots are computed; all when empty. `after` holds the places,
    in the plan, of the units it needs; without any, the unit needs all before it.
    """

    title: str
    job: str
    assets: tuple[str, ...]
    first: str
    last: str
    kept: tuple[str, ...] = ()
    after: tuple[int, ...] = ()


def plan(settings: Settings, first: dt.date, last: dt.date, *, snapshots: str = "weekly") -> list[Unit]:
    """The runs for the days from `first` to `last`.

    Args:
        settings: the project.
        first: first day.
        last: last day, whose end is published.
        snapshots: `weekly` computes features and what follows for Sundays and the last seven days; `daily`
            for all.
    """
    days = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
    sundays = [day for day in days[:-1] if day.weekday() == SUNDAY]
    long = len(sundays) >= LONG
    recent = last - dt.timedelta(days=RECENT)
    together = days if long else days[:-1]
    kept = [day for day in together if snapshots == "daily" or day.weekday() == SUNDAY or day > recent]
    make = _side_by_side if long else _one_by_one
    units = make(settings, _chunks(together, LONG_CHUNK if long else CHUNK), _spans(kept), sundays)
    if long:
        units.append(_unit("publication", NIGHTLY, _of_layers(settings, PUBLISHED_LAYERS), last, last))
    else:
        units.append(_unit("night of " + last.isoformat(), NIGHTLY, (), last, last))
    if last.weekday() == SUNDAY:
        units.append(Unit("weekly models", TRAINING, (), week_key(last), week_key(last)))
    return units


Span = tuple[dt.date, dt.date, Sequence[dt.date]]


def _one_by_one(
    settings: Settings, chunks: Sequence[Sequence[dt.date]], spans: Sequence[Span], sundays: Sequence[dt.date]
) -> list[Unit]:
    facts = (*_of_layers(settings, DAY_LAYERS), LABEL)
    units = [_unit("files to facts", NIGHTLY, facts, chunk[0], chunk[-1]) for chunk in chunks]
    units += [_unit("features", NIGHTLY, (SNAPSHOT,), *span) for span in spans]
    if sundays:
        units.append(Unit("weekly models", TRAINING, (), week_key(sundays[0]), week_key(sundays[-1])))
    # profiles read what the other three wrote, which a run that leaves out days cannot say to Dagster
    units += [_unit("segments, scores, offers", NIGHTLY, APPLIED, *span) for span in spans]
    units += [_unit("profiles", NIGHTLY, PROFILES, *span) for span in spans]
    return units


def _side_by_side(
    settings: Settings, chunks: Sequence[Sequence[dt.date]], spans: Sequence[Span], sundays: Sequence[dt.date]
) -> list[Unit]:
    """The same work in more units: days are cleaned while facts of days before them are made, and so on.

    Units that write the same table never run at the same time.
    """
    cleaned = _of_layers(settings, CLEAN_LAYERS)
    facts = (*_of_layers(settings, FACT_LAYERS), LABEL)
    units: list[Unit] = []

    def add(unit: Unit, *after: int | None) -> int:
        needed = tuple(sorted({place for place in after if place is not None}))
        units.append(dataclasses.replace(unit, after=needed))
        return len(units) - 1

    clean_before = facts_before = snapshot_before = None
    waiting = list(spans)
    for chunk in chunks:
        clean_before = add(_unit("files", NIGHTLY, cleaned, chunk[0], chunk[-1]), clean_before)
        unit = _unit("facts", NIGHTLY, facts, chunk[0], chunk[-1])
        facts_before = add(unit, clean_before, facts_before)
        while waiting and waiting[0][1] <= chunk[-1]:
            unit = _unit("features", NIGHTLY, (SNAPSHOT,), *waiting.pop(0))
            snapshot_before = add(unit, facts_before, snapshot_before)
    weeks = week_key(sundays[0]), week_key(sundays[-1])
    models = {
        layer: add(
            Unit("weekly models", TRAINING, _of_layers(settings, (layer,), weekly=True), *weeks),
            facts_before,
            snapshot_before,
        )
        for layer in MODEL_LAYERS
    }
    done: dict[str, int] = {asset: models[asset.split("/")[0]] for asset in APPLIED}
    profiles = None
    for span in spans:
        for asset in APPLIED:
            done[asset] = add(_unit(f"daily {asset.split('/')[0]}", NIGHTLY, (asset,), *span), done[asset])
        profiles = add(_unit("profiles", NIGHTLY, PROFILES, *span), profiles, *done.values())
    return units


def selected(units: Iterable[Unit], settings: Settings, select: Sequence[str]) -> list[Unit]:
    """The same plan with only the assets in `select`, and those that are written in one step with them.

    Runs that have none of them are dropped.
    """
    weekly, daily = (set(asset_keys(settings, weekly=each)) for each in (True, False))
    steps = [
        {key.to_user_string() for key in step.keys}
        for step in build(settings).assets or ()
        if isinstance(step, dg.AssetsDefinition)
    ]
    wanted: set[str] = set().union(*(step for step in steps if step & set(select)))
    kept = []
    for unit in units:
        own = set(unit.assets) or (weekly if unit.job == TRAINING else daily)
        assets = tuple(sorted(own & wanted))
        if assets:
            kept.append(dataclasses.replace(unit, assets=assets, after=()))
    return kept


def asset_keys(settings: Settings, *, weekly: bool = False) -> list[str]:
    """Every daily (or every weekly) asset as `layer/name`."""
    return [
        spec.key.to_user_string()
        for spec in build(settings).resolve_all_asset_specs()
        if (spec.tags.get("persona/cadence") == "weekly") == weekly
    ]


def _of_layers(settings: Settings, layers: Sequence[str], *, weekly: bool = False) -> tuple[str, ...]:
    return tuple(key for key in asset_keys(settings, weekly=weekly) if key.split("/")[0] in layers)


def _unit(
    title: str, job: str, assets: tuple[str, ...], first: dt.date, last: dt.date, kept: Sequence[dt.date] = ()
) -> Unit:
    days = tuple(day.isoformat() for day in kept)
    return Unit(title, job, assets, first.isoformat(), last.isoformat(), days)


def _chunks(days: Sequence[dt.date], length: int) -> list[Sequence[dt.date]]:
    return [days[start : start + length] for start in range(0, len(days), length)]


def _spans(days: Sequence[dt.date]) -> list[tuple[dt.date, dt.date, Sequence[dt.date]]]:
    """First day, last day and the days themselves of stretches of at most SPAN days."""
    spans: list[list[dt.date]] = []
    for day in days:
        if spans and (day - spans[-1][0]).days < SPAN:
            spans[-1].append(day)
        else:
            spans.append([day])
    return [(span[0], span[-1], span) for span in spans]
