"""``edgesmith-runtime bench``: latency of the artifacts, of other files, and of Keras."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from edgesmith_runtime.commands.options import common, count, engine, trust
from edgesmith_runtime.commands.showing import checked_path
from edgesmith_runtime.errors import BackendError

if TYPE_CHECKING:
    import argparse

    from edgesmith_runtime.commands.options import Commands

__all__ = ["add", "run"]


def add(commands: Commands) -> None:
    """Put the command among the others."""
    parser = commands.add_parser(
        "bench",
        help="latency of the artifacts, of other files, and of Keras",
        parents=[common(), engine(), trust()],
    )
    parser.add_argument(
        "--against",
        metavar="FILE",
        action="append",
        help="compare with this .keras, .onnx or .tflite file; may be given again",
    )
    parser.add_argument(
        "--engine",
        metavar="E",
        action="append",
        default=[],
        help="run artifacts in this engine too: onnxruntime, litert or openvino; again: in both",
    )
    parser.add_argument(
        "--phases",
        metavar="P,P",
        help="some of steady,raw,idle,paced,concurrent,sustained or all; default: steady and, "
        "with raw samples in the bundle, raw, and the phases of the options below",
    )
    parser.add_argument("--rounds", type=count, metavar="N", help="fresh processes each")
    parser.add_argument("--batch", metavar="N,N", help="samples of a call in the steady phase")
    parser.add_argument("--rate", metavar="HZ", help="calls a second in the paced phase")
    parser.add_argument("--idle", metavar="S,S", help="pauses before a call in the idle phase")
    parser.add_argument("--callers", metavar="N", help="threads that call at once")
    parser.add_argument(
        "--sustained", metavar="SECONDS", help="how long the sustained phase is"
    )
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """The command; its exit code."""
    from edgesmith_runtime.bench import compare
    from edgesmith_runtime.bench.plan_options import PlanOptions, plan_for
    from edgesmith_runtime.bench.progress_line import ProgressLine
    from edgesmith_runtime.bundle import read_bundle

    options = PlanOptions(
        phases=arguments.phases,
        batch=arguments.batch,
        rate=arguments.rate,
        idle=arguments.idle,
        callers=arguments.callers,
        sustained=arguments.sustained,
        n_rounds=arguments.rounds,
        n_threads=arguments.threads,
    )
    progress = ProgressLine(sys.stderr)
    with checked_path(arguments) as place:
        plan = plan_for(options, read_bundle(place))
        try:
            comparison = compare(
                place,
                against=arguments.against,
                engines=arguments.engine,
                plan=plan,
                progress=progress,
            )
        finally:
            progress.close()
    if arguments.json:
        print(json.dumps(comparison.to_json(), allow_nan=False))
    else:
        print(comparison.table())
    if all(subject.problem is not None for subject in comparison.subjects):
        raise BackendError(
            f"{arguments.bundle}: nothing could be measured; the reasons stand above"
        )
    return 0
