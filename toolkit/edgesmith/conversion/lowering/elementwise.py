# pyright: basic
"""Functions of single numbers that a target has no operator for, made of those that it has."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.conversion.carrier import onnx_node
from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.quiet import quiet_start
from edgesmith_runtime.spec import Format

with quiet_start():
    import tensorflow as tf
    from tensorflow.python.ops import gen_math_ops, math_ops

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["LOWERINGS", "erf_of_floats"]

_GEN = "tensorflow.python.ops.gen_math_ops"
_MATH = "tensorflow.python.ops.math_ops"
_WRITTEN_OUT = ("acos", "erfinv")  # functions of their own, which call the operator
_BITS = "tensorflow.python.ops.gen_bitwise_ops"
_HALF = 2**16  # of the values of 32 bits, each

# erf(x) = x P(x^2) / Q(x^2) for |x| <= 4, beyond which it is 1 in float32. Fitted for this file by
# reweighted least squares to scipy.special.erf in float64: relative error 2.5e-8; evaluated in
# float32 it is within 3.5e-7 everywhere.
_ERF_LIMIT = 4.0
_ERF_P = (
    1.128379139295337,
    0.19354644504241272,
    0.053101937553437534,
    0.003883405772537129,
    0.0002845676846818914,
    1.986776798896608e-06,
)
_ERF_Q = (
    1.0,
    0.5048586262305403,
    0.11535057961794884,
    0.015207374476251577,
    0.0011855868657038547,
    3.7420211014736254e-05,
)
# erfinv(x) = x p(w), w = -log(1 - x^2), with one polynomial in w - 2.5 for w < 5 and another in
# sqrt(w) - 3 beyond, after Giles, "Approximating the erfinv function", GPU Computing Gems, 2010.
# Fitted for this file to scipy.special.erfcinv in float64: relative error 1.4e-8; evaluated in
# float32 it is within 2.2e-7.
_ERFINV_BRANCH = 5.0
_ERFINV_CENTRE = (
    1.501409362865348,
    0.2466402798870896,
    -0.00417740673515955,
    -0.0012527316640226242,
    0.00021836141718315362,
    -4.967864414066628e-06,
    -3.467263403513293e-06,
    4.669033799340006e-07,
    2.3611601503216158e-08,
    -8.82970979836783e-09,
)
_ERFINV_TAIL = (
    2.8329767950873643,
    1.0016748564932048,
    0.009445531244001083,
    -0.0076358267973121,
    0.005685147371234238,
    -0.00360206916322286,
    0.0014900590326391424,
    -5.276819560231374e-05,
    -0.00031405405401611816,
    0.00011613146932587221,
)


def erf_of_floats(x: tf.Tensor) -> tf.Tensor:
    """The error function by multiplications and one division."""
    inner = tf.clip_by_value(x, -_ERF_LIMIT, _ERF_LIMIT)
    square = inner * inner
    ratio = inner * (_polynomial(_ERF_P, square) / _polynomial(_ERF_Q, square))
    return tf.clip_by_value(ratio, -1.0, 1.0)


def _polynomial(coefficients: Sequence[float], x: tf.Tensor) -> tf.Tensor:
    """By Horner's scheme; the constant term is first."""
    last, *others = reversed(coefficients)
    start = tf.zeros_like(x) + tf.constant(last, x.dtype)
    return reduce(lambda total, c: total * x + tf.constant(c, x.dtype), others, start)


def _erf_node(x: tf.Tensor) -> tf.Tensor:
    (result,) = onnx_node("Erf", [x], attributes={}, outputs=[tf.TensorSpec(x.shape, x.dtype)])
    return result


def _erfc_onnx(x: tf.Tensor) -> tf.Tensor:
    return 1.0 - _erf_node(x)


def _erfc_tflite(x: tf.Tensor) -> tf.Tensor:
    return 1.0 - erf_of_floats(x)


def _erfinv(x: tf.Tensor) -> tf.Tensor:
    w = -tf.math.log((1.0 - x) * (1.0 + x))
    centre = _polynomial(_ERFINV_CENTRE, w - 2.5)
    tail = _polynomial(_ERFINV_TAIL, tf.sqrt(tf.maximum(w, _ERFINV_BRANCH)) - 3.0)
    within = x * tf.where(w < _ERFINV_BRANCH, centre, tail)
    return tf.where(tf.abs(x) < 1.0, within, x * tf.constant(np.inf, x.dtype))


