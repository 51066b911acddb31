# pyright: basic
"""What can be trained, by name: each architecture makes a Keras model for given tensors."""

from __future__ import annotations

from collections.abc import Callable

import keras

from edgesmith.registry import Registry
from edgesmith.training.architectures.autoencoder import autoencoder
from edgesmith.training.architectures.backbone import backbone
from edgesmith.training.architectures.cnn import cnn
from edgesmith.training.architectures.conv1d import conv1d
from edgesmith.training.architectures.ds_cnn import ds_cnn
from edgesmith.training.architectures.embedding_bag import embedding_bag
from edgesmith.training.architectures.gru import gru
from edgesmith.training.architectures.linear import linear
from edgesmith.training.architectures.mahalanobis import mahalanobis
from edgesmith.training.architectures.mlp import mlp
from edgesmith.training.architectures.mobilenet import mobilenet
from edgesmith.training.architectures.tabular import tabular
from edgesmith.training.architectures.tcn import tcn
from edgesmith.training.architectures.text_cnn import text_cnn
from edgesmith.training.architectures.text_transformer import text_transformer

__all__ = ["OF_ANOMALIES", "Architecture", "architectures"]

Architecture = Callable[..., keras.Model]
"""``(inputs, output, task, *, its options) -> keras.Model``.

``inputs`` is a tuple of ``TensorSpec``, ``output`` an ``Output``, ``task`` a ``Task``. The model
takes tensors named as ``inputs`` and gives one tensor, ``(batch, *output.shape)`` in float32: the
probabilities of the classes, the values of a regression, or how strange a sample is, from 0. The
options are keyword-only, with defaults; the configuration sets them under ``training.options``.
"""

architectures: Registry[Architecture] = Registry("architecture")
architectures.add("linear")(linear)
architectures.add("mlp")(mlp)
architectures.add("embedding_bag")(embedding_bag)
architectures.add("text_cnn")(text_cnn)
architectures.add("text_transformer")(text_transformer)
architectures.add("tabular")(tabular)
architectures.add("cnn")(cnn)
architectures.add("mobilenet")(mobilenet)
architectures.add("backbone")(backbone)
architectures.add("ds_cnn")(ds_cnn)
architectures.add("conv1d")(conv1d)
architectures.add("tcn")(tcn)
architectures.add("gru")(gru)
architectures.add("autoencoder")(autoencoder)
architectures.add("mahalanobis")(mahalanobis)

OF_ANOMALIES = frozenset(["autoencoder", "mahalanobis"])
"""Those that give a score; the others learn from targets, which an anomaly detection has not."""
