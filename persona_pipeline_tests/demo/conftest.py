"""One generated shop for all tests of the demo: 2,000 customers are enough to see every planted effect."""

from __future__ import annotations

from pathlib import Path

import pytest

from persona_pipeline.demo import Truth, generate, load_truth
from persona_pipeline_tests.once import made_once


@pytest.fixture(scope="session")
def shop(shared_folder: Path) -> Path:
    """A project folder with raw files and truth; read only."""
    return made_once(shared_folder, "planted", generate)


@pytest.fixture(scope="session")
def truth(shop: Path) -> Truth:
    """The planted truth of the shop."""
    return load_truth(shop)
