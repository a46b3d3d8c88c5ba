"""The lake: Delta tables, read by window of days and replaced by day, and the store of fitted models."""
