"""Lines of text files as Arrow columns, chunk by chunk: no line is lost, joined or swallowed.

A chunk of bytes becomes a column by the places of its line ends, so that no parser can misread a quote.
Lines that cannot be text (encoding, length) are named and left empty. Not here: what a line says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from persona_pipeline.sources.lines import LINE_LIMIT

CHUNK = 8 << 20  # larger blocks of memory go back to the system when freed, and cost more to get than to fill
BATCH = 16_384  # rows a thread of the engine takes at once


@dataclass(frozen=True, slots=True)
class LogLines:
    """Lines in order: columns `line` (from 1) and `text`; `bad` maps their numbers to reasons.

    `fields` says what the lines hold, where the file itself does (W3C logs).
    """

    table: pa.Table
    bad: dict[int, str]
    fields: str = ""

    @property
    def count(self) -> int:
        """Physical lines."""
        return self.table.num_rows


def log_lines(blocks: Iterable[bytes], encoding: str, first_line: int = 1) -> Iterator[LogLines]:
    """Lines of a decompressed file, in order and bounded memory.

    Args:
        blocks: its bytes.
        encoding: their encoding. Lines that do not decode are `bad_encoding`, lines over 1 MB
            `line_too_long`.
        first_line: number of the first one.
    """
    number = first_line
    for chunk in _whole_lines(blocks):
        lines = _columns(chunk, encoding, number)
        number += lines.count
        yield lines


def _whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Chunks that end with a line end (or with the file). Of an over-long line only its beginning is kept."""
    waiting: list[bytes] = []
    size = open_since = 0  # bytes that wait, and those of them after the last line end
    for arrived in blocks:
        block = arrived
        if open_since > LINE_LIMIT:  # enough to see that the line is too long; its rest is not kept
            cut = block.find(b"\n")
            if cut < 0:
                continue
            block = block[cut:]
        cut = block.rfind(b"\n") + 1
        open_since = len(block) - cut if cut else open_since + len(block)
        size += len(block)
        if cut and size >= CHUNK:
            yield b"".join([*waiting, block[:cut]])
            waiting, size = [block[cut:]], open_since
        else:
            waiting.append(block)
    rest = b"".join(waiting)
    if rest:
        yield rest


def _columns(chunk: bytes, encoding: str, number: int) -> LogLines:
    bad: dict[int, str] = {}
    if not chunk.endswith(b"\n"):
        chunk += b"\n"
    if not (encoding == "utf-8" and chunk.isascii()):
        text = _text(chunk, encoding)
        chunk = text if text is not None else _line_by_line(chunk, encoding, number, bad)
    data = np.frombuffer(chunk, np.uint8)
    ends = np.flatnonzero(data == ord("\n"))
    starts = np.concatenate([[0], ends[:-1] + 1])
    too_long = np.flatnonzero(ends - starts > LINE_LIMIT)
    if len(too_long):
        bad |= {number + int(at): "line_too_long" for at in too_long}
        lines = chunk.split(b"\n")
        for at in too_long:
            lines[at] = b""
        chunk = b"\n".join(lines)
        ends = np.flatnonzero(np.frombuffer(chunk, np.uint8) == ord("\n"))
    offsets = np.concatenate([[0], ends + 1]).astype(np.int32)
    text = pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(chunk))
    numbers = pa.array(np.arange(number, number + len(ends), dtype=np.int64))
    table = pa.table({"line": numbers, "text": text})
    return LogLines(pa.Table.from_batches(table.to_batches(max_chunksize=BATCH)), bad)


def _line_by_line(chunk: bytes, encoding: str, number: int, bad: dict[int, str]) -> bytes:
    """The chunk in UTF-8 with the lines that do not decode left empty."""
    lines = chunk.split(b"\n")
    for at, line in enumerate(lines):
        text = _text(line, encoding)
        if text is None:
            bad[number + at] = "line_too_long" if len(line) > LINE_LIMIT else "bad_encoding"
        lines[at] = text or b""
    return b"\n".join(lines)


def _text(chunk: bytes, encoding: str) -> bytes | None:
    try:
        text = chunk.decode(encoding)
    except UnicodeDecodeError:
        return None
    return chunk if encoding == "utf-8" else text.encode()
