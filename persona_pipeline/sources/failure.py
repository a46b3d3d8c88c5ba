"""Errors of this room.

Each says what was expected, what came and what to do. Not here: bad records, which are data.
"""


class SourceError(Exception):
    """A source cannot be used as it stands; nothing of it was loaded."""


class Unstable(Exception):
    """A file changed while it was read; it is left for the next run."""
