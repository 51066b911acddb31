"""One step in a graph against the same step of the runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pytest

from edgesmith_runtime.manifest import Step
from edgesmith_runtime.transforms import make_op

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHARE_OF_RANGE = 5e-6


class Agree(Protocol):
    """Refuse other numbers than the runtime's."""

    def __call__(
        self, op: str, batch: NDArray[Any], *, free: tuple[int, ...] = (), **params: Any
    ) -> None: ...


@pytest.fixture
def agree() -> Agree:
    """A step traced with the batch and the ``free`` axes of any length, run on a batch."""

    def check(
        op: str, batch: NDArray[Any], *, free: tuple[int, ...] = (), **params: Any
    ) -> None:
        import tensorflow as tf

        from edgesmith.fusing.graph_steps import GRAPH_STEPS

        step = make_op(Step(op=op, inputs=("x",), outputs=("y",), params=params), op)
        expected = step(batch)
        shape = [None if axis in (0, *free) else n for axis, n in enumerate(batch.shape)]
        traced = tf.function(
            lambda tensor: GRAPH_STEPS[op](step, tensor),
            input_signature=[tf.TensorSpec(shape, batch.dtype)],
            autograph=False,
        )
        made = traced(batch).numpy()

        assert made.shape == expected.shape
        within = SHARE_OF_RANGE * (np.ptp(expected.astype(np.float64)) or 1.0)
        np.testing.assert_allclose(made, expected, rtol=0, atol=within)

    return check
