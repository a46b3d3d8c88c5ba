"""Who belongs to a segment, in the words of a small decision tree over unscaled features.

Here: the rules, how well they tell, and their text. Not here: the segments; nobody is placed by a rule.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier

from persona_pipeline.contracts.amounts import amount_text
from persona_pipeline.contracts.titles import Descriptions, feature_kind, feature_title
from persona_pipeline.segmentation.clustering import Labels, Matrix

# a rule of more than three conditions is not remembered
DEPTH = 3
SMALLEST_LEAF = 0.005
# a second or third rule must find more of the segment than it lets others in
RULES = 3
DIGITS = 3
NO_CHILD = -1

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Condition:
    """A feature above `lower`, up to and with `upper`; `unknown` where a missing value satisfies it too."""

    feature: str
    lower: float | None = None
    upper: float | None = None
    unknown: bool = False
    whole: bool = False  # the feature counts something

    def holds(self, values: Matrix) -> Mask:
        """Whether it holds for each value of the feature."""
        known = np.ones(len(values), dtype=bool)
        if self.lower is not None:
            known &= values > self.lower
        if self.upper is not None:
            known &= values <= self.upper
        missing = np.isnan(values)
        return np.where(missing, self.unknown, known)

    def text(self, language: str, currency: str, described: Descriptions) -> str:
        """The condition in words."""
        low, high = _limits(self)
        numbers = {
            "low": None if low is None else _number(self.feature, low, currency, described),
            "high": None if high is None else _number(self.feature, high, currency, described),
        }
        kind = "between" if low is not None and high is not None else "low" if high is None else "high"
        if kind == "low" and self.whole:
            kind = "least"
        if kind == "between" and low == high:
            kind = "exactly"
        title = feature_title(self.feature, language, described)
        said = _WORDS[language][kind].format(title, **numbers)
        return said + (_WORDS[language]["unknown"] if self.unknown else "")

    def sql(self) -> str:
        """The condition over a column of the feature's name."""
        column = self.feature if self.feature.isidentifier() else '"' + self.feature.replace('"', '""') + '"'
        parts = [f"{column} > {self.lower:.12g}"] if self.lower is not None else []
        parts += [f"{column} <= {self.upper:.12g}"] if self.upper is not None else []
        said = " AND ".join(parts)
        return f"({said} OR {column} IS NULL)" if self.unknown else said


@dataclass(frozen=True, slots=True)
class Rule:
    """Conditions that all hold, how many satisfy them, and how well they tell the segment from the others.

    `precision` and `recall` are of rows the tree was not fitted on; None where none of these is concerned.
    """

    conditions: tuple[Condition, ...]
    customers: int
    precision: float | None
    recall: float | None

    def text(self, language: str, currency: str, described: Descriptions) -> str:
        """The rule in words."""
        if not self.conditions:
            return _WORDS[language]["everybody"]
        said = _WORDS[language]["and"].join(
            one.text(language, currency, described) for one in self.conditions
        )
        return said[:1].upper() + said[1:]

    def sql(self) -> str:
        """The rule as a condition of SQL."""
        return " AND ".join(one.sql() for one in self.conditions) or "TRUE"


_WORDS = {
    "en": {
        "everybody": "Nothing sets it apart: everybody",
        "and": " and ",
        "low": "{0} above {low}",
        "least": "{0} {low} or more",
        "high": "{0} at most {high}",
        "between": "{0} from {low} to {high}",
        "exactly": "{0} exactly {low}",
        "unknown": " (or unknown)",
    },
    "zh": {
        "everybody": "无可区分：所有客户",
        "and": "，且",
        "low": "{0}高于 {low}",
        "least": "{0}不少于 {low}",
        "high": "{0}不超过 {high}",
        "between": "{0}在 {low} 至 {high} 之间",
        "exactly": "{0}为 {low}",
        "unknown": "（或未知）",
    },
}


def segment_rules(values: Matrix, labels: Labels, names: Sequence[str], seed: int) -> list[list[Rule]]:
    """Rules for each segment, the one that describes it best first; every segment has one at least.

    One tree per segment against everybody else, on every other row; a leaf is a rule. Figures are of the
    rounded rule as it is said, on the rows between.

    Args:
        values: customers x features, unscaled, NaN where unknown.
        labels: segment of each customer, -1 for none.
        names: of the features.
        seed: breaks ties between splits.

    Source: Breiman et al. 1984, "Classification and regression trees".
    """
    whole = [bool(np.all(np.isnan(column) | (column == np.round(column)))) for column in values.T]
    gaps = np.asarray(np.isnan(values).any(axis=0))
    return [
        _rules_of(values, labels == segment, names, whole, gaps, seed) for segment in range(labels.max() + 1)
    ]


