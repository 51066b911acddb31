"""Matrix products whose rounding does not depend on how many samples there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["product"]

# OpenBLAS wakes its threads for products above this many multiplications; on a busy or a limited
# machine they wait for each other a hundred times longer than such a product takes.
PRODUCT_LIMIT = 262_144


def product(stack: NDArray[Any], matrix: NDArray[Any]) -> NDArray[Any]:
    """``stack @ matrix``, sample by sample in blocks of rows.

    Args:
        stack: ``(batch, rows, k)``.
        matrix: ``(k, m)``.

    Returns:
        ``(batch, rows, m)``.
    """
    stack = np.ascontiguousarray(stack)  # another memory layout may round differently
    n_samples, n_rows, length = stack.shape
    width = matrix.shape[1]
    block = max(1, PRODUCT_LIMIT // (length * width))
    result = np.empty((n_samples, n_rows, width), np.result_type(stack, matrix))
    n_whole = n_rows // block * block
    if n_whole:
        whole = stack[:, :n_whole].reshape(n_samples, -1, block, length)
        np.matmul(whole, matrix, out=result[:, :n_whole].reshape(n_samples, -1, block, width))
    if n_whole < n_rows:
        np.matmul(stack[:, n_whole:], matrix, out=result[:, n_whole:])
    return result
