"""The weekly step: features of a Sunday and last week's tables in, the weekly tables out.

Here: reading, refusals, rows. Not here: the fit itself (fit.py).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from persona_pipeline.contracts import Purpose, Table
from persona_pipeline.contracts.models import (
    K_CURVE,
    LINEAGE,
    SEGMENT,
    SEGMENT_FIT,
    SEGMENT_PROFILE,
    SEGMENT_RULE,
)
from persona_pipeline.engine.protocol import DataFile, Engine, ModelStore, Output, ReadWindow
from persona_pipeline.segmentation.clustering import place
from persona_pipeline.segmentation.criteria import Criteria, preferred
from persona_pipeline.segmentation.description import EXAMPLES
from persona_pipeline.segmentation.fit import Before, Fitted, fit_segments
from persona_pipeline.segmentation.matrix import (
    behaviour,
    behaviour_matrix,
    check_features,
    customers_of,
    main_categories,
    stage_purchases,
)
from persona_pipeline.segmentation.naming import Name
from persona_pipeline.segmentation.options import NotEnoughData, SegmentationOptions
from persona_pipeline.segmentation.rows import arrow_rows
from persona_pipeline.segmentation.stability import STABLE_JACCARD
from persona_pipeline.segmentation.storage import Segmentation, from_bytes, to_bytes

WEEK = dt.timedelta(days=7)

Rows = dict[str, list[dict[str, Any]]]


def fit_week(
    engine: Engine,
    read: ReadWindow,
    outputs: Mapping[str, Output],
    features: Table,
    day: dt.date,
    options: SegmentationOptions,
    models: ModelStore,
) -> dict[str, list[DataFile]]:
    """Fit the segments of the week that ends on `day`, or carry last week's forward.

    Only customers with at least one order are clustered. Too little data is a refusal: last week's model
    stays in
    force (`carried`, its rows are written again), or nothing is (`none`); the reason has the numbers.

    Args:
        engine: runs the statements.
        read: the lake.
        outputs: by full name, for segments.fit, k_curve, segment, segment_profile, rule and lineage.
        features: contract of the feature table.
        day: a Sunday.
        options: how to fit.
        models: where the fitted pipeline is kept.

    Raises:
        NotUsable: `options.features` names a feature that the table lacks or that is not meant for it.
    """
    today = customers_of(read, features, day)
    check_features(options.features, today.table or features)
    last = {
        table.full_name: _week(engine, read, table, day - WEEK)
        for table in (SEGMENT_FIT, SEGMENT, SEGMENT_PROFILE, SEGMENT_RULE)
    }
    model = _model_in_force(last, models)
    purchase = stage_purchases(engine, read, day)
    categories = main_categories(engine, purchase, options.categories) if options.category_mix else ()
    table = engine.fetch(*behaviour(options.features, categories, today, purchase))
    before = None
    allowed = {
        column.name for column in (today.table or features).columns if column.allows(Purpose.SEGMENTATION)
    }
    may_stay = model is not None and set(model.features) <= allowed
    if model is not None:
        old = None
        if may_stay:
            old = engine.fetch(*behaviour(model.features, model.categories, today, purchase))
        before = _before(model, last, old)
    try:
        fitted = fit_segments(
            behaviour_matrix(table, options.features, categories), options, before, categories
        )
    except NotEnoughData as refusal:
        # what may no longer be used is not carried on
        stays = last if may_stay else dict.fromkeys(last, [])
        rows = _carried(stays, day, f"refused: {refusal}", table.num_rows, options.algorithm)
    else:
        rows = _promoted(fitted, day, models, options)
    return {
        contract.full_name: engine.select_into(
            "SELECT * FROM result",
            {"result": arrow_rows(contract, rows[contract.full_name])},
            outputs[contract.full_name],
        )
        for contract in (SEGMENT_FIT, K_CURVE, SEGMENT, SEGMENT_PROFILE, SEGMENT_RULE, LINEAGE)
    }


def _week(engine: Engine, read: ReadWindow, table: Table, day: dt.date) -> list[dict[str, Any]]:
    rows = engine.fetch("SELECT * FROM week", {"week": read(table, day, day)}).to_pylist()
    return sorted(rows, key=lambda row: [row[name] for name in table.key])


def _model_in_force(last: Rows, models: ModelStore) -> Segmentation | None:
    sha256 = last[SEGMENT_FIT.full_name][0]["model_sha256"] if last[SEGMENT_FIT.full_name] else None
    return from_bytes(models.get(sha256)) if sha256 else None


def _before(model: Segmentation, last: Rows, customers: pa.Table | None) -> Before:
    """What was in force, and where it puts today's customers, in today's order."""
    names = {
        row["segment_key"]: Name(
            row["name_en"], row["name_zh"], tuple(model.evidence.get(row["segment_key"], ()))
        )
        for row in last[SEGMENT.full_name]
    }
    if customers is None or not customers.num_rows:
        return Before(model, names, None)
    placed = place(model.pipeline, behaviour_matrix(customers, model.features, model.categories))
    far = placed.distances.min(axis=1) > model.outlier_distance
    return Before(model, names, placed.labels, far | (placed.labels < 0))


def _carried(last: Rows, day: dt.date, reason: str, customers: int, algorithm: str) -> Rows:
    """Last week's rows again under this week's day, or one row that says there is nothing in force."""
    fit = last[SEGMENT_FIT.full_name][0] if last[SEGMENT_FIT.full_name] else {}
    in_force = fit.get("model_sha256") is not None
    row = {**fit, "day": day, "status": "carried" if in_force else "none", "customers": customers}
    if in_force:
        row["status_reason"] = f"{reason}; the fit of {fit['fitted_on']} stays in force"
    else:
        row |= {"status_reason": reason, "algorithm": algorithm}
    return {
        SEGMENT_FIT.full_name: [row],
        K_CURVE.full_name: [],
        LINEAGE.full_name: [],
        SEGMENT.full_name: [{**one, "day": day, "change": "carried"} for one in last[SEGMENT.full_name]],
        **{
            table.full_name: [{**one, "day": day} for one in last[table.full_name]]
            for table in (SEGMENT_PROFILE, SEGMENT_RULE)
        },
    }


def _promoted(fitted: Fitted, day: dt.date, models: ModelStore, options: SegmentationOptions) -> Rows:
    content = to_bytes(fitted.segmentation)
    sha256 = models.put(content)
    if sha256 != hashlib.sha256(content).hexdigest():
        raise ValueError(f"the model store answered {sha256[:12]} for other content; check the store")
    k = len(fitted.segmentation.keys)
    fit = {
        "day": day,
        "status": "promoted",
        "status_reason": fitted.reason,
        "model_id": f"segments-{day:%Y%m%d}-{sha256[:8]}",
        "model_sha256": sha256,
        "fitted_on": day,
        "algorithm": options.algorithm,
        "chosen_k": k,
        "customers": len(fitted.labels),
        "silhouette": fitted.silhouette,
        "stability_ari": fitted.stability.ari if fitted.stability else None,
    }
    return {
        SEGMENT_FIT.full_name: [fit],
        K_CURVE.full_name: _curve_rows(fitted, day, k),
        SEGMENT.full_name: _segment_rows(fitted, day),
        SEGMENT_PROFILE.full_name: _profile_rows(fitted, day),
        LINEAGE.full_name: _lineage_rows(fitted, day),
        SEGMENT_RULE.full_name: _rule_rows(fitted, day, options),
    }


def _curve_rows(fitted: Fitted, day: dt.date, k: int) -> list[dict[str, Any]]:
    """One row per k; the chosen one with the figures of the fit in force."""
    points = {1: (fitted.curve.inertia_of_one, None)}
    points |= {one.k: (one.inertia, one.silhouette) for one in fitted.curve.tried}
    points[k] = (fitted.inertia, fitted.silhouette)
    liked = preferred(fitted.curve, fitted.criteria)
    return [
        {
            **dataclasses.asdict(fitted.criteria.get(number, Criteria())),
            "day": day,
            "k": number,
            "inertia": inertia,
            "silhouette": silhouette,
            "separation": fitted.separations.get(number),
            "preferred_by": ", ".join(sorted(name for name, best in liked.items() if best == number)) or None,
            "is_knee": number == fitted.curve.knee,
            "is_chosen": number == k,
        }
        for number, (inertia, silhouette) in sorted(points.items())
    ]


def _segment_rows(fitted: Fitted, day: dt.date) -> list[dict[str, Any]]:
    sizes = np.bincount(fitted.labels[fitted.labels >= 0], minlength=len(fitted.matched))
    rows = []
    for number, (one, size) in enumerate(zip(fitted.matched, sizes.tolist(), strict=True)):
        stability = float(fitted.stability.jaccard[number]) if fitted.stability else None
        rows.append(
            {
                "day": day,
                "segment_key": one.key,
                "name_en": fitted.names[one.key].en,
                "name_zh": fitted.names[one.key].zh,
                "customers": size,
                "share": size / len(fitted.labels),
                "change": one.change,
                "overlap": one.overlap,
                "is_stable": stability is None or stability >= STABLE_JACCARD,
                "stability": stability,
            }
        )
    return rows


def _profile_rows(fitted: Fitted, day: dt.date) -> list[dict[str, Any]]:
    features, said = fitted.features, fitted.described
    rows = []
    for number, one in enumerate(fitted.matched):
        differences = fitted.described.differences[number].tolist()
        order = sorted(range(len(features)), key=lambda n: (-abs(differences[n]), features[n]))  # noqa: B023 - used at once
        for rank, n in enumerate(order, start=1):
            rows.append(
                {
                    "day": day,
                    "segment_key": one.key,
                    "feature": features[n],
                    "mean": _known(said.means[number, n]),
                    "median": _known(said.medians[number, n]),
                    "base_mean": _known(said.base_means[n]),
                    "tgi": _known(said.tgi[number, n]),
                    "difference": differences[n],
                    "effect_size": float(said.effects[number, n]),
                    **{
                        f"example_{one + 1}": _known(said.examples[number, one, n]) for one in range(EXAMPLES)
                    },
                    "evidence_rank": rank,
                }
            )
    return rows


def _lineage_rows(fitted: Fitted, day: dt.date) -> list[dict[str, Any]]:
    sizes = np.bincount(fitted.labels[fitted.labels >= 0], minlength=len(fitted.matched)).tolist()
    lives = [
        (one.key, one.change, one.related, one.overlap, one.before, size)
        for one, size in zip(fitted.matched, sizes, strict=True)
    ]
    ended = [(one.key, "retired", one.related, None, one.before, 0) for one in fitted.retired]
    names = ("segment_key", "change", "related_key", "overlap", "customers_before", "customers")
    return [{"day": day, **dict(zip(names, row, strict=True))} for row in (*lives, *ended)]


def _rule_rows(fitted: Fitted, day: dt.date, options: SegmentationOptions) -> list[dict[str, Any]]:
    return [
        {
            "day": day,
            "segment_key": one.key,
            "rank": rank,
            "text_en": rule.text("en", options.currency, options.described),
            "text_zh": rule.text("zh", options.currency, options.described),
            "definition": rule.sql(),
            "customers": rule.customers,
            "precision": rule.precision,
            "recall": rule.recall,
        }
        for one, rules in zip(fitted.matched, fitted.rules, strict=True)
        for rank, rule in enumerate(rules, start=1)
    ]


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
