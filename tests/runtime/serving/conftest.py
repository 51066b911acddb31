"""Real servers in processes of their own, and a bundle whose run takes as long as its input says."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from edgesmith_runtime.bundle import make_bundle, write_bundle
from edgesmith_runtime.manifest import (
    ArtifactEntry,
    Kind,
    Manifest,
    Output,
    RawInput,
    Selection,
    Step,
    Task,
)
from edgesmith_runtime.spec import Format, Precision, Signature, TensorSpec

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator
    from pathlib import Path

HANG_S = 30.0
AT_ONCE_S = 0.1
CHILD = """
import json, sys
from edgesmith_runtime.loading import load
from edgesmith_runtime.serving.models import open_models
from edgesmith_runtime.serving.server import serve
from edgesmith_runtime.serving.settings import ServerSettings
paths, settings = json.loads(sys.argv[1])
settings = ServerSettings(**settings)
models = open_models(paths, lambda path: load(path, n_threads=1), settings)
sys.exit(serve(models, settings, announce=lambda url: print(url, flush=True)))
"""


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Running:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    port: int

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """One request on a connection of its own."""
        with closing(
            http.client.HTTPConnection("127.0.0.1", self.port, timeout=HANG_S)
        ) as connection:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            told = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, told, response.read())

    def infer(self, model: str, *inputs: dict[str, Any], **members: Any) -> Reply:
        body = json.dumps({"inputs": list(inputs), **members})
        return self.ask("POST", f"/v2/models/{model}/infer", body)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=HANG_S)

    def send(self, content: bytes) -> bytes:
        """Bytes as they are; what comes back until the server closes."""
        with closing(self.connect()) as connection:
            connection.sendall(content)
            return all_of(connection)

    def gauge(self, line: str) -> str:
        """The value of one line of the metrics."""
        text = self.ask("GET", "/metrics").body.decode()
        return next(
            row.removeprefix(line).strip() for row in text.splitlines() if row.startswith(line)
        )

    def wait_for(self, line: str, value: str) -> None:
        """Until a metric has a value."""
        limit = time.monotonic() + HANG_S
        while self.gauge(line) != value:
            assert time.monotonic() < limit, f"{line} never was {value}"

    def wait_for_run(self, asking: threading.Thread) -> None:
        """Until a run is under way for a request, or has ended before that could be seen."""
        while self.gauge("edgesmith_runs_active") != "1" and asking.is_alive():
            pass

    def send_at_once(self, content: bytes) -> bytes:
        """``send``, to a server of short deadlines: again where this process was held up."""
        while True:
            started = time.monotonic()
            with closing(self.connect()) as connection:
                connection.sendall(content)
                if time.monotonic() - started < AT_ONCE_S:
                    return all_of(connection)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(HANG_S)


def all_of(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    parts: list[bytes] = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


@pytest.fixture(scope="session")
def running() -> Iterator[Callable[..., Running]]:
    """Starts servers; those that still run at the end are stopped."""
    pytest.importorskip("uvicorn")
    pytest.importorskip("httptools")
    processes: list[subprocess.Popen[str]] = []

    def start(*paths: Path, **settings: Any) -> Running:
        asked = json.dumps([[str(path) for path in paths], {"port": 0, **settings}])
        process = subprocess.Popen(
            [sys.executable, "-c", CHILD, asked],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout is not None
        url = process.stdout.readline()
        assert url, process.communicate()[1]
        return Running(process, int(url.rpartition(":")[2]))

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def server(
    running: Callable[..., Running], tiny_bundle_path: Path, slow_bundle_path: Path
) -> Running:
    """The models "tiny" and "slow", for tests that leave it as it is."""
    return running(tiny_bundle_path, slow_bundle_path, max_body_bytes=1 << 20, n_workers=2)


@pytest.fixture(scope="session")
def slow_bundle_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Counts to its input, one by one, and answers with it; some ten million a second at best."""
    onnx = pytest.importorskip("onnx")
    helper, types = onnx.helper, onnx.TensorProto
    scalar = helper.make_tensor_value_info
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("Add", ["sum", "one"], ["sum_next"]),
        ],
        "counting",
        [
            scalar("turn", types.INT64, []),
            scalar("go", types.BOOL, []),
            scalar("sum", types.FLOAT, []),
        ],
        [scalar("go_on", types.BOOL, []), scalar("sum_next", types.FLOAT, [])],
        [helper.make_tensor("one", types.FLOAT, [], [1.0])],
    )
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMax", ["count"], ["largest"], keepdims=0),
            helper.make_node("Cast", ["largest"], ["turns"], to=types.INT64),
            helper.make_node("Loop", ["turns", "", "zero"], ["sum"], body=body),
            helper.make_node("Mul", ["count", "zero"], ["zeros"]),
            helper.make_node("Add", ["zeros", "sum"], ["total"]),
        ],
        "slow",
        [helper.make_tensor_value_info("count", types.FLOAT, ["batch", 1])],
        [helper.make_tensor_value_info("total", types.FLOAT, ["batch", 1])],
        [helper.make_tensor("zero", types.FLOAT, [], [0.0])],
    )
    opset = helper.make_opsetid("", 18)
    content = helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString()
    manifest = Manifest(
        name="slow",
        task=Task.REGRESSION,
        raw_inputs=(RawInput("x", Kind.TENSOR, "how far to count"),),
        transform=(
            Step(
                op="tensor",
                inputs=("x",),
                outputs=("count",),
                params={"dtype": "float32", "shape": [1]},
            ),
        ),
        outputs=(Output(name="total", shape=(1,)),),
        artifacts=(
            ArtifactEntry(
                file="model.onnx",
                format=Format.ONNX,
                precision=Precision.FLOAT32,
                version=18,
                signature=Signature(
                    inputs=(TensorSpec("count", "float32", ("batch", 1)),),
                    outputs=(TensorSpec("total", "float32", ("batch", 1)),),
                ),
                starts_after=0,
            ),
        ),
        default_artifact=Selection(file="model.onnx", reason="the only one"),
    )
    path = tmp_path_factory.mktemp("slow") / "slow.edge"
    write_bundle(make_bundle(manifest, {"model.onnx": content}), path)
    return path
