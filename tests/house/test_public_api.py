"""What is public is written down, and what is written down exists."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    path
    for package in ("runtime/edgesmith_runtime", "toolkit/edgesmith")
    for path in (ROOT / package).rglob("*.py")
)


def _ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _listed(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    return None


def _bound(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update((alias.asname or alias.name) for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


@pytest.mark.parametrize("path", MODULES, ids=_ids)
def test_every_module_lists_its_public_names_and_they_exist(path: Path) -> None:
    tree = ast.parse(path.read_text())

    listed = _listed(tree)

    assert listed is not None, "no __all__"
    assert set(listed) <= _bound(tree)


@pytest.mark.parametrize("path", MODULES, ids=_ids)
def test_no_module_takes_a_name_that_a_sibling_keeps_to_itself(path: Path) -> None:
    tree = ast.parse(path.read_text())

    private = [
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("edgesmith")
        for alias in node.names
        if alias.name.startswith("_") and alias.name != "__version__"
    ]

    assert private == []


@pytest.mark.parametrize("path", MODULES, ids=_ids)
def test_every_module_says_its_role_in_its_first_line(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text()))

    assert docstring
    assert docstring.splitlines()[0].endswith((".", ":", "?"))


def test_roles_are_told_apart() -> None:
    first_lines = [
        (ast.get_docstring(ast.parse(path.read_text())) or "").splitlines()[0]
        for path in MODULES
    ]

    assert len(set(first_lines)) == len(first_lines)
