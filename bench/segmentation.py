"""Choice of the number of segments and assignment of everybody, against a plain scikit-learn script.

The peer is what a data scientist would write: KMeans for every k on all rows, silhouette of every k on 50,000
of them. Ours tries the same k with as many starts, and computes silhouette on as many rows, separation,
Davies-Bouldin, Calinski-Harabasz, gap and the stability of 50 bootstrap samples besides; it chooses, refines,
and places every row. It runs on one thread, as it does every Sunday; scikit-learn takes all. Inertia must be
equal to 1 % at every k. The exact silhouette of one clustering is compared by itself. Every run has a process
of its own; the data are made here, seeded.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.measuring.runs import Found, apart, median, report

K = range(2, 13)
COLUMNS = 20
STARTS = 2  # of our curve; the peer's n_init
KINDS = 6
BATCH = 65_536
TOLERANCE = 0.01


def make_customers(rows: int, seed: int) -> NDArray[np.float32]:
    """Scaled behaviour: six overlapping kinds of customers of different size, half of the columns noise."""
    random = np.random.default_rng(seed)
    centres = np.zeros((KINDS, COLUMNS))
    centres[:, : COLUMNS // 2] = random.normal(0, 1.5, (KINDS, COLUMNS // 2))
    weight = 1 / np.arange(2, KINDS + 2)
    kind = random.choice(KINDS, size=rows, p=weight / weight.sum())
    return (centres[kind] + random.normal(size=(rows, COLUMNS))).astype(np.float32)


def ours(rows: int, judged: int, resamples: int) -> Found:
    """The weekly choice, and everybody placed."""
    from sklearn.pipeline import Pipeline

    from persona_pipeline.segmentation.algorithms import learn
    from persona_pipeline.segmentation.clustering import place
    from persona_pipeline.segmentation.options import SegmentationOptions

    matrix = make_customers(rows, 1)
    options = SegmentationOptions(
        algorithm="kmeans",
        k_min=K[0],
        k_max=K[-1],
        sample=judged,
        silhouette_sample=judged,
        bootstrap=resamples,
    )
    begin = time.perf_counter()
    with threadpool_limits(limits=1):
        learned = learn(matrix, options, None, None, np.random.default_rng(0))
        chosen = time.perf_counter()
        pipeline = Pipeline(list(learned.steps))
        placed = sum(
            len(place(pipeline, matrix[start : start + BATCH]).labels) for start in range(0, rows, BATCH)
        )
    end = time.perf_counter()
    if placed != rows:
        raise SystemExit(f"{placed} of {rows} rows were placed")
    inertia = {f"inertia of {one.k}": one.inertia for one in learned.curve.tried}
    return {
        "total": end - begin,
        "choice": chosen - begin,
        "assignment": end - chosen,
        "k": learned.k,
        **inertia,
    }


def scikit_learn(rows: int, judged: int, _: int) -> Found:
    """KMeans per k on all rows, silhouette on a sample."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    matrix = make_customers(rows, 1)
    begin = time.perf_counter()
    scores, inertia = {}, {}
    for k in K:
        model = KMeans(n_clusters=k, n_init=STARTS, random_state=0).fit(matrix)  # pyright: ignore[reportArgumentType]
        inertia[f"inertia of {k}"] = float(model.inertia_)  # pyright: ignore[reportArgumentType]
        scores[k] = silhouette_score(matrix, model.labels_, sample_size=judged, random_state=0)
    return {"total": time.perf_counter() - begin, "k": max(scores, key=scores.__getitem__), **inertia}


def our_silhouette(rows: int, judged: int, _: int) -> Found:
    """Exact silhouettes of one clustering."""
    from persona_pipeline.segmentation.silhouette import silhouettes

    matrix, labels = _clustered(judged)
    begin = time.perf_counter()
    mean = float(silhouettes(matrix, [labels])[0].mean())
    return {"total": time.perf_counter() - begin, "mean": mean}


def their_silhouette(rows: int, judged: int, _: int) -> Found:
    """The same by scikit-learn."""
    from sklearn.metrics import silhouette_samples

    matrix, labels = _clustered(judged)
    begin = time.perf_counter()
    mean = float(np.asarray(silhouette_samples(matrix, labels)).mean())
    return {"total": time.perf_counter() - begin, "mean": mean}


def _clustered(rows: int) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    from persona_pipeline.segmentation.clustering import kmeans

    matrix = make_customers(rows, 1)
    return matrix, kmeans(matrix, 8, np.random.default_rng(0), starts=1).labels


def main() -> None:
    """Run all in turn, print a table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="seconds instead of minutes")
    arguments = parser.parse_args()
    sizes = (20_000, 3_000, 5) if arguments.small else (1_000_000, 50_000, 50)
    repeats = 3 if arguments.small else 1
    runs = {
        "ours": ours,
        "scikit-learn": scikit_learn,
        "our silhouette": our_silhouette,
        "their silhouette": their_silhouette,
    }
    found: dict[str, list[Found]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            found[name].append(apart(run, *sizes))
    first, peer = found["ours"][0], found["scikit-learn"][0]
    worst = max(first[f"inertia of {k}"] / peer[f"inertia of {k}"] for k in K)
    if worst > 1 + TOLERANCE:
        raise SystemExit(f"inertia is up to {worst:.4f} of scikit-learn's, {1 + TOLERANCE} allowed")
    means = [found[name][0]["mean"] for name in ("our silhouette", "their silhouette")]
    if abs(means[0] - means[1]) > 1e-5:  # noqa: PLR2004 - 32-bit distances
        raise SystemExit(f"mean silhouettes differ: ours {means[0]}, scikit-learn {means[1]}")
    medians = {name: median(each, "total") for name, each in found.items()}
    peaks = {name: each[-1]["peak"] for name, each in found.items()}
    lines = [
        f"{sizes[0]:,} x {COLUMNS}, k from {K[0]} to {K[-1]}, {STARTS} starts, silhouette of {sizes[1]:,} "
        f"rows, {sizes[2]} bootstrap samples; medians of {repeats}",
        *(f"{name:16} {seconds:8.2f} s {peaks[name]:8,.0f} MB" for name, seconds in medians.items()),
        f"of ours: choice {first['choice']:.2f} s, assignment {first['assignment']:.2f} s",
        f"k: planted {KINDS}, chosen {first['k']:.0f}, scikit-learn's best silhouette {peer['k']:.0f}",
        f"inertia at most {worst:.5f} of scikit-learn's; silhouettes {means[0]:.6f} and {means[1]:.6f}",
    ]
    ratios = {
        "scikit_learn_over_ours": medians["scikit-learn"] / medians["ours"],
        "silhouette_samples_over_ours": medians["their silhouette"] / medians["our silhouette"],
    }
    report("segmentation", lines, ratios=ratios, peak=peaks["ours"], rows=sizes[0])


if __name__ == "__main__":
    main()
