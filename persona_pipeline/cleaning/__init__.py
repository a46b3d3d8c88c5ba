"""Records to clean tables: types, rules, repeats, corrections, and the ledger. Not here: how bytes become records."""
