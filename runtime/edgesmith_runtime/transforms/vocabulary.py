"""The closed vocabulary of steps: each op by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, cast

__all__ = ["AS_TEXT", "FILLING", "FROM_ASSET", "JOINING", "OPS"]

_Made = Callable[..., Callable[..., Any]]

# The leaf file and the class in it: a program needs a few of them, and pays for no other.
_HOMES = {
    "decode_image": "image.DecodeImage",
    "resize": "resize.Resize",
    "crop": "crops.Crop",
    "center_crop": "crops.CenterCrop",
    "letterbox": "crops.Letterbox",
    "cover": "crops.Cover",
    "reorder_channels": "channels.ReorderChannels",
    "channels_first": "channels.ChannelsFirst",
    "decode_audio": "audio.DecodeAudio",
    "resample": "resampling.Resample",
    "trim_silence": "waveform.TrimSilence",
    "fit_length": "waveform.FitLength",
    "pre_emphasis": "waveform.PreEmphasis",
    "frames": "framing.Frames",
    "stft": "spectra.Stft",
    "mel": "mel.Mel",
    "log": "levels.Log",
    "pcen": "levels.Pcen",
    "dct": "mel.Dct",
    "standardize_sample": "sample_scaling.StandardizeSample",
    "numbers": "table.Numbers",
    "categories": "table.Categories",
    "fill_categories": "table.FillCategories",
    "one_hot": "table.OneHot",
    "ordinal": "table.Ordinal",
    "merge_rare": "table_texts.MergeRare",
    "column_texts": "table_texts.ColumnTexts",
    "dates": "dates.Dates",
    "log1p": "powers.Log1p",
    "yeo_johnson": "powers.YeoJohnson",
    "box_cox": "powers.BoxCox",
    "tensor": "numeric.Tensor",
    "fill": "numeric.Fill",
    "clip": "numeric.Clip",
    "scale": "numeric.Scale",
    "cast": "numeric.Cast",
    "concat": "numeric.Concat",
    "reshape": "axes.Reshape",
    "transpose": "axes.Transpose",
    "read_series": "series.ReadSeries",
    "interpolate": "missing_points.Interpolate",
    "drop_missing_points": "missing_points.DropMissingPoints",
    "resample_series": "lengths.ResampleSeries",
    "fit_length_series": "lengths.FitLengthSeries",
    "power_spectrum": "periodogram.PowerSpectrum",
    "statistics": "statistics.Statistics",
    "moving_average": "filters.MovingAverage",
    "median_filter": "filters.MedianFilter",
    "gaussian_filter": "filters.GaussianFilter",
    "savitzky_golay": "filters.SavitzkyGolay",
    "butterworth": "butterworth.Butterworth",
    "text": "text.Text",
    "standardize_text": "text.StandardizeText",
    "split_text": "text.SplitText",
    "ngrams": "text.Ngrams",
    "normalize_text": "normalize_text.NormalizeText",
    "words": "words.Words",
    "character_ngrams": "words.CharacterNgrams",
    "tokenize": "tokenizer.Tokenize",
    "lookup": "lookup.Lookup",
    "lookup_numbers": "lookup.LookupNumbers",
    "hash": "hashing.Hash",
    "cross_hash": "hashing.CrossHash",
    "pad": "indices.Pad",
    "count_indices": "indices.CountIndices",
    "one_hot_indices": "indices.OneHotIndices",
    "weigh": "indices.Weigh",
    "tf_idf": "tf_idf.TfIdf",
}


class _Vocabulary(Mapping[str, _Made]):
    """Ops by name; the leaf file of one is imported when it is asked for."""

    def __getitem__(self, name: str) -> _Made:
        module, made = _HOMES[name].split(".")
        return cast(
            "_Made", getattr(import_module(f"edgesmith_runtime.transforms.{module}"), made)
        )

    def __contains__(self, name: object) -> bool:
        return name in _HOMES

    def __iter__(self) -> Iterator[str]:
        return iter(_HOMES)

    def __len__(self) -> int:
        return len(_HOMES)


OPS: Mapping[str, _Made] = _Vocabulary()

# Take any number of values; the others one.
JOINING = frozenset({"concat", "cross_hash"})

# Take NaN for what is missing and give numbers.
FILLING = frozenset({"fill", "interpolate", "drop_missing_points"})

# The param that an asset's content is.
FROM_ASSET = {
    "lookup": "vocabulary",
    "lookup_numbers": "vocabulary",
    "weigh": "weights",
    "tf_idf": "weights",
    "tokenize": "tokenizer",
}

# Take the asset as its text, whatever JSON it is.
AS_TEXT = frozenset({"tokenize"})
