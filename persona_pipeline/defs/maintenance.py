"""What is kept: daily snapshots for 35 days, those of Sundays for ever; files no commit refers to for a day.

Unreferenced files and what a killed run left in scratch folders hold personal data, so they do not stay.
Months that are over become one file each in the tables whose whole history a night reads.
Not here: the warehouse, which deletes its own old rows.
"""

import datetime as dt
import shutil
import time

from persona_pipeline.contracts import LAKE_TABLES, activity, behaviour, clean, identity, models
from persona_pipeline.contracts.calendar import SUNDAY
from persona_pipeline.defs.shop import Shop

KEPT_DAYS = 35
UNREFERENCED_HOURS = 24
SCRATCH = {"data/scratch": ("engine-", "spill-"), "data/split": ("split-",)}
SNAPSHOTS = (
    behaviour.FEATURES,
    behaviour.STATISTIC,
    models.MEMBERSHIP,
    models.PREDICTION,
    models.RECOMMENDATION,
    models.CUSTOMER_PROFILE,
    models.CUSTOMER_TAG,
    models.PERSONA,
    models.PERSONA_NEED,
)
READ_WHOLE = (
    *(clean.ARRIVAL, clean.FILE_LEDGER, clean.LEDGER_REASON),
    *(clean.CUSTOMER, clean.PRODUCT, clean.EXCHANGE_RATE, clean.IDENTIFIER),
    *(identity.EDGE, behaviour.MAP, behaviour.ORDER_DAY, behaviour.REFUND, behaviour.BASKET_ITEM),
    *activity.TABLES,
)


def tidy(shop: Shop, as_of: dt.date) -> dict[str, int]:
    """Drop what is no longer kept on `as_of`, compact months; returns how many days and files that were."""
    lake, dropped, deleted, now = shop.lake, 0, 0, time.time()
    last = as_of - dt.timedelta(days=KEPT_DAYS)
    days = [shop.start + dt.timedelta(days=n) for n in range((last - shop.start).days + 1)]
    for table in SNAPSHOTS:
        present = set(lake.days(table))
        old = [day for day in days if day.weekday() != SUNDAY and day in present]
        if old:
            lake.replace(lake.output(table), old, [])
            dropped += len(old)
    for table in LAKE_TABLES.values():
        deleted += lake.vacuum(table, now, hours=UNREFERENCED_HOURS)
    with shop.embedded() as engine:
        compacted = sum(lake.compact(engine, table, as_of) for table in READ_WHOLE)
    return {
        "months_compacted": compacted,
        "snapshot_days_dropped": dropped,
        "files_deleted": deleted,
        "scratch_folders_deleted": _sweep(shop),
    }


def _sweep(shop: Shop) -> int:
    """Delete scratch folders that nobody wrote to for a day: their run was killed."""
    before, swept = time.time() - UNREFERENCED_HOURS * 3600, 0
    for place, names in SCRATCH.items():
        for folder in shop.settings.path(place).glob("*/"):
            if folder.name.startswith(names) and folder.stat().st_mtime < before:
                shutil.rmtree(folder)
                swept += 1
    return swept
