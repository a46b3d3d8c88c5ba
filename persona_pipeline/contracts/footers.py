"""What the footer of a Parquet file tells of a column, so that nobody has to read its values.

Here: nulls, bounds and allowed values by the statistics of row groups. Not here: the check of values that
were read (validation).
"""

from __future__ import annotations

from decimal import Decimal

import pyarrow.parquet as pq

from persona_pipeline.contracts.column import Column, Type

# whose least and greatest value a footer tells; NaN has no place in their order
BOUNDED = (Type.INTEGER, Type.DECIMAL, Type.RATE)
LONGEST_WORD = 64  # writers may cut the text of a statistic, but none cuts one this short


def holds_by_footer(column: Column, at: int, footer: pq.FileMetaData) -> bool:
    """Whether every value of a column keeps its contract, as far as the statistics of all row groups tell.

    Args:
        column: the column of the contract. Keys and days are another matter.
        at: its position in the file.
        footer: of the file.

    Returns:
        False where a value breaks the contract, and also where the footer tells too little.
    """
    groups = [footer.row_group(group).column(at).statistics for group in range(footer.num_row_groups)]
    return all(found is not None and _holds(column, found) for found in groups)


def _holds(column: Column, found: pq.Statistics) -> bool:
    """Whether one row group keeps the contract: its nulls, its allowed values, its bounds."""
    if not found.has_null_count or (found.null_count and not column.nullable) or column.type is Type.DOUBLE:
        return False
    if column.minimum is None and column.maximum is None and column.allowed is None:
        return True
    return found.has_min_max and _allowed(column, found) and _within(column, found)


def _allowed(column: Column, found: pq.Statistics) -> bool:
    """Whether there is but one value, and it is allowed; what lies between two of them is not told."""
    if column.allowed is None:
        return True
    return found.min == found.max and found.min in column.allowed and len(found.min) <= LONGEST_WORD


def _within(column: Column, found: pq.Statistics) -> bool:
    """Whether the least and the greatest value lie within the bounds."""
    if column.minimum is None and column.maximum is None:
        return True
    return (
        column.type in BOUNDED
        and (column.minimum is None or found.min >= Decimal(str(column.minimum)))
        and (column.maximum is None or found.max <= Decimal(str(column.maximum)))
    )
