"""Every artifact against the original and against the truth: parity, decisions, the task metric."""

from __future__ import annotations

from edgesmith.verification.answers import answers, decisions
from edgesmith.verification.checking import Truth, Verified, verify, verify_variant
from edgesmith.verification.metrics import check_labels, resolve_metric, score
from edgesmith.verification.paired import (
    RULE_OF_THREE,
    agreement_drop,
    detection_drop,
    fidelity_drop,
    metric_drop,
)
from edgesmith.verification.parity import ParityCount, tolerance

__all__ = [
    "RULE_OF_THREE",
    "ParityCount",
    "Truth",
    "Verified",
    "agreement_drop",
    "answers",
    "check_labels",
    "decisions",
    "detection_drop",
    "fidelity_drop",
    "metric_drop",
    "resolve_metric",
    "score",
    "tolerance",
    "verify",
    "verify_variant",
]
