# pyright: basic
"""Gated recurrent units over the time of a series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from edgesmith.training.architectures.ends import arguments, head, input_layers
from edgesmith.training.architectures.options import check_choice, check_count, check_share
from edgesmith.training.architectures.series_layers import series_input

if TYPE_CHECKING:
    from edgesmith_runtime.manifest import Output, Task
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["gru"]


def gru(  # noqa: PLR0913 - its options are arguments
    inputs: tuple[TensorSpec, ...],
    output: Output,
    task: Task,
    *,
    width: int = 32,
    layers: int = 1,
    dropout: float = 0.0,
    bidirectional: bool = False,
) -> keras.Model:
    """Recurrent layers of gated units; the last state answers.

    K. Cho et al., Learning phrase representations using RNN encoder-decoder for statistical
    machine translation, 2014, arXiv:1406.1078.

    Args:
        inputs: One float32 tensor, ``(batch, time, channels)``.
        output: What the model gives.
        task: Softmax follows for a classification.
        width: Units of every layer, in each direction.
        layers: How many.
        dropout: Share of the units left out in training, after each layer.
        bidirectional: Read from both ends.

    Raises:
        ConfigError: An option has a value that it cannot have, or the input is no such series.
    """
    check_count("width", width)
    check_count("layers", layers)
    check_share("dropout", dropout)
    check_choice("bidirectional", bidirectional, (True, False))
    ends = input_layers(inputs)
    features = series_input(inputs, ends, "gru")
    for place in range(1, layers + 1):
        name = f"layer_{place}"
        units = keras.layers.GRU(width, return_sequences=place < layers, name=name)
        if bidirectional:
            units = keras.layers.Bidirectional(units, name=f"{name}_both")
        features = units(features)
        if dropout:
            features = keras.layers.Dropout(dropout, name=f"{name}_dropout")(features)
    return keras.Model(arguments(ends), head(features, output, task), name="gru")
