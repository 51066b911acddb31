"""What the OpenVINO runner has to promise: the answers of numpy, and its own limits by name."""

from __future__ import annotations

import itertools
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith_runtime.errors import BackendError, DeadlineError, SignatureError
from edgesmith_runtime.loading import load
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.settings import Engine, EngineSettings
from edgesmith_runtime.spec import Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact
    from edgesmith_runtime.runners import Runner

pytestmark = pytest.mark.skipif(find_spec("openvino") is None, reason="needs the extra")

WEIGHTS = np.linspace(-1.0, 1.0, 12, dtype=np.float32).reshape(4, 3)
BIAS = np.array([0.1, -0.2, 0.3], np.float32)


def _open(artifact: Artifact, n_threads: int = 1) -> Runner:
    return open_runner(artifact, EngineSettings(engine=Engine.OPENVINO, n_threads=n_threads))


def _features(n: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(n, 4)).astype(np.float32)


def _expected(features: NDArray[np.float32]) -> NDArray[np.float64]:
    powers = np.exp(features.astype(np.float64) @ WEIGHTS + BIAS)
    return powers / powers.sum(axis=1, keepdims=True)


def _spec(
    name: str, dtype: str = "float32", shape: tuple[int | str, ...] = ("n", 2)
) -> TensorSpec:
    return TensorSpec(name, dtype, shape)


@pytest.fixture
def tiny(make_artifact: Callable[..., Artifact], tiny_onnx: bytes) -> Artifact:
    return make_artifact(tiny_onnx)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_batches_of_any_size_in_any_order_answer_right(tiny: Artifact, n_threads: int) -> None:
    runner = _open(tiny, n_threads)

    for n in [1, 5, 1, 2, 5, 5, 1, 3, 2, 40, 1, 40, 40, 0, 1]:
        outputs = runner.run({"features": _features(n, seed=n)})

        assert list(outputs) == ["probabilities"]
        expected = _expected(_features(n, seed=n))
        np.testing.assert_allclose(outputs["probabilities"], expected, atol=1e-6)


@pytest.mark.parametrize("timeout", [None, 600.0])
def test_the_caller_owns_every_answer(tiny: Artifact, timeout: float | None) -> None:
    runner = _open(tiny)
    answers = [
        runner.run({"features": _features(3, seed)}, timeout=timeout)["probabilities"]
        for seed in range(5)
    ]

    for seed, answer in enumerate(answers):
        np.testing.assert_allclose(answer, _expected(_features(3, seed)), atol=1e-6)
        answer[...] = -1.0
    for one, other in itertools.combinations(answers, 2):
        assert not np.shares_memory(one, other)


def test_threads_get_the_answers_of_one_thread_bit_by_bit(tiny: Artifact) -> None:
    runner = _open(tiny)
    batches = [_features(1 + seed % 3, seed) for seed in range(100)]
    alone = [runner.run({"features": batch})["probabilities"] for batch in batches]

    with ThreadPoolExecutor(8) as pool:
        together = list(
            pool.map(
                lambda batch: runner.run({"features": batch})["probabilities"], batches * 5
            )
        )

    for one, many in zip(alone * 5, together, strict=True):
        np.testing.assert_array_equal(one, many)


def test_a_bundle_passes_its_self_test(tiny_bundle_path: Path) -> None:
    model = load(tiny_bundle_path, engine="openvino")

    assert model.selftest().n_samples == 3


@pytest.mark.parametrize("batch", ["batch", 2])
def test_codes_of_8_bits_answer_as_onnxruntime_does(
    fmt: object, quantized_artifact: Callable[..., Artifact], batch: int | str
) -> None:
    artifact = quantized_artifact(batch)
    if artifact.format != "onnx":
        pytest.skip("OpenVINO runs .onnx")
    features = _features(5)

    outputs = _open(artifact).run({"features": features})

    expected = open_runner(artifact).run({"features": features})
    np.testing.assert_allclose(
        outputs["probabilities"], expected["probabilities"], atol=1.01 / 256
    )


def test_inputs_and_outputs_go_by_name(onnx_artifact: Callable[..., Artifact]) -> None:
    signature = Signature(
        (_spec("b"), _spec("unused"), _spec("a")), (_spec("difference"), _spec("same"))
    )
    artifact = onnx_artifact(
        [("Sub", ["a", "b"], ["difference"]), ("Identity", ["a"], ["same"])], signature
    )
    shuffled = type(artifact)(
        file=artifact.file,
        format=artifact.format,
        precision=artifact.precision,
        version=artifact.version,
        signature=Signature(signature.inputs[::-1], signature.outputs[::-1]),
        content=artifact.content,
    )
    a, b = np.array([[5, 7]], np.float32), np.array([[1, 2]], np.float32)

    for timeout in (None, None, 600.0):
        outputs = _open(shuffled).run({"a": a, "b": b, "unused": a}, timeout=timeout)

        assert list(outputs) == ["same", "difference"]
        np.testing.assert_array_equal(outputs["same"], a)
        np.testing.assert_array_equal(outputs["difference"], [[4, 5]])


