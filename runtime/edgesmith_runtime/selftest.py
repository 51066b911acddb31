"""Replay the golden samples of a bundle on this host."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from edgesmith_runtime.errors import BackendError, SelfTestError
from edgesmith_runtime.golden import Media, Tolerance, read_golden

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Bundle
    from edgesmith_runtime.golden import GoldenSamples
    from edgesmith_runtime.runners import Runner

__all__ = ["Prepare", "SelfTestResult", "replay"]

Prepare = Callable[[Mapping[str, Sequence[object]]], Mapping[str, "NDArray[Any]"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTestResult:
    """A self-test that passed.

    Args:
        n_samples: Golden samples replayed.
        artifact: The file that ran.
        started_from: "raw" for the whole way, "tensors" where a decoder is not installed.
        note: Why it did not start from the raw samples; None where it did.
    """

    n_samples: int
    artifact: str
    started_from: Literal["raw", "tensors"]
    note: str | None = None


def replay(bundle: Bundle, runner: Runner, prepare: Prepare) -> SelfTestResult:
    """Raw sample to tensors to outputs, one sample after the other, as an app calls a model.

    Args:
        bundle: Has the golden samples.
        runner: Of one of its artifacts.
        prepare: The transform up to where the artifact starts: raw inputs by name, one entry a
            sample, to tensors by name.

    Raises:
        BundleError: The bundle has no golden samples.
        SelfTestError: The first difference beyond its tolerance, or nothing to compare this
            artifact with.
        BackendError: A decoder is not installed and the stored tensors are not those that this
            artifact takes, or the engine fails.
    """
    golden = read_golden(bundle)
    file = runner.artifact.file
    if file not in golden.outputs:
        raise SelfTestError(
            f"{file}: the bundle has golden outputs for {sorted(golden.outputs)} alone; "
            "pack it again with samples"
        )
    note: str | None = None
    for index, sample in enumerate(golden.raw):
        tensors = _stored(golden, index)
        if note is None:
            raw = {name: [_as_app_has_it(value)] for name, value in sample.items()}
            try:
                prepared = prepare(raw)
            except BackendError as error:
                note = str(error)
                _check_startable(runner, tensors, error)
            else:
                _compare_tensors(golden, index, prepared)
                tensors = prepared
        inputs = {spec.name: tensors[spec.name] for spec in runner.artifact.signature.inputs}
        _compare_outputs(golden, index, file, runner.run(inputs))
    return SelfTestResult(
        n_samples=len(golden.raw),
        artifact=file,
        started_from="raw" if note is None else "tensors",
        note=note,
    )


def _stored(golden: GoldenSamples, index: int) -> Mapping[str, NDArray[Any]]:
    return {name: array[index : index + 1] for name, array in golden.tensors.items()}


def _as_app_has_it(value: object) -> object:
    return value.content if isinstance(value, Media) else value


def _check_startable(
    runner: Runner, stored: Mapping[str, NDArray[Any]], error: BackendError
) -> None:
    absent = [spec.name for spec in runner.artifact.signature.inputs if spec.name not in stored]
    if absent:
        raise BackendError(
            f"{runner.artifact.file}: cannot start from the stored tensors, it takes {absent}; "
            f"{error}"
        ) from error


def _compare_tensors(
    golden: GoldenSamples, index: int, prepared: Mapping[str, NDArray[Any]]
) -> None:
    for name, expected in golden.tensors.items():
        if name in prepared:
            _compare(
                f"sample {index}, tensor '{name}'",
                prepared[name],
                expected[index : index + 1],
                golden.tensor_tolerances[name],
            )


def _compare_outputs(
    golden: GoldenSamples, index: int, file: str, outputs: Mapping[str, NDArray[Any]]
) -> None:
    for name, expected in golden.outputs[file].items():
        _compare(
            f"sample {index}, {file}, output '{name}'",
            outputs[name],
            expected[index : index + 1],
            golden.output_tolerances[file][name],
        )


def _compare(
    where: str, got: NDArray[Any], expected: NDArray[Any], tolerance: Tolerance
) -> None:
    if got.shape != expected.shape or got.dtype != expected.dtype:
        raise SelfTestError(
            f"{where}: expected {expected.dtype} of shape {expected.shape}, "
            f"got {got.dtype} of shape {got.shape}"
        )
    wide_got, wide_expected = got.astype(np.float64), expected.astype(np.float64)
    with np.errstate(invalid="ignore"):  # infinity from infinity; equality has told by then
        difference = np.abs(wide_got - wide_expected)
    bound = tolerance.atol + tolerance.rtol * np.abs(wide_expected)
    if np.all((wide_got == wide_expected) | (difference <= bound)):
        return
    raise SelfTestError(
        f"{where}: largest difference {np.max(difference):.3g}, tolerance "
        f"{tolerance.atol:.3g} + {tolerance.rtol:.3g} of the expected value; this host computes "
        "otherwise than the one that built the bundle: compare versions, "
        "edgesmith-runtime inspect --json has the bundle's"
    )
