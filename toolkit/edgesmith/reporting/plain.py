"""Nouns as what JSON has: objects, lists, texts, finite numbers and null."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, cast

import numpy as np

__all__ = ["plain"]


def plain(value: object) -> Any:
    """The same in what JSON has; a number that is none becomes None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: plain(getattr(value, field.name)) for field in fields}
    if isinstance(value, Mapping):
        members = cast("Mapping[object, object]", value)
        return {str(key): plain(member) for key, member in members.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(cast("Any", value).tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in cast("list[object]", value)]
    return _leaf(value)


def _leaf(value: object) -> str | float | None:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, int) else str(value)
