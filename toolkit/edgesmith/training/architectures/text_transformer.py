# pyright: basic
"""A small transformer encoder over tokens, and the mean of what it gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import keras

from edgesmith.training.architectures.ends import arguments, head, input_layers
from edgesmith.training.architectures.options import check_count, check_share
from edgesmith.training.architectures.token_tables import (
    check_tokens,
    embedded,
    mean_of_tokens,
    presence,
)
from edgesmith_runtime.errors import ConfigError

if TYPE_CHECKING:
    from edgesmith_runtime.manifest import Output, Task
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["text_transformer"]

POSITION_KERNEL = 3
HIDDEN_PER_WIDTH = 2


def text_transformer(  # noqa: PLR0913 - its options are arguments
    inputs: tuple[TensorSpec, ...],
    output: Output,
    task: Task,
    *,
    n_tokens: int | None = None,
    width: int = 64,
    heads: int = 2,
    blocks: int = 1,
    dropout: float = 0.1,
) -> keras.Model:
    """Blocks of attention and dense layers beside an identity, normalized before each.

    Vaswani et al., Attention is all you need, 2017, arXiv:1706.03762, with the normalization of
    Xiong et al. 2020 (arXiv:2002.04745). Where a token stands comes from a depthwise convolution
    beside an identity (Chu et al. 2021, arXiv:2102.10882), so no table of places is needed. No
    token attends to padding, and the mean leaves it out.

    Args:
        inputs: One int32 tensor ``(batch, length)`` of tokens, 0 for padding.
        output: What the model gives.
        task: Softmax follows for a classification.
        n_tokens: How many indices there are; ``[text]`` gives it by itself.
        width: Of an embedding; a multiple of ``heads``.
        heads: Of attention in each block.
        blocks: How many.
        dropout: Share of what each part adds, and of the mean, left out in training.

    Raises:
        ConfigError: An option has a value that it cannot have, or the input is no such tensor.
    """
    for option, value in (("width", width), ("heads", heads), ("blocks", blocks)):
        check_count(option, value)
    check_share("dropout", dropout)
    if width % heads:
        raise ConfigError(
            f"training.options.width: expected a multiple of the {heads} heads, got {width}"
        )
    length, n_indices = check_tokens("text_transformer", inputs, n_tokens)
    layers = input_layers(inputs)
    tokens = layers[inputs[0].name]
    present = presence(tokens, n_indices)
    mask = keras.layers.Reshape((1, length), name="mask")(present)
    features = embedded(tokens, n_indices, width)
    places = keras.layers.DepthwiseConv1D(POSITION_KERNEL, padding="same", name="places")
    features = keras.layers.Add(name="placed")([features, places(features)])
    shape = _Shape(width, heads, dropout)
    for block in range(1, blocks + 1):
        features = _block(features, mask, shape, f"block_{block}")
    features = keras.layers.LayerNormalization(name="norm")(features)
    features = mean_of_tokens(features, present)
    if dropout:
        features = keras.layers.Dropout(dropout, name="dropout")(features)
    return keras.Model(arguments(layers), head(features, output, task), name="text_transformer")


@dataclass(frozen=True, slots=True)
class _Shape:
    width: int
    heads: int
    dropout: float


def _block(
    features: keras.KerasTensor, mask: keras.KerasTensor, shape: _Shape, name: str
) -> keras.KerasTensor:
    normed = keras.layers.LayerNormalization(name=f"{name}_attention_norm")(features)
    attended = [
        _attended(normed, mask, shape.width // shape.heads, f"{name}_head_{head_place}")
        for head_place in range(1, shape.heads + 1)
    ]
    joined = attended[0]
    if len(attended) > 1:
        joined = keras.layers.Concatenate(name=f"{name}_heads")(attended)
    mixed = keras.layers.Dense(shape.width, name=f"{name}_mixed")(joined)
    features = _added(features, mixed, shape, f"{name}_attention")
    normed = keras.layers.LayerNormalization(name=f"{name}_dense_norm")(features)
    hidden = keras.layers.Dense(
        shape.width * HIDDEN_PER_WIDTH, activation="relu", name=f"{name}_hidden"
    )(normed)
    thought = keras.layers.Dense(shape.width, name=f"{name}_dense")(hidden)
    return _added(features, thought, shape, f"{name}_dense")


def _attended(
    features: keras.KerasTensor, mask: keras.KerasTensor, width: int, name: str
) -> keras.KerasTensor:
    """One head: ``softmax(q k' / sqrt(width) + mask) v``, ``(batch, length, width)``."""
    query, key, value = (
        keras.layers.Dense(width, name=f"{name}_{part}")(features)
        for part in ("query", "key", "value")
    )
    scores = keras.layers.Dot(axes=2, name=f"{name}_scores")([query, key])
    scores = keras.layers.Rescaling(width**-0.5, name=f"{name}_scaled")(scores)
    scores = keras.layers.Add(name=f"{name}_masked")([scores, mask])
    shares = keras.layers.Softmax(axis=-1, name=f"{name}_shares")(scores)
    return keras.layers.Dot(axes=(2, 1), name=f"{name}_value_mean")([shares, value])


def _added(
    features: keras.KerasTensor, part: keras.KerasTensor, shape: _Shape, name: str
) -> keras.KerasTensor:
    if shape.dropout:
        part = keras.layers.Dropout(shape.dropout, name=f"{name}_dropout")(part)
    return keras.layers.Add(name=f"{name}_sum")([features, part])
