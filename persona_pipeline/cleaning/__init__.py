"""Records to clean tables.

Types, rules, repeats, corrections, and the ledger. Not here: how bytes become records.
"""
