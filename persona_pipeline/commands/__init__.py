"""The commands of `persona`, one module per group; `cli.py` parses and dispatches."""
