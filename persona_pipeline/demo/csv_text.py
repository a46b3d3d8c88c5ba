"""Tables as CSV lines, and CSV bytes broken on purpose.

Here: quoting, headers, byte-order marks, compression with fixed bytes. Not here: what the columns mean, and
files that are written as a stream (line_files.py).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
NEEDS_QUOTES = '[",\n]'
LEVEL = 6
GZIP = 31  # zlib's window bits for a gzip header and trailer; its header has no time and no name


def _quoted(text: pa.Array) -> pa.Array:
    doubled = pc.binary_join_element_wise('"', pc.replace_substring(text, '"', '""'), '"', "")
    return pc.if_else(pc.match_substring_regex(text, NEEDS_QUOTES), doubled, text)


def header(table: pa.Table) -> bytes:
    """The header line without its end."""
    return ",".join(table.column_names).encode()


def lines(table: pa.Table, *, quote: Sequence[str] = ()) -> list[bytes]:
    """One CSV line per row, without line ends; only columns in `quote` may need quotes."""
    columns = []
    for name in table.column_names:
        column = table.column(name).combine_chunks()
        text = column if pa.types.is_string(column.type) else pc.cast(column, pa.string())
        columns.append(_quoted(text) if name in quote else text)
    joined = pc.binary_join_element_wise(*columns, ",")
    return pc.cast(joined, pa.binary()).to_pylist()


def join(head: bytes, rows: list[bytes]) -> bytes:
    """A whole file: header, rows, a newline at the end."""
    return b"\n".join([head, *rows, b""])


def compress(content: bytes) -> bytes:
    """Gzip without a time stamp, so that equal content gives equal bytes."""
    return zlib.compress(content, LEVEL, GZIP)


def truncated(content: bytes) -> bytes:
    """Gzip that ends in the middle."""
    packed = compress(content)
    return packed[: len(packed) * 2 // 3]


def wrong_checksum(content: bytes) -> bytes:
    """Gzip whose stored CRC-32 is not that of its content."""
    packed = bytearray(compress(content))
    crc = (zlib.crc32(content) ^ 0x5A5A5A5A).to_bytes(4, "little")
    packed[-8:-4] = crc
    return bytes(packed)
