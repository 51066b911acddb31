"""What goes into every subject of a comparison, and what must come out of each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.bench.measuring.samples import Tensors, take_rows
from edgesmith_runtime.errors import BundleError, InputError
from edgesmith_runtime.golden import Tolerance, read_golden
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.spec import Precision

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Bundle
    from edgesmith_runtime.manifest import ArtifactEntry, Manifest
    from edgesmith_runtime.spec import Signature, TensorSpec

__all__ = [
    "Expected",
    "References",
    "elsewhere",
    "fixed_batch",
    "golden_references",
    "of_file",
    "on_other_engine",
    "sample_references",
]

# Two float32 engines, or one at two batch sizes, sum in another order: below 1e-4 of the largest
# output where it was measured. Another set of weights is off by about its whole size.
_RELATIVE_LIMIT = 1e-3
_ABSOLUTE_LIMIT = 1e-4
# A file of somebody else may be quantized by a recipe that nobody told: a fifth of the largest output.
_FILE_LIMIT = 0.2
_OTHER_SAMPLES = 2.0  # the worst error on these may be above that on those of the build


@dataclass(frozen=True, slots=True)
class Expected:
    """Outputs by name, ``(n, ...)`` each, and how far each may be off."""

    outputs: Tensors
    tolerances: Mapping[str, Tolerance]


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """Inputs by name, ``(n, ...)`` each, and what each artifact and the original must give."""

    inputs: Tensors
    artifacts: Mapping[str, Expected]
    original: Expected


def golden_references(bundle: Bundle) -> References:
    """Of the golden samples: each artifact's own outputs, at least within its own tolerances.

    The original must give what the default artifact gives, within 1e-4 plus 1e-3 of the largest
    output, and where that artifact is not float32 its own error against the original; an artifact
    is never held to less than that either, because its golden samples need not have been run at
    this batch size.

    Raises:
        BundleError: The bundle has none, none for one of its artifacts, or none of a tensor that
            the default artifact takes.
    """
    golden = read_golden(bundle)
    artifacts: dict[str, Expected] = {}
    for entry in bundle.manifest.artifacts:
        if entry.file not in golden.outputs:
            raise BundleError(
                f"{bundle.manifest.name}: the golden samples have no outputs of {entry.file}; "
                "rebuild the bundle, or give samples"
            )
        own = golden.output_tolerances[entry.file]
        near = _near(_in_order(golden.outputs[entry.file], entry.signature.outputs))
        tolerances = {
            name: Tolerance(max(own[name].atol, bound.atol), own[name].rtol)
            for name, bound in near.tolerances.items()
        }
        artifacts[entry.file] = Expected(near.outputs, tolerances)
    default = bundle.manifest.artifact(bundle.manifest.default_artifact.file)
    for spec in default.signature.inputs:
        if spec.name not in golden.tensors:
            raise BundleError(
                f"{bundle.manifest.name}: the golden samples have no tensor '{spec.name}', which "
                f"{default.file} takes; rebuild the bundle, or give samples"
            )
    others = {
        spec.name for entry in elsewhere(bundle.manifest) for spec in entry.signature.inputs
    }
    others -= {spec.name for spec in default.signature.inputs}
    tensors = {name: array for name, array in golden.tensors.items() if name not in others}
    return References(
        inputs=_in_order(tensors, default.signature.inputs),
        artifacts=artifacts,
        original=_near(artifacts[default.file].outputs, default),
    )


def of_file(references: References) -> Expected:
    """What a model file must give that is no part of the bundle: roughly what the original gives.

    It may be quantized, so each output may be off by a fifth of its largest value.
    """
    outputs = references.original.outputs
    return Expected(
        outputs,
        {
            name: Tolerance(_ABSOLUTE_LIMIT + _FILE_LIMIT * _largest(array), 0.0)
            for name, array in outputs.items()
        },
    )


def on_other_engine(expected: Expected, entry: ArtifactEntry) -> Expected:
    """What an artifact must give on another engine than its own, which may round otherwise."""
    off = _error(entry)
    return Expected(
        expected.outputs,
        {
            name: Tolerance(bound.atol + off, bound.rtol)
            for name, bound in expected.tolerances.items()
        },
    )


def _in_order(tensors: Mapping[str, NDArray[Any]], specs: tuple[TensorSpec, ...]) -> Tensors:
    """Those that a signature names in its order, which is the model's; then the others."""
    return {**{spec.name: tensors[spec.name] for spec in specs}, **tensors}


