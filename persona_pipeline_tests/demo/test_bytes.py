"""The same seed gives the same bytes, whatever the memory; another seed gives another shop."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from persona_pipeline.cli import _parser
from persona_pipeline.demo import generate
from persona_pipeline.demo.file_rows import CHUNK_ROWS
from persona_pipeline.demo.population import BLOCK
from persona_pipeline.demo.spill import BATCH_ROWS
from persona_pipeline.demo.web_strangers import STRANGERS


def contents(directory: Path) -> dict[str, str]:
    """Hash of every file below a folder."""
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def small(
    directory: Path,
    *,
    seed: int = 3,
    customers: int = 150,
    strangers: float = STRANGERS,
    batch_rows: int = BATCH_ROWS,
    chunk_rows: int = CHUNK_ROWS,
) -> dict[str, str]:
    """A shop of a few weeks."""
    generate(
        directory,
        customers=customers,
        days=24,
        seed=seed,
        strangers=strangers,
        batch_rows=batch_rows,
        chunk_rows=chunk_rows,
    )
    return contents(directory)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    assert small(tmp_path / "a") == small(tmp_path / "b")


def test_another_seed_gives_another_shop(tmp_path: Path) -> None:
    first, second = small(tmp_path / "a"), small(tmp_path / "b", seed=4)
    same = {name for name in first.keys() & second.keys() if first[name] == second[name]}
    assert same == set()


@pytest.mark.parametrize(
    ("customers", "batch_rows", "chunk_rows"),
    [(BLOCK + 500, 1, 10_000_000), (BLOCK + 500, 10_000_000, 400), (150, 1, 3)],
)
def test_rows_in_memory_change_no_byte(
    tmp_path: Path, customers: int, batch_rows: int, chunk_rows: int
) -> None:
    usual = small(tmp_path / "a", customers=customers)
    assert usual == small(tmp_path / "b", customers=customers, batch_rows=batch_rows, chunk_rows=chunk_rows)


def test_strangers_fill_the_logs_and_nothing_else(tmp_path: Path) -> None:
    usual, none, many = (small(tmp_path / str(share), strangers=share) for share in (STRANGERS, 0.0, 10.0))
    of_them = {"truth/dirt.json", *(name for name in usual if name.startswith("data/raw/web/access_"))}
    assert {name: usual[name] for name in usual.keys() - of_them} == {
        name: many[name] for name in many.keys() - of_them
    }
    assert usual.keys() - of_them == none.keys() - of_them
    sizes = [
        sum(path.stat().st_size for path in (tmp_path / str(share) / "data/raw/web").iterdir())
        for share in (0.0, STRANGERS, 10.0)
    ]
    assert sizes == sorted(sizes)
    assert sizes[2] > 3 * sizes[1]


@pytest.mark.parametrize("strangers", [-0.1, float("nan"), float("inf")])
def test_impossible_strangers_are_refused(tmp_path: Path, strangers: float) -> None:
    with pytest.raises(ValueError, match="must be 0 or more; got"):
        small(tmp_path, strangers=strangers)


def test_the_command_line_writes_the_same_shop() -> None:
    options = _parser().parse_args(["generate", "shop"])
    assert options.strangers == STRANGERS


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
