"""Wheels for another machine, found by the pip that is here, without a network."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from edgesmith.devices.needs import Requirement
from edgesmith.devices.platforms import Platform
from edgesmith.devices.wheels import NoWheelError, wheels_for
from edgesmith_runtime.errors import DeviceError

if TYPE_CHECKING:
    from pathlib import Path

ARM = Platform(
    python=(3, 12),
    abi="cp312",
    tags=("manylinux_2_31_aarch64", "manylinux_2_17_aarch64"),
    name="Python 3.12 on Linux aarch64, glibc 2.31",
)
ENGINE = Requirement(name="sample-engine", floor="1.2")


def _put(folder: Path, name: str, tag: str, requires: str = "") -> None:
    distribution, version = name.split("-")
    with zipfile.ZipFile(folder / f"{name}-{tag}.whl", "w") as archive:
        archive.writestr(f"{distribution}/__init__.py", "")
        record = f"{name}.dist-info"
        archive.writestr(
            f"{record}/METADATA",
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n{requires}",
        )
        archive.writestr(f"{record}/WHEEL", "Wheel-Version: 1.0\n")


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """An engine for two machines, in two versions, and what it needs."""
    folder = tmp_path / "given"
    folder.mkdir()
    needs = "Requires-Dist: sample-part\n"
    _put(folder, "sample_engine-1.1", "cp312-cp312-manylinux_2_17_aarch64", needs)
    _put(folder, "sample_engine-1.3", "cp312-cp312-manylinux_2_17_aarch64", needs)
    _put(folder, "sample_engine-1.4", "cp312-cp312-manylinux_2_17_x86_64", needs)
    _put(folder, "sample_part-2.0", "py3-none-any")
    return folder


def test_the_device_decides_which_wheels_and_their_needs_come_along(given: Path) -> None:
    with wheels_for(ARM, [ENGINE], given=given) as wheels:
        sizes = [path.stat().st_size for path in wheels.paths]

        assert wheels.names == ("sample_engine 1.3", "sample_part 2.0")
        assert wheels.size_bytes == sum(sizes)
        assert max(sizes) < wheels.unpacked_bytes < 2 * sum(sizes)
        assert len(wheels.digest) == 16


def test_a_device_without_a_wheel_is_told_with_the_ways_out(given: Path) -> None:
    old = Platform(python=(3, 11), abi="cp311", tags=ARM.tags, name="Python 3.11 on a board")

    with pytest.raises(NoWheelError) as caught, wheels_for(old, [ENGINE], given=given):
        pass

    assert str(caught.value) == (
        f"no wheel of sample-engine>=1.2 for Python 3.11 on a board in {given}; use a system "
        "that it has wheels for (see its page), install it on the device, or put one into a "
        "folder and give --wheels DIR"
    )


def test_what_was_downloaded_is_used_again_without_pip(
    given: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(given))
    with wheels_for(ARM, [ENGINE], given=None) as wheels:
        first = wheels.names
    monkeypatch.setattr("sys.executable", "/nobody/python")

    with wheels_for(ARM, [ENGINE], given=None) as wheels:
        again = wheels.names

    assert again == first
    (folder,) = (tmp_path / "cache" / "edgesmith" / "wheels").iterdir()
    assert folder.name.startswith("cp312-manylinux_2_31_aarch64-")


def test_an_environment_without_pip_is_told_the_cure(
    given: Path, there_bare: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", there_bare)

    with (
        pytest.raises(DeviceError, match=r"pip is not installed here.*: python -m ensurepip"),
        wheels_for(ARM, [ENGINE], given=given),
    ):
        pass


def test_an_index_that_is_not_reached_is_told_apart_from_an_absent_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")

    with pytest.raises(DeviceError) as caught, wheels_for(ARM, [ENGINE], given=None):
        pass

    assert str(caught.value) == (
        "sample-engine>=1.2: cannot be downloaded, no index is reached from here; connect this "
        "machine, or give a folder of wheels with --wheels DIR"
    )
    assert not list((tmp_path / "edgesmith" / "wheels").iterdir())


def test_nothing_is_asked_for_where_the_device_lacks_nothing() -> None:
    with wheels_for(ARM, [], given=None) as wheels:
        assert wheels.paths == ()
