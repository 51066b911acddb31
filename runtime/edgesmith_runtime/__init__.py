"""Load an Edgesmith bundle and turn raw inputs into predictions, with numpy and onnxruntime."""

from edgesmith_runtime.bundle import Artifact, Bundle, read_bundle
from edgesmith_runtime.decoding import Prediction
from edgesmith_runtime.errors import (
    BackendError,
    BundleError,
    EdgesmithError,
    InputError,
    PortabilityWarning,
    SelfTestError,
    SignatureError,
    TransformError,
    WriteError,
)
from edgesmith_runtime.host import Host, available_threads, this_host
from edgesmith_runtime.latency import Measurement, measure
from edgesmith_runtime.loading import load
from edgesmith_runtime.manifest import Manifest
from edgesmith_runtime.model import Model
from edgesmith_runtime.runners import Runner, open_runner
from edgesmith_runtime.selftest import SelfTestResult
from edgesmith_runtime.spec import Format, Precision, Signature, TensorSpec
from edgesmith_runtime.transforms import Transform

__all__ = [
    # verbs
    "available_threads",
    "load",
    "measure",
    "open_runner",
    "read_bundle",
    "this_host",
    # nouns
    "Artifact",
    "Bundle",
    "Format",
    "Host",
    "Manifest",
    "Measurement",
    "Model",
    "Precision",
    "Prediction",
    "Runner",
    "SelfTestResult",
    "Signature",
    "TensorSpec",
    "Transform",
    # errors
    "BackendError",
    "BundleError",
    "EdgesmithError",
    "InputError",
    "PortabilityWarning",
    "SelfTestError",
    "SignatureError",
    "TransformError",
    "WriteError",
]
