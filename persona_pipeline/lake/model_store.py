"""Fitted models as immutable files named by their SHA-256.

Here: bytes in, bytes out, verified. Not here: what a model is, and which is in force (tables of the lake say
that).
"""

from __future__ import annotations

import hashlib
import os
import uuid
from pathlib import Path


class ModelCorrupted(Exception):
    """A stored model is missing or its content no longer has the hash it is named by."""


class FileModelStore:
    """A folder of files `<sha256>.skops`.

    A name never changes its content, so writers cannot disturb readers.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, content: bytes) -> str:
        """Store the bytes and return their SHA-256 in hex; storing the same bytes twice is one file."""
        sha256 = hashlib.sha256(content).hexdigest()
        target = self._path(sha256)
        if not target.exists():
            self._root.mkdir(parents=True, exist_ok=True)
            partial = self._root / f".{uuid.uuid4().hex}"
            with partial.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        return sha256

    def get(self, sha256: str) -> bytes:
        """The bytes of that hash.

        Raises:
            ModelCorrupted: the file is missing or was changed.
        """
        target = self._path(sha256)
        if not target.exists():
            raise ModelCorrupted(f"model {sha256[:12]} is not in {self._root}; run the weekly training again")
        content = target.read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ModelCorrupted(
                f"model {sha256[:12]} in {self._root} was changed; run the weekly training again"
            )
        return content

    def _path(self, sha256: str) -> Path:
        return self._root / f"{sha256}.skops"
