"""The child of a trial: limits itself, reads a bundle from its standard input, and runs it once."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgesmith_runtime.archive import read_archive
from edgesmith_runtime.bundle import Bundle
from edgesmith_runtime.checksums import SUMS
from edgesmith_runtime.errors import BackendError, BundleError
from edgesmith_runtime.golden import has_golden
from edgesmith_runtime.manifest_json import read_manifest
from edgesmith_runtime.model import Model
from edgesmith_runtime.program import program_before
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.settings import Engine
from edgesmith_runtime.trial.exchange import PASSED, Request, refusal_bytes

if TYPE_CHECKING:
    from edgesmith_runtime.spec import Signature

__all__ = ["main"]

_LEAVES = {Engine.ONNXRUNTIME: "onnx", Engine.LITERT: "tflite", Engine.OPENVINO: "openvino"}
_DEFAULT_STACK_BYTES = 8 << 20
# How engines say that the system gave no more memory; none of them has an exception for it.
_OUT_OF_MEMORY = ("bad_alloc", "bad allocation", "Failed to allocate memory")


def main() -> None:
    """Try what the standard input holds, answer on the standard output, and end.

    The answer goes to a descriptor of its own: what an engine prints is no part of it.
    """
    answer = os.dup(sys.stdout.fileno())
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    request = Request.from_line(sys.stdin.buffer.readline())
    _bound_time_and_files(request.deadline_s)
    try:
        _try(request)
    except Exception as error:  # noqa: BLE001 - a hostile bundle may raise what it wants
        reply = refusal_bytes(_named(error, request.memory_bytes))
    else:
        reply = PASSED
    os.write(answer, reply)
    os._exit(0)  # the ends of native libraries would cost time and tell nothing


def _try(request: Request) -> None:
    content = sys.stdin.buffer.read(request.n_archive_bytes)
    files = read_archive(content, "trial")
    sums = bytes(files.pop(SUMS))
    bundle = Bundle(read_manifest(files["manifest.json"]), files, sums)
    # Before the limit: what an engine takes for itself is no fault of the model.
    with suppress(ImportError):
        importlib.import_module(f"edgesmith_runtime.runners.{_LEAVES[request.settings.engine]}")
    _bound_memory(request.memory_bytes, request.settings.n_threads)
    entry = bundle.manifest.artifact(request.file)
    # The pool is the parent's; its threads compute nothing else than others do.
    settings = replace(request.settings, is_pooled=False)
    transform = program_before(bundle, entry)
    model = Model(bundle, transform, open_runner(bundle.artifact(entry.file), settings))
    if has_golden(bundle):
        model.selftest()
    else:
        _run_on_zeros(model)
    del model
    gc.collect()  # so that a session that cannot be closed shows here


def _run_on_zeros(model: Model) -> None:
    """One run of zeros; free axes are of length 1."""
    signature = model.signature
    zeros = {
        spec.name: np.zeros(
            [1 if isinstance(axis, str) else axis for axis in spec.shape], spec.dtype
        )
        for spec in signature.inputs
    }
    try:
        model.run(zeros)
    except BackendError:
        if not _has_free_axes(signature):
            raise
        # A length of 1 need not suit the model: this says nothing against it.


def _has_free_axes(signature: Signature) -> bool:
    return any(isinstance(axis, str) for spec in signature.inputs for axis in spec.sample_shape)


def _named(error: Exception, memory_bytes: int) -> Exception:
    """The error, or where it says that there was no more memory, one that names the limit."""
    text = str(error)
    if isinstance(error, MemoryError) or any(words in text for words in _OUT_OF_MEMORY):
        return BundleError(
            f"it takes more than {memory_bytes} bytes of memory: {text or 'refused'}"
        )
    return error


def _bound_time_and_files(deadline_s: float) -> None:
    """End at the deadline also without a parent; write no file, leave no core."""
    if hasattr(signal, "setitimer"):
        # What the parent's parent ignores or blocks is handed down.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])
        signal.setitimer(signal.ITIMER_REAL, deadline_s)
    with suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _bound_memory(memory_bytes: int, n_threads: int) -> None:
    """Limit what this process may allocate from now on; without effect but on Linux.

    Address space (``RLIMIT_AS``) would count what allocators reserve and never touch, which is
    gigabytes on a host of many cores.
    """
    statm = Path("/proc/self/statm")
    if not statm.is_file():
        return
    import resource

    taken = int(statm.read_text().split()[5]) * resource.getpagesize()
    stack = resource.getrlimit(resource.RLIMIT_STACK)[0]
    if stack == resource.RLIM_INFINITY:
        stack = _DEFAULT_STACK_BYTES
    limit = taken + memory_bytes + n_threads * stack
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


if __name__ == "__main__":
    main()
