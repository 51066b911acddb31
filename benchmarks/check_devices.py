"""A device on loopback: does the work arrive and come back, and is nothing left there, ever?

python benchmarks/check_devices.py BUNDLE INPUT [--out F]

The device is a private sshd, and its Python an environment without a single package. The wheels
are downloaded by pip once; from then on pip has no index to ask. Then every way to fail that can
be had on one machine. Each case has its seconds, its message, and what it left: a case that does
not end as it should, or leaves a process or a folder, makes the exit code 1.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from harness import record
from own_sshd import OwnSshd, own_sshd, why_not

from edgesmith.devices import (
    Device,
    Words,
    bench_on,
    parse_address,
    predict_on,
    selftest_on,
    tune_on,
)
from edgesmith_runtime.bench import Plan
from edgesmith_runtime.errors import EdgesmithError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

SHELLS = ("sh", "bash", "dash", "zsh", "fish", "tcsh")
NO_INDEX = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}


@dataclass
class Check:
    """Runs cases and keeps what became of them."""

    sshd: OwnSshd
    bundle: Path
    bare: str
    figures: dict[str, Any] = field(default_factory=dict)

    def device(self, folder: str = "", **members: Any) -> Device:
        given = {"python": self.bare, "ssh_config": self.sshd.ssh_config, **members}
        return Device(address=parse_address(f"{self.sshd.address}{folder}"), **given)

    def case(self, name: str, work: Callable[[], str], wanted: str) -> None:
        """One case; what it says must match, and nothing of it may stay."""
        start = time.perf_counter()
        try:
            said = work()
        except EdgesmithError as error:
            said = f"{type(error).__name__}: {error}"
        seconds = time.perf_counter() - start
        strays = self.sshd.strays(within_s=5.0)
        is_right = re.search(wanted, said) is not None and "\n" not in said and not strays
        self.figures[name] = {
            "seconds": round(seconds, 2),
            "said": self.told(said),
            "strays": strays,
            "is_right": is_right,
        }
        print(
            f"{'ok  ' if is_right else 'FAIL'} {seconds:6.2f} s  {name}: {said} {strays or ''}"
        )

    def told(self, said: str) -> str:
        """Without what belongs to this run alone."""
        for found, name in (
            (str(self.sshd.folder), "FOLDER"),
            (str(self.sshd.port), "PORT"),
            (sys.prefix, "PREFIX"),
        ):
            said = said.replace(found, name)
        return said

    def selftest(self, device: Device) -> str:
        result = selftest_on(device, self.bundle)
        return f"{result.n_samples} samples, {result.artifact}"


@contextmanager
def environment(**values: str) -> Generator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def work_cases(check: Check, given: str) -> None:
    """What a device is for, first with the network of this machine and then without any."""
    told: list[str] = []

    def bench() -> str:
        plan = Plan(n_rounds=3)
        comparison = bench_on(check.device(), check.bundle, plan=plan, told=told.append)
        measured = [one.name for one in comparison.subjects if one.problem is None]
        return f"{', '.join(measured)}; {told[-1]}"

    def predict() -> str:
        words = Words(others=("--json",))
        code = predict_on(
            check.device(), check.bundle, [given], words=words, out=out.append, told=told.append
        )
        return f"exit code {code}, {len(out)} answers"

    def tune() -> str:
        words = Words(others=("--budget", "20"))
        code = tune_on(
            check.device(), check.bundle, words=words, out=out.append, told=told.append
        )
        return f"exit code {code}: {out[-1]}"

    out: list[str] = []
    check.case("selftest, wheels downloaded", lambda: check.selftest(check.device()), "samples")
    with environment(**NO_INDEX):
        check.case("selftest, no network", lambda: check.selftest(check.device()), "samples")
        check.case("bench, no network", bench, r"model\.onnx, .*is sent \d+ MB")
        check.case("predict, no network", predict, "exit code 0")
        check.case(
            "tune, no network", tune, "exit code 0: recorded in .*/cache/edgesmith/tuned"
        )
        keeping = check.device(keeps=True)
        check.case("selftest, packages kept", lambda: check.selftest(keeping), "samples")
        check.case("selftest, packages there", lambda: check.selftest(keeping), "samples")
    installed = check.device(python=sys.executable)
    check.case("selftest, packages installed", lambda: check.selftest(installed), "samples")


def address_cases(check: Check) -> None:
    server = check.sshd
    unknown = server.another_config("unknown", "UserKnownHostsFile none")
    changed = server.another_config(
        "changed", f"UserKnownHostsFile {server.folder}/other_known_hosts"
    )
    denied = server.folder / "denied"
    text = server.ssh_config.read_text()
    denied.write_text(text.replace("/user_key\n", "/other_user_key\n"))
    nowhere = Device(address=parse_address("ssh://127.0.0.1:1"), ssh_config=server.ssh_config)
    nobody = Device(address=parse_address("ssh://host.invalid"), ssh_config=server.ssh_config)
    old = server.folder / "old"
    patch = "import sys; sys.version_info = (3, 9, 2, 'final', 0)"
    old.write_text(f'#!/bin/sh\nexec {check.bare} -I -c "{patch}\n$3"\n')
    old.chmod(0o755)
    cases = {
        "connection refused": (nowhere, "connection refused; see that sshd runs there"),
        "no such host": (nobody, "no such host .*; check the name"),
        "host key unknown": (
            check.device(ssh_config=unknown),
            "its host key is not known here",
        ),
        "host key changed": (
            check.device(ssh_config=changed),
            "not the one that is known here",
        ),
        "permission denied": (check.device(ssh_config=denied), "accepts none of your keys"),
        "no python3": (check.device(python="python3-of-nobody"), "no python3-of-nobody there"),
        "python too old": (check.device(python=str(old)), r"is Python 3\.9\.2; expected 3\.11"),
    }
    for name, (device, wanted) in cases.items():
        check.case(name, lambda device=device: check.selftest(device), wanted)
    check.case("address malformed", lambda: str(parse_address("pi@board")), "expected ssh://")
    with environment(PATH="/nowhere"):
        check.case("no ssh here", lambda: check.selftest(check.device()), "ssh: not found")


def place_cases(check: Check) -> None:
    for name, options, wanted in (
        ("disk too small", "size=20m", "the device is full: .* MB are needed"),
        ("programs forbidden", "size=500m,noexec", "mounted noexec"),
        ("read-only", "ro", "Read-only file system; name a folder"),
    ):
        place = check.sshd.folder / "disk"
        place.mkdir(exist_ok=True)
        mount = ["mount", "-t", "tmpfs", "-o", options, "none", str(place)]
        if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
            check.figures[name] = {"skipped": "only root may mount"}
            continue
        device = check.device(str(place / "deep"))
        try:
            check.case(name, lambda device=device: check.selftest(device), wanted)
            if left := list(place.iterdir()):
                check.figures[name] |= {"is_right": False, "strays": list(map(str, left))}
        finally:
            subprocess.run(["umount", str(place)], check=True)


def wheel_cases(check: Check) -> None:
    """The cache of the first cases has every wheel; some are taken away."""
    (full, *_) = (Path(os.environ["XDG_CACHE_HOME"]) / "edgesmith" / "wheels").iterdir()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for wheel in full.glob("*.whl"):
            if not wheel.name.startswith("ai_edge_litert"):
                (folder / wheel.name).symlink_to(wheel)
        told: list[str] = []

        def without() -> str:
            device = check.device(wheels=folder)
            comparison = bench_on(device, check.bundle, plan=Plan(n_rounds=1), told=told.append)
            problems = [one.problem for one in comparison.subjects if one.problem is not None]
            return f"{told[1]}; {problems}"

        wanted = "no wheel of ai-edge-litert.*the work goes on without.*TFLite needs an extra"
        check.case("no wheel of an optional engine", without, wanted)
        for wheel in folder.glob("onnxruntime*"):
            wheel.unlink()
        check.case(
            "no wheel of the default engine",
            lambda: check.selftest(check.device(wheels=folder)),
            "no wheel of onnxruntime",
        )


def end_cases(check: Check) -> None:
    """The work is cut off in its midst, from every side."""
    lines: list[str] = []

    def cut(deed: Callable[[], None]) -> str:
        def told(line: str) -> None:
            lines.append(line)
            if "round 1" in line:
                deed()

        words = Words(others=("--budget", "20"))
        code = tune_on(check.device(), check.bundle, words=words, out=told, told=told)
        return f"exit code {code}: {lines[-1]}"

    def first(pattern: str) -> psutil.Process:
        found = [
            one
            for one in check.sshd.processes()
            if any(re.fullmatch(pattern, word) for word in one.cmdline())
        ]
        # One that it has just forked still has its words.
        return min(found, key=lambda one: one.create_time())

    lost = "the connection was lost during tune"
    check.case("connection lost", lambda: cut(check.sshd.cut), lost)
    check.case(
        "the program there is ended",
        lambda: cut(lambda: first(r"import sys;exec.*").terminate()),
        "our program there ended during tune",
    )
    check.case(
        "the program there is killed",
        lambda: cut(lambda: first(r"import sys;exec.*").kill()),
        "during tune",
    )
    check.case(
        "the work there is killed",
        lambda: cut(lambda: first("edgesmith_runtime").kill()),
        r"exit code 1: error: tune there ended by signal 9 \(SIGKILL\)",
    )
    for name in ("SIGINT", "SIGTERM", "SIGKILL"):
        wanted = {"SIGINT": "130: error: interrupted", "SIGTERM": "143", "SIGKILL": "-9"}[name]
        check.case(f"{name} here", lambda name=name: command(check, name), wanted)
    check.case("silence of the network", lambda: silence(check), "gone after [67]")


def command(check: Check, name: str) -> str:
    """The command, ended by a signal during its work."""
    words = ["tune", str(check.bundle), "--device", check.sshd.address]
    words += ["--ssh-config", str(check.sshd.ssh_config), "--device-python", check.bare]
    with subprocess.Popen(
        [sys.executable, "-m", "edgesmith", *words], stderr=subprocess.PIPE, text=True
    ) as running:
        for line in running.stderr or ():
            if "round 1" in line:
                running.send_signal(getattr(signal, name))
                break
        rest = [] if running.stderr is None else running.stderr.read().splitlines()
    last = rest[-1] if rest else ""
    return f"exit code {running.returncode}: {last}"


def silence(check: Check) -> str:
    """Ssh is stopped, so that nothing comes and nothing ends: as a cable that was pulled."""
    code = (
        "import sys; from pathlib import Path\n"
        "from edgesmith.devices import Device, bench_on, parse_address\n"
        "from edgesmith_runtime.bench import Plan\n"
        "address, config, python, bundle = sys.argv[1:]\n"
        "device = Device(address=parse_address(address), ssh_config=Path(config), python=python)\n"
        "bench_on(device, Path(bundle), plan=Plan(n_rounds=1000), progress=lambda *done: print(done))"
    )
    place = [check.sshd.address, str(check.sshd.ssh_config), check.bare, str(check.bundle)]
    command = [sys.executable, "-u", "-c", code, *place]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        for line in running.stdout or ():
            if "round 1" in line:
                break
        (ssh,) = [one for one in psutil.Process(running.pid).children() if one.name() == "ssh"]
        ssh.suspend()
        start = time.monotonic()
        try:
            while check.sshd.processes() and time.monotonic() - start < 120:
                time.sleep(0.5)
            seconds = time.monotonic() - start
        finally:
            running.kill()
            ssh.kill()
    return f"gone after {seconds:.0f} s"


def shell_cases(check: Check) -> None:
    """The words that the login shell there gets, in each shell that is installed here."""
    code = "import sys;exec(sys.stdin.buffer.read(12))"
    for shell in SHELLS:
        if shutil.which(shell) is None:
            check.figures[f"shell {shell}"] = {"skipped": "not installed"}
            continue

        def words(shell: str = shell) -> str:
            there = f"exec {check.bare} -I -c '{code}'"
            return subprocess.run(
                [shell, "-c", there],
                input="print('met')",
                capture_output=True,
                text=True,
                check=False,
            ).stdout.strip()

        check.case(f"shell {shell}", words, "^met$")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("input")
    parser.add_argument("--out", type=Path, help="a path for the figures; default: the results")
    options = parser.parse_args()
    if (reason := why_not()) is not None:
        raise SystemExit(reason)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(
            [sys.executable, "-m", "venv", "--without-pip", f"{name}/bare"], check=True
        )
        (folder / "sshd").mkdir()
        with (
            environment(XDG_CACHE_HOME=f"{name}/cache"),
            own_sshd(folder / "sshd") as server,
        ):
            check = Check(server, options.bundle, f"{name}/bare/bin/python")
            work_cases(check, options.input)
            address_cases(check)
            place_cases(check)
            wheel_cases(check)
            end_cases(check)
            shell_cases(check)
    cases = check.figures.values()
    figures = {"bundle": options.bundle.stem, "cases": check.figures}
    record("devices", figures, options.out)
    if not all(one.get("is_right", True) for one in cases):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
