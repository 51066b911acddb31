# pyright: basic
"""Convolutions of several widths over embeddings, and the strongest answer of each filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from edgesmith.training.architectures.ends import arguments, head, input_layers
from edgesmith.training.architectures.options import check_count, check_counts, check_share
from edgesmith.training.architectures.token_tables import check_tokens, embedded
from edgesmith_runtime.errors import ConfigError

if TYPE_CHECKING:
    from edgesmith_runtime.manifest import Output, Task
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["text_cnn"]


def text_cnn(  # noqa: PLR0913 - its options are arguments
    inputs: tuple[TensorSpec, ...],
    output: Output,
    task: Task,
    *,
    n_tokens: int | None = None,
    width: int = 64,
    kernels: tuple[int, ...] = (3, 4, 5),
    filters: int = 64,
    dropout: float = 0.5,
) -> keras.Model:
    """Kim, Convolutional neural networks for sentence classification, 2014, arXiv:1408.5882.

    Each filter slides over the tokens, and the highest of its answers stays (ReLU, max over
    time). Padding is a token like others there.

    Args:
        inputs: One int32 tensor ``(batch, length)`` of tokens, 0 for padding.
        output: What the model gives.
        task: Softmax follows for a classification.
        n_tokens: How many indices there are; ``[text]`` gives it by itself.
        width: Of an embedding.
        kernels: Widths of the filters in tokens, that differ.
        filters: Of each width.
        dropout: Share of the answers left out in training.

    Raises:
        ConfigError: An option has a value that it cannot have, the input is no such tensor, or it
            is shorter than a kernel.
    """
    check_count("width", width)
    check_count("filters", filters)
    check_counts("kernels", kernels)
    check_share("dropout", dropout)
    length, n_indices = check_tokens("text_cnn", inputs, n_tokens)
    if not kernels or len(set(kernels)) < len(kernels) or max(kernels) > length:
        raise ConfigError(
            f"training.options.kernels: expected widths that differ, up to the length {length}, "
            f"got {list(kernels)}"
        )
    layers = input_layers(inputs)
    vectors = embedded(layers[inputs[0].name], n_indices, width)
    answers = [_strongest(vectors, filters, kernel) for kernel in kernels]
    features = answers[0]
    if len(answers) > 1:
        features = keras.layers.Concatenate(name="answers")(answers)
    if dropout:
        features = keras.layers.Dropout(dropout, name="dropout")(features)
    return keras.Model(arguments(layers), head(features, output, task), name="text_cnn")


def _strongest(vectors: keras.KerasTensor, filters: int, kernel: int) -> keras.KerasTensor:
    name = f"convolution_{kernel}"
    slid = keras.layers.Conv1D(filters, kernel, activation="relu", name=name)(vectors)
    return keras.layers.GlobalMaxPooling1D(name=f"strongest_{kernel}")(slid)
