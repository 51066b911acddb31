"""An artifact of a bundle, opened and called as an app does it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.measuring.lane import Lane, Opened
from edgesmith_runtime.bench.measuring.timing import RawCalls
from edgesmith_runtime.bench.subject import SubjectKind
from edgesmith_runtime.loading import load
from edgesmith_runtime.settings import Engine

if TYPE_CHECKING:
    from edgesmith_runtime.bench.measuring.exchange import Request
    from edgesmith_runtime.bench.measuring.samples import Tensors
    from edgesmith_runtime.model import Model

__all__ = ["open_artifact"]


def open_artifact(request: Request, imported_ns: int) -> Opened:
    """Load the artifact of the bundle that the request names, in the engine that it names.

    What was tuned is loaded as an app does it, by the choice that is recorded on this host.

    Args:
        request: What to open.
        imported_ns: When its engine was imported.

    Raises:
        EdgesmithError: The bundle, or the engine that the artifact needs, cannot be loaded.
    """
    start_ns = time.perf_counter_ns()
    model = _loaded(request)
    loaded_ns = time.perf_counter_ns()
    names = [spec.name for spec in model.signature.inputs]
    lane = Lane(
        name=request.name,
        prepare=lambda tensors: {name: tensors[name] for name in names},
        call=model.run,
        outputs=_as_they_are,
        raw=None if request.raws is None else _raw_calls(model, Path(request.raws)),
    )
    return Opened(
        lanes=(lane,),
        import_ns=imported_ns - request.spawned_ns,
        load_ns=loaded_ns - start_ns,
        versions=_versions(request.engine),
    )


def _loaded(request: Request) -> Model:
    if request.kind is SubjectKind.TUNED:
        return load(request.model)
    return load(
        request.model,
        artifact=request.artifact,
        engine=request.engine,
        n_threads=request.n_threads,
    )


def _raw_calls(model: Model, folder: Path) -> RawCalls:
    from edgesmith_runtime.bench.measuring.raws import read_raws
    from edgesmith_runtime.golden import has_golden

    def check() -> None:
        if has_golden(model.bundle):
            model.selftest()

    return RawCalls(
        raws=read_raws(folder), check=check, predict=model.predict, record=model.record
    )


def _versions(engine: Engine | None) -> dict[str, str]:
    """Of an engine whose version the host's description lacks."""
    if engine is not Engine.OPENVINO:
        return {}
    from importlib import metadata

    return {"openvino": metadata.version("openvino")}


def _as_they_are(outputs: Tensors) -> Tensors:
    return outputs
