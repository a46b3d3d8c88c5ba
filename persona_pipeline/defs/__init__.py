"""The only code that imports dagster: partitions, assets, checks, jobs, schedules and what launches runs."""
