"""Mistakes seeded into apps that prepare their inputs without Edgesmith, for the skew doctor.

python -m doctor_cases      (from this folder's parent; prints each case and how many are named right)
"""

from doctor_cases.aspects import aspect_cases
from doctor_cases.case import Case, named_right
from doctor_cases.images import image_cases, sample_photos
from doctor_cases.sounds import sound_cases
from doctor_cases.tables import number_cases

__all__ = [
    "Case",
    "all_cases",
    "aspect_cases",
    "image_cases",
    "named_right",
    "number_cases",
    "sound_cases",
]


def all_cases() -> list[Case]:
    """On what numpy, scipy and scikit-learn bring: photos, a recording made here, rows, a series."""
    photos = sample_photos()
    return [
        *image_cases(photos),
        *aspect_cases(photos),
        *sound_cases(),
        *number_cases(),
    ]
