# pyright: basic
"""The mean of the embeddings of a text's tokens, then dense layers: small and fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from edgesmith.training.architectures.ends import arguments, head, input_layers
from edgesmith.training.architectures.options import check_count, check_counts, check_share
from edgesmith.training.architectures.token_tables import (
    check_tokens,
    embedded,
    mean_of_tokens,
    presence,
)

if TYPE_CHECKING:
    from edgesmith_runtime.manifest import Output, Task
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["embedding_bag"]


def embedding_bag(  # noqa: PLR0913 - its options are arguments
    inputs: tuple[TensorSpec, ...],
    output: Output,
    task: Task,
    *,
    n_tokens: int | None = None,
    width: int = 64,
    widths: tuple[int, ...] = (),
    dropout: float = 0.0,
) -> keras.Model:
    """A deep averaging network (Iyyer et al. 2015); without hidden layers it is fastText's.

    Joulin et al., Bag of tricks for efficient text classification, 2016, arXiv:1607.01759. Padding
    does not count in the mean; a text without tokens is the embedding of padding.

    Args:
        inputs: One int32 tensor ``(batch, length)`` of tokens, 0 for padding.
        output: What the model gives.
        task: Softmax follows for a classification.
        n_tokens: How many indices there are; ``[text]`` gives it by itself.
        width: Of an embedding.
        widths: Units of hidden layers, each with a ReLU.
        dropout: Share of the mean, and of hidden units, left out in training.

    Raises:
        ConfigError: An option has a value that it cannot have, or the input is no such tensor.
    """
    check_count("width", width)
    check_counts("widths", widths)
    check_share("dropout", dropout)
    _, n_indices = check_tokens("embedding_bag", inputs, n_tokens)
    layers = input_layers(inputs)
    tokens = layers[inputs[0].name]
    features = mean_of_tokens(embedded(tokens, n_indices, width), presence(tokens, n_indices))
    if dropout:
        features = keras.layers.Dropout(dropout, name="dropout")(features)
    for place, units in enumerate(widths, start=1):
        name = f"hidden_{place}"
        features = keras.layers.Dense(units, activation="relu", name=name)(features)
        if dropout:
            features = keras.layers.Dropout(dropout, name=f"{name}_dropout")(features)
    return keras.Model(arguments(layers), head(features, output, task), name="embedding_bag")
