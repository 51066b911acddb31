"""Load a bundle: checked to the last bit, then opened with the engine that runs it here."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Literal

from edgesmith_runtime.bundle import read_bundle
from edgesmith_runtime.cache import has_choices
from edgesmith_runtime.errors import BackendError, BundleError, EdgesmithError, TuningWarning
from edgesmith_runtime.finiteness import check_policy
from edgesmith_runtime.model import Model
from edgesmith_runtime.portability import warn_where_not_portable
from edgesmith_runtime.program import program_before
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.settings import Engine, default_settings, engines_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgesmith_runtime.bundle import Bundle
    from edgesmith_runtime.finiteness import NonFinite
    from edgesmith_runtime.manifest import ArtifactEntry, Manifest
    from edgesmith_runtime.settings import EngineSettings
    from edgesmith_runtime.tuned import Choice

__all__ = ["load"]


def load(  # noqa: PLR0913 - what an app may ask of a bundle
    path: str | os.PathLike[str],
    *,
    artifact: str | None = None,
    engine: str | None = None,
    n_threads: int | None = None,
    public_key: str | bytes | Sequence[str | bytes] | None = None,
    min_version: int | None = None,
    trusted: bool = True,
    tuned: bool = True,
    non_finite: NonFinite | Literal["error", "warn", "pass"] = "error",
) -> Model:
    """Load a bundle: every byte is checked before an engine sees one.

    The digests show that a bundle is as it was made, not who made it: a model is a program for
    its engine, and one made to do harm can end the process or never come back. What comes from
    elsewhere is loaded with a ``public_key``, or with ``trusted=False``. Then a child process
    opens and runs the artifact first, for at most 30 s and 2 GiB: what crashes, hangs or eats
    memory there is an error here. That shows what the model does with its golden samples
    (without any, with zeros), not what it does with every input: give ``predict`` a timeout.

    Without ``artifact``, ``engine`` and ``n_threads`` it runs as ``tune`` recorded for this bundle
    on this host. Where nothing is recorded, where a thread budget is set, and where the record
    cannot be used, of which a ``TuningWarning`` tells, it runs as if they were never tuned. A
    copy of the graph in the cache is not taken with a ``public_key`` or without trust.

    Warns with ``PortabilityWarning`` where the build found that the artifact answers otherwise on
    a CPU like this one.

    Args:
        path: ``NAME.edge``, or its unpacked directory.
        artifact: A file name of the bundle, or a format ("onnx", "tflite"), of which the first
            that the manifest lists is taken; None takes the tuned one or the bundle's default.
        engine: "onnxruntime", "litert" or "openvino"; None takes the one of the artifact's
            format. OpenVINO runs .onnx and needs the extra ``[openvino]``. It computes whole
            numbers in 32 bits: inputs and constants beyond are refused, but where a sum or
            product of int64 comes to more, its answer is another, without a word.
        n_threads: For one run; None takes all that affinity and quota allow.
        public_key: Who may have signed the bundle: 32 bytes of Ed25519, or the text of a PEM
            file, or several of these. None takes a bundle from anyone, signed or not.
        min_version: The lowest version, as its signer numbered it, that is taken; needs a key.
        trusted: False tries the artifact in a child process before this one opens it.
        tuned: False takes no notice of what ``tune`` recorded.
        non_finite: What is done about NaN and infinity in the tensors that go into the model and
            in what it answers, but by ``run``, which looks at no numbers: "error" refuses them,
            "warn" answers with one ``NonFiniteWarning`` a call, "pass" answers. What a step of
            the transform refuses, it refuses still, and so is NaN for a quantized input.

    Raises:
        SealError: With a public key: not signed, signed by another key, altered since, or older
            than ``min_version``. It is a BundleError too.
        BundleError: Not a bundle, damaged, incomplete, of another major format, or without such
            an artifact.
        TransformError: Its transform is not one that this runtime can run.
        BackendError: The engine of the artifact is not installed or refuses the model.
        SelfTestError: Without trust: a golden sample is not reproduced.
        ValueError: ``n_threads`` is no whole number from 1 or far beyond this machine, or
            ``non_finite`` is another word.
    """
    check_policy(non_finite)
    bundle = read_bundle(path, public_key=public_key, min_version=min_version)

    def opened(
        entry: ArtifactEntry, settings: EngineSettings, graph: bytes | None = None
    ) -> Model:
        if not trusted:
            # Here: it starts processes, which nothing else in the runtime does to load a bundle.
            from edgesmith_runtime.trial import try_artifact

            try_artifact(bundle, entry.file, settings, where=os.fspath(path))
        transform = program_before(bundle, entry)
        warn_where_not_portable(bundle.manifest, entry.file)
        runner = open_runner(bundle.artifact(entry.file), settings, graph=graph)
        return Model(bundle, transform, runner, settings, non_finite=non_finite)

    if tuned and artifact is None and engine is None and n_threads is None:
        choice, graph = _recorded(bundle, takes_graph=trusted and public_key is None)
        if choice is not None:
            setup = choice.setup
            try:
                return opened(bundle.manifest.artifact(setup.file), setup.settings, graph)
            except EdgesmithError as error:
                if isinstance(error, BundleError) and not trusted:
                    raise  # it crashed, hung or ate memory: its default need not try that, too
                warnings.warn(
                    f"what tune recorded for this bundle does not load, and its default runs: "
                    f"{error}; tune it again",
                    TuningWarning,
                    stacklevel=2,
                )
    entry = _chosen(bundle.manifest, artifact)
    return opened(entry, _settings(entry, engine, n_threads))


def _recorded(bundle: Bundle, *, takes_graph: bool) -> tuple[Choice | None, bytes | None]:
    """The choice for this host, and the copy of the graph beside it, where there are any."""
    if not has_choices(bundle.identity):
        return None, None
    # Here: what most bundles do not have need not cost their loading an import.
    from edgesmith_runtime.tuned import copied_graph, tuned_choice

    choice = tuned_choice(bundle)
    if choice is None or not takes_graph:
        return choice, None
    return choice, copied_graph(bundle, choice)


def _settings(
    entry: ArtifactEntry, engine: str | None, n_threads: int | None
) -> EngineSettings:
    known = engines_for(entry.format)
    if engine is not None and engine not in known:
        raise BackendError(
            f"{entry.file}: expected an engine that runs {entry.format} "
            f"({', '.join(known)}), got '{engine}'"
        )
    chosen = None if engine is None else Engine(engine)
    return default_settings(entry.format, engine=chosen, n_threads=n_threads)


def _chosen(manifest: Manifest, artifact: str | None) -> ArtifactEntry:
    if artifact is None:
        return manifest.artifact(manifest.default_artifact.file)
    for entry in manifest.artifacts:
        if artifact in (entry.file, entry.format):
            return entry
    known = ", ".join(f"{entry.file} ({entry.format})" for entry in manifest.artifacts)
    raise BundleError(
        f"'{artifact}' is neither a file nor a format of this bundle; it has {known}"
    )
