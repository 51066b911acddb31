from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_slices_that_add_axes_answer_as_keras_at_any_length(
    error_of: Callable[..., float], model_of: Any, fmt: Format
) -> None:
    x = np.random.default_rng(0).normal(0, 1, (3, 8, 4)).astype("float32")

    model = model_of(
        {"x": ((None, 4), "float32")},
        lambda x: x[..., None],
        lambda x: x[:, :, None, None],
        lambda x: x[:, None, 1:-1, 0, None],
        lambda x: x[:, None, ..., 1:3],
        lambda x: x[..., None, ::2],
        lambda x: x[:, -1, None],
    )

    assert error_of(model, fmt, x, x[:, :5]) == 0
