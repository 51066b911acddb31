"""Images: every source gives the pixels that Pillow would give."""

from __future__ import annotations

import os
import sys
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from edgesmith_runtime.errors import BackendError, InputError
from edgesmith_runtime.transforms.image import DecodeImage

if TYPE_CHECKING:
    from pathlib import Path

MODES = [("grey", "L"), ("rgb", "RGB")]


def _pixels(*shape: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(7).integers(0, 256, shape, np.uint8)


def _encoded(image: Image.Image, file_format: str, **options: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


def _by_pillow(image: Image.Image, pillow_mode: str) -> np.ndarray[Any, Any]:
    pixels = np.asarray(image.convert(pillow_mode))
    return pixels[..., None] if pillow_mode == "L" else pixels


def _decode(mode: str, images: Any) -> Any:
    return DecodeImage(mode)(images)


def _pixels_or_message(content: bytes) -> Any:
    try:
        return _decode("rgb", [content])
    except InputError as error:
        return str(error)


@pytest.mark.parametrize(("mode", "pillow_mode"), MODES)
@pytest.mark.parametrize("shape", [(9, 6), (9, 6, 1), (9, 6, 3), (9, 6, 4)])
def test_an_array_gives_the_pixels_of_pillow(
    mode: str, pillow_mode: str, shape: tuple[int, ...]
) -> None:
    array = _pixels(*shape)

    decoded = _decode(mode, [array])

    expected = _by_pillow(Image.fromarray(array.squeeze()), pillow_mode)
    np.testing.assert_array_equal(decoded, expected[None], strict=True)


def test_grey_is_the_luma_of_pillow_for_every_colour_in_steps_of_five() -> None:
    levels = np.arange(0, 256, 5, dtype=np.uint8)
    colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(52, -1, 3)

    decoded = _decode("grey", colours[None])

    np.testing.assert_array_equal(decoded[0, ..., 0], Image.fromarray(colours).convert("L"))


@pytest.mark.parametrize(("mode", "pillow_mode"), MODES)
@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF", "WEBP"])
def test_file_bytes_and_pil_image_give_the_same_pixels(
    tmp_path: Path, mode: str, pillow_mode: str, file_format: str
) -> None:
    content = _encoded(Image.fromarray(_pixels(8, 5, 3)), file_format)
    path = tmp_path / "image.any"
    path.write_bytes(content)
    image = Image.open(BytesIO(content))

    decoded = _decode(mode, [path, str(path), content, bytearray(content), image])

    expected = _by_pillow(Image.open(BytesIO(content)).convert("RGB"), pillow_mode)
    assert len(decoded) == 5
    for pixels in decoded:
        np.testing.assert_array_equal(pixels, expected, strict=True)


@pytest.mark.parametrize(("mode", "pillow_mode"), MODES)
@pytest.mark.parametrize("pil_mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "HSV"])
def test_other_colour_models_are_converted_as_pillow_does(
    mode: str, pillow_mode: str, pil_mode: str
) -> None:
    image = Image.fromarray(_pixels(8, 5, 4)).convert("RGB").convert(pil_mode)

    decoded = _decode(mode, [image])

    expected = _by_pillow(image.convert("RGB"), pillow_mode)
    np.testing.assert_array_equal(decoded[0], expected, strict=True)


def test_a_palette_with_transparent_entries_keeps_its_colours() -> None:
    image = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    image.putpalette([10, 20, 30, 40, 50, 60])
    content = _encoded(image, "PNG", transparency=bytes([0, 128]))

    assert _decode("rgb", [content]).tolist() == [[[[10, 20, 30], [40, 50, 60]]]]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_an_image_is_turned_upright(orientation: int, file_format: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = _encoded(Image.fromarray(_pixels(8, 5, 3)), file_format, exif=exif)

    decoded = _decode("rgb", [content])

    upright = ImageOps.exif_transpose(Image.open(BytesIO(content)))
    np.testing.assert_array_equal(decoded[0], np.asarray(upright.convert("RGB")), strict=True)
    assert decoded.shape[1:3] == ((8, 5) if orientation < 5 else (5, 8))


def test_a_pil_image_is_not_changed() -> None:
    image = Image.fromarray(_pixels(4, 3, 3))
    image.getexif()[0x0112] = 6

    _decode("grey", [image])

    assert (image.size, image.mode, image.getexif()[0x0112]) == ((3, 4), "RGB", 6)


def test_images_of_several_sizes_are_a_list() -> None:
    decoded = _decode("grey", [_pixels(2, 3), _pixels(4, 3)])

    assert isinstance(decoded, list)
    assert [pixels.shape for pixels in decoded] == [(2, 3, 1), (4, 3, 1)]


def test_images_of_one_size_are_an_array() -> None:
    images = [_pixels(2, 3), _pixels(2, 3, 3)]

    decoded = _decode("rgb", images)

    np.testing.assert_array_equal(decoded[1], images[1], strict=True)
    assert decoded.shape == (2, 2, 3, 3)


@pytest.mark.parametrize(("mode", "n_channels"), [("grey", 1), ("rgb", 3)])
def test_no_images_are_an_array_without_samples(mode: str, n_channels: int) -> None:
    decoded = _decode(mode, [])

    np.testing.assert_array_equal(
        decoded, np.empty((0, 0, 0, n_channels), np.uint8), strict=True
    )


@pytest.mark.parametrize("dtype", ["int64", "uint16", "float32", "float64", "float16"])
def test_whole_values_of_another_dtype_are_taken(dtype: str) -> None:
    array = np.array([[0, 255]], dtype)

    np.testing.assert_array_equal(_decode("grey", [array])[0, ..., 0], array.astype(np.uint8))


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (np.zeros(3, np.uint8), r"expected an array of shape \(h, w\) or .*, got \(3,\)$"),
        (np.zeros((3, 5, 5), np.uint8), r"got \(3, 5, 5\); channels go last$"),
        (np.zeros((5, 5, 2), np.uint8), r"with 1, 3 or 4 channels, got \(5, 5, 2\)$"),
        (np.zeros((0, 5), np.uint8), r"got an array without pixels, shape \(0, 5\)$"),
        (np.zeros((2, 2), bool), "expected pixels as numbers, best uint8, got dtype bool$"),
        (7, "expected an image as path, bytes, PIL image or array, got int$"),
        (None, "expected an image as path, bytes, PIL image or array, got NoneType$"),
    ],
)
def test_what_is_no_image_is_refused(raw: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        _decode("rgb", [raw])


def test_a_batch_of_another_rank_is_refused() -> None:
    message = (
        r"expected an array of shape \(batch, h, w\) or \(batch, h, w, c\) .*, got \(5, 5\)$"
    )

    with pytest.raises(InputError, match=message):
        _decode("rgb", np.zeros((5, 5), np.uint8))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none.png"

    with pytest.raises(InputError, match=rf"{path}: there is no such file$"):
        _decode("rgb", [path])


def test_a_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=rf"{tmp_path}: expected an image file, got a directory$"
    ):
        _decode("rgb", [str(tmp_path)])


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe.png"
    os.mkfifo(path)

    with pytest.raises(
        InputError, match=r"pipe.png: expected an image file, got a device or a pipe$"
    ):
        _decode("rgb", [path])


def test_a_text_that_is_no_path_is_shortened() -> None:
    with pytest.raises(
        InputError, match=r"^a{100}\.\.\.a{90}: cannot be read: File name too long$"
    ):
        _decode("rgb", ["a" * 5000])


def test_a_file_that_is_no_image_is_named(tmp_path: Path) -> None:
    path = tmp_path / "text.png"
    path.write_text("no image")

    with pytest.raises(
        InputError, match=r"text.png: not readable as an image; expected one of JPEG, PNG"
    ):
        _decode("rgb", [path])


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "BMP", "TIFF", "WEBP"])
def test_a_truncated_file_is_named(tmp_path: Path, file_format: str) -> None:
    content = _encoded(Image.fromarray(_pixels(40, 50, 3)), file_format)
    path = tmp_path / "cut.any"
    path.write_bytes(content[: len(content) * 2 // 3])

    with pytest.raises(InputError, match=r"cut\.any: not readable as an image"):
        _decode("rgb", [path])


def test_truncated_bytes_are_named_by_their_length() -> None:
    content = _encoded(Image.fromarray(_pixels(40, 50, 3)), "BMP")[:600]

    with pytest.raises(
        InputError, match=r"^bytes of 600: not readable as an image: .*truncated"
    ):
        _decode("rgb", [content])


@pytest.mark.parametrize(("mode", "n_channels"), [("grey", 1), ("rgb", 3)])
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "BMP", "WEBP"])
def test_an_image_of_one_pixel_is_one_pixel(
    file_format: str, mode: str, n_channels: int
) -> None:
    content = _encoded(Image.new("RGB", (1, 1), (90, 90, 90)), file_format)

    decoded = _decode(mode, [content])

    assert decoded.shape == (1, 1, 1, n_channels)
    assert np.abs(decoded.astype(int) - 90).max() <= 1


