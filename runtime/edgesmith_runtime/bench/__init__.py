"""The comparison of a bundle's artifacts with each other and with Keras, in fresh processes."""

from edgesmith_runtime.bench.comparison import (
    CallStyle,
    Comparison,
    Figures,
    Load,
    Round,
    Subject,
)
from edgesmith_runtime.bench.plan import Plan
from edgesmith_runtime.bench.rounds import Progress, compare

__all__ = [
    "CallStyle",
    "Comparison",
    "Figures",
    "Load",
    "Plan",
    "Progress",
    "Round",
    "Subject",
    "compare",
]
