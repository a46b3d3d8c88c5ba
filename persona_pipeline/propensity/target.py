"""What is predicted, for whom and over which horizon.

Here: plain frozen descriptions of targets. Not here: how labels are computed (features) and settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from persona_pipeline.contracts import Purpose, Table
from persona_pipeline.contracts.purpose import NUMBERS


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A condition of eligibility: a feature of as_of is at least `minimum` (a missing value is not)."""

    column: str
    minimum: float


@dataclass(frozen=True, slots=True)
class Target:
    """One target.

    Attributes:
        profile_columns: text columns (age_band, gender, ...) it may use, none by default.
        baseline: columns of the baselines; the first alone is the simple rule.
        baseline_names: what the simple rule and the logistic regression on all of `baseline` are called.
    """

    name: str
    horizon_days: int
    eligible: tuple[AtLeast, ...]
    minimum_positives: int = 100
    isotonic_positives: int = 1_000
    maximum_age_weeks: int = 13
    maximum_blocks: int = 12
    profile_columns: tuple[str, ...] = ()
    baseline: tuple[str, ...] = ("recency_days", "orders_365d", "sales_365d")
    baseline_names: tuple[str, str] = ("recency", "rfm_logistic")

    def __post_init__(self) -> None:
        if self.horizon_days < 1:
            raise ValueError(f"{self.name}: horizon_days must be at least 1; got {self.horizon_days}")


# the cohorts of the labels, stated in feature columns: bought within a year; bought twice ever and once in
# half a year; everybody, for who will be contacted is not known at as_of (the label is of those who were)
COHORTS: dict[str, tuple[AtLeast, ...]] = {
    "order": (AtLeast("orders_365d", 1),),
    "no_order": (AtLeast("orders_ever", 2), AtLeast("orders_180d", 1)),
    "response": (),
}
# what a contact has to go by without a model: the past rate, then how often and how long ago
RESPONSE_BASELINE = ("response_share_365d", "responses_365d", "contacts_365d", "last_response_days")


def standard_target(
    name: str,
    event: str,
    horizon_days: int,
    minimum_positives: int = 100,
    profile_columns: Sequence[str] = (),
) -> Target:
    """The target of `event` ("order", "no_order" or "response") with the cohort of its label.

    Raises:
        ValueError: no cohort is known for the event.
    """
    if event not in COHORTS:
        raise ValueError(
            f"target {name!r}: no cohort for event {event!r}; known events: {', '.join(sorted(COHORTS))}"
        )
    target = Target(
        name, horizon_days, COHORTS[event], minimum_positives, profile_columns=tuple(profile_columns)
    )
    if event == "response":
        names = ("past_response", "contact_logistic")
        return replace(target, baseline=RESPONSE_BASELINE, baseline_names=names)
    return target


def model_columns(features: Table, target: Target) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Numeric and text columns that a model of the target may use, in the order of the contract.

    Features whose purpose does not include scoring are left out.

    Raises:
        ValueError: a column that the target names is not a column of the features, not of a fitting type, or
            may not be used for scoring.
    """
    usable = [column for column in features.columns if column.allows(Purpose.SCORING)]
    numeric = tuple(column.name for column in usable if column.type in NUMBERS)
    known = {column.name for column in usable}
    named = [*(c.column for c in target.eligible), *target.profile_columns, *target.baseline]
    missing = sorted({*named} - known | {*target.baseline} - {*numeric})
    if missing:
        raise ValueError(
            f"{target.name} needs columns that {features.full_name} lacks, has as text or may not use for "
            f"scoring: {', '.join(missing)}"
        )
    text = tuple(name for name in target.profile_columns if name not in numeric)
    return numeric, text
