"""Faults of files while they are written: kills, limits, full disks; the benchmark and the tests."""
