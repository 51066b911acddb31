"""The skew doctor: how an app's own preprocessing differs from the bundle's transform, in one sentence.

A bundle's transform is a program of steps. A mistake of an app is that program with one step
changed: left out, done twice, with another kernel, window or offset, or with the result read in
another layout. The doctor runs every such program on the raw input and compares what it gives
with the tensor that the app feeds; the simplest one that leaves no difference is the diagnosis.
"""

from edgesmith_runtime.doctor.diagnosing import diagnose
from edgesmith_runtime.doctor.diagnosis import Diagnosis, Trial
from edgesmith_runtime.doctor.faults import Fault

__all__ = ["Diagnosis", "Fault", "Trial", "diagnose"]
