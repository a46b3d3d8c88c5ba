"""The ledger that a correct reader must arrive at, written down while the files are written.

Here: one account per raw file, and their sums. Not here: how dirt is made (dirt.py).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field

OUTCOMES = ("clean", "rejected", "duplicate", "filtered")


@dataclass(slots=True)
class FileAccount:
    """What a correct reader finds in one file; `reasons` counts (outcome, reason), `noted` is beside."""

    source: str
    path: str  # relative to the project folder
    day: dt.date
    status: str = "loaded"
    reason: str | None = None
    records_in: int = 0
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)

    def total(self, outcome: str) -> int:
        """Records of an outcome over all reasons."""
        return sum(count for (name, _), count in self.reasons.items() if name == outcome)

    def as_json(self) -> dict[str, object]:
        """Plain values; the equation records_in = clean + rejected + duplicate + filtered is checked here."""
        left = {reason: self._of("rejected")[reason] for reason in sorted(self._of("rejected"))}
        again = {reason: self._of("duplicate")[reason] for reason in sorted(self._of("duplicate"))}
        out = {reason: self._of("filtered")[reason] for reason in sorted(self._of("filtered"))}
        clean = self.records_in - sum(sum(counts.values()) for counts in (left, again, out))
        if clean < 0:
            raise ValueError(f"{self.path}: {self.records_in} records cannot hold {left}, {again} and {out}")
        return {
            "source": self.source,
            "path": self.path,
            "day": self.day.isoformat(),
            "status": self.status,
            "reason": self.reason,
            "records_in": self.records_in,
            "clean": clean,
            "rejected": sum(left.values()),
            "duplicate": sum(again.values()),
            "filtered": sum(out.values()),
            "rejected_reasons": left,
            "duplicate_reasons": again,
            "filtered_reasons": out,
            "noted": {reason: self.noted[reason] for reason in sorted(self.noted)},
        }

    def _of(self, outcome: str) -> dict[str, int]:
        return {reason: count for (name, reason), count in self.reasons.items() if name == outcome}


def summarise(accounts: list[FileAccount]) -> dict[str, object]:
    """Counts per source and reason over all files, and every file's own account."""
    sources: dict[str, dict[str, Counter[str]]] = {}
    totals: dict[str, Counter[str]] = {}
    for account in accounts:
        plain = account.as_json()
        by_outcome = sources.setdefault(
            account.source,
            {name: Counter() for name in ("rejected", "duplicate", "filtered", "rejected_file", "noted")},
        )
        for (outcome, reason), count in account.reasons.items():
            by_outcome[outcome][reason] += count
        if account.status == "rejected_file" and account.reason is not None:
            by_outcome["rejected_file"][account.reason] += 1
        by_outcome["noted"].update(account.noted)
        total = totals.setdefault(account.source, Counter())
        total["files"] += 1
        for name in ("records_in", *OUTCOMES):
            total[name] += int(str(plain[name]))
    return {
        "sources": {
            source: {outcome: dict(sorted(counts.items())) for outcome, counts in sorted(outcomes.items())}
            for source, outcomes in sorted(sources.items())
        },
        "totals": {source: dict(sorted(total.items())) for source, total in sorted(totals.items())},
        "files": [account.as_json() for account in accounts],
    }