@pytest.mark.parametrize(
    "dtype",
    [
        "bool",
        "int8",
        "uint8",
        "int16",
        "uint16",
        "int32",
        "uint32",
        "int64",
        "uint64",
        "float16",
    ],
)
def test_numbers_of_every_other_kind_pass(
    onnx_artifact: Callable[..., Artifact], dtype: str
) -> None:
    signature = Signature((_spec("x", dtype),), (_spec("y", dtype),))
    runner = _open(onnx_artifact([("Identity", ["x"], ["y"])], signature))
    x = np.array([[0, 1], [1, 100]]).astype(dtype)

    np.testing.assert_array_equal(runner.run({"x": x})["y"], x, strict=True)


@pytest.mark.parametrize(
    ("dtype", "number"),
    [("int64", 2**31), ("int64", -(2**31) - 1), ("uint64", 2**63), ("uint32", 2**31)],
)
@pytest.mark.parametrize("n_before", [0, 2])
def test_whole_numbers_beyond_32_bits_are_refused(
    onnx_artifact: Callable[..., Artifact], dtype: str, number: int, n_before: int
) -> None:
    signature = Signature((_spec("x", dtype),), (_spec("y", dtype),))
    runner = _open(onnx_artifact([("Identity", ["x"], ["y"])], signature))
    x = np.ones((1, 2), dtype)
    for _ in range(n_before):
        runner.run({"x": x})
    wide = np.array([[0, number]], dtype)

    with pytest.raises(SignatureError, match=r"^tensor 'x': expected numbers from -2147483648"):
        runner.run({"x": wide})

    np.testing.assert_array_equal(runner.run({"x": x})["y"], x)


def test_a_run_that_the_engine_refuses_leaves_the_runner_usable(
    onnx_artifact: Callable[..., Artifact],
) -> None:
    weights = pytest.importorskip("onnx").numpy_helper.from_array(
        np.eye(2, dtype=np.float32), "w"
    )
    signature = Signature((_spec("x", shape=("n", "k")),), (_spec("y", shape=("n", "m")),))
    runner = _open(onnx_artifact([("MatMul", ["x", "w"], ["y"])], signature, (weights,)))
    one = np.ones((1, 2), np.float32)

    for timeout in (None, 600.0):
        with pytest.raises(BackendError, match=r"^model\.onnx: OpenVINO [\w./-]+ refused: "):
            runner.run({"x": np.ones((1, 3), np.float32)}, timeout=timeout)

        np.testing.assert_array_equal(runner.run({"x": one})["y"], one)


def test_an_answer_for_fewer_samples_than_were_given_is_refused(
    onnx_artifact: Callable[..., Artifact],
) -> None:
    shape = pytest.importorskip("onnx").numpy_helper.from_array(np.array([1, 2]), "shape")
    signature = Signature((_spec("x"),), (_spec("y"),))
    runner = _open(onnx_artifact([("Reshape", ["x", "shape"], ["y"])], signature, (shape,)))

    for _ in range(2):
        with pytest.raises(
            BackendError, match=r"'y': expected 3 on the axis 'n' as in the inp"
        ):
            runner.run({"x": np.ones((3, 2), np.float32)})


def _slow(onnx_artifact: Callable[..., Artifact]) -> Artifact:
    """Many nodes: 400 products with 600 by 600."""
    from_array = pytest.importorskip("onnx").numpy_helper.from_array
    weights = np.eye(600, dtype=np.float32)
    names = ["x", *(f"v{index}" for index in range(799)), "y"]
    nodes = [
        ("MatMul", [given, "w"], [made]) if index % 2 else ("Tanh", [given], [made])
        for index, (given, made) in enumerate(itertools.pairwise(names))
    ]
    signature = Signature((_spec("x", shape=("n", 600)),), (_spec("y", shape=("n", 600)),))
    return onnx_artifact(nodes, signature, (from_array(weights, "w"),))


