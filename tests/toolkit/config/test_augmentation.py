"""``[augmentation]``: shares of masks need masks."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from edgesmith.config import AugmentationConfig


@pytest.mark.parametrize("name", ["time_mask", "frequency_mask"])
def test_a_share_without_masks_is_refused(name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        AugmentationConfig.model_validate({f"{name}_share": 0.5})

    message = f"{name}_share: of {name}s, and there are none; leave it out"
    assert caught.value.errors()[0]["msg"] == f"Value error, {message}"
    AugmentationConfig.model_validate({f"{name}_share": 0.5, f"{name}s": 1})
