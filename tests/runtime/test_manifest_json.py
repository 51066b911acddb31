"""manifest.json is strict JSON on both ways."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith_runtime.errors import BundleError
from edgesmith_runtime.manifest_json import read_manifest, write_manifest

if TYPE_CHECKING:
    from edgesmith_runtime.manifest import Manifest


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[]", "manifest.json: expected an object, got []"),
        (b'{"format": "1.0", "format": "1.0"}', 'manifest.json: the key "format" stands twice'),
        (b'{"format": NaN}', 'manifest.json: "NaN" is not a finite number'),
        (
            b" " * (1 << 20) + b"{}",
            "manifest.json: expected at most 1048576 bytes, got 1048578",
        ),
    ],
)
def test_what_is_not_strict_json_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(BundleError) as caught:
        read_manifest(content)

    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize(
    ("provenance", "reason"),
    [
        ({"loss": float("nan")}, "manifest.json: a value that JSON cannot hold: "),
        ({"loss": np.float32(1)}, "manifest.json: a value that JSON cannot hold: "),
        ({"name": "\ud800"}, "manifest.json: a value that JSON cannot hold: "),
        ({"classes": {1: "a"}}, "manifest.json: expected keys that are strings, got 1"),
        ({"blob": "x" * (1 << 20)}, "manifest.json: expected at most 1048576 bytes, got 104"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(
    tiny_manifest: Manifest, provenance: dict[str, Any], reason: str
) -> None:
    manifest = replace(tiny_manifest, provenance=provenance)

    with pytest.raises(BundleError) as caught:
        write_manifest(manifest)

    assert str(caught.value).startswith(reason)


def test_any_mapping_is_written_as_an_object(tiny_manifest: Manifest) -> None:
    frozen = MappingProxyType({"seed": 7, "inner": MappingProxyType({})})

    manifest = read_manifest(write_manifest(replace(tiny_manifest, provenance=frozen)))

    assert manifest.provenance == {"seed": 7, "inner": {}}
