"""What is in a bundle, line by line."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from edgesmith_runtime.bundle import make_bundle
from edgesmith_runtime.manifest import HostStep
from edgesmith_runtime.overview import overview

if TYPE_CHECKING:
    from edgesmith_runtime.bundle import Bundle


def test_every_artifact_and_step_has_its_line(tiny_bundle: Bundle) -> None:
    lines = overview(tiny_bundle)

    assert ("step 0", "tensor: x -> features") in lines
    assert [text for title, text in lines if title == "artifact"] == [
        f"model.onnx: float32, {len(tiny_bundle.files['model.onnx']):,} bytes"
    ]


def test_what_an_app_does_before_a_fused_artifact_is_said(tiny_bundle: Bundle) -> None:
    step = HostStep(step=0, op="tensor", why="a check")
    manifest = dataclasses.replace(tiny_bundle.manifest, host_part={"model.onnx": (step,)})
    files = {"model.onnx": bytes(tiny_bundle.files["model.onnx"])}

    lines = overview(make_bundle(manifest, files))

    takes = "model.onnx takes features (batch x 4, float32); before it the host does"
    assert ("fused", takes) in lines
    assert ("host step 0", "tensor: a check") in lines
