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
        scopes={"model/dense_1": "dense"},
        labels={"a b": ("x", "y\nz")},
        opset=17,
    )

    line = job.to_json()

    assert "\n" not in line
    assert Job.from_json(line) == job


def test_a_refusal_names_the_layers_once_each_and_the_node_where_no_layer_made_it() -> None:
    nodes = [
        ("Erf", "m/gelu_1/Erf"),
        ("Erf", "m/gelu_1/Erf_1"),
        ("Cast", "m"),
        ("A", "b"),
        ("B", "c"),
    ]
    job = Job(
        format=Format.TFLITE,
        signature=Signature(
            (TensorSpec("x", "float32", ("batch",)),), (TensorSpec("y", "float32", ("batch",)),)
        ),
        input_nodes=("x",),
        output_nodes=("Identity",),
        scopes={"m/gelu_1": "gelu"},
        labels={},
        opset=18,
    )

    refusal = job.refusal("TFLite", nodes)

    assert str(refusal) == (
        "TFLite has no counterpart for Erf (layer 'gelu'), Cast (node 'm'), A (node 'b') and 1 more"
    )
    assert refusal.reasons == {
        "gelu": "TFLite has no counterpart for Erf",
        "m": "TFLite has no counterpart for Cast",
        "b": "TFLite has no counterpart for A",
        "c": "TFLite has no counterpart for B",
    }
