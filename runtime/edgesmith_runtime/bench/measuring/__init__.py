"""The measuring of a comparison: who takes part, and the process that opens and times each of them.

Importing this package loads nothing, for the reason that ``bench`` gives.
"""

__all__ = []
