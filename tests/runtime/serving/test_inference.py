"""Inference requests taken apart and answered, without a server."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith_runtime.loading import load
from edgesmith_runtime.serving.inference import answer_of, infer_request, outputs_of
from edgesmith_runtime.serving.messages import RefusedError

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith_runtime.model import Model

ONE = {"name": "features", "shape": [1, 4], "datatype": "FP32"}


def _asked(model: Model, members: dict[str, Any], behind: bytes = b"") -> Any:
    head = json.dumps(members).encode()
    request = infer_request(head + behind, str(len(head)))
    outputs = outputs_of(model, request, timeout=None)
    return answer_of(model, request, outputs, name="tiny", version="1")


def _refusal(body: bytes, header_length: str | None = None) -> str:
    with pytest.raises(RefusedError) as caught:
        infer_request(body, header_length)
    assert caught.value.status == 400
    return caught.value.message


def test_bytes_behind_the_json_are_answered_by_bytes(
    tiny_bundle_path: Path, tiny_features: np.ndarray, tiny_expected: np.ndarray
) -> None:
    content = tiny_features.tobytes()
    entry = {**ONE, "shape": [5, 4], "parameters": {"binary_data_size": len(content)}}

    answer = _asked(
        load(tiny_bundle_path),
        {"inputs": [entry], "parameters": {"binary_data_output": True}},
        content,
    )

    n_json = int(dict(answer.headers)["inference-header-content-length"])
    told = json.loads(answer.body[:n_json])
    assert told["outputs"][0]["parameters"] == {"binary_data_size": 60}
    back = np.frombuffer(answer.body[n_json:], "<f4").reshape(5, 3)
    assert np.allclose(back, tiny_expected, atol=1e-6)


def test_an_output_that_asks_for_json_gets_it_where_the_request_asks_for_bytes(
    tiny_bundle_path: Path,
) -> None:
    wanted = {"name": "probabilities", "parameters": {"binary_data": False}}

    answer = _asked(
        load(tiny_bundle_path),
        {
            "inputs": [{**ONE, "data": [1, 2, 3, 4]}],
            "outputs": [wanted],
            "parameters": {"binary_data_output": True},
        },
    )

    assert len(json.loads(answer.body)["outputs"][0]["data"]) == 3


def test_files_of_images_go_in_as_bytes(photo_bundle_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    file = io.BytesIO()
    image.fromarray(np.full((2, 2), 51, np.uint8)).save(file, "PNG")
    content = file.getvalue()
    behind = 2 * (len(content).to_bytes(4, "little") + content)

    answer = _asked(
        load(photo_bundle_path),
        {
            "inputs": [
                {
                    "name": "photo",
                    "shape": [2, 1],
                    "datatype": "BYTES",
                    "parameters": {"binary_data_size": len(behind)},
                }
            ]
        },
        behind,
    )

    assert json.loads(answer.body)["outputs"][0]["data"] == pytest.approx([0.8, 0.8])


def test_a_text_is_no_path_of_this_host(photo_bundle_path: Path, tmp_path: Path) -> None:
    from edgesmith_runtime.errors import InputError

    path = tmp_path / "2x2.pgm"
    path.write_bytes(b"P5 2 2 255\n\x00\x00\x00\x00")
    entry = {"name": "photo", "shape": [1], "datatype": "BYTES", "data": [str(path)]}

    with pytest.raises(InputError, match="bytes of"):
        _asked(load(photo_bundle_path), {"inputs": [entry]})


@pytest.mark.parametrize(
    ("members", "part"),
    [
        ({}, "inputs: expected a list of tensors, got none"),
        ({"inputs": []}, "inputs: expected a list of tensors, got none"),
        ({"inputs": {}}, "inputs: expected a list of objects"),
        ({"inputs": [1]}, "inputs: expected a list of objects"),
        ({"inputs": [{}]}, "inputs: each needs a 'name'"),
        ({"inputs": 2 * [{**ONE, "data": [1, 2, 3, 4]}]}, "input 'features' is given twice"),
        ({"inputs": [{**ONE, "data": [1, 2, 3, 4]}], "id": 1}, "id: expected a text"),
        ({"inputs": [{**ONE, "data": [1, 2, 3, 4]}], "outputs": [{}]}, "outputs: each needs"),
        ({"inputs": [{**ONE, "parameters": 1}]}, "parameters: expected an object"),
        (
            {"inputs": [{**ONE, "parameters": {"binary_data_size": 16}}]},
            "binary_data_size: expected 0 to 0, got 16",
        ),
        (
            {"inputs": [{**ONE, "parameters": {"shared_memory_region": "x"}}]},
            "this server shares no memory",
        ),
        (
            {"inputs": [{**ONE, "data": [], "parameters": {"binary_data_size": 0}}]},
            "input 'features': expected 'data' or binary_data_size, got both",
        ),
        (
            {
                "inputs": [{**ONE, "data": [1, 2, 3, 4]}],
                "parameters": {"binary_data_output": "true"},
            },
            "binary_data_output: expected true or false",
        ),
        (
            {
                "inputs": [{**ONE, "data": [1, 2, 3, 4]}],
                "outputs": [{"name": "y"}, {"name": "y"}],
            },
            "output 'y' is asked for twice",
        ),
        (
            {
                "inputs": [{**ONE, "data": [1, 2, 3, 4]}],
                "outputs": [{"name": "y", "parameters": {"classification": -1}}],
            },
            "classification: expected a number from 0",
        ),
        (
            {
                "inputs": [{**ONE, "data": [1, 2, 3, 4]}],
                "outputs": [{"name": "y", "parameters": {"binary_data": 1}}],
            },
            "binary_data: expected true or false",
        ),
    ],
)
def test_what_is_no_request_is_told(members: dict[str, Any], part: str) -> None:
    assert part in _refusal(json.dumps(members).encode())


@pytest.mark.parametrize("length", ["-1", "x", "99", "9" * 30, ""])
def test_a_header_length_that_does_not_fit_is_told(length: str) -> None:
    assert "Inference-Header-Content-Length: expected 0 to 2" in _refusal(b"{}", length)


def test_bytes_that_belong_to_nothing_are_told() -> None:
    head = json.dumps({"inputs": [{**ONE, "data": [1, 2, 3, 4]}]}).encode()

    assert (
        _refusal(head + b"xy", str(len(head))) == "2 bytes behind the JSON belong to no input"
    )


def test_texts_for_a_tensor_of_numbers_are_told(tiny_bundle_path: Path) -> None:
    entry = {"name": "features", "shape": [1], "datatype": "BYTES", "data": ["a"]}

    with pytest.raises(RefusedError, match="or as BYTES the raw inputs"):
        _asked(load(tiny_bundle_path), {"inputs": [entry]})
