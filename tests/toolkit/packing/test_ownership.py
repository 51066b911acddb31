from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgesmith.packing import recorded_name

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_without_a_record_belongs_to_nobody(tmp_path: Path) -> None:
    assert recorded_name(tmp_path) is None


@pytest.mark.parametrize(
    ("content", "name"),
    [('{"name": "a"}', "a"), ('{"name": 3}', None), ("[]", None), ("cut sh", None)],
)
def test_a_record_tells_its_bundle_where_it_can_be_read(
    tmp_path: Path, content: str, name: str | None
) -> None:
    (tmp_path / "record.json").write_text(content)

    assert recorded_name(tmp_path) == name
