from __future__ import annotations

import pytest

from edgesmith.config.sizes import parse_size


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("300kB", 300_000),
        ("1.5MB", 1_500_000),
        ("200KiB", 204_800),
        ("2 MiB", 2_097_152),
        ("1GB", 1_000_000_000),
        ("0.5GiB", 536_870_912),
        ("12345", 12_345),
        ("12B", 12),
        ("0.0015kB", 1),
    ],
)
def test_a_size_is_in_whole_bytes(text: str, size_bytes: int) -> None:
    assert parse_size(text) == size_bytes


@pytest.mark.parametrize(
    "text", ["", "kB", "300KB", "300kb", "3 parsecs", "-3kB", "1,5MB", "1e3", "nan"]
)
def test_what_is_no_size_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="expected a size") as caught:
        parse_size(text)

    assert str(caught.value) == (
        "expected a size such as 300kB or 1.5MB (1000 bytes a kB), or 200KiB (1024 bytes a KiB), "
        f"got '{text}'"
    )
