# pyright: basic
"""What can be trained, by name: each architecture makes a Keras model for given tensors."""

from __future__ import annotations

from collections.abc import Callable

import keras

from edgesmith.registry import Registry
from edgesmith.training.architectures.cnn import cnn
from edgesmith.training.architectures.linear import linear
from edgesmith.training.architectures.mlp import mlp

__all__ = ["Architecture", "architectures"]

Architecture = Callable[..., keras.Model]
"""``(inputs, output, task, *, its options) -> keras.Model``.

``inputs`` is a tuple of ``TensorSpec``, ``output`` an ``Output``, ``task`` a ``Task``. The model
takes tensors named as ``inputs`` and gives one tensor, ``(batch, *output.shape)`` in float32: the
probabilities of the classes, or the values of a regression. The options are keyword-only, with
defaults; the configuration sets them under ``training.options``.
"""

architectures: Registry[Architecture] = Registry("architecture")
architectures.add("linear")(linear)
architectures.add("mlp")(mlp)
architectures.add("cnn")(cnn)
