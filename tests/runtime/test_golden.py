"""Golden samples: what is written is read, in other words than those of the writer too."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from edgesmith_runtime.archive import archive_bytes
from edgesmith_runtime.bundle import Bundle, make_bundle
from edgesmith_runtime.errors import BundleError
from edgesmith_runtime.golden import (
    GoldenSamples,
    Media,
    RawSample,
    Tolerance,
    golden_files,
    has_golden,
    read_golden,
)
from edgesmith_runtime.manifest import Kind, Manifest, RawInput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

JPEG, PNG = b"\xff\xd8\xff jpeg", b"\x89PNG png"
EXACT = Tolerance(0.0, 0.0)


@pytest.fixture(scope="module")
def manifest(tiny_manifest: Manifest) -> Manifest:
    kinds = {
        "photo": Kind.IMAGE,
        "words": Kind.TEXT,
        "tags": Kind.TEXT,
        "row": Kind.TABLE,
        "x": Kind.TENSOR,
    }
    return replace(
        tiny_manifest,
        raw_inputs=tuple(RawInput(name, kind, "") for name, kind in kinds.items()),
    )


@pytest.fixture(scope="module")
def golden() -> GoldenSamples:
    return GoldenSamples(
        raw=(
            {
                "photo": Media(JPEG, ".jpg"),
                "words": "Grüße, 世界",
                "tags": ("new", "é\0"),
                "row": {"age": float("nan"), "n": 3, "city": "Ulm", "is_new": True, "w": 1.5},
                "x": np.arange(4, dtype=np.float32),
            },
            {
                "photo": Media(PNG, ".png"),
                "words": "",
                "tags": (),
                "row": {
                    "age": None,
                    "n": cast("int", np.int64(4)),
                    "city": "",
                    "is_new": False,
                    "w": 2,
                },
                "x": np.array([True, False]),
            },
        ),
        tensors={"serving/x:0": np.arange(6, dtype=np.float64).reshape(2, 3) / 3},
        outputs={"model.onnx": {"probabilities": np.array([[0.1], [0.9]], np.float16)}},
        tensor_tolerances={"serving/x:0": EXACT},
        output_tolerances={"model.onnx": {"probabilities": Tolerance(1e-6, 1e-5)}},
    )


def bundled(manifest: Manifest, files: Mapping[str, bytes]) -> Bundle:
    return make_bundle(manifest, {"model.onnx": b"not looked at here", **files})


def npy(array: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, **{"version": (1, 0), **options})
    return file.getvalue()


def test_what_is_written_is_read_back(manifest: Manifest, golden: GoldenSamples) -> None:
    read = read_golden(bundled(manifest, golden_files(golden)))

    first, second = read.raw
    assert first["photo"] == Media(JPEG, ".jpg")
    assert second["photo"] == Media(PNG, ".png")
    assert (first["words"], second["words"]) == ("Grüße, 世界", "")
    assert (first["tags"], second["tags"]) == (("new", "é\0"), ())
    assert first["row"] == {"age": None, "n": 3, "city": "Ulm", "is_new": True, "w": 1.5}
    assert second["row"] == {"age": None, "n": 4, "city": "", "is_new": False, "w": 2}
    assert read.tensor_tolerances == golden.tensor_tolerances
    assert read.output_tolerances == golden.output_tolerances


@pytest.mark.parametrize(
    "pick",
    [
        lambda golden: golden.raw[0]["x"],
        lambda golden: golden.raw[1]["x"],
        lambda golden: golden.tensors["serving/x:0"],
        lambda golden: golden.outputs["model.onnx"]["probabilities"],
    ],
)
def test_arrays_come_back_to_the_bit(
    manifest: Manifest, golden: GoldenSamples, pick: Callable[[GoldenSamples], Any]
) -> None:
    read = pick(read_golden(bundled(manifest, golden_files(golden))))

    assert read.dtype == pick(golden).dtype
    assert read.shape == pick(golden).shape
    assert read.tobytes() == pick(golden).tobytes()
    assert read.flags.aligned
    assert read.flags.writeable


def test_numpy_opens_the_arrays_by_the_keys_in_samples_json(golden: GoldenSamples) -> None:
    files = golden_files(golden)

    samples = json.loads(files["golden/samples.json"])
    with np.load(io.BytesIO(files["golden/tensors.npz"]), allow_pickle=False) as arrays:
        tensor = arrays[samples["tensors"]["serving/x:0"]["array"]]
        output = arrays[samples["outputs"]["model.onnx"]["probabilities"]["array"]]

    np.testing.assert_array_equal(tensor, golden.tensors["serving/x:0"])
    np.testing.assert_array_equal(output, golden.outputs["model.onnx"]["probabilities"])


def test_media_are_kept_as_they_are(golden: GoldenSamples) -> None:
    files = golden_files(golden)

    assert files["golden/0.jpg"] == JPEG
    assert files["golden/1.png"] == PNG


def test_samples_json_says_what_each_raw_sample_is(golden: GoldenSamples) -> None:
    first = json.loads(golden_files(golden)["golden/samples.json"])["samples"][0]

    assert first["photo"] == {"file": "golden/0.jpg"}
    assert first["words"] == {"text": "Grüße, 世界"}
    assert first["tags"] == {"texts": ["new", "é\0"]}
    assert first["row"]["row"]["age"] is None
    assert first["x"] == {"array": "array_0"}


def test_the_same_samples_give_the_same_bytes(golden: GoldenSamples) -> None:
    assert golden_files(golden) == golden_files(golden)


def test_big_endian_and_strided_arrays_are_written_little_endian_in_c_order(
    tiny_golden: GoldenSamples,
) -> None:
    array = np.arange(12, dtype=">f4").reshape(4, 3).T
    files = golden_files(replace(tiny_golden, tensors={"features": array}))

    with np.load(io.BytesIO(files["golden/tensors.npz"])) as arrays:
        written = arrays["array_3"]

    np.testing.assert_array_equal(written, array)
    assert written.dtype == np.dtype("<f4")
    assert written.flags.c_contiguous


def test_infinite_numbers_in_tensors_come_back(
    tiny_manifest: Manifest, tiny_golden: GoldenSamples
) -> None:
    odd = np.array([[np.nan], [np.inf], [-np.inf]])
    golden = replace(tiny_golden, tensors={"features": odd})

    read = read_golden(bundled(tiny_manifest, golden_files(golden)))

    np.testing.assert_array_equal(read.tensors["features"], odd)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (np.array(["text"]), "golden/tensors.npz: expected an array of numbers, got dtype <U4"),
        (
            np.array([None]),
            "golden/tensors.npz: expected an array of numbers, got dtype object",
        ),
        ({"age": float("inf")}, "golden/samples.json: a value that JSON cannot hold"),
        ({"age": b"7"}, "golden/samples.json: a value that JSON cannot hold"),
        ("\ud800", "golden/samples.json: a value that JSON cannot hold"),
        ("x" * (17 << 20), "golden/samples.json: above 16777216 bytes; keep fewer samples"),
    ],
)
def test_a_raw_sample_that_could_not_be_read_back_is_not_written(
    tiny_golden: GoldenSamples, raw: RawSample, reason: str
) -> None:
    golden = replace(tiny_golden, raw=({"x": raw}, *tiny_golden.raw[1:]))

    with pytest.raises(BundleError) as caught:
        golden_files(golden)

    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"raw": ()}, "golden samples: expected at least one sample"),
        (
            {"raw": ({"x": "a"}, {"y": "a"}, {"x": "a"})},
            "golden sample 1: expected the raw inputs",
        ),
        (
            {"tensors": {"features": np.zeros((2, 4))}},
            "expected 3 samples on the first axis, got",
        ),
        ({"tensors": {"features": np.zeros(())}}, "expected 3 samples on the first axis, got"),
        ({"tensor_tolerances": {}}, "tensors: expected tolerances for ['features'], got []"),
        ({"output_tolerances": {}}, "outputs and their tolerances name other artifacts"),
        (
            {"output_tolerances": {"model.onnx": {}}},
            "model.onnx: expected tolerances for ['prob",
        ),
    ],
)
def test_samples_that_do_not_hold_together_are_refused(
    tiny_golden: GoldenSamples, change: dict[str, Any], reason: str
) -> None:
    with pytest.raises(BundleError) as caught:
        replace(tiny_golden, **change)

    assert reason in str(caught.value)


@pytest.mark.parametrize("bound", [-1.0, float("nan"), float("inf")])
def test_a_tolerance_is_a_number_from_0(bound: float) -> None:
    with pytest.raises(BundleError, match="atol: expected a number from 0, got"):
        Tolerance(bound, 0.0)
    with pytest.raises(BundleError, match="rtol: expected a number from 0, got"):
        Tolerance(0.0, bound)


@pytest.mark.parametrize("suffix", ["", "jpg", ".", ".a/b", ".jpg ", "..", ".toolongsuffix"])
def test_media_have_a_plain_suffix(suffix: str) -> None:
    with pytest.raises(BundleError, match=r"expected a file suffix such as '\.jpg', got"):
        Media(b"", suffix)


def test_a_bundle_without_golden_samples_says_so(tiny_manifest: Manifest) -> None:
    with pytest.raises(BundleError, match="the bundle has no golden samples"):
        read_golden(bundled(tiny_manifest, {}))


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda m: m.update(more=1), "golden/samples.json: more: unknown key"),
        (lambda m: m.pop("tensors"), "golden/samples.json: tensors: missing"),
        (lambda m: m["samples"][1]["x"].update(more=1), "samples[1].x.more: unknown key"),
        (lambda m: m["samples"][1].update(x={}), "samples[1].x: expected one of file, text, row"),
        (lambda m: m["samples"][1]["x"].update(text="a"), "samples[1].x: expected one of file, t"),
        (lambda m: m["samples"][1]["x"].update(texts=["a", 1]), "texts: expected strings, got 1"),
        (lambda m: m["samples"][1].update(x=1), "samples[1].x: expected an object, got 1"),
        (lambda m: m["samples"][1].update(x={"array": "a"}), "x.array: golden/tensors.npz has no array 'a'"),
        (lambda m: m["samples"][1].update(x={"array": 1}), "samples[1].x.array: expected a string"),
        (lambda m: m["samples"][1].update(x={"file": "model.onnx"}), "x.file: the bundle has no file 'model.onnx'"),
        (lambda m: m["samples"][1].update(x={"file": "golden/tensors.npz"}), "has no file 'golden/tensors.npz'"),
        (lambda m: m["samples"][1].update(x={"row": {"a": []}}), "x.row.a: expected one value, got []"),
        (lambda m: m["samples"][1].update(x={"text": "a"}), "golden/samples.json: does not name array_1"),
        (lambda m: m["samples"][1].update(y={"text": "a"}), "samples[1]: expected the raw inputs ['x']"),
        (lambda m: m["tensors"]["features"].update(atol=-1), "tensors.features: golden sample: atol"),
        (lambda m: m["tensors"]["features"].pop("rtol"), "tensors.features.rtol: missing"),
        (lambda m: m["outputs"].update({"a.onnx": {}}), "the bundle has no artifact 'a.onnx'"),
        (lambda m: m["outputs"]["model.onnx"].update(y=m["outputs"]["model.onnx"].pop("probabilities")),
         "outputs.model.onnx: expected ['probabilities'], got ['y']"),
        (lambda m: m["samples"].append(m["samples"][0]), "expected 4 samples on the first axis"),
    ],
)  # fmt: skip
def test_a_fault_in_samples_json_is_named_by_its_path(
    tiny_manifest: Manifest,
    tiny_golden: GoldenSamples,
    edit: Callable[[dict[str, Any]], object],
    reason: str,
) -> None:
    files = golden_files(tiny_golden)
    members = json.loads(files["golden/samples.json"])
    edit(members)
    files["golden/samples.json"] = json.dumps(members).encode()

    with pytest.raises(BundleError) as caught:
        read_golden(bundled(tiny_manifest, files))

    assert reason in str(caught.value)


def test_a_golden_file_that_no_sample_names_is_refused(
    tiny_manifest: Manifest, tiny_golden: GoldenSamples
) -> None:
    files = {**golden_files(tiny_golden), "golden/9.jpg": JPEG}

    with pytest.raises(BundleError, match=r"samples\.json: does not name golden/9\.jpg"):
        read_golden(bundled(tiny_manifest, files))


HEADER = npy(np.zeros((3, 4), np.float32))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (npy(np.array([{}, 1, "a"], object), allow_pickle=True), "expected a .npy 1.0"),
        (npy(np.zeros(3, complex)), "expected a .npy 1.0 of little-endian numbers in C order"),
        (npy(np.zeros(3, "<M8[s]")), "expected a .npy 1.0 of little-endian numbers in C order"),
        (npy(np.array(["a", "b", "c"])), "got '<U1'"),
        (npy(np.zeros((3, 4), ">f4")), "expected a .npy 1.0 of little-endian numbers"),
        (npy(np.asfortranarray(np.zeros((3, 4)))), "little-endian numbers in C order"),
        (npy(np.zeros(3), version=(2, 0)), "expected a .npy 1.0"),
        (HEADER[:-1], "47 bytes are not an array of shape (3, 4)"),
        (HEADER + b"\0", "49 bytes are not an array of shape (3, 4)"),
        (HEADER.replace(b"(3, 4), }    ", b"(999999999999,)}"), "expected a .npy 1.0"),
        (
            HEADER.replace(b"(3, 4), }         ", b"(999999999999,), }"),
            "48 bytes are not an array",
        ),
        (HEADER.replace(b"(3, 4)", b"(9**9)"), "expected a .npy 1.0"),
        (HEADER.replace(b"(3, 4)", b"(-3,4)"), "expected a .npy 1.0"),
        (HEADER.replace(b"descr", b"desc_"), "expected a .npy 1.0"),
        (HEADER[:8] + b"\0\1" + HEADER[10:], "expected a .npy 1.0"),
        (b"", "expected a .npy 1.0"),
        (b"\x93NUMPY\x01\x00\xff", "expected a .npy 1.0"),
    ],
)
def test_an_array_that_is_not_plain_numbers_is_refused(
    tiny_manifest: Manifest, tiny_golden: GoldenSamples, content: bytes, reason: str
) -> None:
    files = golden_files(tiny_golden)
    arrays = {f"array_{number}.npy": npy(np.zeros((3, 3))) for number in range(5)}
    arrays["array_3.npy"] = content
    files["golden/tensors.npz"] = b"".join(archive_bytes(arrays))

    with pytest.raises(BundleError) as caught:
        read_golden(bundled(tiny_manifest, files))

    assert str(caught.value).startswith("golden/tensors.npz: array_3: ")
    assert reason in str(caught.value)


def test_an_npz_that_is_not_canonical_is_refused(
    tiny_manifest: Manifest, tiny_golden: GoldenSamples
) -> None:
    file = io.BytesIO()
    np.savez(file, array_0=np.zeros(3))
    files = {**golden_files(tiny_golden), "golden/tensors.npz": file.getvalue()}

    with pytest.raises(BundleError, match=r"^golden/tensors\.npz: array_0\.npy: its record in"):
        read_golden(bundled(tiny_manifest, files))


def test_one_file_of_golden_samples_is_enough_to_have_some(tiny_bundle: Bundle) -> None:
    files = {
        name: content for name, content in tiny_bundle.files.items() if "tensors" not in name
    }
    without = {name: content for name, content in files.items() if "golden" not in name}

    assert has_golden(replace(tiny_bundle, files=files))
    assert not has_golden(replace(tiny_bundle, files=without))
