"""What the footer of a Parquet file tells of a column, so that nobody has to read its values.

Here: nulls, bounds and allowed values by the statistics of row groups. Not here: the check of values that were
read (validation).
"""

from __future__ import annotations

from decimal import Decimal

import pyarrow.parquet as pq

from persona_pipeline.contracts.column import Column, Type

# Whose least and greatest value stand in a footer as they are. NaN has no place in an order, and the text of a
# statistic may be cut, but not to less than the few letters of an allowed value.
BOUNDED = (Type.INTEGER, Type.DECIMAL, Type.RATE)
LONGEST_WORD = 64


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
    if not found.has_null_count or (found.null_count and not column.nullable):
        return False
    if column.type is Type.DOUBLE:
        return False
    if column.minimum is None and column.maximum is None and column.allowed is None:
        return True
    if not found.has_min_max:
        return False
    least, most = found.min, found.max
    if column.allowed is not None and not (
        least == most and least in column.allowed and len(str(least)) <= LONGEST_WORD
    ):
        return False
    if column.minimum is None and column.maximum is None:
        return True
    return (
        column.type in BOUNDED
        and (column.minimum is None or least >= Decimal(str(column.minimum)))
        and (column.maximum is None or most <= Decimal(str(column.maximum)))
    )
