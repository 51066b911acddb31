from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgesmith.devices import Address, Device
from edgesmith_runtime.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

BOARD = Address(host="board")


@pytest.mark.parametrize("python", ["-V", "python3; reboot", "$(x)", "a b", "", "'"])
def test_an_interpreter_that_a_shell_could_read_otherwise_is_refused(python: str) -> None:
    with pytest.raises(ConfigError, match="--device-python: expected a program or its path"):
        Device(address=BOARD, python=python)


def test_files_that_are_not_there_are_refused(tmp_path: Path) -> None:
    absent = tmp_path / "absent"

    with pytest.raises(ConfigError, match=r"--ssh-config: .*absent: no such file"):
        Device(address=BOARD, ssh_config=absent)
    with pytest.raises(ConfigError, match=r"--wheels: .*absent: expected a folder of \.whl"):
        Device(address=BOARD, wheels=absent)
