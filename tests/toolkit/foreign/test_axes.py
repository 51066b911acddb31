from __future__ import annotations

from pathlib import Path

import pytest

from edgesmith.foreign.axes import named_axes, one_batch_axis
from edgesmith_runtime.errors import ConversionError


def test_free_axes_without_a_name_are_called_after_their_tensor() -> None:
    assert named_axes("x", [None, None, 3], "batch") == ("batch", "x_1", 3)


def test_a_name_that_first_axes_have_means_the_batch_elsewhere_too() -> None:
    assert named_axes("x", ["n", "n", "m"], "batch", {"n"}) == ("batch", "batch", "m")


def test_another_axis_is_never_called_batch() -> None:
    assert named_axes("x", [None, "batch"], "batch") == ("batch", "x_1")


@pytest.mark.parametrize(
    ("shapes", "batch"),
    [
        ({"a": [None, 3], "b": ["n", 4]}, "batch"),
        ({"a": [2, 3], "b": [2, 4]}, 2),
    ],
)
def test_the_inputs_share_their_first_axis(
    shapes: dict[str, list[int | str | None]], batch: int | str
) -> None:
    assert one_batch_axis(Path("m.onnx"), shapes) == batch


def test_first_axes_that_differ_are_refused() -> None:
    with pytest.raises(ConversionError, match=r"m\.onnx: .*\{'a': \[1, 3\], 'b': \['n', 3\]\}"):
        one_batch_axis(Path("m.onnx"), {"a": [1, 3], "b": ["n", 3]})
