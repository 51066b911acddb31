"""What went wrong between here and a device, in one line with its cure."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from edgesmith_runtime.errors import DeviceError

if TYPE_CHECKING:
    from edgesmith.devices.address import Address
    from edgesmith.devices.device import Device

__all__ = ["SSH_FAILED", "device_fault", "late_fault", "printable", "ssh_fault"]

SSH_FAILED = 255  # ssh(1), EXIT STATUS: an error of ssh itself; else that of the command
NOT_EXECUTABLE = 126  # Shell Command Language, 2.8.2: found, and not to be executed
NOT_FOUND = 127

# What OpenSSH's client writes, in lower case, and the cure; the first that is found counts.
_SAID = (
    (
        "remote host identification has changed",
        "its host key is not the one that is known here: another machine answers, or it was set "
        "up anew; where you know why, ssh-keygen {known} forgets the old key, and one login "
        "by hand shows the new one: ssh {words}",
    ),
    (
        "host key verification failed",
        "its host key is not known here; log in once by hand and compare the fingerprint that is "
        "shown with the device's: ssh {words}",
    ),
    (
        "permission denied",
        "it accepts none of your keys ({line}); put one there with: ssh-copy-id {words}; a key "
        "with a passphrase must be in ssh-agent, because nothing is asked here",
    ),
    (
        "connection refused",
        "connection refused; see that sshd runs there, and which port it has",
    ),
    (
        "could not resolve hostname",
        "no such host ({line}); check the name or give the IP address",
    ),
    (
        "timed out",
        "no answer; see that the device is on and can be reached from here: ssh {words}",
    ),
    ("no route to host", "no way there; see that the device is on and in the same network"),
    ("network is unreachable", "no way there; see that this machine has a network"),
    ("bad configuration option", "ssh does not understand its configuration: {line}; mend it"),
    ("can't open user config file", "ssh does not read its configuration: {line}; mend it"),
)
# So ssh names the entry, which is that of HostKeyAlias or HostName, and the file that has it.
_ENTRY = re.compile(r"host key for (\S+) has changed", re.IGNORECASE)
_FILE = re.compile(r"^offending \S+(?: \S+)? key in (.+):\d+\s*$", re.IGNORECASE | re.MULTILINE)
_FAULTS = {
    "full": "the device is full: {text}; free some space there, or name another folder: "
    "{address}/FOLDER",
    "noexec": "programs may not be run from {text} (it is mounted noexec); name another folder: "
    "{address}/FOLDER",
    "machine": "no process can be started there: {text}; see that the device has memory left, and "
    "try again",
    "place": "{text}; name a folder that you may write to: {address}/FOLDER",
}


def ssh_fault(device: Device, exit_code: int, stderr: str) -> DeviceError:
    """Why ssh ended before our program on the device had said anything.

    Args:
        device: Whom it was to reach.
        exit_code: Of ssh.
        stderr: What it and the login shell there wrote.
    """
    address, low = device.address, stderr.lower()
    line = _last_line(stderr)
    if exit_code == SSH_FAILED:
        for sign, cure in _SAID:
            if sign in low:
                known = _known(address, stderr)
                told = cure.format(words=_words(device), known=known, line=line)
                return DeviceError(f"{address}: {told}")
        return DeviceError(
            f"{address}: no connection: {line or 'ssh does not say why'}; see what it says to: "
            f"ssh -v {_words(device)}"
        )
    is_absent = exit_code in (NOT_FOUND, NOT_EXECUTABLE) or "not found" in low
    if is_absent or "no such file" in low:
        return DeviceError(
            f"{address}: no {device.python} there ({line}); install Python 3.11 or newer, or name "
            "it with --device-python PATH"
        )
    return DeviceError(
        f"{address}: {device.python} there ended by exit code {exit_code}: "
        f"{line or 'it says nothing'}; expected Python 3.11 or newer, another one is named with "
        "--device-python PATH"
    )


def late_fault(device: Device, seconds: float) -> DeviceError:
    """Our program had not said anything after so many seconds.

    Args:
        device: Where it was to start.
        seconds: How long it was waited for.
    """
    return DeviceError(
        f"{device.address}: {device.python} there has not answered for {seconds:g} s; see what "
        f"holds its start: ssh {_words(device)} {device.python} -I -V"
    )


def device_fault(address: Address, kind: str, text: str) -> DeviceError:
    """What our program on the device says of itself."""
    form = _FAULTS.get(kind, "{text}")
    return DeviceError(f"{address}: {form.format(text=printable(text), address=address)}")


def printable(line: str) -> str:
    """A line of another machine without what would steer the terminal here."""
    return "".join(letter if letter.isprintable() or letter == "\t" else "?" for letter in line)


def _words(device: Device) -> str:
    """What follows ``ssh`` or ``ssh-copy-id`` on a command line that a user types."""
    config = device.ssh_config
    chosen = "" if config is None else f"-F {shlex.quote(str(config))} "
    return f"{chosen}{device.address.words}"


def _known(address: Address, stderr: str) -> str:
    """What follows ``ssh-keygen``, to forget the key that ssh complains of."""
    entry, file = _ENTRY.search(stderr), _FILE.search(stderr)
    # As known_hosts has it: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT.
    host = address.host if address.port in (None, 22) else f"[{address.host}]:{address.port}"
    name = shlex.quote(printable(entry[1] if entry else host))
    place = f"-f {shlex.quote(printable(file[1]))} " if file else ""
    return f"{place}-R {name}"


def _last_line(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return printable(lines[-1]) if lines else ""
