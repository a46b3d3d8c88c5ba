"""Bytes to records: list files, verify them, decide when they were known, split them. Not here: what a value means."""
