"""manifest.json: what is written is read, and nothing else is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesmith_runtime.errors import BundleError
from edgesmith_runtime.manifest import (
    ArtifactEntry,
    Decode,
    DecodeOp,
    HostStep,
    Kind,
    Manifest,
    Output,
    Parity,
    RawInput,
    Score,
    Selection,
    Step,
    Task,
)
from edgesmith_runtime.manifest_json import read_manifest, write_manifest
from edgesmith_runtime.spec import DTYPES, Format, Precision, Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable


def edited(manifest: Manifest, edit: Callable[[dict[str, Any]], object]) -> bytes:
    members = json.loads(write_manifest(manifest))
    edit(members)
    return json.dumps(members).encode()


NAMES = st.text(min_size=1, max_size=8)
LINES = st.from_regex(r"[a-zA-Z0-9ä ]{1,6}", fullmatch=True)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)
OBJECTS = st.dictionaries(st.text(), JSON, max_size=3)
FINDINGS = st.none() | st.dictionaries(st.text(), JSON, min_size=1, max_size=2)
AXES = st.lists(st.integers(0, 9) | NAMES, max_size=3).map(tuple)


def differing(
    items: st.SearchStrategy[Any], *, min_size: int = 0
) -> st.SearchStrategy[tuple[Any, ...]]:
    unique = st.lists(items, unique_by=lambda item: item.name, min_size=min_size, max_size=2)
    return unique.map(tuple)


QUANTIZED = st.builds(
    TensorSpec,
    NAMES,
    st.sampled_from(["int8", "uint8", "int16"]),
    AXES,
    scale=st.floats(1e-9, 1e9),
    zero_point=st.integers(0, 127),
)
TENSORS = differing(
    st.builds(TensorSpec, NAMES, st.sampled_from(sorted(DTYPES)), AXES) | QUANTIZED, min_size=1
)
STEPS = st.builds(
    Step,
    op=NAMES,
    inputs=st.lists(NAMES, max_size=2).map(tuple),
    outputs=st.lists(NAMES, max_size=2).map(tuple),
    params=OBJECTS,
    asset=st.none() | NAMES,
    augment_after=st.booleans(),
)
OUTPUTS = st.builds(
    Output,
    name=NAMES,
    shape=AXES,
    labels=st.none() | st.lists(LINES, min_size=1, max_size=3, unique=True).map(tuple),
    unit=st.none() | st.text(),
    decode=st.builds(
        Decode,
        op=st.sampled_from(DecodeOp),
        threshold=NUMBERS,
        scale=NUMBERS.filter(bool),
        offset=NUMBERS,
    ),
)
SCORES = st.builds(
    lambda metric, ends, n: Score(
        metric=metric, value=sum(ends) / 2, low=min(ends), high=max(ends), n_samples=n
    ),
    NAMES,
    st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)),
    st.integers(0, 99),
)
PARITIES = st.builds(
    Parity,
    max_abs_error=NUMBERS,
    mean_abs_error=NUMBERS,
    agreement=st.none() | st.floats(0, 1),
    n_samples=st.integers(0, 99),
)

SCORE = {"metric": "accuracy", "value": 0.5, "low": 0.4, "high": 0.6, "n_samples": 9}
PARITY = {"max_abs_error": 0.1, "mean_abs_error": 0.1, "agreement": 1.0, "n_samples": 9}


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    transform = tuple(draw(st.lists(STEPS, max_size=2)))
    format_ = draw(st.sampled_from(Format))
    entry = ArtifactEntry(
        file=f"model.{format_}",
        format=format_,
        precision=draw(st.sampled_from(Precision)),
        version=draw(st.integers(1, 99)),
        signature=Signature(draw(TENSORS), draw(TENSORS)),
        starts_after=draw(st.sampled_from([None, *range(len(transform))])),
        needs=tuple(draw(st.lists(NAMES, max_size=2))),
        score=draw(st.none() | SCORES),
        parity=draw(st.none() | PARITIES),
    )
    selection = st.builds(Selection, file=st.just(entry.file), reason=st.text())
    return Manifest(
        name=draw(LINES),
        task=draw(st.sampled_from(Task)),
        raw_inputs=draw(
            differing(
                st.builds(RawInput, NAMES, st.sampled_from(Kind), st.text()),
                min_size=1,
            )
        ),
        transform=transform,
        outputs=draw(differing(OUTPUTS, min_size=1)),
        artifacts=(entry,),
        default_artifact=draw(selection),
        fastest=draw(st.none() | selection),
        provenance=draw(OBJECTS),
        calibration=draw(FINDINGS),
        portability=draw(FINDINGS),
        layers=draw(FINDINGS),
    )


@given(manifests())
def test_what_is_written_is_read_back(manifest: Manifest) -> None:
    assert read_manifest(write_manifest(manifest)) == manifest


@given(manifests())
def test_the_same_manifest_gives_the_same_bytes(manifest: Manifest) -> None:
    content = write_manifest(manifest)

    assert write_manifest(read_manifest(content)) == content


def test_the_keys_are_the_documented_ones(tiny_manifest: Manifest) -> None:
    members = json.loads(write_manifest(tiny_manifest))

    assert members["format"] == "1.0"
    assert members["transform"] == [
        {
            "op": "tensor",
            "from": ["x"],
            "to": ["features"],
            "params": {"dtype": "float32", "shape": [4]},
        }
    ]
    assert members["artifacts"] == [
        {
            "file": "model.onnx",
            "format": "onnx",
            "precision": "float32",
            "version": 18,
            "inputs": [{"name": "features", "dtype": "float32", "shape": ["batch", 4]}],
            "outputs": [{"name": "probabilities", "dtype": "float32", "shape": ["batch", 3]}],
            "starts_after": 0,
        }
    ]


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda m: m.update(surplus=1), "manifest.json: surplus: unknown key"),
        (lambda m: m["outputs"][0].update(surplus=1), "outputs[0].surplus: unknown key"),
        (lambda m: m["outputs"][0]["decode"].update(surplus=1), "outputs[0].decode.surplus: unk"),
        (lambda m: m["artifacts"][0]["inputs"][0].update(surplus=1), "artifacts[0].inputs[0].surp"),
        (lambda m: m.pop("format"), "manifest.json: format: missing"),
        (lambda m: m.pop("artifacts"), "manifest.json: artifacts: missing"),
        (lambda m: m.pop("default_artifact"), "manifest.json: default_artifact: missing"),
        (lambda m: m["transform"][0].pop("from"), "manifest.json: transform[0].from: missing"),
        (lambda m: m["artifacts"][0].pop("version"), "artifacts[0].version: missing"),
        (lambda m: m.update(task="dance"), 'task: expected one of classification, regression, '),
        (lambda m: m.update(name=3), "manifest.json: name: expected a string, got 3"),
        (lambda m: m.update(outputs={}), "manifest.json: outputs: expected an array, got {}"),
        (lambda m: m.update(transform=[7]), "transform[0]: expected an object, got 7"),
        (lambda m: m.update(layers=7), "manifest.json: layers: expected an object, got 7"),
        (lambda m: m["artifacts"][0].update(version="18"), 'version: expected a whole number, got "'),
        (lambda m: m["artifacts"][0].update(starts_after=1), "starts_after: expected a step from 0 to 0"),
        (lambda m: m["artifacts"][0].update(starts_after=-1), "from 0 to 0, got -1"),
        (lambda m: m["artifacts"][0].update(file="m.bin"), "'m.bin': expected a name that ends in '.onnx'"),
        (lambda m: m["artifacts"][0]["inputs"][0].update(dtype="float31"), "got 'float31'"),
        (lambda m: m["artifacts"][0]["inputs"][0].update(shape=[-1]), "manifest.json: tensor 'features'"),
        (lambda m: m["outputs"][0].update(shape=[-1]), "an axis is a length from 0 or a name, got -1"),
        (lambda m: m["outputs"][0]["decode"].update(scale=0), "decode: scale: expected another number than 0"),
        (lambda m: m["artifacts"][0].update(score=SCORE | {"low": 0.7}), "score: expected low up to high, got 0.7 and 0.6"),
        (lambda m: m["artifacts"][0].update(parity=PARITY | {"agreement": 1.5}), "agreement: expected 0 to 1, got 1.5"),
        (lambda m: m.update(name="a\nb"), r"name: expected no control characters, got 'a\nb'"),
        (lambda m: m.update(name="\x1b[2J"), r"name: expected no control characters, got '\x1b[2J'"),
        (lambda m: m["artifacts"].append(m["artifacts"][0]), "artifacts: expected different names"),
        (lambda m: m.update(raw_inputs=[]), "raw_inputs: expected different names, got []"),
        (lambda m: m["raw_inputs"].append(m["raw_inputs"][0]), "raw_inputs: expected different names"),
        (lambda m: m["outputs"].append(m["outputs"][0]), "outputs: expected different names"),
        (lambda m: m["default_artifact"].update(file="x"), "default_artifact: expected one of ['model.onnx'], got 'x'"),
        (lambda m: m.update(fastest={"file": "x", "reason": ""}), "fastest: expected one of"),
        (lambda m: m["outputs"][0].update(labels=["a", "a"]), "labels must differ, got ['a', 'a']"),
        (lambda m: m["outputs"][0].update(labels=["a\nb"]), r"a label is one line, got 'a\nb'"),
        (lambda m: m["outputs"][0].update(labels=["a", 1]), "outputs[0].labels: expected strings"),
        (lambda m: m.update(host_part=7), "manifest.json: host_part: expected an object, got 7"),
        (lambda m: m.update(host_part={"model.onnx": 7}), "host_part.model.onnx: expected an array, got 7"),
        (lambda m: m.update(host_part={"model.onnx": [{"step": 0, "op": "tensor"}]}), "host_part.model.onnx[0].why: missing"),
        (lambda m: m.update(host_part={"x.onnx": []}), "host_part: expected some of ['model.onnx'], got 'x.onnx'"),
        (lambda m: m.update(host_part={"model.onnx": []}), "host_part: model.onnx: expected the steps [0] before those of the artifact, got []"),
        (lambda m: m.update(host_part={"model.onnx": [{"step": 0, "op": "cast", "why": ""}]}), "host_part: model.onnx: step 0 is 'tensor', got 'cast'"),
        (lambda m: m.update(format="2.0"), "the bundle has format 2.0, this runtime reads 1.x"),
        (lambda m: m.update(format="2.0", surplus=1), "has format 2.0, this runtime reads 1.x"),
        (lambda m: m.update(format="1"), "format: expected a version such as '1.0', got \"1\""),
        (lambda m: m.update(format="01.0"), "format: expected a version such as '1.0'"),
        (lambda m: m.update(format=1.0), "format: expected a string, got 1.0"),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_its_path(
    tiny_manifest: Manifest, edit: Callable[[dict[str, Any]], object], reason: str
) -> None:
    content = edited(tiny_manifest, edit)

    with pytest.raises(BundleError) as caught:
        read_manifest(content)

    assert str(caught.value).startswith("manifest.json: ")
    assert reason in str(caught.value)


def test_every_required_key_is_required(tiny_manifest: Manifest) -> None:
    for key in json.loads(write_manifest(tiny_manifest)):
        if key in ("provenance",):
            continue
        with pytest.raises(BundleError, match=rf"^manifest\.json: {key}: missing$"):
            read_manifest(edited(tiny_manifest, lambda members, key=key: members.pop(key)))


def test_a_newer_minor_format_may_have_unknown_keys(tiny_manifest: Manifest) -> None:
    def renew(members: dict[str, Any]) -> None:
        members.update(format="1.7", surplus=[])
        members["outputs"][0]["decode"]["surplus"] = 1
        members["artifacts"][0]["inputs"][0]["surplus"] = 1

    manifest = read_manifest(edited(tiny_manifest, renew))

    assert manifest == replace(tiny_manifest, format=(1, 7))


def test_the_part_of_the_host_is_read_back_and_written_by_artifact(
    tiny_manifest: Manifest,
) -> None:
    step = HostStep(step=0, op="tensor", why="a check")
    manifest = replace(tiny_manifest, host_part={"model.onnx": (step,)})

    content = write_manifest(manifest)

    assert read_manifest(content) == manifest
    assert json.loads(content)["host_part"] == {
        "model.onnx": [{"step": 0, "op": "tensor", "why": "a check"}]
    }


def test_an_artifact_with_all_steps_inside_leaves_none_to_the_host(
    tiny_manifest: Manifest,
) -> None:
    entry = replace(tiny_manifest.artifacts[0], starts_after=None)
    manifest = replace(tiny_manifest, artifacts=(entry,), host_part={"model.onnx": ()})

    assert read_manifest(write_manifest(manifest)) == manifest


FOUND_OUT = {
    "calibration": {
        "n_samples": 2,
        "source": "training split",
        "seed": 7,
        "sha256": ["0" * 64, "1" * 64],
        "ranges": {"model.onnx": {"features": [-1.5, 2.0]}},
        "halves_apart": 0.02,
        "warning": None,
    },
    "portability": {
        "model.onnx": {
            "portable": False,
            "n_samples": 2,
            "worst_error": 0.25,
            "n_changed": None,
            "layers": [{"layer": "dense", "share": 0.5, "worst_error": 0.25}],
            "warning": "use reduce_range",
        }
    },
    "layers": {"model.onnx": {"dense/MatMul": "dense"}},
}


@pytest.mark.parametrize("key", FOUND_OUT)
def test_what_the_build_found_out_is_kept_as_it_is(tiny_manifest: Manifest, key: str) -> None:
    written = write_manifest(replace(tiny_manifest, **{key: FOUND_OUT[key]}))

    assert json.loads(written)[key] == FOUND_OUT[key]
    assert getattr(read_manifest(written), key) == FOUND_OUT[key]


@pytest.mark.parametrize("key", FOUND_OUT)
@pytest.mark.parametrize(("value", "shown"), [(7, "7"), ([], "[]"), ("x", '"x"')])
def test_what_the_build_found_out_is_an_object(
    tiny_manifest: Manifest, key: str, value: object, shown: str
) -> None:
    content = edited(tiny_manifest, lambda members: members.update({key: value}))

    with pytest.raises(BundleError) as caught:
        read_manifest(content)

    assert str(caught.value) == f"manifest.json: {key}: expected an object, got {shown}"


@pytest.mark.parametrize("key", FOUND_OUT)
def test_what_the_build_did_not_look_for_is_left_out(tiny_manifest: Manifest, key: str) -> None:
    assert key not in json.loads(write_manifest(tiny_manifest))
    content = edited(tiny_manifest, lambda members: members.update({key: None}))
    assert getattr(read_manifest(content), key) is None


@pytest.mark.parametrize("precision", Precision)
def test_every_precision_is_read(tiny_manifest: Manifest, precision: Precision) -> None:
    content = edited(tiny_manifest, lambda m: m["artifacts"][0].update(precision=precision))

    assert read_manifest(content).artifacts[0].precision is precision


def test_an_unknown_artifact_lists_the_known(tiny_manifest: Manifest) -> None:
    with pytest.raises(BundleError, match=r"no artifact 'm\.tflite'; it has model\.onnx$"):
        tiny_manifest.artifact("m.tflite")


def test_an_empty_list_of_labels_is_refused() -> None:
    with pytest.raises(BundleError, match=r"output 'y': expected labels, got an empty list"):
        Output(name="y", shape=(), labels=())
