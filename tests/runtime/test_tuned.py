"""What is recorded is used by ``load``; what is odd in it is told of, and changes nothing else."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import edgesmith_runtime as er
from edgesmith_runtime.bundle import write_bundle
from edgesmith_runtime.errors import TuningWarning
from edgesmith_runtime.runners.onnx import optimized_graph
from edgesmith_runtime.seal import Seal, key_id, signed_message, write_seal
from edgesmith_runtime.settings import Engine, EngineSettings, Layout
from edgesmith_runtime.tuned import (
    Choice,
    GraphCopy,
    Setup,
    choice_json,
    has_version,
    host_key,
    tuned_choice,
)
from edgesmith_runtime.tuning.recording import opened_folder, record_choice, record_graph

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Bundle

PLAIN = EngineSettings(engine=Engine.ONNXRUNTIME, n_threads=1, layout=Layout.PLAIN)
CHOICE = Choice(setup=Setup(file="model.onnx", settings=PLAIN), reason="quicker by a half")


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def _recorded(bundle: Bundle, **changes: Any) -> Path:
    """Records ``CHOICE`` with some members of its file changed; None leaves a member out."""
    path = record_choice(opened_folder(bundle.identity), CHOICE)
    members = {**json.loads(path.read_bytes()), **changes}
    kept = {key: value for key, value in members.items() if value is not Ellipsis}
    path.write_text(json.dumps(kept))
    return path


def _with_copy(bundle: Bundle) -> tuple[Path, Choice]:
    folder = opened_folder(bundle.identity)
    content = optimized_graph(bundle.artifact("model.onnx"), PLAIN)
    copy = GraphCopy(sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))
    choice = dataclasses.replace(CHOICE, graph=copy)
    path = record_graph(folder, copy, content)
    record_choice(folder, choice)
    return path, choice


def test_a_bundle_that_was_never_tuned_runs_by_default(tiny_bundle_path: Path) -> None:
    model = er.load(tiny_bundle_path)

    assert model.settings == EngineSettings(
        engine=Engine.ONNXRUNTIME, n_threads=er.available_threads()
    )


def test_load_uses_what_is_recorded(tiny_bundle: Bundle, tiny_bundle_path: Path) -> None:
    _recorded(tiny_bundle)

    model = er.load(tiny_bundle_path)

    assert model.settings == PLAIN
    assert tuned_choice(tiny_bundle) == CHOICE
    assert model.selftest().n_samples == 3


@pytest.mark.parametrize(
    "asked",
    [{"artifact": "onnx"}, {"engine": "onnxruntime"}, {"n_threads": 1}, {"tuned": False}],
    ids=["artifact", "engine", "n_threads", "tuned"],
)
def test_what_the_caller_asks_for_stands_above_it(
    tiny_bundle: Bundle, tiny_bundle_path: Path, asked: dict[str, Any]
) -> None:
    _recorded(tiny_bundle)

    model = er.load(tiny_bundle_path, **asked)

    assert model.settings is not None
    assert model.settings.layout is Layout.BLOCKED


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": 2}, "expected version 1, got 2"),
        ({"file": "model.tflite"}, "the bundle has no artifact 'model.tflite'"),
        ({"engine": "litert"}, "litert does not run model.onnx"),
        ({"engine": "abacus"}, 'expected one of onnxruntime, litert, openvino, got "abacus"'),
        (
            {"n_threads": er.available_threads() + 1},
            f"expected at most {er.available_threads()} threads, got",
        ),
        ({"n_threads": 0}, "n_threads: expected a whole number of threads from 1 to"),
        ({"n_threads": True}, "expected a whole number, got true"),
        ({"spins": "yes"}, 'expected true or false, got "yes"'),
        ({"reason": ...}, "reason: missing"),
        ({"extra": 1}, "extra: unknown key"),
        ({"graph": {"sha256": "../x", "size_bytes": 1}}, 'expected 64 hex digits, got "../x"'),
        ({"graph": {"sha256": "0" * 64, "size_bytes": -1}}, "got -1"),
        ({"reason": "x" * 20_000}, "expected at most 16384 bytes"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_odd_record_is_told_of_and_the_default_runs(
    tiny_bundle: Bundle, tiny_bundle_path: Path, changes: dict[str, Any], said: str
) -> None:
    path = _recorded(tiny_bundle, **changes)

    with pytest.warns(TuningWarning) as caught:
        model = er.load(tiny_bundle_path)

    message = str(caught[0].message)
    assert said in message
    assert message.startswith(f"{path}: ")
    assert "the default artifact runs: edgesmith-runtime tune --forget removes" in message
    assert caught[0].filename == __file__
    assert model.settings is not None
    assert model.settings.layout is Layout.BLOCKED


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 16_000])
def test_a_record_that_is_no_json_object_is_told_of(
    tiny_bundle: Bundle, tiny_bundle_path: Path, content: bytes
) -> None:
    _recorded(tiny_bundle).write_bytes(content)

    with pytest.warns(TuningWarning, match=r"\.json"):
        er.load(tiny_bundle_path)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_a_folder_that_others_write_to_is_not_read(
    tiny_bundle: Bundle, tiny_bundle_path: Path
) -> None:
    _recorded(tiny_bundle).parent.chmod(0o770)

    with pytest.warns(TuningWarning, match="this user alone writes to, got mode 770"):
        er.load(tiny_bundle_path)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a right on Windows")
def test_a_record_that_is_a_link_is_not_followed(
    tiny_bundle: Bundle, tiny_bundle_path: Path, tmp_path: Path
) -> None:
    path = _recorded(tiny_bundle)
    path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(tmp_path / "elsewhere.json")

    with pytest.warns(TuningWarning, match="the default artifact runs"):
        er.load(tiny_bundle_path)


def test_a_record_of_another_bundle_or_host_is_not_used(
    tiny_bundle: Bundle, tiny_bundle_path: Path
) -> None:
    path = _recorded(tiny_bundle)
    path.rename(path.with_stem("f" * 32))

    model = er.load(tiny_bundle_path)

    assert model.settings is not None
    assert model.settings.layout is Layout.BLOCKED


def test_a_setup_that_does_not_load_is_told_of_and_the_default_runs(
    tiny_bundle: Bundle, tiny_bundle_path: Path
) -> None:
    folder = opened_folder(tiny_bundle.identity)
    content = b"no graph at all"
    copy = GraphCopy(sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))
    record_graph(folder, copy, content)
    record_choice(folder, dataclasses.replace(CHOICE, graph=copy))

    with pytest.warns(
        TuningWarning, match="does not load, and its default runs: model.onnx: onnxruntime"
    ) as caught:
        model = er.load(tiny_bundle_path)

    assert caught[0].filename == __file__
    assert model.selftest().n_samples == 3


def test_what_crashes_its_trial_is_not_tried_a_second_time(
    tiny_bundle: Bundle,
    tiny_bundle_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _recorded(tiny_bundle)
    starts = tmp_path / "starts"
    starts.mkdir()
    crash = f"import os\nos.mkdir(f'{starts}/{{os.getpid()}}')\nos.abort()\n"
    (tmp_path / "onnxruntime.py").write_text(crash)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    with pytest.raises(er.BundleError, match=r"trial of model\.onnx ended by signal 6"):
        er.load(tiny_bundle_path, trusted=False)

    assert len([*starts.iterdir()]) == 1


def test_a_copy_of_the_graph_answers_as_the_bundle_does(
    tiny_bundle: Bundle,
    tiny_bundle_path: Path,
    tiny_features: NDArray[np.float32],
    tiny_expected: NDArray[np.float32],
) -> None:
    _with_copy(tiny_bundle)

    model = er.load(tiny_bundle_path)

    np.testing.assert_allclose(
        model.run({"features": tiny_features})["probabilities"],
        tiny_expected,
        rtol=1e-5,
    )


@pytest.mark.parametrize("damage", ["changed", "longer", "missing"])
def test_a_copy_that_is_not_what_was_recorded_is_told_of_and_left_alone(
    tiny_bundle: Bundle, tiny_bundle_path: Path, damage: str
) -> None:
    path, _ = _with_copy(tiny_bundle)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(bytes(content) + (b"\0" if damage == "longer" else b""))

    with pytest.warns(TuningWarning, match="the graph of the bundle is taken") as caught:
        model = er.load(tiny_bundle_path)

    assert str(path) in str(caught[0].message)
    assert caught[0].filename == __file__
    assert model.settings == PLAIN
    assert model.selftest().n_samples == 3


def test_without_trust_no_copy_is_taken(tiny_bundle: Bundle, tiny_bundle_path: Path) -> None:
    path, _ = _with_copy(tiny_bundle)
    path.write_bytes(b"would be told of")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = er.load(tiny_bundle_path, trusted=False)

    assert model.settings == PLAIN


def test_with_a_public_key_no_copy_is_taken(tiny_bundle: Bundle, tmp_path: Path) -> None:
    ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")
    private = ed25519.Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    seal = Seal(
        key_id=key_id(public),
        version=1,
        signature=private.sign(signed_message(tiny_bundle.sums, version=1)),
    )
    signed = dataclasses.replace(tiny_bundle, seal=write_seal(seal))
    write_bundle(signed, tmp_path / "signed.edge")
    path, _ = _with_copy(signed)
    path.write_bytes(b"would be told of")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = er.load(tmp_path / "signed.edge", public_key=public)

    assert model.settings == PLAIN


def test_models_that_share_threads_run_as_if_they_were_never_tuned(
    tiny_bundle: Bundle, tiny_bundle_path: Path
) -> None:
    _recorded(tiny_bundle)
    program = (
        "import sys, edgesmith_runtime as er; er.set_thread_budget(1);"
        "print(er.load(sys.argv[1]).settings)"
    )

    shown = subprocess.run(
        [sys.executable, "-c", program, str(tiny_bundle_path)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert shown.stdout == "onnxruntime, 1 thread of the pool, blocked layout\n"


def test_a_choice_is_read_as_it_was_written(tiny_bundle: Bundle) -> None:
    settings = EngineSettings(engine=Engine.OPENVINO, n_threads=1, spins=False)
    copy = GraphCopy(sha256="ab" * 32, size_bytes=7)
    choice = Choice(setup=Setup(file="model.onnx", settings=settings), reason="é", graph=copy)
    folder = opened_folder(tiny_bundle.identity)
    (folder / f"{host_key()}.json").write_bytes(choice_json(choice))

    assert tuned_choice(tiny_bundle) == choice


def test_the_key_of_a_host_follows_its_cpu_and_threads(tmp_path: Path) -> None:
    def key(cpuinfo: str) -> str:
        (tmp_path / "proc").mkdir(exist_ok=True)
        (tmp_path / "proc/cpuinfo").write_text(cpuinfo)
        return host_key(root=tmp_path)

    plain = key("model name\t: A\nflags\t\t: sse avx\ncpu MHz\t\t: 1000\n\nprocessor : 1\n")

    assert key("model name\t: A\nflags\t\t: sse avx\ncpu MHz\t\t: 2000\n\n") == plain
    assert key("model name\t: B\nflags\t\t: sse avx\n\n") != plain
    assert key("model name\t: A\nflags\t\t: sse\n\n") != plain


def test_the_key_of_a_host_follows_the_versions_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = host_key()
    (tmp_path / "onnxruntime-9.9.9.dist-info").mkdir()
    monkeypatch.syspath_prepend(tmp_path)

    assert host_key() != before


def test_a_choice_is_not_used_where_its_engine_has_no_version(
    tiny_bundle: Bundle, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    _recorded(tiny_bundle)

    assert not has_version(Engine.ONNXRUNTIME)
    assert tuned_choice(tiny_bundle) is None
    (tmp_path / "onnxruntime_gpu-9.9.9.dist-info").mkdir()
    _recorded(tiny_bundle)
    assert tuned_choice(tiny_bundle) == CHOICE


def test_another_package_of_an_engine_is_not_its_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    (tmp_path / "openvino_telemetry-2025.2.0.dist-info").mkdir()

    assert not has_version(Engine.OPENVINO)


def test_the_key_of_a_host_without_proc_starts_no_process(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from edgesmith_runtime.tuned import host_key;"
        "sys.addaudithook(lambda event, _: print(event) if event == 'subprocess.Popen' else None);"
        "host_key(root=Path(sys.argv[1]))"
    )

    shown = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert shown.stdout == ""


def test_a_user_without_a_cache_loads_as_ever(
    tiny_bundle_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", "nowhere")

    model = er.load(tiny_bundle_path)

    assert model.selftest().n_samples == 3
