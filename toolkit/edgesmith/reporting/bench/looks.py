"""How a subject looks in every plot of a page: colour by family, line by kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from edgesmith_runtime.bench import SubjectKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgesmith_runtime.bench import Subject

__all__ = ["Look", "looks_of"]

N_COLOURS = 6  # of the style sheet, told apart with any kind of colour blindness
N_GREYS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The classes of one subject's marks, and its number, by which a script shows and hides it.

    Args:
        name: Of the subject.
        number: From 0.
        style: Classes of the style sheet: the colour, then the kind of line.
    """

    name: str
    number: int
    style: str

    @property
    def data(self) -> dict[str, str]:
        """What every mark of the subject carries."""
        return {"subject": str(self.number)}


def looks_of(subjects: Sequence[Subject]) -> list[Look]:
    """The look of each subject that was measured, in their order.

    Artifacts are solid lines in colours; other files are dashed ones in the colours after them;
    the ways to call the original are grey; the second run of an artifact is dotted in its colour.
    """
    found: list[Look] = []
    colours: dict[str, int] = {}
    n_greys = 0
    for number, subject in enumerate(one for one in subjects if one.rounds):
        match subject.kind:
            case SubjectKind.KERAS:
                style = f"grey-{n_greys % N_GREYS}"
                n_greys += 1
            case SubjectKind.AGAIN:
                twin = colours.get(subject.name.removesuffix(" again"), len(colours))
                style = f"c{twin % N_COLOURS} dotted"
            case SubjectKind.ARTIFACT | SubjectKind.TUNED | SubjectKind.FILE:
                colour = colours.setdefault(subject.name, len(colours))
                dashed = subject.kind is SubjectKind.FILE or colour >= N_COLOURS
                style = f"c{colour % N_COLOURS}" + (" dashed" if dashed else "")
            case _:
                assert_never(subject.kind)
        found.append(Look(name=subject.name, number=number, style=style))
    return found
