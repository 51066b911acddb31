"""The writers that take milliseconds, with what each had written before: the old state."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from edgesmith.cli import run
from edgesmith.config.reading import parse_config
from edgesmith.foreign import open_foreign
from edgesmith.packing import SampleSet, leave, leave_candidates
from edgesmith.pipeline import export
from edgesmith.preparation import prepare
from edgesmith.reporting import write_report
from edgesmith.signing import make_keys, sign
from edgesmith.silence import Silent
from edgesmith.sources import load_dataset
from edgesmith.training.checkpoint import Checkpoints, State
from edgesmith.training.stopping import History
from edgesmith_runtime.bundle import read_bundle, unpack_bundle, write_bundle

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith.config import Config
    from edgesmith.core import Dataset, Report
    from edgesmith_runtime.bundle import Bundle

DIGITS = """
name = "digits"
task = "classification"
source = { kind = "sklearn", dataset = "digits" }
image = { mode = "grey", height = 8, width = 8 }
training = { architecture = "mlp" }
"""
N_SAMPLES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Something that writes into a folder.

    Args:
        name: For results and messages.
        before: Leaves the old state.
        act: Writes the new one.
        units: Directories that must be whole or not there.
        is_command: Whether it is a whole command, of which operations of files are enumerated
            and not every call into the system.
    """

    name: str
    before: Callable[[Path], object]
    act: Callable[[Path], object]
    units: tuple[str, ...] = ()
    is_command: bool = False


def small_writers(folder: Path) -> list[Writer]:
    """All of them, on models that are made in a folder first."""
    models = [_model_file(folder / f"{name}.onnx", seed) for seed, name in enumerate("ab")]
    old, new = (_exported(model, folder / model.stem) for model in models)
    bundles = [read_bundle(report.bundle) for report in (old, new)]
    configs = [_digits(n_test) for n_test in (0.4, 0.2)]
    digits = load_dataset(configs[0].source, split=configs[0].split, task=configs[0].task)
    (folder / "mine.key").unlink(missing_ok=True)
    (folder / "mine.pub").unlink(missing_ok=True)
    key = make_keys(folder / "mine").private
    return [
        Writer(
            name="bundle",
            before=lambda place: write_bundle(bundles[0], place / "model.edge"),
            act=lambda place: write_bundle(bundles[1], place / "model.edge"),
        ),
        Writer(
            name="unpack",
            before=_nothing,
            act=partial(_unpack, bundles[1]),
            units=("unpacked",),
        ),
        Writer(name="report", before=partial(_report, old), act=partial(_report, new)),
        Writer(
            name="record",
            before=partial(_leave, models[0], old),
            act=partial(_leave, models[1], new),
        ),
        Writer(
            name="candidates",
            before=partial(_leave, models[0], old),
            act=partial(_leave_more, new),
        ),
        Writer(name="checkpoint", before=partial(_save, 0), act=partial(_save, 1)),
        Writer(
            name="cache",
            before=partial(_prepare, digits, configs[0]),
            act=partial(_prepare, digits, configs[1]),
            is_command=True,
        ),
        Writer(
            name="sign",
            before=lambda place: write_bundle(bundles[1], place / "model.edge"),
            act=lambda place: sign(place / "model.edge", key, version=2),
        ),
        Writer(
            name="sign unpacked",
            before=lambda place: unpack_bundle(bundles[1], place / "unpacked"),
            act=lambda place: sign(place / "unpacked", key, version=2),
        ),
        Writer(name="new", before=_nothing, act=_new),
        Writer(
            name="export",
            before=partial(_exported_as_model, models[0]),
            act=partial(_exported_as_model, models[1]),
            is_command=True,
        ),
    ]


def _nothing(place: Path) -> None:
    """Nobody wrote there yet."""


def _model_file(path: Path, seed: int) -> Path:
    """Four features to the probabilities of three classes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    floats = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["features", "weights"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["probabilities"]),
        ],
        "model",
        [helper.make_tensor_value_info("features", floats, ["batch", 4])],
        [helper.make_tensor_value_info("probabilities", floats, ["batch", 3])],
        [numpy_helper.from_array(rng.normal(size=(4, 3)).astype(np.float32), "weights")],
    )
    opset = helper.make_opsetid("", 18)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), path)
    return path


def _samples() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rng = np.random.default_rng(7)
    return rng.normal(size=(N_SAMPLES, 4)).astype(np.float32), rng.integers(0, 3, N_SAMPLES)


def _exported(model: Path, out: Path) -> Report:
    samples, expected = _samples()
    result = export(
        model,
        out / "model.edge",
        samples=samples,
        expected=expected,
        class_names=["red", "green", "blue"],
        n_rounds=None,
    )
    return result.summary


def _exported_as_model(model: Path, place: Path) -> None:
    _exported(model, place)


def _report(report: Report, place: Path) -> None:
    write_report(replace(report, bundle=place / "model.edge"))


def _leave(model: Path, report: Report, place: Path) -> None:
    samples, expected = _samples()
    (place / "build").mkdir(exist_ok=True)
    reference = open_foreign(model)
    leave(
        place / "build",
        name="model",
        reference=reference,
        candidates=report.candidates,
        sets={
            "test": SampleSet(
                n_samples=N_SAMPLES,
                batches=[{"features": samples[:30]}, {"features": samples[30:]}],
                outputs=reference.run({"features": samples}),
                targets=expected,
            )
        },
    )


def _leave_more(report: Report, place: Path) -> None:
    leave_candidates(place / "build", report.candidates)


def _save(first: int, place: Path) -> None:
    """The next two epochs, where two are kept."""
    (place / "build").mkdir(exist_ok=True)
    checkpoints = Checkpoints(place / "build", "a" * 64)
    for n_epochs in (2 * first + 1, 2 * first + 2):
        history = History(
            train_loss=(0.5,) * n_epochs,
            validation_loss=(0.5,) * n_epochs,
            learning_rate=(0.1,) * n_epochs,
            best_epoch=1,
        )
        weights = (np.full((40, 40), n_epochs, np.float32),)
        checkpoints.save(State(history=history, weights=weights, best=(), optimizer=()))


def _digits(n_test: float) -> Config:
    overrides = [f"split.test={n_test}"]
    return parse_config(DIGITS, where="digits.toml", folder=Path(), overrides=overrides)


def _prepare(dataset: Dataset, config: Config, place: Path) -> None:
    prepare(dataset, config, directory=place / "build", progress=Silent())


def _unpack(bundle: Bundle, place: Path) -> None:
    if not (place / "unpacked").exists():  # else a kill came after its rename, as below
        unpack_bundle(bundle, place / "unpacked")


def _new(place: Path) -> None:
    if (place / "mine" / "mine.toml").exists():
        return  # a kill came after its rename; another run would refuse, rightly
    said = io.StringIO()
    with redirect_stdout(io.StringIO()), redirect_stderr(said):
        code = run(["new", str(place / "mine"), "--kind", "table"])
    if code:
        raise OSError(said.getvalue().strip())
