"""Steps as a user writes them become a program, or are refused by place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from edgesmith.config.steps import read_steps, steps_of
from edgesmith_runtime.errors import ConfigError, TransformError
from edgesmith_runtime.manifest import Step

if TYPE_CHECKING:
    from pathlib import Path

DECODE: dict[str, Any] = {
    "op": "decode_image",
    "inputs": ["photo"],
    "outputs": ["pixels"],
    "params": {"mode": "grey"},
}
SCALE: dict[str, Any] = {
    "op": "scale",
    "inputs": ["pixels"],
    "outputs": ["image"],
    "params": {"offset": [0.0], "scale": [255.0]},
}
STEPS = (
    Step(op="decode_image", inputs=("photo",), outputs=("pixels",), params={"mode": "grey"}),
    Step(
        op="scale",
        inputs=("pixels",),
        outputs=("image",),
        params={"offset": [0.0], "scale": [255.0]},
    ),
)
TOML = """
[[transform]]
op = "decode_image"
inputs = ["photo"]
outputs = ["pixels"]
params = { mode = "grey" }
[[transform]]
op = "scale"
inputs = ["pixels"]
outputs = ["image"]
params = { offset = [0.0], scale = [255.0] }
"""


def test_mappings_and_nouns_are_the_same_steps() -> None:
    assert steps_of([DECODE, STEPS[1]]) == STEPS
    assert steps_of(STEPS) == STEPS
    assert steps_of(()) == ()


def test_the_keys_of_a_manifest_are_taken_too() -> None:
    written = {"op": "scale", "from": ("pixels",), "to": ["image"], "params": SCALE["params"]}

    assert steps_of([written]) == STEPS[1:]


def _without(key: str) -> dict[str, Any]:
    return {name: value for name, value in SCALE.items() if name != key}


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (7, "1: expected a mapping with op, inputs, outputs and params, got int"),
        (_without("op"), "1: op: expected the name of a step, e.g. 'scale', got nothing"),
        (_without("inputs"), "1 (scale): inputs: missing; expected a list of names of values"),
        (
            {**SCALE, "inputs": "pixels"},
            "1 (scale): inputs: expected a list of names, got 'pixels'; write ['pixels']",
        ),
        ({**SCALE, "outputs": [1]}, "1 (scale): outputs: expected a list of names, got [1]"),
        ({**SCALE, "param": {}}, "1 (scale): unknown key 'param'; did you mean 'params'?"),
        (
            {**SCALE, "offset": [0.0]},
            "1 (scale): unknown key 'offset'; what the op computes with goes into params; known: "
            "op, inputs, outputs, params, asset, augment_after",
        ),
        (
            {**SCALE, "from": ["pixels"]},
            "1 (scale): 'inputs' is given twice, under both of its names",
        ),
        ({**SCALE, "params": [1]}, "1 (scale): params: expected a mapping by name, got [1]"),
        ({**SCALE, "asset": 1}, "1 (scale): asset: expected a name of a file, got 1"),
    ],
)
def test_what_is_no_step_is_refused_by_place(second: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        steps_of([DECODE, second])

    assert str(caught.value) == f"transform step {message}"


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ({**SCALE, "inputs": ["image0"]}, "'image' is given already"),
        ({**SCALE, "params": {}}, r"transform step 1 \(scale\): the param 'offset' is missing"),
        ({**SCALE, "op": "scael"}, r"transform step 1 \(scael\): unknown op"),
        (
            {"op": "numbers", "inputs": ["row"], "outputs": ["x"]},
            r"transform step 1 \(numbers\): the param 'columns' is missing",
        ),
    ],
)
def test_steps_that_make_no_program_are_refused(second: Any, message: str) -> None:
    steps = [DECODE, second, SCALE] if "given already" in message else [DECODE, second]

    with pytest.raises(TransformError, match=message):
        steps_of(steps)


def test_a_single_step_belongs_in_a_list() -> None:
    with pytest.raises(ConfigError, match="expected a list of steps, got dict; put a single"):
        steps_of(SCALE)  # pyright: ignore[reportArgumentType] - what users do


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("s.json", json.dumps([DECODE, SCALE])),
        ("s.json", json.dumps({"transform": [DECODE, SCALE]})),
        ("s.toml", TOML),
    ],
)
def test_a_file_holds_the_same_steps(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)

    assert read_steps(tmp_path / name) == STEPS


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("s.txt", "", ": expected steps in a .json (a list) or a .toml ([[transform]] tables)"),
        ("no.json", None, ": no such file; expected the steps of a transform"),
        ("s.json", "{", ": not strict UTF-8 JSON: "),
        ("s.toml", "a = ", ": not TOML: "),
        (
            "s.toml",
            "[[step]]\nop = 'scale'",
            ": expected the key transform alone, with the list of steps, got step",
        ),
        ("s.json", "[3]", ": transform step 0: expected a mapping with op, "),
        (
            "s.json",
            '[{"op": "x", "inputs": ["a"], "outputs": ["b"]}]',
            ": transform step 0 (x): ",
        ),
    ],
)
def test_a_fault_of_a_file_names_it(
    tmp_path: Path, name: str, text: str | None, message: str
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)

    with pytest.raises((ConfigError, TransformError)) as caught:
        read_steps(path)

    assert str(caught.value).startswith(f"{path}{message}")