def test_a_run_is_ended_at_its_deadline_and_the_next_one_answers(
    onnx_artifact: Callable[..., Artifact],
) -> None:
    runner = _open(_slow(onnx_artifact))
    many, one = np.zeros((4000, 600), np.float32), np.zeros((1, 600), np.float32)

    for _ in range(3):
        with pytest.raises(DeadlineError, match=r"^model\.onnx: .* the run was ended"):
            runner.run({"x": many}, timeout=0.5)

        np.testing.assert_array_equal(runner.run({"x": one}, timeout=600.0)["y"], one)
        np.testing.assert_array_equal(runner.run({"x": one})["y"], one)


def test_a_deadline_counts_the_wait_for_other_runs(
    onnx_artifact: Callable[..., Artifact],
) -> None:
    runner = _open(_slow(onnx_artifact))
    one = np.zeros((1, 600), np.float32)
    runner.run({"x": one})
    begun, may_go = threading.Event(), threading.Event()
    answers: list[Any] = []

    class _Telling(dict[str, Any]):
        def __getitem__(self, name: str) -> Any:
            begun.set()  # read under the lock of the runner
            assert may_go.wait(60)
            return super().__getitem__(name)

    holder = threading.Thread(
        target=lambda: answers.append(runner.run(_Telling(x=one), timeout=600.0)["y"])
    )
    holder.start()
    try:
        assert begun.wait(60)
        with pytest.raises(DeadlineError, match="after other runs"):
            runner.run({"x": one}, timeout=0.02)
    finally:
        may_go.set()
        holder.join()

    np.testing.assert_array_equal(answers, [one])


def test_a_timeout_of_a_model_with_a_loop_is_refused(
    make_artifact: Callable[..., Artifact],
) -> None:
    onnx = pytest.importorskip("onnx")
    helper, kinds = onnx.helper, onnx.TensorProto
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["c"], ["c2"]),
            helper.make_node("Add", ["s", "s"], ["s2"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("i", kinds.INT64, []),
            helper.make_tensor_value_info("c", kinds.BOOL, []),
            helper.make_tensor_value_info("s", kinds.FLOAT, [1, 2]),
        ],
        [
            helper.make_tensor_value_info("c2", kinds.BOOL, []),
            helper.make_tensor_value_info("s2", kinds.FLOAT, [1, 2]),
        ],
    )
    graph = helper.make_graph(
        [helper.make_node("Loop", ["n", "c0", "x"], ["y"], body=body, name="around")],
        "g",
        [helper.make_tensor_value_info("x", kinds.FLOAT, [1, 2])],
        [helper.make_tensor_value_info("y", kinds.FLOAT, [1, 2])],
        [
            onnx.numpy_helper.from_array(np.int64(3), "n"),
            onnx.numpy_helper.from_array(np.bool_(True), "c0"),  # noqa: FBT003
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    signature = Signature((_spec("x", shape=(1, 2)),), (_spec("y", shape=(1, 2)),))
    runner = _open(make_artifact(model.SerializeToString(), signature=signature))
    x = np.ones((1, 2), np.float32)

    with pytest.raises(
        BackendError, match=r"expected a model without a loop.*engine='onnxrunt"
    ):
        runner.run({"x": x}, timeout=1.0)

    np.testing.assert_array_equal(runner.run({"x": x})["y"], 8 * x)


@pytest.mark.parametrize("is_loaded_again", [False, True], ids=["old", "fresh"])
def test_a_forked_child_is_refused_by_name(
    *, is_loaded_again: bool, tiny: Artifact, fork: Callable[[Callable[[], object]], int]
) -> None:
    runner = _open(tiny)
    features = _features(2)

    def act() -> None:
        with pytest.raises(
            BackendError, match=r"^model\.onnx: expected a process that was not f"
        ):
            (_open(tiny) if is_loaded_again else runner).run({"features": features})

    pid = fork(act)
    again = runner.run({"features": features})["probabilities"]

    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    np.testing.assert_allclose(again, _expected(features), atol=1e-6)


@pytest.mark.parametrize("timeout", [3e6, 1e10, 1e300])
def test_a_timeout_of_months_is_a_time(tiny: Artifact, timeout: float) -> None:
    outputs = _open(tiny).run({"features": _features(2)}, timeout=timeout)

    np.testing.assert_allclose(outputs["probabilities"], _expected(_features(2)), atol=1e-6)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers on this system")
def test_a_run_that_is_interrupted_is_ended(onnx_artifact: Callable[..., Artifact]) -> None:
    runner = _open(_slow(onnx_artifact))
    many, one = np.zeros((4000, 600), np.float32), np.zeros((1, 600), np.float32)
    runner.run({"x": one})

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, 0.4)
            runner.run({"x": many}, timeout=0.8)  # heard of when the wait returns
    finally:
        signal.signal(signal.SIGALRM, before)

    np.testing.assert_array_equal(runner.run({"x": one})["y"], one)
