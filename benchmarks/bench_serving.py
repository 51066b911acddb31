"""What does the server cost? Requests a second and latencies against a bare session loop.

python benchmarks/bench_serving.py BUNDLE... [--seconds 60] [--rounds 3] [--clients 16] [--batch N]
    [--client wrk|own] [--out FILE]

For each bundle, in turn, --rounds times: a bare onnxruntime session in a loop of one process; the
server asked for its health alone, which is what HTTP costs; the inference protocol with bytes and
with JSON. The clients are on the same machine, each asks again as soon as it has its answer: `wrk`
where it is installed, else a process of asyncio's streams. Before, one answer of each form is
compared with the session's. --seconds are those of each form in all, over the rounds. Bundles that
are given again keep the figures of the others in the file. Where an answer was an error, or the
server ended badly, nothing more is recorded and the exit code is 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from harness import RESULTS, record

import edgesmith_runtime as er

PERCENTILES = (50, 90, 99)
LUA = """
wrk.method = "POST"
local file = io.open("BODY", "rb")
wrk.body = file:read("*a")
file:close()
HEADERS
done = function(summary, latency, requests)
  io.write(string.format('RESULT {"n": %d, "us": %d, "status": %d, "socket": %d, "p": [%d, %d, %d]}\\n',
    summary.requests, summary.duration, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50), latency:percentile(90), latency:percentile(99)))
end
"""


@dataclass(frozen=True)
class Form:
    """One way to ask: a name, a path, a body (None: GET) and its headers."""

    name: str
    path: str
    body: bytes | None
    headers: dict[str, str]


def forms(name: str, tensors: dict[str, np.ndarray]) -> list[Form]:
    """Health alone, then the same tensors as bytes and as JSON."""
    words = {
        "float32": "FP32",
        "int32": "INT32",
        "int64": "INT64",
        "uint8": "UINT8",
        "int8": "INT8",
    }
    entries = [
        {"name": key, "shape": list(array.shape), "datatype": words[array.dtype.name]}
        for key, array in tensors.items()
    ]
    contents = [array.tobytes() for array in tensors.values()]
    head = json.dumps(
        {
            "inputs": [
                {**entry, "parameters": {"binary_data_size": len(content)}}
                for entry, content in zip(entries, contents, strict=True)
            ],
            "parameters": {"binary_data_output": True},
        }
    ).encode()
    plain = json.dumps(
        {
            "inputs": [
                {**entry, "data": array.ravel().tolist()}
                for entry, array in zip(entries, tensors.values(), strict=True)
            ]
        }
    ).encode()
    path = f"/v2/models/{name}/infer"
    length = {"Inference-Header-Content-Length": str(len(head))}
    return [
        Form("health", "/v2/health/live", None, {}),
        Form("binary", path, head + b"".join(contents), length),
        Form("json", path, plain, {"Content-Type": "application/json"}),
    ]


def tensors_of(model: er.Model) -> dict[str, np.ndarray]:
    """One sample of noise for each input of the model."""
    rng = np.random.default_rng(0)
    return {
        spec.name: rng.random(
            [axis if isinstance(axis, int) else 1 for axis in spec.shape]
        ).astype(spec.dtype if spec.scale is None else np.float32)
        for spec in model.signature.inputs
    }


def bare_loop(path: str, seconds: float) -> dict[str, Any]:
    """Calls of a bare session with one thread, one after the other."""
    import onnxruntime as ort

    model = er.load(path, n_threads=1)
    tensors = tensors_of(model)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(
        bytes(model.artifact.content), options, providers=["CPUExecutionProvider"]
    )
    names = [spec.name for spec in model.signature.outputs]
    latencies: list[int] = []
    clock = time.perf_counter_ns
    started = now = clock()
    while now - started < seconds * 1e9:
        session.run(names, tensors)
        after = clock()
        latencies.append(after - now)
        now = after
    taken = (now - started) / 1e9
    return {"n": len(latencies), "seconds": taken, "us": _percentiles(latencies), "errors": 0}


def _percentiles(latencies_ns: list[int]) -> list[float]:
    return [float(value) / 1000 for value in np.percentile(latencies_ns, PERCENTILES)]


def by_wrk(url: str, form: Form, clients: int, seconds: float) -> dict[str, Any]:
    """What wrk counts; its latencies are those of each connection's requests."""
    with tempfile.TemporaryDirectory() as folder:
        script, body = Path(folder, "ask.lua"), Path(folder, "body")
        body.write_bytes(form.body or b"")
        headers = "\n".join(
            f'wrk.headers["{key}"] = "{text}"' for key, text in form.headers.items()
        )
        lua = LUA.replace("BODY", str(body)).replace("HEADERS", headers)
        if form.body is None:
            lua = lua.replace('wrk.method = "POST"', "").replace(
                'wrk.body = file:read("*a")', ""
            )
        script.write_text(lua)
        command = [
            "wrk",
            "-t1",
            f"-c{clients}",
            f"-d{max(1, round(seconds))}s",
            "-s",
            str(script),
        ]
        shown = subprocess.run(
            [*command, url + form.path], capture_output=True, text=True, check=True
        ).stdout
    found = re.search(r"^RESULT (.*)$", shown, re.MULTILINE)
    if found is None:
        raise SystemExit(f"wrk told nothing that can be read:\n{shown}")
    told = json.loads(found[1])
    return {
        "n": told["n"],
        "seconds": told["us"] / 1e6,
        "us": [float(value) for value in told["p"]],
        "errors": told["status"] + told["socket"],
    }


