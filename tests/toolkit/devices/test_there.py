"""The program that is handed to a device, as a text; what it does is in test_work.py."""

from __future__ import annotations

import ast
import sys
from importlib.resources import files

import pytest

from edgesmith.devices.ssh import MODULES


def _imported(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            names.add((node.module or "").removeprefix("edgesmith.devices.").split(".")[0])
    return names


@pytest.mark.parametrize("name", MODULES)
def test_it_is_python_3_11_and_needs_the_standard_library_alone(name: str) -> None:
    text = files("edgesmith.devices").joinpath(f"{name}.py").read_text()

    tree = ast.parse(text, feature_version=(3, 11))

    assert _imported(tree) <= {*sys.stdlib_module_names, *MODULES}
