"""Engines run the project's SELECT statements; stages know `engine.protocol` and `engine.sql` only."""
