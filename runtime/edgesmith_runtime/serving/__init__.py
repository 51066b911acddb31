"""Bundles over HTTP: the Open Inference Protocol, raw inputs, metrics and a page to try them."""

from edgesmith_runtime.serving.settings import ServerSettings

__all__ = ["ServerSettings"]
