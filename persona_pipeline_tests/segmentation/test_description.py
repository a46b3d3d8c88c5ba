"""Figures of segments against scipy's and by hand; how far the confidence of a membership can be trusted."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pytest
from scipy.stats import ttest_ind

from persona_pipeline.segmentation.applying import margin
from persona_pipeline.segmentation.clustering import kmeans
from persona_pipeline.segmentation.description import describe
from persona_pipeline_tests.segmentation.conftest import World, planted


def test_effect_sizes_are_those_of_the_t_statistic() -> None:
    rng = np.random.default_rng(2)
    labels = np.repeat([0, 1, 2, -1], (40, 70, 90, 20))
    scaled = rng.normal(size=(220, 3)) + labels[:, None] * [0.0, 0.4, -1.0]
    found = describe(scaled, scaled, labels, np.zeros((220, 3)))
    for segment in range(3):
        own, others = scaled[labels == segment], scaled[labels != segment]
        statistic, _ = ttest_ind(own, others)
        expected = np.asarray(statistic) * np.sqrt(1 / len(own) + 1 / len(others))
        assert found.effects[segment] == pytest.approx(expected)


def test_means_medians_and_tgi_by_hand() -> None:
    shown = np.array([[1.0, 0.0], [2.0, np.nan], [6.0, np.nan], [1234.5, 0.0], [0.0456, 0.0]])
    labels = np.array([0, 0, 0, 1, 1])
    distances = np.array([[3.0, 9.0], [1.0, 9.0], [2.0, 9.0], [9.0, 2.0], [9.0, 1.0]])
    found = describe(shown, np.nan_to_num(shown), labels, distances)
    assert found.means[0].tolist() == [3.0, 0.0]
    assert found.medians[0].tolist() == [2.0, 0.0]
    assert found.base_means[0] == pytest.approx(1243.5456 / 5)
    assert found.tgi[0, 0] == pytest.approx(100 * 3 / (1243.5456 / 5))
    assert np.isnan(found.tgi[:, 1]).all()  # nobody has any of it


def test_examples_are_the_nearest_rounded_and_none_of_a_few() -> None:
    shown = np.full((39, 2), [7.0, np.nan])
    shown[[3, 5, 8], 0] = 1234.5, 0.0456, 40.0
    labels = np.repeat([0, 1], (20, 19))
    distances = np.full((39, 2), 9.0)
    distances[[3, 5, 8], 0] = 2.0, 1.0, 3.0
    examples = describe(shown, np.nan_to_num(shown), labels, distances).examples
    assert examples[0, :, 0].tolist() == [0.046, 1200.0, 40.0]
    assert np.isnan(examples[0, :, 1]).all()  # unknown stays unknown
    assert np.isnan(examples[1]).all()  # nineteen: three of them would be the persons themselves


def test_the_margin_is_nothing_on_the_border_and_all_at_the_centre() -> None:
    distances = np.array([[0.0, 4.0, 9.0], [2.0, 2.0, 5.0], [3.0, 1.0, 9.0], [0.0, 0.0, 1.0]])
    assert margin(distances) == pytest.approx([1, 0, 2 / 3, 0])


def test_confident_memberships_are_right_more_often() -> None:
    rng = np.random.default_rng(8)
    truth = rng.integers(0, 3, 6_000)
    rows = np.array([[0.0, 0.0], [2.5, 0.0], [0.0, 2.5]])[truth] + rng.normal(size=(6_000, 2))
    found = kmeans(rows, 3, rng)
    distances = np.stack([np.sqrt(((rows - centre) ** 2).sum(axis=1)) for centre in found.centroids], axis=1)
    kind_of = np.array([np.bincount(truth[found.labels == n]).argmax() for n in range(3)])
    right = kind_of[found.labels] == truth
    tenths = np.digitize(margin(distances), [0.2, 0.4, 0.6])
    shares = [right[tenths == tenth].mean() for tenth in range(4)]
    assert shares == sorted(shares)
    assert shares[0] < 0.75
    assert shares[3] > 0.94


def test_members_have_their_confidence_and_profiles_their_figures(world: World) -> None:
    sunday = dt.date(2025, 3, 2)
    rows = planted({"regular": 60, "hunter": 50, "lapsed": 40, "wealthy": 30})
    visitor = {**rows[0], "customer_id": "c_visitor", "recency_days": None, "orders_365d": 0}
    world.options = dataclasses.replace(world.options, algorithm="kmeans")
    world.customers(sunday, [*rows, visitor])
    world.fit(sunday)
    world.customers(sunday + dt.timedelta(days=1), [*rows, visitor])
    members = {row["customer_id"]: row for row in world.apply(sunday + dt.timedelta(days=1))}
    assert members["c_visitor"]["confidence"] is None
    known = [row["confidence"] for name, row in members.items() if name != "c_visitor"]
    assert 0.5 < min(known) < max(known) <= 1
    profile = {
        (row["segment_key"], row["feature"]): row for row in world.rows("segments.segment_profile", sunday)
    }
    hunter = profile[members["c_hunter_000"]["segment_key"], "discount_share_365d"]
    discounts = [float(str(row["discount_share_365d"])) for row in rows]
    # customers without an order are not among everybody
    assert hunter["tgi"] == pytest.approx(100 * hunter["mean"] / np.mean(discounts))
    assert hunter["median"] == pytest.approx(np.median(discounts[60:110]))
    assert hunter["effect_size"] > 5
    assert all(0.3 < hunter[f"example_{number}"] < 0.6 for number in (1, 2, 3))
