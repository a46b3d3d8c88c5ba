"""Tables as CSV bytes, and CSV bytes broken on purpose.

Here: quoting, headers, byte-order marks, compression with fixed bytes. Not here: what the columns mean.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
ROWS_AT_ONCE = 100_000  # a day of a large shop is not held as text columns, lines and bytes at once
NEEDS_QUOTES = '[",\n]'


def _quoted(text: pa.Array) -> pa.Array:
    doubled = pc.binary_join_element_wise('"', pc.replace_substring(text, '"', '""'), '"', "")
    return pc.if_else(pc.match_substring_regex(text, NEEDS_QUOTES), doubled, text)


def header(table: pa.Table) -> bytes:
    """The header line without its end."""
    return ",".join(table.column_names).encode()


def lines(table: pa.Table, *, quote: Sequence[str] = ()) -> list[bytes]:
    """One CSV line per row, without line ends; only columns in `quote` may need quotes."""
    found: list[bytes] = []
    for start in range(0, table.num_rows, ROWS_AT_ONCE):
        part = table.slice(start, ROWS_AT_ONCE)
        columns = []
        for name in part.column_names:
            column = part.column(name).combine_chunks()
            text = column if pa.types.is_string(column.type) else pc.cast(column, pa.string())
            columns.append(_quoted(text) if name in quote else text)
        joined = pc.binary_join_element_wise(*columns, ",")
        found += pc.cast(joined, pa.binary()).to_pylist()
    return found


def join(head: bytes, rows: list[bytes]) -> bytes:
    """A whole file: header, rows, a newline at the end."""
    return b"\n".join([head, *rows, b""])


def compress(content: bytes) -> bytes:
    """Gzip without a time stamp, so that equal content gives equal bytes."""
    return gzip.compress(content, compresslevel=6, mtime=0)


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
