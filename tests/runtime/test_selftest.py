"""Golden samples are replayed, and what differs is named."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import edgesmith_runtime as er
from edgesmith_runtime.bundle import make_bundle, write_bundle
from edgesmith_runtime.errors import BackendError, BundleError, SelfTestError
from edgesmith_runtime.golden import GoldenSamples, Media, Tolerance, golden_files
from edgesmith_runtime.manifest import Step
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.selftest import SelfTestResult, replay

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Bundle
    from edgesmith_runtime.manifest import Manifest


@pytest.fixture
def with_golden(
    tiny_manifest: Manifest, tiny_onnx: bytes
) -> Callable[[GoldenSamples | None], Bundle]:
    def make(golden: GoldenSamples | None) -> Bundle:
        files = {} if golden is None else golden_files(golden)
        return make_bundle(tiny_manifest, {"model.onnx": tiny_onnx, **files})

    return make


LAST_STEP = Step(
    op="cast", inputs=("features",), outputs=("wide",), params={"dtype": "float64"}
)


def _loaded(bundle: Bundle, tmp_path: Path) -> er.Model:
    write_bundle(bundle, tmp_path / "x.edge")
    return er.load(tmp_path / "x.edge")


def _shifted(array: NDArray[Any], place: tuple[int, ...], by: float) -> NDArray[Any]:
    shifted = array.copy()
    shifted[place] += by
    return shifted


def test_a_sound_bundle_passes_from_the_raw_samples(tiny_bundle_path: Path) -> None:
    result = er.load(tiny_bundle_path).selftest()

    assert result == SelfTestResult(n_samples=3, artifact="model.onnx", started_from="raw")


def test_an_artifact_that_starts_earlier_is_held_against_the_values_it_takes(
    tiny_manifest: Manifest, tiny_onnx: bytes, tiny_golden: GoldenSamples, tmp_path: Path
) -> None:
    steps = (*tiny_manifest.transform, LAST_STEP)
    manifest = dataclasses.replace(tiny_manifest, transform=steps)
    wrong = _shifted(tiny_golden.tensors["features"], (2, 0), 0.5)
    golden = dataclasses.replace(tiny_golden, tensors={"features": wrong})
    bundle = make_bundle(manifest, {"model.onnx": tiny_onnx, **golden_files(golden)})

    with pytest.raises(SelfTestError, match=r"^sample 2, tensor 'features': largest diff"):
        _loaded(bundle, tmp_path).selftest()


def test_another_output_is_named_with_its_difference(
    with_golden: Callable[..., Bundle], tiny_golden: GoldenSamples, tmp_path: Path
) -> None:
    right = tiny_golden.outputs["model.onnx"]["probabilities"]
    wrong = dataclasses.replace(
        tiny_golden, outputs={"model.onnx": {"probabilities": _shifted(right, (1, 2), 0.25)}}
    )

    with pytest.raises(
        SelfTestError,
        match=r"^sample 1, model\.onnx, output 'probabilities': largest difference 0\.25, "
        r"tolerance 1e-06 \+ 1e-05 of the expected value; .*",
    ):
        _loaded(with_golden(wrong), tmp_path).selftest()


def test_another_tensor_is_named_before_any_output(
    with_golden: Callable[..., Bundle], tiny_golden: GoldenSamples, tmp_path: Path
) -> None:
    right = tiny_golden.tensors["features"]
    wrong = dataclasses.replace(tiny_golden, tensors={"features": _shifted(right, (2, 0), 0.5)})

    with pytest.raises(SelfTestError, match=r"^sample 2, tensor 'features': .* 0\.5, "):
        _loaded(with_golden(wrong), tmp_path).selftest()


@pytest.mark.parametrize(
    ("by", "tolerance", "passes"),
    [
        (0.009, Tolerance(atol=0.01, rtol=0.0), True),
        (0.011, Tolerance(atol=0.01, rtol=0.0), False),
        (0.5, Tolerance(atol=0.0, rtol=100.0), True),
    ],
)
def test_a_difference_within_its_tolerance_passes(
    with_golden: Callable[..., Bundle],
    tiny_golden: GoldenSamples,
    tmp_path: Path,
    by: float,
    tolerance: Tolerance,
    passes: bool,  # noqa: FBT001
) -> None:
    right = tiny_golden.outputs["model.onnx"]["probabilities"]
    golden = dataclasses.replace(
        tiny_golden,
        outputs={"model.onnx": {"probabilities": _shifted(right, (0, 0), by)}},
        output_tolerances={"model.onnx": {"probabilities": tolerance}},
    )
    model = _loaded(with_golden(golden), tmp_path)

    if passes:
        assert model.selftest().n_samples == 3
    else:
        with pytest.raises(SelfTestError, match=r"largest difference 0\.011, tolerance 0\.01"):
            model.selftest()


def test_an_output_that_is_no_number_is_a_difference(
    with_golden: Callable[..., Bundle], tiny_golden: GoldenSamples, tmp_path: Path
) -> None:
    right = tiny_golden.outputs["model.onnx"]["probabilities"]
    golden = dataclasses.replace(
        tiny_golden,
        outputs={"model.onnx": {"probabilities": _shifted(right, (0, 0), np.nan)}},
    )

    with pytest.raises(SelfTestError, match="largest difference nan"):
        _loaded(with_golden(golden), tmp_path).selftest()


@pytest.mark.parametrize(
    ("change", "got"),
    [
        (lambda outputs: outputs.astype(np.float64), r"expected float64 of shape \(1, 3\)"),
        (lambda outputs: outputs[:, :2], r"expected float32 of shape \(1, 2\)"),
    ],
)
def test_another_dtype_or_shape_is_a_difference(
    with_golden: Callable[..., Bundle],
    tiny_golden: GoldenSamples,
    tmp_path: Path,
    change: Callable[[NDArray[Any]], NDArray[Any]],
    got: str,
) -> None:
    right = tiny_golden.outputs["model.onnx"]["probabilities"]
    golden = dataclasses.replace(
        tiny_golden, outputs={"model.onnx": {"probabilities": change(right)}}
    )

    with pytest.raises(SelfTestError, match=rf"{got}, got float32 of shape \(1, 3\)"):
        _loaded(with_golden(golden), tmp_path).selftest()


def test_without_golden_samples_there_is_nothing_to_pass(
    with_golden: Callable[..., Bundle], tmp_path: Path
) -> None:
    with pytest.raises(BundleError, match="the bundle has no golden samples"):
        _loaded(with_golden(None), tmp_path).selftest()


def test_an_artifact_without_golden_outputs_is_named(
    with_golden: Callable[..., Bundle], tiny_golden: GoldenSamples, tmp_path: Path
) -> None:
    golden = dataclasses.replace(tiny_golden, outputs={}, output_tolerances={})

    with pytest.raises(SelfTestError, match=r"^model\.onnx: .*golden outputs for \[\] alone"):
        _loaded(with_golden(golden), tmp_path).selftest()


@pytest.fixture
def no_decoder() -> Callable[[Mapping[str, Any]], Mapping[str, NDArray[Any]]]:
    def prepare(raw: Mapping[str, Any]) -> Mapping[str, NDArray[Any]]:
        raise BackendError("reading image files needs an extra")

    return prepare


def test_without_a_decoder_it_starts_from_the_tensors_and_says_so(
    tiny_bundle: Bundle, no_decoder: Callable[..., Any]
) -> None:
    runner = open_runner(tiny_bundle.artifact("model.onnx"))

    result = replay(tiny_bundle, runner, no_decoder)

    assert result == SelfTestResult(
        n_samples=3,
        artifact="model.onnx",
        started_from="tensors",
        note="reading image files needs an extra",
    )


def test_without_a_decoder_and_without_tensors_it_says_why(
    tiny_golden: GoldenSamples,
    with_golden: Callable[..., Bundle],
    no_decoder: Callable[..., Any],
) -> None:
    bundle = with_golden(dataclasses.replace(tiny_golden, tensors={}, tensor_tolerances={}))
    runner = open_runner(bundle.artifact("model.onnx"))

    with pytest.raises(
        BackendError,
        match=r"^model\.onnx: cannot start from the stored tensors, it takes \['features'\]; "
        "reading image files needs an extra",
    ):
        replay(bundle, runner, no_decoder)


def test_a_media_file_goes_in_as_its_bytes(
    tiny_golden: GoldenSamples, with_golden: Callable[..., Bundle]
) -> None:
    raw = tuple({"x": Media(b"photo %d" % index, ".jpg")} for index in range(3))
    bundle = with_golden(dataclasses.replace(tiny_golden, raw=raw))
    given: list[object] = []

    def prepare(raw: Mapping[str, Any]) -> Mapping[str, NDArray[Any]]:
        given.append(raw)
        return {"features": tiny_golden.tensors["features"][len(given) - 1 :][:1]}

    replay(bundle, open_runner(bundle.artifact("model.onnx")), prepare)

    assert given == [{"x": [b"photo 0"]}, {"x": [b"photo 1"]}, {"x": [b"photo 2"]}]
