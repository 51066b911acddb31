from __future__ import annotations

import json

from edgesmith.inscription import compact_json, inscription
from edgesmith_runtime.spec import Signature, TensorSpec


def test_an_artifact_says_what_it_takes_gives_and_means() -> None:
    signature = Signature(
        (TensorSpec("x", "int8", ("batch", 2), scale=0.5, zero_point=3),),
        (TensorSpec("y", "float32", ("batch", "time")),),
    )

    told = inscription(signature, {"y": ("yes", "no")})

    assert json.loads(compact_json(told)) == {
        "inputs": [
            {"name": "x", "dtype": "int8", "shape": ["batch", 2], "scale": 0.5, "zero_point": 3}
        ],
        "outputs": [{"name": "y", "dtype": "float32", "shape": ["batch", "time"]}],
        "labels": {"y": ["yes", "no"]},
    }


def test_the_same_value_has_one_text() -> None:
    assert compact_json({"b": "ä", "a": 1}) == compact_json({"a": 1, "b": "ä"})
    assert compact_json({"b": "ä"}) == '{"b": "ä"}'
