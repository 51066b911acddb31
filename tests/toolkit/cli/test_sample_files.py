from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith.cli.sample_files import read_array, read_class_names, read_samples
from edgesmith_runtime.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


def test_an_npy_is_one_array(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(3))

    samples = read_samples(tmp_path / "x.npy")

    np.testing.assert_array_equal(samples, [0, 1, 2])


def test_an_npz_is_an_array_an_input(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=np.arange(3), b=np.ones(2))

    samples = read_samples(tmp_path / "x.npz")

    assert isinstance(samples, dict)
    assert set(samples) == {"a", "b"}
    np.testing.assert_array_equal(samples["b"], [1, 1])


@pytest.mark.parametrize("name", ["x.csv", "x"])
def test_samples_of_another_kind_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"expected an \.npy, or an \.npz with an array an input"
    ):
        read_samples(tmp_path / name)


def test_expected_values_are_an_npy(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"y\.npz: expected an \.npy"):
        read_array(tmp_path / "y.npz")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"x\.npy: no such file"):
        read_samples(tmp_path / "x.npy")


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
@pytest.mark.parametrize("content", [b"", b"not numbers at all", b"PK\x03\x04 cut short"])
def test_a_file_that_is_not_what_its_name_says_is_refused(
    name: str, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(InputError, match="of plain arrays"):
        read_samples(tmp_path / name)


def test_objects_in_an_npz_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=np.array([{}], dtype=object))

    with pytest.raises(InputError, match=r"x\.npz: not a \.npz of plain arrays"):
        read_samples(tmp_path / "x.npz")


def test_class_names_are_lines(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("cat\nguinea pig\n")

    assert read_class_names(tmp_path / "labels.txt") == ["cat", "guinea pig"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected class names, one a line, got an empty file"),
        ("cat\n\ndog\n", "line 2: expected a class name, got an empty line"),
        ("cat\ndog\ncat\n", "line 3: 'cat' stands there twice"),
    ],
)
def test_wrong_class_names_are_told(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_text(text)

    with pytest.raises(InputError) as caught:
        read_class_names(path)

    assert str(caught.value) == f"{path}: {message}"


def test_class_names_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a file with one class name a line"):
        read_class_names(tmp_path / "zero,one")
