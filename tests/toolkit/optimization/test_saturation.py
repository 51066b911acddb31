from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from onnx import helper

from edgesmith.optimization.integer_products import saturating_product
from edgesmith.optimization.saturation import Window, can_saturate, image_rows, lost, sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith.optimization.saturation import Sums

# The values at which pairs begin to overflow are met more often than by chance.
UNSIGNED = st.one_of(st.integers(0, 255), st.sampled_from([0, 127, 128, 254, 255]))
SIGNED = st.one_of(st.integers(-128, 127), st.sampled_from([-128, -65, -64, 63, 64, 65, 127]))

NO_ZERO = np.array(0)


def vpmaddubsw(unsigned: list[int], signed: list[int]) -> list[int]:
    """The operation of _mm256_maddubs_epi16 in Intel's guide, on whole numbers of Python."""
    words: list[int] = []
    for j in range(0, len(unsigned), 2):
        total = unsigned[j] * signed[j] + unsigned[j + 1] * signed[j + 1]
        words.append(max(-32768, min(32767, total)))
    return words


def saturated_product(activations: NDArray[Any], weights: NDArray[Any]) -> NDArray[np.int64]:
    padding = [0] * (len(weights) % 2)
    return np.array(
        [
            [
                sum(vpmaddubsw([*row.tolist(), *padding], [*column.tolist(), *padding]))
                for column in weights.T
            ]
            for row in activations
        ]
    )


@st.composite
def operands(draw: st.DrawFn) -> tuple[NDArray[np.uint8], NDArray[np.int8]]:
    rows, terms, columns = (draw(st.integers(1, 5)) for _ in range(3))
    return (
        draw(arrays(np.uint8, (rows, terms), elements=UNSIGNED)),
        draw(arrays(np.int8, (terms, columns), elements=SIGNED)),
    )


@given(operands())
def test_the_exact_sum_and_what_is_lost_make_the_sum_of_the_instruction(
    pair: tuple[NDArray[np.uint8], NDArray[np.int8]],
) -> None:
    activations, weights = pair

    change = lost(activations, weights)

    exact = activations.astype(np.int64) @ weights.astype(np.int64)
    np.testing.assert_array_equal(exact + change, saturated_product(activations, weights))


@given(operands())
def test_activations_lose_nothing_where_no_pair_can_saturate(
    pair: tuple[NDArray[np.uint8], NDArray[np.int8]],
) -> None:
    activations, weights = pair

    columns = np.flatnonzero(~can_saturate(weights).any(axis=0))

    assert not lost(activations, weights)[:, columns].any()


@given(arrays(np.int8, (4, 3), elements=SIGNED))
def test_a_pair_can_saturate_only_where_some_activations_make_it(
    weights: NDArray[np.int8],
) -> None:
    highest, lowest = np.maximum(weights, 0) != 0, np.minimum(weights, 0) != 0

    risky = np.any(can_saturate(weights), axis=0).tolist()

    for column in range(3):
        extremes = 255 * np.stack([highest[:, column], lowest[:, column]]).astype(np.uint8)
        assert risky[column] == lost(extremes, weights[:, [column]]).any()


@given(arrays(np.int8, (6, 2), elements=st.integers(-64, 64)))
def test_weights_of_seven_bits_never_saturate(weights: NDArray[np.int8]) -> None:
    assert not can_saturate(weights).any()


def test_a_last_term_without_a_partner_never_saturates() -> None:
    activations = np.full((1, 3), 255, np.uint8)
    weights = np.array([[100], [100], [-128]], np.int8)

    assert can_saturate(weights).tolist() == [[True], [False]]
    assert lost(activations, weights).tolist() == [[32767 - 51000]]


@given(operands(), st.integers(0, 255), st.integers(-128, 127))
def test_zero_points_are_taken_off_the_exact_sum_alone(
    pair: tuple[NDArray[np.uint8], NDArray[np.int8]], zero: int, weight_zero: int
) -> None:
    activations, weights = pair

    found = sums(activations, weights, zero=zero, weight_zeros=np.array(weight_zero))

    exact = (activations.astype(np.int64) - zero) @ (weights.astype(np.int64) - weight_zero)
    np.testing.assert_array_equal(found.exact, exact)
    np.testing.assert_array_equal(found.change, lost(activations, weights))