def _rules_of(
    values: Matrix, member: Mask, names: Sequence[str], whole: Sequence[bool], gaps: Mask, seed: int
) -> list[Rule]:
    learned, judged = slice(0, None, 2), slice(1, None, 2)
    if not member[learned].any():  # of a segment of one or two; better its own rows than no rule
        learned = slice(0, None)
    least = max(round(SMALLEST_LEAF * len(member)), 2)
    tree = DecisionTreeClassifier(
        max_depth=DEPTH, min_samples_leaf=least, class_weight="balanced", random_state=seed
    ).fit(values[learned], member[learned])
    leaves = [_conditions(path, names, whole) for path in _paths(tree, gaps)]
    held = [_holds(conditions, values, names) for conditions in leaves]
    chosen: list[int] = []
    best, covered = 0.0, np.zeros(len(member), dtype=bool)
    while len(chosen) < RULES:
        scores = [_f1((covered | mask)[learned], member[learned]) for mask in held]
        leaf = int(np.argmax(scores))
        if chosen and scores[leaf] <= best:
            break
        chosen.append(leaf)
        best, covered = scores[leaf], covered | held[leaf]
    return [_judged(leaves[leaf], held[leaf], member, judged) for leaf in chosen]


def _judged(conditions: tuple[Condition, ...], mask: Mask, member: Mask, judged: slice) -> Rule:
    both, said, own = (int(each[judged].sum()) for each in (mask & member, mask, member))
    return Rule(conditions, int(mask.sum()), both / said if said else None, both / own if own else None)


def _f1(said: Mask, member: Mask) -> float:
    total = int(said.sum()) + int(member.sum())
    return 2 * int((said & member).sum()) / total if total else 0.0


def _holds(conditions: tuple[Condition, ...], values: Matrix, names: Sequence[str]) -> Mask:
    mask = np.ones(len(values), dtype=bool)
    for one in conditions:
        mask &= one.holds(values[:, names.index(one.feature)])
    return mask


@dataclass(frozen=True, slots=True)
class _Step:
    """One turn on the way to a leaf."""

    column: int
    threshold: float
    above: bool
    unknown: bool


def _paths(tree: DecisionTreeClassifier, gaps: Mask) -> list[tuple[_Step, ...]]:
    """The way to each leaf; one empty way when nothing tells the segment apart."""
    nodes = tree.tree_
    found: list[tuple[_Step, ...]] = []
    ahead: list[tuple[int, tuple[_Step, ...]]] = [(0, ())]
    while ahead:
        node, way = ahead.pop()
        if nodes.children_left[node] == NO_CHILD:
            found.append(way)
            continue
        column, threshold = int(nodes.feature[node]), float(nodes.threshold[node])
        to_left = bool(nodes.missing_go_to_left[node])
        for child, above in ((nodes.children_left[node], False), (nodes.children_right[node], True)):
            unknown = bool(gaps[column]) and to_left != above
            ahead.append((int(child), (*way, _Step(column, threshold, above, unknown))))
    return found


def _conditions(way: Sequence[_Step], names: Sequence[str], whole: Sequence[bool]) -> tuple[Condition, ...]:
    """The turns on one feature as one condition, in the order in which features first decide."""
    found: dict[int, Condition] = {}
    for step in way:
        first = step.column not in found
        one = found.get(step.column, Condition(names[step.column], whole=whole[step.column]))
        limit = _rounded(step.threshold, whole[step.column])
        if step.above:
            one = replace(one, lower=limit if one.lower is None else max(one.lower, limit))
        else:
            one = replace(one, upper=limit if one.upper is None else min(one.upper, limit))
        found[step.column] = replace(one, unknown=step.unknown and (first or one.unknown))
    return tuple(found.values())


def _rounded(threshold: float, whole: bool) -> float:
    return float(math.floor(threshold)) if whole else float(f"{threshold:.{DIGITS}g}")


def _limits(condition: Condition) -> tuple[float | None, float | None]:
    """As they are said: of counts the lowest and the highest that satisfy it."""
    low = condition.lower
    return (low + 1 if low is not None and condition.whole else low), condition.upper


def _number(feature: str, value: float, currency: str, described: Descriptions) -> str:
    kind = feature_kind(feature, described)
    if kind == "money":
        return amount_text(value, currency)
    if kind == "share":
        return f"{100 * value:.{DIGITS}g} %"
    return f"{value:,.0f}" if value == round(value) else f"{value:,.{DIGITS}g}"
