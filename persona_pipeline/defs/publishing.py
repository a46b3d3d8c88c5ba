"""What the publication and report assets call: the hold, the publication, the report.

Here: the decision to hold a night, made before the write. Not here: how marts are written (warehouse).
"""

import datetime as dt
import getpass
from pathlib import Path
from typing import Any

import dagster as dg

from persona_pipeline.contracts import clean
from persona_pipeline.defs.maintenance import tidy
from persona_pipeline.defs.shop import Shop

REJECT_SHARE = 0.01
SMALLEST = 1_000  # records over which a share of rejects is evidence: 1 % of fewer is under ten records


class Held(Exception):
    """The night stays unpublished until somebody releases it."""


def publish_day(shop: Shop, as_of: dt.date, run_id: str, *, accepted: str | None) -> dict[str, Any]:
    """Publish the end of `as_of`; returns metadata for the Dagster event.

    Raises:
        Held: too many records of the night were rejected and nobody accepted that.
    """
    from persona_pipeline.warehouse import publish

    with shop.engine() as engine:
        if not accepted:
            _hold_if_bad(shop, engine, as_of)
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
        )
    return write_report(shop.settings.path(shop.settings.storage.report), data, language=project.language)


def _hold_if_bad(shop: Shop, engine, as_of: dt.date) -> None:  # noqa: ANN001 - the engine's module is heavy
    found = engine.fetch(
        "SELECT source, CAST(sum(records_in) AS BIGINT) AS records_in, "
        "CAST(sum(rejected) AS BIGINT) AS rejected FROM ledger GROUP BY source ORDER BY source",
        {"ledger": shop.lake.read(clean.FILE_LEDGER, as_of, as_of)},
    )
    for row in found.to_pylist():
        if row["records_in"] >= SMALLEST and row["rejected"] > REJECT_SHARE * row["records_in"]:
            raise Held(
                f"source {row['source']}: {row['rejected']:,} of {row['records_in']:,} records of {as_of} "
                f"were rejected, more than {REJECT_SHARE:.0%}; look at clean.reject, then release it with: "
                "persona publish --accept REASON"
            )
