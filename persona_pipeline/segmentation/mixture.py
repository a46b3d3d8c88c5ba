"""Segments as classes of a mixture: each has its own distributions of what customers do, and how often.

Here: the fitted mixture as the last step of a pipeline. Not here: the distributions (distributions.py), their
fit (expectation.py), what is counted (evidence.py), how many segments (mixing.py).

Who did little gives little evidence, so nothing is imputed.

Source: Biernacki, Celeux and Govaert 2000, "Assessing a mixture model for clustering with the integrated
completed likelihood".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClusterMixin

from persona_pipeline.segmentation.clustering import Labels, Placed, checked, kmeans
from persona_pipeline.segmentation.distributions import Block, Floats, log_density, to_posterior
from persona_pipeline.segmentation.expectation import Tally, fit_classes, guessed

ROUNDS = 200
# of log-likelihood per customer: a smaller gain of a round ends the search
SETTLED = 1e-4
# amounts of evidence at which it is known how improbable a typical customer is
KNOTS = 20
ROWS_OF_A_KNOT = 50
TYPICAL = 0.01


class Mixture(ClusterMixin, BaseEstimator):
    """The last step of the pipeline: a fitted mixture. `place` gives the most probable segment of each row.

    `blocks` are the families of the columns, as (family, start, stop); without them every column is a value.
    """

    def __init__(self, n_components: int = 2, blocks: Sequence[tuple] = (), seed: int = 0) -> None:
        self.n_components = n_components
        self.blocks = blocks
        self.seed = seed

    def fit(self, X: ArrayLike, y: object = None) -> Mixture:
        """Learn `n_components` segments, started from k-means of the standardised rows.

        Raises:
            ValueError: values are missing.
        """
        rows = checked(X).astype(np.float64)
        deviation = rows.std(axis=0)
        scaled = (rows - rows.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
        start = kmeans(scaled, self.n_components, np.random.default_rng(self.seed), starts=10)
        return self.fit_from(rows, start.labels)

    def fit_from(
        self,
        X: ArrayLike | Tally,
        start: Labels | Mixture,
        rounds: int = ROUNDS,
        settled: float = SETTLED,
        keep_all: bool = False,
    ) -> Mixture:
        """Learn from rows and a first guess of their segments 0 .. k - 1, -1 for none, or from a mixture on.

        The search ends after so many rounds, or when one gains less than `settled` of log-likelihood per row.
        Segments that end without a customer are left out; with `keep_all` the search ends before.
        """
        tally = X if isinstance(X, Tally) else self.tally(X)
        if isinstance(start, Mixture):
            posterior, fitted = start.probability(tally), start.parameters_
        else:
            posterior = guessed(start)
            fitted = tally.begin(posterior)
        share, fitted, log = fit_classes(tally, posterior, fitted, rounds, settled, keep_all)
        used = np.unique(log.argmax(axis=1))
        self.log_share_ = np.log(share[used] / share[used].sum())
        self.parameters_ = [each[used] for each in fitted]
        log = log[:, used] - np.log(share[used].sum())
        posterior, self.likelihood_ = to_posterior(log)
        free = len(used) * (1 + sum(block.parameters for block in tally.blocks)) - 1
        entropy = -float((posterior * np.log(np.maximum(posterior, 1e-300))).sum())
        self.icl_ = -2 * self.likelihood_ + free * np.log(len(log)) + 2 * entropy
        self.knots_, self.typical_ = _typical(self._amount(tally.rows), -log.max(axis=1))
        return self

    def tally(self, X: ArrayLike) -> Tally:
        """Rows as `fit_from` takes them too: for many searches of the same rows."""
        rows = checked(X).astype(np.float64)
        return Tally(rows, self._blocks(rows.shape[1]))

    @property
    def k(self) -> int:
        """Number of segments."""
        return len(self.log_share_)

    def renumber(self, order: Labels) -> Mixture:
        """Segment `order[i]` becomes segment i."""
        self.log_share_ = self.log_share_[order]
        self.parameters_ = [each[order] for each in self.parameters_]
        return self

    def place(self, X: ArrayLike) -> Placed:
        """The most probable segment of each row, how probable it is, and distances.

        A distance is the root of twice the log-likelihood that a row lacks to typical rows with as much
        evidence: with normal distributions of equal width, standard deviations.
        """
        rows = np.asarray(X, dtype=np.float64)
        log = self._log(rows)
        typical = np.interp(self._amount(rows), self.knots_, self.typical_)
        distances = np.sqrt(2 * np.maximum(-log - typical[:, None], 0.0))
        return Placed(log.argmax(axis=1), distances, to_posterior(log)[0].max(axis=1))

    def probability(self, tally: Tally) -> Floats:
        """Of each segment, rows x segments."""
        return to_posterior(self.log_share_ + tally.log_density(self.parameters_))[0]

    def predict(self, X: ArrayLike) -> Labels:
        """Number of the most probable segment."""
        return self.place(X).labels

    def _blocks(self, columns: int) -> list[Block]:
        return [Block(*each) for each in self.blocks] or [Block("value", n, n + 1) for n in range(columns)]

    def _log(self, rows: Floats) -> Floats:
        """Log of share and density, rows x segments."""
        return self.log_share_ + log_density(rows, self._blocks(rows.shape[1]), self.parameters_)

    def _amount(self, rows: Floats) -> Floats:
        """How much was counted of each row, on a scale of logarithms."""
        columns = [
            column
            for block in self._blocks(rows.shape[1])
            for column in range(
                block.start, {"counts": block.stop, "rate": block.start + 1}.get(block.family, 0)
            )
        ]
        return np.log1p(rows[:, columns].sum(axis=1))


def _typical(amount: Floats, improbable: Floats) -> tuple[Floats, Floats]:
    """By amount of evidence, how improbable the most typical rows are."""
    order = np.argsort(amount, kind="stable")
    parts = np.array_split(order, max(min(KNOTS, len(order) // ROWS_OF_A_KNOT), 1))
    knots = np.array([np.median(amount[part]) for part in parts])
    typical = np.array([np.quantile(improbable[part], TYPICAL) for part in parts])
    # several parts with the same amount are one
    knots, first = np.unique(knots, return_index=True)
    return knots, np.array([each.min() for each in np.split(typical, first[1:])])
