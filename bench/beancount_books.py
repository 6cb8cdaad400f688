"""Beancount: the same flights as its directives, booked, validated and realised.

It is a plain-text accounting tool whose core is pure Python on immutable records, as ours is, and
that keeps nothing either; so it is what building and checking journals is measured against.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from bench.flight_school import Flight, School

DAY = date(2026, 1, 1)
CHARGE, PAY, MARGIN = Decimal("100.00"), Decimal("60.00"), Decimal("40.00")


def is_installed() -> bool:
    """Return whether beancount can be imported."""
    return find_spec("beancount") is not None


def _part(name: str) -> Any:
    # By name, since the project is checked and tested without beancount.
    return import_module(f"beancount.{name}")


def accounts(school: School) -> list[Any]:
    """Return the directives that open the accounts of *school*."""
    data = _part("core.data")
    names = [
        *(f"Assets:Students:S{n}" for n in range(school.students)),
        *(f"Liabilities:Instructors:I{n}" for n in range(school.instructors)),
        "Income:Platform",
    ]
    return [data.Open(data.new_metadata("w", 1), DAY, name, ["EUR"], None) for name in names]


def transactions(rows: Sequence[Flight]) -> list[Any]:
    """Return the directives of the flights in *rows*."""
    data, amount = _part("core.data"), _part("core.amount").Amount
    directives = []
    for line, flight in enumerate(rows):
        meta = data.new_metadata("w", line)
        student = f"Assets:Students:S{flight.student.rpartition('-')[2]}"
        instructor = f"Liabilities:Instructors:I{flight.instructor.rpartition('-')[2]}"
        postings = [
            data.Posting(student, amount(CHARGE, "EUR"), None, None, None, None),
            data.Posting(instructor, amount(-PAY, "EUR"), None, None, None, None),
            data.Posting("Income:Platform", amount(-MARGIN, "EUR"), None, None, None, None),
        ]
        directives.append(
            data.Transaction(
                meta,
                DAY,
                "*",
                None,
                "flight",
                frozenset(),
                frozenset({flight.number}),
                postings,
            )
        )
    return directives


def realised(rows: Sequence[Flight], opened: Sequence[Any]) -> Any:
    """Return the balances of the flights in *rows*, on the accounts *opened*.

    Raises:
        ValueError: beancount found an error.
    """
    settings = {**_part("parser.options").OPTIONS_DEFAULTS, "dcontext": None}
    entries, errors = _part("parser.booking").book([*opened, *transactions(rows)], settings)
    errors = [*errors, *_part("ops.validation").validate(entries, settings)]
    if errors:
        msg = f"beancount found {len(errors)} errors, first {errors[0]}"
        raise ValueError(msg)
    return _part("core.realization").realize(entries)
