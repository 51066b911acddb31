"""How the calls of each phase are timed, a module a phase.

Each warms up until the latency has settled and has Python collect its garbage once, so that none of
an earlier phase falls into this one. The collector stays on meanwhile, as it is in an app.
"""

from edgesmith_runtime.bench.measuring.timing.phase import least_seconds, time_phase
from edgesmith_runtime.bench.measuring.timing.raw import RawCalls, time_raw

__all__ = ["RawCalls", "least_seconds", "time_phase", "time_raw"]
