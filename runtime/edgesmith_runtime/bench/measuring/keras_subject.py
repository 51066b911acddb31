# pyright: basic
"""The original Keras model, in each style that people call it in; Keras is imported here alone."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.bench.measuring.lane import Lane, Opened
from edgesmith_runtime.bench.subject import CallStyle
from edgesmith_runtime.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bench.measuring.exchange import Request
    from edgesmith_runtime.bench.measuring.samples import Tensors

__all__ = ["open_keras"]


def open_keras(request: Request, output_names: tuple[str, ...]) -> Opened:
    """Load the Keras file that the request names, on the processor that the artifacts run on.

    Args:
        request: Its ``styles`` become the lanes, in the same order.
        output_names: Of the bundle, in order.

    Raises:
        BackendError: Keras or TensorFlow is not installed, or cannot load the file.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        import keras
        import tensorflow as tf
    except ImportError as error:
        raise BackendError(
            f"Keras is not installed here ({error}), so the original cannot be measured; "
            "pip install tensorflow keras, or leave --against out"
        ) from error
    tf.config.threading.set_intra_op_parallelism_threads(request.n_threads)
    tf.config.threading.set_inter_op_parallelism_threads(request.n_threads)
    imported_ns = time.perf_counter_ns()
    model = _load(keras, request.model)
    loaded_ns = time.perf_counter_ns()
    calls: dict[CallStyle, Callable[[Any], Any]] = {
        CallStyle.PREDICT: lambda values: model.predict(values, verbose=0),
        CallStyle.CALL: lambda values: _arrays(keras, model(values, training=False)),
        CallStyle.TF_FUNCTION: _traced(keras, tf, model),
    }
    return Opened(
        lanes=tuple(
            Lane(
                name=style,
                prepare=lambda tensors: _inputs(keras, model, tensors),
                call=calls[style],
                outputs=lambda result: _by_name(keras, model, result, output_names),
            )
            for style in request.styles
        ),
        import_ns=imported_ns - request.spawned_ns,
        load_ns=loaded_ns - imported_ns,
        versions={"keras": keras.__version__, "tensorflow": tf.__version__},
    )


def _load(keras: Any, path: str) -> Any:
    try:
        return keras.saving.load_model(path, compile=False)
    except (ValueError, TypeError, OSError, KeyError, ImportError, AttributeError) as error:
        raise BackendError(f"{path}: Keras cannot load it: {error}") from error


def _traced(keras: Any, tf: Any, model: Any) -> Callable[[Any], Any]:
    function = tf.function(lambda values: model(values, training=False))
    return lambda values: _arrays(keras, function(values))


def _arrays(keras: Any, result: Any) -> Any:
    return keras.tree.map_structure(np.asarray, result)


def _inputs(keras: Any, model: Any, tensors: Tensors) -> Any:
    """The tensors in the structure that the model was built with."""
    if len(tensors) == 1:
        return next(iter(tensors.values()))
    try:
        structure = model.input
    except (AttributeError, ValueError):  # a subclassed model does not say
        return list(tensors.values())
    return keras.tree.map_structure(lambda tensor: tensors[tensor.name], structure)


def _by_name(keras: Any, model: Any, result: Any, names: tuple[str, ...]) -> Tensors:
    """The outputs by the bundle's names: by name where Keras has the same, else in order."""
    if isinstance(result, dict) and set(result) == set(names):
        return {name: np.asarray(result[name]) for name in names}
    arrays = [np.asarray(array) for array in keras.tree.flatten(result)]
    own_names = getattr(model, "output_names", None) or ()
    if set(own_names) == set(names):
        return dict(zip(own_names, arrays, strict=True))
    return dict(zip(names, arrays, strict=False))
