"""What the host module reads from a machine, on made-up trees of ``proc`` and ``sys``."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
from importlib import metadata
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith_runtime.host import Host, allowed_cpus, available_threads, lacks_vnni, this_host

if TYPE_CHECKING:
    from pathlib import Path

N_CPUS = 8


@pytest.fixture(autouse=True)
def _eight_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(N_CPUS)), raising=False)


def _tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def _v2(quota: str, group: str = "") -> dict[str, str]:
    return {
        "proc/self/cgroup": "0::/\n",
        f"sys/fs/cgroup/{group}cpu.max": quota,
    }


def _v1(quota_us: int, folder: str) -> dict[str, str]:
    return {
        "proc/self/cgroup": "4:memory:/\n3:cpu,cpuacct:/docker/abc\n1:name=systemd:/\n",
        f"sys/fs/cgroup/{folder}/cpu.cfs_quota_us": f"{quota_us}\n",
        f"sys/fs/cgroup/{folder}/cpu.cfs_period_us": "100000\n",
    }


def test_without_a_quota_the_affinity_mask_counts(tmp_path: Path) -> None:
    assert available_threads(root=tmp_path) == N_CPUS


@pytest.mark.parametrize(
    ("cpu_max", "quota", "n_threads"),
    [
        ("max 100000\n", None, N_CPUS),
        ("200000 100000\n", 2.0, 2),
        ("150000 100000\n", 1.5, 1),
        ("50000 100000\n", 0.5, 1),
        ("1600000 100000\n", 16.0, N_CPUS),
        ("", None, N_CPUS),
    ],
)
def test_a_version_2_quota_bounds_the_threads(
    tmp_path: Path, cpu_max: str, quota: float | None, n_threads: int
) -> None:
    root = _tree(tmp_path, _v2(cpu_max))

    assert this_host(root=root).cpu_quota == quota
    assert available_threads(root=root) == n_threads


def test_the_tightest_group_above_the_process_counts(tmp_path: Path) -> None:
    root = _tree(
        tmp_path,
        {
            "proc/self/cgroup": "0::/work.slice/job.scope\n",
            "sys/fs/cgroup/work.slice/cpu.max": "300000 100000\n",
            "sys/fs/cgroup/work.slice/job.scope/cpu.max": "600000 100000\n",
        },
    )

    assert this_host(root=root).cpu_quota == 3.0


@pytest.mark.parametrize(
    "folder", ["cpu,cpuacct/docker/abc", "cpu,cpuacct", "cpu/docker", "cpu"]
)
def test_a_version_1_quota_is_found_wherever_it_is_mounted(tmp_path: Path, folder: str) -> None:
    root = _tree(tmp_path, _v1(250_000, folder))

    assert this_host(root=root).cpu_quota == 2.5


def test_a_version_1_quota_of_minus_one_is_none(tmp_path: Path) -> None:
    root = _tree(tmp_path, _v1(-1, "cpu"))

    assert this_host(root=root).cpu_quota is None


def test_the_quota_of_another_controller_does_not_count(tmp_path: Path) -> None:
    root = _tree(tmp_path, {**_v1(100_000, "cpuset"), "proc/self/cgroup": "3:cpuset:/\n"})

    assert this_host(root=root).cpu_quota is None


@pytest.mark.parametrize(
    ("cpuinfo", "model"),
    [
        ("processor\t: 0\nmodel\t\t: 17\nmodel name\t: Some CPU @ 2 GHz\n", "Some CPU @ 2 GHz"),
        ("processor\t: 0\nModel\t\t: Raspberry Pi 4\n", "Raspberry Pi 4"),
    ],
)
def test_the_cpu_is_named_as_the_system_names_it(
    tmp_path: Path, cpuinfo: str, model: str
) -> None:
    root = _tree(tmp_path, {"proc/cpuinfo": cpuinfo})

    assert this_host(root=root).cpu == model


def test_an_unnamed_cpu_is_its_instruction_set(tmp_path: Path) -> None:
    assert this_host(root=tmp_path).cpu == (platform.processor() or platform.machine())


@pytest.mark.parametrize(
    ("flags", "lacks"),
    [
        ("fpu sse2 avx avx2 fma", True),
        ("fpu avx2 avx512f avx512bw avx512_vbmi", True),
        ("fpu avx2 avx_vnni", False),
        ("fpu avx512f avx512_vnni avx512_bf16", False),
        ("fpu avx2 amx_tile amx_int8", False),
        ("fpu avx2 avx_vnni_int8", True),
        ("", True),
    ],
)
def test_an_x86_says_in_its_flags_whether_it_has_vnni(
    tmp_path: Path, flags: str, *, lacks: bool
) -> None:
    cpuinfo = f"processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: {flags}\nbugs\t\t: none\n"

    assert lacks_vnni(root=_tree(tmp_path, {"proc/cpuinfo": cpuinfo})) is lacks


def test_the_products_of_an_arm_do_not_saturate(tmp_path: Path) -> None:
    cpuinfo = "processor\t: 0\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd crc32\n"

    assert lacks_vnni(root=_tree(tmp_path, {"proc/cpuinfo": cpuinfo})) is False


@pytest.mark.parametrize(
    ("machine", "lacks"),
    [("arm64", False), ("aarch64", False), ("x86_64", None), ("AMD64", None), ("s390x", None)],
)
def test_without_cpuinfo_the_instruction_set_tells_or_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: str, *, lacks: bool | None
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)

    assert lacks_vnni(root=tmp_path) is lacks


def test_a_host_says_what_is_installed() -> None:
    host = this_host()

    assert host.python == platform.python_version()
    assert host.numpy == np.__version__
    assert host.onnxruntime == metadata.version("onnxruntime")
    assert host.n_cpus_affinity == N_CPUS


def test_an_engine_that_is_not_installed_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)

    assert this_host().ai_edge_litert is None


@pytest.mark.parametrize(
    ("cpuinfo", "flags", "is_virtual"),
    [
        ("flags : fpu avx2 lahf_lm hypervisor avx512_vnni avx\n", "avx avx2 avx512_vnni", True),
        ("flags : fpu sse4_2\n", "sse4_2", False),
        ("Features : fp asimd crc32 asimddp i8mm\n", "asimd asimddp i8mm", None),
        ("", "", None),
    ],
)
def test_the_instruction_sets_that_matter_are_told(
    tmp_path: Path, cpuinfo: str, flags: str, *, is_virtual: bool | None
) -> None:
    host = this_host(root=_tree(tmp_path, {"proc/cpuinfo": cpuinfo}))

    assert (host.flags, host.is_virtual) == (flags, is_virtual)


@pytest.mark.parametrize(("active", "has_smt"), [("1\n", True), ("0\n", False), ("", None)])
def test_whether_processors_share_a_core_is_told(
    tmp_path: Path, active: str, *, has_smt: bool | None
) -> None:
    root = _tree(tmp_path, {"sys/devices/system/cpu/smt/active": active})

    assert this_host(root=root).has_smt is has_smt


def test_a_host_that_was_stored_before_it_told_more_is_read() -> None:
    members = dataclasses.asdict(this_host())
    for name in ("flags", "is_virtual", "has_smt"):
        del members[name]

    assert Host(**members).flags == ""
    assert Host(**members).has_smt is None


def test_the_allowed_processors_are_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {5, 2, 3}, raising=False)

    assert allowed_cpus() == (2, 3, 5)


def test_memory_is_what_the_system_reports() -> None:
    expected = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

    assert this_host().memory_bytes == expected


def test_a_host_survives_json() -> None:
    host = this_host()

    copy = Host(**json.loads(json.dumps(dataclasses.asdict(host))))

    assert copy == host
