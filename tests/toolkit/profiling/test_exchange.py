from __future__ import annotations

from edgesmith.profiling.exchange import PieceName, ProfileReply


def test_a_reply_reads_back_what_it_wrote() -> None:
    reply = ProfileReply(
        settings="litert, 1 thread",
        method="in turn",
        ops=(PieceName(name="net/a", op="ADD", clues=("net/a", "x")),),
        lost=("WHILE 'loop': no",),
        steps=(("scale", "x"),),
        times={"run": [1.0, 2.0]},
        notes=("a note",),
    )

    assert ProfileReply.from_json(reply.to_json()) == reply
