"""Custom layers as users write them with ``keras.ops``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras import ops

from conversion_cases.feeding import Feed, custom_case, integers, normal, pixels, positive, unit

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["CASES"]

VECTOR = Feed((6,))
POSITIVE = Feed((6,), draw=positive)
SERIES = Feed((7, 4))
FREE = Feed((None, 4))
IMAGE = Feed((8, 6, 3), draw=unit)
WHOLE = Feed((6,), "int32", integers(0, 5))
BYTE = Feed((6,), "int32", integers(1, 256))


def _segments(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
    drawn = rng.integers(0, 4, shape)
    drawn.sort(axis=-1)
    return drawn


def _inverse_needed(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
    """Matrices far from singular."""
    drawn = normal(rng, shape)
    drawn[..., range(shape[-1]), range(shape[-1])] += 5
    return drawn


def _inside(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
    return rng.uniform(-0.95, 0.95, shape)


def _greedy_ctc(x: Any) -> list[Any]:
    lengths = ops.ones_like(x[:, 0, 0], dtype="int32") * x.shape[1]
    decoded, scores = ops.ctc_decode(x, lengths, mask_index=x.shape[-1] - 1)
    return [decoded[0], scores]


def _greedy_ctc_by_length(x: Any, lengths: Any) -> Any:
    decoded, _ = ops.ctc_decode(x, lengths, mask_index=0, merge_repeated=False)
    return decoded[0]


def _positions(x: Any) -> Any:
    return x + ops.cast(ops.arange(ops.shape(x)[1]), x.dtype)[None, :, None]


def _summed_by_loop(x: Any) -> Any:
    def step(index: Any, total: Any) -> tuple[Any, Any]:
        return index + 1, total * 0.5 + x[:, index]

    return ops.while_loop(lambda index, _: index < 7, step, (0, ops.zeros_like(x[:, 0])))[1]


def _scanned(x: Any) -> Any:
    moved = ops.transpose(x, (1, 0, 2))
    last, every = ops.scan(lambda c, v: (c * 0.9 + v, ops.tanh(c)), moved[0] * 0, moved)
    return [last, ops.transpose(every, (1, 0, 2))]


_BY_ELEMENT: dict[str, Feed] = {
    **dict.fromkeys(
        [
            "abs",
            "ceil",
            "cos",
            "cosh",
            "erf",
            "erfc",
            "exp",
            "exp2",
            "expm1",
            "floor",
            "negative",
            "round",
            "sign",
            "sin",
            "sinh",
            "square",
            "tan",
            "tanh",
            "trunc",
            "sinc",
            "arctan",
            "arcsinh",
        ],
        VECTOR,
    ),
    **dict.fromkeys(
        ["log", "log10", "log1p", "log2", "reciprocal", "rsqrt", "sqrt", "cbrt"], POSITIVE
    ),
    **dict.fromkeys(["arccos", "arcsin", "arctanh", "erfinv"], Feed((6,), draw=_inside)),
    "arccosh": Feed((6,), draw=lambda rng, shape: rng.uniform(1.1, 3, shape)),
    "isfinite": VECTOR,
    "logical_not": Feed((6,), "bool", lambda rng, shape: rng.uniform(0, 1, shape) < 0.5),
    "bitwise_not": BYTE,
}
_BY_PAIR: dict[str, Feed] = {
    **dict.fromkeys(
        [
            "maximum",
            "minimum",
            "arctan2",
            "logaddexp",
            "power",
            "divide_no_nan",
            "hypot",
            "floor_divide",
            "mod",
        ],
        POSITIVE,
    ),
    **dict.fromkeys(["bitwise_and", "bitwise_or", "bitwise_xor"], BYTE),
    **dict.fromkeys(["equal", "not_equal", "greater", "less_equal"], WHOLE),
}
_OF_SERIES: dict[str, Callable[[Any], Any]] = {
    "argmax/time": lambda x: ops.argmax(x, axis=1),
    "argmin/last": lambda x: ops.argmin(x, axis=-1),
    "argsort/last": lambda x: ops.argsort(x, axis=-1),
    "sort/time": lambda x: ops.sort(x, axis=1),
    "sort/last": lambda x: ops.sort(x),
    "flip/time": lambda x: ops.flip(x, axis=1),
    "roll/time": lambda x: ops.roll(x, 2, axis=1),
    "roll/two_axes": lambda x: ops.roll(x, (1, -2), axis=(1, 2)),
    "top_k/values_and_places": lambda x: list(ops.top_k(x, 2)),
    "cumsum/time": lambda x: ops.cumsum(x, axis=1),
    "cumprod/time": lambda x: ops.cumprod(x, axis=1),
    "diff/time": lambda x: ops.diff(x, axis=1),
    "einsum/gram": lambda x: ops.einsum("bij,bkj->bik", x, x),
    "einsum/diagonal": lambda x: ops.einsum("bij,bij->bi", x, x),
    "tensordot/last": lambda x: ops.tensordot(x, ops.ones((4, 3)), axes=1),
    "matmul/own_transpose": lambda x: ops.matmul(x, ops.transpose(x, (0, 2, 1))),
    "logsumexp/last": lambda x: ops.logsumexp(x, axis=-1),
    "prod/time": lambda x: ops.prod(x, axis=1),
    "var/time": lambda x: ops.var(x, axis=1),
    "std/keepdims": lambda x: ops.std(x, axis=(1, 2), keepdims=True),
    "median/time": lambda x: ops.median(x, axis=1),
    "quantile/time": lambda x: ops.quantile(x, 0.3, axis=1),
    "norm/last": lambda x: ops.norm(x, axis=-1),
    "norm/l1": lambda x: ops.norm(x, ord=1, axis=-1),
    "normalize/l2": lambda x: ops.normalize(x, axis=-1),
    "all/any": lambda x: [ops.all(x > -2, axis=1), ops.any(x > 2, axis=1)],
    "count_nonzero/positive": lambda x: ops.count_nonzero(ops.relu(x), axis=1),
    "where/scalar": lambda x: ops.where(x > 0, x, -0.1),
    "clip/both": lambda x: ops.clip(x, -0.5, 1.0),
    "tile/time": lambda x: ops.tile(x, (1, 2, 3)),
    "repeat/time": lambda x: ops.repeat(x, 3, axis=1),
    "pad/reflect": lambda x: ops.pad(x, ((0, 0), (2, 1), (0, 0)), mode="reflect"),
    "pad/symmetric": lambda x: ops.pad(x, ((0, 0), (2, 1), (0, 0)), mode="symmetric"),
    "pad/constant": lambda x: ops.pad(x, ((0, 0), (2, 1), (0, 0)), constant_values=3.0),
    "stack/three": lambda x: ops.stack([x, x * 2, -x], axis=2),
    "split/thirds": lambda x: ops.split(x, (2, 5), axis=1),
    "unstack/time": lambda x: ops.unstack(x, axis=1)[2],
    "slice/inner": lambda x: x[:, 1:6:2, ::-1],
    "slice_update/first": lambda x: ops.concatenate([x[:, :1] * 0, x[:, 1:]], axis=1),
    "take/constant": lambda x: ops.take(x, [0, 3, 5], axis=1),
    "tril/square": lambda x: ops.tril(ops.einsum("bij,bkj->bik", x, x)),
    "triu/offset": lambda x: ops.triu(x, k=1),
    "diagonal/axes": lambda x: ops.diagonal(x, axis1=1, axis2=2),
    "moveaxis/last": lambda x: ops.moveaxis(x, 1, 2),
    "outer/vectors": lambda x: ops.expand_dims(x[:, 0], 2) * ops.expand_dims(x[:, 1], 1),
    "unfold/frames": lambda x: ops.extract_sequences(ops.transpose(x, (0, 2, 1)), 3, 2),
    "while_loop/decay": _summed_by_loop,
    "scan/decay": _scanned,
    "ctc_decode/greedy": _greedy_ctc,
}
_OTHER = (
    custom_case("ops/arange/free_positions", _positions, FREE, lengths=(5, 8)),
    custom_case("ops/cumsum/free_time", lambda x: ops.cumsum(x, axis=1), FREE, lengths=(5, 8)),
    custom_case("ops/flip/free_time", lambda x: ops.flip(x, axis=1), FREE, lengths=(5, 8)),
    custom_case("ops/roll/free_time", lambda x: ops.roll(x, 1, axis=1), FREE, lengths=(5, 8)),
    custom_case(
        "ops/ctc_decode/lengths",
        _greedy_ctc_by_length,
        SERIES,
        Feed((), "int32", integers(1, 8)),
    ),
    custom_case("ops/bincount/rows", lambda x: ops.bincount(x, minlength=5), WHOLE),
    custom_case("ops/one_hot/rows", lambda x: ops.one_hot(x, 5), WHOLE),
    custom_case("ops/multi_hot/rows", lambda x: ops.multi_hot(x, 5), WHOLE),
    custom_case("ops/digitize/bounds", lambda x: ops.digitize(x, [-1.0, 0.0, 1.0]), VECTOR),
    custom_case(
        "ops/gather/along_axis",
        lambda x, y: ops.take_along_axis(x, y, axis=1),
        SERIES,
        Feed((3, 4), "int32", integers(0, 7)),
    ),
    custom_case(
        "ops/gather/table",
        lambda x: ops.take(ops.reshape(ops.arange(15, dtype="float32"), (5, 3)), x, axis=0),
        WHOLE,
    ),
    custom_case(
        "ops/segment_sum/rows",
        lambda x, y: ops.vectorized_map(
            lambda pair: ops.segment_sum(pair[0], pair[1], num_segments=4), (x, y)
        ),
        SERIES,
        Feed((7,), "int32", _segments),
    ),
    custom_case(
        "ops/segment_max/sorted",
        lambda x: ops.transpose(
            ops.segment_max(ops.transpose(x), ops.array([0, 0, 1, 1, 2, 2]), num_segments=3)
        ),
        VECTOR,
    ),
    custom_case("ops/fft/both_parts", lambda x, y: list(ops.fft((x, y))), VECTOR, VECTOR),
    custom_case("ops/rfft/magnitude", lambda x: ops.hypot(*ops.rfft(x)), Feed((32,))),
    custom_case(
        "ops/irfft/of_rfft", lambda x: ops.irfft(ops.rfft(x), fft_length=32), Feed((32,))
    ),
    custom_case("ops/stft/frames", lambda x: list(ops.stft(x, 32, 16, 32)), Feed((128,))),
    custom_case("ops/inv/matrices", ops.inv, Feed((3, 3), draw=_inverse_needed)),
    custom_case("ops/det/matrices", ops.det, Feed((3, 3), draw=_inverse_needed)),
    custom_case("ops/space_to_depth/two", lambda x: ops.space_to_depth(x, 2), IMAGE),
    custom_case("ops/depth_to_space/two", lambda x: ops.depth_to_space(x, 2), Feed((4, 3, 8))),
    custom_case("ops/conv/fixed_kernel", lambda x: ops.conv(x, ops.ones((3, 3, 3, 2))), IMAGE),
    custom_case("ops/max_pool/three", lambda x: ops.max_pool(x, 3, 2, "same"), IMAGE),
    custom_case("ops/image/patches", lambda x: ops.image.extract_patches(x, 3, 2), IMAGE),
    custom_case("ops/image/resize", lambda x: ops.image.resize(x, (5, 9)), IMAGE),
    custom_case("ops/image/to_gray", lambda x: ops.image.rgb_to_grayscale(x), IMAGE),
    custom_case("ops/image/to_hsv", lambda x: ops.image.rgb_to_hsv(x), IMAGE),
    custom_case("ops/image/blur", lambda x: ops.image.gaussian_blur(x), IMAGE),
    custom_case(
        "ops/image/resize_free_size",
        lambda x: ops.image.resize(x, (6, 6), interpolation="bilinear"),
        Feed((None, None, 3), draw=pixels),
        lengths=(5, 8),
    ),
    custom_case(
        "ops/dot_product_attention/heads",
        lambda x: ops.dot_product_attention(x, x, x),
        Feed((5, 2, 4)),
    ),
    custom_case("ops/cast/whole", lambda x: ops.cast(x * 3, "int32"), VECTOR),
    custom_case(
        "ops/cond/of_sum", lambda x: ops.cond(ops.sum(x) > 0, lambda: x, lambda: -x), SERIES
    ),
)

CASES = (
    *(
        custom_case(f"ops/{name}/plain", lambda x, name=name: getattr(ops, name)(x), feed)
        for name, feed in _BY_ELEMENT.items()
    ),
    *(
        custom_case(
            f"ops/{name}/plain", lambda x, y, name=name: getattr(ops, name)(x, y), feed, feed
        )
        for name, feed in _BY_PAIR.items()
    ),
    *(custom_case(f"ops/{name}", call, SERIES) for name, call in _OF_SERIES.items()),
    *_OTHER,
)
