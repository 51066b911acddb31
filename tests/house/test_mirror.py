"""A test file stands where the file that it specifies stands."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_test_file_mirrors_a_module() -> None:
    homes = {"runtime": "runtime/edgesmith_runtime", "toolkit": "toolkit/edgesmith"}

    strays = [
        str(path.relative_to(ROOT))
        for side, package in homes.items()
        for path in (ROOT / "tests" / side).rglob("test_*.py")
        if not _mirrored(path.relative_to(ROOT / "tests" / side), ROOT / package)
    ]

    assert strays == []


def _mirrored(test: Path, package: Path) -> bool:
    name = test.stem.removeprefix("test_")
    room = package / test.parent
    modules = [room / f"{name}.py", room / name / "__init__.py", room / f"__{name}__.py"]
    names_its_room = name == room.name and (room / "__init__.py").is_file()
    return names_its_room or any(module.is_file() for module in modules)
