from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith.conversion.refusal import RefusedError, read_refusal, refusal_path, write_refusal

if TYPE_CHECKING:
    from pathlib import Path


def test_a_refusal_reaches_the_parent_with_its_places(tmp_path: Path) -> None:
    path = refusal_path(tmp_path / "result")
    write_refusal(RefusedError("no", {"dense": "TFLite has no counterpart for Svd"}), path)

    found = read_refusal("the tflite converter: no", path)

    assert found is not None
    assert str(found) == "the tflite converter: no"
    assert found.reasons == {"dense": "TFLite has no counterpart for Svd"}


def test_without_places_there_is_none(tmp_path: Path) -> None:
    assert read_refusal("died", refusal_path(tmp_path / "result")) is None
