from __future__ import annotations

import subprocess
import sys


def _stderr(block: str) -> list[str]:
    code = (
        "import os\nfrom edgesmith.quiet import quiet_start\n"
        f"with quiet_start():\n    {block}\nos.write(2, b'after\\n')"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return ended.stderr.splitlines()


def test_what_tensorflow_logs_is_held_back_and_the_rest_is_not() -> None:
    line = "I0000 00:00:1795561068.346446   14226 port.cc:153] oneDNN custom operations are on."

    shown = _stderr(f"os.write(2, b'{line}\\nmine\\n')")

    assert shown == ["mine", "after"]


def test_the_traceback_of_a_failed_import_is_seen() -> None:
    shown = _stderr("import no_such_module")

    assert shown[-1] == "ModuleNotFoundError: No module named 'no_such_module'"


def test_tensorflow_starts_without_a_word() -> None:
    shown = _stderr("import tensorflow")

    assert shown == ["after"]
