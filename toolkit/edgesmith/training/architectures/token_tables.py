# pyright: basic
"""What architectures for sequences of tokens start with: an embedding, and which places hold a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import numpy as np

from edgesmith.training.architectures.ends import shape_text
from edgesmith.training.architectures.options import check_count
from edgesmith_runtime.errors import ConfigError

if TYPE_CHECKING:
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["check_tokens", "embedded", "mean_of_tokens", "presence"]

PRESENT = 60.0  # of an exponent: padding has e**-60 of a token's share, nothing in float32


def check_tokens(
    name: str, inputs: tuple[TensorSpec, ...], n_tokens: int | None
) -> tuple[int, int]:
    """The length of the one sequence, and how many indices there are.

    Args:
        name: Of the architecture, for messages.
        inputs: One int32 tensor ``(batch, length)``; 0 is padding.
        n_tokens: How many indices there are, 0 to ``n_tokens - 1``.

    Raises:
        ConfigError: Other inputs, or the number is not known.
    """
    if len(inputs) == 1 and inputs[0].dtype == "int32":
        lengths = inputs[0].sample_shape
        if len(lengths) == 1 and isinstance(lengths[0], int):
            if n_tokens is None:
                raise ConfigError(
                    f"training.options.n_tokens: '{name}' needs the number of indices, which only "
                    "[text] gives by itself; set it"
                )
            check_count("n_tokens", n_tokens)
            return lengths[0], n_tokens
    got = ", ".join(f"'{spec.name}' {spec.dtype} {shape_text(spec.shape)}" for spec in inputs)
    raise ConfigError(
        f"training.architecture: {name} takes one int32 tensor (batch, length) of tokens, got {got}; "
        'set features = "sequence" in [text], or take linear or mlp'
    )


def embedded(tokens: keras.KerasTensor, n_tokens: int, width: int) -> keras.KerasTensor:
    """A vector a token, ``(batch, length, width)``."""
    return keras.layers.Embedding(n_tokens, width, name="embedding")(tokens)


def presence(tokens: keras.KerasTensor, n_tokens: int) -> keras.KerasTensor:
    """0 at padding and ``PRESENT`` elsewhere, ``(batch, length, 1)``: added before a softmax, a mask.

    It is looked up, as a table that is not trained, so that every layer is one that Keras has,
    and the masks survive rounding to 8 bits.
    """
    table = keras.layers.Embedding(n_tokens, 1, trainable=False, name="presence")
    looked_up = table(tokens)
    values = np.full((n_tokens, 1), PRESENT, np.float32)
    values[0] = 0.0
    table.set_weights([values])
    return looked_up


def mean_of_tokens(
    features: keras.KerasTensor, present: keras.KerasTensor
) -> keras.KerasTensor:
    """The mean over the tokens, ``(batch, width)``; over the padding, where there is nothing else.

    Args:
        features: ``(batch, length, width)``.
        present: As ``presence`` gives it.
    """
    shares = keras.layers.Softmax(axis=1, name="shares")(present)
    mean = keras.layers.Dot(axes=1, name="mean")([features, shares])
    return keras.layers.Flatten(name="mean_flat")(mean)
