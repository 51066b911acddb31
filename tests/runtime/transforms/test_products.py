"""Products in blocks are products."""

from __future__ import annotations

import numpy as np
import pytest

from edgesmith_runtime.transforms.products import PRODUCT_LIMIT, product


@pytest.mark.parametrize("n_rows", [0, 1, 255, 256, 257, 1000])
def test_a_product_in_blocks_of_rows_is_numpys(n_rows: int) -> None:
    rng = np.random.default_rng(0)
    stack, matrix = rng.normal(size=(3, n_rows, 32)), rng.normal(size=(32, 32))
    assert PRODUCT_LIMIT // matrix.size == 256

    np.testing.assert_allclose(product(stack, matrix), stack @ matrix, strict=True)


def test_a_matrix_beyond_the_limit_is_taken_row_by_row() -> None:
    rng = np.random.default_rng(0)
    stack, matrix = rng.normal(size=(1, 3, 700)), rng.normal(size=(700, 700))

    np.testing.assert_allclose(product(stack, matrix), stack @ matrix)


def test_another_memory_layout_gives_the_same_bits() -> None:
    rng = np.random.default_rng(0)
    stack = rng.normal(size=(2, 33, 257)).astype(np.float32)
    matrix = rng.normal(size=(257, 40)).astype(np.float32)

    np.testing.assert_array_equal(
        product(np.asfortranarray(stack), matrix), product(stack, matrix)
    )
