from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgesmith.foreign import is_foreign, open_foreign
from edgesmith_runtime.errors import InputError
from edgesmith_runtime.spec import Format


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("m.onnx", True),
        (Path("a/m.tflite"), True),
        ("m.keras", False),
        ("saved_model", False),
        (object(), False),
    ],
)
def test_a_model_file_is_told_by_its_suffix(model: Any, expected: object) -> None:
    assert is_foreign(model) is expected


@pytest.mark.parametrize("fmt", Format)
def test_a_file_that_is_not_there_is_named(tmp_path: Path, fmt: Format) -> None:
    path = tmp_path / f"m.{fmt}"

    with pytest.raises(InputError, match=rf"m\.{fmt}: no such file; expected an \.{fmt} model"):
        open_foreign(path)


@pytest.mark.parametrize("fmt", Format)
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, fmt: Format) -> None:
    path = tmp_path / f"m.{fmt}"
    path.mkdir()

    with pytest.raises(InputError, match=rf"m\.{fmt}: cannot be read: "):
        open_foreign(path)
