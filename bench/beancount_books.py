"""Beancount: the same flights as its directives, booked, validated and realised.

It is a plain-text accounting tool whose core is pure Python on immutable records, as ours is, and
that keeps nothing either; so it is what building and checking journals is measured against.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from bench.flight_school import Flight, School

DAY = date(2026, 1, 1)
CHARGE, PAY, MARGIN = Decimal("100.00"), Decimal("60.00"), Decimal("40.00")


def is_installed() -> bool:
    """Return whether beancount can be imported."""
    try:
        import beancount  # noqa: F401
    except ImportError:
        return False
    return True


def accounts(school: School) -> list[Any]:
    """Return the directives that open the accounts of *school*."""
    from beancount.core import data

    names = [
        *(f"Assets:Students:S{n}" for n in range(school.students)),
        *(f"Liabilities:Instructors:I{n}" for n in range(school.instructors)),
        "Income:Platform",
    ]
    return [data.Open(data.new_metadata("w", 1), DAY, name, ["EUR"], None) for name in names]


def transactions(rows: Sequence[Flight]) -> list[Any]:
    """Return the directives of the flights in *rows*."""
    from beancount.core import data
    from beancount.core.amount import Amount

    directives = []
    for line, flight in enumerate(rows):
        meta = data.new_metadata("w", line)
        student = f"Assets:Students:S{flight.student.rpartition('-')[2]}"
        instructor = f"Liabilities:Instructors:I{flight.instructor.rpartition('-')[2]}"
        postings = [
            data.Posting(student, Amount(CHARGE, "EUR"), None, None, None, None),
            data.Posting(instructor, Amount(-PAY, "EUR"), None, None, None, None),
            data.Posting("Income:Platform", Amount(-MARGIN, "EUR"), None, None, None, None),
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
    from beancount.core import realization
    from beancount.ops import validation
    from beancount.parser import booking, options

    settings = {**options.OPTIONS_DEFAULTS, "dcontext": None}
    entries, errors = booking.book([*opened, *transactions(rows)], settings)
    errors = [*errors, *validation.validate(entries, settings)]
    if errors:
        msg = f"beancount found {len(errors)} errors, first {errors[0]}"
        raise ValueError(msg)
    return realization.realize(entries)
