"""What a killed run left in the scratch folders goes after a day; a running one keeps its own."""

from __future__ import annotations

import datetime as dt
import os
import time
from pathlib import Path

from persona_pipeline.defs.maintenance import tidy
from persona_pipeline.defs.shop import Shop
from persona_pipeline.settings import Settings


def folder(shop: Shop, name: str, *, hours: int) -> Path:
    made = shop.settings.path(name)
    made.mkdir(parents=True)
    (made / "records.parquet").write_bytes(b"somebody")
    written = time.time() - hours * 3600
    os.utime(made, (written, written))
    return made


def test_leftovers_of_killed_runs_go(project: Settings) -> None:
    shop = Shop(project)
    old = [
        folder(shop, f"data/{name}", hours=25)
        for name in ("scratch/engine-1", "scratch/spill-1", "split/split-1")
    ]
    kept = [
        folder(shop, f"data/{name}", hours=hours)
        for name, hours in (("scratch/engine-2", 1), ("split/history", 99))
    ]
    assert tidy(shop, dt.date(2025, 1, 6))["scratch_folders_deleted"] == 3
    assert [each.exists() for each in (*old, *kept)] == [False, False, False, True, True]
