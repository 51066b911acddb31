from __future__ import annotations

from pathlib import Path

import pytest

from edgesmith.config import Config, ConversionConfig, TargetConfig
from edgesmith.config.reading import parse_config
from edgesmith.recipe import Target
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.spec import Format

MINIMAL = """
name = "pets"
task = "classification"
[source]
kind = "table"
path = "pets.csv"
target = "species"
[training]
architecture = "mlp"
"""


def _parse(added: str) -> Config:
    return parse_config(MINIMAL + added, where="c.toml", folder=Path("/data"))


def test_without_the_section_nothing_is_searched() -> None:
    assert _parse("").target is None


def test_an_empty_section_is_the_target_without_limits() -> None:
    target = _parse("[target]\n").target

    assert target is not None
    assert target.as_target(ConversionConfig()) == Target()
    assert (target.fine_tune, target.n_calibration) == (True, 512)


def test_every_limit_reaches_the_target() -> None:
    target = _parse(
        "[target]\nformats = ['onnx']\nmax_size_bytes = '200KiB'\nmax_p95_ms = 5\n"
        "max_accuracy_drop = 0.02\nopset = 17\ninteger_only = true\n"
    ).target

    assert target is not None
    assert target.as_target(ConversionConfig()) == Target(
        formats=(Format.ONNX,),
        max_size_bytes=204_800,
        max_p95_ms=5.0,
        max_accuracy_drop=0.02,
        opset=17,
        integer_only=True,
    )


def test_without_formats_those_of_the_conversion_are_meant() -> None:
    conversion = ConversionConfig(formats=(Format.ONNX,))

    assert TargetConfig().as_target(conversion).formats == (Format.ONNX,)


@pytest.mark.parametrize("size", ["300000", "'300kB'"])
def test_a_size_is_a_number_or_a_text_with_its_unit(size: str) -> None:
    target = _parse(f"[target]\nmax_size_bytes = {size}\n").target

    assert target is not None
    assert target.max_size_bytes == 300_000


FAULTS = {
    "size without a known unit": (
        "max_size_bytes = '300KB'",
        "target.max_size_bytes: expected a size such as 300kB or 1.5MB (1000 bytes a kB), or "
        "200KiB (1024 bytes a KiB), got '300KB'",
    ),
    "no size": (
        "max_size_bytes = '0kB'",
        "target.max_size_bytes: expected a number above 0, got '0kB'",
    ),
    "fraction of a byte": (
        "max_size_bytes = 0.5",
        "target.max_size_bytes: expected a whole number, got 0.5",
    ),
    "text for a latency": (
        "max_p95_ms = 'fast'",
        "target.max_p95_ms: expected a number, got 'fast'",
    ),
    "no latency": ("max_p95_ms = 0", "target.max_p95_ms: expected a number above 0, got 0"),
    "gain for a drop": (
        "max_accuracy_drop = -0.1",
        "target.max_accuracy_drop: expected at least 0, got -0.1",
    ),
    "opset too old": ("opset = 9", "target.opset: expected at least 13, got 9"),
    "no format": ("formats = []", "target.formats: expected at least 1 item, got []"),
    "unknown format": (
        "formats = ['onx']",
        "target.formats.0: expected one of onnx, tflite, got 'onx'",
    ),
    "no calibration": (
        "n_calibration = 0",
        "target.n_calibration: expected at least 1, got 0",
    ),
    "misspelt key": (
        "max_size = '300kB'",
        "target.max_size: unknown key; did you mean 'max_size_bytes'?",
    ),
    "format that is not made": (
        "formats = ['onnx', 'tflite']\n[conversion]\nformats = ['onnx']",
        "target: formats: expected some of conversion.formats (onnx), got tflite",
    ),
    "fault of the conversion": (
        "formats = ['onnx']\n[conversion]\nformats = ['tflite']",
        "conversion: formats: expected onnx among them; a bundle's default artifact runs on "
        "numpy and onnxruntime alone",
    ),
}


@pytest.mark.parametrize(("added", "message"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_by_its_path(added: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _parse(f"[target]\n{added}\n")

    assert str(caught.value) == f"c.toml: {message}"
