"""A model file that another tool exported: the bare engine on its own bytes is the reference.

Nothing is converted here, and TensorFlow is not needed: an ``.onnx`` file becomes an ONNX
artifact and a ``.tflite`` file a TFLite one, the same model with our names for its axes and our
metadata.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from edgesmith.foreign.model import ForeignModel
from edgesmith.foreign.opening import is_foreign, open_foreign

if TYPE_CHECKING:
    from edgesmith.reference import Reference

__all__ = ["AnyReference", "ForeignModel", "is_foreign", "open_foreign"]

AnyReference: TypeAlias = "Reference | ForeignModel"  # what artifacts are compared with
