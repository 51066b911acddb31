"""What both runners promise, and what their formats force."""

from __future__ import annotations

import itertools
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith_runtime.errors import BackendError, SignatureError
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.settings import Engine, EngineSettings
from edgesmith_runtime.spec import Format, Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact

WEIGHTS = np.linspace(-1.0, 1.0, 12, dtype=np.float32).reshape(4, 3)
BIAS = np.array([0.1, -0.2, 0.3], np.float32)


def _features(n: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(n, 4)).astype(np.float32)


def _expected(features: NDArray[np.float32]) -> NDArray[np.float64]:
    powers = np.exp(features.astype(np.float64) @ WEIGHTS + BIAS)
    return powers / powers.sum(axis=1, keepdims=True)


def test_a_run_answers_as_numpy_does(artifact: Artifact) -> None:
    features = _features(1)

    outputs = open_runner(artifact).run({"features": features})

    assert list(outputs) == ["probabilities"]
    np.testing.assert_allclose(outputs["probabilities"], _expected(features), atol=1e-6)


def test_batches_of_any_size_in_any_order_answer_right(artifact: Artifact) -> None:
    runner = open_runner(artifact)

    for n in [1, 5, 1, 2, 5, 5, 1, 3, 2, 40, 1, 40, 40]:
        features = _features(n, seed=n)
        outputs = runner.run({"features": features})

        np.testing.assert_allclose(outputs["probabilities"], _expected(features), atol=1e-6)


def test_more_shapes_than_are_remembered_answer_right(artifact: Artifact) -> None:
    runner = open_runner(artifact)

    for n in itertools.chain(*itertools.repeat(range(1, 80), 3)):
        outputs = runner.run({"features": _features(n)})

        assert outputs["probabilities"].shape == (n, 3)


@pytest.mark.parametrize("n", [1, 5000])
def test_the_caller_owns_every_answer(artifact: Artifact, n: int) -> None:
    runner = open_runner(artifact)
    answers = [
        runner.run({"features": _features(n, seed)})["probabilities"] for seed in range(5)
    ]

    for seed, answer in enumerate(answers):
        np.testing.assert_allclose(answer, _expected(_features(n, seed)), atol=1e-6)
        answer[...] = -1.0
    for one, other in itertools.combinations(answers, 2):
        assert not np.shares_memory(one, other)
    again = runner.run({"features": _features(n)})["probabilities"]
    np.testing.assert_allclose(again, _expected(_features(n)), atol=1e-6)


def test_an_input_may_change_after_the_run(artifact: Artifact) -> None:
    runner = open_runner(artifact)
    features = _features(1)

    answers: list[NDArray[Any]] = []
    for step in range(4):
        features[...] = _features(1, seed=step)
        answers.append(runner.run({"features": features})["probabilities"])

    for step, answer in enumerate(answers):
        np.testing.assert_allclose(answer, _expected(_features(1, seed=step)), atol=1e-6)


def test_threads_get_the_answers_of_one_thread_bit_by_bit(artifact: Artifact) -> None:
    runner = open_runner(artifact, n_threads=1)
    batches = [_features(1 + seed % 3, seed) for seed in range(200)]
    alone = [runner.run({"features": batch})["probabilities"] for batch in batches]

    with ThreadPoolExecutor(8) as pool:
        together = list(
            pool.map(
                lambda batch: runner.run({"features": batch})["probabilities"], batches * 5
            )
        )

    for one, many in zip(alone * 5, together, strict=True):
        np.testing.assert_array_equal(one, many)


@pytest.mark.parametrize(
    "layout",
    [
        np.asfortranarray,
        lambda features: np.repeat(features, 2, axis=1)[:, ::2],
        lambda features: features[::-1].copy()[::-1],
    ],
    ids=["fortran", "strided", "reversed"],
)
def test_any_memory_layout_answers_right(
    artifact: Artifact, layout: Callable[[NDArray[Any]], NDArray[Any]]
) -> None:
    runner = open_runner(artifact)
    features = _features(3)

    for _ in range(4):
        outputs = runner.run({"features": layout(features)})

        np.testing.assert_allclose(outputs["probabilities"], _expected(features), atol=1e-6)


