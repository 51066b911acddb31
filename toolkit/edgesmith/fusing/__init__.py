"""Numeric steps of a transform inside a model, for apps that are not in Python.

Each step that a graph can do is said once more in TensorFlow, with the constants of the runtime's
own op, and the whole is converted as any Keras model is. That both give the same is proven on the
samples of every build that fuses.
"""

from __future__ import annotations

from edgesmith.fusing.fused_model import FusedModel, fused_model

__all__ = ["FusedModel", "fused_model"]
