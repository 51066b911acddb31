"""Every op: the same to the bit for one sample and many, plain data, and deaf to other kinds."""

from __future__ import annotations

import json
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgesmith_runtime.errors import EdgesmithError, InputError, TransformError
from edgesmith_runtime.manifest import Step
from edgesmith_runtime.transforms import OPS, Transform, make_op

if TYPE_CHECKING:
    from collections.abc import Callable

COLOURS = ("red", "green", "blue")

# A vocabulary of three words, as the library "tokenizers" writes it.
TOKENIZER = json.dumps(
    {
        "version": "1.0",
        "pre_tokenizer": {"type": "Whitespace"},
        "model": {
            "type": "WordLevel",
            "vocab": {"?": 0, "red": 1, "blue": 2, "!": 3},
            "unk_token": "?",
        },
    }
)

PARAMS: dict[str, list[dict[str, Any]]] = {
    "decode_image": [{"mode": "grey"}, {"mode": "rgb"}, {"mode": "grey", "alpha": "white"}],
    "resize": [
        {"height": 5, "width": 9},
        {"height": 40, "width": 3, "method": "bicubic", "antialias": False},
        {"height": 5, "width": 9, "method": "nearest"},
        {"height": 5, "width": 40, "method": "lanczos3"},
        {"height": 5, "width": 40, "method": "area"},
    ],
    "crop": [{"top": 3, "left": 1, "height": 9, "width": 5}],
    "center_crop": [{"height": 9, "width": 5}],
    "letterbox": [{"height": 12, "width": 20, "color": [1, 2, 3]}, {"height": 40, "width": 6}],
    "cover": [{"height": 12, "width": 20}, {"height": 40, "width": 6, "method": "bicubic"}],
    "reorder_channels": [{"order": [2, 1, 0]}],
    "channels_first": [{}],
    "numbers": [{"columns": ["a", "b"], "missing": [["?"], []]}],
    "categories": [{"columns": ["c", "a"], "missing": [["?"], []]}],
    "fill_categories": [{"values": ["red", None]}],
    "one_hot": [
        {"categories": [COLOURS, ["x"]], "unknown": "zeros"},
        {"categories": [COLOURS, ["x"]], "unknown": "column"},
    ],
    "ordinal": [{"categories": [COLOURS, ["x"]], "unknown": "index"}],
    "merge_rare": [{"kept": [["red"], None]}],
    "column_texts": [{"column": "c", "missing": ["?"]}],
    "dates": [
        {"columns": ["d", "e"], "missing": [["?"], []], "parts": ["year", "hour", "weekday"]},
        {"columns": ["d"], "missing": [["?"]], "parts": ["year", "month"], "cyclic": True},
    ],
    "log1p": [{}],
    "yeo_johnson": [{"powers": [0.3, None, -1]}],
    "box_cox": [{"powers": [0, 0.3, None]}],
    "tensor": [
        {"dtype": "float32", "shape": [7, -1, 3]},
        {"dtype": "float16", "shape": [7, -1, 3], "low": -100, "high": 99.5},
    ],
    "fill": [{"values": [1, None, 2.5]}],
    "clip": [{"low": [-1, None, 0.1], "high": [1]}],
    "scale": [{"offset": [0.1, 0.2, 0.3], "scale": [3]}],
    "cast": [{"dtype": "float16"}],
    "concat": [{}],
    "reshape": [{"shape": [77, 3, 1]}, {"shape": [-1, 21]}],
    "transpose": [{"axes": [2, 0, 1]}],
    "moving_average": [
        {"size": 9, "axes": [0, 1]},
        {"size": 9, "axes": [0, 1], "causal": True},
    ],
    "median_filter": [{"size": 3, "axes": [0, 1]}, {"size": 3, "axes": [0], "causal": True}],
    "gaussian_filter": [{"sigma": 1.3, "axes": [1, 0]}],
    "savitzky_golay": [
        {"window": 7, "order": 3, "axis": 1},
        {"window": 7, "order": 3, "axis": 1, "causal": True},
    ],
    "butterworth": [
        {"kind": "low", "order": 3, "cutoff": [0.1]},
        {"kind": "band", "order": 2, "cutoff": [5, 20], "rate": 100, "causal": True, "axis": 1},
    ],
    "read_series": [{"channels": 3, "length": 90}],
    "interpolate": [{}, {"max_gap": 89}],
    "drop_missing_points": [{}],
    "resample_series": [{"length": 100}, {"length": 7}],
    "fit_length_series": [{"length": 100}, {"length": 7, "pad": "zero", "keep": "end"}],
    "power_spectrum": [{}, {"window": "rectangle", "log": True, "flat": True}],
    "statistics": [{"names": ["mean", "std", "median_absolute_deviation", "kurtosis"]}],
    "text": [{"shape": [2]}],
    "standardize_text": [{"lower": True, "strip_punctuation": True}],
    "split_text": [{"by": "whitespace"}, {"by": "character"}],
    "ngrams": [{"widths": [2, 1]}],
    "normalize_text": [
        {},
        {"form": "NFKC", "case": "fold", "strip_accents": True, "collapse_blanks": True},
        {"case": "lower", "punctuation": "space", "digits": "zero"},
    ],
    "words": [{}, {"shortest": 2, "marks": True}],
    "character_ngrams": [{"widths": [1, 4]}],
    "tokenize": [{"tokenizer": TOKENIZER, "first": 1}],
    "lookup": [
        {"vocabulary": COLOURS, "first": 1, "mask": ""},
        {"vocabulary": COLOURS, "n_unknown": 3, "salt": [1, 2]},
    ],
    "lookup_numbers": [{"vocabulary": [3, 5], "n_unknown": 4}],
    "hash": [{"n_bins": 7}, {"n_bins": 7, "salt": [1, 2], "mask": "red"}],
    "cross_hash": [{"n_bins": 7}],
    "pad": [{"length": 3}],
    "count_indices": [{"depth": 6, "binary": False, "dtype": "int64"}],
    "one_hot_indices": [{"depth": 6, "squeeze": False, "dtype": "float32"}],
    "weigh": [{"weights": [0.1, 0.2, 0.3]}],
    "tf_idf": [
        {"weights": [0.1, 0.2, 0.3, 2.7, 1.9]},
        {"weights": [0.1, 0.2, 0.3, 2.7, 1.9], "first": 0, "sublinear": False},
    ],
    "decode_audio": [{"sample_rate": 8000}],
    "resample": [{"from_rate": 8000, "to_rate": 11025}, {"from_rate": 16000, "to_rate": 8000}],
    "trim_silence": [{"threshold_db": 3, "frame_length": 20, "hop": 5}],
    "fit_length": [{"length": 310, "align": "center"}, {"length": 1000}],
    "pre_emphasis": [{"coefficient": 0.97}],
    "frames": [{"length": 50, "hop": 20}, {"length": 50, "hop": 20, "pad_end": True}],
    "stft": [
        {"frame_length": 50, "hop": 20, "fft_length": 64},
        {"frame_length": 50, "hop": 20, "fft_length": 64, "center": "reflect"},
    ],
    "mel": [{"sample_rate": 8000, "fft_length": 64, "n_mels": 10}],
    "log": [{"floor": 1e-6, "unit": "decibel"}],
    "pcen": [{}],
    "dct": [{"n_places": 33, "n_coefficients": 13}],
    "standardize_sample": [{"axes": [0]}, {"axes": [1, 0], "method": "minmax"}],
}
ABSENT = set() if find_spec("tokenizers") else {"tokenize"}
IMAGE_OPS = {
    "decode_image",
    "resize",
    "crop",
    "center_crop",
    "letterbox",
    "cover",
    "reorder_channels",
    "channels_first",
}
CASES = [
    (op, params) for op, variants in PARAMS.items() for params in variants if op not in ABSENT
]


