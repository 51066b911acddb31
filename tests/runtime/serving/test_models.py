"""Bundles under their names, and read again."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bundle import make_bundle, write_bundle
from edgesmith_runtime.errors import BackendError, BundleError
from edgesmith_runtime.golden import golden_files
from edgesmith_runtime.host import available_threads
from edgesmith_runtime.loading import load
from edgesmith_runtime.serving.messages import RefusedError
from edgesmith_runtime.serving.models import open_models, version_of, workers_for
from edgesmith_runtime.serving.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bundle import Bundle
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

    assert str(caught.value).startswith("the old 'tiny' serves on: ")
    assert str(tmp_path) not in str(caught.value)
    assert version_of(served.model) == before


def test_what_serves_and_cannot_be_confirmed_is_told_as_such(
    tiny_bundle_path: Path,
    shifted_bundle: Callable[[float], Bundle],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.copy(tiny_bundle_path, tmp_path / "current.edge")
    served = open_models([str(tmp_path)], load, ServerSettings())["tiny"]
    new = shifted_bundle(2.0)
    write_bundle(new, tmp_path / "current.edge")
    removed = Path.unlink

    def unlink(path: Path, *, missing_ok: bool = False) -> None:
        if path.name == "unconfirmed":
            raise PermissionError(13, "Permission denied")
        removed(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink)

    with pytest.raises(RefusedError) as caught:
        served.reload()

    version = new.identity[:12]
    assert caught.value.status == 500
    assert caught.value.message.startswith(
        f"'tiny' serves as version {version} until the server ends, but is not confirmed: "
    )
    assert version_of(served.model) == version


def test_there_are_workers_for_the_threads_that_a_run_takes(tiny_bundle_path: Path) -> None:
    n_cores = available_threads()
    narrow, wide = (load(tiny_bundle_path, n_threads=n) for n in (1, n_cores))

    assert workers_for([narrow]) == n_cores
    assert workers_for([narrow, wide]) == 1


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
