"""Each case and what the doctor says of it."""

from __future__ import annotations

import sys
from pathlib import Path

from doctor_cases import all_cases, aspect_cases, image_cases, named_right
from edgesmith_runtime.doctor import diagnose


def main() -> int:
    """Print a line a case; with a folder of JPEG files as argument the image cases on those too."""
    cases = all_cases()
    if len(sys.argv) > 1:
        found = sorted(path for path in Path(sys.argv[1]).rglob("*") if path.is_file())
        photos = {path.name: path.read_bytes() for path in found[:3]}
        cases += [*image_cases(photos), *aspect_cases(photos)]
    n_right = n_mistakes = n_passed = n_sound = 0
    for case in cases:
        diagnosis = diagnose(case.model, case.tensor, case.raw)
        right = named_right(case, diagnosis)
        if case.faults:
            n_mistakes, n_right = n_mistakes + 1, n_right + right
        else:
            n_sound, n_passed = n_sound + 1, n_passed + right
        print(f"{'right' if right else 'WRONG'}  {case.name}: {diagnosis.sentence}", flush=True)
    print(
        f"{n_right} of {n_mistakes} mistakes named, {n_passed} of {n_sound} right inputs passed"
    )
    return 0 if (n_right, n_passed) == (n_mistakes, n_sound) else 1


if __name__ == "__main__":
    sys.exit(main())
