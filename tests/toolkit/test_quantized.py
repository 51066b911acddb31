from __future__ import annotations

import numpy as np
import pytest

from edgesmith.quantized import in_real_numbers, real_numbers
from edgesmith_runtime.decoding import decode
from edgesmith_runtime.manifest import Decode, DecodeOp, Output, Task
from edgesmith_runtime.spec import TensorSpec

QUANTIZED = TensorSpec("y", "int8", ("batch", 2), scale=0.5, zero_point=-3)
PLAIN = TensorSpec("y", "float32", ("batch", 2))
CODES = np.array([[-3, -1], [1, -7]], np.int8)


def test_codes_become_the_numbers_that_they_stand_for() -> None:
    assert real_numbers(QUANTIZED, CODES).tolist() == [[0.0, 1.0], [2.0, -2.0]]


def test_what_is_not_quantized_stays() -> None:
    numbers = np.ones((1, 2), np.float32)

    assert real_numbers(PLAIN, numbers) is numbers
    assert in_real_numbers(PLAIN, Decode(op=DecodeOp.SOFTMAX)) == Decode(op=DecodeOp.SOFTMAX)


@pytest.mark.parametrize("op", [DecodeOp.INVERSE_SCALE, DecodeOp.ARGMAX])
def test_the_runtime_decodes_codes_to_the_same_numbers(op: DecodeOp) -> None:
    output = Output(name="y", shape=(2,), decode=in_real_numbers(QUANTIZED, Decode(op=op)))
    task = Task.REGRESSION if op is DecodeOp.INVERSE_SCALE else Task.CLASSIFICATION

    predictions = decode(task, [output], {"y": CODES})

    numbers = real_numbers(QUANTIZED, CODES)
    if task is Task.REGRESSION:
        got = [np.asarray(one.value).tolist() for one in predictions]
    else:
        got = [list((one.scores or {}).values()) for one in predictions]
    assert got == numbers.tolist()


def test_an_output_that_is_not_decoded_stays_as_it_is() -> None:
    assert in_real_numbers(QUANTIZED, Decode()) == Decode()
