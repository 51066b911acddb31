"""Loading and predicting open no socket, write no file, and read nothing beyond bundle and packages.

Python's audit hook sees what Python does; what native libraries do, strace sees, where there is one.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from edgesmith_runtime.bundle import read_bundle, unpack_bundle
from edgesmith_runtime.runners.onnx import optimized_graph
from edgesmith_runtime.settings import Engine, EngineSettings, Layout
from edgesmith_runtime.spec import Format
from edgesmith_runtime.tuned import Choice, GraphCopy, Setup
from edgesmith_runtime.tuning.recording import opened_folder, record_choice, record_graph

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
import json, os, sys

events = []
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGING = {"os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate",
            "shutil.rmtree", "tempfile.mkstemp", "tempfile.mkdtemp", "os.chmod", "os.utime"}

def hook(event, args):
    if event == "open":
        path, mode, flags = args
        if isinstance(path, int):
            return
        kind = "write" if isinstance(flags, int) and flags & WRITING else "read"
        events.append((kind, os.path.abspath(os.fsdecode(path))))
    elif event.startswith(("socket.", "urllib.", "http.", "ftplib.", "smtplib.")):
        events.append(("network", f"{event} {args}"))
    elif event in CHANGING:
        events.append(("write", f"{event} {args}"))
    elif event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork"):
        events.append(("process", event))

import edgesmith_runtime as er
sys.addaudithook(hook)
path, engine, trusted = sys.argv[1], sys.argv[2], sys.argv[3] == "trusted"
asked = {} if engine == "tuned" else {"engine": engine, "n_threads": 2}
model = er.load(path, trusted=trusted, **asked)
answers = [model.predict([float(n)] * 8).label for n in range(3)]
found = {"events": events, "answers": answers, "settings": str(model.settings)}
print(json.dumps(found))
"""
ENGINES = [
    pytest.param(Format.ONNX, "onnxruntime", id="onnxruntime"),
    pytest.param(Format.ONNX, "openvino", id="openvino"),
    pytest.param(Format.TFLITE, "litert", id="litert", marks=pytest.mark.tflite),
]


@pytest.fixture
def bases(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", [str(ROOT / "benchmarks"), *sys.path])
    return importlib.import_module("hostile.bases")


@pytest.fixture
def command(
    bases: ModuleType, tmp_path: Path, fmt: Format, engine: str, trust: str
) -> list[str]:
    pytest.importorskip(
        {"litert": "ai_edge_litert", "openvino": "openvino"}.get(engine, engine)
    )
    (tmp_path / "net.edge").write_bytes(bases.base_archive(fmt))
    return [sys.executable, "-B", "-c", SCRIPT, str(tmp_path / "net.edge"), engine, trust]


def _run(command: list[str]) -> dict[str, Any]:
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
    found: dict[str, Any] = json.loads(shown.stdout.splitlines()[-1])
    assert len(found["answers"]) == 3
    return found


def _is_of_the_host(path: str) -> bool:
    """Whether a file is of Python, of a package, or of what the system says of itself."""
    places = [ROOT / "runtime", *map(Path, sysconfig.get_paths().values()), Path(sys.prefix)]
    places += [Path(sys.base_prefix), Path("/proc"), Path("/sys"), Path("/dev/null")]
    libraries = ("/lib", "/usr/lib", "/etc/ld.so", "/etc/os-release")
    path = "/" + path.lstrip("/")  # POSIX keeps two, and Linux makes nothing of it
    if "__editable__" in path:  # no file: how Python asks an editable install
        return True
    return path.startswith(libraries) or any(Path(path).is_relative_to(p) for p in places)


@pytest.mark.parametrize("trust", ["trusted", "tried"])
@pytest.mark.parametrize(("fmt", "engine"), ENGINES)
def test_python_opens_no_socket_and_writes_no_file(
    command: list[str], tmp_path: Path, trust: str
) -> None:
    events = _run(command)["events"]

    places = [path for kind, path in events if kind == "read" and not _is_of_the_host(path)]
    assert [event for event in events if event[0] in ("network", "write")] in (
        [],
        [["write", "/dev/null"]],
    )
    assert set(places) == {str(tmp_path / "net.edge")}
    assert len(places) == 1  # each byte is read once
    assert ("process" in {kind for kind, _ in events}) is (trust == "tried")


def test_each_file_of_a_directory_is_opened_once(bases: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "net.edge").write_bytes(bases.base_archive(Format.ONNX))
    bundle = read_bundle(tmp_path / "net.edge")
    unpack_bundle(bundle, tmp_path / "net")
    command = [sys.executable, "-B", "-c", SCRIPT, str(tmp_path / "net")]

    events = _run([*command, "onnxruntime", "trusted"])["events"]

    reads = [path for kind, path in events if kind == "read" and not _is_of_the_host(path)]
    files = {str(tmp_path / "net" / name) for name in (*bundle.files, "SHA256SUMS")}
    assert sorted(reads) == sorted(files)


@pytest.mark.parametrize("trust", ["trusted", "tried"])
def test_what_was_tuned_is_read_once_and_nothing_is_written(
    bases: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trust: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "net.edge"
    path.write_bytes(bases.base_archive(Format.ONNX))
    bundle = read_bundle(path)
    file = bundle.manifest.default_artifact.file
    settings = EngineSettings(engine=Engine.ONNXRUNTIME, n_threads=1, layout=Layout.PLAIN)
    content = optimized_graph(bundle.artifact(file), settings)
    copy = GraphCopy(sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))
    choice = Choice(setup=Setup(file=file, settings=settings), reason="quicker", graph=copy)
    folder = opened_folder(bundle.identity)
    graph, recorded = record_graph(folder, copy, content), record_choice(folder, choice)

    found = _run([sys.executable, "-B", "-c", SCRIPT, str(path), "tuned", trust])

    events = found["events"]
    assert found["settings"] == str(settings)
    reads = [place for kind, place in events if kind == "read" and not _is_of_the_host(place)]
    copies = [str(graph)] if trust == "trusted" else []
    assert sorted(reads) == sorted([str(path), str(recorded), *copies])
    assert {place for kind, place in events if kind in ("network", "write")} <= {"/dev/null"}
    assert ("process" in {kind for kind, _ in events}) is (trust == "tried")


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("trust", ["tried"])
@pytest.mark.parametrize(("fmt", "engine"), ENGINES)
def test_native_code_opens_no_socket_and_writes_no_file(
    command: list[str], tmp_path: Path
) -> None:
    log = tmp_path / "calls.txt"
    calls = "trace=%network,open,openat,creat,unlink,unlinkat,rename,mkdir,mkdirat"
    traced = ["strace", "-f", "-qq", "-e", calls, "-o", str(log), *command]
    ended = subprocess.run(traced, capture_output=True, text=True, check=False, timeout=100)
    if "ptrace" in ended.stderr or "PTRACE" in ended.stderr:
        pytest.skip("this process may not trace others")
    assert ended.returncode == 0, ended.stderr

    lines = log.read_text(errors="replace").splitlines()
    writing = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|\b(?:unlink|rename|mkdir|creat)")
    outside = re.compile(r"AF_INET|AF_PACKET|AF_UNIX|AF_NETLINK")

    assert len(lines) > 50
    assert [line for line in lines if outside.search(line)] == []
    assert [line for line in lines if writing.search(line) and '"/dev/null"' not in line] == []
