"""Where an app loses time against the bench: a recording and a comparison in, causes out."""

from __future__ import annotations

from edgesmith_runtime.explaining.cause import Cause, Reason
from edgesmith_runtime.explaining.explanation import Explanation
from edgesmith_runtime.explaining.finding import explain

__all__ = ["explain", "Cause", "Explanation", "Reason"]
