"""How a bundle runs fastest on this host: measured, recorded for ``load``, and forgotten again."""

from edgesmith_runtime.tuning.contest import Schedule
from edgesmith_runtime.tuning.laboratory import Effort
from edgesmith_runtime.tuning.recording import forget_choices
from edgesmith_runtime.tuning.search import tune
from edgesmith_runtime.tuning.standings import CopyTrial, Doubt, Standing, Tuning

__all__ = [
    "CopyTrial",
    "Doubt",
    "Effort",
    "Schedule",
    "Standing",
    "Tuning",
    "forget_choices",
    "tune",
]
