from __future__ import annotations

from edgesmith.conversion.job import Job
from edgesmith_runtime.spec import Format, Signature, TensorSpec


def test_a_job_crosses_to_the_child_unchanged() -> None:
    job = Job(
        format=Format.TFLITE,
        signature=Signature(
            (TensorSpec("grün", "uint8", ("batch", "time", 3)),),
            (TensorSpec("a b", "float32", ("batch",)),),
        ),
        input_nodes=("gr_n",),
        output_nodes=("Identity",),
        labels={"a b": ("x", "y\nz")},
        opset=17,
    )

    line = job.to_json()

    assert "\n" not in line
    assert Job.from_json(line) == job
