"""What ``tune`` recorded for a bundle on this host, read back when the bundle is loaded.

::

    tuned/BUNDLE/        in the folder of the cache, mode 0700
        HOST.json        the choice
        SHA256.onnx      onnxruntime's optimised copy of the graph, not always there

BUNDLE is the bundle's identity. HOST is a digest of the CPU, its instructions, the threads that
this process may use and the versions of runtime and engines: where one of them changes, or the
chosen engine has none to be found, there is no choice, and the bundle's default artifact runs.
"""

from __future__ import annotations

import json
import os
import platform
import re
import stat
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from edgesmith_runtime.cache import choices_folder
from edgesmith_runtime.digests import sha256_hex
from edgesmith_runtime.errors import BundleError, TuningWarning
from edgesmith_runtime.fields import Fields, shown, strict_json
from edgesmith_runtime.host import available_threads
from edgesmith_runtime.records import record
from edgesmith_runtime.settings import Engine, EngineSettings, Layout, engines_for, package_of
from edgesmith_runtime.threads import thread_budget
from edgesmith_runtime.unpacked import read_regular

if TYPE_CHECKING:
    from edgesmith_runtime.bundle import Bundle

__all__ = [
    "CHOICE_VERSION",
    "Choice",
    "GraphCopy",
    "MAX_CHOICE_BYTES",
    "Setup",
    "check_owner",
    "choice_json",
    "copied_graph",
    "has_version",
    "host_key",
    "tuned_choice",
    "verified_graph",
]

CHOICE_VERSION = 1
MAX_CHOICE_BYTES = 16_384
MAX_GRAPH_BYTES = 2 << 30  # of a protobuf message

# Distributions whose version can change which setup is the fastest, as their directories start.
_ENGINES = ("ai_edge_litert", "edgesmith_runtime", "numpy", "onnxruntime", "openvino")
# Of the first processor in /proc/cpuinfo; the frequency differs from look to look.
_CPU_KEYS = frozenset(
    {
        *("vendor_id", "cpu family", "model", "model name", "stepping", "flags"),
        *("CPU implementer", "CPU architecture", "CPU variant", "CPU part", "Features"),
    }
)
_SHA256 = re.compile("[0-9a-f]{64}")
_CPU_BYTES = 8192  # holds the first processor; the file of 256 of them takes milliseconds


@record(kw_only=True)
class Setup:
    """One way to run a bundle on a host.

    Args:
        file: The artifact.
        settings: Of its engine.
    """

    file: str
    settings: EngineSettings

    def __str__(self) -> str:
        return f"{self.file} with {self.settings}"


@record(kw_only=True)
class GraphCopy:
    """The copy of a graph beside a choice: what its bytes must be."""

    sha256: str
    size_bytes: int

    @property
    def file(self) -> str:
        """Its name in the folder of the choices."""
        return f"{self.sha256}.onnx"


@record(kw_only=True)
class Choice:
    """What runs a bundle on this host.

    Args:
        setup: Artifact, engine and settings.
        reason: Why, in one sentence.
        graph: An engine-optimised copy that loads faster; None where there is none.
    """

    setup: Setup
    reason: str
    graph: GraphCopy | None = None


def tuned_choice(bundle: Bundle) -> Choice | None:
    """The choice recorded for a bundle on this host, in one small file; None without one.

    None too where models share a budget of threads: it was measured with all to itself.

    Warns with ``TuningWarning`` where there is a file that cannot be trusted or read.
    """
    folder = choices_folder(bundle.identity)
    if folder is None or not folder.is_dir() or thread_budget() is not None:
        return None
    installed = _installed()
    path = folder / f"{_key(Path('/'), installed)}.json"
    try:
        check_owner(folder)
        content = read_regular(path, max_bytes=MAX_CHOICE_BYTES, follow_links=False)
        choice = _read_choice(bundle, content, str(path))
    except FileNotFoundError:
        return None
    except (BundleError, OSError, ValueError) as error:
        _warn(f"{path}: {str(error).removeprefix(f'{path}: ')}; the default artifact runs")
        return None
    return choice if _is_among(choice.setup.settings.engine, installed) else None


def copied_graph(bundle: Bundle, choice: Choice) -> bytes | None:
    """The verified bytes of the copy beside a choice; None where there is none.

    Warns with ``TuningWarning`` where it is not what was recorded.
    """
    folder = choices_folder(bundle.identity)
    if choice.graph is None or folder is None:
        return None
    try:
        return verified_graph(folder / choice.graph.file, choice.graph)
    except (BundleError, OSError) as error:
        _warn(f"{error}; the graph of the bundle is taken")
        return None


def verified_graph(path: Path, copy: GraphCopy) -> bytes:
    """The content of a copy: what is hashed here is what the engine gets.

    Raises:
        BundleError: Not the bytes that were recorded, or no regular file.
        OSError: It cannot be read.
    """
    content = read_regular(path, max_bytes=copy.size_bytes, follow_links=False)
    if sha256_hex(content) != copy.sha256:
        raise BundleError(f"{path}: expected other bytes, with the sha256 of its name")
    return content


def _warn(text: str) -> None:
    # The line that calls load: this function, the one that warns, and two in loading.
    warnings.warn(
        f"{text}: edgesmith-runtime tune --forget removes what is recorded",
        TuningWarning,
        stacklevel=5,
    )


