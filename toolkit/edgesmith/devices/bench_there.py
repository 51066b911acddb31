"""The comparison as it runs on a device: started there as a file, beside the runtime that was sent.

``python bench_there.py BUNDLE PLAN.json`` prints a line of JSON for each step and one for the
result, or for why there is none.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, cast

from edgesmith_runtime.bench import Phase, Plan, compare
from edgesmith_runtime.errors import EdgesmithError

__all__ = ["main"]


def main(bundle: str, plan_file: str) -> int:
    """Compare, and tell; the exit code.

    Args:
        bundle: Path of the bundle.
        plan_file: JSON with ``plan``, the fields of a ``Plan``, and ``engines``.
    """
    asked: dict[str, Any] = json.loads(Path(plan_file).read_text(encoding="utf-8"))
    try:
        comparison = compare(
            bundle, engines=asked["engines"], plan=_plan(asked["plan"]), progress=_progress
        )
    except EdgesmithError as error:
        _print({"error": " ".join(str(error).split())})
        return 1
    _print({"comparison": comparison.to_json()})
    return 0


def _plan(members: dict[str, Any]) -> Plan:
    fields: dict[str, Any] = {}
    for name, value in members.items():
        fields[name] = tuple(cast("list[Any]", value)) if isinstance(value, list) else value
    fields["phases"] = tuple(Phase(name) for name in members["phases"])
    return Plan(**fields)


def _progress(n_done: int, n_steps: int, what: str) -> None:
    _print({"progress": [n_done, n_steps, what]})


def _print(members: dict[str, Any]) -> None:
    sys.stdout.write(f"{json.dumps(members)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
