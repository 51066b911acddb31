"""What a target's graph cannot hold, replaced by exact equivalents while a model is traced.

One file an op family, each with a tuple ``LOWERINGS``. The model object is never changed: the
functions of Keras that build the graph are, for the thread that traces, and are put back.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from edgesmith.conversion.lowering import (
    activations,
    attention,
    bias,
    colours,
    convolution_onnx,
    convolution_tflite,
    ctc,
    dense,
    elementwise,
    gathering,
    lookups,
    loops,
    matrices,
    moving,
    normalization,
    pooling_adaptive,
    pooling_onnx,
    pooling_tflite,
    products,
    recurrent_loop,
    recurrent_onnx,
    resizing,
    selection,
    signal,
    slicing,
    spectra,
    time_distributed,
    transposed_onnx,
    transposed_tflite,
    warping,
)
from edgesmith.conversion.lowering.lowering import Lowered, Lowering
from edgesmith.conversion.refusal import RefusedError
from edgesmith.reference import Patch
from edgesmith_runtime.errors import ConversionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.spec import Format

__all__ = ["LOWERINGS", "Lowered", "Lowering", "patches_for"]

LOWERINGS: tuple[Lowering, ...] = (
    *convolution_onnx.LOWERINGS,
    *convolution_tflite.LOWERINGS,
    *transposed_onnx.LOWERINGS,
    *transposed_tflite.LOWERINGS,
    *bias.LOWERINGS,
    *pooling_adaptive.LOWERINGS,
    *pooling_onnx.LOWERINGS,
    *pooling_tflite.LOWERINGS,
    *dense.LOWERINGS,
    *gathering.LOWERINGS,
    *recurrent_onnx.LOWERINGS,
    *recurrent_loop.LOWERINGS,
    *time_distributed.LOWERINGS,
    *activations.LOWERINGS,
    *elementwise.LOWERINGS,
    *selection.LOWERINGS,
    *moving.LOWERINGS,
    *lookups.LOWERINGS,
    *ctc.LOWERINGS,
    *slicing.LOWERINGS,
    *loops.LOWERINGS,
    *matrices.LOWERINGS,
    *normalization.LOWERINGS,
    *products.LOWERINGS,
    *attention.LOWERINGS,
    *resizing.LOWERINGS,
    *warping.LOWERINGS,
    *colours.LOWERINGS,
    *signal.LOWERINGS,
    *spectra.LOWERINGS,
)


def patches_for(fmt: Format, lowered: list[Lowered]) -> list[Patch]:
    """The replacements to trace with for a target.

    Args:
        fmt: The target.
        lowered: Gets an entry for every call that was replaced.
    """
    return [
        Patch(one.replaces, partial(_replacement, one, lowered))
        for one in LOWERINGS
        if fmt in one.targets
    ]


def _replacement(
    lowering: Lowering, lowered: list[Lowered], original: Callable[..., Any]
) -> Callable[..., Any]:
    from edgesmith.reference.scopes import current_layer

    def replaced(*args: Any, **named: Any) -> Any:
        try:
            result = lowering.by(*args, **named)
        except RefusedError:
            raise
        except ConversionError as error:
            layer = current_layer()
            raise RefusedError(f"layer '{layer}': {error}", {layer: str(error)}) from error
        if result is NotImplemented:
            return original(*args, **named)
        lowered.append(Lowered(layer=current_layer(), lowering=lowering))
        return result

    return replaced
