"""Loading and predicting open no socket, write no file, and read nothing beyond bundle and packages.

Python's audit hook sees what Python does; what native libraries do, strace sees, where there is one.
"""

from __future__ import annotations

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
from edgesmith_runtime.spec import Format

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
model = er.load(path, engine=engine, trusted=trusted, n_threads=2)
answers = [model.predict([float(n)] * 8).label for n in range(3)]
print(json.dumps({"events": events, "answers": answers}))
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
