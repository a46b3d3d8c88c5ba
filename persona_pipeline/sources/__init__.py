"""Bytes to records.

List files, verify them, decide when they were known, split them. Not here: what a value means.
"""
