from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.fusing import FusedModel, fused_model
from edgesmith_runtime.manifest import HostStep, Step
from edgesmith_runtime.transforms import Transform

if TYPE_CHECKING:
    from collections.abc import Sequence

RNG = np.random.default_rng(0)
IMAGES = [RNG.integers(0, 256, size).astype(np.uint8) for size in ((9, 12, 3), (5, 4, 3))]

DECODE = Step(
    op="decode_image", inputs=("image",), outputs=("decoded",), params={"mode": "rgb"}
)
RESIZE = Step(
    op="resize", inputs=("decoded",), outputs=("x",), params={"height": 4, "width": 6}
)


def chain(*ops: tuple[str, dict[str, Any]], shape: Sequence[int]) -> tuple[Step, ...]:
    """Steps one after the other from a raw tensor; the last gives ``x``."""
    params = {"dtype": "float32", "shape": list(shape)}
    steps = [Step(op="tensor", inputs=("raw",), outputs=("v0",), params=params)]
    for index, (op, one) in enumerate(ops, start=1):
        name = "x" if index == len(ops) else f"v{index}"
        steps.append(Step(op=op, inputs=steps[-1].outputs, outputs=(name,), params=one))
    return tuple(steps)


def fused(steps: tuple[Step, ...], raw: dict[str, Any]) -> FusedModel | str:
    """A model that gives what it takes, behind as many of the steps as can be."""
    import keras

    from edgesmith.reference import trace

    transform = Transform(steps, tuple(raw))
    examples = transform(raw)
    x = keras.Input(np.shape(examples["x"][0]), name="x")
    model = keras.Model(x, keras.layers.Activation("linear", name="y")(x))
    return fused_model(model, trace(model), transform, examples)


def test_images_go_in_as_pixels_of_any_size() -> None:
    made = fused((DECODE, RESIZE), {"image": IMAGES})

    assert isinstance(made, FusedModel)
    assert (made.starts_after, made.takes) == (0, ("decoded",))
    assert made.host_part == (
        HostStep(step=0, op="decode_image", why="a graph decodes no files"),
    )
    assert made.model.inputs[0].shape == (None, None, None, 3)
    assert made.model.inputs[0].dtype == "uint8"
    for image in IMAGES:
        expected = Transform((DECODE, RESIZE), ("image",))({"image": [image]})["x"]
        got = np.asarray(made.model([image[None]])["y"])
        np.testing.assert_allclose(got, expected, atol=1e-3)


def test_images_of_any_size_are_reshaped_on_the_host() -> None:
    reshape = Step(op="reshape", inputs=("decoded",), outputs=("x",), params={"shape": [72]})
    images = RNG.integers(0, 256, (2, 4, 6, 3)).astype(np.uint8)

    why = fused((DECODE, reshape), {"image": images})

    assert why == (
        "the last step, reshape, stays on the host: it takes samples of one size, and the graph "
        "those of any size"
    )


def test_an_image_that_becomes_a_row_has_its_size_in_the_graph() -> None:
    reshape = Step(op="reshape", inputs=("decoded",), outputs=("x",), params={"shape": [-1]})
    images = RNG.integers(0, 256, (2, 4, 6, 3)).astype(np.uint8)

    made = fused((DECODE, reshape), {"image": images})

    assert isinstance(made, FusedModel)
    assert made.model.inputs[0].shape == (None, 4, 6, 3)
    np.testing.assert_array_equal(made.model([images])["y"], images.reshape(2, 72))


def test_a_step_that_no_graph_has_stays_on_the_host_with_all_before_it() -> None:
    steps = chain(
        ("clip", {"low": [-1.0], "high": [1.0]}),
        ("median_filter", {"size": 3, "axes": [0]}),
        ("scale", {"offset": [0.0], "scale": [2.0]}),
        shape=(8, 2),
    )

    made = fused(steps, {"raw": RNG.normal(size=(3, 8, 2)).astype(np.float32)})

    assert isinstance(made, FusedModel)
    assert (made.starts_after, made.takes) == (2, ("v2",))
    assert [(one.op, one.why) for one in made.host_part] == [
        ("tensor", "a check that changes no number: give what `inputs` of the artifact says"),
        ("clip", "step 2, which stays on the host, comes after it"),
        ("median_filter", "it has no counterpart in a graph"),
    ]


def test_a_step_whose_params_a_graph_cannot_do_stays_too() -> None:
    steps = chain(
        ("fill", {"values": [1.0, None]}),
        ("scale", {"offset": [0.0], "scale": [2.0]}),
        shape=(2,),
    )

    made = fused(steps, {"raw": RNG.normal(size=(3, 2)).astype(np.float32)})

    assert isinstance(made, FusedModel)
    assert made.host_part[1].why.startswith("it leaves columns with missing numbers")


