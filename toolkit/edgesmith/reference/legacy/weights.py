# pyright: basic
"""The weights of one layer in the layout of Keras 3, from those that Keras 1 and 2 wrote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.quiet import quiet_start

with quiet_start():
    import keras

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Layout", "variables"]

_CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "ConvLSTM2D")


def variables(layer: keras.Layer) -> list[Any]:
    """Those that a file has of a layer, in the order of the file."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


@dataclass(frozen=True, slots=True)
class Layout:
    """Who wrote the weights.

    Args:
        keras_1: Keras 1 did: a matrix by gate, kernels in the order of the image axes.
        convolves: The backend was Theano, which turns kernels around before it multiplies.
    """

    keras_1: bool
    convolves: bool

    def modern(self, layer: keras.Layer, old: list[NDArray[Any]]) -> list[NDArray[Any]]:
        """The layer's weights as Keras 3 has them, in the order of ``variables``."""
        if isinstance(layer, keras.layers.Bidirectional):
            half = len(old) // 2
            forward = self.modern(layer.forward_layer, old[:half])
            return forward + self.modern(layer.backward_layer, old[half:])
        if isinstance(layer, keras.layers.Wrapper):
            return self.modern(layer.layer, old)
        if isinstance(layer, keras.Sequential | keras.Model):
            return self._of_model(layer, old)
        return self._of_layer(type(layer).__name__, layer, old)

    def _of_model(self, model: Any, old: list[NDArray[Any]]) -> list[NDArray[Any]]:
        """First what is trained of all its layers, then the rest of all."""
        parts = [layer for layer in model.layers if layer.weights]
        counts = [self._count(part) for part in parts]
        rest = old[sum(counts) :]
        trained: list[NDArray[Any]] = []
        kept: list[NDArray[Any]] = []
        for part, count in zip(parts, counts, strict=True):
            n_kept = len(part.non_trainable_weights)
            new = self.modern(part, [*old[:count], *rest[:n_kept]])
            n_trained = len(part.trainable_weights)
            trained, kept = trained + new[:n_trained], kept + new[n_trained:]
            old, rest = old[count:], rest[n_kept:]
        return trained + kept

    def _count(self, layer: Any) -> int:
        """How many arrays the file has for what is trained of a layer."""
        if isinstance(layer, keras.layers.Bidirectional):
            return self._count(layer.forward_layer) + self._count(layer.backward_layer)
        if isinstance(layer, keras.layers.Wrapper):
            return self._count(layer.layer)
        if isinstance(layer, keras.Sequential | keras.Model):
            return sum(self._count(part) for part in layer.layers)
        by_gate = {"LSTM": 4, "GRU": 3, "ConvLSTM2D": 4}.get(type(layer).__name__, 1)
        return len(layer.trainable_weights) * (by_gate if self.keras_1 else 1)

    def _of_layer(self, kind: str, layer: Any, old: list[NDArray[Any]]) -> list[NDArray[Any]]:
        if kind in ("LSTM", "ConvLSTM2D") and len(old) == 12:
            old = _joined(old, (0, 2, 1, 3))  # Keras 1: input, cell, forget, output
        if kind == "GRU" and len(old) == 9:
            old = _joined(old, (0, 1, 2))
        if kind in ("LSTM", "GRU") and len(old) == 3:
            old = _of_cudnn(layer, old)
        if kind in _CONVOLUTIONS and old:
            n_kernels = 2 if kind == "ConvLSTM2D" else 1
            kernels = [self._kernel(kind, layer, kernel) for kernel in old[:n_kernels]]
            old = kernels + old[n_kernels:]
        return old

    def _kernel(self, kind: str, layer: Any, kernel: NDArray[Any]) -> NDArray[Any]:
        if self.keras_1:
            kernel = _spatial_first(kind, layer, kernel)
        if self.convolves:
            kernel = np.flip(kernel, axis=tuple(range(kernel.ndim - 2)))
        return kernel


def _joined(old: list[NDArray[Any]], order: tuple[int, ...]) -> list[NDArray[Any]]:
    """Of Keras 1 by gate: kernel, recurrent kernel, bias; each joined over the gates."""
    return [np.concatenate([old[3 * gate + part] for gate in order], -1) for part in range(3)]


def _of_cudnn(layer: Any, old: list[NDArray[Any]]) -> list[NDArray[Any]]:
    """CuDNN keeps its matrices transposed, and two biases; known by the shape of these."""
    kernel, recurrent, bias = old
    n_gates = 4 if isinstance(layer, keras.layers.LSTM) else 3
    if bias.shape != (2 * n_gates * layer.units,):
        return old
    n_inputs = kernel.shape[0]
    kernels = [
        gate.reshape(layer.units, n_inputs).T for gate in np.split(kernel, n_gates, axis=1)
    ]
    recurrents = [gate.T for gate in np.split(recurrent, n_gates, axis=1)]
    biases = bias.reshape(2, -1)
    summed = biases.sum(axis=0) if n_gates == 4 else biases
    return [np.hstack(kernels), np.hstack(recurrents), summed]


def _spatial_first(kind: str, layer: Any, kernel: NDArray[Any]) -> NDArray[Any]:
    """A kernel of Keras 1 as ``(..., input, filter)``; transposed ones ``(..., filter, input)``."""
    first = layer.data_format == "channels_first"
    if kind == "Conv1D":
        # A picture one pixel wide: (length, 1, input, filter); before 1.2 (filter, input, length, 1).
        size = layer.kernel_size[0]
        if kernel.shape[:2] != (size, 1) or kernel.shape[3] != layer.filters:
            kernel = kernel.transpose(2, 3, 1, 0)
        return kernel[:, 0]
    if kind == "Conv2DTranspose":
        return kernel.transpose(2, 3, 0, 1) if first else kernel.transpose(0, 1, 3, 2)
    if not first:
        return kernel
    spatial = tuple(range(2, kernel.ndim))
    return kernel.transpose(*spatial, 1, 0)
