"""Edgesmith: from raw data or a Keras model to a small, fast, verified model on a device.

Importing this package loads no framework; each public name brings its own when it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgesmith.config import Config
    from edgesmith.config.reading import load_config
    from edgesmith.core import (
        Account,
        Candidate,
        Choice,
        Dataset,
        Prepared,
        Progress,
        Provenance,
        Report,
        Split,
    )
    from edgesmith.findings import Fate, Finding, Findings, check
    from edgesmith.optimizing import optimize
    from edgesmith.pipeline import BuildResult, build, convert, export
    from edgesmith.recipe import Recipe, Target

__all__ = [
    "Account",
    "BuildResult",
    "Candidate",
    "Choice",
    "Config",
    "Dataset",
    "Fate",
    "Finding",
    "Findings",
    "Prepared",
    "Progress",
    "Provenance",
    "Recipe",
    "Report",
    "Split",
    "Target",
    "build",
    "check",
    "convert",
    "export",
    "load_config",
    "optimize",
]

_HOMES = {
    "Config": "edgesmith.config",
    "load_config": "edgesmith.config.reading",
    **dict.fromkeys(("Fate", "Finding", "Findings", "check"), "edgesmith.findings"),
    **dict.fromkeys(("Recipe", "Target"), "edgesmith.recipe"),
    "optimize": "edgesmith.optimizing",
    **dict.fromkeys(("BuildResult", "build", "convert", "export"), "edgesmith.pipeline"),
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'edgesmith' has no attribute '{name}'")
    return getattr(import_module(_HOMES.get(name, "edgesmith.core")), name)
