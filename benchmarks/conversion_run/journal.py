"""Verdicts as they come, one a line; what is known already is not asked again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conversion_run.fingerprint import fingerprint
from conversion_run.judging import Outcome, Verdict
from conversion_run.routes import OPSET, ROUTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conversion_cases.case import Case

__all__ = ["Journal", "versions"]

# Raised when routes or judging change so that verdicts may come out otherwise.
_RULES = 1
_ROOT = Path(__file__).resolve().parents[2]
_SOURCES = (
    "toolkit/edgesmith/reference",
    "toolkit/edgesmith/conversion",
    "runtime/edgesmith_runtime/runners",
    "runtime/edgesmith_runtime/transforms",
)


def versions() -> dict[str, str]:
    """Of everything that stock verdicts depend on."""
    names = ("tensorflow", "keras", "tf2onnx", "onnx", "onnxruntime", "ai-edge-litert")
    return {name: version(name) for name in names}


class Journal:
    """The work file of a run.

    Args:
        path: JSON lines, appended to; need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._toolkit = _hash(*(file.read_text() for file in _source_files()))
        self._versions = versions()
        lines = path.read_text().splitlines() if path.is_file() else []
        rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
        self._known = {row.pop("key"): row for row in rows}

    def verdict(self, case: Case, route: str) -> Verdict | None:
        """What is known of a case, as it is now, on a route."""
        row = self._known.get(self._key(case, route))
        return None if row is None else _verdict(row)

    def add(self, case: Case, verdict: Verdict) -> None:
        """Keep a verdict for later runs."""
        key = self._key(case, verdict.route)
        row = {"case": case.name, **asdict(verdict)}
        self._known[key] = row
        with self._path.open("a") as file:
            file.write(json.dumps({"key": key, **row}) + "\n")

    def _key(self, case: Case, route: str) -> str:
        own = self._toolkit if ROUTES[route].side == "ours" else ""
        parts = (case.name, fingerprint(case), route, own, json.dumps(self._versions))
        return _hash(*parts, f"{_RULES} {OPSET}")


def _verdict(row: Mapping[str, Any]) -> Verdict:
    fields = {key: value for key, value in row.items() if key != "case"}
    return Verdict(**{**fields, "outcome": Outcome(fields["outcome"])})


def _source_files() -> list[Path]:
    return sorted(file for folder in _SOURCES for file in (_ROOT / folder).rglob("*.py"))


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
