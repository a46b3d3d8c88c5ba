"""What can go wrong with a warehouse, as one clear line without passwords or personal values."""

from __future__ import annotations


class WarehouseError(Exception):
    """The warehouse cannot be reached, or refuses what it is asked."""


class StalePublisher(WarehouseError):
    """Somebody else moved the pointer since this publisher read it; nothing was written."""


class WarehouseBusy(WarehouseError):
    """A reader holds what a change of tables or views needs; trying again helps."""
