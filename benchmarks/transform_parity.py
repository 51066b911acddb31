"""How far each step of a transform is from a reference of another library, on real and random input.

python benchmarks/transform_parity.py
"""

from __future__ import annotations

import argparse
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from harness import record
from transform_cases import Case, cases, uncovered, worst

LIBRARIES = (
    "keras",
    "numpy",
    "pillow",
    "polars",
    "scikit-learn",
    "scipy",
    "soxr",
    "tensorflow",
)


def row(case: Case) -> dict[str, Any]:
    real = case.real()
    found: dict[str, Any] = {
        "op": case.op,
        "against": case.against,
        "bound": case.bound,
        "real": None if real is None else worst(case, real),
        "random": worst(case, case.random(np.random.default_rng(0))),
    }
    for source in ("real", "random"):
        if found[source] is not None and found[source]["relative"] > case.bound:
            raise SystemExit(f"{case.op} against {case.against}: {found[source]} on {source}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if uncovered():
        raise SystemExit(f"no reference for {', '.join(uncovered())}")
    figures = {
        "versions": {name: version(name) for name in LIBRARIES},
        "steps": [row(case) for case in cases()],
    }
    print(record("transform_parity", figures, options.out))


if __name__ == "__main__":
    main()
