"""Mistakes seeded into apps with code of their own: the doctor names what is wrong, and nothing else."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.doctor import diagnose

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
SHARE = 30 / 32  # of the mistakes must be named


@pytest.fixture
def cases(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", [str(ROOT / "benchmarks"), *sys.path])
    return importlib.import_module("doctor_cases")


@pytest.mark.slow
def test_the_doctor_names_the_mistakes_and_passes_what_is_right(cases: ModuleType) -> None:
    found = [(case, diagnose(case.model, case.tensor, case.raw)) for case in cases.all_cases()]

    wrong = {
        case.name: diagnosis.sentence
        for case, diagnosis in found
        if not cases.named_right(case, diagnosis)
    }
    mistakes = [case.name for case, _ in found if case.faults]
    assert len(mistakes) >= 52
    assert len([name for name in mistakes if name in wrong]) <= (1 - SHARE) * len(mistakes)
    assert [case.name for case, _ in found if not case.faults and case.name in wrong] == []


@pytest.mark.slow
@pytest.mark.data
def test_the_doctor_names_the_mistakes_on_photos_of_a_data_set(cases: ModuleType) -> None:
    folder = os.environ.get("EDGESMITH_DATA")
    if not folder:
        pytest.skip("EDGESMITH_DATA is not set")
    paths = sorted((Path(folder) / "sign_language_digits" / "test").rglob("*.JPG"))[:3]
    photos = {path.name: path.read_bytes() for path in paths}

    found = [
        (case, diagnose(case.model, case.tensor, case.raw))
        for case in cases.image_cases(photos)
    ]

    wrong = [case.name for case, diagnosis in found if not cases.named_right(case, diagnosis)]
    assert len(wrong) <= (1 - SHARE) * len(found)
