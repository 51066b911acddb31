"""The endpoints of a real server, over HTTP."""

from __future__ import annotations

import http.client
import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith_runtime.bundle import read_bundle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

Floats = "NDArray[np.float32]"


def _features(values: NDArray[np.float32]) -> dict[str, Any]:
    return {
        "name": "features",
        "shape": list(values.shape),
        "datatype": "FP32",
        "data": values.ravel().tolist(),
    }


def test_the_server_tells_what_it_is_and_that_it_is_ready(server: Any) -> None:
    assert server.ask("GET", "/v2").json["name"] == "edgesmith-runtime"
    assert "binary_tensor_data" in server.ask("GET", "/v2").json["extensions"]
    assert server.ask("GET", "/v2/health/live").json == {"live": True}
    assert server.ask("GET", "/v2/health/ready").json == {"ready": True}
    assert server.ask("GET", "/v2/models/tiny/ready").json == {"name": "tiny", "ready": True}


def test_a_model_tells_its_tensors_and_its_version(server: Any, tiny_bundle_path: Path) -> None:
    version = read_bundle(tiny_bundle_path).identity[:12]

    told = server.ask("GET", "/v2/models/tiny").json

    assert told == {
        "name": "tiny",
        "versions": [version],
        "platform": "onnx_onnxv1",
        "inputs": [{"name": "features", "datatype": "FP32", "shape": [-1, 4]}],
        "outputs": [{"name": "probabilities", "datatype": "FP32", "shape": [-1, 3]}],
    }
    assert server.ask("GET", f"/v2/models/tiny/versions/{version}").json == told


def test_an_inference_in_json_answers_as_numpy_does(
    server: Any, tiny_features: NDArray[np.float32], tiny_expected: NDArray[np.float32]
) -> None:
    reply = server.infer("tiny", _features(tiny_features), id="a 1")

    assert reply.status == 200
    assert reply.json["id"] == "a 1"
    assert reply.json["model_name"] == "tiny"
    output = reply.json["outputs"][0]
    assert (output["name"], output["datatype"], output["shape"]) == (
        "probabilities",
        "FP32",
        [5, 3],
    )
    assert np.allclose(np.reshape(output["data"], (5, 3)), tiny_expected, atol=1e-6)


def test_a_real_client_of_the_protocol_talks_to_it(
    server: Any, tiny_features: NDArray[np.float32], tiny_expected: NDArray[np.float32]
) -> None:
    client_library = pytest.importorskip("tritonclient.http")
    with closing(client_library.InferenceServerClient(f"127.0.0.1:{server.port}")) as client:
        given = client_library.InferInput("features", [5, 4], "FP32")
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("tiny")
        assert client.get_model_metadata("tiny")["inputs"][0]["name"] == "features"
        assert client.get_model_config("tiny")["input"][0]["data_type"] == "TYPE_FP32"
        assert {one["name"] for one in client.get_model_repository_index()} == {"tiny", "slow"}
        for is_binary in (False, True):
            given.set_data_from_numpy(tiny_features, binary_data=is_binary)
            for compression in (None, "gzip", "deflate"):
                wanted = client_library.InferRequestedOutput(
                    "probabilities", binary_data=is_binary
                )
                result = client.infer(
                    "tiny",
                    [given],
                    outputs=[wanted],
                    request_id="7",
                    request_compression_algorithm=compression,
                )
                assert np.allclose(result.as_numpy("probabilities"), tiny_expected, atol=1e-6)
                assert result.get_response()["id"] == "7"
        assert np.allclose(
            client.infer("tiny", [given]).as_numpy("probabilities"), tiny_expected, atol=1e-6
        )


def test_a_real_client_is_told_the_best_classes_and_its_mistakes(
    server: Any, tiny_features: NDArray[np.float32], tiny_expected: NDArray[np.float32]
) -> None:
    client_library = pytest.importorskip("tritonclient.http")
    failure = pytest.importorskip("tritonclient.utils").InferenceServerException
    with closing(client_library.InferenceServerClient(f"127.0.0.1:{server.port}")) as client:
        given = client_library.InferInput("features", [5, 4], "FP32")
        given.set_data_from_numpy(tiny_features)

        best = client_library.InferRequestedOutput("probabilities", class_count=1)
        classes = client.infer("tiny", [given], outputs=[best]).as_numpy("probabilities")

        labels = np.array(["ant", "bee", "cat"])[tiny_expected.argmax(axis=1)]
        assert [row[0].decode().split(":")[2] for row in classes] == labels.tolist()
        with pytest.raises(failure, match="unknown model 'other'"):
            client.infer("other", [given])
        wrong = client_library.InferInput("features", [5, 3], "FP32")
        wrong.set_data_from_numpy(tiny_features[:, :3].copy())
        with pytest.raises(failure, match=r"expected shape \(batch, 4\), got \(5, 3\)"):
            client.infer("tiny", [wrong])
        with pytest.raises(failure, match="expected one of"):
            client.infer(
                "tiny", [given], outputs=[client_library.InferRequestedOutput("logits")]
            )
        with pytest.raises(failure, match="is served while the server runs"):
            client.unload_model("tiny")


