"""What ships and what stays: the bundle with its golden samples, and the record of the build."""

from __future__ import annotations

from edgesmith.packing.bundle import Evidence, Interface, needs, pack
from edgesmith.packing.golden import golden_rows, golden_samples
from edgesmith.packing.ownership import recorded_name
from edgesmith.packing.provenance import provenance
from edgesmith.packing.record import (
    DRAWN,
    ORIGINAL,
    Record,
    RecordedSet,
    SampleSet,
    leave,
    leave_candidates,
    original_place,
    read_record,
)

__all__ = [
    "DRAWN",
    "ORIGINAL",
    "Evidence",
    "Interface",
    "Record",
    "RecordedSet",
    "SampleSet",
    "golden_rows",
    "golden_samples",
    "leave",
    "leave_candidates",
    "needs",
    "original_place",
    "pack",
    "provenance",
    "read_record",
    "recorded_name",
]
