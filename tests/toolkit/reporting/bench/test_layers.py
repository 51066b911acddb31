from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from edgesmith.reporting.bench.layers import LayerRow, PartRow, layers_chapter
from edgesmith_runtime.latency import Estimate

if TYPE_CHECKING:
    from edgesmith.layer_times import Profile


def test_every_part_stands_with_its_interval(small_profile: Profile) -> None:
    [chapter] = layers_chapter(small_profile)

    by_name = {one.name: one for one in chapter.parts}
    assert by_name["reading"] == PartRow(
        name="reading",
        what="the raw input made a batch, the tensors checked",
        time="5.00 µs",
        interval="4.85 to 5.20 µs",
        share="3.3 %",
    )
    assert by_name["colder"].time == "1.00 µs"
    assert by_name["rest"].interval == ""


def test_what_came_to_less_than_nothing_is_told_and_has_no_colour(
    small_profile: Profile,
) -> None:
    odd = dataclasses.replace(
        small_profile.artifacts[0],
        framework_ns=Estimate(value=-900.0, low=-1000.0, high=-800.0),
    )
    profile = dataclasses.replace(small_profile, artifacts=(odd,))

    [chapter] = layers_chapter(profile)

    assert "framework" not in [name for name, _ in chapter.legend]
    assert [one.time for one in chapter.parts if one.name == "framework"] == ["-900 ns"]
    assert (
        "Framework came to 900 ns less than nothing: the parts, measured one by one, took "
        "longer than the whole." in chapter.notes
    )


def test_the_call_is_as_long_as_it_was_measured_whatever_the_parts_come_to(
    small_profile: Profile,
) -> None:
    one = small_profile.artifacts[0]
    short = Estimate(value=100_000.0, low=99_000.0, high=101_000.0)
    profile = dataclasses.replace(
        small_profile, artifacts=(dataclasses.replace(one, predict_ns=short),)
    )

    [chapter] = layers_chapter(profile)

    assert chapter.total == "100 µs"
    layers = next(part for part in chapter.parts if part.name == "layers")
    assert layers.share == "85 %"


def test_a_path_of_many_parts_is_drawn(small_profile: Profile) -> None:
    one = small_profile.artifacts[0]
    deep = dataclasses.replace(one.layers[0], layer="/".join(["a"] * 1_500))
    profile = dataclasses.replace(
        small_profile, artifacts=(dataclasses.replace(one, layers=(deep, *one.layers[1:])),)
    )

    [chapter] = layers_chapter(profile)

    assert chapter.n_layers == 12


def test_equal_layers_each_narrower_than_a_pixel_are_one_box(small_profile: Profile) -> None:
    one = small_profile.artifacts[0]
    layers = tuple(
        dataclasses.replace(one.layers[-2], layer=f"layer_{place}") for place in range(1_200)
    )
    profile = dataclasses.replace(
        small_profile,
        artifacts=(dataclasses.replace(one, layers=layers, predict_ns=None),),
    )

    [chapter] = layers_chapter(profile)

    assert "1200 others" in str(chapter.plot)


def test_the_slowest_layers_come_first(small_profile: Profile) -> None:
    [chapter] = layers_chapter(small_profile)

    assert chapter.slowest[0] == LayerRow(
        name="stem/conv",
        operations="Conv, Relu",
        time="18.0 µs",
        interval="17.5 to 18.7 µs",
        share="19.8 %",
    )
    assert chapter.n_layers == 12


def test_layers_that_the_table_has_no_place_for_are_one_row(small_profile: Profile) -> None:
    artifact = small_profile.artifacts[0]
    more = dataclasses.replace(artifact, layers=(*artifact.layers, *artifact.layers[-2:]))
    profile = dataclasses.replace(small_profile, artifacts=(more,))

    [chapter] = layers_chapter(profile)

    assert chapter.slowest[-1] == LayerRow(
        name="2 others together", operations="", time="3.00 µs", interval="", share="3.3 %"
    )