@pytest.mark.parametrize("n_terms", [257, 259, 40_000])
def test_sums_are_exact_however_long_they_are(n_terms: int) -> None:
    rng = np.random.default_rng(0)
    activations = rng.integers(250, 256, (3, n_terms), np.uint8)
    weights = rng.integers(120, 128, (n_terms, 2), np.int8)

    found = sums(activations, weights, zero=0, weight_zeros=NO_ZERO)

    expected = activations.astype(np.int64) @ weights.astype(np.int64)
    np.testing.assert_array_equal(found.exact, expected)


def test_many_rows_are_worked_on_in_blocks() -> None:
    rng = np.random.default_rng(0)
    activations = rng.integers(0, 256, (5000, 1024), np.uint8)
    weights = rng.integers(-128, 128, (1024, 1), np.int8)

    found = sums(activations, weights, zero=0, weight_zeros=NO_ZERO)

    expected = activations[-2:].astype(np.int64) @ weights.astype(np.int64)
    np.testing.assert_array_equal(found.exact[-2:], expected)
    np.testing.assert_array_equal(
        found.exact[-2:] + found.change[-2:], saturated_product(activations[-2:], weights)
    )


def test_signed_activations_lose_nothing() -> None:
    activations = np.full((2, 4), 127, np.int8)
    weights = np.full((4, 3), 127, np.int8)

    found = sums(activations, weights, zero=0, weight_zeros=NO_ZERO)

    assert not found.change.any()
    assert (found.exact == 4 * 127 * 127).all()


def test_the_channel_runs_fastest_in_what_a_kernel_sees() -> None:
    image = np.arange(8, dtype=np.uint8).reshape(1, 2, 2, 2)  # channel, height, width
    window = Window(kernel=(1, 2), strides=(1, 1), dilations=(1, 1))

    rows, positions = image_rows(image, window, fill=0)

    assert positions == (2, 1)
    assert rows.tolist() == [[0, 4, 1, 5], [2, 6, 3, 7]]


def test_beyond_the_edge_stands_the_zero_point() -> None:
    image = np.array([[[1, 2]]], np.uint8)
    window = Window(kernel=(3,), strides=(2,), dilations=(1,), pads=(1, 2))

    rows, positions = image_rows(image, window, fill=9)

    assert positions == (2,)
    assert rows.tolist() == [[9, 1, 2], [2, 9, 9]]


@pytest.mark.parametrize(
    ("auto_pad", "expected"),
    [
        ("SAME_UPPER", ((0, 1), (1, 1))),
        ("SAME_LOWER", ((1, 0), (1, 1))),
        ("VALID", ((0, 0),) * 2),
    ],
)
def test_pads_follow_from_the_size_where_the_node_says_so(
    auto_pad: str, expected: tuple[tuple[int, int], ...]
) -> None:
    window = Window(kernel=(3, 2), strides=(2, 1), dilations=(1, 2), auto_pad=auto_pad)

    assert window.extent == (3, 3)
    assert window.pads_of((6, 5)) == expected


def _product_of(node: Any, tensors: dict[str, NDArray[Any]]) -> Sums:
    """The sums of a node that can saturate."""
    product_of_node = saturating_product(node, tensors)
    assert product_of_node is not None
    return product_of_node.sums(tensors)


