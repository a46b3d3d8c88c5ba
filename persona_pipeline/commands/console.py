"""What commands print: one console, one way to show a table and a failure.

Not here: any decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

console = Console(soft_wrap=True)
errors = Console(stderr=True, soft_wrap=True)


class CommandError(Exception):
    """A command that cannot go on; the message is one line, `code` the exit code."""

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(message)
        self.code = code


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows as a table; numbers to the right."""
    table = Table(title=title, title_justify="left", header_style="bold", show_edge=False)
    material = [list(row) for row in rows]
    for index, name in enumerate(columns):
        numeric = material and all(isinstance(row[index], int | float) for row in material)
        # what a row is called is never broken, or nobody could look for it
        table.add_column(name, justify="right" if numeric else "left", no_wrap=index == 0)
    for row in material:
        table.add_row(*(_cell(value) for value in row))
    console.print(table)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.3f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
