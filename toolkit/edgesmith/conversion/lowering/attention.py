# pyright: basic
"""Masks of attention as comparisons of two ranges, so that lengths may be free."""

from __future__ import annotations

from typing import Any

from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.quiet import quiet_start
from edgesmith_runtime.spec import Format

with quiet_start():
    import tensorflow as tf

__all__ = ["LOWERINGS"]

_LAYERS = "keras.src.layers.attention"


def _length(x: Any, axis: int) -> Any:
    given = tf.convert_to_tensor(x)
    return tf.shape(given)[axis] if given.shape[axis] is None else given.shape[axis]


def _lower_triangle(n_queries: Any, n_values: Any) -> tf.Tensor:
    """``(1, queries, values)`` bool: each sees those up to its own place."""
    rows = tf.reshape(tf.range(n_queries), [1, -1, 1])
    return rows >= tf.reshape(tf.range(n_values), [1, 1, -1])


def _causal_mask(layer: Any, query: Any, value: Any = None) -> Any:
    del layer
    return _lower_triangle(_length(query, 1), _length(query if value is None else value, 1))


def _score_mask(layer: Any, scores: Any, v_mask: Any, use_causal_mask: Any) -> Any:
    del layer
    if not use_causal_mask:
        return NotImplemented
    causal = _lower_triangle(_length(scores, -2), _length(scores, -1))
    return causal if v_mask is None else tf.logical_and(tf.expand_dims(v_mask, -2), causal)


def _apply_masks(logits: Any, mask: Any, is_causal: Any) -> Any:
    """Args: logits: ``(batch, heads, queries, values)``."""
    if mask is None and not is_causal:
        return NotImplemented
    if is_causal:
        causal = _lower_triangle(_length(logits, 2), _length(logits, 3))
        kept: Any = causal if mask is None else tf.logical_and(mask, causal)
    else:
        kept = mask
    low = 65500.0 if logits.dtype == tf.float16 else 3.38953e38
    return tf.where(kept, logits, tf.constant(-0.7 * low, logits.dtype))  # as Keras has it


_WHY = "Refused by TFLite where the length is free; else a constant of sums of ones."

LOWERINGS = (
    Lowering(
        replaces=f"{_LAYERS}.multi_head_attention:MultiHeadAttention._compute_causal_mask",
        targets=(Format.ONNX, Format.TFLITE),
        what="causal mask of MultiHeadAttention",
        why=_WHY,
        by=_causal_mask,
    ),
    Lowering(
        replaces=f"{_LAYERS}.grouped_query_attention:GroupedQueryAttention._compute_causal_mask",
        targets=(Format.ONNX, Format.TFLITE),
        what="causal mask of GroupQueryAttention",
        why=_WHY,
        by=_causal_mask,
    ),
    Lowering(
        replaces=f"{_LAYERS}.attention:Attention._calculate_score_mask",
        targets=(Format.ONNX, Format.TFLITE),
        what="causal mask of Attention and AdditiveAttention",
        why=_WHY,
        by=_score_mask,
    ),
    Lowering(
        replaces="keras.src.backend.tensorflow.nn:_apply_masks",
        targets=(Format.ONNX, Format.TFLITE),
        what="masks of dot_product_attention",
        why="Refused where the length is free: the triangle is cut out of a matrix of ones.",
        by=_apply_masks,
    ),
)
