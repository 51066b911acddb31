"""Who takes part in a comparison."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from edgesmith_runtime.bench.measuring.entrants import (
    Entrant,
    Field,
    checked_engines,
    entrants_of,
    rivals,
)
from edgesmith_runtime.bench.measuring.references import golden_references
from edgesmith_runtime.bench.phases import Phase, Setting
from edgesmith_runtime.bench.plan import Plan
from edgesmith_runtime.bench.subject import CallStyle, SubjectKind
from edgesmith_runtime.bundle import Bundle, make_bundle
from edgesmith_runtime.cache import choices_folder
from edgesmith_runtime.errors import InputError
from edgesmith_runtime.golden import GoldenSamples, golden_files
from edgesmith_runtime.manifest import Score
from edgesmith_runtime.settings import Engine, EngineSettings
from edgesmith_runtime.spec import Signature, TensorSpec
from edgesmith_runtime.tuned import Choice, Setup, choice_json, host_key

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith_runtime.manifest import Manifest

ALL = Plan(n_threads=1, phases=tuple(Phase), idle_s=(1.0,), deadline_s=60.0)


def field_of(bundle: Bundle, folder: Path, **changes: Any) -> Field:
    return dataclasses.replace(
        Field(
            bundle=bundle,
            path=folder / "tiny.edge",
            plan=ALL,
            n_threads=1,
            references=golden_references(bundle),
            folder=folder,
            raws=folder / "raws",
        ),
        **changes,
    )


def by_name(entrants: tuple[Entrant, ...]) -> dict[str, Entrant]:
    return {one.request.name: one for one in entrants}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Files to compare with; what is in them does not matter here."""
    found = {name: tmp_path / name for name in ("stock.onnx", "stock.tflite", "model.keras")}
    for path in found.values():
        path.write_bytes(b"123")
    return found


