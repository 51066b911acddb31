from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from edgesmith.conversion.confinement import run_confined
from edgesmith_runtime.errors import ConversionError

if TYPE_CHECKING:
    from pathlib import Path

WAIT = "import sys; sys.stdin.read()"
HANG_S = 60.0


def _run(code: str, *, timeout_s: float = 60, max_memory_bytes: int = 1 << 30) -> None:
    run_confined(
        [sys.executable, "-c", code],
        stdin=lambda: "the job",
        label="the converter",
        timeout_s=timeout_s,
        max_memory_bytes=max_memory_bytes,
    )


def test_the_job_is_a_line_on_standard_input(tmp_path: Path) -> None:
    place = tmp_path / "got"

    _run(f"open({str(place)!r}, 'w').write(input())")

    assert place.read_text() == "the job"


def test_the_last_line_that_says_something_is_the_message() -> None:
    code = "import sys; sys.stderr.write('noise\\nthe fault\\n    ^^^^\\n\\n'); sys.exit(1)"

    with pytest.raises(ConversionError, match=r"^the converter: the fault$"):
        _run(code)


def test_an_exit_without_a_word_gives_its_code() -> None:
    with pytest.raises(ConversionError, match=r"^the converter: it ended with exit code 3$"):
        _run("raise SystemExit(3)")


def test_a_signal_is_named_with_the_peak_of_the_memory() -> None:
    with pytest.raises(
        ConversionError, match=r"^the converter ended by signal 9 \(SIGKILL\), peak \d+ MB$"
    ):
        _run("import os; os.kill(os.getpid(), 9)")


def test_an_abort_keeps_what_was_said_last() -> None:
    code = (
        "import os, sys; sys.stderr.write('Check failed: x\\n'); sys.stderr.flush(); os.abort()"
    )

    with pytest.raises(
        ConversionError, match=r"signal 6 \(SIGABRT\), peak \d+ MB: Check failed"
    ):
        _run(code)


def test_too_much_memory_ends_it() -> None:
    code = f"block = bytearray(300_000_000); {WAIT}"

    with pytest.raises(
        ConversionError,
        match=r"took more than 200 MB of memory \(peak \d+ MB\) and was ended; raise conversion",
    ):
        _run(code, max_memory_bytes=200_000_000)


def test_the_memory_of_descendants_counts() -> None:
    grown = f"block = bytearray(300_000_000); {WAIT}"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grown!r}])"

    with pytest.raises(ConversionError, match="took more than 200 MB of memory"):
        _run(code, max_memory_bytes=200_000_000)


def test_too_much_time_ends_it() -> None:
    with pytest.raises(
        ConversionError,
        match=r"took longer than 0\.3 s and was ended \(peak \d+ MB\); raise conversion.timeout_s",
    ):
        _run(WAIT, timeout_s=0.3)


def test_no_descendant_is_left_at_a_limit(tmp_path: Path) -> None:
    place = tmp_path / "pid"
    grown = f"import os; open({str(place)!r}, 'w').write(str(os.getpid()))\n{WAIT}"
    code = (
        f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {grown!r}])\n"
        f"import os\nwhile not (os.path.exists({str(place)!r}) and open({str(place)!r}).read()):"
        f" pass\nblock = bytearray(600_000_000)\n{WAIT}"
    )

    with pytest.raises(ConversionError, match="took more than 500 MB"):
        _run(code, max_memory_bytes=500_000_000)

    assert _ends(int(place.read_text()))


def _ends(pid: int) -> bool:
    """Whether a process is gone once the system has had the time to do what it was told."""
    deadline = time.monotonic() + HANG_S
    try:
        process = psutil.Process(pid)
        while process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > deadline:
                return False
    except psutil.NoSuchProcess:
        pass
    return True


def test_a_command_that_does_not_exist_is_the_callers_bug(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run_confined(
            [str(tmp_path / "absent")],
            stdin=str,
            label="",
            timeout_s=1,
            max_memory_bytes=1,
        )


def test_texts_hash_alike_in_every_child(tmp_path: Path) -> None:
    hashes: list[str] = []
    for name in ("one", "two"):
        place = tmp_path / name
        _run(f"open({str(place)!r}, 'w').write(str(hash('the order of sets follows it')))")
        hashes.append(place.read_text())

    assert hashes[0] == hashes[1]


def test_a_line_that_cannot_be_made_ends_the_child() -> None:
    def refused() -> str:
        raise ConversionError("cannot be traced")

    others = set(psutil.Process().children())

    with pytest.raises(ConversionError, match=r"^cannot be traced$"):
        run_confined(
            [sys.executable, "-c", "import sys; sys.stdin.read()"],
            stdin=refused,
            label="the converter",
            timeout_s=30,
            max_memory_bytes=1 << 30,
        )

    assert set(psutil.Process().children()) <= others


def test_a_child_that_is_gone_before_its_job_says_how() -> None:
    others = set(psutil.Process().children())

    def late() -> str:
        (child,) = set(psutil.Process().children()) - others
        assert _ends(child.pid)
        return "a job"

    with pytest.raises(ConversionError, match="no such thing"):
        run_confined(
            [sys.executable, "-c", "import sys; sys.exit('no such thing')"],
            stdin=late,
            label="the converter",
            timeout_s=30,
            max_memory_bytes=1 << 30,
        )


def test_temporary_files_of_the_child_go_where_they_are_told(tmp_path: Path) -> None:
    run_confined(
        [sys.executable, "-c", "import tempfile; tempfile.mkstemp(prefix='left')"],
        stdin=lambda: "the job",
        label="the converter",
        timeout_s=60,
        max_memory_bytes=1 << 30,
        temporary=tmp_path,
    )

    assert [path.name[:4] for path in tmp_path.iterdir()] == ["left"]
