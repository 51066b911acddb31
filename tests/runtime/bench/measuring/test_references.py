"""What goes in, and what must come out."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith_runtime.bench import Plan, compare
from edgesmith_runtime.bench.measuring.references import (
    Expected,
    elsewhere,
    fixed_batch,
    golden_references,
    of_file,
    on_other_engine,
    sample_references,
)
from edgesmith_runtime.bundle import Bundle, make_bundle, write_bundle
from edgesmith_runtime.errors import BundleError, InputError, SignatureError
from edgesmith_runtime.golden import GoldenSamples, Tolerance, golden_files
from edgesmith_runtime.manifest import Parity, Selection
from edgesmith_runtime.spec import Precision, Signature, TensorSpec

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith_runtime.manifest import Manifest


def test_golden_samples_are_what_artifact_and_original_must_give(
    tiny_bundle: Bundle, tiny_golden: GoldenSamples
) -> None:
    references = golden_references(tiny_bundle)

    golden_outputs = tiny_golden.outputs["model.onnx"]["probabilities"]
    np.testing.assert_array_equal(
        references.inputs["features"], tiny_golden.tensors["features"]
    )
    for expected in (references.artifacts["model.onnx"], references.original):
        np.testing.assert_array_equal(expected.outputs["probabilities"], golden_outputs)


def test_the_original_may_be_off_by_a_thousandth_of_the_largest_output(
    tiny_bundle: Bundle, tiny_golden: GoldenSamples
) -> None:
    references = golden_references(tiny_bundle)

    largest = float(tiny_golden.outputs["model.onnx"]["probabilities"].max())
    assert references.original.tolerances["probabilities"].atol == pytest.approx(
        1e-4 + 1e-3 * largest
    )


def test_a_wider_golden_tolerance_holds(
    tiny_manifest: Manifest, tiny_onnx: bytes, tiny_golden: GoldenSamples
) -> None:
    wide = dataclasses.replace(
        tiny_golden,
        output_tolerances={"model.onnx": {"probabilities": Tolerance(atol=0.3, rtol=0.2)}},
    )
    bundle = make_bundle(tiny_manifest, {"model.onnx": tiny_onnx, **golden_files(wide)})

    references = golden_references(bundle)

    assert references.artifacts["model.onnx"].tolerances["probabilities"] == Tolerance(0.3, 0.2)


def test_tensors_are_in_the_order_of_the_model(
    tiny_manifest: Manifest, tiny_onnx: bytes
) -> None:
    signature = Signature(
        tuple(TensorSpec(name, "float32", ("batch",)) for name in ("q", "b")),
        tuple(TensorSpec(name, "float32", ("batch",)) for name in ("z", "a")),
    )
    entry = dataclasses.replace(tiny_manifest.artifacts[0], signature=signature)
    exact, ones = Tolerance(0.0, 0.0), np.ones(1, np.float32)
    golden = GoldenSamples(
        raw=({"x": ones},),
        tensors={"b": ones, "q": ones},
        outputs={"model.onnx": {"a": ones, "z": ones}},
        tensor_tolerances={"b": exact, "q": exact},
        output_tolerances={"model.onnx": {"a": exact, "z": exact}},
    )
    manifest = dataclasses.replace(tiny_manifest, artifacts=(entry,))
    bundle = make_bundle(manifest, {"model.onnx": tiny_onnx, **golden_files(golden)})

    references = golden_references(bundle)

    assert list(references.inputs) == ["q", "b"]
    assert list(references.artifacts["model.onnx"].outputs) == ["z", "a"]
    assert list(references.original.outputs) == ["z", "a"]


def _with_fused(manifest: Manifest, golden: GoldenSamples) -> tuple[Manifest, GoldenSamples]:
    """With an artifact that takes the raw numbers, and those among the golden tensors."""
    (entry,) = manifest.artifacts
    inputs = (TensorSpec("x", "float32", ("batch", 4)),)
    fused = dataclasses.replace(
        entry,
        file="model.fused.onnx",
        starts_after=None,
        signature=Signature(inputs, entry.signature.outputs),
    )
    exact = Tolerance(0.0, 0.0)
    return dataclasses.replace(manifest, artifacts=(entry, fused)), dataclasses.replace(
        golden,
        tensors={**golden.tensors, "x": golden.tensors["features"]},
        tensor_tolerances={**golden.tensor_tolerances, "x": exact},
        outputs={**golden.outputs, fused.file: golden.outputs["model.onnx"]},
        output_tolerances={
            **golden.output_tolerances,
            fused.file: golden.output_tolerances["model.onnx"],
        },
    )


def test_what_only_a_fused_artifact_takes_goes_into_no_subject(
    tiny_manifest: Manifest, tiny_onnx: bytes, tiny_golden: GoldenSamples
) -> None:
    manifest, golden = _with_fused(tiny_manifest, tiny_golden)
    files = dict.fromkeys(("model.onnx", "model.fused.onnx"), tiny_onnx)
    bundle = make_bundle(manifest, {**files, **golden_files(golden)})

    assert set(golden_references(bundle).inputs) == {"features"}
    assert [entry.file for entry in elsewhere(manifest)] == ["model.fused.onnx"]


def test_a_fused_artifact_is_not_measured_beside_the_others(
    tiny_manifest: Manifest,
    tiny_onnx: bytes,
    tiny_golden: GoldenSamples,
    quick_plan: Plan,
    tmp_path: Path,
) -> None:
    manifest, golden = _with_fused(tiny_manifest, tiny_golden)
    files = dict.fromkeys(("model.onnx", "model.fused.onnx"), tiny_onnx)
    write_bundle(make_bundle(manifest, {**files, **golden_files(golden)}), tmp_path / "x.edge")

    comparison = compare(tmp_path / "x.edge", plan=dataclasses.replace(quick_plan, n_rounds=1))

    assert comparison.subject("model.onnx").problem is None
    problem = comparison.subject("model.fused.onnx").problem
    assert problem is not None
    assert problem.startswith("it takes other values than the default artifact, from before")


def test_an_artifact_without_golden_outputs_is_named(
    tiny_manifest: Manifest, tiny_onnx: bytes, tiny_golden: GoldenSamples
) -> None:
    bare = dataclasses.replace(tiny_golden, outputs={}, output_tolerances={})
    bundle = make_bundle(tiny_manifest, {"model.onnx": tiny_onnx, **golden_files(bare)})

    with pytest.raises(
        BundleError,
        match=r"have no outputs of model\.onnx; rebuild the bundle, or give samples",
    ):
        golden_references(bundle)


def test_a_tensor_that_the_golden_samples_lack_is_named(
    tiny_manifest: Manifest, tiny_onnx: bytes, tiny_golden: GoldenSamples
) -> None:
    bare = dataclasses.replace(tiny_golden, tensors={}, tensor_tolerances={})
    bundle = make_bundle(tiny_manifest, {"model.onnx": tiny_onnx, **golden_files(bare)})

    with pytest.raises(
        BundleError, match=r"have no tensor 'features', which model\.onnx takes; rebuild"
    ):
        golden_references(bundle)


def test_given_samples_must_give_what_the_default_artifact_gives(
    tiny_bundle: Bundle,
    tiny_features: NDArray[np.float32],
    tiny_expected: NDArray[np.float32],
) -> None:
    references = sample_references(tiny_bundle, {"features": tiny_features}, 4)

    np.testing.assert_array_equal(references.inputs["features"], tiny_features[:4])
    for expected in (references.artifacts["model.onnx"], references.original):
        np.testing.assert_allclose(
            expected.outputs["probabilities"], tiny_expected[:4], atol=1e-6
        )


def _beside_int8(manifest: Manifest, *, default: str, off: float | None) -> Manifest:
    parity = (
        off
        if off is None
        else Parity(max_abs_error=off, mean_abs_error=0.0, agreement=None, n_samples=5)
    )
    other = dataclasses.replace(
        manifest.artifacts[0], file="int8.onnx", precision=Precision.INT8, parity=parity
    )
    return dataclasses.replace(
        manifest,
        artifacts=(*manifest.artifacts, other),
        default_artifact=Selection(file=default, reason="asked for"),
    )


@pytest.mark.parametrize(
    ("default", "off", "extra"),
    [
        ("model.onnx", 0.03, {"model.onnx": 0.0, "int8.onnx": 0.06, "original": 0.0}),
        ("int8.onnx", 0.03, {"model.onnx": 0.06, "int8.onnx": 0.0, "original": 0.06}),
        ("model.onnx", None, {"model.onnx": 0.0, "int8.onnx": 0.0, "original": 0.0}),
    ],
)
def test_on_given_samples_an_int8_artifact_may_be_off_by_twice_its_error(
    tiny_bundle: Bundle,
    tiny_features: NDArray[np.float32],
    tiny_expected: NDArray[np.float32],
    default: str,
    off: float | None,
    extra: dict[str, float],
) -> None:
    manifest = _beside_int8(tiny_bundle.manifest, default=default, off=off)
    content = bytes(tiny_bundle.files["model.onnx"])
    bundle = make_bundle(manifest, {"model.onnx": content, "int8.onnx": content})

    references = sample_references(bundle, {"features": tiny_features}, 5)

    plain = 1e-4 + 1e-3 * float(tiny_expected.max())
    got = {**references.artifacts, "original": references.original}
    assert {
        name: one.tolerances["probabilities"].atol for name, one in got.items()
    } == pytest.approx({name: plain + more for name, more in extra.items()})


def test_the_original_may_be_off_by_twice_the_error_of_an_int8_default(
    tiny_manifest: Manifest, tiny_onnx: bytes, tiny_golden: GoldenSamples
) -> None:
    manifest = _beside_int8(tiny_manifest, default="int8.onnx", off=0.03)
    golden = dataclasses.replace(
        tiny_golden,
        outputs=dict.fromkeys(("model.onnx", "int8.onnx"), tiny_golden.outputs["model.onnx"]),
        output_tolerances=dict.fromkeys(
            ("model.onnx", "int8.onnx"), tiny_golden.output_tolerances["model.onnx"]
        ),
    )
    files = {"model.onnx": tiny_onnx, "int8.onnx": tiny_onnx, **golden_files(golden)}

    references = golden_references(make_bundle(manifest, files))

    largest = float(tiny_golden.outputs["model.onnx"]["probabilities"].max())
    limits = [
        one.tolerances["probabilities"].atol
        for one in (references.artifacts["int8.onnx"], references.original)
    ]
    assert limits == pytest.approx([1e-4 + 1e-3 * largest, 0.06 + 1e-4 + 1e-3 * largest])


def test_a_file_of_somebody_else_may_be_off_by_a_fifth_of_the_largest_output(
    tiny_bundle: Bundle, tiny_expected: NDArray[np.float32]
) -> None:
    expected = of_file(golden_references(tiny_bundle))

    np.testing.assert_array_equal(expected.outputs["probabilities"], tiny_expected[:3])
    assert expected.tolerances["probabilities"].atol == pytest.approx(
        1e-4 + 0.2 * float(tiny_expected[:3].max())
    )


def test_on_another_engine_an_int8_artifact_may_be_off_by_twice_its_error(
    tiny_manifest: Manifest, tiny_expected: NDArray[np.float32]
) -> None:
    manifest = _beside_int8(tiny_manifest, default="model.onnx", off=0.03)
    own = Expected({"probabilities": tiny_expected}, {"probabilities": Tolerance(0.5, 0.25)})

    widths = [
        on_other_engine(own, entry).tolerances["probabilities"] for entry in manifest.artifacts
    ]

    assert widths == [Tolerance(0.5, 0.25), Tolerance(0.56, 0.25)]


def test_a_default_artifact_of_a_fixed_batch_is_run_in_pieces(
    fixed_bundle: Bundle,
    tiny_features: NDArray[np.float32],
    tiny_expected: NDArray[np.float32],
) -> None:
    references = sample_references(fixed_bundle, {"features": tiny_features}, 5)

    np.testing.assert_allclose(
        references.original.outputs["probabilities"], tiny_expected, atol=1e-6
    )


def test_samples_of_another_name_are_refused(
    tiny_bundle: Bundle, tiny_features: NDArray[np.float32]
) -> None:
    with pytest.raises(SignatureError, match=r"expected the input tensors \['features'\]"):
        sample_references(tiny_bundle, {"x": tiny_features}, 4)


@pytest.mark.parametrize(
    ("samples", "lengths"),
    [
        ({}, r"\{\}"),
        ({"features": np.zeros((0, 4), np.float32)}, r"\{'features': 0\}"),
        ({"features": np.float32(3)}, r"\{'features': 0\}"),
        ({"a": np.zeros(2), "b": np.zeros(3)}, r"\{'a': 2, 'b': 3\}"),
    ],
)
def test_samples_of_no_common_length_are_refused(
    tiny_bundle: Bundle, samples: dict[str, NDArray[np.float32]], lengths: str
) -> None:
    with pytest.raises(InputError, match=f"the same number of rows, at least 1, got {lengths}"):
        sample_references(tiny_bundle, samples, 4)


@pytest.mark.parametrize(
    ("axis", "fixed"), [("batch", None), (1, 1), (8, 8)], ids=["free", "one", "eight"]
)
def test_a_fixed_batch_is_a_number_on_the_first_axis(
    axis: int | str, fixed: int | None
) -> None:
    signature = Signature((TensorSpec("x", "float32", (axis, 4)),), ())

    assert fixed_batch(signature) == fixed
