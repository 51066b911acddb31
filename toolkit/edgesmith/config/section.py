"""What every section of the configuration shares: frozen, no surplus keys, paths that interpolate."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    ValidationInfo,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ConfigPath", "Section"]


class Section(BaseModel):
    """A table of the TOML: frozen once read; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    def refuse_idle(self, keys: Iterable[str], what: str) -> None:
        """Refuse a key that stands in the TOML and does nothing there; defaults are no fault.

        Args:
            keys: That another key makes idle.
            what: What they are for, and what stands in their way.

        Raises:
            ValueError: Names the key and the cure.
        """
        for key in keys:
            if key in self.model_fields_set:
                raise ValueError(f"{key}: {what}; leave it out")


def _interpolated(value: object) -> object:
    """``${NAME}`` from the environment; an unset name is an error that says so."""
    if not isinstance(value, str):
        return value

    def from_environment(match: re.Match[str]) -> str:
        name = match[1]
        if name not in os.environ:
            raise ValueError(
                f"'{value}' needs the environment variable {name}, which is not set; "
                f"set it: export {name}=..."
            )
        return os.environ[name]

    return re.sub(r"\$\{(\w+)\}", from_environment, value)


def _anchored(path: Path, info: ValidationInfo) -> Path:
    """A relative path starts at the folder of the TOML, wherever the command runs."""
    context: dict[str, Path] = info.context or {}
    return context.get("folder", Path()) / path


ConfigPath = Annotated[
    Path,
    BeforeValidator(_interpolated),
    AfterValidator(_anchored),
    # A bundle holds its configuration, and the same one gives the same bytes on every machine.
    PlainSerializer(lambda path: path.name, return_type=str, when_used="json"),
]
