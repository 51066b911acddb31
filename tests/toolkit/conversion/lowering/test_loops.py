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


def _decayed(x: Any, *, reverse: bool = False) -> Any:
    moved = ops.transpose(x, (1, 0, 2))
    last, every = ops.scan(
        lambda carry, v: (carry * 0.9 + v, ops.tanh(carry)),
        moved[0] * 0,
        moved,
        reverse=reverse,
    )
    return ops.transpose(every, (1, 0, 2)) + last[:, None]


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_scans_and_maps_answer_as_keras(
    error_of: Callable[..., float], model_of: Any, fmt: Format
) -> None:
    x = np.random.default_rng(0).normal(0, 1, (3, 7, 4)).astype("float32")

    model = model_of(
        {"x": ((7, 4), "float32")},
        _decayed,
        lambda x: _decayed(x, reverse=True),
        lambda x: ops.map(lambda one: ops.flip(one, 0) * 2, x),
        lambda x: ops.map(lambda pair: pair[0] * pair[1], (x, x + 1)),
    )

    assert error_of(model, fmt, x) < 1e-6


@pytest.mark.parametrize("fmt", Format)
def test_a_scan_over_a_free_axis_is_refused_by_layer(model_of: Any, fmt: Format) -> None:
    model = model_of({"x": ((None, 4), "float32")}, _decayed)

    with pytest.raises(ConversionError, match=r"calls.*a free number of steps"):
        lower(trace(model), fmt)