def choice_json(choice: Choice) -> bytes:
    """What ``tuned_choice`` reads."""
    settings = choice.setup.settings
    graph = choice.graph
    members = {
        "version": CHOICE_VERSION,
        "file": choice.setup.file,
        "engine": settings.engine,
        "n_threads": settings.n_threads,
        "spins": settings.spins,
        "layout": settings.layout,
        "reason": choice.reason,
        "graph": graph and {"sha256": graph.sha256, "size_bytes": graph.size_bytes},
    }
    return (json.dumps(members, indent=1) + "\n").encode()


def _read_choice(bundle: Bundle, content: bytes, where: str) -> Choice:
    fields = Fields(strict_json(content, where, max_bytes=MAX_CHOICE_BYTES), f"{where}:")
    if (version := fields.take("version", int)) != CHOICE_VERSION:
        raise BundleError(f"{where}: expected version {CHOICE_VERSION}, got {version}")
    entry = bundle.manifest.artifact(fields.take("file", str))
    settings = EngineSettings(
        engine=fields.choice("engine", Engine),
        n_threads=fields.take("n_threads", int),
        spins=fields.take("spins", bool),
        layout=fields.choice("layout", Layout),
    )
    if settings.engine not in engines_for(entry.format):
        raise BundleError(f"{where}: {settings.engine} does not run {entry.file}")
    if settings.n_threads > (most := available_threads()):
        raise BundleError(f"{where}: expected at most {most} threads, got {settings.n_threads}")
    choice = Choice(
        setup=Setup(file=entry.file, settings=settings),
        reason=fields.take("reason", str),
        graph=fields.maybe_child("graph", _read_graph),
    )
    fields.finish()
    return choice


def _read_graph(fields: Fields) -> GraphCopy:
    copy = GraphCopy(
        sha256=fields.take("sha256", str), size_bytes=fields.take("size_bytes", int)
    )
    if not _SHA256.fullmatch(copy.sha256):  # it is a part of a path
        raise BundleError(
            f"{fields.path('sha256')}: expected 64 hex digits, got {shown(copy.sha256)}"
        )
    if not 0 < copy.size_bytes <= MAX_GRAPH_BYTES:
        raise BundleError(
            f"{fields.path('size_bytes')}: expected 1 to {MAX_GRAPH_BYTES}, got {copy.size_bytes}"
        )
    return copy


def check_owner(folder: Path) -> None:
    """Refuse a folder of choices that someone else may have written into.

    Raises:
        BundleError: It is not of this user, or others may write to it.
        OSError: It is not there.
    """
    if sys.platform == "win32":  # where a profile is private by its own rules
        return
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise BundleError(f"{folder}: expected a folder of this user, got another")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise BundleError(
            f"{folder}: expected a folder that this user alone writes to, got mode "
            f"{stat.S_IMODE(status.st_mode):o}"
        )


def host_key(*, root: Path = Path("/")) -> str:
    """What a choice is true for, as a digest: the CPU, its threads, and the versions installed.

    Args:
        root: Where ``proc`` and ``sys`` are.
    """
    return _key(root, _installed())


def has_version(engine: Engine) -> bool:
    """Whether the key of this host has the version of an engine in it.

    It has none where packages are without their metadata, in a frozen program for one; there the
    key would be the same after the engine was replaced.
    """
    return _is_among(engine, _installed())


def _is_among(engine: Engine, installed: list[str]) -> bool:
    package = package_of(engine)
    # onnxruntime comes by more names than one: onnxruntime_gpu, onnxruntime_openvino.
    starts = (
        (f"{package}-", f"{package}_") if engine is Engine.ONNXRUNTIME else (f"{package}-",)
    )
    return any(name.startswith(starts) for name in installed)


def _key(root: Path, installed: list[str]) -> str:
    versions = [platform.python_version(), *installed]
    facts = [*_cpu(root), str(available_threads(root=root)), *versions]
    return sha256_hex("\n".join(facts).encode())[:32]


def _cpu(root: Path) -> list[str]:
    try:
        with (root / "proc/cpuinfo").open("rb") as file:
            block = file.read(_CPU_BYTES).decode("utf-8", "replace").split("\n\n", 1)[0]
    except OSError:
        # Not platform.processor(), which starts a process.
        return [platform.machine(), str(os.cpu_count())]
    lines = (line.partition(":") for line in block.splitlines())
    pairs = [(key.strip(), value.strip()) for key, _, value in lines]
    known = [f"{key}: {value}" for key, value in pairs if key in _CPU_KEYS]
    return [platform.machine(), *known]


def _installed() -> list[str]:
    """Names of the installed distributions' directories, ``onnxruntime-1.32.0.dist-info``.

    ``importlib.metadata`` would say the same and takes 15 ms to import.
    """
    found: set[str] = set()  # a place can be in the path twice, by two names
    for place in sys.path:
        try:
            names = os.listdir(place or ".")  # noqa: PTH208 - quicker than paths
        except OSError:  # a zip file, or a place that is not there
            continue
        found.update(
            name
            for name in names
            if name.startswith(_ENGINES) and name.endswith((".dist-info", ".egg-info"))
        )
    return sorted(found)
