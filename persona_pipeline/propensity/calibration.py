"""From a score to a probability that means what it says.

Here: sigmoid and isotonic calibration on held-out customers. Not here: how well it did (metrics.py).
"""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.isotonic import isotonic_regression

EDGE = 1e-6
FOLDS = 5


def logit(probability: np.ndarray) -> np.ndarray:
    """Log odds in float64; probabilities are kept `EDGE` away from 0 and 1."""
    inside = np.clip(probability.astype(np.float64), EDGE, 1 - EDGE)
    return np.log(inside) - np.log1p(-inside)


def expit(log_odds: np.ndarray) -> np.ndarray:
    """Probability of log odds."""
    return 1.0 / (1.0 + np.exp(-log_odds))


def logistic_line(x: np.ndarray, y: np.ndarray, steps: int = 50) -> tuple[float, float]:
    """Slope and intercept of the maximum-likelihood line of log odds on x, by Newton's method.

    `y` may be any number in [0, 1]. A constant x gives slope 0.
    """
    mean, spread = float(x.mean()), float(x.std())
    rate = float(np.clip(y.mean(), EDGE, 1 - EDGE))
    if spread < EDGE:
        return 0.0, float(np.log(rate / (1 - rate)))
    z = (x - mean) / spread
    slope, intercept = 0.0, float(np.log(rate / (1 - rate)))
    for _ in range(steps):
        p = expit(slope * z + intercept)
        residual, weight = y - p, p * (1 - p) + 1e-12
        gradient = np.array([(residual * z).sum(), residual.sum()])
        cross = (weight * z).sum()
        hessian = np.array([[(weight * z * z).sum(), cross], [cross, weight.sum()]])
        move = np.clip(np.linalg.solve(hessian, gradient), -2.0, 2.0)
        slope, intercept = slope + float(move[0]), intercept + float(move[1])
        if np.abs(move).max() < 1e-10:
            break
    return slope / spread, intercept - slope * mean / spread


class Calibrator(BaseEstimator):
    """Maps scores in [0, 1] to probabilities.

    sigmoid: Platt's line on the log odds, with his smoothed targets. isotonic: centred isotonic regression
    (each flat step becomes one point at its mean, joined by lines), which unlike the plain one keeps the
    ranking; before the first and after the last point the log odds go on with the slope of the sigmoid.

    Source: Platt 1999, "Probabilistic outputs for support vector machines"; Oron and Flournoy 2017,
    "Centered isotonic regression".
    """

    def __init__(self, method: str = "sigmoid") -> None:
        self.method = method

    def fit(self, score: np.ndarray, y: np.ndarray) -> Calibrator:
        """Learn from held-out scores and outcomes."""
        x = logit(score)
        positives, negatives = int(y.sum()), int((~y).sum())
        soft = np.where(y, (positives + 1) / (positives + 2), 1 / (negatives + 2))
        self.slope_, self.intercept_ = logistic_line(x, soft)
        stepped = self.method == "isotonic" and self.slope_ > 0
        self.knots_x_, self.knots_y_ = _centred_isotonic(x, y) if stepped else (np.empty(0), np.empty(0))
        return self

    def apply(self, score: np.ndarray) -> np.ndarray:
        """Probabilities in float64, rounded to 9 decimals."""
        x = logit(score)
        curve = self._curve(x) if len(self.knots_x_) else expit(self.slope_ * x + self.intercept_)
        return np.round(np.clip(curve, EDGE, 1 - EDGE), 9)

    def _curve(self, x: np.ndarray) -> np.ndarray:
        inside = np.clip(x, self.knots_x_[0], self.knots_x_[-1])
        level = np.interp(inside, self.knots_x_, self.knots_y_)
        beyond = x - inside
        return np.where(beyond == 0, level, expit(logit(level) + self.slope_ * beyond))


def choose_method(score: np.ndarray, y: np.ndarray, isotonic_positives: int) -> str:
    """Sigmoid below that many positives; above, isotonic where it is better by more than one standard error.

    Compared in log loss over five folds of the held-out rows, in the order given. The simpler wins a draw
    because a step that noise has made flat stays flat when the shop has grown, and then says too much of
    those who never come back.
    """
    if int(y.sum()) < isotonic_positives:
        return "sigmoid"
    fold = np.arange(len(y)) % FOLDS
    gain = np.empty(len(y))
    for part in range(FOLDS):
        held = fold == part
        sigmoid, isotonic = (
            Calibrator(method).fit(score[~held], y[~held]).apply(score[held])
            for method in ("sigmoid", "isotonic")
        )
        right = np.where(y[held], isotonic / sigmoid, (1 - isotonic) / (1 - sigmoid))
        gain[held] = np.log(right)
    return "isotonic" if gain.mean() > gain.std(ddof=1) / np.sqrt(len(y)) else "sigmoid"


def _centred_isotonic(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Knots of the curve; one pseudo-observation at the base rate keeps each step off 0 and 1."""
    values, place, count = np.unique(x, return_inverse=True, return_counts=True)
    mean = np.bincount(place, weights=y) / count
    steps = isotonic_regression(mean, sample_weight=count.astype(np.float64))
    step = np.concatenate([[0], np.cumsum(np.diff(steps) > 0)])
    size = np.bincount(step, weights=count)
    centre = np.bincount(step, weights=values * count) / size
    height = np.bincount(step, weights=mean * count)
    shrunk = (height + float(y.mean())) / (size + 1)
    return centre, np.maximum.accumulate(shrunk)
