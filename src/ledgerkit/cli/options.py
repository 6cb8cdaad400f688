"""Options: what several commands ask, each as a record that the command line fills."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import attrs
from cyclopts import Parameter


@attrs.frozen(kw_only=True)
class BillingOptions:
    """What all commands share that decide a month."""

    period: Annotated[str, Parameter(help="The month to bill, such as 2026-10.")]
    skip_invalid: Annotated[
        bool, Parameter(help="Go on without malformed rows, and list them.", negative="")
    ] = False
    terms_days: Annotated[int, Parameter(help="Days until an invoice is due.")] = 14
    alerts: Annotated[
        Literal["package", "aggregate"],
        Parameter(help="Tell of low units for each active package, or for all of a customer's."),
    ] = "package"
    at: Annotated[
        datetime | None,
        Parameter(help="The instant of the run, with its offset; the present by default."),
    ] = None


@attrs.frozen(kw_only=True)
class MonthOptions(BillingOptions):
    """What `run-month` and `preview-month` share."""

    store: Annotated[
        str, Parameter(help="Where the books are, such as sqlite:///books.db or postgresql://…")
    ]
    freeze: Annotated[
        bool, Parameter(help="Hide every amount in what is printed here.", negative="")
    ] = False
    details: Annotated[bool, Parameter(help="Print every customer as well.", negative="")] = False


@attrs.frozen(kw_only=True)
class ListOptions:
    """Which invoices, and where their list goes."""

    store: Annotated[str, Parameter(help="Where the books are, such as sqlite:///books.db.")]
    customer: Annotated[str | None, Parameter(help="Only those of the customer with this id.")] = (
        None
    )
    status: Annotated[str | None, Parameter(help="Only those in this status, such as issued.")] = (
        None
    )
    period: Annotated[str | None, Parameter(help="Only those of this month, such as 2026-10.")] = (
        None
    )
    csv: Annotated[Path | None, Parameter(help="Where to write them as CSV, a row each.")] = None
    pdf: Annotated[Path | None, Parameter(help="Where to write them as PDF.")] = None
    locale: Annotated[
        str | None, Parameter(help="The language of the PDF; that of the business by default.")
    ] = None
    at: Annotated[
        datetime | None, Parameter(help="The instant that the PDF names; the present by default.")
    ] = None
