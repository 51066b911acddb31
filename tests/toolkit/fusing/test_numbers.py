from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.fusing.refusal import NotInGraphError
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
