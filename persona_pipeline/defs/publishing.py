"""What the publication and report assets call: the hold, the publication, the report.

Here: holding a night, before the write. Not here: what holds it (gates), how marts are written (warehouse).
"""

import datetime as dt
import getpass
from pathlib import Path
from typing import Any

import dagster as dg

from persona_pipeline.contracts.warehouse import readable_columns
from persona_pipeline.defs.gates import held, judge
from persona_pipeline.defs.maintenance import tidy
from persona_pipeline.defs.shop import Shop

MOST_REASONS = 3  # told in the one line of the failure; the checks tell all


class Held(Exception):
    """The night stays unpublished until somebody releases it."""


def publish_day(shop: Shop, as_of: dt.date, run_id: str, *, accepted: str | None) -> dict[str, Any]:
    """Publish the end of `as_of`; returns metadata for the Dagster event.

    Raises:
        Held: a gate found the day too unlike what is known, and nobody accepted that.
    """
    from persona_pipeline.warehouse import publish

    if not accepted:
        _hold_if_unusual(shop, as_of)
    with shop.engine() as engine:
        publication = publish(
            engine,
            shop.settings.warehouse_url,
            shop.lake.read,
            shop.lake.versions,
            shop.features,
            first=shop.start,
            as_of=as_of,
            run_id=run_id,
            published_at=dt.datetime.now(dt.UTC),
            currency=shop.settings.project.currency,
            key=shop.key,
            reason=accepted,
            accepted_by=getpass.getuser() if accepted else None,
        )
    return {
        "publication_id": publication.publication_id,
        "as_of": publication.as_of.isoformat(),
        **tidy(shop, publication.as_of),
        "dagster/row_count": sum(publication.rows.values()),
        "rows": dg.MetadataValue.json(publication.rows),
    }


def report_day(shop: Shop, day: dt.date) -> Path:
    """Write the persona report of `day` and return its path."""
    from persona_pipeline.reporting import collect, write_report
    from persona_pipeline.warehouse import current

    publication = current(shop.settings.warehouse_url)
    project = shop.settings.project
    with shop.engine() as engine:
        data = collect(
            engine,
            shop.lake.read,
            day,
            project=project.name,
            currency=project.currency,
            publication_id=publication.publication_id if publication else None,
            readable=[column.name for column in readable_columns(shop.features)],
            described=shop.described,
        )
    return write_report(shop.settings.path(shop.settings.storage.report), data, language=project.language)


def _hold_if_unusual(shop: Shop, day: dt.date) -> None:
    """Raise where a gate holds the day; a day that BI has gone past is history and not judged again."""
    from persona_pipeline.warehouse import publications

    newest = max((each.as_of for each in publications(shop.settings.warehouse_url)), default=day)
    if day < newest:
        return
    with shop.embedded() as engine:
        reasons = held(shop, judge(shop, engine, day))
    if not reasons:
        return
    more = f"; and {len(reasons) - MOST_REASONS} more" if len(reasons) > MOST_REASONS else ""
    told = "; ".join(f"{each.gate}: {each}" for each in reasons[:MOST_REASONS])
    raise Held(
        f"held, BI keeps the publication before: {told}{more}. If the day is right as it is, release it: "
        "persona publish --accept REASON"
    )
