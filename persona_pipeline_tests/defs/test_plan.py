"""Which Dagster runs a window of days becomes; the demo starts on Monday 2025-01-06."""

from __future__ import annotations

import datetime as dt

import pytest

from persona_pipeline.defs.plan import Unit, plan, selected
from persona_pipeline.settings import Settings

TO_FACTS = "files to facts"
DAY_ASSETS = {
    "clean/arrival",
    "clean/campaign_contact",
    "clean/customer",
    "clean/exchange_rate",
    "clean/file_column",
    "clean/file_ledger",
    "clean/id_link",
    "clean/ledger_reason",
    "clean/order_line",
    "clean/product",
    "clean/reject",
    "clean/social_post",
    "clean/web_hit",
    "vault/identifier",
    "vault/post_text",
    "identity/edge",
    "identity/map",
    "identity/merge_event",
    "features/label",
}
FACTS = (
    "facts/basket_item",
    "facts/contact_day",
    "facts/order_day",
    "facts/product_view",
    "facts/refund",
    "facts/session",
    "facts/social_day",
    "facts/web_day",
)
DAY_ASSETS.update(FACTS)


MODELS = "weekly models"
APPLIED = "segments, scores, offers"
MEMBERSHIP = {"segments/membership", "scores/prediction", "recommendations/recommendation"}
RULES = ("rules/fit", "rules/itemset", "rules/rule")
PROFILES = {
    "profiles/customer_profile",
    "profiles/customer_tag",
    "profiles/persona",
    "profiles/persona_need",
    "segments/transition",
}


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(f"2025-{text}")


def shape(units: list[Unit]) -> list[tuple[str, str, str]]:
    """Title, first and last; what is one job and another is told by the title."""
    assert {unit.job for unit in units if unit.title == MODELS} <= {"weekly_training"}
    assert {unit.job for unit in units if unit.title != MODELS} <= {"nightly"}
    return [(unit.title, unit.first.removeprefix("2025-"), unit.last.removeprefix("2025-")) for unit in units]


def kept(units: list[Unit], title: str) -> str:
    """The days whose snapshots the runs with `title` compute."""
    return " ".join(each.removeprefix("2025-") for unit in units if unit.title == title for each in unit.kept)


def test_one_day_is_one_whole_night(project: Settings) -> None:
    assert plan(project, day("01-07"), day("01-07")) == [
        Unit("night of 2025-01-07", "nightly", (), "2025-01-07", "2025-01-07")
    ]


def test_a_sunday_is_followed_by_its_training(project: Settings) -> None:
    """The weekly partition is keyed by its Monday."""
    units = plan(project, day("01-12"), day("01-12"))
    assert shape(units) == [("night of 2025-01-12", "01-12", "01-12"), (MODELS, "01-06", "01-06")]
    assert [unit.assets for unit in units] == [(), ()], "all of the job's assets"


def test_three_days_are_the_three_phases_and_a_night(project: Settings) -> None:
    units = plan(project, day("01-06"), day("01-08"))
    assert shape(units) == [
        (TO_FACTS, "01-06", "01-07"),
        ("features", "01-06", "01-07"),
        (APPLIED, "01-06", "01-07"),
        ("profiles", "01-06", "01-07"),
        ("night of 2025-01-08", "01-08", "01-08"),
    ]
    assert [set(unit.assets) for unit in units] == [
        DAY_ASSETS,
        {"features/customer", "features/statistic"},
        MEMBERSHIP,
        PROFILES,
        set(),
    ]


def test_forty_days(project: Settings) -> None:
    """Facts in runs of 31 days; snapshots of Sundays and of the days after 02-07; models before their use."""
    units = plan(project, day("01-06"), day("02-14"))
    assert shape(units) == [
        (TO_FACTS, "01-06", "02-05"),
        (TO_FACTS, "02-06", "02-13"),
        ("features", "01-12", "02-13"),
        (MODELS, "01-06", "02-03"),
        (APPLIED, "01-12", "02-13"),
        ("profiles", "01-12", "02-13"),
        ("night of 2025-02-14", "02-14", "02-14"),
    ]
    snapshots = "01-12 01-19 01-26 02-02 02-08 02-09 02-10 02-11 02-12 02-13"
    assert [kept(units, title) for title in ("features", APPLIED, "profiles")] == [snapshots] * 3


