"""Pooling: by window, to a given size, and over everything."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from keras import layers

from conversion_cases.feeding import Feed, layer_case

if TYPE_CHECKING:
    from conversion_cases.case import Case

__all__ = ["CASES"]

_LAST = {1: Feed((13, 4)), 2: Feed((11, 9, 4)), 3: Feed((7, 6, 5, 4))}
_FIRST = {1: Feed((4, 13)), 2: Feed((4, 11, 9)), 3: Feed((4, 7, 6, 5))}
_ADAPTED = {1: 5, 2: (4, 3), 3: (3, 2, 4)}
_WINDOWS: dict[str, dict[str, Any]] = {
    "valid": {"pool_size": 2},
    "same_overlapping": {"pool_size": 3, "strides": 2, "padding": "same"},
    "same_stride_1": {"pool_size": 3, "strides": 1, "padding": "same"},
    "channels_first": {"pool_size": 2, "data_format": "channels_first"},
}


def _case(name: str, settings: dict[str, Any], feed: Feed, *lengths: int) -> Case:
    made = partial(getattr(layers, name.split("/")[1]), **settings)
    return layer_case(name, lambda x: made()(x), feed, lengths=lengths)


def _feed(rank: int, setting: str) -> Feed:
    return (_FIRST if setting.startswith("channels_first") else _LAST)[rank]


CASES = (
    *(
        _case(f"layers/{kind}Pooling{rank}D/{setting}", settings, _feed(rank, setting))
        for kind in ("Average", "Max")
        for rank in (1, 2, 3)
        for setting, settings in _WINDOWS.items()
    ),
    *(
        _case(
            f"layers/Adaptive{kind}Pooling{rank}D/{setting}",
            {"output_size": _ADAPTED[rank], "data_format": setting},
            _feed(rank, setting),
        )
        for kind in ("Average", "Max")
        for rank in (1, 2, 3)
        for setting in ("channels_last", "channels_first")
    ),
    *(
        _case(f"layers/Global{kind}Pooling{rank}D/{setting}", settings, _feed(rank, setting))
        for kind in ("Average", "Max")
        for rank in (1, 2, 3)
        for setting, settings in (
            ("flat", {}),
            ("keepdims", {"keepdims": True}),
            ("channels_first", {"data_format": "channels_first"}),
        )
    ),
    _case(
        "layers/AveragePooling1D/free_time",
        {"pool_size": 2, "padding": "same"},
        Feed((None, 4)),
        9,
        16,
    ),
    _case("layers/MaxPooling2D/free_size", {"padding": "same"}, Feed((None, None, 4)), 7, 10),
    _case(
        "layers/AveragePooling2D/free_size_same",
        {"pool_size": 3, "strides": 2, "padding": "same"},
        Feed((None, None, 4)),
        7,
        10,
    ),
    _case("layers/GlobalAveragePooling2D/free_size", {}, Feed((None, None, 4)), 7, 10),
    _case("layers/GlobalMaxPooling1D/free_time", {}, Feed((None, 4)), 9, 16),
    layer_case(
        "layers/GlobalAveragePooling1D/masked",
        lambda x: layers.GlobalAveragePooling1D()(layers.Embedding(20, 6, mask_zero=True)(x)),
        Feed((9,), "int32", lambda rng, shape: rng.integers(0, 3, shape)),
        covers=("Embedding",),
    ),
)
