# pyarrow ships no types and makes most of its names in compiled code: a type checker cannot see them
from typing import Any

def __getattr__(name: str) -> Any: ...