def _expm1(x: tf.Tensor) -> tf.Tensor:
    return tf.exp(x) - 1.0


def _log1p(x: tf.Tensor) -> tf.Tensor:
    return tf.math.log(1.0 + x)


def _cosh(x: tf.Tensor) -> tf.Tensor:
    return 0.5 * (tf.exp(x) + tf.exp(-x))


def _sinh(x: tf.Tensor) -> tf.Tensor:
    return tf.tanh(x) * _cosh(x)  # the difference of exponentials cancels near 0


def _tan(x: tf.Tensor) -> tf.Tensor:
    return tf.sin(x) / tf.cos(x)


def _atan(x: tf.Tensor) -> tf.Tensor:
    return tf.math.atan2(x, tf.ones_like(x))


def _asin(x: tf.Tensor) -> tf.Tensor:
    return tf.math.atan2(x, tf.sqrt((1.0 - x) * (1.0 + x)))


def _acos(x: tf.Tensor) -> tf.Tensor:
    return tf.math.atan2(tf.sqrt((1.0 - x) * (1.0 + x)), x)


def _asinh(x: tf.Tensor) -> tf.Tensor:
    size = tf.abs(x)
    return tf.sign(x) * tf.math.log(size + tf.sqrt(size * size + 1.0))


def _acosh(x: tf.Tensor) -> tf.Tensor:
    return tf.math.log(x + tf.sqrt((x - 1.0) * (x + 1.0)))


def _atanh(x: tf.Tensor) -> tf.Tensor:
    return 0.5 * tf.math.log((1.0 + x) / (1.0 - x))


def _signbit(x: Any) -> Any:
    given = tf.convert_to_tensor(x)
    if not given.dtype.is_floating:
        return NotImplemented
    # One over a zero is infinite with the sign of the zero.
    negative_zero = tf.logical_and(tf.equal(given, 0.0), tf.less(1.0 / given, 0.0))
    return tf.logical_or(tf.less(given, 0.0), negative_zero)