def test_a_text_file_named_jpg_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.jpg"
    path.write_text("no image")

    with pytest.raises(
        InputError, match=r"notes\.jpg: not readable as an image; expected one of JPEG, PNG"
    ):
        _decode("rgb", [path])


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "empty.jpg"
    path.touch()

    with pytest.raises(InputError, match=r"empty\.jpg: not readable as an image; expected one"):
        _decode("rgb", [path])


def test_a_path_with_a_zero_character_is_refused() -> None:
    with pytest.raises(InputError, match=r"^a.b\.png: cannot be read: embedded null"):
        _decode("rgb", ["a\x00b.png"])


def test_a_big_file_is_decoded_too(tmp_path: Path) -> None:
    pixels = _pixels(1500, 1000, 3)
    Image.fromarray(pixels).save(tmp_path / "big.bmp")
    assert (tmp_path / "big.bmp").stat().st_size > 1 << 22

    np.testing.assert_array_equal(_decode("rgb", [tmp_path / "big.bmp"])[0], pixels)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [10_000, 20_000, 30_000])
def test_an_image_of_too_many_pixels_is_refused(side: int) -> None:
    header = b"BM" + bytes(12) + (40).to_bytes(4, "little") + side.to_bytes(4, "little") * 2
    content = header + b"\x01\x00\x18\x00" + bytes(100)

    with pytest.raises(
        InputError, match=r"^bytes of 130: expected at most 89478485 pixels, got more"
    ):
        _decode("rgb", [content])


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "GIF", "BMP", "WEBP"]), st.data())
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")
def test_a_damaged_file_is_decoded_or_refused(file_format: str, data: st.DataObject) -> None:
    content = bytearray(_encoded(Image.fromarray(_pixels(9, 7, 3)), file_format))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))

    outcome = _pixels_or_message(bytes(content))

    assert isinstance(outcome, np.ndarray) or outcome.startswith(f"bytes of {len(content)}: ")


def test_without_pillow_a_file_needs_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)

    with pytest.raises(
        BackendError,
        match=r"^reading image files needs an extra: pip install 'edgesmith-runtime\[image\]'$",
    ):
        _decode("rgb", [b"\x89PNG"])


def test_without_pillow_an_array_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.setitem(sys.modules, "PIL.Image", None)

    assert _decode("rgb", [_pixels(2, 2)]).shape == (1, 2, 2, 3)


def test_another_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="mode: expected one of 'grey', 'rgb', got 'gray'"):
        DecodeImage("gray")


def test_another_background_is_refused() -> None:
    with pytest.raises(
        ValueError, match="alpha: expected one of 'drop', 'white', 'black', got 'grey'"
    ):
        DecodeImage("rgb", "grey")


def test_a_side_that_no_camera_has_is_refused() -> None:
    message = "expected sides of at most 65535 pixels, got 1 x 65536; make the image smaller"
    content = _encoded(Image.new("L", (65_536, 1)), "PNG")

    for raw in (content, np.zeros((1, 65_536), np.uint8)):
        with pytest.raises(InputError, match=message):
            _decode("grey", [raw])
