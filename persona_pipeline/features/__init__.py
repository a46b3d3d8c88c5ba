"""Facts, features and labels: what each customer did, as it was known on each day.

Here: order and basket facts, the feature catalogue and its compiler, snapshots, labels. Not here: models.
"""
