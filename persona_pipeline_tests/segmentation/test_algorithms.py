"""One suite that every algorithm passes, and each against scikit-learn's exact one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.cluster import DBSCAN, HDBSCAN, AgglomerativeClustering, KMeans
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from persona_pipeline.contracts.segments import SEGMENT_ALGORITHMS, WITH_K
from persona_pipeline.segmentation.clustering import Centroids, Segments, kmeans, place
from persona_pipeline.segmentation.density import Dbscan, Hdbscan
from persona_pipeline.segmentation.fit import Fitted, fit_segments
from persona_pipeline.segmentation.hierarchical import LINKAGES, Hierarchical, merge_tree
from persona_pipeline.segmentation.mixture import Mixture
from persona_pipeline.segmentation.neighbours import NOISE
from persona_pipeline.segmentation.options import NotEnoughData, SegmentationOptions
from persona_pipeline.segmentation.storage import from_bytes, to_bytes
from persona_pipeline_tests.segmentation.conftest import with_orders

Floats = NDArray[np.float64]
KINDS = np.array([[5.0, 5.0, 5.0], [20.0, 5.0, 9.0], [5.0, 20.0, 30.0], [25.0, 25.0, 5.0]])
SIZES = (160, 120, 100, 60)
ESTIMATORS: dict[str, Segments] = {
    "mixture": Mixture(4),
    "kmeans": Centroids(4),
    **{linkage: Hierarchical(4, linkage) for linkage in LINKAGES},
    "dbscan": Dbscan(),
    "hdbscan": Hdbscan(),
}
every_algorithm = pytest.mark.parametrize("algorithm", SEGMENT_ALGORITHMS)


def kinds(seed: int = 1) -> tuple[Floats, NDArray[np.intp]]:
    """Four kinds of customers, ten standard deviations apart."""
    truth = np.repeat(np.arange(4), SIZES)
    return KINDS[truth] + np.random.default_rng(seed).normal(0, 1, (len(truth), 3)), truth


def fitted(rows: Floats, algorithm: str, seed: int = 0, bootstrap: int = 1) -> Fitted:
    features = ("orders_365d", "average_order_value_365d", "price_per_unit_365d")
    options = SegmentationOptions(features, algorithm=algorithm, k_max=6, seed=seed, bootstrap=bootstrap)
    return fit_segments(with_orders(rows), options)


@every_algorithm
def test_planted_kinds_are_found(algorithm: str) -> None:
    rows, truth = kinds()
    found = fitted(rows, algorithm, bootstrap=10)
    clustered = found.labels != NOISE
    assert clustered.mean() > 0.94  # density alone leaves the rim of a group out
    assert len(found.segmentation.keys) == 4
    assert adjusted_rand_score(truth[clustered], found.labels[clustered]) > 0.99
    assert found.stability is not None
    assert found.stability.jaccard.min() > 0.85  # Hennig 2007: very stable


@every_algorithm
def test_what_is_stored_places_anybody_alone_as_in_a_batch_and_learns_nothing(algorithm: str) -> None:
    rows, _ = kinds()
    found = fitted(rows, algorithm)
    content = to_bytes(found.segmentation)
    pipeline = from_bytes(content).pipeline
    others, truth = kinds(seed=2)
    whole = place(pipeline, with_orders(others))
    parts = [place(pipeline, with_orders(others[start : start + 7])) for start in range(0, len(others), 7)]
    assert np.vstack([part.distances for part in parts]).tobytes() == whole.distances.tobytes()
    assert np.array_equal(np.concatenate([part.labels for part in parts]), whole.labels)
    assert adjusted_rand_score(truth, whole.labels) > 0.9
    assert np.array_equal(place(pipeline, with_orders(rows)).labels, found.labels)
    assert to_bytes(from_bytes(content)) == content


@every_algorithm
def test_neither_order_nor_another_run_changes_a_segment_and_a_seed_hardly(algorithm: str) -> None:
    rows, _ = kinds()
    order = np.random.default_rng(9).permutation(len(rows))
    first, again, other = fitted(rows, algorithm), fitted(rows[order], algorithm), fitted(rows, algorithm, 7)
    assert np.array_equal(again.labels, first.labels[order])
    assert to_bytes(again.segmentation) == to_bytes(first.segmentation)
    assert adjusted_rand_score(first.labels, other.labels) > 0.99


@every_algorithm
def test_missing_values_are_refused_with_their_place(algorithm: str) -> None:
    rows, _ = kinds()
    rows[3, 1] = rows[8, 2] = np.nan
    with pytest.raises(ValueError, match=r"2 of 1320 are missing or infinite, the first in row 3, column 1"):
        ESTIMATORS[algorithm].fit(rows)


@every_algorithm
def test_too_few_customers_are_refused_with_numbers(algorithm: str) -> None:
    with pytest.raises(NotEnoughData, match="99 customers with an order, 100 needed"):
        fitted(kinds()[0][:99], algorithm)


@pytest.mark.parametrize("algorithm", WITH_K)
def test_k_can_be_fixed_also_beyond_the_range(algorithm: str) -> None:
    rows, _ = kinds()
    options = SegmentationOptions(("orders_365d", "a", "b"), algorithm=algorithm, k=6, k_max=4, bootstrap=0)
    found = fit_segments(with_orders(rows), options)
    assert len(found.segmentation.keys) == 6
    assert [one.k for one in found.curve.tried] == [2, 3, 4, 6]


@pytest.mark.parametrize(
    ("algorithm", "k", "expected"),
    [
        ("kmean", None, "unknown algorithm 'kmean'; did you mean 'kmeans'"),
        ("louvain", None, "known: mixture, kmeans, ward, average"),
        ("dbscan", 5, 'k = 5 cannot be fixed for dbscan.*set algorithm = "kmeans"'),
        ("ward", 1, "k = 1 makes no segments; set 2 or more"),
    ],
)
def test_what_cannot_be_is_refused_with_a_suggestion(algorithm: str, k: int | None, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        SegmentationOptions(algorithm=algorithm, k=k)


@pytest.mark.parametrize("linkage", LINKAGES)
def test_a_tree_cuts_mall_customers_as_scikit_learn_does(linkage: str, shared_data: Path) -> None:
    rows = mall(shared_data)
    for k in (2, 3, 5, 9):
        theirs = AgglomerativeClustering(k, linkage=linkage).fit_predict(rows)  # pyright: ignore[reportArgumentType]
        ours = Hierarchical(k, linkage).fit(rows)
        assert adjusted_rand_score(theirs, ours.labels_) == 1
        assert np.array_equal(ours.predict(rows), ours.labels_)


def test_ward_chooses_five_segments_of_mall_customers(shared_data: Path) -> None:
    rows = mall(shared_data)
    options = SegmentationOptions(("orders_365d", "price_per_unit_365d"), algorithm="ward")
    assert len(fit_segments(with_orders(rows), options).segmentation.keys) == 5


def test_dbscan_of_mall_customers_is_scikit_learns(shared_data: Path) -> None:
    rows = mall(shared_data)
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    found = Dbscan().fit(rows)
    theirs = DBSCAN(eps=found.eps_, min_samples=found.min_samples_).fit(rows)
    assert np.array_equal(found.labels_, theirs.labels_)
    placed = found.predict(rows)
    core = theirs.core_sample_indices_
    assert np.array_equal(placed[core], theirs.labels_[core])
    # a border row may lie in reach of two segments; noise is out of reach of all
    assert np.array_equal(placed == NOISE, theirs.labels_ == NOISE)


def test_hdbscan_is_scikit_learns() -> None:
    rows = np.vstack([kinds()[0], np.random.default_rng(4).uniform(-20, 50, (40, 3))])
    found = Hdbscan(min_cluster_size=20, min_samples=8).fit(rows)
    theirs = HDBSCAN(min_cluster_size=20, min_samples=8, copy=True).fit(rows)  # pyright: ignore[reportArgumentType]
    assert np.array_equal(found.labels_, theirs.labels_)
    assert np.array_equal(found.predict(rows), theirs.labels_)
    assert 0.02 < (found.labels_ == NOISE).mean() < 0.12


def test_a_large_base_stands_on_micro_centroids_that_say_the_same() -> None:
    truth = np.random.default_rng(3).integers(0, 4, 6_000)
    rows = KINDS[truth] + np.random.default_rng(4).normal(0, 1.5, (6_000, 3))
    tree = merge_tree(rows, "ward", 0, exact_rows=5_000)
    assert not tree.is_exact
    assert len(tree.points) <= 1_000
    assert adjusted_rand_score(truth, tree.cut(4)[tree.point_of]) > 0.99
    step = Hierarchical(4).keep_cut(rows, tree)
    assert np.array_equal(step.predict(rows), step.labels_)


def test_outliers_of_density_have_no_segment_and_one_region_is_refused() -> None:
    rows, _ = kinds()
    far = np.array([[200.0, 0.0, 0.0], [0.0, 300.0, 0.0]])
    found = fitted(np.vstack([rows, far]), "dbscan")
    # winsorised they lie at the edge of the base, near nobody
    assert found.labels[-2:].tolist() == [NOISE, NOISE]
    with pytest.raises(
        NotEnoughData, match='finds one dense region in 160 customers, two needed; algorithm = "kme'
    ):
        fitted(rows[:160], "dbscan")


def test_profiles_of_a_social_network_are_segmented_as_well_as_scikit_learn_does(shared_data: Path) -> None:
    table = pd.read_csv(shared_data / "sns_profiles" / "snsdata.csv.gz")
    words = table.iloc[:, 4:].to_numpy(float)
    found = fit_segments(
        with_orders(words),
        SegmentationOptions(tuple(table.columns[4:]), algorithm="kmeans", k=5, k_max=6, bootstrap=0),
    )
    assert (len(found.labels), len(found.segmentation.keys)) == (30_000, 5)
    # of equal starts: the counts have such tails that runs end in optima up to 1 % apart
    scaled = ((words - words.mean(axis=0)) / words.std(axis=0)).astype(np.float32)[::3]
    ours = kmeans(scaled, 5, np.random.default_rng(0), starts=10)
    with threadpool_limits(limits=1):  # threads that wait for a busy core take half a minute
        theirs = KMeans(5, n_init=10, random_state=0).fit(scaled)  # pyright: ignore[reportArgumentType]
    assert ours.inertia <= 1.01 * -theirs.score(scaled)


def mall(shared_data: Path) -> Floats:
    table = pd.read_csv(shared_data / "mall_customers" / "Mall_Customers.csv")
    return table[["Annual_Income(k$)", "Spending_Score(1-100)"]].to_numpy(float)