def convolved(
    images: NDArray[Any], weights: NDArray[Any], zero: int, options: dict[str, int]
) -> tuple[Any, Any]:
    """Exact and saturated; the pairs follow the channel first, then width, then height."""
    group, pads = options.get("group", 1), options.get("pads", 0)
    stride, dilation = options.get("stride", 1), options.get("dilation", 1)
    n, _, height, width = images.shape
    n_filters, n_channels, high, wide = weights.shape
    rows = (height + 2 * pads - dilation * (high - 1) - 1) // stride + 1
    columns = (width + 2 * pads - dilation * (wide - 1) - 1) // stride + 1
    exact = np.zeros((n, n_filters, rows, columns), np.int64)
    saturated = np.zeros_like(exact)
    for i, f, r, c in np.ndindex(*exact.shape):
        first_channel = f // (n_filters // group) * n_channels
        a, w = [], []
        for dr, dc, channel in product(range(high), range(wide), range(n_channels)):
            at, across = r * stride + dr * dilation - pads, c * stride + dc * dilation - pads
            inside = 0 <= at < height and 0 <= across < width
            a.append(int(images[i, first_channel + channel, at, across]) if inside else zero)
            w.append(int(weights[f, channel, dr, dc]))
        exact[i, f, r, c] = sum((a[k] - zero) * w[k] for k in range(len(w)))
        padding = [0] * (len(w) % 2)
        saturated[i, f, r, c] = sum(vpmaddubsw(a + padding, w + padding)) - zero * sum(w)
    return exact, saturated


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((4, 3, 3, 3), {}),
        ((4, 3, 3, 3), {"pads": 1}),
        ((3, 4, 2, 3), {"stride": 2, "pads": 1}),
        ((6, 2, 2, 2), {"group": 3}),
        ((4, 1, 3, 3), {"group": 2}),
        ((3, 3, 2, 2), {"dilation": 2}),
        ((16, 4, 1, 1), {}),
    ],
    ids=["plain", "padded", "strided", "grouped", "two a group", "dilated", "pointwise"],
)
def test_a_convolution_saturates_as_the_instruction_does(
    shape: tuple[int, ...], options: dict[str, int]
) -> None:
    rng = np.random.default_rng(1)
    tensors = {
        "x": rng.integers(0, 256, (2, shape[1] * options.get("group", 1), 6, 7), np.uint8),
        "x_zero": np.array(77, np.uint8),
        "w": rng.integers(50, 128, shape, np.int8) * rng.choice([1, 1, -1], shape).astype("i1"),
        "w_zero": np.array(0, np.int8),
    }
    node = helper.make_node(
        "QLinearConv",
        ["x", "x_scale", "x_zero", "w", "w_scale", "w_zero", "y_scale", "y_zero"],
        ["y"],
        group=options.get("group", 1),
        pads=[options.get("pads", 0)] * 4,
        strides=[options.get("stride", 1)] * 2,
        dilations=[options.get("dilation", 1)] * 2,
    )

    found = _product_of(node, tensors)

    exact, saturated = convolved(tensors["x"], tensors["w"], 77, options)
    assert (exact != saturated).any()
    np.testing.assert_array_equal(found.exact, exact)
    np.testing.assert_array_equal(found.exact + found.change, saturated)


@pytest.mark.parametrize(
    ("op", "n_terms", "options"),
    [
        ("MatMulInteger", 8, {}),
        ("MatMulInteger", 9, {}),
        ("QGemm", 9, {"transB": 1}),
        ("QGemm", 8, {"transA": 1}),
    ],
)
def test_a_product_of_matrices_saturates_as_the_instruction_does(
    op: str, n_terms: int, options: dict[str, Any]
) -> None:
    rng = np.random.default_rng(2)
    x = rng.integers(0, 256, (6, n_terms), np.uint8)
    w = rng.integers(50, 128, (n_terms, 4), np.int8)
    tensors = {
        "x": x.T if "transA" in options else x,
        "w": w.T if "transB" in options else w,
        "x_zero": np.array(9, np.uint8),
        "w_zero": np.array([3, 0, -2, 1], np.int8),
    }
    plain = ["x", "w", "x_zero", "w_zero"]
    scaled = ["x", "x_scale", "x_zero", "w", "w_scale", "w_zero"]
    inputs = scaled if op == "QGemm" else plain
    node = helper.make_node(op, inputs, ["y"], **options)

    found = _product_of(node, tensors)

    exact = (x.astype(int) - 9) @ (w - tensors["w_zero"].astype(int))
    change = saturated_product(x, w) - x.astype(int) @ w.astype(int)
    assert change.any()
    np.testing.assert_array_equal(found.exact, exact)
    np.testing.assert_array_equal(found.change, change)


def test_a_stack_of_matrices_is_multiplied_one_by_one() -> None:
    rng = np.random.default_rng(3)
    tensors = {
        "x": rng.integers(0, 256, (2, 1, 5, 6), np.uint8),
        "w": rng.integers(50, 128, (3, 6, 4), np.int8),
    }
    node = helper.make_node("MatMulInteger", ["x", "w"], ["y"])

    found = _product_of(node, tensors)

    assert found.exact.shape == (2, 3, 5, 4)
    for i, j in np.ndindex(2, 3):
        expected = saturated_product(tensors["x"][i, 0], tensors["w"][j])
        np.testing.assert_array_equal(found.exact[i, j] + found.change[i, j], expected)
