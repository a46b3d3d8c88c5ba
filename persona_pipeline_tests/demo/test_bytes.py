"""The same seed gives the same bytes, whatever the memory; another seed gives another shop."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from persona_pipeline.demo import generate
from persona_pipeline.demo.population import BLOCK


def contents(directory: Path) -> dict[str, str]:
    """Hash of every file below a folder."""
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def small(
    directory: Path, *, seed: int = 3, batch_customers: int = 100_000, customers: int = 150
) -> dict[str, str]:
    """A shop of a few weeks."""
    generate(directory, customers=customers, days=24, seed=seed, batch_customers=batch_customers)
    return contents(directory)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    assert small(tmp_path / "a") == small(tmp_path / "b")


def test_another_seed_gives_another_shop(tmp_path: Path) -> None:
    first, second = small(tmp_path / "a"), small(tmp_path / "b", seed=4)
    same = {name for name in first.keys() & second.keys() if first[name] == second[name]}
    assert same == set()


def test_the_size_of_a_batch_changes_no_byte(tmp_path: Path) -> None:
    customers = BLOCK + 500
    assert small(tmp_path / "a", customers=customers, batch_customers=1) == small(
        tmp_path / "b", customers=customers
    )


def test_scratch_files_are_gone(tmp_path: Path) -> None:
    small(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "truth"]


def test_a_folder_that_holds_files_is_refused(tmp_path: Path) -> None:
    small(tmp_path)
    with pytest.raises(FileExistsError, match="already holds files"):
        generate(tmp_path, customers=10, days=7)


@pytest.mark.parametrize(("customers", "days", "seed"), [(0, 10, 1), (10, 0, 1), (10, 10, -1)])
def test_impossible_sizes_are_refused(tmp_path: Path, customers: int, days: int, seed: int) -> None:
    with pytest.raises(ValueError, match="got"):
        generate(tmp_path, customers=customers, days=days, seed=seed)


@pytest.mark.parametrize(("customers", "days"), [(1, 1), (3, 6), (20, 15)])
def test_tiny_shops_are_whole(tmp_path: Path, customers: int, days: int) -> None:
    summary = generate(tmp_path, customers=customers, days=days)
    assert summary.customers == customers
    assert (tmp_path / "truth" / "dirt.json").exists()
