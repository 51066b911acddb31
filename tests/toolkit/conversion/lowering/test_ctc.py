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


def _decoded(strategy: str, *, merge: bool, mask_index: int) -> Callable[[Any, Any], Any]:
    def decode(x: Any, lengths: Any) -> Any:
        labels, scores = ops.ctc_decode(
            x, lengths, strategy, merge_repeated=merge, mask_index=mask_index
        )
        return ops.concatenate([ops.cast(labels[0], "float32"), scores], axis=-1)

    return decode


_INPUTS = {"x": ((None, 4), "float32"), "lengths": ((), "int32")}


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_greedy_decoding_answers_as_keras_at_any_length(
    error_of: Callable[..., float], model_of: Any, fmt: Format
) -> None:
    rng = np.random.default_rng(0)
    samples = [
        {
            "x": rng.normal(0, 1, (6, time, 4)).astype("float32"),
            "lengths": rng.integers(1, time + 1, 6).astype("int32"),
        }
        for time in (9, 5)
    ]

    model = model_of(
        _INPUTS,
        _decoded("greedy", merge=True, mask_index=0),
        _decoded("greedy", merge=False, mask_index=3),
        _decoded("greedy", merge=True, mask_index=3),
    )

    assert error_of(model, fmt, *samples) < 1e-6


def test_beam_search_is_refused_by_name(model_of: Any) -> None:
    model = model_of(_INPUTS, _decoded("beam_search", merge=True, mask_index=0))

    with pytest.raises(ConversionError, match="expected strategy='greedy', got 'beam_search'"):
        lower(trace(model), Format.TFLITE)
