"""What machine this is, and how many threads a process may use on it."""

from __future__ import annotations

import math
import os
import platform

from edgesmith_runtime.records import record

__all__ = ["Host", "allowed_cpus", "available_threads", "cpu_groups", "lacks_vnni", "this_host"]

# Instructions that add products of 8 bits up in 32, as Linux names them in arch/x86/include/asm/
# cpufeatures.h. Without one, pairs of products are added in 16 bits and saturate: VPMADDUBSW in
# the Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2.
_VNNI = frozenset({"avx512_vnni", "avx_vnni", "amx_int8"})
# Instruction sets that engines have kernels of their own for, as Linux names them: of x86 there
# and of ARM in Documentation/arch/arm64/elf_hwcaps.rst.
_TELLING = (
    "sse4_2",
    "avx",
    "f16c",
    "fma",
    "avx2",
    "avx_vnni",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "avx512_fp16",
    "amx_bf16",
    "amx_int8",
    "neon",
    "asimd",
    "asimdhp",
    "asimddp",
    "i8mm",
    "bf16",
    "sve",
    "sve2",
    "sme",
)


@record(kw_only=True)
class Host:
    """The machine that a measurement was made on; ``None`` is not known or not limited.

    Args:
        cpu: Model name as the operating system gives it.
        n_cpus: Logical processors of the machine.
        n_cpus_affinity: Those that this process may be scheduled on.
        cpu_quota: Processors' worth of time that the control group allows.
        memory_bytes: Physical memory.
        os: Name and release of the operating system.
        machine: Instruction set, e.g. ``x86_64``.
        python: Version of the interpreter; then those of the packages that are installed.
        flags: The instruction sets of the CPU that engines make a difference for, as Linux
            names them, with spaces between; empty where not known.
        is_virtual: Whether a hypervisor runs this machine, who may give its time to others.
        has_smt: Whether two logical processors share a core.
    """

    cpu: str
    n_cpus: int
    n_cpus_affinity: int
    cpu_quota: float | None
    memory_bytes: int | None
    os: str
    machine: str
    python: str
    numpy: str
    onnxruntime: str | None
    ai_edge_litert: str | None
    # What was stored before these existed is read as not known.
    flags: str = ""
    is_virtual: bool | None = None
    has_smt: bool | None = None


def this_host(*, root: str | os.PathLike[str] = "/") -> Host:
    """Describe this machine without importing an engine.

    Args:
        root: Where ``proc`` and ``sys`` are.
    """
    flags = _cpu_flags(os.fspath(root))
    smt = _text(f"{os.fspath(root)}/sys/devices/system/cpu/smt/active").strip()
    return Host(
        cpu=_cpu_model(os.fspath(root)),
        n_cpus=os.cpu_count() or 1,
        n_cpus_affinity=len(allowed_cpus()),
        cpu_quota=_cpu_quota(os.fspath(root)),
        memory_bytes=_memory_bytes(),
        os=f"{platform.system()} {platform.release()}",
        machine=platform.machine(),
        python=platform.python_version(),
        numpy=_version("numpy") or "unknown",
        onnxruntime=_version("onnxruntime"),
        ai_edge_litert=_version("ai-edge-litert"),
        flags=" ".join(flag for flag in _TELLING if flag in flags),
        # An ARM does not say.
        is_virtual="hypervisor" in flags if "fpu" in flags else None,
        has_smt={"0": False, "1": True}.get(smt),
    )


def available_threads(*, root: str | os.PathLike[str] = "/") -> int:
    """How many threads an engine may run at once: at least 1.

    The smaller of the affinity mask and the control group's quota. A quota of 1.5 gives 1: with
    a second thread both spin through the quota early and the group stands still until the next
    period, which costs far more on the slow calls than the half processor gains.

    Args:
        root: Where ``proc`` and ``sys`` are.
    """
    quota = _cpu_quota(os.fspath(root))
    n_cpus = len(allowed_cpus())
    return max(1, n_cpus if quota is None else min(n_cpus, math.floor(quota)))


def lacks_vnni(*, root: str | os.PathLike[str] = "/") -> bool | None:
    """Whether sums of 8-bit products can saturate on this CPU: an x86 without VNNI.

    Args:
        root: Where ``proc`` is.

    Returns:
        False on ARM, whose products do not saturate; None where the CPU does not say.
    """
    for line in _text(f"{os.fspath(root)}/proc/cpuinfo").splitlines():
        key, _, value = line.partition(":")
        match key.strip():
            case "flags":  # of an x86
                return _VNNI.isdisjoint(value.split())
            case "Features":  # of an ARM
                return False
            case _:
                pass
    return False if platform.machine().lower().startswith(("arm", "aarch64")) else None


def allowed_cpus() -> tuple[int, ...]:
    """The logical processors that this process may be scheduled on, in ascending order."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def _cpu_quota(root: str) -> float | None:
    """The tightest limit of this process' control group and the groups around it."""
    limits = [
        limit
        for group in cpu_groups(root=root)
        for limit in (_quota_v2(group), _quota_v1(group))
        if limit is not None
    ]
    return min(limits, default=None)


def cpu_groups(*, root: str | os.PathLike[str] = "/") -> list[str]:
    """Directories that may limit this process: each hierarchy's mount, then down to our own group.

    Inside a container the path in ``proc`` may be the host's and not exist here; the mount
    itself is then the group.

    Args:
        root: Where ``proc`` and ``sys`` are.
    """
    mount = f"{os.fspath(root)}/sys/fs/cgroup"
    groups: list[str] = []
    for line in _text(f"{os.fspath(root)}/proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            tops = [mount, f"{mount}/unified"]
        elif "cpu" in controllers.split(","):
            tops = [f"{mount}/{controllers}", f"{mount}/cpu"]
        else:
            continue
        parts = [part for part in path.split("/") if part not in ("", ".")]
        groups += [
            "/".join([top, *parts[:depth]]) for top in tops for depth in range(len(parts) + 1)
        ]
    return groups


def _quota_v2(group: str) -> float | None:
    # "MAX PERIOD" in microseconds, MAX "max" without a limit:
    # Linux Documentation/admin-guide/cgroup-v2.rst, cpu.max
    words = _text(f"{group}/cpu.max").split()
    if len(words) != 2 or not words[0].isdigit():
        return None
    return int(words[0]) / int(words[1])


def _quota_v1(group: str) -> float | None:
    # -1 without a limit: Linux Documentation/scheduler/sched-bwc.rst
    quota = _text(f"{group}/cpu.cfs_quota_us").strip()
    period = _text(f"{group}/cpu.cfs_period_us").strip()
    if not quota.isdigit() or not period.isdigit():
        return None
    return int(quota) / int(period)


def _cpu_flags(root: str) -> frozenset[str]:
    for line in _text(f"{root}/proc/cpuinfo").splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):  # of an x86; of an ARM
            return frozenset(value.split())
    return frozenset()


def _cpu_model(root: str) -> str:
    for line in _text(f"{root}/proc/cpuinfo").splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("model name", "Model"):
            return value.strip()
    return platform.processor() or platform.machine()


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _version(distribution: str) -> str | None:
    from importlib import metadata  # 15 ms that `import edgesmith_runtime` need not pay

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _text(path: str) -> str:
    try:
        # Not through pathlib, which takes 5 ms to import.
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return ""
