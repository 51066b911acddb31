"""Load an Edgesmith bundle and turn raw inputs into predictions, with numpy and onnxruntime.

Importing this package loads nothing; each public name brings its module when it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgesmith_runtime.batcher import Batcher
    from edgesmith_runtime.bundle import Artifact, Bundle, read_bundle
    from edgesmith_runtime.decoding import Prediction
    from edgesmith_runtime.errors import (
        BackendError,
        BundleError,
        DeadlineError,
        EdgesmithError,
        InputError,
        NonFiniteWarning,
        PortabilityWarning,
        RollbackWarning,
        SealError,
        SelfTestError,
        SignatureError,
        TransformError,
        TuningWarning,
        WriteError,
    )
    from edgesmith_runtime.explaining import Explanation, explain
    from edgesmith_runtime.host import Host, available_threads, this_host
    from edgesmith_runtime.latency import Measurement, measure
    from edgesmith_runtime.loading import load
    from edgesmith_runtime.manifest import Manifest
    from edgesmith_runtime.model import Model
    from edgesmith_runtime.recorded import Recording
    from edgesmith_runtime.recording import Recorder
    from edgesmith_runtime.runners import Runner, open_runner
    from edgesmith_runtime.selftest import SelfTestResult
    from edgesmith_runtime.slot import Slot
    from edgesmith_runtime.spec import Format, Precision, Signature, TensorSpec
    from edgesmith_runtime.threads import set_thread_budget
    from edgesmith_runtime.transforms import Transform
    from edgesmith_runtime.tuning import Tuning, tune

__all__ = [
    # verbs
    "available_threads",
    "explain",
    "load",
    "measure",
    "open_runner",
    "read_bundle",
    "set_thread_budget",
    "this_host",
    "tune",
    # nouns
    "Artifact",
    "Batcher",
    "Bundle",
    "Explanation",
    "Format",
    "Host",
    "Manifest",
    "Measurement",
    "Model",
    "Precision",
    "Prediction",
    "Recorder",
    "Recording",
    "Runner",
    "SelfTestResult",
    "Signature",
    "Slot",
    "TensorSpec",
    "Transform",
    "Tuning",
    # errors
    "BackendError",
    "BundleError",
    "DeadlineError",
    "EdgesmithError",
    "InputError",
    "NonFiniteWarning",
    "PortabilityWarning",
    "RollbackWarning",
    "SealError",
    "SelfTestError",
    "SignatureError",
    "TransformError",
    "TuningWarning",
    "WriteError",
]

_HOMES = {
    "Batcher": "batcher",
    **dict.fromkeys(("Artifact", "Bundle", "read_bundle"), "bundle"),
    "Prediction": "decoding",
    **dict.fromkeys(
        (
            "BackendError",
            "BundleError",
            "DeadlineError",
            "EdgesmithError",
            "InputError",
            "NonFiniteWarning",
            "PortabilityWarning",
            "RollbackWarning",
            "SealError",
            "SelfTestError",
            "SignatureError",
            "TransformError",
            "TuningWarning",
            "WriteError",
        ),
        "errors",
    ),
    **dict.fromkeys(("Explanation", "explain"), "explaining"),
    **dict.fromkeys(("Host", "available_threads", "this_host"), "host"),
    **dict.fromkeys(("Measurement", "measure"), "latency"),
    "load": "loading",
    "Manifest": "manifest",
    "Model": "model",
    "Recording": "recorded",
    "Recorder": "recording",
    **dict.fromkeys(("Runner", "open_runner"), "runners"),
    "SelfTestResult": "selftest",
    "Slot": "slot",
    **dict.fromkeys(("Format", "Precision", "Signature", "TensorSpec"), "spec"),
    "set_thread_budget": "threads",
    "Transform": "transforms",
    **dict.fromkeys(("Tuning", "tune"), "tuning"),
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'edgesmith_runtime' has no attribute '{name}'")
    found: object = getattr(import_module(f"edgesmith_runtime.{_HOMES[name]}"), name)
    globals()[name] = found  # the next use finds it without coming here
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
