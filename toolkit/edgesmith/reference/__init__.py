"""A Keras model as the reference: its graph for the converters, its outputs to compare with.

This is the one place where Keras is the reference. The model is traced and run in the caller's
process, because only there its own classes exist: a copy that is reloaded from disk can have
other weights without an error.
"""

from __future__ import annotations

from edgesmith.reference.files import load_original, save
from edgesmith.reference.graph import FrozenGraph
from edgesmith.reference.inner import inner_layer
from edgesmith.reference.lifting import Lifted
from edgesmith.reference.patching import Patch
from edgesmith.reference.tracing import Reference, trace

__all__ = [
    "FrozenGraph",
    "Lifted",
    "Patch",
    "Reference",
    "inner_layer",
    "load_original",
    "save",
    "trace",
]
