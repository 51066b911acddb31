"""The catalogue of what must convert: layer by layer, activations, policies, whole models."""

from __future__ import annotations

import inspect
from functools import cache
from typing import TYPE_CHECKING

import keras

from conversion_cases import (
    activations,
    applications,
    attention,
    convolution,
    core,
    images,
    normalization,
    numbers,
    operations,
    policies,
    pooling,
    recurrent,
    reshaping,
    texts,
    training_only,
)
from conversion_cases.models import MODELS

if TYPE_CHECKING:
    import types

    from conversion_cases.case import Case

__all__ = ["EXEMPT", "all_cases", "families", "uncovered"]

# Classes in keras.layers that no model of the TensorFlow backend can be made of.
EXEMPT = {
    "FlaxLayer": "wraps a module of Flax; needs the JAX backend",
    "InputSpec": "describes what a layer takes; not a layer",
    "JaxLayer": "wraps a function of JAX; needs the JAX backend",
    "TorchModuleWrapper": "wraps a module of PyTorch; needs the PyTorch backend",
    "Wrapper": "abstract; TimeDistributed, Bidirectional and SpectralNormalization are it",
}
# Names in keras.activations that make, name or look up an activation.
_NOT_ACTIVATIONS = {"deserialize", "get", "serialize"}


@cache
def families() -> dict[str, tuple[Case, ...]]:
    """The cases by the file that lists them."""
    return {
        "core": core.CASES,
        "reshaping": reshaping.CASES,
        "convolution": convolution.CASES,
        "pooling": pooling.CASES,
        "normalization": normalization.CASES,
        "training only": training_only.CASES,
        "recurrent": recurrent.CASES,
        "attention": attention.CASES,
        "images": images.CASES,
        "numbers": numbers.CASES,
        "texts": texts.CASES,
        "activations": activations.CASES,
        "policies": policies.CASES,
        "operations": operations.CASES,
        "models": MODELS,
        "applications": applications.CASES,
    }


@cache
def all_cases() -> dict[str, Case]:
    """Every case by its name.

    Raises:
        ValueError: Two cases have the same name.
    """
    cases: dict[str, Case] = {}
    for case in (case for family in families().values() for case in family):
        if case.name in cases:
            raise ValueError(f"two cases are called '{case.name}'; rename one")
        cases[case.name] = case
    return cases


def uncovered() -> tuple[str, ...]:
    """Layers, activations and families of applications that no case covers."""
    covered = {name for case in all_cases().values() for name in case.covers}
    every = set(dir(keras.applications))
    return (
        *_missing(keras.layers, inspect.isclass, covered | set(EXEMPT)),
        *_missing(keras.activations, inspect.isfunction, covered | _NOT_ACTIVATIONS),
        *(f"applications.{name}" for name in sorted(_families(every) - _families(covered))),
    )


def _missing(module: types.ModuleType, kind: object, covered: set[str]) -> tuple[str, ...]:
    """By its own name each, so that an alias need not be covered beside it."""
    things = dict(inspect.getmembers(module, kind))
    ids = {id(thing) for name, thing in things.items() if name in covered}
    return tuple(
        f"{module.__name__.rpartition('.')[2]}.{thing.__name__}"
        for thing in {id(thing): thing for thing in things.values()}.values()
        if id(thing) not in ids
    )


def _families(names: set[str]) -> set[str]:
    """The modules that define those of the names that are applications."""
    made = (getattr(keras.applications, name, None) for name in names)
    return {
        function.__module__.rpartition(".")[2]
        for function in made
        if inspect.isfunction(function)
    }
