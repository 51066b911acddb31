"""A small net with every kind of layer that recipes treat apart, in both formats."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from ai_edge_litert import schema_py_generated as schema
from onnx import numpy_helper

from edgesmith.optimization import nodes_of, observe, quantize, taps_of
from edgesmith.recipe import Recipe, Scheme
from edgesmith.scopes import layer_of
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.spec import Format, Precision

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import keras
    from numpy.typing import NDArray

    from edgesmith.optimization import Calibration, Node
    from edgesmith_runtime.bundle import Artifact

_PRECISIONS = {
    Scheme.FLOAT16: Precision.FLOAT16,
    Scheme.INT4_WEIGHTS: Precision.INT4,
    Scheme.FLOAT32: Precision.FLOAT32,
}


@dataclass(frozen=True)
class Constant:
    """A constant of a file: its dtype in the words of the format, and its scales."""

    dtype: str
    numbers: NDArray[Any] | None  # None for int4, which numpy does not have
    n_numbers: int
    n_scales: int


@dataclass(frozen=True)
class Net:
    """A model in one format, and what recipes need of it."""

    artifact: Artifact
    nodes: tuple[Node, ...]
    calibration: Calibration
    tensors: Mapping[str, NDArray[np.float32]]

    def recipe(self, scheme: Scheme, **options: Any) -> Recipe:
        given: dict[str, Any] = {"precision": _PRECISIONS.get(scheme, Precision.INT8)}
        given |= options
        return Recipe(name=scheme.value, format=self.artifact.format, scheme=scheme, **given)

    def made(self, scheme: Scheme, **options: Any) -> Artifact:
        recipe = self.recipe(scheme, **options)
        return quantize(self.artifact, recipe, self.nodes, self.calibration)

    def answers(self, artifact: Artifact) -> NDArray[np.float32]:
        return next(iter(open_runner(artifact, n_threads=1).run(self.tensors).values()))


@pytest.fixture(scope="session")
def net_of(artifact_of: Callable[..., Artifact]) -> Callable[..., Net]:
    """A Keras model in a format, observed on some inputs."""
    from edgesmith.reference import trace

    def make(
        model: keras.Model, fmt: Format, tensors: Mapping[str, NDArray[np.float32]]
    ) -> Net:
        reference = trace(model)
        labels = {"digit": ("zero", "one", "two")}
        known = {name: labels[name] for name in labels if name in model.output_names}
        artifact = artifact_of(reference, fmt, labels=known)
        named = functools.partial(layer_of, scopes=reference.freeze().scopes)
        nodes = nodes_of(artifact, named)
        calibration = observe(taps_of(artifact, nodes), [tensors])
        return Net(artifact, nodes, calibration, tensors)

    return make


@pytest.fixture(scope="session")
def samples() -> dict[str, NDArray[np.float32]]:
    """Forty-one images, ``(41, 8, 8, 3)``."""
    return {"image": np.random.default_rng(2).normal(size=(41, 8, 8, 3)).astype(np.float32)}


@pytest.fixture(scope="session")
def nets(
    net_of: Callable[..., Net], samples: dict[str, NDArray[np.float32]]
) -> dict[Format, Net]:
    """A convolution with BN, a depthwise one, a residual sum, pooling and dense layers."""
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    image = keras.Input((8, 8, 3), name="image")
    x = layers.Conv2D(16, 3, padding="same", use_bias=False, name="stem")(image)
    x = layers.BatchNormalization(moving_mean_initializer="random_normal", name="norm")(x)
    x = layers.ReLU(name="relu")(x)
    y = layers.DepthwiseConv2D(5, padding="same", name="depthwise")(x)
    x = layers.Add(name="residual")([x, y])
    x = layers.GlobalAveragePooling2D(name="pooling")(x)
    x = layers.Dense(192, activation="relu", name="hidden")(x)
    x = layers.Dense(3, activation="softmax", name="digit")(x)
    model = keras.Model(image, x)
    return {fmt: net_of(model, fmt, samples) for fmt in Format}


@pytest.fixture(scope="session")
def weightless(
    net_of: Callable[..., Net], samples: dict[str, NDArray[np.float32]]
) -> dict[Format, Net]:
    """A ReLU and a sum."""
    import keras

    image = keras.Input((8, 8, 3), name="image")
    x = keras.layers.Add(name="sum")([image, keras.layers.ReLU(name="relu")(image)])
    return {fmt: net_of(keras.Model(image, x), fmt, samples) for fmt in Format}


@pytest.fixture(scope="session")
def constants_of() -> Callable[[Artifact], dict[str, Constant]]:
    """What is in a file, read by its format's own schema."""

    def read(artifact: Artifact) -> dict[str, Constant]:
        match artifact.format:
            case Format.ONNX:
                return _onnx_constants(bytes(artifact.content))
            case Format.TFLITE:
                return _tflite_constants(bytes(artifact.content))

    return read


def _onnx_constants(content: bytes) -> dict[str, Constant]:
    graph = onnx.load_model_from_string(content).graph
    arrays = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    scales = {
        node.input[0]: arrays[node.input[1]].size
        for node in graph.node
        if node.op_type == "DequantizeLinear" and node.input[1] in arrays
    }
    return {
        name: Constant(str(array.dtype), array, array.size, scales.get(name, 0))
        for name, array in arrays.items()
    }


_TFLITE_DTYPES = {
    code: name.lower() for name, code in vars(schema.TensorType).items() if name.isupper()
}


def _tflite_constants(content: bytes) -> dict[str, Constant]:
    model: Any = schema.ModelT.InitFromPackedBuf(content)
    found: dict[str, Constant] = {}
    for tensor in model.subgraphs[0].tensors:
        buffer: Any = model.buffers[tensor.buffer]
        inside = b"" if buffer.data is None else bytes(buffer.data)
        raw = inside or content[buffer.offset : buffer.offset + buffer.size]
        if not raw:
            continue
        dtype = _TFLITE_DTYPES[tensor.type]
        n_numbers = int(np.prod(tensor.shape)) if tensor.shape is not None else 1
        quantization = tensor.quantization
        n_scales = (
            len(quantization.scale) if quantization and quantization.scale is not None else 0
        )
        numbers = None if dtype == "int4" else np.frombuffer(raw, dtype)
        if dtype == "int4":
            assert len(raw) == (n_numbers + 1) // 2
        found[tensor.name.decode()] = Constant(dtype, numbers, n_numbers, n_scales)
    return found


@pytest.fixture(scope="session")
def snr_db() -> Callable[..., float]:
    def of(exact: NDArray[Any], given: NDArray[Any]) -> float:
        noise = np.square(given.astype(np.float64) - exact).sum()
        return float(10 * np.log10(np.square(exact.astype(np.float64)).sum() / noise))

    return of
