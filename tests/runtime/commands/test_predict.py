"""``predict --json`` is JSON whatever the model answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import pytest

from edgesmith_runtime.manifest import Kind, RawInput
from edgesmith_runtime.spec import TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def strictly(text: str) -> Any:
    def refuse(word: str) -> NoReturn:
        raise ValueError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_null_stands_for_any_member_that_is_no_number(
    number: float,
    run: Callable[..., tuple[int, str, str]],
    bundle_of: Callable[..., Path],
    tmp_path: Path,
) -> None:
    path = bundle_of(
        (RawInput("x", Kind.TENSOR, "2"),), (), (None, (TensorSpec("x", "float32", ("n", 2)),))
    )
    np.save(tmp_path / "x.npy", np.array([[number, 1.0]], np.float32))

    code, out, _ = run("predict", path, tmp_path / "x.npy", "--non-finite", "pass", "--json")

    answer = strictly(out)
    assert code == 0
    assert (answer["value"], answer["outputs"]) == (None, {"total": [None]})
