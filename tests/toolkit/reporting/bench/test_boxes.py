from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from edgesmith.reporting.bench.boxes import Box, boxes_of, operations, parts_of
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


def test_a_part_says_what_it_is_and_its_interval(small_profile: Profile) -> None:
    root = boxes_of(small_profile.artifacts[0])

    assert _box(root, "reading").hint == (
        "the raw input made a batch, the tensors checked; interval 4.85 to 5.20 µs"
    )
    assert _box(root, "rest").hint == "what the parts leave of the whole"


def test_without_raw_inputs_the_parts_around_the_engine_are_not_there(
    small_profile: Profile,
) -> None:
    bare = dataclasses.replace(
        small_profile.artifacts[0],
        predict_ns=None,
        transform=(),
        reading_ns=None,
        colder_ns=None,
        answer_ns=None,
    )

    assert [one.name for one in parts_of(bare)] == ["layers", "framework", "copies", "rest"]
    assert boxes_of(bare).name == "a call of the engine"


def test_what_came_to_nothing_has_no_box(small_profile: Profile) -> None:
    nothing = Estimate(value=0.0, low=-40.0, high=0.0)
    odd = dataclasses.replace(
        small_profile.artifacts[0], colder_ns=nothing, framework_ns=nothing
    )

    names = [one.name for one in boxes_of(odd).parts]

    assert "colder" not in names
    assert "framework" not in names


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


def test_one_operation_is_told_with_its_layer_and_has_no_box(small_profile: Profile) -> None:
    pool = _box(boxes_of(small_profile.artifacts[0]), "layers", "pool")

    assert pool.parts == ()
    assert pool.hint.startswith("pool (GlobalAveragePool), 1.6 % of the engine's call")


def test_operations_of_one_kind_are_counted(small_profile: Profile) -> None:
    add = next(one for one in small_profile.artifacts[0].layers if one.layer == "block1/add")

    assert operations(add) == "Add, Relu"
    assert operations(dataclasses.replace(add, ops=add.ops * 2)) == "2 Add, 2 Relu"
