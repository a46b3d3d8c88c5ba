"""Time zones as tables that SQL can join: half-open stretches of time with one offset each.

Made with Python's zoneinfo, so that no engine needs time zone functions. Not here: any conversion.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pyarrow as pa

# naive on purpose: these tables hold wall clocks and UTC clocks side by side
FIRST, LAST = dt.datetime.min, dt.datetime.max.replace(microsecond=0)  # noqa: DTZ901
SCHEMA = pa.schema(
    [
        ("valid_from", pa.timestamp("us")),
        ("valid_to", pa.timestamp("us")),
        ("offset_seconds", pa.int64()),
        ("kind", pa.string()),
    ]
)


def transitions(zone: str, first: dt.date, last: dt.date) -> list[tuple[dt.datetime, int, int]]:
    """Changes of a zone's offset: (UTC moment, seconds before, seconds after), to the second."""
    info = zoneinfo.ZoneInfo(zone)

    def offset(moment: dt.datetime) -> int:
        value = moment.replace(tzinfo=dt.UTC).astimezone(info).utcoffset()
        return int(value.total_seconds()) if value is not None else 0

    found = []
    moment, end = dt.datetime.combine(first, dt.time()), dt.datetime.combine(last, dt.time())
    while moment < end:
        following = moment + dt.timedelta(days=1)
        if offset(moment) != offset(following):
            low, high = moment, following
            while high - low > dt.timedelta(seconds=1):
                middle = low + (high - low) // 2
                middle = middle.replace(microsecond=0)
                low, high = (middle, high) if offset(middle) == offset(moment) else (low, middle)
            found.append((high, offset(moment), offset(following)))
        moment = following
    return found


def utc_stretches(zone: str, first: dt.date, last: dt.date) -> pa.Table:
    """UTC time to offset: local time = UTC + offset_seconds."""
    rows, since = [], FIRST
    changes = transitions(zone, first, last)
    offset = changes[0][1] if changes else _offset(zone, first)
    for moment, _, after in changes:
        rows.append((since, moment, offset, "normal"))
        since, offset = moment, after
    return _table([*rows, (since, LAST, offset, "normal")])


def local_stretches(zone: str, first: dt.date, last: dt.date, *, later: bool = False) -> pa.Table:
    """Local time to offset: UTC = local time - offset_seconds.

    A time that the clocks skip (kind `gap`) is read with the offset before, so it moves forward. A time
    that comes
    twice (kind `overlap`) is the earlier one, or the later.
    """
    rows, since = [], FIRST
    changes = transitions(zone, first, last)
    offset = changes[0][1] if changes else _offset(zone, first)
    for moment, before, after in changes:
        begin = moment + dt.timedelta(seconds=min(before, after))
        end = moment + dt.timedelta(seconds=max(before, after))
        kind = "gap" if after > before else "overlap"
        rows += [
            (since, begin, offset, "normal"),
            (begin, end, after if later and kind == "overlap" else before, kind),
        ]
        since, offset = end, after
    return _table([*rows, (since, LAST, offset, "normal")])


def _offset(zone: str, day: dt.date) -> int:
    value = dt.datetime.combine(day, dt.time(), tzinfo=zoneinfo.ZoneInfo(zone)).utcoffset()
    return int(value.total_seconds()) if value is not None else 0


def _table(rows: list[tuple[dt.datetime, dt.datetime, int, str]]) -> pa.Table:
    columns = zip(*rows, strict=True)
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
    )