def test_missing_numbers_come_in_right_before_they_are_filled() -> None:
    steps = (
        Step(op="read_series", inputs=("series",), outputs=("points",), params={}),
        Step(op="log1p", inputs=("points",), outputs=("logs",), params={}),
        Step(op="fill", inputs=("logs",), outputs=("x",), params={"values": [1.0]}),
    )

    made = fused(steps, {"series": [[1.0, None, 2.0], [3.0, 4.0, 5.0]]})

    assert isinstance(made, FusedModel)
    assert made.takes == ("logs",)
    assert [one.why for one in made.host_part] == [
        "a graph reads no files",
        "it hands on missing numbers, which come in right before they are filled",
    ]


def test_a_step_that_needs_more_digits_stays_on_the_host() -> None:
    params = {"dtype": "float64", "shape": [1]}
    steps = (
        Step(op="tensor", inputs=("raw",), outputs=("seconds",), params=params),
        Step(
            op="scale",
            inputs=("seconds",),
            outputs=("x",),
            params={"offset": [1.7e9], "scale": [10.0]},
        ),
    )

    made = fused(steps, {"raw": 1.7e9 + RNG.random((5, 1)) * 10})

    assert isinstance(made, str)
    assert made.startswith(
        "the last step, scale, stays on the host: in 32 bits its numbers are"
    )


def test_a_step_that_is_off_far_from_0_alone_stays_on_the_host() -> None:
    steps = (
        Step(op="read_series", inputs=("series",), outputs=("points",), params={}),
        Step(
            op="fit_length_series",
            inputs=("points",),
            outputs=("fitted",),
            params={"length": 40},
        ),
        Step(
            op="gaussian_filter",
            inputs=("fitted",),
            outputs=("smooth",),
            params={"sigma": 2.0, "axes": [0]},
        ),
        Step(op="power_spectrum", inputs=("smooth",), outputs=("x",), params={"log": True}),
    )

    made = fused(steps, {"series": list(RNG.normal(size=(3, 40)).astype(np.float32))})

    assert isinstance(made, str)
    assert "in 32 bits its numbers are off by" in made
    assert made.endswith("of their range, of a series that stands still or lies far from 0")


def test_where_nothing_can_go_in_the_reason_is_said() -> None:
    median = chain(("median_filter", {"size": 3, "axes": [0]}), shape=(8, 2))

    assert fused(median, {"raw": RNG.normal(size=(3, 8, 2)).astype(np.float32)}) == (
        "the last step, median_filter, stays on the host: it has no counterpart in a graph"
    )


def test_several_values_may_cross_the_boundary() -> None:
    table = {
        "row": {"a": [1.0, 2.0, 3.0], "b": ["u", "v", "u"]},
    }
    steps = (
        Step(
            op="numbers",
            inputs=("row",),
            outputs=("numbers",),
            params={"columns": ["a"], "missing": [[]]},
        ),
        Step(
            op="categories",
            inputs=("row",),
            outputs=("categories",),
            params={"columns": ["b"], "missing": [[]]},
        ),
        Step(
            op="one_hot",
            inputs=("categories",),
            outputs=("one_hot",),
            params={"categories": [["u", "v"]], "unknown": "zeros"},
        ),
        Step(op="concat", inputs=("numbers", "one_hot"), outputs=("x",), params={}),
    )

    made = fused(steps, table)

    assert isinstance(made, FusedModel)
    assert (made.starts_after, made.takes) == (2, ("numbers", "one_hot"))
    assert made.host_part[2].op == "one_hot"


def test_a_series_goes_in_with_any_number_of_points() -> None:
    steps = (
        Step(op="read_series", inputs=("series",), outputs=("points",), params={}),
        Step(op="fit_length_series", inputs=("points",), outputs=("x",), params={"length": 20}),
    )

    made = fused(steps, {"series": [[1.0] * 30, [2.0] * 30]})

    assert isinstance(made, FusedModel)
    assert made.model.inputs[0].shape == (None, None, 1)
    assert made.model.outputs[0].shape == (None, 20, 1)


def test_a_length_that_a_step_must_know_is_that_of_the_examples() -> None:
    steps = (
        Step(op="read_series", inputs=("series",), outputs=("points",), params={}),
        Step(
            op="scale",
            inputs=("points",),
            outputs=("x",),
            params={"offset": [0.0], "scale": [2.0]},
        ),
    )

    made = fused(steps, {"series": [[1.0] * 30, [2.0] * 30]})

    assert isinstance(made, FusedModel)
    assert made.model.inputs[0].shape == (None, 30, 1)


def test_the_host_is_told_the_rate_of_a_recording() -> None:
    steps = (
        Step(
            op="decode_audio",
            inputs=("sound",),
            outputs=("samples",),
            params={"sample_rate": 8000},
        ),
        Step(op="fit_length", inputs=("samples",), outputs=("x",), params={"length": 20}),
    )

    made = fused(steps, {"sound": list(RNG.normal(size=(2, 30)).astype(np.float32))})

    assert isinstance(made, FusedModel)
    assert made.host_part == (
        HostStep(
            step=0,
            op="decode_audio",
            why="a graph decodes no files: it takes mono float32 at 8000 Hz",
        ),
    )
