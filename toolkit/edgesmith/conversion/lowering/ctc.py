# pyright: basic
"""Greedy decoding of a CTC network's output with dense operators alone."""

from __future__ import annotations

from typing import Any

from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.quiet import quiet_start
from edgesmith_runtime.errors import ConversionError
from edgesmith_runtime.spec import Format

with quiet_start():
    import tensorflow as tf

__all__ = ["LOWERINGS"]


def _ctc_decode(
    inputs: Any,
    sequence_lengths: Any,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: Any = 1,
    mask_index: int | None = 0,
) -> Any:
    """Labels ``(1, n, time)`` int32, -1 after the last, and minus the sum of the logits ``(n, 1)``."""
    if strategy != "greedy":
        raise ConversionError(
            f"ctc_decode: expected strategy='greedy', got '{strategy}', which no operator of the "
            f"target can do (beam_width={beam_width}, top_paths={top_paths}); convert the model "
            "without it and decode in the app"
        )
    logits: Any = tf.cast(tf.convert_to_tensor(inputs), tf.float32)
    n_classes = logits.shape[-1]
    blank = n_classes - 1 if mask_index is None else mask_index % n_classes
    classes = tf.argmax(logits, axis=-1, output_type=tf.int32)
    steps = tf.range(tf.shape(logits)[1])
    given = steps < tf.expand_dims(tf.cast(sequence_lengths, tf.int32), -1)
    kept = tf.logical_and(given, tf.not_equal(classes, blank))
    if merge_repeated:
        before = tf.pad(classes[:, :-1], [[0, 0], [1, 0]], constant_values=-1)
        kept = tf.logical_and(kept, tf.not_equal(classes, before))
    best = tf.where(given, tf.reduce_max(logits, axis=-1), 0.0)
    scores = -tf.reduce_sum(best, axis=-1, keepdims=True)
    return tf.expand_dims(_compact(classes, kept, steps), 0), scores


def _compact(classes: tf.Tensor, kept: tf.Tensor, steps: tf.Tensor) -> Any:
    """What is kept, moved to the front; -1 behind it."""
    place = tf.cumsum(tf.cast(kept, tf.int32), axis=-1) - 1
    place = tf.where(kept, place, -1)
    hits = tf.equal(tf.expand_dims(steps, -1), tf.expand_dims(place, 1))  # (n, place, time)
    return tf.reduce_sum(tf.where(hits, tf.expand_dims(classes + 1, 1), 0), axis=-1) - 1


LOWERINGS = (
    Lowering(
        replaces="keras.src.backend.tensorflow.nn:ctc_decode",
        targets=(Format.ONNX, Format.TFLITE),
        what="greedy CTC decoding",
        why="Refused by TFLite; ONNX answers wrongly.",
        by=_ctc_decode,
    ),
)
