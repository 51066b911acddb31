from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgesmith.packing.beside import build_beside
from edgesmith_runtime.bundle import read_bundle
from edgesmith_runtime.digests import sha256_hex
from edgesmith_runtime.errors import BundleError

SHIPPED = Path(__file__).parents[2] / "data" / "bundles" / "v1" / "tiny.edge"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "t.edge"
    path.write_bytes(SHIPPED.read_bytes())
    return path


def _leave(bundle: Path, content: bytes, name: str) -> Path:
    """A record of a build of any name with one candidate."""
    build = bundle.parent / "build"
    (build / "candidates").mkdir(parents=True)
    (build / "candidates" / name).write_bytes(content)
    spec = {"dtype": "float32", "shape": ["batch", 4]}
    record = {
        "version": 2,
        "name": "any",
        "candidates": [name],
        "files": {f"candidates/{name}": sha256_hex(content)},
        "inputs": [{"name": "x", **spec}],
        "outputs": [{"name": "y", **spec}],
        "input_nodes": [],
        "output_nodes": [],
        "scopes": {"net/conv": "conv"},
        "sets": {},
    }
    (build / "record.json").write_text(json.dumps(record))
    return build


def test_without_a_record_there_is_none(bundle: Path) -> None:
    found = build_beside(bundle, read_bundle(bundle))

    assert (found.record, found.is_of_another) == (None, False)


def test_a_build_is_the_bundles_own_by_an_artifact_that_it_made(bundle: Path) -> None:
    opened = read_bundle(bundle)
    file = opened.manifest.artifacts[0].file
    _leave(bundle, bytes(opened.files[file]), file)

    found = build_beside(bundle, opened)

    assert found.record is not None
    assert found.record.scopes == {"net/conv": "conv"}
    assert not found.is_of_another


def test_a_build_of_other_artifacts_is_another_bundles(bundle: Path) -> None:
    opened = read_bundle(bundle)
    build = _leave(bundle, b"another", opened.manifest.artifacts[0].file)

    found = build_beside(bundle, opened)

    assert (found.place, found.record, found.is_of_another) == (build, None, True)


def test_what_was_changed_since_the_build_is_told(bundle: Path) -> None:
    build = _leave(bundle, b"another", "model.onnx")
    (build / "candidates" / "model.onnx").write_bytes(b"changed")

    with pytest.raises(BundleError, match="was changed since the build: build again"):
        build_beside(bundle, read_bundle(bundle))
