"""The map does not depend on how days are cut into runs, on the order of rows, or on what comes later."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from persona_pipeline.contracts.identity import MERGE_EVENT
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline_tests.identity.traces import Traces, groups, lake_in, options, run, written

DAYS = 4
CHOSEN = options(denied=["phone:0"], shared_after=2, largest_cluster=6)
Step = tuple[str, int, str, str]

_strong = st.sampled_from(
    [f"{kind}:{value}" for kind in ("account", "crm", "email", "phone", "handle") for value in "012"]
)
_any = st.one_of(_strong, st.sampled_from(["visitor:0", "visitor:1", "contact:0", "contact:1", "contact:2"]))


def steps(days: int) -> st.SearchStrategy[list[Step]]:
    """What happens on which day: pairs, orders, records, confirmations, contacts."""
    when = st.integers(0, days - 1)
    record = st.sampled_from(["crm:0", "crm:1", "crm:2", "account:0"])
    buyer = st.sampled_from(["account:0", "account:1", "email:0"])
    return st.lists(
        st.one_of(
            st.tuples(st.just("link"), when, _any, _any),
            st.tuples(st.just("order"), when, buyer, st.just("")),
            st.tuples(st.just("record"), when, record, st.sampled_from(["1950", "1980", ""])),
            st.tuples(st.just("confirmation"), when, st.sampled_from(["0", "1", "3"]), st.just("")),
            st.tuples(st.just("contact"), when, st.sampled_from(["0", "1", "2"]), _strong),
        ),
        min_size=4,
        max_size=24,
        unique_by=lambda step: step[:3] if step[0] == "record" else step,
    )


def traces_of(happened: list[Step]) -> Traces:
    traces = Traces()
    for what, known, one, other in happened:
        if what == "link":
            traces.link(known, one, other, "click" if "visitor:" in one + other else "crm")
        elif what == "order":
            traces.order(known, one, f"of {one}")
        elif what == "record":
            traces.record(known, one, int(other) if other else None)
        elif what == "confirmation":
            traces.confirmation(known, one, f"of account:{known % 2}")
        else:
            traces.contact(known, one, other)
    return traces


@settings(max_examples=5, deadline=None)
@given(happened=steps(DAYS), cut=st.integers(1, DAYS - 1), data=st.data())
def test_runs_and_order_of_arrival_do_not_matter(happened: list[Step], cut: int, data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(happened))
    with tempfile.TemporaryDirectory() as folder, DuckDBEngine(Path(folder)) as engine:
        whole = lake_in(Path(folder) / "whole", engine, traces_of(happened))
        run(whole, 0, DAYS - 1, CHOSEN)
        expected = written(whole)
        days = lake_in(Path(folder) / "days", engine, traces_of(shuffled))
        for number in range(DAYS):
            run(days, number, number, CHOSEN)
        assert written(days) == expected
        run(days, cut, DAYS - 1, CHOSEN)  # again, when all is known
        run(days, 0, cut - 1, CHOSEN)
        assert written(days) == expected
        early = lake_in(Path(folder) / "early", engine, traces_of([s for s in happened if s[1] < cut]))
        run(early, 0, cut - 1, CHOSEN)
        assert [groups(early, n) for n in range(cut)] == [groups(whole, n) for n in range(cut)]


@settings(max_examples=4, deadline=None)
@given(logins=st.lists(st.tuples(st.integers(0, DAYS - 1), st.integers(0, 5)), min_size=2, max_size=12))
def test_a_shared_device_never_merges(logins: list[tuple[int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder, DuckDBEngine(Path(folder)) as engine:
        traces = Traces()
        for known, account in logins:
            traces.link(known, "visitor:v", f"account:{account}", "login")
        lake = lake_in(Path(folder), engine, traces)
        run(lake, 0, DAYS - 1)
        accounts = {account for _, account in logins}
        assert len(groups(lake, DAYS - 1)) == len(accounts)
        assert {row["event"] for row in lake.rows(MERGE_EVENT)} <= {"split", "refused"}
