"""Models as users write them: small ones of the shapes that are met in practice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conversion_cases.models_custom import CUSTOM_MODELS
from conversion_cases.models_image import IMAGE_MODELS
from conversion_cases.models_pixels import PIXEL_MODELS
from conversion_cases.models_sequence import SEQUENCE_MODELS
from conversion_cases.models_table import TABLE_MODELS
from conversion_cases.models_text import TEXT_MODELS

if TYPE_CHECKING:
    from conversion_cases.case import Case

__all__ = ["MODELS"]

MODELS: tuple[Case, ...] = (
    *IMAGE_MODELS,
    *PIXEL_MODELS,
    *SEQUENCE_MODELS,
    *TEXT_MODELS,
    *TABLE_MODELS,
    *CUSTOM_MODELS,
)
