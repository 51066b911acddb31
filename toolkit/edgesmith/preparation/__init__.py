"""Raw samples to tensors: rows dropped, splits made, the transform fitted, its values cached."""

from __future__ import annotations

from edgesmith.preparation.preparing import prepare

__all__ = ["prepare"]
