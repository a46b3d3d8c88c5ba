"""When a day is unusual enough to hold a publication: literal histories, and what holds for all of them."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_pipeline.cleaning.columns_seen import ColumnsSeen, changes
from persona_pipeline.cleaning.gates import ALWAYS, GATES, Known, findings
from persona_pipeline.cleaning.volume import unusual_volume

DAY = dt.date(2025, 3, 3)  # a Monday
FIRST = DAY - dt.timedelta(days=28)


def before(*counts: int) -> dict[dt.date, int]:
    """Records by day, the last of them on the day before; repeated until 28 days are full."""
    filled = (list(counts) * 28)[-28:] if len(counts) < 28 else list(counts)
    return {FIRST + dt.timedelta(days=n): count for n, count in enumerate(filled)}


def weekly(count: int) -> dict[dt.date, int]:
    return {DAY - dt.timedelta(days=7 * n): count for n in range(1, 5)}


@pytest.mark.parametrize(
    ("history", "today", "unusual"),
    [
        pytest.param(before(1000), 1000, False, id="as always"),
        pytest.param(before(1000), 701, False, id="almost a third less"),
        pytest.param(before(1000), 699, True, id="less than 70 %"),
        pytest.param(before(1000), 1301, True, id="more than 130 %"),
        pytest.param(before(1000), 1299, False, id="almost a third more"),
        pytest.param(before(1000), 100, True, id="a tenth"),
        pytest.param(before(1000), 0, True, id="nothing came"),
        pytest.param(before(100), 69, False, id="a third less of a hundred may be chance"),
        pytest.param(before(100), 50, True, id="half of a hundred is not"),
        pytest.param(before(5), 0, False, id="five orders a day: an empty day"),
        pytest.param(before(5), 12, False, id="five orders a day: a good day"),
        pytest.param(before(0), 50, False, id="nothing was usual"),
        pytest.param(before(2000, 100, 100, 100, 100, 100, 100), 2000, False, id="Mondays are large"),
        pytest.param(before(2000, 100, 100, 100, 100, 100, 100), 100, True, id="a Monday like a Tuesday"),
        pytest.param(before(200, 1000, 400, 2600, 700), 150, False, id="no day is like another"),
        pytest.param(weekly(500), 500, False, id="every Monday"),
        pytest.param(weekly(500), 0, True, id="every Monday, but not today"),
        pytest.param({FIRST: 500, DAY - dt.timedelta(days=14): 500}, 0, False, id="every other Monday"),
        pytest.param({DAY - dt.timedelta(days=27): 500}, 500, False, id="once a month"),
        pytest.param(
            {FIRST + dt.timedelta(days=n): 500 for n in range(0, 28, 3)}, 0, False, id="each third day"
        ),
        pytest.param(
            {**before(1000), DAY - dt.timedelta(days=7): 0}, 0, True, id="an outage a week ago, again"
        ),
    ],
)
def test_volume(history: dict[dt.date, int], today: int, unusual: bool) -> None:
    assert (unusual_volume(DAY, {**history, DAY: today}) is not None) == unusual


def test_volume_tells_what_was_expected() -> None:
    assert unusual_volume(DAY, {**before(1000), DAY: 100}) == (700, 1000, 1300)


counts = st.lists(st.integers(0, 3000), min_size=28, max_size=28)


@given(counts, st.integers(0, 6000), st.integers(0, 6000))
def test_further_away_is_not_less_unusual(history: list[int], one: int, other: int) -> None:
    known = before(*history)
    least = unusual_volume(DAY, {**known, DAY: one})
    if least is None:
        return
    _, usual, _ = least
    further = (other < one) if one < usual else (other > one)
    if further:
        assert unusual_volume(DAY, {**known, DAY: other}) is not None


@given(counts, st.integers(0, 6000))
def test_the_order_of_days_and_days_outside_do_not_matter(history: list[int], today: int) -> None:
    known = {**before(*history), DAY: today}
    shuffled = list(known.items())
    random.Random(1).shuffle(shuffled)
    outside = {FIRST - dt.timedelta(days=1): 10**6, DAY + dt.timedelta(days=1): 10**6}
    assert unusual_volume(DAY, {**dict(shuffled), **outside}) == unusual_volume(DAY, known)


@given(counts, st.integers(0, 6000))
def test_within_a_third_of_the_median_is_never_unusual(history: list[int], today: int) -> None:
    found = unusual_volume(DAY, {**before(*history), DAY: today})
    assert found is None or abs(today - found[1]) > 0.3 * found[1]


def file(day: dt.date, records: int, path: str = "", **columns: int) -> ColumnsSeen:
    """A file and the records that fill its columns."""
    return ColumnsSeen(day, path or f"o_{day}.csv", records, columns)


def month(**columns: int) -> list[ColumnsSeen]:
    return [ColumnsSeen(day, f"o_{day}.csv", 100, columns) for day in before(1)]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(file(DAY, 100, a=100, b=60), [], id="the same"),
        pytest.param(file(DAY, 0, a=0, b=0), [], id="a header alone"),
        pytest.param(
            file(DAY, 100, a=100, b=60, c=0), ["o_2025-03-03.csv has other columns (new: c)"], id="new"
        ),
        pytest.param(
            file(DAY, 100, a=100), ["o_2025-03-03.csv has other columns (missing: b)"], id="missing"
        ),
        pytest.param(
            file(DAY, 100, a=100, d=3),
            ["o_2025-03-03.csv has other columns (new: d; missing: b)"],
            id="renamed",
        ),
        pytest.param(file(DAY, 100, a=100, b=0), ["b is empty"], id="empty"),
        pytest.param(file(DAY, 100, a=100, b=1), [], id="almost empty"),
        pytest.param(file(DAY, 10, a=10, b=0), [], id="empty in ten records"),
    ],
)
def test_columns_of_a_header(now: ColumnsSeen, expected: list[str]) -> None:
    assert changes(month(a=100, b=60), [now], structural=True) == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(file(DAY, 100, a=100, b=60), [], id="the same"),
        pytest.param(file(DAY, 100, a=100, b=60, c=1), [], id="one new key by chance"),
        pytest.param(file(DAY, 100, a=100, b=60, c=9), ["c is new"], id="a new key"),
        pytest.param(file(DAY, 100, a=100), ["b is empty"], id="a key is gone"),
    ],
)
def test_keys_of_objects(now: ColumnsSeen, expected: list[str]) -> None:
    assert changes(month(a=100, b=60), [now], structural=False) == expected


def test_a_rarely_filled_column_may_be_empty() -> None:
    """One record in a hundred: an empty day is the rule of two days in five, whatever came before."""
    assert changes(month(a=100, b=1), [file(DAY, 100, a=100, b=0)], structural=True) == []


def test_a_column_that_was_empty_on_a_day_before_may_be_empty_again() -> None:
    history = month(a=100, b=60)
    history[3] = file(history[3].day, 100, a=100, b=0)
    assert changes(history, [file(DAY, 100, a=100, b=0)], structural=True) == []


def test_a_source_that_comes_in_waves_may_bring_other_columns_with_each() -> None:
    """A campaign by SMS after one by e-mail; a column gone from the header is a change all the same."""
    wave = [file(FIRST + dt.timedelta(days=n), 400, a=400, email=400) for n in range(12)]
    by_phone = file(DAY, 400, a=400, email=0)
    assert changes(wave, [by_phone], structural=True, steady=False) == []
    assert changes(wave, [by_phone], structural=True, steady=True) == ["email is empty"]
    gone = ["o_2025-03-03.csv has other columns (missing: email)"]
    assert changes(wave, [file(DAY, 400, a=400)], structural=True, steady=False) == gone
    assert changes(wave, [file(DAY, 400, a=400, z=400)], structural=False, steady=False) == []
    known = replace(QUIET, columns={"orders": [*wave, by_phone]})
    assert gates_of(known) == ["schema_drift"]
    assert gates_of(replace(known, brought={"orders": {each.day: 400 for each in wave}})) == []


def test_two_layouts_that_come_side_by_side() -> None:
    shop = [file(each.day, 50, f"pos_{each.day}.csv", a=50, till=50) for each in month()]
    history = month(a=100, b=60) + shop
    same = [file(DAY, 100, a=100, b=60), file(DAY, 50, f"pos_{DAY}.csv", a=50, till=50)]
    assert changes(history, same, structural=True) == []
    mixed = [file(DAY, 100, a=100, b=60, till=100)]
    assert changes(history, mixed, structural=True) == ["o_2025-03-03.csv has other columns (new: till)"]


def test_nothing_came_before() -> None:
    assert changes([], [file(DAY, 100, a=1)], structural=True) == []


def row(source: str = "orders", records: int = 5000, rejected: int = 0, **given_columns: object) -> dict:
    base = {"source": source, "path": "f", "status": "loaded", "records_in": records, "rejected": rejected}
    rest = {"clean": records - rejected, "duplicate": 0, "filtered": 0, "suppressed": 0}
    return {**base, **rest, **given_columns}


QUIET = Known(
    first={"orders": FIRST},
    brought={"orders": {**before(5000), DAY: 5000}},
    files=(row(),),
    columns={"orders": [*month(a=100), file(DAY, 100, a=100)]},
    columns_since=FIRST,
)


def gates_of(known: Known, day: dt.date = DAY, *, holding: bool = True) -> list[str]:
    found = findings(day, known, headers=["orders"], delivered=["orders"])
    return [each.gate for each in found if each.holds or not holding]


@pytest.mark.parametrize(
    ("known", "gates"),
    [
        pytest.param(QUIET, [], id="quiet"),
        pytest.param(replace(QUIET, files=(row(clean=4999),)), ["ledger_balance"], id="one record is lost"),
        pytest.param(replace(QUIET, repeated={"clean.order_line": 1}), ["duplicate_key"], id="a key twice"),
        pytest.param(replace(QUIET, repeated={"clean.order_line": 0}), [], id="no key twice"),
        pytest.param(replace(QUIET, foreign={"orders": 1}), ["unknown_currency"], id="one record in ZZZ"),
        pytest.param(replace(QUIET, files=(row(rejected=51),)), ["reject_share"], id="51 of 5,000"),
        pytest.param(replace(QUIET, files=(row(rejected=50),)), [], id="50 of 5,000"),
        pytest.param(replace(QUIET, files=(row(records=999, rejected=500),)), [], id="half of 999"),
        pytest.param(
            replace(QUIET, files=(row(rejected=40), row(rejected=61, path="g"))),
            ["reject_share"],
            id="two files",
        ),
        pytest.param(
            replace(QUIET, brought={"orders": {**before(5000), DAY: 500}}), ["volume"], id="a tenth"
        ),
        pytest.param(replace(QUIET, brought={"orders": before(5000)}), ["volume"], id="nothing"),
        pytest.param(
            replace(QUIET, columns={"orders": [*month(a=100), file(DAY, 100, a=100, b=1)]}),
            ["schema_drift"],
            id="a new column",
        ),
    ],
)
def test_one_gate_at_a_time(known: Known, gates: list[str]) -> None:
    assert gates_of(known) == gates


def test_findings_name_source_day_found_and_expected() -> None:
    known = replace(QUIET, brought={"orders": {**before(5000), DAY: 500}})
    [found] = findings(DAY, known, headers=["orders"], delivered=["orders"])
    assert str(found) == (
        "source orders, 2025-03-03: found 500 records, expected 3,500 to 6,500 (the median of four Mondays "
        "is 5,000); look whether files of that day are missing, cut short or came twice"
    )


def test_small_files_with_rejects_are_told_and_hold_nothing() -> None:
    known = replace(
        QUIET, files=(row(records=50, rejected=1), row(status="rejected_file", records=0, path="g"))
    )
    [found] = findings(DAY, known, headers=["orders"], delivered=["orders"])
    assert (found.gate, found.holds) == ("reject_share", False)
    assert found.found == "1 of 50 records rejected and 1 files refused"


def test_history_exports_have_no_volume_and_no_drift() -> None:
    known = replace(
        QUIET, brought={"orders": before(5000)}, columns={"orders": [*month(a=100), file(DAY, 1)]}
    )
    assert [each.gate for each in findings(DAY, known, headers=["orders"], delivered=["orders"])] == [
        "volume",
        "schema_drift",
    ]
    assert findings(DAY, known, headers=["orders"], delivered=[]) == []


WILD = replace(
    QUIET,
    brought={"orders": {**before(5000), DAY: 1}},
    columns={"orders": [*month(a=100), file(DAY, 100, z=1)]},
)


@given(st.integers(0, 27))
def test_never_before_28_days(days: int) -> None:
    """Of the source, whatever others have; a ledger that does not add up holds from the first day."""
    young = {**WILD.first, "orders": DAY - dt.timedelta(days=days), "web": dt.date(2020, 1, 1)}
    assert gates_of(replace(WILD, first=young)) == []
    assert gates_of(replace(WILD, columns_since=DAY - dt.timedelta(days=days))) == ["volume"]
    lost = replace(WILD, first=young, files=(row(clean=1),), repeated={"t": 1}, foreign={"orders": 1})
    assert gates_of(lost) == ["ledger_balance", "duplicate_key", "unknown_currency"]


def test_after_28_days() -> None:
    assert gates_of(WILD) == ["volume", "schema_drift"]
    assert set(ALWAYS) < set(GATES)


@settings(max_examples=50)
@given(counts, st.integers(0, 6000), st.randoms(use_true_random=False))
def test_the_same_ledgers_give_the_same_decision(
    history: list[int], today: int, chance: random.Random
) -> None:
    """Whatever the order of rows, and whatever is kept of days outside the windows."""
    known = replace(
        QUIET,
        brought={"orders": {**before(*history), DAY: today}, "web": before(3)},
        first={"orders": FIRST, "web": FIRST},
        files=(row(rejected=60), row("web", 3), row(path="g")),
        columns={"orders": [*month(a=100, b=50), file(DAY, 100, a=100, b=0), file(DAY, 9, path="z", a=1)]},
    )
    shuffled = {}
    for name, by_day in known.brought.items():
        items = list(by_day.items())
        chance.shuffle(items)
        shuffled[name] = dict(items)
    mixed = replace(
        known,
        brought=dict(list(shuffled.items())[::-1]),
        first=dict(list(known.first.items())[::-1]),
        files=tuple(reversed(known.files)),
        columns={"orders": chance.sample(list(known.columns["orders"]), len(known.columns["orders"]))},
    )
    sources = ["orders", "web"]
    expected = findings(DAY, known, headers=["orders"], delivered=sources)
    assert findings(DAY, mixed, headers=["orders"], delivered=sources[::-1]) == expected