def _batch(op: str, rng: np.random.Generator, n: int) -> Any:
    if op in {"numbers", "categories", "column_texts", "dates"}:
        moments = rng.integers(-(10**10), 10**10, n).astype("M8[s]")
        return {
            "d": [*map(str, moments[1:]), "?"],
            "e": moments,
            "a": rng.normal(size=n).tolist(),
            "b": [str(number) for number in rng.normal(size=n)],
            "c": rng.choice([*COLOURS, "?", "violet"], n).tolist(),
        }
    if op in {"fill_categories", "one_hot", "ordinal", "merge_rare"}:
        return rng.choice(np.array([*COLOURS, None, "violet"], object), (n, 2))
    if op in IMAGE_OPS:
        return list(rng.integers(0, 256, (n, 31, 17, 3), np.uint8))
    if op in BATCHES:
        return BATCHES[op](rng, n)
    numbers = rng.normal(size=(n, 7, 11, 3)).astype(np.float32)
    if op == "fill":
        numbers[rng.random(numbers.shape) < 0.2] = np.nan
    if op == "box_cox":
        numbers = np.abs(numbers)
    return numbers


def _texts(rng: np.random.Generator, n: int) -> Any:
    return rng.choice(np.array(["red, GREEN!", "", "e\u0301 blue", "\u3000"], object), (n, 2))


