"""A small shop in a lake, made once, and the weekly fits over it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from persona_pipeline.lake.model_store import FileModelStore
from persona_pipeline.propensity import Target, standard_target
from persona_pipeline_tests.propensity.shop import START, Lake, Shop, fill_lake, make_shop

SUNDAY = START + dt.timedelta(days=209)  # 3 August 2025


@pytest.fixture(scope="session")
def shop() -> Shop:
    return make_shop(1_500, 300)


@pytest.fixture(scope="session")
def shop_lake(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("shop"))
    fill_lake(shop, lake, SUNDAY)
    return lake


@pytest.fixture
def lake(shop_lake: Lake) -> Lake:
    """A copy that a test may write into."""
    return Lake(shop_lake.folder, dict(shop_lake.files))


@pytest.fixture
def store(tmp_path: Path) -> FileModelStore:
    return FileModelStore(tmp_path / "models")


@pytest.fixture
def buy() -> Target:
    return standard_target("buy_30d", "order", 30)
