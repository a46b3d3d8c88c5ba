"""The published warehouse: star schema and marts in any database that SQLAlchemy reaches."""

from __future__ import annotations

from persona_pipeline.warehouse.connect import open_database, server_version
from persona_pipeline.warehouse.errors import StalePublisher, WarehouseError
from persona_pipeline.warehouse.pointer import Publication, current, publications, rollback
from persona_pipeline.warehouse.publish import publish
from persona_pipeline.warehouse.retention import delete_old
from persona_pipeline.warehouse.schema import ensure_schema

__all__ = [
    "Publication",
    "StalePublisher",
    "WarehouseError",
    "current",
    "delete_old",
    "ensure_schema",
    "open_database",
    "publications",
    "publish",
    "rollback",
    "server_version",
]
