"""Reads the planted truth of a demo project: for `persona verify` and tests, never for the pipeline.

Here: loaders and figures that need the truth alone. Not here: comparison with what the pipeline found.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth folder in memory.

    Attributes:
        customers: per customer: `account_id`, `persona`, `arrived_on`, `faded_on`, `left_on`, effects.
        identifiers: whose identifier is whose, in clear: `person`, `id_kind`, `value`, `valid_from`,
            `is_shared`, `is_linkable` (some record shows it with another identifier of the person).
        contacts: one row per campaign and person of its audience: `is_contacted`, `effect` on log intensity,
            state on that day, true probabilities and what happened; no `account_id` for subscribers.
        probability: one row per eligible customer, Sunday and target: `account_id`, `as_of`, `target`,
            `probability`, `outcome` (missing while the horizon is not over).
        rules: planted `rules` and `non_rules` with realised support, confidence and lift.
        campaigns: plan and true effect by persona.
        parameters: sizes, seed, personas, constants.
        ceiling: what any model could reach; None until `persona generate --ceiling` has run.
    """

    directory: Path
    customers: pd.DataFrame
    identifiers: pd.DataFrame
    contacts: pd.DataFrame
    probability: pd.DataFrame
    rules: dict[str, Any]
    campaigns: list[dict[str, Any]]
    parameters: dict[str, Any]
    ceiling: dict[str, Any] | None


def _json(directory: Path, name: str) -> Any:
    return json.loads((directory / "truth" / f"{name}.json").read_text(encoding="utf-8"))


def load_truth(directory: Path) -> Truth:
    """The truth of the project folder `directory`.

    Raises:
        FileNotFoundError: the folder holds no truth, so it is no demo project.
    """
    folder = directory / "truth"
    if not (folder / "parameters.json").exists():
        raise FileNotFoundError(
            f"expected {folder}/parameters.json; only projects made by `persona generate` have a truth"
        )
    return Truth(
        directory=directory,
        customers=pd.read_parquet(folder / "customers.parquet"),
        identifiers=pd.concat(
            [pd.read_parquet(folder / f"{name}.parquet") for name in ("who_is_who", "who_is_who_web")],
            ignore_index=True,
        ),
        contacts=pd.read_parquet(folder / "contacts.parquet"),
        probability=pd.read_parquet(folder / "probability.parquet"),
        rules=_json(directory, "rules"),
        campaigns=_json(directory, "campaigns"),
        parameters=_json(directory, "parameters"),
        ceiling=_json(directory, "ceiling") if (folder / "ceiling.json").exists() else None,
    )


def expected_ledger(directory: Path) -> pd.DataFrame:
    """What a correct reader counts: one row per source, path, outcome and reason with `records`.

    Outcomes: `records_in`, `clean`, `rejected`, `duplicate`, `filtered`, `noted`; the first
    two have no reason. A file to be rejected whole has a row with outcome `rejected_file`, its reason, and
    one record.
    """
    rows: list[tuple[str, str, str, str, str, str, int]] = []
    for file in _json(directory, "dirt")["files"]:
        head = (file["source"], file["path"], file["day"], file["status"])
        rows += [(*head, outcome, "", file[outcome]) for outcome in ("records_in", "clean")]
        for outcome in ("rejected", "duplicate", "filtered"):
            rows += [(*head, outcome, reason, count) for reason, count in file[f"{outcome}_reasons"].items()]
        rows += [(*head, "noted", reason, count) for reason, count in file["noted"].items()]
        if file["status"] == "rejected_file":
            rows.append((*head, "rejected_file", file["reason"], 1))
    frame = pd.DataFrame(rows, columns=["source", "path", "day", "status", "outcome", "reason", "records"])
    frame["day"] = pd.to_datetime(frame["day"]).dt.date
    return frame.loc[frame["records"] > 0].reset_index(drop=True)


def oracle_auc(truth: Truth, target: str, as_of: object = None) -> float:
    """AUC of the true probability against what happened: over all complete Sundays, or one of them.

    Raises:
        ValueError: no Sunday is complete, or only one outcome occurs.
    """
    from sklearn.metrics import roc_auc_score  # a second that the generator does not need

    frame = truth.probability
    wanted = (frame["target"] == target) & frame["outcome"].notna()
    if as_of is not None:
        wanted &= frame["as_of"] == as_of
    rows = frame.loc[wanted]
    outcome = np.asarray(rows["outcome"], dtype=bool)
    if len(set(outcome.tolist())) < 2:
        raise ValueError(
            f"{target}: {len(rows)} rows with a known outcome, all alike; an AUC needs both outcomes"
        )
    return float(roc_auc_score(outcome, np.asarray(rows["probability"])))
