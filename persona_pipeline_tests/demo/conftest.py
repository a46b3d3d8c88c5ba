"""One generated shop for all tests of the demo: 2,000 customers are enough to see every planted effect."""

from __future__ import annotations

from pathlib import Path

import pytest

from persona_pipeline.demo import Summary, Truth, generate, load_truth


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder with raw files and truth; read only."""
    return generated(tmp_path_factory.mktemp("shop")).directory


def generated(directory: Path) -> Summary:
    """The default shop."""
    return generate(directory)


@pytest.fixture(scope="session")
def truth(shop: Path) -> Truth:
    """The planted truth of the shop."""
    return load_truth(shop)
