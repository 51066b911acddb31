"""The comparison of a bundle's artifacts with each other and with Keras, in fresh processes."""

from edgesmith_runtime.bench.comparison import Comparison, Figures, Load
from edgesmith_runtime.bench.phases import Phase, Series, Setting
from edgesmith_runtime.bench.plan import Plan
from edgesmith_runtime.bench.rounds import Progress, compare
from edgesmith_runtime.bench.subject import CallStyle, Round, Subject, SubjectKind

__all__ = [
    "CallStyle",
    "Comparison",
    "Figures",
    "Load",
    "Phase",
    "Plan",
    "Progress",
    "Round",
    "Series",
    "Setting",
    "Subject",
    "SubjectKind",
    "compare",
]
