"""Faults of ssh that loopback does not have, in the words of OpenSSH 9.2's client."""

from __future__ import annotations

import pytest

from edgesmith.devices import Address, Device
from edgesmith.devices.faults import device_fault, printable, ssh_fault

BOARD = Device(address=Address(host="board", user="pi", port=2222))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "ssh: Could not resolve hostname board: Name or service not known",
            "no such host (ssh: Could not resolve hostname board: Name or service not known); "
            "check the name or give the IP address",
        ),
        (
            "ssh: connect to host board port 2222: Connection timed out",
            "no answer; see that the device is on and can be reached from here: "
            "ssh -p 2222 pi@board",
        ),
        (
            "ssh: connect to host board port 2222: No route to host",
            "no way there; see that the device is on and in the same network",
        ),
        (
            "ssh: connect to host board port 2222: Network is unreachable",
            "no way there; see that this machine has a network",
        ),
        (
            "config: line 1: Bad configuration option: hots",
            "ssh does not understand its configuration: config: line 1: Bad configuration "
            "option: hots; mend it",
        ),
        (
            "Something new",
            "no connection: Something new; see what it says to: ssh -v -p 2222 pi@board",
        ),
    ],
)
def test_why_there_is_no_connection_is_told_with_the_cure(said: str, told: str) -> None:
    assert str(ssh_fault(BOARD, 255, said)) == f"ssh://pi@board:2222: {told}"


def test_an_interpreter_that_ends_at_once_is_told_with_its_last_line() -> None:
    told = str(ssh_fault(BOARD, 2, "Unknown option: -I\n"))

    assert told == (
        "ssh://pi@board:2222: python3 there ended by exit code 2: Unknown option: -I; expected "
        "Python 3.11 or newer, another one is named with --device-python PATH"
    )


def test_a_folder_that_forbids_programs_is_told_with_the_way_to_another() -> None:
    told = str(device_fault(BOARD.address, "noexec", "/tmp"))

    assert told == (
        "ssh://pi@board:2222: programs may not be run from /tmp (it is mounted noexec); name "
        "another folder: ssh://pi@board:2222/FOLDER"
    )


def test_a_line_of_another_machine_cannot_steer_this_terminal() -> None:
    assert printable("a\x1b[2Jb\tc") == "a?[2Jb\tc"


def test_where_ssh_names_no_file_the_entry_is_that_of_the_address() -> None:
    told = str(ssh_fault(BOARD, 255, "REMOTE HOST IDENTIFICATION HAS CHANGED!"))

    assert "ssh-keygen -R '[board]:2222' forgets the old key" in told


def test_a_device_that_can_start_nothing_is_told_as_that() -> None:
    assert str(device_fault(BOARD.address, "machine", "Cannot allocate memory")) == (
        "ssh://pi@board:2222: no process can be started there: Cannot allocate memory; see that "
        "the device has memory left, and try again"
    )
