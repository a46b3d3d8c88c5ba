"""The mixture against scipy's distributions, planted parameters and the personas of the demo shop."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import adjusted_rand_score

from persona_pipeline.segmentation.evidence import Evidence
from persona_pipeline.segmentation.fit import fit_segments
from persona_pipeline.segmentation.mixing import _chosen_k
from persona_pipeline.segmentation.mixture import Mixture
from persona_pipeline.segmentation.options import NotEnoughData, SegmentationOptions

Floats = NDArray[np.float64]
BLOCKS = [("counts", 0, 3), ("rate", 3, 5), ("value", 5, 7)]
ALPHA = np.array([[6.0, 2.0, 1.0], [1.0, 1.0, 6.0]])
MEAN, SHAPE = np.array([0.5, 2.0]), np.array([4.0, 6.0])
CENTRE, WIDTH = np.array([-1.0, 2.0]), np.array([1.0, 0.5])


def planted(size: int, seed: int = 1) -> tuple[Floats, NDArray[np.intp]]:
    """Two kinds of customers, of whom some did very little."""
    random = np.random.default_rng(seed)
    kind = (random.random(size) < 0.4).astype(np.intp)
    products, orders = 1 + random.poisson(9, size), 1 + random.poisson(4, size)
    counts = np.array(
        [random.multinomial(n, random.dirichlet(ALPHA[k])) for n, k in zip(products, kind, strict=True)]
    )
    extra = random.poisson(orders * random.gamma(SHAPE[kind], MEAN[kind] / SHAPE[kind]))
    known = random.random(size) < 0.8
    value = np.where(known, random.normal(CENTRE[kind], WIDTH[kind]), 0.0)
    return np.column_stack([counts, extra, orders, value, known]).astype(float), kind


def true_log(rows: Floats) -> Floats:
    """Log of share and probability by scipy."""
    columns = []
    for k, share in enumerate((0.6, 0.4)):
        counts = stats.dirichlet_multinomial.logpmf(rows[:, :3], ALPHA[k], rows[:, :3].sum(axis=1))
        chance = SHAPE[k] / (SHAPE[k] + MEAN[k] * rows[:, 4])
        extra = stats.nbinom.logpmf(rows[:, 3], SHAPE[k], chance)
        value = rows[:, 6] * stats.norm.logpdf(rows[:, 5], CENTRE[k], WIDTH[k])
        columns.append(np.log(share) + counts + extra + value)
    return np.stack(columns, axis=1)


def test_probabilities_are_scipys() -> None:
    rows, _ = planted(300)
    mixture = Mixture(2, BLOCKS).fit_from(rows, np.arange(300) % 2)
    mixture.log_share_ = np.log([0.6, 0.4])
    mixture.parameters_ = [ALPHA, np.column_stack([MEAN, SHAPE]), np.column_stack([CENTRE, WIDTH**2])]
    log = true_log(rows)
    expected = np.exp(log - np.logaddexp(*log.T)[:, None])
    placed = mixture.place(rows)
    assert np.array_equal(placed.labels, expected.argmax(axis=1))
    assert placed.confidence == pytest.approx(expected.max(axis=1), abs=1e-9)


def test_planted_parameters_are_found() -> None:
    rows, kind = planted(20_000)
    start = np.where(np.random.default_rng(2).random(len(kind)) < 0.3, 1 - kind, kind)
    found = Mixture(2, BLOCKS).fit_from(rows, start)
    alpha, rate, value = found.parameters_
    assert np.exp(found.log_share_) == pytest.approx([0.6, 0.4], abs=0.02)
    assert alpha == pytest.approx(ALPHA, rel=0.1)
    assert rate[:, 0] == pytest.approx(MEAN, rel=0.05)
    assert rate[:, 1] == pytest.approx(SHAPE, rel=0.3)
    assert value == pytest.approx(np.column_stack([CENTRE, WIDTH**2]), abs=0.06)
    # as good as with the true parameters
    best = adjusted_rand_score(kind, true_log(rows).argmax(axis=1))
    assert adjusted_rand_score(kind, found.predict(rows)) > best - 0.01


def test_who_did_nothing_has_the_share_of_everybody_and_who_did_much_is_certain() -> None:
    rows, kind = planted(4_000)
    found = Mixture(2, BLOCKS).fit_from(rows, kind)
    nothing = np.zeros((1, rows.shape[1]))
    much = nothing + [400, 100, 60, 20, 40, 0, 0]
    confidence = found.place(np.vstack([nothing, much])).confidence
    assert confidence is not None
    assert confidence[0] == pytest.approx(np.exp(found.log_share_).max(), abs=1e-6)
    assert confidence[1] > 0.99


def test_probabilities_say_how_often_they_are_right() -> None:
    rows, kind = planted(20_000)
    placed = Mixture(2, BLOCKS).fit_from(rows, kind).place(planted(20_000, seed=3)[0])
    right = placed.labels == planted(20_000, seed=3)[1]
    assert placed.confidence is not None
    bins = np.digitize(placed.confidence, [0.6, 0.7, 0.8, 0.9])
    for each in range(5):
        of_bin = bins == each
        error = 0.5 / np.sqrt(of_bin.sum())
        assert right[of_bin].mean() == pytest.approx(placed.confidence[of_bin].mean(), abs=3 * error)


def test_distances_are_standard_deviations_of_normal_values() -> None:
    rows = np.random.default_rng(5).normal([[0.0, 0.0]], 1.0, (5_000, 2))
    distance = (
        Mixture(1).fit_from(rows, np.zeros(5_000, dtype=np.intp)).place([[0, 0], [3, 0], [3, 4]]).distances
    )
    assert distance[:, 0] == pytest.approx([0, 3, 5], abs=0.2)


def test_frequent_buyers_are_no_segment_of_their_own() -> None:
    """One kind of customers, whose rates differ tenfold: a single segment explains them best."""
    random = np.random.default_rng(6)
    orders = 1 + random.poisson(6 * random.gamma(1.5, 1 / 1.5, 3_000))
    mix = np.array([random.multinomial(2 * n, random.dirichlet([3, 2, 1, 1])) for n in orders])
    rows = np.column_stack([orders, np.ones(3_000), mix]).astype(float)
    blocks = [("rate", 0, 2), ("counts", 2, 6)]
    by_orders = np.argsort(np.argsort(orders, kind="stable"), kind="stable")
    icl = {k: Mixture(k, blocks).fit_from(rows, by_orders * k // 3_000).icl_ for k in (1, 2, 3, 4)}
    assert min(icl, key=icl.__getitem__) == 1


def test_evidence_counts_what_shares_and_means_were_made_of() -> None:
    families = ("share", "per_order", "count", "value", "money")
    values = np.array(
        [[0.25, 2.5, 8, 3.0, 900, 8, 1, 4], [np.nan, 1.0, 1, np.nan, 5, 1, 0, 0], [1, 1, 2, 5, 5, 2, 0, 2]]
    )
    step = Evidence(families, (2,))
    rows = step.fit_transform(values)
    assert step.blocks() == [
        ("counts", 0, 2),
        ("rate", 2, 4),
        ("rate", 4, 6),
        ("value", 6, 8),
        ("counts", 8, 10),
    ]
    # of 8 orders 2 with a discount; 12 products beyond the first of each; 8 times; no amounts
    assert rows[0].tolist() == pytest.approx([2, 6, 12, 8, 8, 1, rows[0, 6], 1, 1, 4])
    assert rows[1].tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 0, 0]


def test_amounts_alone_are_refused_with_what_to_do() -> None:
    options = SegmentationOptions(("sales_365d",), {"sales_365d": "money"})
    values = np.random.default_rng(0).lognormal(5, 1, (200, 2))
    with pytest.raises(
        NotEnoughData, match='sales_365d are amounts.*add a count or a share, or set algorithm = "kme'
    ):
        fit_segments(values, options)
    with pytest.raises(ValueError, match=r"unknown families \['cash'\]; known: share, per_order"):
        SegmentationOptions(("sales_365d",), {"sales_365d": "cash"})


def test_last_weeks_k_stays_unless_another_explains_clearly_more() -> None:
    icl = {2: 900.0, 3: 700.0, 4: 690.0}
    assert _chosen_k(icl, 1000.0, None, 0.1) == 4
    assert _chosen_k(icl, 1000.0, 3, 0.1) == 3  # 10 of 310 is less than a twentieth
    assert _chosen_k(icl, 1000.0, 3, 0.05) == 4
    assert _chosen_k(icl, 1000.0, 2, 0.1) == 4
    assert _chosen_k(icl, 1000.0, 9, 0.1) == 4
