"""Where the planted dirt goes: which days are packed, copied, reordered or broken, and with which faults.

Here: the plan of the dirt, from the seed and the sizes of days. Not here: what a fault looks like (junk.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from persona_pipeline.demo.junk import ORDER_REASONS, TOO_LATE_FROM, TOO_OLD_UNTIL
from persona_pipeline.demo.seeds import Stream, generator

PER_REASON = 6  # of each fault, where the days are large enough for one record in a hundred
COPIES = ("_again", "_again", "_again", "_resent", "_resent")
BROKEN = ("gzip_truncated", "gzip_crc", "duplicate_header", "missing_column", "empty")


@dataclass(frozen=True, slots=True)
class DirtPlan:
    """Day numbers by what happens to the file of orders of that day."""

    packed: frozenset[int]
    byte_order_mark: frozenset[int]
    reordered: frozenset[int]
    extra_column: frozenset[int]
    copies: dict[int, str]  # day whose file comes twice → suffix of the copy
    broken: dict[int, str]  # day with an extra file that cannot be read → why
    faults: dict[int, tuple[str, ...]]


def _faults(
    sizes: np.ndarray, candidates: np.ndarray, reasons: Sequence[str], rng: np.random.Generator
) -> dict[int, tuple[str, ...]]:
    """Spreads faults so that no file holds more than one in a hundred, if the shop is large enough."""
    slots = np.repeat(candidates, np.minimum(sizes[candidates] // 100, PER_REASON))
    per_reason = int(np.clip(slots.size // (2 * len(reasons)), 1, PER_REASON))
    faults: dict[int, list[str]] = {}
    free = list(rng.permutation(slots)) if slots.size >= 2 * len(reasons) else []
    # The two reasons that fit only some days choose first.
    for reason in sorted(reasons, key=lambda name: name not in ("too_old", "too_late")):
        for _ in range(per_reason):
            fitting = [day for day in free if _fits(reason, day)]
            if fitting:
                day = int(fitting[0])
                free.remove(fitting[0])
            else:
                possible = [day for day in candidates if _fits(reason, day) and sizes[day] > 0]
                if not possible:
                    break
                # No room left: the day that is largest for what it already holds.
                day = int(max(possible, key=lambda d: (sizes[d] / (1 + len(faults.get(int(d), ()))), -d)))
            faults.setdefault(day, []).append(reason)
    return {day: tuple(reasons) for day, reasons in sorted(faults.items())}


def _fits(reason: str, day: int) -> bool:
    if reason == "too_old":
        return day <= TOO_OLD_UNTIL
    if reason == "too_late":
        return day >= TOO_LATE_FROM
    return True


def plan_dirt(seed: int, sizes: np.ndarray) -> DirtPlan:
    """The plan for days with `sizes` order lines in their main file."""
    return spread_dirt(generator(seed, Stream.DIRT), sizes, reasons=ORDER_REASONS)


def spread_dirt(
    rng: np.random.Generator,
    sizes: np.ndarray,
    *,
    reasons: Sequence[str],
    odd_columns: int = 3,
    broken_kinds: Sequence[str] = BROKEN,
) -> DirtPlan:
    """The plan for days with `sizes` records in their main file.

    Args:
        rng: where the draws come from.
        sizes: records by day.
        reasons: the faults that single records can have.
        odd_columns: days with reordered columns, and as many with one more.
        broken_kinds: the ways in which a whole file can be broken, one file each.
    """
    days = sizes.size
    open_days = rng.permutation(np.flatnonzero(sizes > 0))
    wanted = (1, odd_columns, odd_columns, len(COPIES), len(broken_kinds))
    # A short shop gets fewer special days; junk keeps at least half of them.
    scale = min(1.0, open_days.size / 2 / sum(wanted)) if open_days.size else 0.0
    parts: list[np.ndarray] = []
    taken = 0
    for count in wanted:
        number = int(np.floor(count * scale)) if scale < 1 else count
        parts.append(open_days[taken : taken + number])
        taken += number
    mark, reordered, extra, copied, broken = parts
    copies = {
        int(day): suffix
        for day, suffix in zip(copied, COPIES, strict=False)
        if suffix == "_again" or day + 2 < days
    }
    # Faults stand in files of the plain form only, so that each record has exactly one fault.
    candidates = np.setdiff1d(open_days, np.concatenate([mark, reordered, extra, copied]))
    return DirtPlan(
        packed=frozenset(int(day) for day in np.flatnonzero(rng.random(days) < 1 / 6)),
        byte_order_mark=frozenset(mark.tolist()),
        reordered=frozenset(reordered.tolist()),
        extra_column=frozenset(extra.tolist()),
        copies=copies,
        broken={int(day): kind for day, kind in zip(broken, broken_kinds, strict=False)},
        faults=_faults(sizes, candidates, reasons, rng) if candidates.size else {},
    )
