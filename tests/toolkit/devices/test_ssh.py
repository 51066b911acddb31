"""Every way not to get as far as our program: each is one line with its cure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from edgesmith.devices import parse_address
from edgesmith.devices.ssh import connected
from edgesmith_runtime.errors import DeviceError

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith.devices import Device


def _told(device: Device) -> str:
    with pytest.raises(DeviceError) as caught, connected(device) as line:
        line.expect("hello")
    return str(caught.value)


def test_a_program_is_met_behind_whatever_the_login_shell_says(there: Any) -> None:
    with connected(there.device()) as line:
        hello = line.expect("hello")

    assert hello["implementation"] == "cpython"
    assert there.sshd.strays() == []


def test_without_ssh_here(there: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert _told(there.device()) == (
        "ssh: not found; --device needs the program ssh, install OpenSSH's client"
    )


def test_where_nothing_listens(there: Any) -> None:
    config = there.sshd.another_config("elsewhere", "HostName 127.0.0.1", "Port 1")
    device = there.device(ssh_config=config, address=parse_address("ssh://127.0.0.1"))

    assert _told(device) == (
        "ssh://127.0.0.1: connection refused; see that sshd runs there, and which port it has"
    )


def test_a_host_key_that_is_not_known_is_never_taken(there: Any) -> None:
    config = there.sshd.another_config("unknown", "UserKnownHostsFile none")

    assert _told(there.device(ssh_config=config)) == (
        f"{there.sshd.address}: its host key is not known here; log in once by hand and compare "
        f"the fingerprint that is shown with the device's: ssh -F {config} -p {there.sshd.port} "
        "127.0.0.1"
    )


@pytest.mark.parametrize("is_alias", [False, True])
def test_a_host_key_that_changed(there: Any, is_alias: bool) -> None:  # noqa: FBT001
    known, port = there.sshd.folder / "other_known_hosts", there.sshd.port
    lines = ["Host board", "HostName 127.0.0.1", f"Port {port}"] if is_alias else []
    config = there.sshd.another_config("changed", *lines, f"UserKnownHostsFile {known}")
    address = parse_address("ssh://board" if is_alias else there.sshd.address)

    told = _told(there.device(ssh_config=config, address=address))

    assert "its host key is not the one that is known here: another machine answers" in told
    assert f"ssh-keygen -f {known} -R '[127.0.0.1]:{port}' forgets the old key" in told
    assert told.endswith(f": ssh -F {config} {address.words}")


def test_a_key_that_is_not_accepted(there: Any) -> None:
    text = there.sshd.ssh_config.read_text().replace("/user_key\n", "/other_user_key\n")
    config = there.sshd.folder / "denied"
    config.write_text(text)

    told = _told(there.device(ssh_config=config))

    assert "it accepts none of your keys" in told
    assert f"ssh-copy-id -F {config} -p {there.sshd.port} 127.0.0.1" in told


def test_a_device_without_the_interpreter(there: Any) -> None:
    told = _told(there.device(python="python3-of-nobody"))

    assert told.startswith(f"{there.sshd.address}: no python3-of-nobody there (")
    assert told.endswith("install Python 3.11 or newer, or name it with --device-python PATH")


def test_an_interpreter_that_is_too_old_is_told_by_its_version(there: Any) -> None:
    old = there.sshd.folder / "python3.9"
    old.write_text(
        f"#!/bin/sh\nexec {there.python} -I -c \"import sys; sys.version_info = (3, 9, 2, 'final', 0)\n"
        '$3"\n'
    )
    old.chmod(0o755)

    assert _told(there.device(python=str(old))) == (
        f"{there.sshd.address}: {old} there is Python 3.9.2; expected 3.11 or newer: install "
        "one, or name it with --device-python PATH"
    )


def test_an_interpreter_that_never_answers_is_not_waited_for(there: Any) -> None:
    hanging = there.sshd.folder / "hanging"
    hanging.write_text("#!/bin/sh\nexec cat >/dev/null\n")
    hanging.chmod(0o755)
    device = there.device(python=str(hanging))

    with pytest.raises(DeviceError) as caught, connected(device, hello_s=0.3) as line:
        line.expect("hello")

    assert str(caught.value) == (
        f"{there.sshd.address}: {hanging} there has not answered for 0.3 s; see what holds its "
        f"start: ssh -F {there.sshd.ssh_config} -p {there.sshd.port} 127.0.0.1 {hanging} -I -V"
    )
