"""The words of a command line as raw inputs, and what cannot be read told in its place."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.manifest import Kind, RawInput
from edgesmith_runtime.raw_files import Given, read_raw_inputs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _raw(kind: Kind, name: str = "x") -> RawInput:
    return RawInput(name, kind, "anything")


def _read(kind: Kind, *words: object) -> list[Given]:
    return list(read_raw_inputs([_raw(kind)], [str(word) for word in words]))


def _faults(read: list[Given]) -> list[str]:
    return [f"{item.name}|{item.raw}" for item in read if isinstance(item.raw, InputError)]


@pytest.mark.parametrize("kind", [Kind.IMAGE, Kind.AUDIO, Kind.SERIES])
def test_a_file_is_one_raw_input_whether_it_is_there_or_not(kind: Kind, tmp_path: Path) -> None:
    path = tmp_path / "none.bin"

    assert _read(kind, path) == [Given(str(path), path)]


def test_a_folder_is_its_images_in_order_at_any_depth(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("b/2.PNG", "a.jpg", "notes.txt", ".hidden.png", "b/1.webp"):
        (tmp_path / name).touch()

    read = _read(Kind.IMAGE, tmp_path)

    assert [item.raw for item in read] == [
        tmp_path / name for name in ("a.jpg", "b/1.webp", "b/2.PNG")
    ]


def test_a_folder_is_its_recordings(tmp_path: Path) -> None:
    for name in ("2.WAV", "a.flac", "b.ogg", "notes.txt"):
        (tmp_path / name).touch()

    read = _read(Kind.AUDIO, tmp_path)

    assert [item.raw for item in read] == [
        tmp_path / name for name in ("2.WAV", "a.flac", "b.ogg")
    ]


def test_a_folder_without_images_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()

    assert _faults(_read(Kind.IMAGE, tmp_path))[0].startswith(
        f"{tmp_path}|{tmp_path}: expected files of .bmp, .gif, "
    )


@pytest.mark.parametrize(("suffix", "delimiter"), [(".csv", ","), (".TSV", "\t")])
def test_a_table_is_a_row_a_raw_input(tmp_path: Path, suffix: str, delimiter: str) -> None:
    path = tmp_path / f"table{suffix}"
    lines = [["a", "b c"], ["1", '"x\ny"'], [], ["2", ""]]
    path.write_text("\ufeff" + "\r\n".join(delimiter.join(line) for line in lines), "utf-8")

    read = _read(Kind.TABLE, path)

    assert read == [
        Given(f"{path}:3", {"a": "1", "b c": "x\ny"}),
        Given(f"{path}:5", {"a": "2", "b c": ""}),
    ]


def test_a_torn_row_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n3\n5,6\n")

    read = _read(Kind.TABLE, path)

    assert _faults(read) == [f"{path}:3|expected 2 cells as in the header, got 1"]
    assert [item.raw for item in read][::2] == [{"a": "1", "b": "2"}, {"a": "5", "b": "6"}]


def test_a_row_with_a_stray_quote_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('a,b\n"1"x,2\n5,6\n')

    read = _read(Kind.TABLE, path)

    assert _faults(read) == [f"{path}:2|not a row of a table: ',' expected after '\"'"]
    assert read[1] == Given(f"{path}:3", {"a": "5", "b": "6"})


def test_columns_are_named_without_outer_blanks(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a , b\n1, 2\n")

    assert _read(Kind.TABLE, path) == [Given(f"{path}:2", {"a": "1", "b": " 2"})]


def test_json_lines_are_a_row_each(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"a": 1}\n\n[1]\n{"a":\n{"a": null}\n')

    read = _read(Kind.TABLE, path)

    assert [item.name for item in read] == [f"{path}:{line}" for line in (1, 3, 4, 5)]
    assert (read[0].raw, read[3].raw) == ({"a": 1}, {"a": None})
    assert _faults(read)[0] == f"{path}:3|expected one JSON object a line, got list"
    assert _faults(read)[1].startswith(f"{path}:4|expected one JSON object a line: Expecting")


@pytest.mark.parametrize("mark", ["\u2028", "\x85", "\x0c"])
def test_only_a_newline_ends_a_line(tmp_path: Path, mark: str) -> None:
    rows, words = tmp_path / "t.jsonl", tmp_path / "t.txt"
    rows.write_text(json.dumps({"a": f"x{mark}y"}, ensure_ascii=False) + "\r\n", "utf-8")
    words.write_text(f"x{mark}y\nz", "utf-8")

    assert [item.raw for item in _read(Kind.TABLE, rows)] == [{"a": f"x{mark}y"}]
    assert [item.raw for item in _read(Kind.TEXT, f"@{words}")] == [f"x{mark}y", "z"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"", "expected a header and rows, the file is empty"),
        ("t.csv", b"a\n\xff\xfe\n", "expected text in UTF-8"),
        ("t.csv", b'a\n"x', "t.csv:2|not a row of a table: unexpected end of data"),
        ("t.csv", b'"a\n1', "t.csv: not a row of a table: unexpected end of data"),
        ("t.csv", b"a,b, a\n1,2,3\n", "t.csv: the header has 'a' twice; rename one"),
        ("t.xlsx", b"", "expected a table as .csv, .tsv or .jsonl, got '.xlsx'"),
    ],
)
def test_what_is_no_table_is_told(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)

    (fault,) = _faults(_read(Kind.TABLE, tmp_path / name))

    assert message in fault


@pytest.mark.parametrize("kind", [Kind.TABLE, Kind.TENSOR])
def test_a_file_that_is_absent_is_told_and_the_next_is_read(kind: Kind, tmp_path: Path) -> None:
    none = tmp_path / ("none.csv" if kind is Kind.TABLE else "none.npy")

    read = _read(kind, none, none)

    assert _faults(read) == [f"{none}|{none}: cannot be read: No such file or directory"] * 2


@pytest.mark.parametrize("save", [np.save, np.savez])
def test_an_array_is_a_row_a_raw_input(tmp_path: Path, save: Callable[..., None]) -> None:
    path = tmp_path / ("x.npy" if save is np.save else "x.npz")
    save(path, np.arange(6).reshape(3, 2))

    read = _read(Kind.TENSOR, path)

    assert [item.name for item in read] == [f"{path}[0]", f"{path}[1]", f"{path}[2]"]
    np.testing.assert_array_equal(read[2].raw, [4, 5])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": [1], "b": [2]}, "expected the arrays ['x'], got ['a', 'b']"),
        ({"x": 7}, "'x': expected one row a sample, got one number"),
        ({"x": np.array([object()])}, "expected a .npy or .npz of numbers: "),
    ],
)
def test_arrays_that_are_not_the_tensor_are_told(
    tmp_path: Path, arrays: dict[str, Any], message: str
) -> None:
    np.savez(tmp_path / "x.npz", **arrays)

    (fault,) = _faults(_read(Kind.TENSOR, tmp_path / "x.npz"))

    assert message in fault


@given(content=st.binary(max_size=64))
def test_bytes_that_are_no_array_are_told(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("bytes") / "x.npy"
    path.write_bytes(content)

    assert "expected a .npy or .npz of numbers" in _faults(_read(Kind.TENSOR, path))[0]


@pytest.mark.parametrize("save", [np.save, np.savez, np.savez_compressed])
def test_an_array_with_any_bit_flipped_is_read_or_told(
    tmp_path: Path, save: Callable[..., None]
) -> None:
    path = tmp_path / ("x.npy" if save is np.save else "x.npz")
    save(path, np.arange(6, dtype=np.uint8).reshape(3, 2))
    content = path.read_bytes()

    for bit in range(0, 8 * len(content), 5):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)

        assert len(_read(Kind.TENSOR, path)) in (1, 2, 3)


def test_words_are_a_text_themselves(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("one\ntwo\n")

    read = _read(Kind.TEXT, "free prize now", f"@{tmp_path / 't.txt'}")

    assert [item.raw for item in read] == ["free prize now", "one", "two"]


def test_a_dash_is_the_lines_of_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"one\r\ntwo")))

    assert [item.raw for item in _read(Kind.TEXT, "-")] == ["one", "two"]


def test_standard_input_that_is_no_text_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"one\xff")))

    read = _read(Kind.TEXT, "-", "two")

    assert _faults(read)[0].startswith("-|standard input: expected text in UTF-8: ")
    assert read[1].raw == "two"


def test_standard_input_that_is_closed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)

    assert _faults(_read(Kind.TEXT, "-")) == [
        "-|standard input: expected a text a line, it is closed; use @FILE"
    ]


def test_several_raw_inputs_come_in_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text('{"photo": "a.png", "row": {"a": 1}}\n')
    inputs = [_raw(Kind.IMAGE, "photo"), _raw(Kind.TABLE, "row")]

    read = list(read_raw_inputs(inputs, [str(path)]))

    assert read == [Given(f"{path}:1", {"photo": "a.png", "row": {"a": 1}})]


def test_several_tensors_come_in_one_file_by_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", a=np.array([1, 2]), b=np.array([3, 4]))
    inputs = [_raw(Kind.TENSOR, "a"), _raw(Kind.TENSOR, "b")]

    read = list(read_raw_inputs(inputs, [str(tmp_path / "s.npz")]))

    assert [item.raw for item in read] == [{"a": 1, "b": 3}, {"a": 2, "b": 4}]


def test_several_tensors_have_as_many_rows(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", a=np.array([1, 2]), b=np.array([3]))
    inputs = [_raw(Kind.TENSOR, "a"), _raw(Kind.TENSOR, "b")]

    (fault,) = _faults(list(read_raw_inputs(inputs, [str(tmp_path / "s.npz")])))

    assert "expected as many rows in each array, got {'a': 2, 'b': 1}" in fault


def test_several_raw_inputs_do_not_come_in_an_image() -> None:
    inputs = [_raw(Kind.IMAGE, "photo"), _raw(Kind.TABLE, "row")]

    (fault,) = _faults(list(read_raw_inputs(inputs, ["a.png"])))

    assert "takes the raw inputs ['photo', 'row'] at once; expected a .jsonl file" in fault
