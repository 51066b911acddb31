"""Models in the HDF5 files of Keras 1 and 2, brought to what Keras 3 loads."""

from __future__ import annotations

from edgesmith.reference.legacy.h5 import load_h5

__all__ = ["load_h5"]
