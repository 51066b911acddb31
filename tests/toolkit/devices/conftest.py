"""A private sshd as the device, and interpreters there: with nothing, and with what is here."""

from __future__ import annotations

import importlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from edgesmith.devices import Device, parse_address
from edgesmith.devices.ssh import MODULES

ROOT = Path(__file__).resolve().parents[3]
sys.path.append(str(ROOT / "benchmarks"))
try:
    own: Any = importlib.import_module("own_sshd")
finally:
    sys.path.remove(str(ROOT / "benchmarks"))

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """The device: its server, an interpreter with our engines, and one with nothing."""

    sshd: Any
    python: str
    bare_python: str

    def device(self, **members: Any) -> Device:
        chosen: dict[str, Any] = {
            "address": parse_address(self.sshd.address),
            "python": self.python,
            "ssh_config": self.sshd.ssh_config,
            **members,
        }
        return Device(**chosen)


@pytest.fixture(scope="session")
def there_bare(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter without a single package, not even pip."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return str(folder / "bin" / "python")


@pytest.fixture(scope="session")
def there(tmp_path_factory: pytest.TempPathFactory, there_bare: str) -> Iterator[There]:
    if (reason := own.why_not()) is not None:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("device")
    with own.own_sshd(folder) as server:
        yield There(sshd=server, python=sys.executable, bare_python=there_bare)


@pytest.fixture(scope="session")
def alone() -> list[str]:
    """The words before a program that has our modules as the device has them."""
    folder = ROOT / "toolkit" / "edgesmith" / "devices"
    texts = {name: (folder / f"{name}.py").read_text() for name in MODULES}
    loader = (
        "import sys, types\n"
        f"for name, text in {texts!r}.items():\n"
        "    module = types.ModuleType('edgesmith.devices.' + name)\n"
        "    sys.modules[module.__name__] = module\n"
        "    exec(compile(text, name, 'exec'), module.__dict__)\n"
        "from edgesmith.devices.there_place import *\n"
        "from edgesmith.devices.there_job import *\n"
        "exec(sys.argv[1])\n"
    )
    return [sys.executable, "-I", "-c", loader]


@pytest.fixture
def bundle() -> Path:
    """Four numbers to one of three classes, an ONNX artifact, three golden samples."""
    return ROOT / "tests" / "data" / "bundles" / "v1" / "tiny.edge"
