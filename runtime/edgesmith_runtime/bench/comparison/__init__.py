"""What was measured, as a result: its samples, the figures that follow, and how they are told."""

from edgesmith_runtime.bench.comparison.comparison import Comparison, Load
from edgesmith_runtime.bench.comparison.course import Course
from edgesmith_runtime.bench.comparison.figures import Figures, Percentiles

__all__ = ["Comparison", "Course", "Figures", "Load", "Percentiles"]
