"""Bundles under their names, and read again."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bundle import make_bundle, write_bundle
from edgesmith_runtime.errors import BackendError, BundleError
from edgesmith_runtime.golden import golden_files
from edgesmith_runtime.loading import load
from edgesmith_runtime.serving.models import open_models, version_of
from edgesmith_runtime.serving.settings import ServerSettings

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith_runtime.golden import GoldenSamples
    from edgesmith_runtime.manifest import Manifest


def test_a_model_has_the_name_of_its_manifest(tiny_bundle_path: Path) -> None:
    models = open_models([str(tiny_bundle_path)], load, ServerSettings())

    assert [*models] == ["tiny"]
    assert version_of(models["tiny"].model) == load(tiny_bundle_path).bundle.identity[:12]


def test_a_name_that_no_address_can_hold_is_refused(
    tiny_manifest: Manifest, tiny_onnx: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "x.edge"
    write_bundle(
        make_bundle(replace(tiny_manifest, name="a/b"), {"model.onnx": tiny_onnx}), path
    )

    with pytest.raises(BackendError, match="a name that can stand in an address, got 'a/b'"):
        open_models([str(path)], load, ServerSettings())


def test_one_with_golden_samples_is_not_replaced_by_one_without(
    tiny_bundle_path: Path, tiny_manifest: Manifest, tiny_onnx: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "tiny.edge"
    shutil.copy(tiny_bundle_path, path)
    served = open_models([str(path)], load, ServerSettings())["tiny"]
    before = version_of(served.model)
    write_bundle(make_bundle(tiny_manifest, {"model.onnx": tiny_onnx}), path)

    with pytest.raises(BundleError) as caught:
        served.reload()

    assert str(tmp_path) not in str(caught.value)
    assert version_of(served.model) == before


def test_a_folder_of_updates_is_read_again_and_confirmed(
    tiny_bundle_path: Path,
    tiny_manifest: Manifest,
    tiny_onnx: bytes,
    tiny_golden: GoldenSamples,
    tmp_path: Path,
) -> None:
    shutil.copy(tiny_bundle_path, tmp_path / "current.edge")
    served = open_models([str(tmp_path)], load, ServerSettings())["tiny"]
    manifest = replace(tiny_manifest, provenance={"seed": 8})
    new = make_bundle(manifest, {"model.onnx": tiny_onnx, **golden_files(tiny_golden)})
    write_bundle(new, tmp_path / "current.edge")

    version = served.reload()

    assert version == new.identity[:12]
    assert not (tmp_path / "unconfirmed").exists()