def test_under_batches_who_asks_for_a_version_or_classes_is_answered_by_one_bundle(
    running: Callable[..., Any], tiny_bundle_path: Path
) -> None:
    server = running(tiny_bundle_path, max_batch=8)
    version = read_bundle(tiny_bundle_path).identity[:12]
    features = _features(np.zeros((1, 4), np.float32))
    classes = [{"name": "probabilities", "parameters": {"classification": 1}}]

    pinned = server.infer(f"tiny/versions/{version}", features).json
    classified = server.infer("tiny", features, outputs=classes).json

    assert pinned["model_version"] == classified["model_version"] == version
    assert "model_version" not in server.infer("tiny", features).json


def test_an_unknown_model_or_version_is_not_found(server: Any) -> None:
    assert server.infer("tiny/versions/1").status == 404
    reply = server.ask("GET", "/v2/models/tiny/versions/1")
    assert reply.status == 404
    assert "not '1'" in reply.json["error"]
    assert "served are ['tiny', 'slow']" in server.ask("GET", "/v2/models/x").json["error"]


def test_a_run_that_takes_too_long_ends_with_its_deadline(
    running: Callable[..., Any], slow_bundle_path: Path
) -> None:
    server = running(slow_bundle_path, timeout_s=0.3)
    endless = {"name": "count", "shape": [1, 1], "datatype": "FP32", "data": [1e15]}

    reply = server.infer("slow", endless)

    assert reply.status == 504
    assert "0." in reply.json["error"]
    server.wait_for("edgesmith_runs_active", "0")
    while (short := server.infer("slow", {**endless, "data": [3]})).status == 504:
        pass  # the machine may be too busy for 0.3 s, and not for ever
    assert short.json["outputs"][0]["data"] == [3.0]


def test_metrics_count_requests_by_model_and_code(
    running: Callable[..., Any], tiny_bundle_path: Path
) -> None:
    server = running(tiny_bundle_path)

    server.infer("tiny", _features(np.zeros((1, 4), np.float32)))
    server.infer("tiny", _features(np.zeros((1, 3), np.float32)))
    server.infer("other", _features(np.zeros((1, 3), np.float32)))

    assert server.gauge('edgesmith_requests_total{model="tiny",code="200"}') == "1"
    assert server.gauge('edgesmith_requests_total{model="tiny",code="400"}') == "1"
    assert server.gauge('edgesmith_requests_total{model="",code="404"}') == "1"
    assert server.gauge('edgesmith_request_seconds_count{model="tiny"}') == "2"
    identity = read_bundle(tiny_bundle_path).identity
    assert (
        server.gauge(
            f'edgesmith_model_info{{model="tiny",identity="{identity}",artifact="model.onnx"}}'
        )
        == "1"
    )


def test_a_raw_request_answers_as_the_command_line_does(
    server: Any, tiny_bundle_path: Path
) -> None:
    from edgesmith_runtime import load

    expected = load(tiny_bundle_path).predict(np.array([1, 2, 3, 4], np.float32))

    reply = server.ask(
        "POST", "/models/tiny/predict", "[1, 2, 3, 4]", {"Content-Type": "application/json"}
    )

    assert reply.status == 200
    assert list(reply.json) == ["input", "label", "score", "scores", "outputs"]
    assert reply.json["label"] == expected.label
    assert reply.json["score"] == pytest.approx(expected.score, rel=1e-6)


@pytest.mark.parametrize("max_batch", [1, 8])
def test_rows_are_answered_one_by_one_and_a_bad_one_stops_no_other(
    running: Callable[..., Any], row_bundle_path: Path, max_batch: int
) -> None:
    server = running(row_bundle_path, max_batch=max_batch)

    reply = server.ask(
        "POST", "/models/adding/predict", "a,b\n1,2\nx,1\n3\n,4\n", {"Content-Type": "text/csv"}
    )

    assert [one.get("value") for one in reply.json] == [3.0, None, None, 14.0]
    assert "x" in reply.json[1]["error"]
    assert "expected 2 cells as in the header, got 1" in reply.json[2]["error"]
    single = server.ask(
        "POST",
        "/models/adding/predict",
        json.dumps({"a": 1, "b": None}),
        {"Content-Type": "application/json"},
    )
    assert single.json == {
        "input": "row",
        "value": 21.0,
        "unit": "points",
        "outputs": {"total": [21.0]},
    }


def test_several_requests_on_one_connection_are_answered_in_order(server: Any) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as one:
        for count in (3, 1, 2):
            one.request(
                "POST",
                "/models/slow/predict",
                f"[{count}]",
                {"Content-Type": "application/json"},
            )
            assert json.loads(one.getresponse().read())["value"] == count