def test_forty_days_with_daily_snapshots(project: Settings) -> None:
    units = plan(project, day("01-06"), day("02-14"), snapshots="daily")
    assert shape(units) == [
        (TO_FACTS, "01-06", "02-05"),
        (TO_FACTS, "02-06", "02-13"),
        ("features", "01-06", "02-13"),
        (MODELS, "01-06", "02-03"),
        (APPLIED, "01-06", "02-13"),
        ("profiles", "01-06", "02-13"),
        ("night of 2025-02-14", "02-14", "02-14"),
    ]
    assert len(kept(units, "features").split()) == 39


def test_a_range_that_ends_on_a_sunday_trains_it_last(project: Settings) -> None:
    """The week of the last day is trained after its night, as a nightly run would."""
    assert shape(plan(project, day("01-12"), day("01-19"))) == [
        (TO_FACTS, "01-12", "01-18"),
        ("features", "01-12", "01-18"),
        (MODELS, "01-06", "01-06"),
        (APPLIED, "01-12", "01-18"),
        ("profiles", "01-12", "01-18"),
        ("night of 2025-01-19", "01-19", "01-19"),
        (MODELS, "01-13", "01-13"),
    ]


def test_a_long_range_is_cut_finer(project: Settings) -> None:
    """From eight Sundays on. Units that write the same table never run at the same time."""
    units = plan(project, day("01-06"), day("03-16"))
    weekly = ["weekly segments", "weekly scores", "weekly recommendations", "weekly rules"]
    daily = ["daily segments", "daily scores", "daily recommendations", "profiles"]
    assert [unit.title for unit in units] == [
        *["files", "facts", "features"] * 2, *weekly * 2, *daily * 2, "publication", MODELS,
    ]  # fmt: skip
    assert kept(units, "features") == kept(units, "profiles")
    assert all(place < at for at, unit in enumerate(units) for place in unit.after)
    needed = [set(unit.after) for unit in units]
    assert needed[0] == needed[-1] == needed[-2] == set(), "alone, and after everything"
    assert set(units[-2].assets) == {"warehouse/publication", "reporting/persona_report"}
    assert needed[3] == {0}, "files of the second month need those of the first"
    assert needed[4] == {1, 3}
    assert needed[6] == {1, 2}, "models of the first weeks do not wait for the files of later ones"
    assert needed[10] == {4, 5, 6}
    assert needed[14] == {2, 6}, "segments of a day are those of its week"
    assert needed[17] == {9, 14, 15, 16}, "personas of a day need the rules of its week"
    ahead: list[set[int]] = []
    for own in needed:
        ahead.append(own.union(*(ahead[place] for place in own)))
    for at, unit in enumerate(units[:-2]):
        for other in range(at):
            if set(units[other].assets) & set(unit.assets):
                assert other in ahead[at], (units[other], unit)


def test_every_day_is_run_once(project: Settings) -> None:
    """Whatever the window: facts of each day once, each week that ended trained once."""
    for length in (1, 2, 7, 31, 32, 33, 100, 240):
        last = day("01-06") + dt.timedelta(days=length - 1)
        units = plan(project, day("01-06"), last)
        for asset in ("clean/order_line", "facts/order_day"):
            days = [
                each
                for unit in units
                if asset in unit.assets or (unit.job == "nightly" and not unit.assets)
                for each in span(unit)
            ]
            assert days == [day("01-06") + dt.timedelta(days=n) for n in range(length)]
        fits = [
            unit
            for unit in units
            if unit.job == "weekly_training" and (not unit.assets or "rules/rule" in unit.assets)
        ]
        trained = [monday for unit in fits for monday in span(unit) if monday.weekday() == 0]
        assert trained == [
            monday for monday in (day("01-06") + dt.timedelta(weeks=n) for n in range(length // 7))
        ]


def span(unit: Unit) -> list[dt.date]:
    begin, end = dt.date.fromisoformat(unit.first), dt.date.fromisoformat(unit.last)
    return [begin + dt.timedelta(days=n) for n in range((end - begin).days + 1)]


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        (["rules/rule"], [("weekly models", RULES), ("weekly models", RULES)]),
        (["features/label"], [(TO_FACTS, ("features/label",)), ("night of 2025-01-19", ("features/label",))]),
        (
            ["warehouse/publication", "facts/order_day"],
            [
                (TO_FACTS, FACTS),
                ("night of 2025-01-19", (*FACTS, "warehouse/publication")),
            ],
        ),
        ([], []),
    ],
)
def test_selected(project: Settings, select: list[str], expected: list[tuple[str, tuple[str, ...]]]) -> None:
    """Runs without a selected asset are dropped; the others keep theirs and what the same steps write."""
    units = selected(plan(project, day("01-06"), day("01-19")), project, select)
    assert [(unit.title, unit.assets) for unit in units] == expected
