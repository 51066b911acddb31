"""The skew doctor from outside: ``diagnose`` and the command ``doctor``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import edgesmith_runtime.__main__ as cli
from edgesmith_runtime.doctor import Fault, diagnose
from edgesmith_runtime.errors import InputError
from edgesmith_runtime.loading import load
from edgesmith_runtime.manifest import Kind, RawInput, Step
from edgesmith_runtime.spec import TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

PHOTO = np.random.default_rng(3).integers(0, 256, (6, 8, 3)).astype(np.uint8)
PIXELS = (PHOTO.astype(np.float32) / np.float32(255))[None]
ROW = {"a": 1.5, "b": 40.0}


@pytest.fixture
def colours_path(bundle_of: Callable[..., Path]) -> Path:
    """Colours of 6 by 8, scaled to the unit interval."""
    return bundle_of(
        (RawInput("photo", Kind.IMAGE, "colour images"),),
        (
            Step(
                op="decode_image", inputs=("photo",), outputs=("rgb",), params={"mode": "rgb"}
            ),
            Step(
                op="scale",
                inputs=("rgb",),
                outputs=("pixels",),
                params={"offset": [0.0], "scale": [255.0]},
            ),
        ),
        (1, (TensorSpec("pixels", "float32", ("batch", 6, 8, 3)),)),
    )


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[str, NDArray[Any]], Path]:
    """Saves an array."""

    def save(name: str, array: NDArray[Any]) -> Path:
        np.save(tmp_path / name, array)
        return tmp_path / name

    return save


def test_the_right_tensor_differs_in_nothing(colours_path: Path) -> None:
    diagnosis = diagnose(colours_path, PIXELS, PHOTO)

    assert (diagnosis.faults, diagnosis.differs) == ((), False)
    assert diagnosis.sentence == "No difference (0 % of the range)."


def test_a_tensor_may_lack_its_batch_axis(colours_path: Path) -> None:
    assert not diagnose(colours_path, PIXELS[0], PHOTO).differs


def test_a_loaded_bundle_serves_as_well_as_its_path(colours_path: Path) -> None:
    diagnosis = diagnose(load(colours_path), PIXELS[..., ::-1], PHOTO)

    assert diagnosis.faults == (Fault.CHANNEL_ORDER,)
    assert diagnosis.error_before > 0.1 > 1e-6 >= diagnosis.error_after


def test_the_sentence_says_what_the_app_does(colours_path: Path) -> None:
    diagnosis = diagnose(colours_path, PIXELS * 255, PHOTO)

    assert diagnosis.faults == (Fault.VALUE_RANGE,)
    assert diagnosis.sentence.startswith(
        "The app leaves out the scaling (x - 0) / 255 (difference: "
    )


def test_two_mistakes_at_once_are_both_named(colours_path: Path) -> None:
    tensor = np.moveaxis(PIXELS[..., ::-1], -1, 1)

    diagnosis = diagnose(colours_path, tensor, PHOTO)

    assert set(diagnosis.faults) == {Fault.CHANNEL_ORDER, Fault.LAYOUT}
    assert " and feeds channels first, (3, 6, 8) (difference: the shapes differ;" in (
        diagnosis.sentence
    )


def test_right_numbers_in_another_dtype_are_a_fault(colours_path: Path) -> None:
    diagnosis = diagnose(colours_path, PIXELS.astype(np.float64), PHOTO)

    assert diagnosis.faults == (Fault.DTYPE,)
    assert diagnosis.sentence == (
        "The app feeds the right numbers as float64 where the model takes float32; "
        "convert with .astype('float32')."
    )


def test_what_nothing_explains_is_unknown_and_told_in_numbers(colours_path: Path) -> None:
    noise = np.random.default_rng(9).normal(size=PIXELS.shape).astype(np.float32)

    diagnosis = diagnose(colours_path, noise, PHOTO)

    assert diagnosis.faults == (Fault.UNKNOWN,)
    assert diagnosis.sentence.startswith("Unknown: no mistake that was tried explains the ")
    assert "The app feeds shape (1, 6, 8, 3), float32, " in diagnosis.sentence


def test_a_shape_that_nothing_gives_is_told(colours_path: Path) -> None:
    diagnosis = diagnose(colours_path, np.zeros((1, 5, 5, 3), np.float32), PHOTO)

    assert diagnosis.faults == (Fault.SHAPE,)
    assert diagnosis.sentence.startswith("The app feeds another shape, and no mistake ")


def test_rows_of_a_table_are_compared_together(row_bundle_path: Path) -> None:
    rows = [ROW, {"a": None, "b": 7.0}]

    diagnosis = diagnose(row_bundle_path, np.array([[1.5, 40], [0, 7]], np.float32), rows)

    assert diagnosis.faults == (Fault.MISSING_FILL,)


def test_a_model_with_several_inputs_asks_which_one(two_inputs_path: Path) -> None:
    raw = {"photo": PHOTO[:2, :2], "row": ROW}

    with pytest.raises(InputError, match=r"takes the tensors \['scaled', 'x'\]; say which one"):
        diagnose(two_inputs_path, np.zeros((1, 2)), raw)

    assert not diagnose(
        two_inputs_path, np.array([[1.5, 40]], np.float32), raw, name="x"
    ).differs


def test_what_is_no_array_of_numbers_is_refused(colours_path: Path) -> None:
    with pytest.raises(InputError, match="tensor 'pixels': expected an array of numbers, got"):
        diagnose(colours_path, np.array(["a"]), PHOTO)


def test_the_command_says_one_sentence_and_the_nearest_explanations(
    row_bundle_path: Path,
    saved: Callable[[str, NDArray[Any]], Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n1.5,40\n")
    tensor = saved("t.npy", np.array([[40.0, 1.5]], np.float32))

    code = cli.main(
        [
            "doctor",
            str(row_bundle_path),
            "--tensor",
            str(tensor),
            "--raw",
            f"{tmp_path}/rows.csv",
        ]
    )

    sentence, header, first, *_ = capsys.readouterr().out.splitlines()
    assert code == 1
    assert sentence.startswith("The app takes the columns in another order: ")
    assert header.split() == ["difference", "the", "app"]
    assert first.startswith("0 %")


def test_the_command_answers_in_json_and_exits_with_0_where_nothing_differs(
    row_bundle_path: Path,
    saved: Callable[[str, NDArray[Any]], Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n1.5,40\n")
    tensor = saved("t.npy", np.array([[1.5, 40.0]], np.float32))

    code = cli.main(
        [
            *("doctor", str(row_bundle_path), "--tensor", str(tensor)),
            *("--raw", f"{tmp_path}/rows.csv", "--json"),
        ]
    )

    answer = json.loads(capsys.readouterr().out)
    assert code == 0
    assert (answer["differs"], answer["faults"], answer["error_before"]) == (False, [], 0.0)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("absent.npy", "rows.csv"), "absent.npy: cannot be read: No such file"),
        (("rows.csv", "rows.csv"), "expected a .npy or .npz of numbers"),
        (("t.npy", "absent.csv"), "absent.csv: cannot be read: No such file"),
        (("t.npy", "empty.csv"), "empty.csv: expected a raw input, found none"),
    ],
)
def test_the_command_exits_with_2_for_what_it_cannot_read(
    row_bundle_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    names: tuple[str, str],
    message: str,
) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n1.5,40\n")
    (tmp_path / "empty.csv").write_text("a,b\n")
    np.save(tmp_path / "t.npy", np.zeros((1, 2)))
    tensor, raw = (str(tmp_path / name) for name in names)

    code = cli.main(["doctor", str(row_bundle_path), "--tensor", tensor, "--raw", raw])

    assert code == 2
    assert message in capsys.readouterr().err


def _asked(bundle: Path, tensor: Path, raw: Path | str, *more: str) -> list[str]:
    return ["doctor", str(bundle), "--tensor", str(tensor), "--raw", str(raw), *more]


@pytest.mark.parametrize("n_rows", [1, 3])
def test_the_command_compares_as_many_rows_as_the_tensor_has(
    row_bundle_path: Path,
    saved: Callable[[str, NDArray[Any]], Path],
    tmp_path: Path,
    n_rows: int,
) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n" + "1.5,40\n" * n_rows)
    tensor = saved("t.npy", np.array([[1.5, 40.0]] * n_rows, np.float32))

    assert cli.main(_asked(row_bundle_path, tensor, tmp_path / "rows.csv")) == 0


def test_a_row_without_a_batch_axis_is_one_row_to_the_command(
    row_bundle_path: Path, saved: Callable[[str, NDArray[Any]], Path], tmp_path: Path
) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n1.5,40\n")
    tensor = saved("t.npy", np.array([1.5, 40.0], np.float32))

    assert cli.main(_asked(row_bundle_path, tensor, tmp_path / "rows.csv")) == 0


@pytest.mark.parametrize(
    ("shape", "n_rows", "message"),
    [
        (
            (3, 2),
            2,
            "rows.csv: expected as many rows as the tensor has, 3, got 2; give the rows",
        ),
        ((1, 2), 2, "rows.csv: expected as many rows as the tensor has, 1, got more than 1;"),
        ((2,), 2, "rows.csv: expected as many rows as the tensor has, 1, got more than 1;"),
    ],
)
def test_the_command_refuses_another_number_of_rows(  # noqa: PLR0913 - fixtures and a case
    row_bundle_path: Path,
    saved: Callable[[str, NDArray[Any]], Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    shape: tuple[int, ...],
    n_rows: int,
    message: str,
) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n" + "1.5,40\n" * n_rows)
    tensor = saved("t.npy", np.ones(shape, np.float32))

    code = cli.main(_asked(row_bundle_path, tensor, tmp_path / "rows.csv"))

    assert code == 2
    assert message in capsys.readouterr().err


def test_the_command_refuses_a_folder_of_several_files(
    colours_path: Path,
    saved: Callable[[str, NDArray[Any]], Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    image = pytest.importorskip("PIL.Image")
    folder = tmp_path / "photos"
    folder.mkdir()
    image.fromarray(PHOTO).save(folder / "a.png")
    tensor = saved("t.npy", PIXELS)

    assert cli.main(_asked(colours_path, tensor, folder)) == 0
    image.fromarray(PHOTO).save(folder / "b.png")
    capsys.readouterr()

    assert cli.main(_asked(colours_path, tensor, folder)) == 2
    assert "expected the one raw input that the tensor is of, got several" in (
        capsys.readouterr().err
    )


def test_the_command_takes_a_budget(
    colours_path: Path,
    saved: Callable[[str, NDArray[Any]], Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    image = pytest.importorskip("PIL.Image")
    image.fromarray(PHOTO).save(tmp_path / "a.png")
    noise = np.random.default_rng(9).normal(size=PIXELS.shape).astype(np.float32)
    tensor = saved("t.npy", noise)

    code = cli.main(_asked(colours_path, tensor, tmp_path / "a.png", "--budget", "0", "--json"))

    assert (code, json.loads(capsys.readouterr().out)["stopped_early"]) == (1, True)
    with pytest.raises(SystemExit):
        cli.main(_asked(colours_path, tensor, tmp_path / "a.png", "--budget", "-1"))
    assert "expected seconds from 0, got '-1'" in capsys.readouterr().err
