"""The model with steps of its transform inside, from data to a bundle, in both formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import edgesmith_runtime as er
from edgesmith.config import ConversionConfig
from edgesmith.config.reading import parse_config
from edgesmith.core import Candidate, Fused, Rejected
from edgesmith.evaluation import Evaluation
from edgesmith.fused_artifacts import (
    FusingGround,
    boundary_batches,
    fused_candidates,
    fused_within,
)
from edgesmith.optimizing import optimize
from edgesmith.pipeline import BuildResult, build, export
from edgesmith.recipe import Recipe, Target
from edgesmith_runtime.bundle import Artifact, read_bundle
from edgesmith_runtime.errors import BudgetError
from edgesmith_runtime.golden import read_golden
from edgesmith_runtime.manifest import HostStep, Output, Step, Task
from edgesmith_runtime.spec import Format, Precision, Signature, TensorSpec
from edgesmith_runtime.transforms import Transform

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

pytestmark = pytest.mark.slow

SOURCE = """
name = "shades"
task = "classification"
benchmark = { enabled = false }
[image]
height = 8
width = 8
[conversion]
fuse = true
[training]
architecture = "cnn"
options = { width = 4, stages = 1 }
epochs = 2
"""
FORMATS = ["onnx", pytest.param("tflite", marks=pytest.mark.tflite)]


class Said:
    """What a build tells people."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def track(self, items: Iterable[Any], label: str, *, total: int) -> Iterator[Any]:
        yield from items

    def say(self, message: str) -> None:
        self.lines.append(message)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noisy squares of many sizes, dark ones and light ones."""
    image = pytest.importorskip("PIL.Image")
    place, rng = tmp_path_factory.mktemp("shades"), np.random.default_rng(0)
    for shade, level in (("dark", 60), ("light", 190)):
        (place / shade).mkdir()
        for index in range(16):
            size = (*rng.integers(6, 30, 2), 3)
            pixels = np.clip(rng.normal(level, 60, size), 0, 255).astype(np.uint8)
            image.fromarray(pixels).save(place / shade / f"{index}.png")
    return place


@pytest.fixture(scope="module")
def built(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    source = f'{SOURCE}[source]\nkind = "image_folder"\npath = "{folder.as_posix()}"\n'
    config = parse_config(source, where="shades.toml", folder=Path())
    return build(config, tmp_path_factory.mktemp("built"))


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_build_makes_an_artifact_that_takes_pixels(built: BuildResult, fmt: str) -> None:
    model = er.load(built.bundle, artifact=f"model.fused.{fmt}")
    (taken,) = model.signature.inputs

    assert (taken.name, taken.dtype) == ("decoded", "uint8")
    assert taken.shape == ("batch", "decoded_1", "decoded_2", 3)
    assert model.manifest.artifact(model.artifact.file).starts_after == 0
    assert model.manifest.host_part[model.artifact.file] == (
        HostStep(step=0, op="decode_image", why="a graph decodes no files"),
    )
    assert model.selftest().started_from == "raw"


@pytest.mark.parametrize("fmt", FORMATS)
def test_it_answers_as_the_plain_one_from_raw_files(
    built: BuildResult, folder: Path, fmt: str
) -> None:
    plain, fused = (er.load(built.bundle, artifact=f"model.{m}{fmt}") for m in ("", "fused."))

    for path in sorted(folder.glob("*/*.png"))[::5]:
        expected, got = plain.predict(path), fused.predict(path)
        assert got.label == expected.label
        assert got.scores == pytest.approx(expected.scores, abs=1e-5)


@pytest.mark.parametrize("fmt", FORMATS)
def test_it_was_proven_on_every_sample_of_the_test_split(built: BuildResult, fmt: str) -> None:
    manifest = er.load(built.bundle).manifest
    plain, fused = (manifest.artifact(f"model.{middle}{fmt}") for middle in ("", "fused."))

    assert fused.parity is not None
    assert plain.parity is not None
    assert fused.parity.n_samples == plain.parity.n_samples
    assert fused.parity.agreement == 1.0
    assert fused.score == plain.score


def test_the_default_stays_the_plain_one(built: BuildResult) -> None:
    manifest = er.load(built.bundle).manifest

    assert manifest.default_artifact.file == "model.onnx"
    assert [entry.file for entry in manifest.artifacts] == [
        "model.onnx",
        "model.tflite",
        "model.fused.onnx",
        "model.fused.tflite",
    ]
    assert [one.recipe.name for one in built.summary.candidates][2:] == [
        "float32_onnx_fused",
        "float32_tflite_fused",
    ]


@pytest.mark.parametrize("fmt", FORMATS)
def test_an_optimized_bundle_keeps_them_as_they_are(
    built: BuildResult, tmp_path: Path, fmt: str
) -> None:
    place, said, file = tmp_path / "shades.edge", Said(), f"model.fused.{fmt}"
    place.write_bytes(built.bundle.read_bytes())
    before = read_bundle(place)

    result = optimize(
        place,
        target=Target(max_accuracy_drop=1.0, max_size_bytes=100_000, formats=(Format(fmt),)),
        n_rounds=1,
        progress=said,
    )

    after = read_bundle(result.bundle)
    assert bytes(after.files[file]) == bytes(before.files[file])
    assert after.manifest.artifact(file) == before.manifest.artifact(file)
    assert after.manifest.host_part == before.manifest.host_part
    assert file in [one.artifact.file for one in result.summary.candidates]
    assert not [line for line in said.lines if "fused" in line]
    er.load(place, artifact=file).selftest()


def test_those_that_a_device_does_not_bear_are_left_out_and_named() -> None:
    said, sizes = Said(), {Format.ONNX: 2000, Format.TFLITE: 900}
    made = tuple(_candidate(fmt, size) for fmt, size in sizes.items())

    kept, rejected = fused_within(made, Target(max_size_bytes=1000), said)

    assert kept == made[1:]
    assert rejected == (
        Rejected(recipe="float32_onnx_fused", reason="it has 2000 bytes, above 1000"),
    )
    assert said.lines == ["model.fused.onnx is left out: it has 2000 bytes, above 1000"]
    of_one_format = Target(formats=(Format.ONNX,))
    assert [one.reason for one in fused_within(made, of_one_format, said)[1]] == [
        "the device runs onnx"
    ]
    assert fused_within(made, None, said) == (made, ())


def _candidate(fmt: Format, size_bytes: int) -> Candidate:
    spec = TensorSpec("x", "float32", ("batch", 2))
    artifact = Artifact(
        file=f"model.fused.{fmt}",
        format=fmt,
        precision=Precision.FLOAT32,
        version=17,
        signature=Signature(inputs=(spec,), outputs=(spec,)),
        content=bytes(size_bytes),
    )
    return Candidate(
        recipe=Recipe(name=f"float32_{fmt}_fused", format=fmt),
        artifact=artifact,
        score=None,
        parity=None,
        fused=Fused(starts_after=None, host_part=()),
    )


def test_a_build_with_a_target_leaves_out_what_the_device_does_not_bear(tmp_path: Path) -> None:
    rows, said = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32), Said()

    with pytest.raises(BudgetError, match="no artifact keeps the target"):
        export(
            _model(),
            tmp_path / "rows.edge",
            samples=list(rows),
            transform=_steps("scale", offset=[1.0], scale=[2.0]),
            formats=("onnx",),
            fuse=True,
            n_rounds=None,
            target=Target(max_size_bytes=100, formats=(Format.ONNX,)),
            progress=said,
        )

    names = [entry.file for entry in read_bundle(tmp_path / "rows.edge").manifest.artifacts]
    assert names == ["model.onnx"]
    assert [line for line in said.lines if "model.fused.onnx is left out: it has" in line]
    told = json.loads((tmp_path / "report.json").read_text())
    assert "float32_onnx_fused" in {one["recipe"] for one in told["rejected"]}


def _model() -> Any:
    import keras

    x = keras.Input((4,), name="x")
    return keras.Model(x, keras.layers.Dense(2, name="y")(x))


def _steps(op: str, **params: Any) -> tuple[Step, ...]:
    taking = {"dtype": "float32", "shape": [4]}
    return (
        Step(op="tensor", inputs=("raw",), outputs=("given",), params=taking),
        Step(op=op, inputs=("given",), outputs=("x",), params=params),
    )


def test_an_export_fuses_the_steps_that_it_is_given(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)

    result = export(
        _model(),
        tmp_path / "rows.edge",
        samples=list(rows),
        transform=_steps("scale", offset=[1.0], scale=[2.0]),
        formats=("onnx",),
        fuse=True,
        n_rounds=None,
    )

    plain, fused = (er.load(result.bundle, artifact=f"model.{m}onnx") for m in ("", "fused."))
    assert fused.signature.inputs[0].name == "given"
    np.testing.assert_allclose(
        fused.predict(rows[0]).outputs["y"], plain.predict(rows[0]).outputs["y"], atol=1e-5
    )
    golden = read_golden(read_bundle(result.bundle))  # for a host that cannot prepare
    assert set(golden.tensors) == {"given", "x"}


@pytest.mark.parametrize(("op", "most"), [("decode_image", 1), ("tensor", 64)])
def test_files_are_decoded_one_at_a_time(op: str, most: int) -> None:
    asked: list[int] = []

    def raw_samples(rows: list[int]) -> dict[str, Any]:
        asked.append(len(rows))
        return {"raw": np.zeros((len(rows), 4, 4, 3), np.uint8)}

    params = {"mode": "rgb"} if op == "decode_image" else {"dtype": "uint8", "shape": [4, 4, 3]}
    step = Step(op=op, inputs=("raw",), outputs=("pixels",), params=params)
    head = Transform((step,), ("raw",))

    batches = list(boundary_batches(raw_samples, 100, head, ("pixels",)))

    assert max(asked) == most
    assert sum(len(batch["pixels"]) for batch in batches) == sum(asked) == 100


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        (
            _steps("median_filter", size=3, axes=[0]),
            "the last step, median_filter, stays on the host: it has no counterpart in a graph",
        ),
        ((), "there is no transform to put into it"),
    ],
)
def test_where_nothing_can_be_fused_it_is_said(
    tmp_path: Path, steps: tuple[Step, ...], reason: str
) -> None:
    from edgesmith.reference import trace

    rows, said, model = np.zeros((20, 4), np.float32), Said(), _model()
    ground = FusingGround(
        model=model,
        reference=trace(model),
        transform=Transform(steps, ("raw",)),
        evaluation=Evaluation(
            task=Task.TENSOR,
            outputs=(Output(name="y", shape=(2,)),),
            batches=lambda: iter([{"x": rows}]),
            targets=None,
            metric="",
            seed=0,
        ),
        original={"y": np.zeros((20, 2), np.float32)},
        raw_samples=lambda places: {"raw": rows[places]},
    )

    made = fused_candidates(ground, ConversionConfig(), directory=tmp_path, progress=said)

    assert made == ()
    assert said.lines == [f"warning: no fused artifact is made: {reason}"]
