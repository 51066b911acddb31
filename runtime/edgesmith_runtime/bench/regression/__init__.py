"""Whether a later comparison is slower than an earlier one, within limits, and as a text."""

from edgesmith_runtime.bench.regression.gaps import Gap
from edgesmith_runtime.bench.regression.likeness import circumstances_told, unlike
from edgesmith_runtime.bench.regression.limits import Limit, parse_limit
from edgesmith_runtime.bench.regression.regression import Change, Regression, compare_documents
from edgesmith_runtime.bench.regression.table import render_regression

__all__ = [
    "Change",
    "Gap",
    "Limit",
    "Regression",
    "circumstances_told",
    "compare_documents",
    "parse_limit",
    "render_regression",
    "unlike",
]
