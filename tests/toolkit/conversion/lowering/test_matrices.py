from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest

from edgesmith.conversion import lower
from edgesmith.reference import trace
from edgesmith_runtime.errors import ConversionError
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable


ops: Any = keras.ops


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
@pytest.mark.parametrize("n", [1, 4])
def test_small_matrices_answer_as_keras(
    error_of: Callable[..., float], model_of: Any, fmt: Format, n: int
) -> None:
    a = np.random.default_rng(0).normal(0, 1, (3, n, n)).astype("float32")
    a += 4 * np.eye(n, dtype="float32")

    model = model_of(
        {"a": ((n, n), "float32")},
        ops.inv,
        lambda a: ops.det(a)[:, None, None] * a,
        lambda a: ops.solve(a, a[:, 0]),
    )

    assert error_of(model, fmt, a) < 1e-5


def test_a_large_matrix_is_refused_by_name(model_of: Any) -> None:
    model = model_of({"a": ((9, 9), "float32")}, ops.inv)

    with pytest.raises(ConversionError, match="inv of matrices of 9 rows: expected 4 at most"):
        lower(trace(model), Format.ONNX)
