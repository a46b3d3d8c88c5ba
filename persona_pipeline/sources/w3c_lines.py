"""Lines of W3C extended logs (IIS): directives out, every other line with the #Fields that it stands under.

Directives are no records; they are counted. The fields may change within a file. Source:
w3.org/TR/WD-logfile.html. Not here: what a field means (log_format.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from persona_pipeline.sources.lines import FileRejected
from persona_pipeline.sources.log_lines import LogLines

_FIELDS = "#Fields:"
# A server names its fields when it starts and when its settings change. Each layout takes a statement of its
# own, so that a file made of thousands would hold a night up for minutes.
LAYOUTS = 50


def _with_blanks(lines: LogLines) -> LogLines:
    """Lines with blanks for the tabs that some servers (CloudFront) put between fields."""
    text = lines.table["text"]
    if not pc.any(pc.match_substring(text, "\t")).as_py():  # type: ignore[attr-defined]
        return lines
    blanks = pc.replace_substring(text, "\t", " ")  # type: ignore[attr-defined]
    return replace(
        lines, table=lines.table.set_column(lines.table.column_names.index("text"), "text", blanks)
    )


class Directives:
    """The directives of one file, in the order of its lines.

    Attributes:
        count: how many there were.
        used: the #Fields that lines stood under; empty where lines came before the first.
    """

    def __init__(self) -> None:
        self.count = 0
        self.used: dict[str, None] = {}
        self._fields = ""
        self._named: set[str] = set()

    def without(self, groups: Iterable[LogLines]) -> Iterator[LogLines]:
        """The lines between directives: one group for each run of them under the same fields, or several.

        Raises:
            FileRejected: `too_many_fields`, more than `LAYOUTS` different #Fields.
        """
        for each in groups:
            group = _with_blanks(each)
            starts = pc.starts_with(group.table["text"], "#")  # type: ignore[attr-defined]
            found = np.flatnonzero(starts.to_numpy())
            self.count += len(found)
            parts = self._cut(group, found) if len(found) else [replace(group, fields=self._fields)]
            for part in parts:
                self.used[part.fields] = None
                yield part

    def _cut(self, group: LogLines, found: np.ndarray) -> Iterator[LogLines]:
        """Lines of a group, together where they stand under equal fields."""
        numbers = {self._fields: 0}
        under = np.zeros(group.count, np.int32)
        begin = 0
        for at in found.tolist():
            under[begin:at] = numbers[self._fields]
            under[at] = -1
            begin = at + 1
            text = group.table["text"][at].as_py()
            if text.startswith(_FIELDS):
                self._fields = " ".join(text.removeprefix(_FIELDS).split())
                self._named.add(self._fields)
                if len(self._named) > LAYOUTS:
                    raise FileRejected(
                        "too_many_fields",
                        f"more than {LAYOUTS} different #Fields lines; one is expected, or a few where the "
                        "server's settings changed",
                    )
                numbers.setdefault(self._fields, len(numbers))
        under[begin:] = numbers[self._fields]
        for fields, number in numbers.items():
            table = group.table.filter(pa.array(under == number))
            if table.num_rows:
                lines = set(table["line"].to_pylist()) if group.bad else set()
                bad = {line: reason for line, reason in group.bad.items() if line in lines}
                yield LogLines(table, bad, fields)
