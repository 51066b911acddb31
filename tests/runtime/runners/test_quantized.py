"""Numbers in and out of models whose tensors are quantized, beside those whose are not."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith_runtime.__main__ import main
from edgesmith_runtime.bench import Plan, compare
from edgesmith_runtime.bundle import Artifact, make_bundle, write_bundle
from edgesmith_runtime.errors import SignatureError
from edgesmith_runtime.loading import load
from edgesmith_runtime.manifest import Kind, RawInput
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.runners.quantized import QuantizedRunner
from edgesmith_runtime.spec import Format, Precision, Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith_runtime.manifest import Manifest

WEIGHTS = np.linspace(-1.0, 1.0, 12, dtype=np.float32).reshape(4, 3)
BIAS = np.array([0.1, -0.2, 0.3], np.float32)
SCALE, ZERO_POINT = float(np.float32(0.05)), -7
STEP = 1 / 256  # between two probabilities


def _codes(features: NDArray[Any]) -> NDArray[np.int8]:
    places = np.round(features / np.float32(SCALE)) + ZERO_POINT
    return np.clip(places, -128, 127).astype(np.int8)


def _expected(features: NDArray[Any]) -> NDArray[np.float64]:
    numbers = (_codes(features).astype(np.float64) - ZERO_POINT) * SCALE
    powers = np.exp(numbers @ WEIGHTS + BIAS)
    return powers / powers.sum(axis=1, keepdims=True)


def _features(n: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(n, 4)).astype(np.float32)


class _Echo:
    """A runner that keeps what it was given, and answers with the first input."""

    def __init__(self, *inputs: TensorSpec, outputs: tuple[TensorSpec, ...] = ()) -> None:
        self.artifact = Artifact(
            file="model.onnx",
            format=Format.ONNX,
            precision=Precision.INT8,
            version=18,
            signature=Signature(inputs, outputs),
            content=b"",
        )
        self.given: Mapping[str, NDArray[Any]] = {}

    def run(
        self, tensors: Mapping[str, NDArray[Any]], *, timeout: float | None = None
    ) -> dict[str, NDArray[Any]]:
        self.given = tensors
        first = tensors[self.artifact.signature.inputs[0].name]
        return {spec.name: first for spec in self.artifact.signature.outputs}


def _quantized(dtype: str, scale: float, zero_point: int, name: str = "x") -> TensorSpec:
    return TensorSpec(name, dtype, ("batch", 3), scale=scale, zero_point=zero_point)


@pytest.mark.parametrize("given", ["float16", "float32", "float64"])
@pytest.mark.parametrize(
    ("dtype", "scale", "zero_point"),
    [("int8", 0.0625, 5), ("uint8", 0.03125, 128), ("int16", 2.0**-12, 0), ("int32", 0.25, -9)],
)
def test_floats_become_codes(dtype: str, scale: float, zero_point: int, given: str) -> None:
    echo = _Echo(_quantized(dtype, scale, zero_point))
    x = np.random.default_rng(1).normal(scale=5.0, size=(200, 3)).astype(given)

    QuantizedRunner(echo).run({"x": x})

    bounds = np.iinfo(dtype)
    places = np.round(x.astype(np.float64) / scale) + zero_point
    assert echo.given["x"].dtype == dtype
    np.testing.assert_array_equal(echo.given["x"], np.clip(places, bounds.min, bounds.max))


def test_half_a_code_goes_to_the_even_one() -> None:
    echo = _Echo(_quantized("int8", 0.5, 0))

    QuantizedRunner(echo).run({"x": np.array([[0.25, 0.75, 1.25], [-0.25, -0.75, -1.25]])})

    assert echo.given["x"].tolist() == [[0, 2, 2], [0, -2, -2]]


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32"])
@pytest.mark.parametrize("scale", [1e-40, 0.1, 1e35])
@pytest.mark.parametrize("given", ["float32", "float64"])
def test_infinities_clip_to_the_ends_of_the_dtype(dtype: str, scale: float, given: str) -> None:
    echo = _Echo(_quantized(dtype, scale, 3))

    QuantizedRunner(echo).run({"x": np.array([[-np.inf, 0.0, np.inf]], given)})

    bounds = np.iinfo(dtype)
    assert echo.given["x"].tolist() == [[bounds.min, 3, bounds.max]]


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_infinities_clip_near_the_ends_of_64_bits(dtype: str) -> None:
    echo = _Echo(_quantized(dtype, 0.1, 0))

    QuantizedRunner(echo).run({"x": np.array([[-np.inf, 0.0, np.inf]])})

    (low, zero, high), bounds = echo.given["x"][0].tolist(), np.iinfo(dtype)
    assert (low, zero, high) == (bounds.min, 0, pytest.approx(bounds.max, rel=1e-14))


def test_the_largest_floats_clip_without_a_warning() -> None:
    echo = _Echo(_quantized("int8", 1e-3, 0))
    largest = float(np.finfo(np.float32).max)

    QuantizedRunner(echo).run({"x": np.array([[-largest, 0, largest]], np.float32)})

    assert echo.given["x"].tolist() == [[-128, 0, 127]]


def test_codes_pass_as_they_are() -> None:
    echo = _Echo(_quantized("int8", 0.5, 3))
    codes = np.array([[-128, 0, 127]], np.int8)

    QuantizedRunner(echo).run({"x": codes})

    assert echo.given["x"] is codes


def test_a_tensor_without_a_scale_passes_as_it_is() -> None:
    echo = _Echo(_quantized("int8", 0.5, 3), TensorSpec("ids", "float32", ("batch",)))
    ids = np.array([7.5], np.float32)

    QuantizedRunner(echo).run({"x": np.ones((1, 3)), "ids": ids})

    assert echo.given["ids"] is ids
    assert echo.given["x"].tolist() == [[5, 5, 5]]


def test_the_arrays_of_the_caller_stay() -> None:
    echo = _Echo(_quantized("int8", 0.5, 3))
    x = np.array([[0.6, 1e9, -1e9]], np.float32)
    tensors = {"x": x}

    QuantizedRunner(echo).run(tensors)

    np.testing.assert_array_equal(x, np.array([[0.6, 1e9, -1e9]], np.float32))
    assert tensors["x"] is x


@pytest.mark.parametrize(
    ("dtype", "scale", "zero_point"),
    [("int8", 0.1, -3), ("uint8", 1 / 255, 128), ("int16", 1e-4, 0), ("int32", 1e-6, 9)],
)
def test_an_output_is_the_numbers_that_its_codes_stand_for(
    dtype: str, scale: float, zero_point: int
) -> None:
    spec = _quantized(dtype, scale, zero_point)
    made = dataclasses.replace(spec, name="y")
    bounds = np.iinfo(dtype)
    codes = np.array([[bounds.min, 5, bounds.max]], dtype)

    outputs = QuantizedRunner(_Echo(spec, outputs=(made,))).run({"x": codes})

    numbers = (codes.astype(np.float64) - zero_point) * scale
    assert outputs["y"].dtype == np.float32
    np.testing.assert_array_equal(outputs["y"], numbers.astype(np.float32))


def test_an_output_without_a_scale_is_as_it_is() -> None:
    codes = np.array([[1, 2, 3]], np.int8)
    echo = _Echo(
        _quantized("int8", 0.5, 3), outputs=(TensorSpec("label", "int8", ("batch", 3)),)
    )

    assert QuantizedRunner(echo).run({"x": codes})["label"] is codes


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8"])
def test_both_formats_answer_as_numpy_to_a_code(
    quantized_artifact: Callable[..., Artifact], dtype: str
) -> None:
    runner = open_runner(quantized_artifact())
    features = _features(40).astype(dtype if dtype != "int8" else "float32")
    given = _codes(features) if dtype == "int8" else features

    for n in (1, 40, 1, 1, 3):
        shares = runner.run({"features": given[:n]})["probabilities"]

        assert shares.dtype == np.float32
        np.testing.assert_allclose(shares, _expected(features[:n]), atol=STEP)
        np.testing.assert_array_equal(shares * 256, np.round(shares * 256))


@pytest.mark.parametrize("n_samples", [1, 2, 3, 5])
def test_any_number_of_numbers_goes_through_a_fixed_batch(
    quantized_artifact: Callable[..., Artifact], n_samples: int
) -> None:
    runner = open_runner(quantized_artifact(2))
    features = _features(n_samples)

    shares = runner.run({"features": features})["probabilities"]

    np.testing.assert_allclose(shares, _expected(features), atol=STEP)


def test_a_runner_names_its_artifact(quantized_artifact: Callable[..., Artifact]) -> None:
    artifact = quantized_artifact()

    assert open_runner(artifact).artifact is artifact


def _with_nan() -> NDArray[np.float32]:
    features = _features(2)
    features[1, 2] = np.nan
    return features


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (
            {"features": _with_nan()},
            "tensor 'features': expected numbers, got NaN, for which int8 has no code; fill",
        ),
        (
            {"features": _codes(_features(1)).astype(np.int64)},
            r"tensor 'features': expected dtype int8, got int64; give numbers with "
            r"\.astype\('float32'\), which are quantized with scale 0\.05\d* and zero point -7, "
            "or such codes as int8",
        ),
        ({"features": _codes(_features(1)).astype(np.uint8)}, "expected dtype int8, got uint8"),
        (
            {"features": np.ma.masked_array(_features(1), mask=True)},
            "expected a plain array, got a masked one",
        ),
        ({"features": _features(1)[0]}, r"got \(4,\); add the batch axis with array\[None\]"),
        ({"features": _features(1)[:, :3]}, r"expected shape \(batch, 4\), got \(1, 3\)"),
        ({}, r"expected the input tensors \['features'\], got \[\]"),
        (None, r"expected a mapping of the input tensors \['features'\], got NoneType"),
    ],
)
@pytest.mark.parametrize("n_before", [0, 3])
def test_what_is_not_the_tensor_is_refused_at_any_time(
    quantized_artifact: Callable[..., Artifact], tensors: Any, message: str, n_before: int
) -> None:
    runner = open_runner(quantized_artifact())
    for _ in range(n_before):
        runner.run({"features": _features(1)})

    with pytest.raises(SignatureError, match=message):
        runner.run(tensors)

    shares = runner.run({"features": _features(1)})["probabilities"]
    np.testing.assert_allclose(shares, _expected(_features(1)), atol=STEP)


def _int8_file(path: Path) -> str:
    return load(path).manifest.artifacts[1].file


def test_one_bundle_predicts_alike_with_either_artifact(
    both: Callable[..., Path], tiny_features: NDArray[np.float32]
) -> None:
    path = both()
    exact, quantized = load(path), load(path, artifact=_int8_file(path))

    for one, other in zip(
        exact.predict_batch(tiny_features), quantized.predict_batch(tiny_features), strict=True
    ):
        assert one.label == other.label
        assert other.score == pytest.approx(one.score, abs=0.03)
        assert (one.scores or {}).keys() == (other.scores or {}).keys()
        assert other.outputs["probabilities"].dtype == np.float32


def test_the_tensors_of_a_model_are_the_same_for_either_artifact(
    both: Callable[..., Path], tiny_features: NDArray[np.float32]
) -> None:
    path = both()
    exact, quantized = load(path), load(path, artifact=_int8_file(path))

    tensors = exact.prepare(tiny_features[0])

    np.testing.assert_array_equal(
        quantized.prepare(tiny_features[0])["features"], tensors["features"]
    )
    np.testing.assert_allclose(
        quantized.run(tensors)["probabilities"], exact.run(tensors)["probabilities"], atol=0.03
    )


def test_an_int8_artifact_replays_its_golden_samples(both: Callable[..., Path]) -> None:
    path = both()

    result = load(path, artifact=_int8_file(path)).selftest()

    assert (result.n_samples, result.started_from) == (3, "raw")


@pytest.mark.parametrize("default", ["model.onnx", "int8"])
@pytest.mark.parametrize("given", [True, False], ids=["samples", "golden"])
def test_both_artifacts_are_measured(
    both: Callable[..., Path],
    tiny_features: NDArray[np.float32],
    default: str,
    *,
    given: bool,
) -> None:
    plan = Plan(
        n_rounds=1, n_threads=1, batches=(1, 4), max_seconds=0.001, min_calls=5, max_calls=20
    )
    samples = {"features": tiny_features} if given else None

    comparison = compare(both(default=default), samples=samples, plan=plan)

    assert [subject.problem for subject in comparison.subjects] == [None, None]
    assert all(subject.steady(4) for subject in comparison.subjects)


def test_the_command_answers_with_an_int8_artifact(
    both: Callable[..., Path],
    tiny_features: NDArray[np.float32],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = both()
    np.save(tmp_path / "one.npy", tiny_features[:1])

    code = main(
        [
            *("predict", str(path), str(tmp_path / "one.npy")),
            *("--json", "--artifact", _int8_file(path)),
        ]
    )

    answer = json.loads(capsys.readouterr().out)
    assert code == 0
    np.testing.assert_allclose(
        answer["outputs"]["probabilities"], _expected(tiny_features[:1])[0], atol=STEP
    )


def test_plain_numbers_for_a_quantized_raw_tensor_are_no_codes(
    tiny_manifest: Manifest, quantized_artifact: Callable[..., Artifact], tmp_path: Path
) -> None:
    quantized = quantized_artifact()
    entry = dataclasses.replace(
        tiny_manifest.artifacts[0],
        file=quantized.file,
        format=quantized.format,
        signature=quantized.signature,
        starts_after=None,
    )
    manifest = dataclasses.replace(
        tiny_manifest,
        raw_inputs=(RawInput("features", Kind.TENSOR, "4 numbers"),),
        transform=(),
        artifacts=(entry,),
        default_artifact=dataclasses.replace(
            tiny_manifest.default_artifact, file=quantized.file
        ),
    )
    write_bundle(
        make_bundle(manifest, {quantized.file: bytes(quantized.content)}), tmp_path / "m.edge"
    )
    model = load(tmp_path / "m.edge")
    numbers, codes = np.array([[1.0, 0.0, -2.0, 3.0]]), np.array([[1, 0, -2, 3]], np.int8)

    of_numbers = model.predict([1, 0, -2, 3]).outputs["probabilities"]
    of_codes = model.predict(codes[0]).outputs["probabilities"]

    np.testing.assert_allclose(of_numbers, _expected(numbers)[0], atol=STEP)
    meant = (codes.astype(np.float32) - ZERO_POINT) * np.float32(SCALE)
    np.testing.assert_allclose(of_codes, _expected(meant)[0], atol=STEP)


def test_a_ragged_list_is_refused_by_name(quantized_artifact: Callable[..., Artifact]) -> None:
    runner = open_runner(quantized_artifact())
    ragged: Any = [[1.0], [1.0, 2.0]]

    with pytest.raises(
        SignatureError, match=r"^tensor 'features': .* got list, of which numpy"
    ):
        runner.run({"features": ragged})
