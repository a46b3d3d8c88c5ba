"""The second half of the page in words: rules, models, offers, data.

Here: frames in, texts and charts out, for one language. Not here: customers (view_customers.py), HTML.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from persona_pipeline.reporting import charts, pictures
from persona_pipeline.reporting.data import Frame, ReportData
from persona_pipeline.reporting.view_customers import WIDE, View, as_day, optional, week_starts
from persona_pipeline.reporting.words import Words

RULES = 15
SIGNIFICANT = 0.05
SPARK_WEEKS = 26
LEDGER_DAYS = 60
ITEM_SEPARATOR = " | "
PROPENSITY_METRICS = ("roc_auc", "pr_auc", "log_loss", "brier", "ece", "calibration_slope")
OFFER_METRICS = ("ndcg@10", "recall@10", "map@10", "coverage", "novelty")
OFFER_LISTS = ("blend", "buy_again", "item_item", "popularity")
OUTCOMES = ("clean", "rejected", "duplicate", "filtered", "suppressed")


def status(row: dict[str, Any], words: Words) -> View:
    """A badge and the reason in words."""
    return {
        "kind": row["status"],
        "name": words.term("status", row["status"]),
        "reason": words.reason(row["status_reason"]),
    }


def one_status(rows: Frame, words: Words) -> View | None:
    """The status of a table with one row a week; None before the first fit."""
    return status(rows.to_dict("records")[0], words) if len(rows) else None


def segmentation(data: ReportData, words: Words) -> View:
    """How the segments were chosen."""
    return {
        "status": one_status(data.segment_fit, words),
        "curves": pictures.k_curves(data.k_curve.to_dict("records"), words),
    }


def rules(data: ReportData, words: Words) -> View:
    """The strongest rules that are neither redundant nor chance."""
    titles = dict(zip(data.title["product_id"], data.title["title"], strict=True))
    kept = data.rule[
        (~data.rule["is_redundant"].astype(bool))
        & (data.rule["q_value"] < SIGNIFICANT)
        & (data.rule["lift"] > 1)
    ]
    kept = kept.sort_values(
        ["lift", "baskets", "antecedent", "consequent"], ascending=[False, False, True, True]
    )
    highest = float(kept["lift"].max()) if len(kept) else 1.0
    shown = [
        {
            "if": [titles.get(item, item) for item in row["antecedent"].split(ITEM_SEPARATOR)],
            "then": titles.get(row["consequent"], row["consequent"]),
            "baskets": words.number(row["baskets"]),
            "confidence": words.percent(row["confidence"]),
            "lift": f"{row['lift']:.1f}×",
            "meter": charts.meter(row["lift"] / highest, words.text("lift")),
        }
        for row in kept.head(RULES).to_dict("records")
    ]
    left = words.text("rules_left", shown=words.number(len(shown)), all=words.number(len(data.rule)))
    return {"status": one_status(data.rule_fit, words), "rows": shown, "left": left}


def propensities(data: ReportData, words: Words) -> list[View]:
    """One block per target: status, comparison with the baselines, lift and calibration."""
    return [_propensity(data, row, words) for row in data.model.sort_values("target").to_dict("records")]


def _propensity(data: ReportData, row: dict[str, Any], words: Words) -> View:
    target = row["target"]
    tested = data.evaluation[(data.evaluation["target"] == target) & (data.evaluation["sample"] == "test")]
    table = tested.pivot_table(index="algorithm", columns="metric", values="value", sort=False, dropna=False)
    in_force = row["algorithm"] if isinstance(row["algorithm"], str) else None
    if "roc_auc" in table.columns:
        table = table.sort_values(["roc_auc"], ascending=False)
    lines = [
        {
            "name": words.term("algorithm", str(algorithm)),
            "is_champion": algorithm == in_force,
            "auc": charts.meter(
                2 * (optional(values.get("roc_auc")) or 0.5) - 1,
                words.text(
                    "auc_tip",
                    name=words.term("algorithm", str(algorithm)),
                    value=words.number(optional(values.get("roc_auc")), 3),
                ),
            ),
            "values": [words.number(optional(values.get(metric)), 3) for metric in PROPENSITY_METRICS],
        }
        for algorithm, values in table.iterrows()
    ]
    facts = []
    if in_force:
        facts.append(words.text("algorithm_in_force", name=words.term("algorithm", in_force)))
    if row["train_rows"]:
        facts.append(
            words.text(
                "trained_on",
                rows=words.number(row["train_rows"]),
                positives=words.number(row["train_positives"]),
            )
        )
    if not pd.isna(row["test_as_of"]):
        facts.append(words.text("tested_on", day=words.date(as_day(row["test_as_of"]))))
    deciles = data.lift[data.lift["target"] == target].sort_values("decile").to_dict("records")
    return {
        "name": words.term("target", target),
        "status": status(row, words),
        "facts": facts,
        "metrics": [words.term("metric", metric) for metric in PROPENSITY_METRICS],
        "lines": lines,
        "lift": pictures.lift_columns(deciles, words) if deciles else None,
        "calibration": pictures.calibration_points(deciles, words) if deciles else None,
    }


def offers(data: ReportData, words: Words) -> View:
    """How good the offers are, beside the simple lists."""
    table = data.recommender_evaluation.pivot_table(
        index="algorithm", columns="metric", values="value", sort=False
    )
    row = data.recommender.to_dict("records")[0] if len(data.recommender) else None
    best = row["algorithm"] if row and isinstance(row["algorithm"], str) else None
    judged = int(data.recommender_evaluation["customers"].max()) if len(data.recommender_evaluation) else 0
    return {
        "status": one_status(data.recommender, words),
        "first": words.text("offers_first", name=words.term("algorithm", best)) if best else None,
        "judged": words.text("offers_judged", count=words.number(judged)) if judged else None,
        "metrics": [words.term("metric", metric) for metric in OFFER_METRICS],
        "lines": [
            {
                "name": words.term("algorithm", name),
                "is_champion": name == best,
                "values": [
                    words.number(optional(table.loc[name].get(metric)), 2 if metric == "novelty" else 3)
                    for metric in OFFER_METRICS
                ],
            }
            for name in OFFER_LISTS
            if name in table.index
        ],
    }


def quality(data: ReportData, words: Words) -> View:
    """The ledger by source, and by reason over time."""
    columns = ["records_in", *OUTCOMES, "rejected_files"]
    total: Frame = data.ledger.groupby("source")[columns].sum() if len(data.ledger) else pd.DataFrame()
    sources = []
    for source, row in total.sort_index().iterrows():
        off = int(row["records_in"] - sum(int(row[name]) for name in OUTCOMES))
        sources.append(
            {
                "name": words.term("source", str(source)),
                "values": [words.number(row[name]) for name in columns],
                "balance": words.text("balanced")
                if off == 0
                else words.text("unbalanced", count=words.number(off)),
                "is_balanced": off == 0,
            }
        )
    return {
        "sources": sources,
        "days": _records_by_day(data, words),
        "reasons": _reasons(data, words) if len(data.reason) else [],
        "chart": _rejected_chart(data, words) if len(data.ledger) and data.ledger["rejected"].sum() else None,
    }


def _records_by_day(data: ReportData, words: Words) -> list[View]:
    """Records of the last days of each source: clean, rejected, other."""
    if data.ledger.empty:
        return []
    days = pd.date_range(end=pd.Timestamp(data.as_of), periods=LEDGER_DAYS, freq="D")
    rows = data.ledger.assign(day=pd.to_datetime(data.ledger["day"]))
    shown = []
    for source, own in rows.groupby("source"):
        daily = own.groupby("day")[["records_in", "clean", "rejected"]].sum().reindex(days, fill_value=0)
        if daily["records_in"].sum():
            name = words.term("source", str(source))
            rows_of_day = daily.rename_axis("day").reset_index().to_dict("records")
            shown.append({"name": name, "chart": pictures.ledger_columns(rows_of_day, name, words)})
    return shown


def _weeks(days: Frame, last: object, count: int) -> pd.DatetimeIndex:
    """All Mondays up to the week of `last`, at most `count`."""
    first, end = week_starts(days).min(), week_starts(pd.Series([last])).iloc[0]
    return pd.date_range(first, end, freq="7D")[-count:]


def _reasons(data: ReportData, words: Words) -> list[View]:
    frame = data.reason.assign(week=week_starts(data.reason["day"]))
    weeks = _weeks(data.ledger["day"] if len(data.ledger) else data.reason["day"], data.as_of, SPARK_WEEKS)
    keys = ["source", "outcome", "reason"]
    total = frame.groupby(keys)["records"].sum().reset_index()
    total = total.sort_values(["records", *keys], ascending=[False, True, True, True])
    weekly = frame.pivot_table("records", index=keys, columns="week", aggfunc="sum", fill_value=0)
    weekly = weekly.reindex(columns=weeks, fill_value=0)
    shown = []
    for source, outcome, reason, records in total.itertuples(index=False, name=None):
        counts = weekly.loc[(source, outcome, reason)]
        name = words.term("code", reason)
        shown.append(
            {
                "source": words.term("source", source),
                "outcome": words.term("outcome", outcome),
                "reason": name,
                "code": reason,
                "records": words.number(records),
                "spark": charts.spark([float(count) for count in counts], name),
            }
        )
    return shown


def _rejected_chart(data: ReportData, words: Words) -> str:
    weekly = data.ledger.assign(week=week_starts(data.ledger["day"])).groupby("week")["rejected"].sum()
    weekly = weekly.reindex(_weeks(data.ledger["day"], data.as_of, SPARK_WEEKS), fill_value=0)
    bars, month = [], None
    for week, count in weekly.items():
        day = as_day(week)
        label = words.month(day) if day.month != month else ""
        month = day.month
        tip = words.text("count_tip", day=words.date(day), count=words.number(count))
        bars.append(charts.Bar(float(count), label, tip))
    marks = charts.ticks(max(bar.value for bar in bars))
    return charts.columns(
        bars, words.text("rejected_by_week"), [words.number(mark) for mark in marks], width=WIDE
    )
