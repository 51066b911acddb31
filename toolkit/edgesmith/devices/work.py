"""What is done on a device: a comparison, the self-test, answers, and the choice of the fastest."""

from __future__ import annotations

import dataclasses
import json
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, cast

from edgesmith.devices.address import parse_address
from edgesmith.devices.device import Device
from edgesmith.devices.faults import printable
from edgesmith.devices.given import absent_inputs, sent_inputs
from edgesmith.devices.needs import needs_of
from edgesmith.devices.parcel import Parcel, bundle_parts, runtime_parts
from edgesmith.devices.visit import Job, ending, visit
from edgesmith_runtime.bench import Comparison, Plan
from edgesmith_runtime.bundle import read_bundle
from edgesmith_runtime.errors import ConfigError, DeviceError, SelfTestError
from edgesmith_runtime.selftest import SelfTestResult
from edgesmith_runtime.settings import Engine

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence
    from pathlib import Path

    from edgesmith.devices.visit import Said, Told
    from edgesmith_runtime.bench import Progress
    from edgesmith_runtime.manifest import Manifest

__all__ = ["Words", "bench_on", "predict_on", "selftest_on", "tune_on"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """How a command of the runtime is called on a device.

    Args:
        artifact: File or format in place of the default.
        engine: In place of the artifact's own.
        public_keys: Files of keys, one of which must have signed the bundle.
        others: Further words, none of them a path.
    """

    artifact: str | None = None
    engine: str | None = None
    public_keys: tuple[Path, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def sent(self) -> tuple[str, ...]:
        """As the device's command line has them."""
        chosen = [
            word
            for option, value in (("--artifact", self.artifact), ("--engine", self.engine))
            if value is not None
            for word in (option, value)
        ]
        keys = [word for name in self.key_parts for word in ("--public-key", f"../{name}")]
        return (*chosen, *keys, *self.others)

    @property
    def key_parts(self) -> dict[str, Path | bytes]:
        """The files of the keys, to be sent."""
        return {f"keys/{index}.pub": path for index, path in enumerate(self.public_keys)}


def bench_on(
    device: str | Device,
    bundle: Path,
    *,
    plan: Plan | None = None,
    engines: Sequence[str] = (),
    progress: Progress | None = None,
    told: Told | None = None,
) -> Comparison:
    """Self-test and comparison of a bundle's artifacts on a device, as ``compare`` does it here.

    Engines of artifacts other than the default one are optional: where the device can have
    none, their artifacts are subjects with a ``problem``.

    Args:
        device: Or its address.
        bundle: File or folder.
        plan: What to spend; None takes ``Plan()``.
        engines: Beside those that run the artifacts by default.
        progress: For a progress bar.
        told: Called with lines for people: what is there, and what is sent.

    Raises:
        ConfigError: The address is malformed, or there is no such engine.
        BundleError: The bundle cannot be read.
        SelfTestError: The device does not give the answers of the build.
        DeviceError: It cannot be reached, lacks something, was lost, or cannot measure.
        WriteError: There is no place for the wheels here.
    """
    there = _device(device)
    manifest = read_bundle(bundle).manifest
    needs = needs_of(manifest, engines=[_engine(name) for name in engines])
    place, parts = bundle_parts(bundle)
    asked = {"plan": dataclasses.asdict(plan or Plan()), "engines": list(engines)}
    program = files("edgesmith.devices").joinpath("bench_there.py").read_bytes()
    parts |= {"bench_there.py": program, "plan.json": json.dumps(asked).encode()}
    jobs = [
        _command("selftest", place, "--json"),
        Job(name="bench", words=("../bench_there.py", place, "../plan.json")),
    ]
    result: dict[str, Any] | None = None
    with visit(there, _parcel(parts), needs, jobs, told or _ignore) as said:
        for members in _results(there, said):
            if "progress" in members and progress is not None:
                progress(*members["progress"])
            result = members.get("comparison", result)
    with _readable(there, "bench"):
        return Comparison.from_json(result or {})


def selftest_on(
    device: str | Device, bundle: Path, *, told: Told | None = None
) -> SelfTestResult:
    """Replay the golden samples of a bundle on a device.

    Args:
        device: Or its address.
        bundle: File or folder.
        told: Called with lines for people.

    Raises:
        ConfigError: The address is malformed.
        BundleError: The bundle cannot be read.
        SelfTestError: The device does not give the answers of the build.
        DeviceError: It cannot be reached, lacks something, or was lost.
        WriteError: There is no place for the wheels here.
    """
    there = _device(device)
    manifest = read_bundle(bundle).manifest
    place, parts = bundle_parts(bundle)
    jobs = [_command("selftest", place, "--json")]
    needs = needs_of(manifest)
    with visit(there, _parcel(parts), needs, jobs, told or _ignore) as said:
        results = list(_results(there, said))
    with _readable(there, "selftest"):
        names = ("n_samples", "artifact", "started_from", "note")
        return SelfTestResult(**{name: results[-1][name] for name in names})


def predict_on(
    device: str | Device,
    bundle: Path,
    inputs: Iterable[str],
    *,
    words: Words,
    out: Told,
    told: Told,
) -> int:
    """Answer for raw inputs on a device, as ``edgesmith-runtime predict`` does it here.

    Args:
        device: Or its address.
        bundle: File or folder.
        inputs: Words for the raw inputs; files and folders are sent.
        words: Of the command.
        out: Called with each line of the answer.
        told: Called with lines for people, also with the command's errors.

    Returns:
        The exit code of the command. Where a raw input is not here, nothing is sent: what the
        command would say of it here goes to ``out``.

    Raises:
        ConfigError: The address is malformed, or there is no such engine.
        BundleError: The bundle cannot be read.
        InputError: Two raw inputs would have one name on the device.
        DeviceError: The device cannot be reached, lacks something, or was lost.
        WriteError: There is no place for the wheels here.
    """
    there = _device(device)
    manifest = read_bundle(bundle).manifest
    is_json = "--json" in words.others
    inputs = tuple(inputs)
    if absent := absent_inputs(manifest.raw_inputs, inputs):
        for one in absent:
            out(one.told(is_json=is_json))
        return 1
    sent = sent_inputs(manifest.raw_inputs, inputs)
    engines = [] if words.engine is None else [_engine(words.engine)]
    needs = needs_of(manifest, file=_chosen(manifest, words), engines=engines)
    place, parts = bundle_parts(bundle)
    parts |= sent.parts | words.key_parts
    jobs = [_command("predict", place, *words.sent, "--", *sent.words)]
    with visit(there, _parcel(parts), needs, jobs, told) as said:
        return _repeat(said, lambda line: out(sent.as_here(line, is_json=is_json)), told)


def tune_on(device: str | Device, bundle: Path, *, words: Words, out: Told, told: Told) -> int:
    """Find out how a bundle runs fastest on a device, as ``edgesmith-runtime tune`` does it here.

    What it records stays in the cache of the user there, where an app with the same versions of
    runtime and engine finds it.

    Args:
        device: Or its address.
        bundle: File or folder.
        words: Of the command.
        out: Called with each line of the answer.
        told: Called with lines for people, also with the command's errors.

    Returns:
        The exit code of the command.

    Raises:
        ConfigError: The address is malformed.
        BundleError: The bundle cannot be read.
        DeviceError: The device cannot be reached, lacks something, or was lost.
        WriteError: There is no place for the wheels here.
    """
    there = _device(device)
    manifest = read_bundle(bundle).manifest
    place, parts = bundle_parts(bundle)
    parts |= words.key_parts
    jobs = [_command("tune", place, *words.sent)]
    needs = needs_of(manifest)
    with visit(there, _parcel(parts), needs, jobs, told) as said:
        code = _repeat(said, out, told)
    if code == 0 and "--forget" not in words.others:
        told(
            f"{there.address}: apps there find it with the same versions of runtime and engine"
        )
    return code


def _device(device: str | Device) -> Device:
    return Device(address=parse_address(device)) if isinstance(device, str) else device


def _engine(name: str) -> Engine:
    try:
        return Engine(name)
    except ValueError as error:
        known = ", ".join(Engine)
        raise ConfigError(f"engine: expected one of {known}, got '{name}'") from error


def _chosen(manifest: Manifest, words: Words) -> str | None:
    """The artifact that was asked for; a name that the bundle lacks is refused there."""
    fitting = [
        entry.file
        for entry in manifest.artifacts
        if words.artifact in (entry.file, entry.format)
    ]
    return fitting[0] if fitting else None


def _parcel(parts: dict[str, Path | bytes]) -> Parcel:
    return Parcel(parts=runtime_parts() | parts)


def _command(name: str, place: str, *words: str) -> Job:
    return Job(name=name, words=("-m", "edgesmith_runtime", name, place, *words))


def _repeat(said: Iterator[Said], out: Told, told: Told) -> int:
    code = 1
    for one in said:
        if one.out is not None:
            out(one.out)
        if one.err is not None:
            told(one.err)
        if one.code is not None:
            code = one.code
            if code < 0:
                told(f"error: {one.job} there ended by {ending(code)}")
    return code if code >= 0 else 1


def _results(device: Device, said: Iterator[Said]) -> Iterator[dict[str, Any]]:
    """The objects that jobs print.

    Raises:
        SelfTestError: ``selftest`` failed.
        DeviceError: Another job did.
    """
    last = ""
    for one in said:
        if one.out is not None:
            members = _object(one.out)
            last = str(members.get("error", last))
            yield members
        if one.err is not None and one.err.strip():
            last = one.err.strip()
        if one.code:
            why = last.removeprefix("error: ") or ending(one.code)
            told = f"{device.address}: {one.job}: {why}"
            is_wrong = one.job == "selftest" and one.code == 1
            raise (SelfTestError if is_wrong else DeviceError)(told)


def _object(line: str) -> dict[str, Any]:
    """What a line holds; nothing where a library wrote it, not the job."""
    try:
        members = json.loads(line)
    except ValueError:
        return {}
    return _cleaned(members) if isinstance(members, dict) else {}


def _cleaned(value: Any) -> Any:
    """Without what would steer the terminal here: JSON has it as escapes."""
    match value:
        case str():
            return printable(" ".join(value.splitlines()))
        case list():
            return [_cleaned(one) for one in cast("list[object]", value)]
        case dict():
            members = cast("dict[str, object]", value)
            return {str(_cleaned(name)): _cleaned(one) for name, one in members.items()}
        case _:
            return value


@contextmanager
def _readable(device: Device, job: str) -> Generator[None]:
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise DeviceError(
            f"{device.address}: {job} ended without a result that can be read ({error!r}); try "
            "again"
        ) from error


def _ignore(_line: str) -> None:
    pass
