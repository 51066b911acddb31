"""Raw inputs that other processes read."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith_runtime.bench.measuring.raws import golden_raws, read_raws, write_raws
from edgesmith_runtime.bundle import Bundle, make_bundle
from edgesmith_runtime.errors import InputError
from edgesmith_runtime.golden import GoldenSamples, Media, Tolerance, golden_files
from edgesmith_runtime.manifest import Kind, RawInput

if TYPE_CHECKING:
    from edgesmith_runtime.manifest import Manifest


@pytest.mark.parametrize(
    "raw",
    [
        Path("some/picture.png"),
        b"\x00\xff of a file",
        "a text",
        ["a", "list", "of", "texts"],
        ("text", "texts"),
        {"age": 41, "city": "Bern", "income": None, "member": True},
        {"left": "text", "right": [1, 2.5, [3]]},
        3.5,
    ],
    ids=lambda raw: type(raw).__name__,
)
def test_a_raw_input_arrives_as_it_was(raw: object, tmp_path: Path) -> None:
    write_raws(tmp_path, [raw, raw])

    assert read_raws(tmp_path) == [raw, raw]


def test_arrays_keep_their_dtype_and_shape(tmp_path: Path) -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    sound = (16_000, np.linspace(-1, 1, 5, dtype=np.float32))

    write_raws(tmp_path, [pixels, sound, {"x": pixels, "n": np.float64(2.5)}])

    first, second, third = read_raws(tmp_path)
    assert isinstance(first, np.ndarray)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, pixels)
    assert isinstance(second, tuple)
    assert second[0] == 16_000
    np.testing.assert_array_equal(second[1], sound[1])
    assert isinstance(third, dict)
    np.testing.assert_array_equal(third["x"], pixels)
    assert third["n"] == 2.5


def test_a_missing_number_arrives_as_one(tmp_path: Path) -> None:
    write_raws(tmp_path, [{"age": math.nan}])

    (row,) = read_raws(tmp_path)
    assert isinstance(row, dict)
    assert math.isnan(row["age"])


@pytest.mark.parametrize(
    ("raws", "message"),
    [
        ([], "raws: expected at least one raw input, got none"),
        (["a", {"b": object()}], r"raws\[1\]: expected a path, bytes, .* got object; each sub"),
        (
            [np.array([object()])],
            r"raws\[0\]: expected an array of numbers or text, got objects",
        ),
    ],
)
def test_what_cannot_be_handed_over_is_refused(
    raws: list[object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        write_raws(tmp_path, raws)


def _bundle(manifest: Manifest, model: bytes, golden: GoldenSamples) -> Bundle:
    return make_bundle(manifest, {"model.onnx": model, **golden_files(golden)})


def test_golden_media_are_files_again(
    tiny_manifest: Manifest, tiny_onnx: bytes, tiny_golden: GoldenSamples, tmp_path: Path
) -> None:
    media = tuple({"x": Media(bytes([index]), ".png")} for index in range(3))
    manifest = replace(tiny_manifest, raw_inputs=(RawInput("x", Kind.IMAGE, "a picture"),))
    golden = replace(tiny_golden, raw=media)

    raws = golden_raws(_bundle(manifest, tiny_onnx, golden), tmp_path)

    assert all(isinstance(path, Path) and path.suffix == ".png" for path in raws)
    assert [Path(str(path)).read_bytes() for path in raws] == [b"\x00", b"\x01", b"\x02"]


def test_one_of_several_golden_raw_inputs_has_their_names(
    tiny_manifest: Manifest, tiny_onnx: bytes, tiny_golden: GoldenSamples, tmp_path: Path
) -> None:
    raw_inputs = (*tiny_manifest.raw_inputs, RawInput("note", Kind.TEXT, "a text"))
    samples = tuple({**sample, "note": "some words"} for sample in tiny_golden.raw)
    golden = replace(
        tiny_golden,
        raw=samples,
        tensor_tolerances={"features": Tolerance(0.0, 0.0)},
    )
    bundle = _bundle(replace(tiny_manifest, raw_inputs=raw_inputs), tiny_onnx, golden)

    raws = golden_raws(bundle, tmp_path)

    assert len(raws) == 3
    assert all(isinstance(raw, dict) and raw["note"] == "some words" for raw in raws)
