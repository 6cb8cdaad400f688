"""Benchmark: what the library costs, beside what the same work costs without it.

`python -m bench` runs every workload and prints a table; docs/performance.md says what it means.
"""