async def _own_client(
    host: str, port: int, request: bytes, end: float
) -> tuple[list[int], int]:
    reader, writer = await asyncio.open_connection(host, port)
    latencies: list[int] = []
    n_errors = 0
    while time.perf_counter() < end:
        started = time.perf_counter_ns()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        (length,) = re.findall(rb"\r\ncontent-length: (\d+)", head)
        await reader.readexactly(int(length))
        latencies.append(time.perf_counter_ns() - started)
        n_errors += not head.startswith(b"HTTP/1.1 200 ")
    writer.close()
    return latencies, n_errors


def by_own(url: str, form: Form, clients: int, seconds: float) -> dict[str, Any]:
    """The same by asyncio, in this process; it takes more of the machine than wrk."""
    host, _, port = url.removeprefix("http://").partition(":")
    lines = [f"{'GET' if form.body is None else 'POST'} {form.path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{key}: {text}" for key, text in form.headers.items()]
    if form.body is not None:
        lines.append(f"Content-Length: {len(form.body)}")
    request = ("\r\n".join(lines) + "\r\n\r\n").encode() + (form.body or b"")

    async def crowd() -> list[tuple[list[int], int]]:
        end = time.perf_counter() + seconds
        return await asyncio.gather(
            *(_own_client(host, int(port), request, end) for _ in range(clients))
        )

    started = time.perf_counter()
    each = asyncio.run(crowd())
    latencies = [latency for mine, _ in each for latency in mine]
    return {
        "n": len(latencies),
        "seconds": time.perf_counter() - started,
        "us": _percentiles(latencies),
        "errors": sum(n for _, n in each),
    }


def check(url: str, form: Form, expected: dict[str, np.ndarray]) -> None:
    """Refuse to time a server that answers otherwise than the model."""
    if form.body is None:
        return
    asked = urllib.request.Request(url + form.path, form.body, form.headers)
    with urllib.request.urlopen(asked) as response:
        body = response.read()
        n_json = int(response.headers.get("Inference-Header-Content-Length", len(body)))
    outputs = json.loads(body[:n_json])["outputs"]
    place = n_json
    for output in outputs:
        want = expected[output["name"]]
        if (size := output.get("parameters", {}).get("binary_data_size")) is not None:
            got = np.frombuffer(body[place : place + size], want.dtype)
            place += size
        else:
            got = np.array(output["data"], want.dtype)
        np.testing.assert_allclose(got.reshape(want.shape), want, rtol=1e-5, atol=1e-6)


