"""Bundles that were made to do harm: each is refused, by one error that names it."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith_runtime.bundle import read_bundle
from edgesmith_runtime.errors import BackendError, BundleError, EdgesmithError
from edgesmith_runtime.loading import load
from edgesmith_runtime.settings import Engine, default_settings
from edgesmith_runtime.spec import Format
from edgesmith_runtime.trial import try_artifact

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
SHORT_S, LONG_S = 3.0, 60.0  # for what never ends, and for what a busy machine delays
MEMORY_BYTES = 512 << 20

pytest.importorskip("onnx")
pytest.importorskip("ai_edge_litert")
sys.path.append(str(ROOT / "benchmarks"))
try:
    check_mutations: Any = importlib.import_module("check_mutations")
    archives: Any = importlib.import_module("hostile.archives")
    bundles: Any = importlib.import_module("hostile.bundles")
    external: Any = importlib.import_module("hostile.external")
    mutators: Any = importlib.import_module("hostile.mutators")
    onnx_models: Any = importlib.import_module("hostile.onnx_models")
    outcomes: Any = importlib.import_module("hostile.outcomes")
    tflite_models: Any = importlib.import_module("hostile.tflite_models")
finally:
    sys.path.remove(str(ROOT / "benchmarks"))

ARCHIVES = dict(archives.hostile_archives())
PROBES = {probe.name: probe for probe in external.probes()}
MODELS = {one.name: one for one in onnx_models.hostile_models()}
FILES = {one.name: one for one in tflite_models.hostile_files()}
ONNX_ENGINES = [Engine.ONNXRUNTIME, Engine.OPENVINO]
TRIED_ENGINES = [Engine.ONNXRUNTIME, pytest.param(Engine.OPENVINO, marks=pytest.mark.slow)]
# OpenVINO reads over these faults, and they do no harm.
HARMLESS = {"huge_range", "output_twice", "opset_999", "ir_version_999"}


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_gone_bad_is_refused_by_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.edge"
    path.write_bytes(ARCHIVES[name]())

    with pytest.raises(BundleError) as caught:
        load(path)

    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert len(message) < 700


def _fifo(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda path: path.symlink_to("/dev/zero"), id="dev_zero"),
        pytest.param(lambda path: path.symlink_to("/dev/tty"), id="terminal"),
        pytest.param(_fifo, id="fifo"),
        pytest.param(lambda path: path.symlink_to(path), id="link_to_itself"),
        pytest.param(lambda path: path.symlink_to("/proc/self/mem"), id="memory"),
        pytest.param(lambda path: path.symlink_to("/proc/kmsg"), id="kernel_messages"),
    ],
)
def test_what_is_no_file_is_refused_without_a_wait(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    path = tmp_path / "x.edge"
    make(path)
    started = monotonic()

    with pytest.raises(BundleError, match=r"x\.edge"):
        load(path)
    assert monotonic() - started < 5  # a hang would not end at all; 0.1 s is what is promised


@pytest.mark.parametrize("engine", ONNX_ENGINES)
@pytest.mark.parametrize("name", PROBES)
def test_data_outside_the_model_is_never_read(
    name: str, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openvino" if engine is Engine.OPENVINO else "onnxruntime")
    folder = tmp_path / "bundle"
    folder.mkdir()
    PROBES[name].plant(folder)
    monkeypatch.chdir(folder)
    path = folder / "x.edge"
    path.write_bytes(bundles.bundle_around(external.model_of(PROBES[name], folder)))

    with pytest.raises(BackendError, match=r"^model\.onnx: "):
        load(path, engine=engine)


def test_what_the_probes_point_at_would_show_in_an_answer(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    external.PLANTED.tofile(tmp_path / "w.bin")
    content = external.model_of(PROBES["working_directory"], tmp_path)
    (tmp_path / "model.onnx").write_bytes(content)

    model = onnx.load(tmp_path / "model.onnx")

    (weights,) = model.graph.initializer
    np.testing.assert_array_equal(onnx.numpy_helper.to_array(weights), external.PLANTED)


def _tried(
    content: bytes, fmt: Format, engine: Engine, tmp_path: Path, *, deadline_s: float
) -> EdgesmithError | None:
    path = tmp_path / "x.edge"
    path.write_bytes(content)
    settings = default_settings(fmt, engine=engine, n_threads=1)
    try:
        try_artifact(
            read_bundle(path),
            f"model.{fmt}",
            settings,
            where=str(path),
            deadline_s=deadline_s,
            memory_bytes=MEMORY_BYTES,
        )
    except EdgesmithError as error:
        return error
    return None


@pytest.mark.parametrize("engine", TRIED_ENGINES)
@pytest.mark.parametrize("name", MODELS)
def test_a_hostile_onnx_model_ends_in_its_trial(
    name: str, engine: Engine, tmp_path: Path
) -> None:
    pytest.importorskip("openvino" if engine is Engine.OPENVINO else "onnxruntime")
    one = MODELS[name]
    deadline_s = SHORT_S if one.is_endless else LONG_S

    error = _tried(
        bundles.bundle_around(one.build()), Format.ONNX, engine, tmp_path, deadline_s=deadline_s
    )

    if error is None:
        assert engine is Engine.OPENVINO
        assert name in HARMLESS
        return
    assert str(error).startswith(f"{tmp_path / 'x.edge'}: the trial of model.onnx ")
    if one.is_endless and engine is Engine.ONNXRUNTIME:
        assert "did not end within 3 s" in str(error)


@pytest.mark.tflite
@pytest.mark.parametrize("name", FILES)
def test_a_hostile_tflite_file_ends_in_its_trial(name: str, tmp_path: Path) -> None:
    one = FILES[name]
    deadline_s = SHORT_S if one.is_endless else LONG_S
    twos = np.full((1, bundles.N_VALUES), 2.0, np.float32)
    content = bundles.bundle_around(one.build(), Format.TFLITE, expected=twos)

    error = _tried(content, Format.TFLITE, Engine.LITERT, tmp_path, deadline_s=deadline_s)

    assert str(error).startswith(f"{tmp_path / 'x.edge'}: the trial of model.tflite ")
    assert one.is_endless == ("did not end within 3 s" in str(error))


def test_a_good_model_of_each_format_passes_its_trial(tmp_path: Path) -> None:
    twos = np.full((1, bundles.N_VALUES), 2.0, np.float32)
    for fmt, engine, made in (
        (Format.ONNX, Engine.ONNXRUNTIME, onnx_models.good()),
        (Format.TFLITE, Engine.LITERT, tflite_models.good()),
    ):
        content = bundles.bundle_around(made, fmt, expected=twos)

        assert _tried(content, fmt, engine, tmp_path, deadline_s=LONG_S) is None


GIB = 1 << 30
GREEDY = {
    "pad": {"length": GIB},
    "fit_length": {"length": GIB},
    "resample_series": {"length": GIB},
    "fit_length_series": {"length": GIB},
    "frames": {"length": GIB, "hop": 1},
    "stft": {"frame_length": 16, "hop": 1, "fft_length": GIB},
    "mel": {"sample_rate": 16_000, "fft_length": 32_768, "n_mels": 1_024},
    "dct": {"n_places": GIB, "n_coefficients": GIB},
    "resample": {"from_rate": 999_983, "to_rate": 999_979},
    "resize": {"height": GIB, "width": GIB},
    "center_crop": {"height": GIB, "width": GIB},
    "letterbox": {"height": GIB, "width": GIB, "color": [0.0]},
    "cover": {"height": GIB, "width": GIB},
    "reshape": {"shape": [GIB, 9, -1]},
    "transpose": {"axes": list(range(100))},
    "count_indices": {"depth": GIB, "binary": False, "dtype": "float32"},
    "one_hot_indices": {"depth": GIB, "squeeze": False, "dtype": "float32"},
    "hash": {"n_bins": 1 << 63},
    "cross_hash": {"n_bins": 1 << 63},
    "moving_average": {"size": GIB + 1, "axes": [0]},
    "median_filter": {"size": GIB + 1, "axes": [0]},
    "gaussian_filter": {"sigma": 1e9, "axes": [0]},
    "savitzky_golay": {"window": GIB + 1, "order": 2, "axis": 0},
    "butterworth": {"kind": "low", "order": GIB, "cutoff": [0.1]},
    "ngrams": {"widths": [2] * 100},
    "character_ngrams": {"widths": [GIB]},
    "lookup": {"vocabulary": ["a"], "n_unknown": 1 << 63},
}


@pytest.mark.parametrize("op", GREEDY)
def test_a_step_of_a_few_bytes_cannot_ask_for_gigabytes(op: str, tmp_path: Path) -> None:
    manifest = bundles.with_step(Format.ONNX, op, GREEDY[op])
    path = tmp_path / "x.edge"
    path.write_bytes(bundles.bundle_around(onnx_models.good(), manifest=manifest))

    with pytest.raises(
        EdgesmithError, match=rf"transform step 0 \({op}\): .*(at most|expected)"
    ):
        load(path)


# Plain mutants have even numbers; of four in a row, two are of .onnx bundles, two of .tflite.
@pytest.mark.parametrize("number", range(0, 80, 2))
def test_a_mutated_bundle_is_refused_by_name(number: int, tmp_path: Path) -> None:
    fmt, mutant = mutators.mutant(number)

    outcome = outcomes.outcome_of(fmt, mutant, tmp_path / "mutant.edge")

    assert (outcome.kind, outcome.names_file) == (outcomes.Kind.REFUSED, True), outcome


@pytest.mark.parametrize("number", range(1, 41, 2))
def test_a_mutated_bundle_with_new_digests_does_no_harm(number: int, tmp_path: Path) -> None:
    fmt, mutant = mutators.mutant(number)

    outcome = outcomes.outcome_of(fmt, mutant, tmp_path / "mutant.edge")

    assert outcome.kind not in outcomes.BAD, outcome
    assert outcome.names_file, outcome


# Tells of its first mutant, and ends badly; of the second, after the first was told of; then well.
_WORKER = """
import json, os, sys
left = json.loads(sys.argv[1])
for index in left:
    print(json.dumps({"next": index}), flush=True)
    if index == 1 and len(left) < 3:
        os.abort()
    print(json.dumps({"index": index, "kind": "refused"}), flush=True)
    if index == 0:
        os.abort()
"""


def test_a_crash_after_an_outcome_is_counted_in_its_place(tmp_path: Path) -> None:
    progress = check_mutations.Progress(tmp_path / "lines")

    check_mutations.supervise([0, 1, 2], progress, (sys.executable, "-c", _WORKER))

    read_again = check_mutations.Progress(tmp_path / "lines")
    for one in (progress, read_again):
        kinds = {index: line["kind"] for index, line in one.by_index.items()}
        assert kinds == {0: "crash", 1: "crash", 2: "refused"}


@pytest.mark.parametrize(
    "worker", ["raise SystemExit(1)", "pass", "print('an engine says hello')"]
)
def test_a_worker_that_does_not_work_ends_the_run(worker: str, tmp_path: Path) -> None:
    progress = check_mutations.Progress(tmp_path / "lines")

    with pytest.raises((RuntimeError, ValueError)):
        check_mutations.supervise([0], progress, (sys.executable, "-c", worker))

    assert progress.by_index == {}


def test_outcomes_of_another_seed_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "lines").write_text('{"index": 0, "seed": -1}\n{"index": 1}\n{"ind')

    assert check_mutations.Progress(tmp_path / "lines").by_index == {}
