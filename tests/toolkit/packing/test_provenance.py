from __future__ import annotations

import json
from importlib.metadata import version

from edgesmith.core import Provenance, Split
from edgesmith.packing.provenance import provenance


def test_the_versions_of_all_that_took_part_are_named() -> None:
    versions = provenance()["versions"]

    assert set(versions) == {
        "ai-edge-litert",
        "edgesmith",
        "edgesmith-runtime",
        "keras",
        "numpy",
        "onnx",
        "onnxruntime",
        "tensorflow",
        "tf2onnx",
    }
    assert versions["keras"] == version("keras")


def test_a_model_file_is_named_and_keras_took_no_part() -> None:
    members = provenance(original={"file": "m.onnx", "sha256": "ab", "producer": "pytorch"})

    assert members["original"] == {"file": "m.onnx", "sha256": "ab", "producer": "pytorch"}
    assert not {"keras", "tensorflow", "tf2onnx"} & set(members["versions"])


def test_data_seed_and_configuration_are_plain_json() -> None:
    members = provenance(
        data=Provenance(source="digits", licence="CC0", sha256="ab"),
        n_by_split={Split.TRAIN: 10, Split.TEST: 3},
        seed=7,
        config={"name": "digits"},
    )

    read = json.loads(json.dumps(members))
    assert read["data"] == {
        "source": "digits",
        "licence": "CC0",
        "sha256": "ab",
        "n_by_split": {"train": 10, "test": 3},
    }
    assert (read["seed"], read["config"]) == (7, {"name": "digits"})


def test_what_is_not_known_is_left_out() -> None:
    assert set(provenance()) == {"versions"}
