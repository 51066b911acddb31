from __future__ import annotations

from pathlib import Path

import pytest

from edgesmith.config.reading import parse_config
from edgesmith_runtime.errors import ConfigError

BASE = """
name = "fan"
task = "{task}"
source = {{ kind = "sklearn", dataset = "digits" }}
training = {{ architecture = "mahalanobis" }}
[anomaly]
{anomaly}
"""


def _parse(anomaly: str, task: str = "anomaly") -> object:
    text = BASE.format(task=task, anomaly=anomaly)
    return parse_config(text, where="fan.toml", folder=Path()).anomaly


def test_every_other_label_is_abnormal_unless_named() -> None:
    section = _parse('normal = ["0"]')

    assert section is not None
    assert (section.normal, section.abnormal, section.quantile) == (("0",), None, 0.99)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("anomaly", "task", "message"),
    [
        ("normal = []", "anomaly", "anomaly.normal: expected at least 1 item"),
        ("", "anomaly", "anomaly.normal: missing"),
        (
            'normal = ["0", "1"]\nabnormal = ["1"]',
            "anomaly",
            "anomaly: '1' is in normal and in abnormal; name it in one of them",
        ),
        (
            'normal = ["0"]\nquantile = 1.0',
            "anomaly",
            "anomaly.quantile: expected a number below 1",
        ),
        (
            'normal = ["0"]',
            "classification",
            'anomaly: this is for task = "anomaly", and the task is classification',
        ),
    ],
)
def test_a_section_that_cannot_be_meant_is_refused(
    anomaly: str, task: str, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        _parse(anomaly, task)

    assert message in str(caught.value)
