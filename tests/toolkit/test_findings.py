from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import keras
import pytest
import tensorflow as tf

from edgesmith.cli import run
from edgesmith.config import ConversionConfig
from edgesmith.findings import Fate, Finding, Findings, check
from edgesmith_runtime.spec import Format, Signature, TensorSpec

if TYPE_CHECKING:
    from pathlib import Path

layers = keras.layers


def _text_model() -> keras.Model:
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    y = layers.Embedding(9, 4, name="words")(tokens)
    y = layers.LSTM(3, name="memory")(y)
    return keras.Model(tokens, layers.Dense(2, name="answer")(y), name="text")


def _fates(findings: tuple[Finding, ...], fmt: Format) -> dict[str, Fate]:
    return {one.layer: one.fate for one in findings if one.format is fmt}


@pytest.fixture(scope="module")
def of_texts() -> Findings:
    return check(_text_model())


@pytest.mark.slow
def test_every_layer_has_a_fate_in_every_format(of_texts: Findings) -> None:
    assert of_texts.failures == {}
    assert _fates(of_texts.layers, Format.TFLITE) == {
        "words": Fate.CONVERTS,
        "memory": Fate.LOWERED,
        "answer": Fate.CONVERTS,
    }
    assert [one.kind for one in of_texts.layers] == ["Embedding", "LSTM", "Dense"] * 2


@pytest.mark.slow
def test_what_runs_step_by_step_is_said_to_be_slow(of_texts: Findings) -> None:
    slow = {one.layer: one.slow for one in of_texts.layers if one.format is Format.TFLITE}

    assert slow["memory"].startswith("runs step by step in a loop")
    assert slow["words"] == slow["answer"] == ""


@pytest.mark.slow
def test_a_layer_that_cannot_be_traced_for_a_target_is_named_with_the_reason() -> None:
    x = keras.Input((99, 99))
    y = layers.Lambda(keras.ops.inv, name="inverse")(x)

    found = check(keras.Model(x, y))

    fates = {one.format: one.fate for one in found.layers if one.layer == "inverse"}
    assert fates[Format.ONNX] is Fate.IMPOSSIBLE
    assert "layer 'inverse': inv of matrices of 99 rows" in found.failures[Format.ONNX]


@pytest.mark.slow
def test_a_layer_that_cannot_go_is_named_with_the_reason() -> None:
    x = keras.Input((3, 3))
    y = layers.Lambda(tf.linalg.pinv, name="inverse")(x)
    model = keras.Model(x, layers.Flatten(name="flat")(y))

    found = check(model)

    for fmt, name in ((Format.ONNX, "ONNX"), (Format.TFLITE, "TFLite")):
        (impossible,) = [
            one for one in found.layers if one.format is fmt and one.fate is Fate.IMPOSSIBLE
        ]
        assert impossible.layer == "inverse"
        assert impossible.why.startswith(f"{name} has no counterpart for Svd")
        assert "Svd (layer 'inverse')" in found.failures[fmt]


@pytest.mark.slow
def test_a_model_that_is_not_built_yet_is_checked_with_a_signature() -> None:
    model = keras.Sequential([layers.Dense(2, name="d")], name="later")
    signature = Signature((TensorSpec("x", "float32", ("batch", 3)),), ())

    found = check(model, signature, config=ConversionConfig(formats=(Format.TFLITE,)))

    assert [one.fate for one in found.layers] == [Fate.CONVERTS]


@pytest.mark.slow
def test_the_command_shows_a_line_a_layer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _text_model().save(tmp_path / "text.keras")

    code = run(["check", str(tmp_path / "text.keras"), "--formats", "tflite"])

    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert lines[0] == "text to tflite: converts"
    assert [line.split()[:3] for line in lines[1:]] == [
        ["words", "Embedding", "converts"],
        ["memory", "LSTM", "lowered"],
        ["answer", "Dense", "converts"],
    ]


@pytest.mark.slow
def test_the_command_fails_where_a_format_cannot_be_had_and_says_so_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x = keras.Input((3, 3))
    parts: Any = keras.ops.svd(x)
    keras.Model(x, parts[1], name="values").save(tmp_path / "values.keras")

    code = run(["check", str(tmp_path / "values.keras"), "--formats", "tflite", "--json"])

    found = json.loads(capsys.readouterr().out)
    assert code == 1
    assert "Svd" in found["failures"]["tflite"]


def test_a_format_that_is_none_is_wrong_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["check", str(tmp_path / "m.keras"), "--formats", "coreml"])

    assert code == 2
    assert "--formats: expected some of onnx, tflite, got 'coreml'" in capsys.readouterr().err
