"""Tells the generator of the reference that the runtime's ``record`` makes dataclasses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from griffe import ExprCall, ExprName, Extension

if TYPE_CHECKING:
    from griffe import Class

__all__ = ["Records"]


class Records(Extension):
    """Reads ``@record(...)`` as ``@dataclass(...)``, whose fields are its arguments."""

    def on_class_instance(self, *, cls: Class, **_rest: object) -> None:
        """One class, as it is met."""
        for decorator in cls.decorators:
            is_record = decorator.callable_path == "edgesmith_runtime.records.record"
            if is_record and isinstance(decorator.value, ExprCall):
                decorator.value.function = ExprName("dataclasses.dataclass")
