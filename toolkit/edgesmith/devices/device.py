"""What is known of a device before anyone has talked to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgesmith_runtime.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith.devices.address import Address

__all__ = ["Device"]

# What no shell gives a meaning to: the login shell there may be any.
_PLAIN = re.compile(r"[A-Za-z0-9_/.][A-Za-z0-9_/.+-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device and how to work on it.

    Args:
        address: Where it is.
        python: The interpreter there; what is installed beside it may be used.
        ssh_config: For ssh in place of the user's own configuration.
        wheels: A folder of wheels to send; None lets pip download what the device lacks.
        keeps: Packages that were sent stay there for the next time.
    """

    address: Address
    python: str = "python3"
    ssh_config: Path | None = None
    wheels: Path | None = None
    keeps: bool = False

    def __post_init__(self) -> None:
        if not _PLAIN.fullmatch(self.python):
            raise ConfigError(
                "--device-python: expected a program or its path, of letters, digits and "
                f"'_ / . + -' alone, got {self.python!r}"
            )
        if self.ssh_config is not None and not self.ssh_config.is_file():
            raise ConfigError(
                f"--ssh-config: {self.ssh_config}: no such file; expected an ssh configuration"
            )
        if self.wheels is not None and not self.wheels.is_dir():
            raise ConfigError(f"--wheels: {self.wheels}: expected a folder of .whl files")