def _and(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """From the exclusive or, since x + y = (x xor y) + 2 (x and y); by halves of 16 bits."""
    high, low = zip(_halves(x), _halves(y), strict=True)
    return _half_and(*high) * _HALF + _half_and(*low)


def _halves(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    high = tf.math.floordiv(x, _HALF)
    return high, x - high * _HALF


def _half_and(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    return tf.math.floordiv(x + y - tf.bitwise.bitwise_xor(x, y), 2)


def _or(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    return tf.bitwise.bitwise_xor(x, y) + _and(x, y)


def _of_integers(function: Callable[..., tf.Tensor]) -> Callable[..., Any]:
    """As TensorFlow calls its operators on the bits of two tensors; in 32 bits."""

    def by(x: Any, y: Any, name: str | None = None) -> Any:
        first = tf.convert_to_tensor(x)
        if first.dtype not in (tf.int8, tf.int16, tf.int32, tf.uint8, tf.uint16):
            return NotImplemented
        second = tf.cast(tf.convert_to_tensor(y, first.dtype), tf.int32)
        with tf.name_scope(name or function.__name__.strip("_")):
            return tf.cast(function(tf.cast(first, tf.int32), second), first.dtype)

    return by


def _invert(x: Any) -> Any:
    given = tf.convert_to_tensor(x)
    ones = -1 if given.dtype.min < 0 else given.dtype.max
    return tf.bitwise.bitwise_xor(given, tf.constant(ones, given.dtype))


def _left_shift(x: Any, y: Any, name: str | None = None) -> Any:
    given = tf.convert_to_tensor(x)
    places = tf.get_static_value(tf.convert_to_tensor(y))
    if places is None:
        return NotImplemented
    with tf.name_scope(name or "left_shift"):
        return given * tf.constant(2 ** np.asarray(places, np.int64), given.dtype)


def _sign(x: Any, name: str | None = None) -> Any:
    given = tf.convert_to_tensor(x)
    if not given.dtype.is_integer:
        return NotImplemented
    with tf.name_scope(name or "sign"):
        return tf.cast(given > 0, given.dtype) - tf.cast(given < 0, given.dtype)


def _clip(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """Of whole numbers; the converter makes a ReLU6 of a clip from 0 to 6, which takes none."""
    given = tf.convert_to_tensor(t)
    if not given.dtype.is_integer:
        return NotImplemented
    low = tf.convert_to_tensor(clip_value_min, given.dtype)
    high = tf.convert_to_tensor(clip_value_max, given.dtype)
    with tf.name_scope(name or "clip"):
        raised = tf.where(given < low, low, given)
        return tf.where(raised > high, high, raised)


def _abs(x: Any, name: str | None = None) -> Any:
    given = tf.convert_to_tensor(x)
    if given.dtype != tf.int64:
        return NotImplemented
    with tf.name_scope(name or "abs"):
        return tf.maximum(given, -given)


def _of_floats(function: Callable[[tf.Tensor], tf.Tensor]) -> Callable[..., Any]:
    """As TensorFlow calls its operators of one tensor."""

    def by(x: Any, name: str | None = None) -> Any:
        given = tf.convert_to_tensor(x)
        if not given.dtype.is_floating:
            return NotImplemented
        with tf.name_scope(name or function.__name__.strip("_")):
            return function(given)

    return by


def _lowerings(
    op: str, function: Callable[[tf.Tensor], tf.Tensor], what: str, *targets: Format
) -> tuple[Lowering, ...]:
    return tuple(
        Lowering(
            replaces=f"{module}:{op}",
            targets=targets,
            what=what,
            why="Refused: the operator does not exist there.",
            by=_of_floats(function),
        )
        for module in _modules(op)
    )


def _modules(op: str) -> tuple[str, ...]:
    """TensorFlow's own functions call another object than the public one, where there are two."""
    two = getattr(math_ops, op, None) is not getattr(gen_math_ops, op)
    return (_GEN, _MATH) if two and op not in _WRITTEN_OUT else (_GEN,)


_ONNX, _TFLITE = Format.ONNX, Format.TFLITE

LOWERINGS = (
    *_lowerings("erf", erf_of_floats, "erf", _TFLITE),
    *_lowerings("erfc", _erfc_onnx, "erfc", _ONNX),
    *_lowerings("erfc", _erfc_tflite, "erfc", _TFLITE),
    *_lowerings("erfinv", _erfinv, "erfinv", _ONNX, _TFLITE),
    *_lowerings("expm1", _expm1, "expm1", _ONNX),
    *_lowerings("log1p", _log1p, "log1p", _ONNX),
    *_lowerings("cosh", _cosh, "cosh", _TFLITE),
    *_lowerings("sinh", _sinh, "sinh", _TFLITE),
    *_lowerings("tan", _tan, "tan", _TFLITE),
    *_lowerings("atan", _atan, "arctan", _TFLITE),
    *_lowerings("asin", _asin, "arcsin", _TFLITE),
    *_lowerings("acos", _acos, "arccos", _TFLITE),
    *_lowerings("asinh", _asinh, "arcsinh", _TFLITE),
    *_lowerings("acosh", _acosh, "arccosh", _TFLITE),
    *_lowerings("atanh", _atanh, "arctanh", _TFLITE),
    Lowering(
        replaces="keras.src.backend.tensorflow.numpy:bitwise_invert",
        targets=(_TFLITE,),
        what="bitwise_not",
        why="Refused: of operators on bits, only the exclusive or exists there.",
        by=_invert,
    ),
    Lowering(
        replaces="keras.src.backend.tensorflow.numpy:signbit",
        targets=(_ONNX, _TFLITE),
        what="signbit",
        why="Refused: it reads the bits of a number.",
        by=_signbit,
    ),
    *(
        Lowering(
            replaces=f"{_BITS}:{op}",
            targets=(_TFLITE,),
            what=what,
            why="Refused: of operators on bits, only the exclusive or exists there.",
            by=by,
        )
        for op, what, by in (
            ("bitwise_and", "bitwise_and", _of_integers(_and)),
            ("bitwise_or", "bitwise_or", _of_integers(_or)),
            ("left_shift", "left_shift by a constant", _left_shift),
        )
    ),
    *(
        Lowering(
            replaces=place,
            targets=(_TFLITE,),
            what=what,
            why="Refused: the operator takes no such numbers.",
            by=by,
        )
        for place, what, by in (
            (f"{_GEN}:sign", "sign of whole numbers", _sign),
            (f"{_GEN}:_abs", "abs of 64-bit numbers", _abs),
            ("tensorflow.python.ops.clip_ops:clip_by_value", "clip of whole numbers", _clip),
        )
    ),
)
