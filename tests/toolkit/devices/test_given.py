from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgesmith.devices.given import Sent, absent_inputs, sent_inputs
from edgesmith_runtime.errors import InputError
from edgesmith_runtime.manifest import Kind, RawInput

TABLE = (RawInput(name="x", kind=Kind.TABLE, accepts="rows"),)
TEXT = (RawInput(name="x", kind=Kind.TEXT, accepts="text"),)
IMAGE = (RawInput(name="x", kind=Kind.IMAGE, accepts="images"),)


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (here / "a.csv").write_text("x\n1\n")
    (tmp_path / "b.csv").write_text("x\n2\n")
    monkeypatch.chdir(here)


def test_a_file_below_the_working_folder_keeps_its_name() -> None:
    sent = sent_inputs(TABLE, ["a.csv"])

    assert sent.words == ("a.csv",)
    assert sent.parts == {"inputs/a.csv": Path("a.csv")}


@pytest.mark.parametrize("is_json", [False, True])
def test_any_other_file_gets_a_name_as_long_and_is_called_as_here(
    tmp_path: Path,
    is_json: bool,  # noqa: FBT001
) -> None:
    absolute = str(tmp_path / "b.csv")

    sent = sent_inputs(TABLE, ["../b.csv", absolute])

    assert sent.words == ("__/b.csv", "_" + absolute[1:])
    form = '{{"input": "{}:2", "label": "x"}}' if is_json else "{}:2  x"
    shown = [sent.as_here(form.format(word), is_json=is_json) for word in sent.words]
    assert shown == [form.format("../b.csv"), form.format(absolute)]


def test_a_name_is_only_taken_for_whole_parts_of_a_path() -> None:
    sent = Sent(words=(), parts={}, names={"_a": "/a", "_a/b": "/a/b"})

    lines = [
        "_a/x.png  cat",
        "_a2/x.png  cat",
        "_a/b:2  cat",
        "_a[0]  cat",
        "_a  cat",
        "_a b  cat",
    ]

    assert [sent.as_here(line, is_json=False) for line in lines] == [
        "/a/x.png  cat",
        "_a2/x.png  cat",
        "/a/b:2  cat",
        "/a[0]  cat",
        "/a  cat",
        "_a b  cat",
    ]


@pytest.mark.parametrize(
    ("raw_inputs", "word", "problem"),
    [
        (TABLE, "c.csv", "c.csv: cannot be read: No such file or directory"),
        (TABLE, "c.xls", "c.xls: expected a table as .csv, .tsv or .jsonl, got '.xls'"),
        (TEXT, "@c.txt", "@c.txt: cannot be read: No such file or directory"),
        (IMAGE, "c.png", "c.png: there is no such file"),
    ],
)
def test_what_is_not_here_is_told_as_the_runtime_does(
    raw_inputs: tuple[RawInput, ...], word: str, problem: str
) -> None:
    (absent,) = absent_inputs(raw_inputs, [word])

    assert absent.told(is_json=False) == f"{word}  error: {problem}"
    assert json.loads(absent.told(is_json=True)) == {"input": word, "error": problem}


def test_what_is_here_is_not_absent() -> None:
    assert absent_inputs(TABLE, ["a.csv"]) == []
    assert absent_inputs(TEXT, ["so"]) == []


def test_a_file_that_is_not_there_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(InputError, match=r"c\.csv: no such file; expected a raw input to send"):
        sent_inputs(TABLE, ["c.csv"])


def test_two_files_do_not_become_one(tmp_path: Path) -> None:
    folder = Path("__")
    folder.mkdir()
    (folder / "b.csv").write_text("x\n3\n")

    with pytest.raises(InputError, match=r"both would be __/b\.csv on the device"):
        sent_inputs(TABLE, ["../b.csv", "__/b.csv"])


def test_texts_are_sent_as_words_and_their_files_as_files() -> None:
    Path("words.txt").write_text("so\n")

    sent = sent_inputs(TEXT, ["-5 degrees; $(x)", "@words.txt"])

    assert sent.words == ("-5 degrees; $(x)", "@words.txt")
    assert sent.parts == {"inputs/words.txt": Path("words.txt")}


def test_of_a_folder_the_files_that_count_are_sent() -> None:
    for name in ("cat.png", "notes.txt", ".hidden.png"):
        Path(name).write_bytes(b"x")

    sent = sent_inputs(IMAGE, ["."])

    assert sent.words == (".",)
    assert sent.parts == {"inputs/cat.png": Path("cat.png")}