def _bytes(rng: np.random.Generator, n: int) -> Any:
    encoded = np.empty((n, 1), object)
    encoded[:, 0] = [text.encode() for text in _texts(rng, n)[:, 0]]
    return encoded


def _tokens(rng: np.random.Generator, n: int) -> Any:
    return [[*map(str.encode, rng.choice(COLOURS, rng.integers(0, 5)))] for _ in range(n)]


def _codes(rng: np.random.Generator, n: int) -> Any:
    return rng.integers(-1, 9, (n, 3))


def _rows_of_codes(rng: np.random.Generator, n: int) -> Any:
    return [rng.integers(-1, 9, rng.integers(0, 6)).tolist() for _ in range(n)]


def _recordings(rng: np.random.Generator, n: int) -> Any:
    return rng.normal(size=(n, 400)).astype(np.float32)


def _series(rng: np.random.Generator, n: int) -> Any:
    return rng.normal(size=(n, 90, 3)).astype(np.float32)


def _series_with_gaps(rng: np.random.Generator, n: int) -> Any:
    series = _series(rng, n)
    series[:, 1:][rng.random((n, 89, 3)) < 0.2] = np.nan
    return series


def _spectra(rng: np.random.Generator, n: int) -> Any:
    return rng.uniform(size=(n, 150, 33)).astype(np.float32)


BATCHES: dict[str, Callable[[np.random.Generator, int], Any]] = {
    "text": _texts,
    **dict.fromkeys(
        (
            "standardize_text",
            "split_text",
            "hash",
            "cross_hash",
            "normalize_text",
            "words",
            "character_ngrams",
            "tokenize",
        ),
        _bytes,
    ),
    **dict.fromkeys(("ngrams", "lookup"), _tokens),
    **dict.fromkeys(("lookup_numbers", "one_hot_indices"), _codes),
    **dict.fromkeys(("pad", "count_indices", "tf_idf"), _rows_of_codes),
    **dict.fromkeys(("decode_audio", "resample", "trim_silence"), _recordings),
    **dict.fromkeys(("fit_length", "pre_emphasis", "frames", "stft"), _recordings),
    **dict.fromkeys(("read_series", "interpolate", "drop_missing_points"), _series_with_gaps),
    **dict.fromkeys(("resample_series", "fit_length_series", "statistics"), _series),
    "power_spectrum": _series,
    **dict.fromkeys(("mel", "log", "pcen", "dct", "standardize_sample"), _spectra),
}


def _some(batch: Any, start: int, stop: int) -> Any:
    if isinstance(batch, dict):
        return {name: values[start:stop] for name, values in batch.items()}
    return batch[start:stop]


def _step(op: str, params: dict[str, Any] | None = None, **more: Any) -> Step:
    return Step(op=op, inputs=("raw",), outputs=("made",), params=params or {}, **more)


def test_the_tests_know_the_whole_vocabulary() -> None:
    assert set(PARAMS) == set(OPS)