def one_bundle(path: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """All forms of one bundle, in turn."""
    model = er.load(path, n_threads=1)
    asked = forms(model.manifest.name, tensors_of(model))
    command = [
        sys.executable,
        "-m",
        "edgesmith_runtime",
        "serve",
        path,
        "--port",
        "0",
        "--json",
    ]
    if arguments.batch > 1:
        command += ["--batch", str(arguments.batch)]
    slice_s = arguments.seconds / arguments.rounds
    ask = by_wrk if arguments.client == "wrk" else by_own
    taken: dict[str, list[dict[str, Any]]] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        url = json.loads(server.stdout.readline())["url"]
        expected = model.run(tensors_of(model))
        for form in asked:
            check(url, form, expected)
            ask(url, form, arguments.clients, 1.0)
        for _ in range(arguments.rounds):
            taken.setdefault("bare", []).append(_bare_in_a_process(path, slice_s))
            for form in asked:
                told = ask(url, form, arguments.clients, slice_s)
                taken.setdefault(form.name, []).append(told)
        with urllib.request.urlopen(f"{url}/metrics") as response:
            metrics = response.read().decode()
        server.send_signal(signal.SIGTERM)
        code = server.wait(30)
    return {
        "clients": arguments.clients,
        "client": arguments.client,
        "batch": arguments.batch,
        "n_cores": os.cpu_count(),
        "exit_code": code,
        "codes": dict(
            re.findall(r'requests_total\{model="[^"]+",code="(\d+)"\} (\d+)', metrics)
        ),
        **{name: _summary(rounds) for name, rounds in taken.items()},
    }


def _bare_in_a_process(path: str, seconds: float) -> dict[str, Any]:
    shown = subprocess.run(
        [sys.executable, __file__, "--bare", path, "--seconds", str(seconds)],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(shown.stdout)


def _summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Requests a second with the range over the rounds; medians of the rounds' percentiles."""
    rates = [one["n"] / one["seconds"] for one in rounds]
    return {
        "per_second": [float(np.median(rates)), min(rates), max(rates)],
        "n": sum(one["n"] for one in rounds),
        "errors": sum(one["errors"] for one in rounds),
        **{
            f"p{percentile}_us": float(np.median([one["us"][index] for one in rounds]))
            for index, percentile in enumerate(PERCENTILES)
        },
    }


def faults(figures: dict[str, Any]) -> list[str]:
    """What makes the figures of a bundle worthless: errors, other codes than 200, a bad end."""
    told = [
        f"{form}: {figures[form]['errors']} errors"
        for form in ("bare", "health", "binary", "json")
        if figures[form]["errors"]
    ]
    told += [f"{n} answers of {code}" for code, n in figures["codes"].items() if code != "200"]
    if figures["exit_code"]:
        told.append(f"the server ended with {figures['exit_code']}")
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("bundles", nargs="*")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument(
        "--client", choices=("wrk", "own"), default="wrk" if shutil.which("wrk") else "own"
    )
    parser.add_argument("--out", type=Path, default=RESULTS / "serving.json")
    parser.add_argument("--bare", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.bare:
        print(json.dumps(bare_loop(arguments.bare, arguments.seconds)))
        return
    bad: list[str] = []
    known = json.loads(arguments.out.read_text())["figures"] if arguments.out.exists() else {}
    for path in arguments.bundles:
        figures = one_bundle(path, arguments)
        name = Path(path).stem + (f", batch {arguments.batch}" if arguments.batch > 1 else "")
        bad += [f"{name}: {fault}" for fault in faults(figures)]
        known[name] = figures
        if not bad:
            record("serving", known, arguments.out)
        for form in ("bare", "health", "binary", "json"):
            one = figures[form]
            print(
                f"{name:24} {form:7} {one['per_second'][0]:9.0f}/s  p50 {one['p50_us']:8.0f} us  "
                f"p99 {one['p99_us']:8.0f} us  {one['errors']} errors"
            )
    if bad:
        raise SystemExit("not recorded: " + "; ".join(bad))


if __name__ == "__main__":
    main()
