"""Images to tensors, in memory and from files, readable and not."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from edgesmith.config import ListSource, SplitConfig
from edgesmith.core import Split
from edgesmith.preparation import prepare
from edgesmith.sources import load_dataset
from edgesmith_runtime.errors import ConfigError, DataError
from edgesmith_runtime.transforms.crops import Cover, Letterbox
from edgesmith_runtime.transforms.resize import Resize

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith.config import Config
    from edgesmith.core import Prepared, Progress


UNSCALED: dict[str, Any] = {"normalization": {"method": "none"}}
IMAGE = {"mode": "grey", "height": 6, "width": 5}
SPLITS = ["train"] * 24 + ["validation"] * 8 + ["test"] * 8


@pytest.fixture
def image_files(pixels: np.ndarray, tmp_path: Path) -> list[Path]:
    paths: list[Path] = []
    for index, image in enumerate(pixels):
        paths.append(tmp_path / f"{index}.png")
        Image.fromarray(image).save(paths[-1])
    return paths


def tensors(prepared: Prepared, split: Split = Split.TRAIN) -> np.ndarray:
    return prepared.tensors(split, slice(None))[prepared.inputs[0].name]


def test_images_are_standardised_on_the_training_split(
    run: Callable[..., Prepared], pixels: np.ndarray
) -> None:
    made = run("image", pixels, image=IMAGE)

    training = pixels[:24].astype(np.float64)
    expected = (pixels[32:] - training.mean()) / training.std()
    np.testing.assert_allclose(tensors(made, Split.TEST)[..., 0], expected, atol=1e-5)
    assert made.inputs[0].shape == ("batch", 6, 5, 1)


def test_nothing_of_the_test_images_is_in_the_transform(
    run: Callable[..., Prepared], pixels: np.ndarray
) -> None:
    changed = pixels.copy()
    changed[24:] = 255 - changed[24:]
    sections = {"image": IMAGE, "cleaning": {"clip": {"quantiles": (0.05, 0.95)}}}

    assert run("image", pixels, **sections).transform.steps == (
        run("image", changed, **sections).transform.steps
    )


def test_image_files_give_the_device_what_training_read(
    run: Callable[..., Prepared], image_files: list[Path]
) -> None:
    filters = [{"op": "gaussian_filter", "sigma": 0.7}, {"op": "median_filter", "size": 3}]
    made = run(
        "image",
        image_files,
        image={"mode": "rgb", "height": 4, "width": 8},
        cleaning={"filters": filters, "clip": {"sigmas": 2}},
        augmentation={"flip_horizontal": True},
    )

    raw = [path.read_bytes() for path in image_files[32:]]
    from_bytes = made.transform({"image": raw})["pixels"]
    one_by_one = [made.transform({"image": [path]})["pixels"][0] for path in image_files[32:]]
    np.testing.assert_array_equal(from_bytes, tensors(made, Split.TEST))
    np.testing.assert_array_equal(one_by_one, from_bytes)


def test_augmentation_acts_before_scaling(
    run: Callable[..., Prepared], pixels: np.ndarray
) -> None:
    made = run("image", pixels, image=IMAGE, augmentation={"brightness": 0.5})

    changed = made.augmented(np.arange(24), np.random.default_rng(0))["pixels"]

    scale = next(step for step in made.transform.steps if step.op == "scale").params["scale"][0]
    shifts = (changed - tensors(made)).reshape(24, -1) * scale
    spread = float(np.ptp(pixels[:24]))
    assert np.ptp(shifts, axis=1).max() < 0.01
    assert 0.4 * spread < np.abs(shifts).max() <= 0.5 * spread + 0.01


def test_images_without_normalization_keep_their_values(
    run: Callable[..., Prepared], pixels: np.ndarray
) -> None:
    made = run("image", pixels, image=IMAGE, normalization={"method": "none"})

    np.testing.assert_array_equal(tensors(made)[..., 0], pixels[:24])
    assert [step.op for step in made.transform.steps] == ["decode_image", "resize"]


@pytest.mark.parametrize(
    ("fit", "op"),
    [
        ("stretch", Resize(9, 12)),
        ("letterbox", Letterbox(9, 12, (7.0, 8.0, 9.0))),
        ("center_crop", Cover(9, 12)),
    ],
)
def test_images_are_cropped_fitted_and_reordered_as_the_configuration_says(
    run: Callable[..., Prepared], pixels: np.ndarray, fit: str, op: Any
) -> None:
    colours = np.stack([pixels, 255 - pixels, pixels // 2], axis=-1)
    colour = {"pad_color": (7.0, 8.0, 9.0)} if fit == "letterbox" else {}
    image = {"height": 9, "width": 12, "crop": (1, 0, 4, 5), "fit": fit, **colour}

    made = run("image", colours, image={**image, "channel_order": "bgr"}, **UNSCALED)

    expected = op(colours[:24, 1:5, 0:5])[..., ::-1]
    np.testing.assert_array_equal(tensors(made), expected)


@pytest.mark.parametrize("method", ["bicubic", "lanczos3", "area"])
def test_images_are_resized_by_the_method_that_is_named(
    run: Callable[..., Prepared], pixels: np.ndarray, method: str
) -> None:
    image = {**IMAGE, "height": 4, "resize": method, "antialias": False}

    made = run("image", pixels, image=image, **UNSCALED)

    expected = Resize(4, 5, method, antialias=False)(pixels[:24, ..., None])
    np.testing.assert_array_equal(tensors(made), expected)


def test_transparent_images_lie_on_the_background(
    run: Callable[..., Prepared], pixels: np.ndarray
) -> None:
    clear = np.stack([pixels, pixels, pixels, np.zeros_like(pixels)], axis=-1)
    clear[:, 0, 0, 3] = np.arange(40)  # no two are alike

    made = run("image", clear, image={**IMAGE, "alpha": "white"}, **UNSCALED)

    assert (tensors(made)[:, 1:] == 255).all()


@pytest.mark.parametrize("key", ["saturation", "hue"])
def test_grey_images_have_no_colour_to_change(
    run: Callable[..., Prepared], pixels: np.ndarray, key: str
) -> None:
    message = f"augmentation.{key}: for colours only, and image.mode is grey"

    with pytest.raises(ConfigError, match=f"^{message}$"):
        run("image", pixels, image=IMAGE, augmentation={key: 0.5})


def test_given_numbers_normalize_images(
    run: Callable[..., Prepared], pixels: np.ndarray
) -> None:
    given = {"method": "given", "offset": (127.5,), "scale": (127.5,)}

    made = run("image", pixels, image=IMAGE, normalization=given)

    expected = pixels[:24, ..., None] / np.float32(127.5) - 1
    np.testing.assert_allclose(tensors(made), expected, atol=1e-6)


def test_an_unreadable_image_is_named(
    run: Callable[..., Prepared], image_files: list[Path]
) -> None:
    image_files[30].write_text("this is no picture")

    with pytest.raises(DataError) as caught:
        run("image", image_files, image=IMAGE)

    assert str(caught.value).startswith("held, row 30: ")
    assert "30.png: not readable as an image" in str(caught.value)
    assert 'cleaning.on_error = "skip"' in str(caught.value)


def test_unreadable_images_can_be_skipped_and_are_counted(
    run: Callable[..., Prepared], image_files: list[Path]
) -> None:
    image_files[2].write_bytes(image_files[2].read_bytes()[:40])
    image_files[35].write_bytes(b"")

    made = run("image", image_files, image=IMAGE, cleaning={"on_error": "skip"})

    (dropped,) = made.account.dropped
    assert (dropped.reason, dropped.n_rows) == ("not readable", 2)
    assert dropped.examples == ("held, row 2", "held, row 35")
    assert made.account.n_by_split == {Split.TRAIN: 23, Split.VALIDATION: 8, Split.TEST: 7}
    assert len(tensors(made)) == 23
    assert 2 not in made.splits[Split.TRAIN].rows


def test_nothing_but_unreadable_images_is_an_error(
    run: Callable[..., Prepared], image_files: list[Path]
) -> None:
    for path in image_files[:24]:
        path.write_text("no picture")

    with pytest.raises(DataError, match="no train sample can be read; every one was skipped"):
        run("image", image_files, image=IMAGE, cleaning={"on_error": "skip"})


@pytest.fixture
def damaged_zip(image_files: list[Path], tmp_path: Path) -> Path:
    """A list over a zip whose first member has another checksum than its content."""
    names = [path.name for path in image_files]
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        for path in image_files:
            archive.write(path, path.name)
    content = bytearray((tmp_path / "images.zip").read_bytes())
    content[content.index(b"IDAT") + 6] ^= 1
    (tmp_path / "images.zip").write_bytes(content)
    lines = [f"{name},{'ab'[row % 2]},{SPLITS[row]}\n" for row, name in enumerate(names)]
    path = tmp_path / "list.csv"
    path.write_text("path,label,part\n" + "".join(lines))
    return path


def from_zip(listed: Path, config: Config, progress: Progress) -> Prepared:
    source = ListSource(kind="list", path=listed, base=listed.parent / "images.zip")
    dataset = load_dataset(source, split=SplitConfig(column="part"), task=config.task)
    return prepare(dataset, config, directory=listed.parent, progress=progress)


def test_a_damaged_member_is_named(
    damaged_zip: Path, make_config: Callable[..., Config], progress: Progress
) -> None:
    with pytest.raises(DataError) as caught:
        from_zip(damaged_zip, make_config(image=IMAGE), progress)

    assert "images.zip: 0.png: cannot be read: Bad CRC-32" in str(caught.value)
    assert 'cleaning.on_error = "skip"' in str(caught.value)


def test_a_damaged_member_can_be_skipped(
    damaged_zip: Path, make_config: Callable[..., Config], progress: Progress
) -> None:
    config = make_config(image=IMAGE, cleaning={"on_error": "skip"})

    (dropped,) = from_zip(damaged_zip, config, progress).account.dropped

    assert (dropped.reason, dropped.n_rows) == ("not readable", 1)
    assert dropped.examples == (f"{damaged_zip.parent / 'images.zip'}: 0.png",)
