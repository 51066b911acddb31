"""Bundles that were made to do harm, for the tests and for ``check_mutations.py``.

Everything is built here, from the public descriptions of the formats; nothing is a copy of an exploit.
"""
