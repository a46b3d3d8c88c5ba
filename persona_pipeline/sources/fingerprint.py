"""Verifies files before anything is read from them: gzip integrity, size, hash of the decompressed bytes.

Here: bytes and their hash, in bounded memory. Not here: text, records.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from persona_pipeline.engine.ahead import ahead
from persona_pipeline.sources.failure import Unstable
from persona_pipeline.sources.files import Found

logger = logging.getLogger(__name__)
BLOCK = 1 << 20
RATIO_LIMIT = 200
# below this a high ratio is harmless: short files of equal lines compress 1000-fold
RATIO_FREE = 64 << 20
GZIP_MAGIC = b"\x1f\x8b"


class GzipProblem(Exception):
    """A gzip file that must not be loaded; `reason` is the public code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is known of a file's content.

    Hash of the decompressed bytes (of the raw ones if they do not decompress).
    """

    sha256: str
    size: int
    lines: int
    problem: str | None = None


def decompressed(file: BinaryIO) -> Iterator[bytes]:
    """The content of a plain or gzip file in blocks; several gzip members follow one another.

    Raises:
        GzipProblem: truncated, wrong checksum, junk after the stream, or more than 200 times larger than
        the file.
    """
    head = file.read(BLOCK)
    if not head.startswith(GZIP_MAGIC):
        while head:
            yield head
            head = file.read(BLOCK)
        return
    size_in = size_out = 0
    inflate = zlib.decompressobj(wbits=31)
    started = False
    while head:
        size_in += len(head)
        while head:
            if inflate.eof:
                head = head.lstrip(b"\0")  # padding of tapes and blocks is no junk (gzip(1))
                if not head:
                    break
                if not head.startswith(GZIP_MAGIC[: len(head)]):
                    raise GzipProblem("gzip_trailing")
                inflate = zlib.decompressobj(wbits=31)
            started = True
            try:
                block = inflate.decompress(head, BLOCK)
            except zlib.error as error:
                raise GzipProblem("gzip_crc") from error
            head = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
            size_out += len(block)
            if size_out > RATIO_FREE and size_out > RATIO_LIMIT * size_in:
                raise GzipProblem("gzip_bomb")
            if block:
                yield block
        head = file.read(BLOCK)
    while started and not inflate.eof:
        block = inflate.decompress(b"", BLOCK)
        if not block:
            raise GzipProblem("gzip_truncated")
        yield block


def is_packed(file: Path) -> bool:
    """Whether a file is there and begins as gzip does."""
    if not file.is_file():
        return False
    with file.open("rb") as stream:
        return stream.read(len(GZIP_MAGIC)) == GZIP_MAGIC


def range_blocks(file: Path, begin: int, end: int) -> Iterator[bytes]:
    """The bytes of a file from begin to before end, in blocks; fewer where the file is shorter."""
    with file.open("rb") as stream:
        stream.seek(begin)
        left = end - begin
        while left and (block := stream.read(min(BLOCK, left))):
            yield block
            left -= len(block)


def range_fingerprint(file: Path, begin: int, end: int) -> Fingerprint:
    """What a range of a growing file holds; the rest of the file may grow meanwhile."""
    digest, size, lines = hashlib.sha256(), 0, 0
    for block in range_blocks(file, begin, end):
        digest.update(block)
        size += len(block)
        lines += block.count(b"\n")
    return Fingerprint(digest.hexdigest(), size, lines)


def fingerprint(file: Path) -> Fingerprint:
    """Read a file once and say what it is.

    Raises:
        Unstable: size or time of change differ before and after.
    """
    before = _state(file)
    digest, lines, last = hashlib.sha256(), 0, b"\n"
    problem = None
    with file.open("rb") as stream:
        try:
            for block in ahead(decompressed(stream)):  # unpacked beside hashing
                digest.update(block)
                lines += block.count(b"\n")
                last = block[-1:]
        except GzipProblem as error:
            problem = error.reason
            stream.seek(0)
            digest = hashlib.sha256()
            while block := stream.read(BLOCK):
                digest.update(block)
    if _state(file) != before:
        raise Unstable(str(file))
    return Fingerprint(digest.hexdigest(), before[0], lines + (last != b"\n"), problem)


def fingerprints(found: Iterable[Found], cache: Path | None = None) -> list[tuple[Found, Fingerprint]]:
    """The fingerprints of files; those that change while they are read are left out and logged.

    Args:
        found: the files.
        cache: a JSON file that remembers fingerprints by name, size and time of change, so that a night
        does not
            read the whole history again. Without it every file is read.
    """
    known: dict[str, dict[str, object]] = {}
    if cache is not None and cache.is_file():
        known = json.loads(cache.read_text(encoding="utf-8"))
    result, seen = [], {}
    for each in found:
        state = _state(each.file)
        name = f"{each.source}|{each.path}|{state[0]}|{state[1]}"
        try:
            mark = Fingerprint(**known[name]) if name in known else fingerprint(each.file)  # type: ignore[arg-type]
        except Unstable:
            logger.warning(
                "source %s: %s changed while it was read; left for the next run", each.source, each.path
            )
            continue
        seen[name] = asdict(mark)
        result.append((each, mark))
    if cache is not None and seen.keys() - known.keys():
        cache.parent.mkdir(parents=True, exist_ok=True)
        beside = cache.with_name(f"{cache.name}.{os.getpid()}")
        beside.write_text(json.dumps({**known, **seen}), encoding="utf-8")
        beside.replace(cache)
    return result


def _state(file: Path) -> tuple[int, int]:
    stat = file.stat()
    return stat.st_size, stat.st_mtime_ns
