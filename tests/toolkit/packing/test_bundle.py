from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from edgesmith.core import Choice, Fused
from edgesmith.packing.bundle import Interface, needs, pack
from edgesmith_runtime.bundle import write_bundle
from edgesmith_runtime.errors import BundleError, ConfigError
from edgesmith_runtime.loading import load
from edgesmith_runtime.manifest import HostStep, Selection
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from edgesmith.core import Candidate
    from edgesmith.reference import Reference
    from edgesmith_runtime.bundle import Bundle
    from edgesmith_runtime.golden import GoldenSamples

both_formats = pytest.mark.parametrize(
    "fmt", [Format.ONNX, pytest.param(Format.TFLITE, marks=pytest.mark.tflite)]
)


def _pack(
    interface: Interface,
    candidates: tuple[Candidate, ...],
    golden: GoldenSamples,
    *,
    choice: str = "model.onnx",
    fastest: Selection | None = None,
) -> Bundle:
    return pack(
        interface,
        candidates,
        choice=Choice(file=choice, reason="the base install runs it"),
        fastest=fastest,
        golden=golden,
        provenance={"seed": 0},
    )


@pytest.fixture(scope="module")
def packed(
    interface: Interface,
    candidates: tuple[Candidate, ...],
    golden: GoldenSamples,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    path = tmp_path_factory.mktemp("packed") / "digits.edge"
    write_bundle(_pack(interface, candidates, golden), path)
    return path


@both_formats
def test_a_packed_bundle_answers_as_the_original_from_raw_inputs(
    packed: Path, reference: Reference, images: NDArray[np.float32], fmt: Format
) -> None:
    model = load(packed, artifact=fmt)

    expected = reference.run({"image": images})["digit"]
    labels = [prediction.label for prediction in model.predict_batch(list(images))]
    assert labels == [("zero", "one", "two")[place] for place in expected.argmax(axis=1)]


@both_formats
def test_golden_samples_are_reproduced(packed: Path, fmt: Format) -> None:
    result = load(packed, artifact=fmt).selftest()

    assert (result.n_samples, result.started_from) == (3, "raw")


def test_the_manifest_says_what_was_found(
    interface: Interface, candidates: tuple[Candidate, ...], golden: GoldenSamples
) -> None:
    manifest = _pack(interface, candidates, golden).manifest

    entry = manifest.artifact("model.tflite")
    assert (entry.score, entry.parity) == (candidates[1].score, candidates[1].parity)
    assert (entry.needs, entry.starts_after, entry.version) == (("ai-edge-litert",), 0, 3)
    assert manifest.artifact("model.onnx").needs == ()
    assert manifest.default_artifact == Selection(
        file="model.onnx", reason="the base install runs it"
    )
    assert manifest.provenance == {"seed": 0}


def test_a_fused_artifact_begins_earlier_and_names_the_part_of_the_host(
    interface: Interface, candidates: tuple[Candidate, ...], golden: GoldenSamples
) -> None:
    step = HostStep(step=0, op=interface.transform[0].op, why="a check")
    fused = dataclasses.replace(candidates[1], fused=Fused(starts_after=0, host_part=(step,)))

    manifest = _pack(interface, (candidates[0], fused), golden).manifest

    assert manifest.artifact("model.tflite").starts_after == 0
    assert manifest.host_part == {"model.tflite": (step,)}


def test_labels_are_a_file_for_people(
    interface: Interface, candidates: tuple[Candidate, ...], golden: GoldenSamples
) -> None:
    assert _pack(interface, candidates, golden).files["labels.txt"] == b"zero\none\ntwo\n"


def test_without_a_transform_an_artifact_takes_the_raw_inputs(
    interface: Interface, candidates: tuple[Candidate, ...], golden: GoldenSamples
) -> None:
    bare = Interface(
        name="bare",
        task=interface.task,
        raw_inputs=interface.raw_inputs,
        transform=(),
        outputs=interface.outputs,
    )

    assert _pack(bare, candidates, golden).manifest.artifacts[0].starts_after is None


def test_the_fastest_gets_what_it_needs(
    interface: Interface, candidates: tuple[Candidate, ...], golden: GoldenSamples
) -> None:
    fastest = Selection(file="model.tflite", reason="lowest median")

    manifest = _pack(interface, candidates, golden, fastest=fastest).manifest

    assert manifest.fastest == Selection(
        file="model.tflite", reason="lowest median", needs=("ai-edge-litert",)
    )


def test_a_default_that_needs_an_extra_is_refused(
    interface: Interface, candidates: tuple[Candidate, ...], golden: GoldenSamples
) -> None:
    with pytest.raises(
        ConfigError,
        match=r"model\.tflite needs ai-edge-litert; add onnx to conversion\.formats",
    ):
        _pack(interface, candidates, golden, choice="model.tflite")


def test_a_default_may_need_an_extra_where_nothing_else_is_there(
    interface: Interface, candidates: tuple[Candidate, ...], golden: GoldenSamples
) -> None:
    alone = dataclasses.replace(
        golden,
        outputs={"model.tflite": golden.outputs["model.tflite"]},
        output_tolerances={"model.tflite": golden.output_tolerances["model.tflite"]},
    )

    manifest = _pack(interface, candidates[1:], alone, choice="model.tflite").manifest

    assert manifest.default_artifact.needs == ("ai-edge-litert",)


def test_a_choice_that_is_no_candidate_is_refused(
    interface: Interface, candidates: tuple[Candidate, ...], golden: GoldenSamples
) -> None:
    with pytest.raises(BundleError, match=r"default_artifact: expected one of .*got 'x\.onnx'"):
        _pack(interface, candidates, golden, choice="x.onnx")


def test_the_same_parts_give_the_same_bytes(
    interface: Interface,
    candidates: tuple[Candidate, ...],
    golden: GoldenSamples,
    tmp_path: Path,
) -> None:
    for name in ("one.edge", "two.edge"):
        write_bundle(_pack(interface, candidates, golden), tmp_path / name)

    assert (tmp_path / "one.edge").read_bytes() == (tmp_path / "two.edge").read_bytes()


def test_only_tflite_needs_more_than_the_base_install(
    candidates: tuple[Candidate, ...],
) -> None:
    found: dict[Any, Any] = {one.artifact.format: needs(one.artifact) for one in candidates}

    assert found == {Format.ONNX: (), Format.TFLITE: ("ai-edge-litert",)}