@pytest.mark.parametrize(("op", "params"), CASES)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32), n=st.integers(1, 9))
def test_a_batch_is_its_samples_one_by_one_to_the_bit(
    op: str, params: dict[str, Any], seed: int, n: int
) -> None:
    transform = Transform((_step(op, params),), ("raw",))
    batch = _batch(op, np.random.default_rng(seed), n)

    together = transform({"raw": batch})["made"]

    alone = [
        transform({"raw": _some(batch, index, index + 1)})["made"][0] for index in range(n)
    ]
    assert len(together) == n
    for sample, expected in zip(together, alone, strict=True):
        np.testing.assert_array_equal(sample, expected, strict=True)


@pytest.mark.parametrize(("op", "params"), CASES)
def test_no_samples_give_none_of_the_rank_that_samples_have(
    op: str, params: dict[str, Any]
) -> None:
    transform = Transform((_step(op, params),), ("raw",))
    batch = _batch(op, np.random.default_rng(0), 4)
    if isinstance(batch, list) and isinstance(batch[0], np.ndarray):
        batch = np.stack(batch)

    made, empty = (transform({"raw": given})["made"] for given in (batch, _some(batch, 0, 0)))

    assert len(empty) == 0
    if isinstance(made[0], np.ndarray):
        assert np.ndim(empty) == made[0].ndim + 1
        assert empty.dtype == made[0].dtype


@pytest.mark.parametrize(("op", "params"), CASES)
def test_no_op_changes_what_it_is_given(op: str, params: dict[str, Any]) -> None:
    batch = _batch(op, np.random.default_rng(0), 4)
    same = _batch(op, np.random.default_rng(0), 4)

    Transform((_step(op, params),), ("raw",))({"raw": batch})

    np.testing.assert_equal(batch, same)


@pytest.mark.parametrize(("op", "params"), CASES)
def test_an_op_is_plain_data_that_compares(op: str, params: dict[str, Any]) -> None:
    first, second = make_op(_step(op, params), "step"), make_op(_step(op, params), "step")

    assert first == second
    assert hash(first) == hash(second)


@pytest.mark.parametrize(
    "value",
    [{"z": ["1"]}, ["words"], [None], [[[1.0]]]],
    ids=["table", "text", "none", "nested"],
)
@pytest.mark.parametrize(("op", "params"), CASES)
def test_a_value_of_another_kind_is_refused(
    op: str, params: dict[str, Any], value: object
) -> None:
    with pytest.raises((InputError, TransformError), match=r"^input 'raw': "):
        Transform((_step(op, params),), ("raw",))({"raw": value})


@pytest.mark.parametrize(
    "hostile",
    [10**400, 10**30, 1 << 32, -1, 1e300, float("nan")],
    ids=["1e400", "1e30", "2^32", "-1", "1e300-float", "nan"],
)
@pytest.mark.parametrize(("op", "params"), CASES)
def test_a_number_that_no_param_can_be_is_refused_or_does_no_harm(
    op: str, params: dict[str, Any], hostile: float
) -> None:
    batch = _batch(op, np.random.default_rng(0), 2)

    for name, value in params.items():
        is_list = isinstance(value, list | tuple)
        changed = {**params, name: [hostile] * len(value) if is_list else hostile}
        with np.errstate(all="ignore"), suppress(EdgesmithError):
            Transform((_step(op, changed),), ("raw",))({"raw": batch})


def test_a_big_batch_is_its_samples_one_by_one_to_the_bit() -> None:
    steps = (
        Step(op="decode_image", inputs=("raw",), outputs=("p",), params={"mode": "grey"}),
        Step(
            op="gaussian_filter",
            inputs=("p",),
            outputs=("g",),
            params=PARAMS["gaussian_filter"][0],
        ),
        Step(op="resize", inputs=("g",), outputs=("r",), params={"height": 20, "width": 33}),
        Step(op="scale", inputs=("r",), outputs=("x",), params={"offset": [3], "scale": [7]}),
    )
    transform = Transform(steps, ("raw",))
    images = np.random.default_rng(1).integers(0, 256, (1000, 40, 50, 3), np.uint8)

    together = transform({"raw": images})["x"]

    for index in (0, 1, 499, 998, 999):
        alone = transform({"raw": [images[index]]})["x"]
        np.testing.assert_array_equal(together[index], alone[0], strict=True)