def test_what_was_tuned_here_is_a_subject_that_is_loaded_as_an_app_does(
    tiny_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    settings = EngineSettings(engine=Engine.OPENVINO, n_threads=1)
    choice = Choice(setup=Setup(file="model.onnx", settings=settings), reason="it won")
    folder = choices_folder(tiny_bundle.identity)
    assert folder is not None
    folder.mkdir(parents=True, mode=0o700)
    (folder / f"{host_key()}.json").write_bytes(choice_json(choice))

    tuned = by_name(entrants_of(field_of(tiny_bundle, tmp_path), [], []))["model.onnx as tuned"]

    assert tuned.request.kind is SubjectKind.TUNED
    assert tuned.request.engine is Engine.OPENVINO


def test_all_kinds_of_subjects_in_their_order(
    tiny_bundle: Bundle, tmp_path: Path, files: dict[str, Path]
) -> None:
    entrants = entrants_of(
        field_of(tiny_bundle, tmp_path), [*files.values()][::-1], [Engine.OPENVINO]
    )

    assert [(one.request.name, one.request.kind, one.request.engine) for one in entrants] == [
        ("model.onnx", SubjectKind.ARTIFACT, Engine.ONNXRUNTIME),
        ("model.onnx on openvino", SubjectKind.ARTIFACT, Engine.OPENVINO),
        ("model.onnx again", SubjectKind.AGAIN, Engine.ONNXRUNTIME),
        ("stock.tflite in litert", SubjectKind.FILE, Engine.LITERT),
        ("stock.onnx in onnxruntime", SubjectKind.FILE, Engine.ONNXRUNTIME),
        ("keras", SubjectKind.KERAS, None),
    ]
    assert [one.size_bytes for one in entrants[3:]] == [3, 3, 3]
    assert entrants[-1].request.styles == tuple(CallStyle)


def test_raw_inputs_are_for_artifacts_and_callers_at_once_not_for_an_interpreter(
    tiny_bundle: Bundle, tmp_path: Path, files: dict[str, Path]
) -> None:
    found = by_name(entrants_of(field_of(tiny_bundle, tmp_path), [*files.values()], []))

    def missing(name: str) -> set[Phase]:
        return set(Phase) - {setting.phase for setting in found[name].request.settings}

    assert missing("model.onnx") == missing("model.onnx again") == set()
    assert missing("stock.onnx in onnxruntime") == missing("keras") == {Phase.RAW}
    assert missing("stock.tflite in litert") == {Phase.RAW, Phase.CONCURRENT}
    assert found["model.onnx"].request.raws == str(tmp_path / "raws")
    assert found["keras"].request.raws is None


def test_the_twin_differs_from_the_baseline_by_its_name_alone(
    tiny_bundle: Bundle, tmp_path: Path
) -> None:
    first, twin = entrants_of(field_of(tiny_bundle, tmp_path), [], [])

    assert twin.request == dataclasses.replace(
        first.request, name="model.onnx again", kind=SubjectKind.AGAIN
    )


def test_in_one_round_there_is_no_twin(tiny_bundle: Bundle, tmp_path: Path) -> None:
    field = field_of(tiny_bundle, tmp_path, plan=dataclasses.replace(ALL, n_rounds=1))

    assert [one.request.name for one in entrants_of(field, [], [])] == ["model.onnx"]


def test_an_artifact_has_its_score(
    tiny_manifest: Manifest, tiny_onnx: bytes, tiny_golden: GoldenSamples, tmp_path: Path
) -> None:
    score = Score(metric="accuracy", value=0.9, low=0.8, high=0.95, n_samples=100)
    scored = dataclasses.replace(tiny_manifest.artifacts[0], score=score)
    manifest = dataclasses.replace(tiny_manifest, artifacts=(scored,))
    bundle = make_bundle(manifest, {"model.onnx": tiny_onnx, **golden_files(tiny_golden)})

    entrants = entrants_of(field_of(bundle, tmp_path), [], [Engine.OPENVINO])

    assert [one.score for one in entrants] == [score, score, score]


def test_an_artifact_of_a_fixed_batch_is_measured_at_it_alone(
    fixed_bundle: Bundle, tmp_path: Path
) -> None:
    plan = dataclasses.replace(ALL, batches=(4, 1), phases=(Phase.STEADY, Phase.PACED))
    (entrant, _) = entrants_of(field_of(fixed_bundle, tmp_path, plan=plan), [], [])

    assert entrant.request.first == Setting(Phase.STEADY, 1)
    assert entrant.request.settings == (Setting(Phase.STEADY, 1), Setting(Phase.PACED, 100))


def test_an_artifact_that_takes_no_batch_of_the_plan_says_so(
    fixed_bundle: Bundle, tmp_path: Path
) -> None:
    plan = Plan(batches=(4, 8))

    (entrant,) = entrants_of(field_of(fixed_bundle, tmp_path, plan=plan), [], [])

    assert entrant.problem == "it takes batches of 1 only, not of 4, 8"


def test_a_fused_artifact_is_measured_from_raw_inputs(
    tiny_manifest: Manifest, tiny_onnx: bytes, tiny_golden: GoldenSamples, tmp_path: Path
) -> None:
    entry = tiny_manifest.artifacts[0]
    signature = Signature((TensorSpec("x", "float32", ("batch", 4)),), entry.signature.outputs)
    fused = dataclasses.replace(
        entry, file="fused.onnx", starts_after=None, signature=signature
    )
    manifest = dataclasses.replace(tiny_manifest, artifacts=(entry, fused))
    golden = dataclasses.replace(
        tiny_golden,
        outputs=dict.fromkeys(("model.onnx", "fused.onnx"), tiny_golden.outputs["model.onnx"]),
        output_tolerances=dict.fromkeys(
            ("model.onnx", "fused.onnx"), tiny_golden.output_tolerances["model.onnx"]
        ),
    )
    models = dict.fromkeys(("model.onnx", "fused.onnx"), tiny_onnx)
    bundle = make_bundle(manifest, {**models, **golden_files(golden)})

    entrant = by_name(entrants_of(field_of(bundle, tmp_path), [], []))["fused.onnx"]

    assert entrant.problem is None
    assert entrant.request.first == Setting(Phase.RAW)
    assert entrant.request.settings == (Setting(Phase.RAW),)


def test_files_of_one_name_are_told_apart_by_their_paths(
    tiny_bundle: Bundle, tmp_path: Path
) -> None:
    paths = [tmp_path / "a/model.onnx", tmp_path / "b/model.onnx", tmp_path / "other.onnx"]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"1")

    found = by_name(entrants_of(field_of(tiny_bundle, tmp_path), paths, []))

    assert {f"{paths[0]} in onnxruntime", "other.onnx in onnxruntime"} < set(found)


def test_one_file_or_several_may_be_given(files: dict[str, Path]) -> None:
    assert rivals(None) == ()
    assert rivals(str(files["stock.onnx"])) == (files["stock.onnx"],)
    assert rivals([*files.values()]) == tuple(files.values())


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ["absent.onnx"],
            r"absent\.onnx: no such file; expected the Keras model to compare with, or a \.onnx",
        ),
        (["stock.onnx", "stock.onnx"], r"expected different files, got .*stock\.onnx twice"),
        (
            ["model.keras", "."],
            r"expected at most one Keras model, the others \.onnx or \.tflite files, got .*keras",
        ),
    ],
    ids=["absent", "twice", "two of Keras"],
)
def test_files_that_cannot_be_compared_with_are_refused(
    names: list[str], message: str, files: dict[str, Path], tmp_path: Path
) -> None:
    del files
    with pytest.raises(InputError, match=message):
        rivals([tmp_path / name for name in names])


def test_engines_are_those_that_run_an_artifact(tiny_bundle: Bundle) -> None:
    assert checked_engines(["openvino"], tiny_bundle) == (Engine.OPENVINO,)
    with pytest.raises(
        InputError,
        match=r"^engines: expected some that run an artifact of this bundle "
        r"\(onnxruntime, openvino\), got 'litert'$",
    ):
        checked_engines(["openvino", "litert"], tiny_bundle)
