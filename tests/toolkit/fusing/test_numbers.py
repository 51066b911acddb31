from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.fusing.refusal import NotInGraphError
from edgesmith_runtime.transforms.axes import Reshape, Transpose
from edgesmith_runtime.transforms.numeric import Concat, Fill

if TYPE_CHECKING:
    from conftest import Agree

RNG = np.random.default_rng(0)


def numbers(dtype: str = "float32") -> Any:
    return RNG.normal(size=(5, 3)).astype(dtype)


def test_what_is_missing_is_filled_by_column(agree: Agree) -> None:
    holey = numbers()
    holey[1, 2] = holey[3, 0] = np.nan

    agree("fill", holey, values=[1.0, 2.0, 3.0])
    agree("fill", holey, values=[7.0])


def test_a_fill_that_leaves_something_missing_is_refused() -> None:
    from edgesmith.fusing.numbers import fill

    with pytest.raises(NotInGraphError, match=r"^it leaves columns with missing numbers"):
        fill(Fill((1.0, None, 3.0)), numbers())


def test_bounds_hold_by_column_and_none_is_no_bound(agree: Agree) -> None:
    agree("clip", numbers() * 1e30, low=[-0.5, None, 0.0], high=[None, 0.5, 1e30])
    agree("clip", numbers("float64"), low=[-0.5], high=[0.5])


def test_scaling_is_by_column(agree: Agree) -> None:
    agree("scale", numbers(), offset=[1.0], scale=[2.0, 3.0, 4.0])
    agree(
        "scale", RNG.integers(0, 255, (2, 4, 3)).astype(np.uint8), offset=[0.0], scale=[255.0]
    )


def test_numbers_change_their_dtype(agree: Agree) -> None:
    agree("cast", RNG.integers(0, 255, (2, 3)).astype(np.uint8), dtype="float32")


def test_several_values_are_joined_on_the_last_axis() -> None:
    from edgesmith.fusing.numbers import concat

    first, second = numbers("float64"), numbers()

    joined = concat(Concat(), first, second)

    np.testing.assert_array_equal(joined.numpy(), Concat()(first, second))


def test_an_index_becomes_a_place(agree: Agree) -> None:
    indices = RNG.integers(-1, 6, (4, 3, 1))

    agree("one_hot_indices", indices, depth=5, squeeze=True, dtype="float32")
    agree("one_hot_indices", indices, depth=5, squeeze=False, dtype="float32")


def test_every_place_has_its_weight(agree: Agree) -> None:
    agree("weigh", numbers(), weights=[1.0, 0.5, 0.25])


def laid(*shape: int) -> Any:
    return RNG.normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("shape", [(8, 6, 1), (48,), (4, -1, 2), (-1,)])
def test_samples_get_the_shape_that_the_runtime_gives_them(
    agree: Agree, shape: tuple[int, ...]
) -> None:
    agree("reshape", laid(3, 8, 6), shape=list(shape))


@pytest.mark.parametrize("free", [(1,), (1, 2)])
@pytest.mark.parametrize("shape", [(4, -1, 2), (-1,)])
def test_samples_of_any_size_are_reshaped_where_one_length_follows(
    agree: Agree, shape: tuple[int, ...], free: tuple[int, ...]
) -> None:
    agree("reshape", laid(3, 8, 6), free=free, shape=list(shape))


def test_axes_change_their_order(agree: Agree) -> None:
    agree("transpose", laid(3, 4, 5, 2), free=(1, 2), axes=[2, 0, 1])


def test_samples_of_any_size_get_no_fixed_shape() -> None:
    import tensorflow as tf

    from edgesmith.fusing.numbers import reshape

    traced = tf.function(lambda samples: reshape(Reshape((8, 6)), samples), autograph=False)

    with pytest.raises(
        NotInGraphError,
        match=r"^it takes samples of one size, and the graph those of any size$",
    ):
        traced.get_concrete_function(tf.TensorSpec((None, None, 6), "float32"))


def test_more_axes_than_every_engine_transposes_are_refused() -> None:
    import tensorflow as tf

    from edgesmith.fusing.numbers import transpose

    with pytest.raises(
        NotInGraphError, match=r"^a graph transposes at most 5 axes of a sample$"
    ):
        transpose(Transpose((1, 0, 2, 3, 4, 5)), tf.constant(laid(2, 1, 1, 1, 1, 1, 2)))
