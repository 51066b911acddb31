"""Whose build left its files in a folder, which bundles can share and then replace each other's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from edgesmith.packing.record import RECORD
from edgesmith_runtime.errors import BundleError
from edgesmith_runtime.fields import strict_json

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["recorded_name"]

_MAX_BYTES = 16 << 20  # that of a record, which lists every file of a build


def recorded_name(directory: Path) -> str | None:
    """The name of the bundle whose build left its files here; None where nothing tells it.

    Args:
        directory: A ``build`` directory, which may be empty or damaged.
    """
    record = directory / RECORD
    try:
        members = strict_json(record.read_bytes(), str(record), max_bytes=_MAX_BYTES)
    except (OSError, BundleError):
        return None
    name = cast("dict[str, Any]", members).get("name") if isinstance(members, dict) else None
    return name if isinstance(name, str) else None
