"""Lists the files of a source and finds one again by its recorded name.

Here: patterns, folders, symbolic links, names of ranges. Not here: what the files hold.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from persona_pipeline.sources.failure import SourceError
from persona_pipeline.sources.source import Source

logger = logging.getLogger(__name__)
RANGE = re.compile(r"(?P<path>.+)#(?P<begin>[0-9]+)-(?P<end>[0-9]+)", re.DOTALL)
DAY = r"(?P<day>\d{4}-\d{2}-\d{2}|\d{8})"


@dataclass(frozen=True, slots=True)
class Found:
    """A file of a source: its recorded name, where it is, and the day its name speaks of, if any."""

    source: str
    path: str
    file: Path
    path_day: dt.date | None
    first_line: int = 1  # of a range of a growing file; its path ends with #begin-end


def declared_root(source: Source, project_directory: Path) -> Path:
    """The folder outside which no file of this source is read: the fixed part of its pattern."""
    parts = PurePosixPath(source.path).parts
    fixed: list[str] = []
    for part in parts[:-1]:
        if "{day}" in part or "*" in part:
            break
        fixed.append(part)
    return project_directory.joinpath(*fixed) if fixed else project_directory


def locate(source: Source, project_directory: Path, path: str) -> Path:
    """The file of a recorded name.

    Relative to the project folder, or to the declared root if that lies elsewhere.
    """
    root = declared_root(source, project_directory)
    base = project_directory if _inside(root, project_directory) else root
    match = RANGE.fullmatch(path) if source.growing else None
    return base / (match["path"] if match else path)


def range_of(source: Source, path: str) -> tuple[int, int] | None:
    """The bytes, from begin to before end, that a recorded name of a growing file speaks of."""
    match = RANGE.fullmatch(path) if source.growing else None
    return (int(match["begin"]), int(match["end"])) if match else None


def list_files(name: str, source: Source, project_directory: Path) -> list[Found]:
    """The files that match a source's pattern now, in order of their name.

    Symbolic links below the declared root are not followed; each is logged. A missing folder is an empty one.

    Raises:
        SourceError: a file named without {day} and * is not there.
    """
    root = declared_root(source, project_directory)
    base = project_directory if _inside(root, project_directory) else root
    if "{day}" not in source.path and "*" not in source.path:
        return [
            Found(name, _single(name, source, base, project_directory), project_directory / source.path, None)
        ]
    pattern = _regex(PurePosixPath(source.path), root, project_directory)
    found = []
    for folder, _, files in os.walk(root, followlinks=False):
        for file_name in files:
            file = Path(folder, file_name)
            match = pattern.fullmatch(file.relative_to(root).as_posix())
            if match is None:
                continue
            if file.is_symlink():
                logger.warning("source %s: %s is a symbolic link and was not read", name, file_name)
                continue
            day = _day(match.groupdict().get("day"))
            if "day" not in pattern.groupindex or day is not None:
                found.append(Found(name, file.relative_to(base).as_posix(), file, day))
    return sorted(found, key=lambda each: each.path)


def _single(name: str, source: Source, base: Path, project_directory: Path) -> str:
    file = project_directory / source.path
    if not file.is_file():
        raise SourceError(
            f"source {name}: expected the file {source.path}, found none; put it there or correct path"
        )
    if not Path(source.path).is_absolute() and not _inside(file.resolve(), project_directory.resolve()):
        raise SourceError(
            f"source {name}: {source.path} leads out of the project folder; give its absolute path instead"
        )
    return file.relative_to(base).as_posix()


def _inside(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents


def _regex(pattern: PurePosixPath, root: Path, project_directory: Path) -> re.Pattern[str]:
    relative = (project_directory / pattern).relative_to(root).as_posix()
    text = re.escape(relative).replace(r"\{day\}", DAY).replace(r"\*", "[^/]*")
    return re.compile(text)


def _day(text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
