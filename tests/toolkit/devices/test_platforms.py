"""Tags as PEP 600 and packaging have them."""

from __future__ import annotations

import platform
import sys
from typing import Any

import pytest
from packaging.tags import sys_tags

from edgesmith.devices.platforms import platform_from
from edgesmith_runtime.errors import DeviceError

HELLO: dict[str, Any] = {
    "python": [3, 11, 2],
    "implementation": "cpython",
    "is_free_threaded": False,
    "system": "Linux",
    "machine": "x86_64",
    "n_bits": 64,
    "libc": ["glibc", "2.36"],
    "macos": "",
}


def test_an_old_glibc_takes_what_is_as_old_and_older() -> None:
    found = platform_from({**HELLO, "machine": "aarch64", "libc": ["glibc", "2.18"]}, "board")

    assert found.tags == (
        "manylinux_2_18_aarch64",
        "manylinux_2_17_aarch64",
        "manylinux2014_aarch64",
        "linux_aarch64",
    )
    assert found.abi == "cp311"
    assert found.name == "Python 3.11 on Linux aarch64, glibc 2.18"


@pytest.mark.skipif(sys.platform != "linux", reason="the tags of this machine are of Linux")
def test_the_tags_of_this_machine_are_those_of_packaging() -> None:
    libc, release = platform.libc_ver()
    here = {**HELLO, "machine": platform.machine(), "libc": [libc, release]}

    ours = set(platform_from(here, "here").tags)

    assert ours == {tag.platform for tag in sys_tags()} - {"any"}


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        ({"libc": ["musl", "1.2.4"]}, "musllinux_1_2_x86_64"),
        ({"machine": "aarch64", "n_bits": 32}, "manylinux_2_36_armv7l"),
        ({"system": "Darwin", "machine": "arm64", "macos": "14.5"}, "macosx_14_0_arm64"),
        ({"system": "Darwin", "libc": [], "macos": "10.15.7"}, "macosx_10_15_x86_64"),
    ],
)
def test_other_systems_have_their_own(changes: dict[str, Any], first: str) -> None:
    assert platform_from({**HELLO, **changes}, "board").tags[0] == first


def test_an_interpreter_without_its_lock_has_another_abi() -> None:
    members = {**HELLO, "python": [3, 14, 0], "is_free_threaded": True}

    assert platform_from(members, "board").abi == "cp314t"


def test_what_has_no_wheels_is_refused() -> None:
    with pytest.raises(DeviceError, match="board: expected CPython there, got pypy"):
        platform_from({**HELLO, "implementation": "pypy"}, "board")
    with pytest.raises(DeviceError, match=r"got Linux \(no known C library\)"):
        platform_from({**HELLO, "libc": []}, "board")


def test_what_a_device_tells_does_not_lead_out_of_the_cache() -> None:
    found = platform_from({**HELLO, "machine": "../../x"}, "board")

    assert found.tags[-1] == "linux_unknown"
