"""The evidence rules against a plain reference that follows pairs one by one."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_pipeline.identity.components import (
    ACCOUNT,
    CONTACT,
    CRM,
    EMAIL,
    HANDLE,
    KINDS,
    NOBODY,
    PHONE,
    REASONS,
    VISITOR,
    Known,
    Limits,
    resolve,
)

SIZE = 24
Pairs = list[tuple[int, int]]


def connected(size: int, pairs: Pairs) -> list[int]:
    """For each number the smallest one that it is connected with."""
    parent = list(range(size))

    def root(number: int) -> int:
        while parent[number] != number:
            number = parent[number]
        return number

    for one, other in pairs:
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    return [root(number) for number in range(size)]


def judge_holders(known: Known, limits: Limits, pairs: Pairs, reason: list[str]) -> None:
    """Shared and conflicting e-mails, phones and handles."""
    rank = known.rank.tolist()
    person = connected(SIZE, [(a, b) for a, b in pairs if rank[a] <= CRM and rank[b] <= CRM])
    persons: dict[int, set[int]] = defaultdict(set)
    for a, b in pairs:
        if rank[a] <= CRM and rank[b] in (EMAIL, PHONE, HANDLE):
            persons[b].add(person[a])
    for number, held_by in persons.items():
        years = set()
        for each in held_by:
            born = [
                int(known.birth_year[n])
                for n in range(SIZE)
                if person[n] == each and known.birth_year[n] and not reason[n]
            ]
            years |= {min(born)} if born else set()
        if len(held_by) > limits.shared_after:
            reason[number] = "shared"
        elif len(years) > 1:
            reason[number] = "conflict"


def reference(known: Known, limits: Limits) -> tuple[list[int], list[str]]:
    """What `resolve` returns, in plain Python and with names for reasons."""
    rank = known.rank.tolist()
    pairs = list(zip(known.low.tolist(), known.high.tolist(), strict=True))
    reason = ["deny_list" if denied else "" for denied in known.is_denied]
    pairs = [(a, b) for a, b in pairs if not reason[a] and not reason[b]]
    judge_holders(known, limits, pairs, reason)
    for kind in (PHONE, EMAIL, HANDLE, None):
        strong = [(a, b) for a, b in pairs if rank[b] <= HANDLE and not reason[a] and not reason[b]]
        component = connected(SIZE, strong)
        members = [n for n in range(SIZE) if rank[n] <= HANDLE and not reason[n]]
        for number in members:
            size = sum(component[n] == component[number] for n in members)
            if rank[number] == kind and size > limits.largest_cluster:
                reason[number] = "cluster_size"
    anchor = [NOBODY] * SIZE
    for number in members:
        makers = [n for n in members if component[n] == component[number] and rank[n] <= EMAIL]
        if makers:
            anchor[number] = min(makers, key=lambda n: known.seniority[n])
    for kind in (CONTACT, VISITOR):
        for number in range(SIZE):
            if rank[number] != kind or reason[number]:
                continue
            found = {anchor[a] for a, b in pairs if b == number and rank[a] < kind} - {NOBODY}
            if len(found) == 1:
                anchor[number] = found.pop()
            elif found:
                reason[number] = "shared"
    return anchor, reason


@st.composite
def graphs(draw: st.DrawFn) -> Known:
    """A small crowded graph of identifiers of all kinds."""
    rank = np.sort(
        np.array(draw(st.lists(st.integers(0, len(KINDS) - 1), min_size=SIZE, max_size=SIZE)), np.int64)
    )
    number = st.integers(0, SIZE - 1)
    pairs = draw(st.sets(st.tuples(number, number).map(sorted).map(tuple), max_size=40))
    chosen = np.array(sorted(pair for pair in pairs if pair[0] != pair[1]), np.int64).reshape(-1, 2)
    years = draw(st.lists(st.sampled_from([0, 0, 0, 1950, 1980]), min_size=SIZE, max_size=SIZE))
    denied = draw(st.sets(number, max_size=2))
    return Known(
        rank=rank,
        seniority=np.array(draw(st.permutations(range(SIZE))), np.int64),
        is_known=np.ones(SIZE, np.bool_),
        is_denied=np.isin(np.arange(SIZE), sorted(denied)),
        birth_year=np.where(rank <= CRM, np.array(years, np.int64), 0),
        low=chosen[:, 0],
        high=chosen[:, 1],
    )


@settings(max_examples=200, deadline=None)
@given(known=graphs(), shared_after=st.integers(1, 3), largest=st.integers(2, 8))
def test_the_rules_equal_the_reference(known: Known, shared_after: int, largest: int) -> None:
    limits = Limits(shared_after, largest)
    anchor, refused = resolve(known, limits)
    assert (anchor.tolist(), [REASONS[n] for n in refused]) == reference(known, limits)


@settings(max_examples=60, deadline=None)
@given(known=graphs(), order=st.permutations(range(SIZE)))
def test_the_order_of_identifiers_does_not_matter(known: Known, order: list[int]) -> None:
    old = np.array(order)  # new place -> old place
    new = np.argsort(old)
    low, high = new[known.low], new[known.high]
    swapped = known.rank[old][low] > known.rank[old][high]
    moved = Known(
        rank=known.rank[old],
        seniority=known.seniority[old],
        is_known=known.is_known[old],
        is_denied=known.is_denied[old],
        birth_year=known.birth_year[old],
        low=np.where(swapped, high, low),
        high=np.where(swapped, low, high),
    )
    anchor, refused = resolve(known, Limits(2, 6))
    found, why = resolve(moved, Limits(2, 6))
    assert np.where(found == NOBODY, NOBODY, old[found])[new].tolist() == anchor.tolist()
    assert why[new].tolist() == refused.tolist()


def test_strong_pairs_are_transitive() -> None:
    rng = np.random.default_rng(7)
    size = 2_000
    pairs = np.unique(np.sort(rng.integers(0, size, (1_200, 2)), axis=1), axis=0)
    known = Known(
        rank=np.full(size, ACCOUNT),
        seniority=np.arange(size),
        is_known=np.ones(size, np.bool_),
        is_denied=np.zeros(size, np.bool_),
        birth_year=np.zeros(size, np.int64),
        low=pairs[:, 0],
        high=pairs[:, 1],
    )
    anchor, _ = resolve(known, Limits(largest_cluster=size))
    assert anchor.tolist() == connected(size, [(a, b) for a, b in pairs.tolist()])


@pytest.mark.parametrize("limits", [{"shared_after": 0}, {"largest_cluster": 1}])
def test_impossible_limits_are_refused(limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be at least"):
        Limits(**limits)
