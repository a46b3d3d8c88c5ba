"""What the stores of a project hold now: closed days, the ledger, personas, layers.

Here: questions with small answers, for the command line, and notes on runs. Not here: printing, and anything
that writes tables.
"""

import datetime as dt
import json
from typing import Any

from persona_pipeline.contracts import LAKE_TABLES, behaviour, clean, models
from persona_pipeline.defs.shop import Shop
from persona_pipeline.settings import Settings

AMENDMENTS = "amendment.jsonl"
RANGE = "unfinished_range.json"


def closed_days(settings: Settings) -> set[dt.date]:
    """Days whose ledger row is committed."""
    shop = Shop(settings)
    relation = shop.lake.read(clean.FILE_LEDGER, None, None)
    if not relation.paths:
        return set()
    with shop.embedded() as engine:
        return set(
            engine.fetch("SELECT DISTINCT day FROM ledger", {"ledger": relation}).column("day").to_pylist()
        )


def closed_through(settings: Settings) -> dt.date | None:
    """The last closed day, or None before the first run."""
    return max(closed_days(settings), default=None)


def unfinished_range(settings: Settings) -> tuple[dt.date, dt.date] | None:
    """First and last day of a range that began and did not end; its weekly models may be missing."""
    try:
        text = (settings.path(settings.storage.lake) / RANGE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    first, last = (dt.date.fromisoformat(day) for day in json.loads(text))
    return first, last


def begin_range(settings: Settings, first: dt.date, last: dt.date) -> None:
    """Keep that these days are being run; together with what did not end before."""
    before = unfinished_range(settings) or (first, last)
    file = settings.path(settings.storage.lake) / RANGE
    file.parent.mkdir(parents=True, exist_ok=True)
    whole = file.with_suffix(".tmp")
    whole.write_text(
        json.dumps([min(first, before[0]).isoformat(), max(last, before[1]).isoformat()]), encoding="utf-8"
    )
    whole.replace(file)


def end_range(settings: Settings, last: dt.date) -> None:
    """Forget the range, unless it goes on after `last`."""
    found = unfinished_range(settings)
    if found is not None and found[1] <= last:
        (settings.path(settings.storage.lake) / RANGE).unlink()


def ledger_summary(settings: Settings) -> list[list[Any]]:
    """Per source: records in and what became of them."""
    shop = Shop(settings)
    with shop.embedded() as engine:
        found = engine.fetch(
            "SELECT source, CAST(sum(records_in) AS BIGINT) AS records_in, "
            "CAST(sum(clean) AS BIGINT) AS clean, "
            "CAST(sum(rejected) AS BIGINT) AS rejected, CAST(sum(duplicate) AS BIGINT) AS duplicate, "
            "CAST(sum(filtered) AS BIGINT) AS filtered, CAST(sum(suppressed) AS BIGINT) AS suppressed "
            "FROM ledger GROUP BY source ORDER BY source",
            {"ledger": shop.lake.read(clean.FILE_LEDGER, None, None)},
        )
    return [list(row.values()) for row in found.to_pylist()]


def newest_personas(settings: Settings, language: str) -> tuple[dt.date | None, list[list[Any]]]:
    """The personas of the newest snapshot, largest first."""
    shop = Shop(settings)
    name, summary = ("name_zh", "summary_zh") if language == "zh" else ("name_en", "summary_en")
    with shop.embedded() as engine:
        found = engine.fetch(
            f"SELECT day, segment_key, {name} AS name, customers, share, sales_share_365d, "
            f"mean_buy_probability, mean_churn_probability, {summary} AS summary FROM persona "
            "WHERE day = (SELECT max(day) FROM persona) ORDER BY customers DESC, segment_key",
            {"persona": shop.lake.read(models.PERSONA, None, None)},
        ).to_pylist()
    return (found[0]["day"] if found else None), [list(row.values())[1:] for row in found]


def layers(settings: Settings) -> list[dict[str, Any]]:
    """Per table of the lake: days present, first, last, rows."""
    shop = Shop(settings)
    rows = []
    with shop.embedded() as engine:
        for name, table in LAKE_TABLES.items():
            relation = shop.lake.read(table, None, None)
            if not relation.paths:
                rows.append({"table": name, "days": 0, "first": None, "last": None, "rows": 0})
                continue
            found = engine.fetch(
                "SELECT count(DISTINCT day) AS days, min(day) AS first, max(day) AS last, count(*) AS rows "
                "FROM t",
                {"t": relation},
            ).to_pylist()[0]
            rows.append({"table": name, **found})
    return rows


def unbalanced_files(settings: Settings) -> int:
    """Files whose ledger does not add up; always 0, or something is broken."""
    shop = Shop(settings)
    with shop.embedded() as engine:
        found = engine.fetch(
            "SELECT count(*) AS files FROM ledger "
            "WHERE records_in <> clean + rejected + duplicate + filtered + suppressed",
            {"ledger": shop.lake.read(clean.FILE_LEDGER, None, None)},
        )
    return found.column("files")[0].as_py()


def record_amendment(settings: Settings, day: dt.date, run_id: str) -> None:
    """Keep that a closed day was reopened, with the versions of the facts of later days.

    Those days are stale from now on.
    """
    later = [other for other in sorted(closed_days(settings)) if other > day]
    versions = Shop(settings).lake.versions(behaviour.ORDER_DAY, later)
    line = {
        "day": day.isoformat(),
        "run_id": run_id,
        "facts": {d.isoformat(): v for d, v in versions.items()},
    }
    with (settings.path(settings.storage.lake) / AMENDMENTS).open("a", encoding="utf-8") as handle:
        handle.write(json.dumps(line) + "\n")


def stale_days(settings: Settings) -> list[dt.date]:
    """Days that were not run again since a day before them was amended."""
    file = settings.path(settings.storage.lake) / AMENDMENTS
    if not file.exists():
        return []
    amended: dict[dt.date, int] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        for day, version in json.loads(line)["facts"].items():
            amended[dt.date.fromisoformat(day)] = version
    now = Shop(settings).lake.versions(behaviour.ORDER_DAY, amended)
    return sorted(day for day, version in amended.items() if now.get(day, 0) <= version)


def profile_of(settings: Settings, customer_id: str, as_of: dt.date | None) -> dict[str, Any] | None:
    """One customer's profile, tags and offers on the newest day not after `as_of`."""
    shop = Shop(settings)
    with shop.embedded() as engine:
        profile = shop.lake.read(models.CUSTOMER_PROFILE, None, as_of)
        found = engine.fetch(
            "SELECT * FROM profile WHERE customer_id = $customer_id ORDER BY day DESC LIMIT 1",
            {"profile": profile},
            {"customer_id": customer_id},
        ).to_pylist()
        if not found:
            return None
        day = found[0]["day"]
        parameters = {"customer_id": customer_id}
        tags = engine.fetch(
            "SELECT tag FROM tag WHERE customer_id = $customer_id ORDER BY tag",
            {"tag": shop.lake.read(models.CUSTOMER_TAG, day, day)},
            parameters,
        )
        offers = engine.fetch(
            "SELECT rank, product_id, algorithm FROM offer WHERE customer_id = $customer_id ORDER BY rank",
            {"offer": shop.lake.read(models.RECOMMENDATION, day, day)},
            parameters,
        )
    return {**found[0], "tags": tags.column("tag").to_pylist(), "offers": offers.to_pylist()}
