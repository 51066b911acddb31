"""An artifact of a bundle, opened and called as an app does it."""

from __future__ import annotations

import importlib
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.lane import Lane, Opened
from edgesmith_runtime.loading import load

if TYPE_CHECKING:
    from edgesmith_runtime.bench.exchange import Request
    from edgesmith_runtime.bench.samples import Tensors

__all__ = ["open_artifact"]


def open_artifact(request: Request, file: str) -> Opened:
    """Load one artifact of the bundle that the request names.

    Raises:
        EdgesmithError: The bundle, or the engine that the artifact needs, cannot be loaded.
    """
    with suppress(ImportError):  # load() says it better
        importlib.import_module(f"edgesmith_runtime.runners.{Path(file).suffix[1:]}")
    imported_ns = time.perf_counter_ns()
    model = load(request.model, artifact=file, n_threads=request.n_threads)
    loaded_ns = time.perf_counter_ns()
    names = [spec.name for spec in model.signature.inputs]
    lane = Lane(
        name=file,
        prepare=lambda tensors: {name: tensors[name] for name in names},
        call=model.run,
        outputs=_as_they_are,
    )
    return Opened(
        lanes=(lane,),
        import_ns=imported_ns - request.spawned_ns,
        load_ns=loaded_ns - imported_ns,
        versions={},
    )


def _as_they_are(outputs: Tensors) -> Tensors:
    return outputs
