from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from edgesmith.packing.golden import MAX_RAW_BYTES, golden_rows, golden_samples
from edgesmith_runtime.errors import DataError
from edgesmith_runtime.golden import Media, Tolerance
from edgesmith_runtime.manifest import Kind, RawInput, Step
from edgesmith_runtime.transforms import Transform

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from edgesmith_runtime.golden import GoldenSamples


def _sizes(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Stands for a transform: the length of each raw sample, as a tensor."""
    return {"n": np.array([[float(len(sample))] for sample in raw["raw"]], np.float32)}


def _nothing(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {"n": np.zeros((len(raw["raw"]), 1), np.float32)}


def _golden(kind: Kind, batch: Any, transform: Any = _sizes) -> GoldenSamples:
    return golden_samples(
        (RawInput("raw", kind, ""),),
        {"raw": batch},
        transform,
        original=lambda tensors: {"y": tensors["n"] * 2},
        inputs=["n"],
        artifacts={"model.onnx": {"y": Tolerance(0.5, 0.0)}},
    )


def test_every_class_is_there() -> None:
    targets = np.array([0] * 50 + [1] * 30 + [2] * 3 + [3])

    rows = golden_rows(targets, len(targets))

    assert len(rows) == 8
    assert rows == sorted(set(rows))
    assert set(targets[rows].tolist()) == {0, 1, 2, 3}


def test_too_many_classes_are_thinned_evenly() -> None:
    targets = np.repeat(np.arange(100), 3)

    rows = golden_rows(targets, 300)

    assert targets[rows].tolist() == [0, 14, 28, 42, 57, 71, 85, 99]


def test_values_are_spread_over_their_range() -> None:
    targets = np.random.default_rng(0).permutation(1000).astype(np.float32).reshape(-1, 1)

    rows = golden_rows(targets, 1000)

    values = np.sort(targets[rows, 0])
    assert (values[0], values[-1]) == (0.0, 999.0)
    assert np.diff(values).max() < 150


@pytest.mark.parametrize("n_samples", [1, 8])
def test_few_samples_are_all_kept(n_samples: int) -> None:
    assert golden_rows(None, n_samples) == list(range(n_samples))


def test_without_targets_rows_are_evenly_spaced() -> None:
    assert golden_rows(None, 15) == [0, 2, 4, 6, 8, 10, 12, 14]


def _with_lengths(*texts: str) -> GoldenSamples:
    return golden_samples(
        (RawInput("raw", Kind.TEXT, ""),),
        {"raw": list(texts)},
        cast("Transform", _letters),
        original=lambda tensors: {"y": tensors["n"] * 2},
        inputs=["n"],
        artifacts={"model.onnx": {"y": Tolerance(0.5, 0.0)}},
        earlier=["letters"],
    )


def _letters(raw: Mapping[str, Any]) -> dict[str, Any]:
    letters = [np.frombuffer(text.encode(), np.uint8) for text in raw["raw"]]
    return {**_sizes(raw), "letters": np.stack(letters)}


def test_values_that_a_fused_artifact_takes_are_kept_where_they_have_one_shape() -> None:
    assert _with_lengths("abc", "bcd").tensors["letters"].tolist() == [
        [97, 98, 99],
        [98, 99, 100],
    ]
    assert set(_with_lengths("abc", "bc").tensors) == {"n"}


def test_large_values_that_a_fused_artifact_takes_are_not_kept() -> None:
    assert set(_with_lengths("a" * (MAX_RAW_BYTES + 1)).tensors) == {"n"}


def test_expected_outputs_are_the_originals() -> None:
    golden = _golden(Kind.TEXT, ["a", "bcd"])

    assert golden.raw == ({"raw": "a"}, {"raw": "bcd"})
    np.testing.assert_array_equal(golden.tensors["n"], [[1], [3]])
    np.testing.assert_array_equal(golden.outputs["model.onnx"]["y"], [[2], [6]])
    assert golden.output_tolerances == {"model.onnx": {"y": Tolerance(0.5, 0.0)}}


def test_files_are_kept_as_they_are(tmp_path: Path) -> None:
    png = b"\x89PNG\r\n\x1a\n..."
    (tmp_path / "two.JPG").write_bytes(b"anything")

    jpg = tmp_path / "two.JPG"
    golden = _golden(Kind.IMAGE, [png, jpg, str(jpg), np.zeros((2, 2), np.uint8)], _nothing)

    first, second, third, last = (sample["raw"] for sample in golden.raw)
    assert first == Media(png, ".png")
    assert second == third == Media(b"anything", ".jpg")
    np.testing.assert_array_equal(np.asarray(last), np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        (b"RIFF....WAVEfmt ", ".wav"),
        (b"RIFF....WEBPVP8 ", ".webp"),
        (b"\xff\xd8\xff\xe0", ".jpg"),
        (b"P5 2 2 255 ", ".pgm"),
        (b"what is it", ".bin"),
    ],
)
def test_bytes_are_called_by_what_they_begin_with(content: bytes, suffix: str) -> None:
    golden = _golden(Kind.AUDIO, [content])

    assert golden.raw[0]["raw"] == Media(content, suffix)


def test_a_table_is_kept_row_by_row() -> None:
    step = Step(
        op="numbers",
        inputs=("raw",),
        outputs=("n",),
        params={"columns": ["age"], "missing": [[]]},
    )
    table = {"age": np.array([31, 45]), "name": ["a", None]}

    golden = _golden(Kind.TABLE, table, Transform((step,), ("raw",)))

    assert golden.raw == ({"raw": {"age": 31, "name": "a"}}, {"raw": {"age": 45, "name": None}})
    np.testing.assert_array_equal(golden.tensors["n"], [[31.0], [45.0]])


def test_raw_samples_stay_within_a_megabyte() -> None:
    block = bytes(400_000)

    golden = _golden(Kind.IMAGE, [block] * 8)

    assert len(golden.raw) == MAX_RAW_BYTES // len(block) == 2
    assert golden.tensors["n"].shape == (2, 1)


def test_one_sample_stays_however_large() -> None:
    assert len(_golden(Kind.IMAGE, [bytes(2 << 20)] * 3).raw) == 1


def test_tensors_may_differ_in_their_last_bits() -> None:
    golden = _golden(Kind.TEXT, ["a" * 10])

    bound = golden.tensor_tolerances["n"]
    assert (bound.atol, bound.rtol) == (pytest.approx(1e-5), 1e-6)


def test_no_samples_are_refused() -> None:
    with pytest.raises(
        DataError, match="golden samples: expected as many samples of each raw inp"
    ):
        _golden(Kind.TEXT, [])


@pytest.mark.parametrize(
    ("batch", "kept"),
    [
        (["a", "é"], ["a", "é"]),
        ([b"a", "\u00e9".encode()], ["a", "é"]),
        (np.array([["a"], ["b"]], object), ["a", "b"]),
        (np.array([["a", "b"], ["c", ""]], object), [("a", "b"), ("c", "")]),
    ],
)
def test_texts_are_kept_as_an_app_has_them(batch: Any, kept: list[Any]) -> None:
    golden = _golden(Kind.TEXT, batch)

    assert [sample["raw"] for sample in golden.raw] == kept


def test_samples_whose_tensors_have_a_rarer_shape_are_left_out() -> None:
    def codes(raw: Mapping[str, Any]) -> dict[str, Any]:
        (text,) = raw["raw"]
        return {"n": np.array([[ord(letter) for letter in text]], np.int64)}

    golden = _golden(Kind.TEXT, ["a", "bcd", "e", ""], codes)

    assert [sample["raw"] for sample in golden.raw] == ["a", "e"]
    np.testing.assert_array_equal(golden.tensors["n"], [[97], [101]])
    np.testing.assert_array_equal(golden.outputs["model.onnx"]["y"], [[194], [202]])


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ([b"\xff"], "golden samples: expected texts in UTF-8, got bytes that are not"),
        (
            np.full((1, 2, 2), "a", object),
            r"golden samples: expected one row of texts a sample, got the shape \(2, 2\)",
        ),
    ],
)
def test_texts_that_samples_json_cannot_hold_are_refused(batch: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        _golden(Kind.TEXT, batch)
