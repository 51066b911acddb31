# pyright: basic
"""What Keras cannot trace, or traces wrongly, by an oversight: put right in every trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgesmith.quiet import quiet_start
from edgesmith.reference.patching import Patch

with quiet_start():
    import tensorflow as tf
    from keras.src.ops.image import _resize

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["REPAIRS"]


def _resize_by_tensors(original: Callable[..., Any]) -> Callable[..., Any]:
    """Keras 3.15 asks ``if size[0] <= 0``, which a size known only at run time cannot answer.

    So ``UpSampling2D`` fails on images of unknown size. To be removed when it traces without.
    """

    def resized(images: Any, size: Any, *args: Any, **named: Any) -> Any:
        if not any(tf.is_symbolic_tensor(length) for length in tf.nest.flatten(size)):
            return original(images, size, *args, **named)
        lengths = tf.unstack(size) if tf.is_tensor(size) else size
        return _resize(images, lengths, *args, **named)

    return resized


def _every_step(original: Callable[..., Any]) -> Callable[..., Any]:
    """Keras 3.15 counts the samples of the batch instead of the steps where time is unknown.

    So ``TimeDistributed`` drops steps, or repeats them, in a trace, ``predict`` included, while
    a call outside of one is right. To be removed when a trace answers as such a call.
    """

    def called(layer: Any, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        if inputs.shape[1] is not None:
            return original(layer, inputs, training=training, mask=mask)
        inner = layer.layer
        named: dict[str, Any] = {}
        if getattr(inner, "_call_has_training_arg", False):
            named["training"] = training
        kept = mask if getattr(inner, "_call_has_mask_arg", False) else None

        def step(index: Any) -> Any:
            masks = {} if kept is None else {"mask": kept[:, index]}
            return inner.call(inputs[:, index], **named, **masks)

        outputs = tf.vectorized_map(step, tf.range(tf.shape(inputs)[1]))
        return tf.transpose(outputs, [1, 0, *range(2, outputs.shape.rank)])

    return called


REPAIRS = (
    Patch("keras.src.ops.image:resize", _resize_by_tensors),
    Patch("keras.src.layers.rnn.time_distributed:TimeDistributed.call", _every_step),
)