def sample_references(
    bundle: Bundle, samples: Mapping[str, NDArray[Any]], max_rows: int
) -> References:
    """Of given tensors: every subject must give what the default artifact gives, run here.

    Artifacts are off by their error against the original, so two of which one is not float32 may
    be off by the sum of both.

    Args:
        bundle: Its default artifact is run.
        samples: Prepared tensors by input name, ``(n, ...)``.
        max_rows: Later rows are left out.

    Raises:
        InputError: No row, or another number of rows by tensor.
        SignatureError: Not the tensors that the default artifact takes.
        BackendError: It cannot be run.
    """
    arrays = {name: np.asarray(array) for name, array in samples.items()}
    lengths = {name: len(array) if array.ndim else 0 for name, array in arrays.items()}
    if len(set(lengths.values())) != 1 or 0 in lengths.values():
        raise InputError(
            f"samples: expected tensors of the same number of rows, at least 1, got {lengths}"
        )
    n = min(max_rows, *lengths.values())
    default = bundle.manifest.artifact(bundle.manifest.default_artifact.file)
    artifact = bundle.artifact(default.file)
    runner = open_runner(artifact)
    inputs = take_rows(arrays, n)
    size = fixed_batch(artifact.signature) or n
    calls = [runner.run(take_rows(inputs, size, start)) for start in range(0, n, size)]
    outputs = {
        spec.name: np.concatenate([call[spec.name] for call in calls])[:n]
        for spec in artifact.signature.outputs
    }
    return References(
        inputs=_in_order(inputs, artifact.signature.inputs),
        artifacts={
            entry.file: _near(outputs) if entry is default else _near(outputs, default, entry)
            for entry in bundle.manifest.artifacts
        },
        original=_near(outputs, default),
    )


def _near(outputs: Tensors, *inexact: ArtifactEntry) -> Expected:
    """Outputs with their tolerances, wider by what artifacts that are not float32 are off."""
    off = sum(_error(entry) for entry in inexact)
    return Expected(outputs, {name: _limit(array, off) for name, array in outputs.items()})


def _limit(array: NDArray[Any], off: float) -> Tolerance:
    return Tolerance(_ABSOLUTE_LIMIT + _RELATIVE_LIMIT * _largest(array) + off, 0.0)


def _largest(array: NDArray[Any]) -> float:
    finite = array[np.isfinite(array)].astype(np.float64)
    return float(np.abs(finite).max(initial=0.0))


def _error(entry: ArtifactEntry) -> float:
    """How far an artifact may be from the original; nothing more where the build did not say."""
    if entry.precision is Precision.FLOAT32 or entry.parity is None:
        return 0.0
    return _OTHER_SAMPLES * entry.parity.max_abs_error


def elsewhere(manifest: Manifest) -> tuple[ArtifactEntry, ...]:
    """Artifacts that start from other values than the default one: fused with some steps."""
    default = manifest.artifact(manifest.default_artifact.file)
    return tuple(
        entry for entry in manifest.artifacts if entry.starts_after != default.starts_after
    )


def fixed_batch(signature: Signature) -> int | None:
    """The one batch size that a model takes, None where it takes any."""
    axes = [spec.shape[0] for spec in signature.inputs if spec.shape]
    return next((axis for axis in axes if isinstance(axis, int)), None)
