"""Run ONNX artifacts with OpenVINO."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import openvino

from edgesmith_runtime.errors import BackendError
from edgesmith_runtime.runners import check_outputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact
    from edgesmith_runtime.settings import EngineSettings

__all__ = ["OpenvinoRunner"]

_OPENVINO: Any = openvino  # its types are partly unknown


class OpenvinoRunner:
    """An ONNX artifact compiled by OpenVINO; calls from several threads take turns.

    Args:
        artifact: Its content is what the engine gets; nothing is read from the disk.
        settings: Threads of one run.

    Raises:
        BackendError: OpenVINO refuses the model.
    """

    def __init__(self, artifact: Artifact, settings: EngineSettings) -> None:
        self.artifact = artifact
        self._lock = Lock()
        try:
            core = _OPENVINO.Core()
            model = core.read_model(bytes(artifact.content), b"")
            compiled = core.compile_model(
                model,
                "CPU",
                {
                    "PERFORMANCE_HINT": "LATENCY",
                    "INFERENCE_NUM_THREADS": settings.n_threads,
                    "INFERENCE_PRECISION_HINT": "f32",
                },
            )
            self._request = compiled.create_infer_request()
        except Exception as error:
            raise _failure(artifact, error) from error

    def run(self, tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Run the model once; see ``Runner.run``."""
        self.artifact.signature.check_inputs(tensors)
        with self._lock:
            try:
                for name in tensors:
                    contiguous = np.ascontiguousarray(tensors[name])
                    self._request.set_tensor(name, _OPENVINO.Tensor(contiguous))
                self._request.infer()
                outputs: dict[str, NDArray[Any]] = {
                    spec.name: np.array(self._request.get_tensor(spec.name).data)
                    for spec in self.artifact.signature.outputs
                }
            except Exception as error:
                raise _failure(self.artifact, error) from error
        check_outputs(self.artifact, outputs)
        return outputs


def _failure(artifact: Artifact, error: Exception) -> BackendError:
    return BackendError(f"{artifact.file}: OpenVINO {_OPENVINO.__version__} refused: {error}")
