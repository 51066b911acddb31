"""What a target refuses, by the layers that it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from edgesmith_runtime.errors import ConversionError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["RefusedError", "read_refusal", "refusal_path", "write_refusal"]


class RefusedError(ConversionError):
    """A conversion that failed at known places.

    Args:
        message: For people.
        reasons: Why, by the path of the layer; by the node where no layer made it.
    """

    def __init__(self, message: str, reasons: Mapping[str, str]) -> None:
        super().__init__(message)
        self.reasons = dict(reasons)


def refusal_path(result: Path) -> Path:
    """Where a child process that was to write a result leaves its refusal."""
    return result.with_suffix(".refused")


def write_refusal(error: RefusedError, path: Path) -> None:
    """Leave what a child process found, for its parent."""
    path.write_text(json.dumps(error.reasons), encoding="utf-8")


def read_refusal(message: str, path: Path) -> RefusedError | None:
    """What a child process left; None where it found no places."""
    if not path.is_file():
        return None
    return RefusedError(message, json.loads(path.read_text(encoding="utf-8")))
