"""A child process opens and runs a model first, under a deadline and a memory limit."""

from edgesmith_runtime.trial.parent import (
    TRIAL_DEADLINE_S,
    TRIAL_MEMORY_BYTES,
    try_artifact,
)

__all__ = ["TRIAL_DEADLINE_S", "TRIAL_MEMORY_BYTES", "try_artifact"]
