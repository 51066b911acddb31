"""The steps before an artifact are those up to where it starts, and give what it takes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from edgesmith_runtime.bundle import make_bundle
from edgesmith_runtime.errors import BundleError, TransformError
from edgesmith_runtime.program import program_before
from edgesmith_runtime.spec import Signature, TensorSpec

if TYPE_CHECKING:
    from edgesmith_runtime.bundle import Bundle
    from edgesmith_runtime.manifest import ArtifactEntry


def _changed(bundle: Bundle, **entry_fields: Any) -> tuple[Bundle, ArtifactEntry]:
    entry = dataclasses.replace(bundle.manifest.artifacts[0], **entry_fields)
    manifest = dataclasses.replace(bundle.manifest, artifacts=(entry,))
    files = {
        name: bytes(content)
        for name, content in bundle.files.items()
        if name not in ("manifest.json", "labels.txt")
    }
    return make_bundle(manifest, files), entry


def test_the_steps_end_where_the_artifact_starts(tiny_bundle: Bundle) -> None:
    transform = program_before(tiny_bundle, tiny_bundle.manifest.artifacts[0])

    assert [step.op for step in transform.steps] == ["tensor"]
    assert transform.raw_inputs == ("x",)


def test_an_artifact_that_takes_the_raw_inputs_has_no_steps(tiny_bundle: Bundle) -> None:
    inputs = (TensorSpec("x", "float32", ("batch", 4)),)
    outputs = tiny_bundle.manifest.artifacts[0].signature.outputs
    bundle, entry = _changed(
        tiny_bundle, starts_after=None, signature=Signature(inputs, outputs)
    )

    assert program_before(bundle, entry).steps == ()


def test_a_tensor_that_nothing_gives_is_named(tiny_bundle: Bundle) -> None:
    bundle, entry = _changed(tiny_bundle, starts_after=None)

    with pytest.raises(
        BundleError,
        match=r"^manifest\.json: model\.onnx: takes 'features', which neither a raw input nor a "
        r"step up to starts_after is called; there are \['x'\]$",
    ):
        program_before(bundle, entry)


def test_an_output_that_the_artifact_lacks_is_named(tiny_bundle: Bundle) -> None:
    inputs = tiny_bundle.manifest.artifacts[0].signature.inputs
    outputs = (TensorSpec("other", "float32", ("batch", 3)),)
    bundle, entry = _changed(tiny_bundle, signature=Signature(inputs, outputs))

    with pytest.raises(
        BundleError, match=r"model\.onnx: expected an output 'probabilities', got \['other'\]$"
    ):
        program_before(bundle, entry)


def test_an_unknown_op_is_named(tiny_bundle: Bundle) -> None:
    step = dataclasses.replace(tiny_bundle.manifest.transform[0], op="nothing")
    manifest = dataclasses.replace(tiny_bundle.manifest, transform=(step,))
    bundle = dataclasses.replace(tiny_bundle, manifest=manifest)

    with pytest.raises(TransformError, match=r"^transform step 0 \(nothing\): unknown op"):
        program_before(bundle, manifest.artifacts[0])
