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

from persona_pipeline.contracts.calendar import SUNDAY
from persona_pipeline.defs.build import build
from persona_pipeline.defs.jobs import NIGHTLY, TRAINING
from persona_pipeline.defs.partitions import week_key
from persona_pipeline.settings import Settings

CHUNK = 31  # days of files in one run
LONG_CHUNK = 62  # of a long range: what a run costs beside its rows is most of it
RECENT = 7
CLEAN_LAYERS = ("clean", "vault")
FACT_LAYERS = ("identity", "facts")
DAY_LAYERS = CLEAN_LAYERS + FACT_LAYERS
LABEL = "features/label"
SNAPSHOT = "features/customer"
SNAPSHOTS = (SNAPSHOT, "features/statistic")
PUBLISHED_LAYERS = ("warehouse", "reporting")
MODEL_LAYERS = ("segments", "scores", "recommendations", "rules")  # the longest first
APPLIED = ("segments/membership", "scores/prediction", "recommendations/recommendation")
PROFILES = (
    "profiles/customer_profile",
    "profiles/customer_tag",
    "profiles/persona",
    "profiles/persona_need",  # reads the rules of the week
    "segments/transition",  # reads memberships of four weeks before
)
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
    daily = asset_keys(settings)
    if long:
        weekly = asset_keys(settings, weekly=True)
        units = _side_by_side(daily, weekly, _chunks(together, LONG_CHUNK), kept, sundays)
        units.append(_unit("publication", NIGHTLY, _of_layers(daily, PUBLISHED_LAYERS), last, last))
    else:
        units = _one_by_one(daily, _chunks(together, CHUNK), kept, sundays)
        units.append(_unit("night of " + last.isoformat(), NIGHTLY, (), last, last))
    if last.weekday() == SUNDAY:
        units.append(_weeks([last]))
    return units


Days = Sequence[dt.date]


def _one_by_one(daily: Sequence[str], chunks: Sequence[Days], kept: Days, sundays: Days) -> list[Unit]:
    facts = (*_of_layers(daily, DAY_LAYERS), LABEL)
    units = [_unit("files to facts", NIGHTLY, facts, chunk[0], chunk[-1]) for chunk in chunks]
    if kept:
        units.append(_snapshots("features", SNAPSHOTS, kept))
    if sundays:
        units.append(_weeks(sundays))
    if kept:
        # profiles read what the others wrote, which a run that leaves out days cannot say to Dagster
        units.append(_snapshots("segments, scores, offers", APPLIED, kept))
        units.append(_snapshots("profiles", PROFILES, kept))
    return units


def _side_by_side(
    daily: Sequence[str], weekly: Sequence[str], chunks: Sequence[Days], kept: Days, sundays: Days
) -> list[Unit]:
    """The same work in more units: days are cleaned while facts of days before them are made, and so on.

    Units that write the same table never run at the same time. What others wait for stands first, because the
    first of the units that could begin does.
    """
    cleaned = _of_layers(daily, CLEAN_LAYERS)
    facts = (*_of_layers(daily, FACT_LAYERS), LABEL)
    units: list[Unit] = []
    newest: dict[str, int] = {}  # place of the last unit by what it writes

    def add(what: str, unit: Unit, *after: int) -> None:
        needed = {*after, *([newest[what]] if what in newest else [])}
        units.append(dataclasses.replace(unit, after=tuple(sorted(needed))))
        newest[what] = len(units) - 1

    known: list[dict[str, int]] = []  # by chunk, what stands when its features do
    for chunk in chunks:
        add("files", _unit("files", NIGHTLY, cleaned, chunk[0], chunk[-1]))
        add("facts", _unit("facts", NIGHTLY, facts, chunk[0], chunk[-1]), newest["files"])
        if days := _within(kept, chunk):
            add("features", _snapshots("features", SNAPSHOTS, days), newest["facts"])
        known.append(dict(newest))
    for chunk, stands in zip(chunks, known, strict=True):
        weeks = _within(sundays, chunk)
        for layer in MODEL_LAYERS:
            if weeks:
                unit = _weeks(weeks, f"weekly {layer}", _of_layers(weekly, (layer,)))
                add(layer, unit, stands["facts"], stands["features"])
            stands[layer] = newest[layer]
    for chunk, stands in zip(chunks, known, strict=True):
        if days := _within(kept, chunk):
            for asset in APPLIED:
                layer = asset.split("/")[0]
                add(asset, _snapshots(f"daily {layer}", (asset,), days), stands[layer], stands["features"])
            applied = (newest[asset] for asset in APPLIED)
            add("profiles", _snapshots("profiles", PROFILES, days), *applied, stands["rules"])
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


def _of_layers(keys: Sequence[str], layers: Sequence[str]) -> tuple[str, ...]:
    return tuple(key for key in keys if key.split("/")[0] in layers)


def _unit(
    title: str, job: str, assets: tuple[str, ...], first: dt.date, last: dt.date, kept: Sequence[dt.date] = ()
) -> Unit:
    days = tuple(day.isoformat() for day in kept)
    return Unit(title, job, assets, first.isoformat(), last.isoformat(), days)


def _snapshots(title: str, assets: tuple[str, ...], days: Days) -> Unit:
    return _unit(title, NIGHTLY, assets, days[0], days[-1], days)


def _weeks(sundays: Days, title: str = "weekly models", assets: tuple[str, ...] = ()) -> Unit:
    return Unit(title, TRAINING, assets, week_key(sundays[0]), week_key(sundays[-1]))


def _within(days: Days, chunk: Days) -> Days:
    return [day for day in days if chunk[0] <= day <= chunk[-1]]


def _chunks(days: Days, length: int) -> list[Days]:
    return [days[start : start + length] for start in range(0, len(days), length)]