def test_a_memory_mapped_input_answers_right(artifact: Artifact, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", _features(2))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    runner = open_runner(artifact)

    for _ in range(4):
        outputs = runner.run({"features": mapped})

        np.testing.assert_allclose(outputs["probabilities"], _expected(_features(2)), atol=1e-6)


_FAULTS: list[tuple[Any, str]] = [
    ({}, r"expected the input tensors \['features'\], got \[\]; model.prepare"),
    (
        {"features": _features(1), "more": _features(1)},
        r"expected the input tensors \['features'\], got \['features', 'more'\]",
    ),
    (
        {"features": _features(1).astype(np.float64)},
        r"tensor 'features': expected dtype float32, got float64; convert with .astype",
    ),
    (
        {"features": _features(1).astype(">f4")},
        r"tensor 'features': expected dtype float32, got >f4; convert with .astype",
    ),
    ({"features": _features(1).astype(object)}, r"expected dtype float32, got object"),
    ({"features": None}, r"expected dtype float32, got object"),
    ({"features": [[0.0, 0.0, 0.0, 0.0]]}, r"expected dtype float32, got float64"),
    (
        {"features": np.ma.masked_array(_features(1), mask=True)},
        r"tensor 'features': expected a plain array, got a masked one.*\.filled\(value\)",
    ),
    (
        {"features": _features(1)[:, :3]},
        r"tensor 'features': expected shape \(batch, 4\), got \(1, 3\)",
    ),
    (
        {"features": _features(1)[0]},
        r"got \(4,\); add the batch axis with array\[None\]",
    ),
    (_features(1), r"expected a mapping of the input tensors \['features'\], got ndarray"),
    (None, r"expected a mapping of the input tensors \['features'\], got NoneType"),
]


class _Tensor:
    """What a framework hands out: no numpy array, but made into one on demand."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.dtype, self.shape, self._array = array.dtype, array.shape, array

    def __array__(self, dtype: object = None, copy: object = None) -> NDArray[Any]:
        return self._array


@pytest.mark.parametrize("n", [1, 4000])
def test_what_can_be_made_an_array_is_one_in_every_call(artifact: Artifact, n: int) -> None:
    runner = open_runner(artifact)
    tensors: Any = {"features": _Tensor(_features(n))}

    for _ in range(4):
        probabilities = runner.run(tensors)["probabilities"]

        np.testing.assert_allclose(probabilities, _expected(_features(n)), atol=1e-6)


@pytest.mark.parametrize("n_before", [0, 3])
@pytest.mark.parametrize(("tensors", "message"), _FAULTS)
def test_what_is_not_the_tensor_is_refused_at_any_time(
    artifact: Artifact, tensors: Any, message: str, n_before: int
) -> None:
    runner = open_runner(artifact)
    for _ in range(n_before):
        runner.run({"features": _features(1)})

    with pytest.raises(SignatureError, match=message):
        runner.run(tensors)

    again = runner.run({"features": _features(1)})["probabilities"]
    np.testing.assert_allclose(again, _expected(_features(1)), atol=1e-6)


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x08" * 40])
def test_an_engine_that_refuses_a_model_names_the_file(
    make_artifact: Callable[..., Artifact], fmt: Format, content: bytes
) -> None:
    bad = make_artifact(content, fmt)

    with pytest.raises(
        BackendError, match=rf"^model\.{fmt}: (onnxruntime [\d.]+|LiteRT) refused: "
    ):
        open_runner(bad)


@pytest.mark.parametrize(
    ("name", "dtype", "output"),
    [
        ("pixels", "float32", "probabilities"),
        ("features", "float64", "probabilities"),
        ("features", "float32", "logits"),
    ],
)
def test_a_file_with_other_tensors_than_the_manifest_names_is_refused(
    make_artifact: Callable[..., Artifact],
    artifact: Artifact,
    name: str,
    dtype: str,
    output: str,
) -> None:
    signature = Signature(
        (TensorSpec(name, dtype, ("batch", 4)),), (TensorSpec(output, "float32", ("batch", 3)),)
    )
    other = make_artifact(bytes(artifact.content), artifact.format, signature)

    with pytest.raises(
        BackendError, match=r"^model\..*that the manifest names, the file has .*"
    ):
        open_runner(other)


def test_an_answer_of_another_shape_than_the_manifest_names_is_refused(
    make_artifact: Callable[..., Artifact],
    artifact: Artifact,
) -> None:
    signature = Signature(
        (TensorSpec("features", "float32", ("batch", 4)),),
        (TensorSpec("probabilities", "float32", ("batch", 5)),),
    )
    runner = open_runner(make_artifact(bytes(artifact.content), artifact.format, signature))

    with pytest.raises(
        BackendError, match=r"answers otherwise than the manifest says: .*\(batch, 5\)"
    ):
        runner.run({"features": _features(1)})


def test_content_may_be_a_view_of_a_larger_file(
    make_artifact: Callable[..., Artifact], artifact: Artifact
) -> None:
    whole = b"head" + bytes(artifact.content) + b"tail"
    view = memoryview(whole)[4:-4]
    runner = open_runner(make_artifact(view, artifact.format))

    outputs = runner.run({"features": _features(1)})

    np.testing.assert_allclose(outputs["probabilities"], _expected(_features(1)), atol=1e-6)


def test_an_engine_that_does_not_load_is_no_missing_extra(
    make_artifact: Callable[..., Artifact],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "ai_edge_litert.py").write_text("raise ImportError('libodd.so: no such file')")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("ai_edge_litert", "edgesmith_runtime.runners.tflite"):
        monkeypatch.delitem(sys.modules, name, raising=False)

    with pytest.raises(
        BackendError, match=r"'ai_edge_litert' is installed and does not load: libodd\.so"
    ):
        open_runner(make_artifact(b"", Format.TFLITE))


def test_a_missing_extra_is_named(
    make_artifact: Callable[..., Artifact], tiny_onnx: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    monkeypatch.delitem(sys.modules, "edgesmith_runtime.runners.tflite", raising=False)

    with pytest.raises(
        BackendError,
        match=r"model\.tflite: TFLite needs an extra: pip install 'edgesmith-runtime\[tflite\]'",
    ):
        open_runner(make_artifact(tiny_onnx, Format.TFLITE))


_PLAIN = _features(3)


class _Subclass(np.ndarray):
    pass


def _read_only() -> NDArray[np.float32]:
    features = _features(3)
    features.flags.writeable = False
    return features


# What run is given for 'features', and what it says; None where it answers as for _PLAIN.
_PROBES: dict[str, tuple[Any, str | None]] = {
    "plain": (_PLAIN, None),
    "big_endian": (_PLAIN.astype(">f4"), r"expected dtype float32, got >f4; convert with"),
    "masked": (np.ma.masked_array(_PLAIN), r"expected a plain array, got a masked one"),
    "object": (_PLAIN.astype(object), r"expected dtype float32, got object"),
    "float16": (_PLAIN.astype(np.float16), r"expected dtype float32, got float16"),
    "float64": (_PLAIN.astype(np.float64), r"expected dtype float32, got float64"),
    "long_double": (_PLAIN.astype(np.longdouble), r"expected dtype float32, got float\d+"),
    "int64": (_PLAIN.astype(np.int64), r"expected dtype float32, got int64"),
    "bool": (_PLAIN > 0, r"expected dtype float32, got bool"),
    "complex": (_PLAIN.astype(complex), r"expected dtype float32, got complex128"),
    "text": (_PLAIN.astype(str), r"expected dtype float32, got <U"),
    "bytes": (_PLAIN.astype("S4"), r"expected dtype float32, got \|S4"),
    "dates": (np.zeros((3, 4), "M8[s]"), r"expected dtype float32, got datetime64\[s\]"),
    "durations": (np.zeros((3, 4), "m8[s]"), r"expected dtype float32, got timedelta64\[s\]"),
    "structured": (np.zeros((3, 4), [("a", "f4")]), r"expected dtype float32, got \[\('a'"),
    "huge_ints": (np.full((3, 4), 2**70), r"expected dtype float32, got object"),
    "nothing": (None, r"expected dtype float32, got object"),
    "number": (1.0, r"expected dtype float32, got float64"),
    "numpy_number": (np.float32(1), r"expected shape \(batch, 4\), got \(\)"),
    "no_axes": (np.array(1, np.float32), r"expected shape \(batch, 4\), got \(\)"),
    "one_axis": (_PLAIN[0], r"got \(4,\); add the batch axis with array\[None\]"),
    "three_axes": (_PLAIN[None], r"expected shape \(batch, 4\), got \(1, 3, 4\)"),
    "axes_swapped": (_PLAIN.T.copy(), r"expected shape \(batch, 4\), got \(4, 3\)"),
    "no_columns": (_PLAIN[:, :0], r"expected shape \(batch, 4\), got \(3, 0\)"),
    "list": (_PLAIN.tolist(), r"expected dtype float32, got float64"),
    "ragged": (
        [[1.0], [1.0, 2.0]],
        r"expected an array of float32, got list, .* inhomogeneous",
    ),
    "set": ({1.0}, r"expected dtype float32, got object"),
    "text_alone": ("0.5", r"expected dtype float32, got <U3"),
    "fortran": (np.asfortranarray(_PLAIN), None),
    "negative_stride": (_PLAIN[::-1, ::-1].copy()[::-1, ::-1], None),
    "broadcast": (np.broadcast_to(_PLAIN[:1], (3, 4)), None),
    "read_only": (_read_only(), None),
    "subclass": (_PLAIN.view(_Subclass), None),
    "not_aligned": (
        np.frombuffer(b"0" + _PLAIN.tobytes(), np.uint8)[1:].view(np.float32).reshape(3, 4),
        None,
    ),
    "other_class_of_array": (memoryview(_PLAIN), None),  # pyright: ignore[reportArgumentType]
}


@pytest.fixture(params=[Engine.ONNXRUNTIME, Engine.LITERT, Engine.OPENVINO])
def any_runner(request: pytest.FixtureRequest, make_artifact: Callable[..., Artifact]) -> Any:
    module, content, fmt = {
        Engine.ONNXRUNTIME: ("onnxruntime", "tiny_onnx", Format.ONNX),
        Engine.LITERT: ("ai_edge_litert", "tiny_tflite", Format.TFLITE),
        Engine.OPENVINO: ("openvino", "tiny_onnx", Format.ONNX),
    }[request.param]
    if find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    artifact = make_artifact(request.getfixturevalue(content), fmt)
    return open_runner(artifact, EngineSettings(engine=request.param, n_threads=1))


@pytest.mark.parametrize("n_before", [0, 3])
@pytest.mark.parametrize(("given", "message"), _PROBES.values(), ids=_PROBES)
def test_every_engine_answers_right_or_says_why_not(
    any_runner: Any, given: Any, message: str | None, n_before: int
) -> None:
    for _ in range(n_before):
        any_runner.run({"features": _PLAIN})

    for _ in range(3):
        if message is None:
            answer = any_runner.run({"features": given})["probabilities"]
            np.testing.assert_allclose(answer, _expected(np.asarray(given)), atol=1e-6)
        else:
            with pytest.raises(SignatureError, match=message):
                any_runner.run({"features": given})
