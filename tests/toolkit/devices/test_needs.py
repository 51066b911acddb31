from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from edgesmith.devices.needs import Requirement, needs_of
from edgesmith_runtime.bundle import read_bundle
from edgesmith_runtime.manifest import Kind, Manifest
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def manifest(bundle: Path) -> Manifest:
    """Of a bundle with an ONNX artifact, the default, and a TFLite one."""
    found = read_bundle(bundle).manifest
    other = dataclasses.replace(found.artifacts[0], file="model.tflite", format=Format.TFLITE)
    return dataclasses.replace(found, artifacts=(*found.artifacts, other))


def _told(needs: tuple[Requirement, ...]) -> list[tuple[str, bool]]:
    return [(need.name, need.is_optional) for need in needs]


def test_the_default_artifact_must_run_and_the_others_should(manifest: Manifest) -> None:
    needs = needs_of(manifest)

    assert _told(needs) == [
        ("numpy", False),
        ("onnxruntime", False),
        ("ai-edge-litert", True),
    ]


def test_an_artifact_that_was_asked_for_brings_its_engine_alone(manifest: Manifest) -> None:
    needs = needs_of(manifest, file="model.tflite")

    assert _told(needs) == [("numpy", False), ("ai-edge-litert", False)]


def test_images_bring_their_decoder(manifest: Manifest) -> None:
    (raw,) = manifest.raw_inputs
    images = dataclasses.replace(
        manifest, raw_inputs=(dataclasses.replace(raw, kind=Kind.IMAGE),)
    )

    assert ("pillow", False) in _told(needs_of(images))


@pytest.mark.parametrize(
    ("version", "is_met"),
    [
        ("1.20", True),
        ("1.20.0", True),
        ("1.20.0.1", True),
        ("1.20.post1", True),
        ("1.20+cpu", True),
        ("1.20rc1", False),
        ("1.20.0.dev20250101", False),
        ("1.9", False),
        ("1.21a1", True),
        ("new", False),
    ],
)
@pytest.mark.parametrize("floor", ["1.20", "1.20.0"])
def test_versions_are_compared_as_pip_does(
    version: str,
    floor: str,
    is_met: bool,  # noqa: FBT001
) -> None:
    need = Requirement(name="onnxruntime", floor=floor)

    assert need.is_met_by({"onnxruntime": version}) is is_met
    assert not need.is_met_by({})
