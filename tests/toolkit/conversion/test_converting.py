from __future__ import annotations

import pytest

from edgesmith.conversion.converting import converter_of
from edgesmith.conversion.job import Job
from edgesmith_runtime.errors import ConversionError
from edgesmith_runtime.spec import Format, Signature, TensorSpec


@pytest.mark.parametrize(
    ("fmt", "message"), [(Format.ONNX, "tf2onnx: DecodeError"), (Format.TFLITE, "converter: ")]
)
def test_a_graph_that_is_none_is_refused(fmt: Format, message: str) -> None:
    job = Job(
        format=fmt,
        signature=Signature(
            (TensorSpec("x", "float32", ("batch",)),), (TensorSpec("y", "float32", ("batch",)),)
        ),
        input_nodes=("x",),
        output_nodes=("Identity",),
        scopes={},
        labels={},
        opset=18,
    )

    with pytest.raises(ConversionError, match=message):
        converter_of(fmt)(b"\xff\xff", job)
