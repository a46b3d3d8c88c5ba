"""Folders that all worker processes of pytest share, each made by the first that asks."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock


def made_once(folder: Path, name: str, make: Callable[[Path], object]) -> Path:
    """The folder of that name; the first worker process that asks makes it, the others wait.

    Tests read it or copy it.
    """
    with FileLock(folder / f"{name}.lock"):
        if not (folder / f"{name}.made").exists():
            shutil.rmtree(folder / name, ignore_errors=True)
            make(folder / name)
            (folder / f"{name}.made").touch()
    return folder / name
