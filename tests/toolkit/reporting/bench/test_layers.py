from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from edgesmith.reporting.bench.layers import Box, boxes_of, layers_chapter
from edgesmith_runtime.latency import Estimate

if TYPE_CHECKING:
    from edgesmith.layer_times import Profile


def _box(box: Box, *path: str) -> Box:
    for name in path:
        box = next(part for part in box.parts if part.name == name)
    return box


def test_a_call_is_made_of_its_parts(small_profile: Profile) -> None:
    root = boxes_of(small_profile.artifacts[0])

    assert [part.name for part in root.parts] == [
        "reading",
        "transform",
        "layers",
        "framework",
        "copies",
        "colder",
        "answer",
        "rest",
    ]
    assert sum(part.time_ns for part in root.parts) == pytest.approx(root.time_ns)


def test_layers_nest_by_the_parts_of_their_paths(small_profile: Profile) -> None:
    layers = _box(boxes_of(small_profile.artifacts[0]), "layers")

    assert [one.name for one in layers.parts] == [
        "stem",
        "block1",
        "block2",
        "block3",
        "pool",
        "head",
    ]
    assert [one.name for one in _box(layers, "block1").parts] == ["conv_1", "conv_2", "add"]
    assert [one.name for one in _box(layers, "block1", "add").parts] == ["Add", "Relu"]
    assert _box(layers, "block1").time_ns == pytest.approx(23e3)


def test_what_came_to_less_than_nothing_has_no_box_and_is_told(small_profile: Profile) -> None:
    odd = dataclasses.replace(
        small_profile.artifacts[0],
        framework_ns=Estimate(value=-900.0, low=-1000.0, high=-800.0),
    )
    profile = dataclasses.replace(small_profile, artifacts=(odd,))

    [chapter] = layers_chapter(profile)

    assert "framework" not in [name for name, _, _ in chapter.parts]
    assert (
        "The framework came to 900 ns less than nothing: the parts, measured one by one, took "
        "longer than the whole." in chapter.notes
    )


def test_the_slowest_layers_come_first(small_profile: Profile) -> None:
    [chapter] = layers_chapter(small_profile)

    assert chapter.slowest[0] == (
        "stem/conv",
        "Conv, Relu",
        "18.0 µs",
        "17.5 to 18.7 µs",
        "19.8 %",
    )
    assert chapter.n_layers == 12


def test_one_operation_is_told_with_its_layer_and_has_no_box(small_profile: Profile) -> None:
    pool = _box(boxes_of(small_profile.artifacts[0]), "layers", "pool")

    assert pool.parts == ()
    assert pool.hint.startswith("pool (GlobalAveragePool), 1.6 % of the engine's call")
