"""Bytes to physical lines in UTF-8: byte-order marks, declared encodings, over-long lines. In bounded memory.

Not here: delimiters, quotes, records.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

LINE_LIMIT = 1 << 20
GROUP = 8 << 20  # bytes of lines that are looked at together
# what no text holds: control characters but tab, line feed and carriage return, which are looked at apart
CONTROL = bytes(code for code in (*range(32), 127) if code not in b"\t\n\r")
CONTROL_IN_LINE = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


class FileRejected(Exception):
    """Nothing of this file may be loaded; `reason` is the public code."""

    def __init__(self, reason: str, note: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.note = note


@dataclass(slots=True)
class Lines:
    """Some consecutive lines of a file, without their ends, in UTF-8.

    `bad` maps positions to a reason: `bad_encoding`, `line_too_long` or `ctrl_char`. Such a line holds
    raw bytes. Lines of which none is bad are kept as one text, `content`, each ended by a line feed: most
    files never need them one by one.
    """

    given: list[bytes] | None = None
    bad: dict[int, str] = field(default_factory=dict)
    quoted: bool = False
    last: bool = False
    content: bytes = b""

    @property
    def lines(self) -> list[bytes]:
        """The lines one by one."""
        if self.given is None:
            self.given = self.content.split(b"\n")
            self.given.pop()
        return self.given


def read_lines(blocks: Iterable[bytes], encoding: str) -> Iterator[Lines]:
    """Cut blocks of bytes into lines; the last group is marked `last`.

    Args:
        blocks: the decompressed file.
        encoding: the encoding of the blocks.

    Raises:
        FileRejected: a UTF-16 file that does not decode.
    """
    tail, overlong = b"", False
    for arrived in blocks:
        block = arrived
        if overlong:
            # the rest of a line that is already over the limit
            cut = block.find(b"\n")
            if cut < 0:
                continue
            tail, block, overlong = tail + b"\n", block[cut + 1 :], False
        cut = block.rfind(b"\n")
        if cut < 0:
            tail += block
        else:
            yield _decoded(tail + block[: cut + 1], encoding)
            tail = block[cut + 1 :]
        if len(tail) > LINE_LIMIT and b"\n" not in tail:
            tail, overlong = tail[: LINE_LIMIT + 1], True
    yield _decoded(tail, encoding, last=True)


def gathered(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks of about `GROUP`."""
    waiting: list[bytes] = []
    size = 0
    for block in blocks:
        waiting.append(block)
        size += len(block)
        if size >= GROUP:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def without_mark(blocks: Iterable[bytes]) -> tuple[Iterator[bytes], str | None, str | None]:
    """Look at the start of a file: (blocks without the mark, encoding that the mark declares, note)."""
    iterator = iter(blocks)
    head = b""
    for block in iterator:
        head += block
        if len(head) >= len(codecs.BOM_UTF8):
            break
    if head.startswith(codecs.BOM_UTF8):
        return _chain(head[3:], iterator), "utf-8", "byte-order mark removed"
    for mark, encoding in UTF16.items():
        if head.startswith(mark):
            return _from_utf16(_chain(head[2:], iterator), encoding), "utf-8", f"decoded from {encoding}"
    return _chain(head, iterator), None, None


def _chain(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from rest


def _from_utf16(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        for block in blocks:
            yield decoder.decode(block).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError as error:
        raise FileRejected("bad_encoding", f"does not decode as {encoding}") from error


def _decoded(chunk: bytes, encoding: str, *, last: bool = False) -> Lines:
    """Lines of a chunk that ends with a line end (or with the file)."""
    bad: dict[int, str] = {}
    whole = _text(chunk, encoding)
    if whole is not None:
        content = _plain(whole)
        if content is not None:
            return Lines(None, bad, b'"' in content, last, content)
        chunk = whole
        lines = chunk.split(b"\n")
    else:
        lines = chunk.split(b"\n")
        for position, line in enumerate(lines):
            text = _text(line, encoding)
            if text is None:
                bad[position] = "bad_encoding"
            else:
                lines[position] = text
        chunk = b"\n".join(lines)
    if lines and lines[-1] == b"":
        lines.pop()
    if b"\r" in chunk:
        lines = [line.removesuffix(b"\r") for line in lines]
    _judge(lines, chunk, bad)
    return Lines(lines, bad, b'"' in chunk, last)


def _plain(text: bytes) -> bytes | None:
    """Lines ended by line feeds, or None where one of them may be too long or holds control characters."""
    if b"\r" in text:
        text = text.removesuffix(b"\r").replace(b"\r\n", b"\n")
        if b"\r" in text:
            return None
    if text and not text.endswith(b"\n"):
        text += b"\n"
    if _has_control(text):
        return None
    if len(text) > LINE_LIMIT:
        ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n"))
        if np.diff(ends, prepend=-1).max() > LINE_LIMIT:
            return None
    return text


def _judge(lines: list[bytes], chunk: bytes, bad: dict[int, str]) -> None:
    """Mark over-long lines and control characters; whole chunks without either cost one look."""
    if len(chunk) > LINE_LIMIT and lines and max(map(len, lines)) > LINE_LIMIT:
        for position, line in enumerate(lines):
            if len(line) > LINE_LIMIT:
                bad[position] = "line_too_long"
                lines[position] = b"?"
    if _has_control(chunk) or chunk.count(b"\r") != chunk.count(b"\r\n"):
        for position, line in enumerate(lines):
            if position not in bad and CONTROL_IN_LINE.search(line):
                bad[position] = "ctrl_char"


def _has_control(text: bytes) -> bool:
    """Whether a control character is in the text; deleting them is ten times as fast as searching."""
    return len(text.translate(None, CONTROL)) != len(text)


def _text(chunk: bytes, encoding: str) -> bytes | None:
    """The chunk in UTF-8, or None where it does not decode."""
    if encoding == "utf-8" and chunk.isascii():
        return chunk
    try:
        text = chunk.decode(encoding)
    except UnicodeDecodeError:
        return None
    return chunk if encoding == "utf-8" else text.encode()
