"""Contracts as Dagster sees them.

Here: asset specs with schema, owner and grain, and the metadata of a materialisation. Not here: partitions
and the assets themselves.
"""

from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from persona_pipeline.contracts import Table


def asset_key(table: Table) -> dg.AssetKey:
    """`layer/name`."""
    return dg.AssetKey([table.layer, table.name])


def table_spec(
    table: Table,
    partitions_def: dg.PartitionsDefinition,
    deps: Sequence[dg.AssetDep | Table],
    *,
    snapshot: bool = False,
) -> dg.AssetSpec:
    """The asset of one table of the lake, described by its contract.

    Args:
        table: the contract.
        partitions_def: daily or weekly.
        deps: what it reads.
        snapshot: a run over a range may leave out days (see `commit.reported`).
    """
    return dg.AssetSpec(
        key=asset_key(table),
        deps=[dg.AssetDep(asset_key(dep)) if isinstance(dep, Table) else dep for dep in deps],
        group_name=table.layer,
        description=f"{table.description}\n\nGrain: {table.grain}.",
        owners=[table.owner],
        kinds={"deltalake", "duckdb"},
        tags={"persona/cadence": "weekly" if table.weekly else "daily"},
        metadata={
            "dagster/column_schema": column_schema(table),
            "grain": table.grain,
            "key": ", ".join(table.key),
        },
        partitions_def=partitions_def,
        skippable=snapshot,
    )


def column_schema(table: Table) -> dg.TableSchema:
    """Columns with type, description, nullability, sensitivity and, of features, a tag for each purpose."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=column.type.value,
                description=column.description,
                constraints=dg.TableColumnConstraints(
                    nullable=column.nullable, unique=table.key == (column.name,)
                ),
                tags={"sensitivity": column.sensitivity.value}
                | {f"purpose/{purpose.value}": "" for purpose in column.purposes or ()},
            )
            for column in table.columns
        ]
    )


def column_lineage(pairs: Mapping[str, Iterable[tuple[Table, str]]]) -> dg.TableColumnLineage:
    """Which columns of which tables each column comes from."""
    return dg.TableColumnLineage(
        deps_by_column={
            name: [
                dg.TableColumnDep(asset_key=asset_key(table), column_name=column) for table, column in deps
            ]
            for name, deps in pairs.items()
        }
    )
