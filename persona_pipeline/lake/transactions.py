"""The application transactions of a Delta table, all at once.

`DeltaTable.transaction_version` replays the log for each name it is asked for (0.7 ms after eight commits);
a warehouse asks for every day of a dozen tables. Here the log is read once, then what was committed since.
Not here: writing (delta.py). The format is that of the Delta protocol: one JSON file per commit, and
checkpoints in Parquet that sum up all commits before them.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import pyarrow.parquet as pq


class TransactionLog:
    """What the log of one table says, kept from one question to the next."""

    def __init__(self, table: Path) -> None:
        self._log = table / "_delta_log"
        self._known: tuple[int, Mapping[str, int]] = (
            -1,
            {},
        )  # one value, so that threads never see half of it

    def at(self, version: int) -> Mapping[str, int]:
        """Transaction version by application id, as of a version of the table.

        Raises:
            FileNotFoundError: a commit is gone from the log, and no checkpoint stands for it.
        """
        known, before = self._known if self._known[0] <= version else (-1, {})
        found = dict(before)
        if known < version and (known < 0 or not self._commit(known + 1).exists()):
            known, found = self._checkpoint(version) or (known, found)
        for number in range(known + 1, version + 1):
            with self._commit(number).open(encoding="utf-8") as lines:
                actions = [json.loads(line) for line in lines if '"txn"' in line]
            found |= {each["txn"]["appId"]: each["txn"]["version"] for each in actions if "txn" in each}
        if version > self._known[0]:
            self._known = (version, found)
        return found

    def _commit(self, version: int) -> Path:
        return self._log / f"{version:020}.json"

    def _checkpoint(self, version: int) -> tuple[int, dict[str, int]] | None:
        """The newest checkpoint that is not newer than `version`."""
        written = {int(file.name.split(".")[0]): file for file in self._log.glob("*.checkpoint.parquet")}
        newest = max((number for number in written if number <= version), default=None)
        if newest is None:
            return None
        rows = pq.read_table(written[newest], columns=["txn"]).column("txn").to_pylist()
        return newest, {row["appId"]: row["version"] for row in rows if row}
