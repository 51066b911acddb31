# pyright: basic
"""Models of other precision policies than float32, traced as the same computation in float32.

The engines of small devices compute in float32, and the converters refuse the casts of mixed
precision. A copy under another policy would need the model's config, which a subclassed one does
not have; so the model stays as it is, and only what reads a policy is answered otherwise while
the model is traced. Keras then casts variables to float32 where it would cast them to the
policy's own dtype.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from edgesmith.quiet import quiet_start
from edgesmith.reference.patching import Patch
from edgesmith_runtime.errors import ConversionError
from edgesmith_runtime.spec import TensorSpec

with quiet_start():
    import keras
    import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith.reference.face import Face

__all__ = ["in_float32", "precision_patches", "refuse_float8", "replaced_dtypes"]

_HALVES = frozenset({"float16", "bfloat16"})


def replaced_dtypes(model: keras.Model) -> frozenset[str]:
    """The dtypes that a trace has float32 for: those that the policies of its layers name.

    A model of either half precision has both replaced, since its own code may name the other;
    so has one with an input in bfloat16, which numpy lacks.
    """
    layers = model._flatten_layers()  # noqa: SLF001 - it has no public name
    policies = [layer.dtype_policy for layer in layers]
    maps = [one for one in policies if isinstance(one, keras.dtype_policies.DTypePolicyMap)]
    named = [*policies, *(policy for one in maps for policy in one.values())]
    dtypes = {dtype for one in named for dtype in (one.compute_dtype, one.variable_dtype)}
    dtypes |= {tensor.dtype for tensor in getattr(model, "inputs", None) or []} & {"bfloat16"}
    return (_HALVES if _HALVES & dtypes else frozenset()) | ({"float64"} & dtypes)


def refuse_float8(model: keras.Model) -> None:
    """Say at once what the converters would say of each of its casts.

    Raises:
        ConversionError: A layer of the model was quantized to float8.
    """
    for layer in model._flatten_layers():  # noqa: SLF001 - it has no public name
        if layer.quantization_mode == "float8":
            raise ConversionError(
                f"{model.name}: layer '{layer.path}' computes in float8, which neither ONNX nor "
                "TFLite can on a device; convert the model before model.quantize('float8')"
            )


def in_float32(face: Face, dtypes: frozenset[str]) -> Face:
    """The same face, taking float32 where it takes one of the dtypes."""
    inputs = tuple(
        replace(spec, dtype="float32")
        if isinstance(spec, TensorSpec) and spec.dtype in dtypes
        else spec
        for spec in face.inputs
    )
    return replace(face, inputs=inputs)


def precision_patches(dtypes: frozenset[str]) -> tuple[Patch, ...]:
    """What makes a trace compute in float32 instead of the dtypes; nothing where there are none."""
    if not dtypes:
        return ()
    instead = _Float32Instead(dtypes)
    return (
        Patch(
            "keras.src.dtype_policies.dtype_policy:DTypePolicy.compute_dtype", instead.answer
        ),
        Patch("keras.src.backend.config:floatx", instead.answer),
        Patch("keras.src.backend.tensorflow.core:cast", instead.cast),
        Patch("keras.src.backend.tensorflow.core:convert_to_tensor", instead.convert),
        Patch("keras.src.backend.common.variables:Variable._maybe_autocast", instead.read),
        Patch("tensorflow.python.ops.math_ops:cast", instead.cast),
    )


@dataclass(frozen=True, slots=True)
class _Float32Instead:
    """Wraps what names a dtype, so that it names float32 for some."""

    dtypes: frozenset[str]

    def _named(self, dtype: Any) -> Any:
        return "float32" if _name(dtype) in self.dtypes else dtype

    def answer(self, original: Callable[..., str]) -> Callable[..., str]:
        """What gives a dtype."""
        return lambda *args: self._named(original(*args))

    def cast(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """What takes one, and makes a tensor of it."""

        def cast(x: Any, dtype: Any, *args: Any, **named: Any) -> Any:
            return original(x, self._named(dtype), *args, **named)

        return cast

    def convert(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """The same, with that of the value where none is given."""

        def converted(x: Any, dtype: Any = None, *args: Any, **named: Any) -> Any:
            asked = getattr(x, "dtype", None) if dtype is None else dtype
            wanted = "float32" if _name(asked) in self.dtypes else dtype
            return original(x, wanted, *args, **named)

        return converted

    def read(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """What reads a variable, also one that is not to be cast."""

        def value(variable: Any, kept: Any) -> Any:
            given = original(variable, kept)
            return tf.cast(given, self._named(given.dtype))

        return value


def _name(dtype: Any) -> str | None:
    """What Keras calls a dtype; None for what it does not know."""
    if dtype is None:
        return None
    try:
        return keras.backend.standardize_dtype(dtype)
    except ValueError:
        return tf.as_dtype(dtype).name
