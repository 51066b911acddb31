"""Open an artifact with the engine of its format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, assert_never

from edgesmith_runtime.errors import BackendError, SignatureError
from edgesmith_runtime.settings import Engine, default_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact
    from edgesmith_runtime.settings import EngineSettings
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["Runner", "check_outputs", "check_side", "open_runner"]


class Runner(Protocol):
    """A loaded artifact that can be run, from any thread."""

    @property
    def artifact(self) -> Artifact:
        """What is loaded."""
        ...

    def run(
        self, tensors: Mapping[str, NDArray[Any]], *, timeout: float | None = None
    ) -> dict[str, NDArray[Any]]:
        """Run the model once.

        Args:
            tensors: One array for each input of the artifact's signature, in its dtype; for a
                quantized input, one with a scale, floats are taken as well. Any number of
                samples, also where the batch axis of the artifact is fixed.
            timeout: In seconds, above 0; the run is ended soon after. None sets no limit.

        Returns:
            One array for each output, in the order of the signature; the caller owns them. Of a
            quantized output it is the numbers that it stands for, in float32.

        Raises:
            SignatureError: A tensor is missing, surplus, or of another dtype or shape, or NaN is
                among the numbers for a quantized input.
            DeadlineError: The run took longer than ``timeout``.
            BackendError: The engine failed, or cannot end a run that has begun; the message names
                the artifact.
            ValueError: ``timeout`` is not a number of seconds.
        """
        ...


def open_runner(
    artifact: Artifact,
    settings: EngineSettings | None = None,
    *,
    n_threads: int | None = None,
    graph: bytes | None = None,
) -> Runner:
    """Load an artifact into an engine.

    Args:
        artifact: Its content must be verified already: engines do not survive hostile bytes.
        settings: None takes those of ``default_settings``, with ``n_threads``.
        n_threads: For one run, where no settings are given; None takes all that affinity and
            quota allow.
        graph: What onnxruntime gets in place of the artifact's content: ``optimized_graph`` of
            it, made on this host and trusted as the artifact is. It is not optimised again.

    Raises:
        BackendError: The engine is not installed, refuses the model, or takes no graph.
    """
    settings = settings or default_settings(artifact.format, n_threads=n_threads)
    runner = _open(artifact, settings, graph)
    batch_size = artifact.signature.batch_size
    if batch_size is not None:
        from edgesmith_runtime.runners.fixed_batch import FixedBatchRunner

        runner = FixedBatchRunner(runner, batch_size)
    if any(spec.scale is not None for spec in artifact.signature):
        from edgesmith_runtime.runners.quantized import QuantizedRunner

        runner = QuantizedRunner(runner)  # around the batches, which are of codes
    return runner


def _open(artifact: Artifact, settings: EngineSettings, graph: bytes | None) -> Runner:
    if graph is not None and settings.engine is not Engine.ONNXRUNTIME:
        raise BackendError(
            f"{artifact.file}: expected no optimised graph, {settings.engine} takes none; leave "
            "graph= away"
        )
    match settings.engine:
        case Engine.ONNXRUNTIME:
            from edgesmith_runtime.runners.onnx import OnnxRunner

            return OnnxRunner(artifact, settings, graph=graph)
        case Engine.LITERT:
            try:
                from edgesmith_runtime.runners.tflite import TfliteRunner
            except ImportError as error:
                raise _not_imported(artifact, "TFLite", "ai_edge_litert", error) from error
            return TfliteRunner(artifact, settings)
        case Engine.OPENVINO:
            try:
                from edgesmith_runtime.runners.openvino import OpenvinoRunner
            except ImportError as error:
                raise _not_imported(artifact, "OpenVINO", "openvino", error) from error
            return OpenvinoRunner(artifact, settings)
        case _:
            assert_never(settings.engine)


def _not_imported(
    artifact: Artifact, what: str, package: str, error: ImportError
) -> BackendError:
    if isinstance(error, ModuleNotFoundError) and error.name == package:
        return BackendError(
            f"{artifact.file}: {what} needs an extra: "
            f"pip install 'edgesmith-runtime[{what.lower()}]'"
        )
    return BackendError(f"{artifact.file}: '{package}' is installed and does not load: {error}")


def check_side(
    artifact: Artifact, side: str, specs: Iterable[TensorSpec], found: Mapping[str, str]
) -> None:
    """Refuse a file whose tensors are not those of the artifact's signature.

    Args:
        artifact: Named in the message.
        side: "inputs" or "outputs".
        specs: Of that side of the signature.
        found: The dtype of each tensor of the file by name.

    Raises:
        BackendError: Other names or dtypes.
    """
    expected = {spec.name: spec.dtype for spec in specs}
    if expected != found:
        raise BackendError(
            f"{artifact.file}: expected the {side} {expected} that the manifest names, the file "
            f"has {dict(found)}; rebuild the bundle"
        )


def check_outputs(artifact: Artifact, outputs: Mapping[str, NDArray[Any]]) -> None:
    """Refuse an answer that is not what the artifact's signature says.

    Args:
        artifact: What ran.
        outputs: One array for each of its outputs.

    Raises:
        BackendError: Another dtype, rank or fixed axis; the message names artifact and output.
    """
    for spec in artifact.signature.outputs:
        try:
            spec.check(outputs[spec.name])
        except SignatureError as error:
            raise BackendError(
                f"{artifact.file}: answers otherwise than the manifest says: {error}"
            ) from error
