"""The sentence of the diagnosis: in the words of the raw input's kind, and within what rounding may cost."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith_runtime.doctor import Fault, diagnose
from edgesmith_runtime.doctor.other_resizing import WAYS, Way, Weighted
from edgesmith_runtime.loading import load
from edgesmith_runtime.manifest import Kind, RawInput, Step
from edgesmith_runtime.spec import TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith_runtime.model import Model

SIDE = 64


@pytest.fixture
def grey(bundle_of: Callable[..., Path]) -> Model:
    """Grey photos of 64 by 64, scaled to the unit interval."""
    params = {
        "decode_image": {"mode": "grey"},
        "resize": {"height": SIDE, "width": SIDE},
        "scale": {"offset": [0.0], "scale": [255.0]},
    }
    names = ("photo", "pixels", "sized", "scaled")
    steps = tuple(
        Step(op=op, inputs=(names[i],), outputs=(names[i + 1],), params=params[op])
        for i, op in enumerate(params)
    )
    raw = RawInput("photo", Kind.IMAGE, "photos")
    spec = TensorSpec("scaled", "float32", ("batch", SIDE, SIDE, 1))
    return load(bundle_of((raw,), steps, (2, (spec,))))


@pytest.fixture
def jpeg() -> bytes:
    """Blots and lines of 100 by 100, as a JPEG file."""
    image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(6)
    blots = image.fromarray(rng.integers(0, 256, (9, 9), np.uint8)).resize((100, 100))
    stored = io.BytesIO()
    blots.save(stored, "JPEG", quality=95)
    return stored.getvalue()


def _pixels(jpeg: bytes) -> NDArray[np.float32]:
    image = pytest.importorskip("PIL.Image")
    decoded = image.open(io.BytesIO(jpeg)).convert("L")
    return np.asarray(decoded, np.float32)[None, ..., None]


@pytest.mark.parametrize(
    "way", [way for way in WAYS if way.name != "bilinear with antialiasing"], ids=str
)
def test_another_kernel_is_no_rounding_on_a_jpeg_file(
    grey: Model, jpeg: bytes, way: Way
) -> None:
    sized = np.asarray(Weighted(height=SIDE, width=SIDE, way=way)(_pixels(jpeg)))
    tensor = (np.rint(sized).clip(0, 255) / 255).astype(np.float32)

    diagnosis = diagnose(grey, tensor, jpeg)

    assert diagnosis.faults == (Fault.RESIZE_KERNEL,)


@pytest.mark.parametrize(("levels", "faults"), [(1.9, ()), (2.3, (Fault.UNKNOWN,))])
def test_two_levels_are_what_decoders_of_jpeg_may_differ_in(
    grey: Model, jpeg: bytes, levels: float, faults: tuple[Fault, ...]
) -> None:
    made = grey.prepare(jpeg)["scaled"]
    noise = np.random.default_rng(3).normal(size=made.shape).astype(np.float32)

    diagnosis = diagnose(grey, made + levels / 255 * noise / noise.std(), jpeg, budget_s=0.0)

    assert diagnosis.faults == faults


def test_rounding_is_told_in_the_words_of_images(grey: Model, jpeg: bytes) -> None:
    tensor = np.rint(grey.prepare(jpeg)["scaled"] * 255) / np.float32(255)

    assert diagnose(grey, tensor, jpeg).sentence.endswith(
        ", as other decoders and pixels of 8 bits after resizing give it."
    )


def test_rounding_of_sound_is_not_told_of_pixels(
    sound_of: Callable[..., Model], recording: NDArray[np.float32]
) -> None:
    model = sound_of()
    made = model.prepare(recording)["value5"]
    noise = np.random.default_rng(3).normal(size=made.shape).astype(np.float32)

    diagnosis = diagnose(model, made + 0.002 * noise, recording)

    assert not diagnosis.differs
    assert diagnosis.sentence.endswith(
        ", as samples of 16 bits and sums in another order give it."
    )


def test_rounding_of_rows_is_not_told_of_pixels(row_bundle_path: Path) -> None:
    tensor = np.array([[1.5005, 40.0]], np.float32)

    diagnosis = diagnose(row_bundle_path, tensor, {"a": 1.5, "b": 40.0})

    assert diagnosis.sentence.endswith(", as fewer digits and sums in another order give it.")
