"""Stored models as bytes that depend on nothing but the model.

skops names the parts of its archive by memory address and stamps them with the time of day; both are
replaced, so that equal fits have equal hashes. The result is an ordinary skops file. Not here: which types
may be loaded (the room that stores the model says that).
"""

from __future__ import annotations

import io
import json
import zipfile

ZIP_TIME = (1980, 1, 1, 0, 0, 0)
SCHEMA = "schema.json"


def canonical(content: bytes) -> bytes:
    """The same archive with ids and files numbered in the order they stand in, and a fixed time stamp."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        schema = json.loads(archive.read(SCHEMA))
        ids: dict[int, int] = {}
        files: dict[str, str] = {}
        _number(schema, ids, files)
        parts = {new: archive.read(old) for old, new in files.items()}
    parts[SCHEMA] = json.dumps(schema).encode()  # with an indent, json falls back to its slow encoder
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as archive:
        for name, part in parts.items():
            archive.writestr(zipfile.ZipInfo(name, ZIP_TIME), part, zipfile.ZIP_DEFLATED, 6)
    return result.getvalue()


def _number(node: object, ids: dict[int, int], files: dict[str, str]) -> None:
    """Renumber a schema in place; an id that stands twice (a shared part) stays one."""
    if isinstance(node, list):
        for item in node:
            _number(item, ids, files)
    elif isinstance(node, dict):
        if isinstance(node.get("__id__"), int):
            node["__id__"] = ids.setdefault(node["__id__"], len(ids) + 1)
        if isinstance(node.get("file"), str):
            file = node["file"]
            node["file"] = files.setdefault(file, f"{len(files)}{file[file.rfind('.') :]}")
        for key, item in node.items():
            if key not in ("__id__", "file"):
                _number(item, ids, files)
