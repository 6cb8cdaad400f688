"""Exports: reconciliations as CSV, one row each: the identity of a gateway on a day.

No locale is in them: a spreadsheet and a program read the same. (spec: billing 12)
"""

from __future__ import annotations

from collections.abc import Iterable

from ledgerkit.adapters.exports.cells import day, moment, table, text
from ledgerkit.domain.money import Units
from ledgerkit.domain.reconciliation import Reconciliation

RECONCILIATION_COLUMNS = (
    "on",
    "at",
    "gateway",
    "currency",
    "available",
    "pending",
    "in_flight",
    "booked",
    "drift",
    "status",
)


def reconciliations_csv(reconciliations: Iterable[Reconciliation], *, units: Units) -> str:
    """Return *reconciliations* as CSV with a header row, in the order given.

    Available and pending, less what is in flight and what is booked, are the drift. What is in
    flight for too long explains nothing and is not counted.
    """
    return table(RECONCILIATION_COLUMNS, (_row(each, units) for each in reconciliations))


def _row(done: Reconciliation, units: Units) -> tuple[str, ...]:
    return (
        day(done.on),
        moment(done.at),
        text(done.gateway),
        done.currency,
        units.plain(done.available),
        units.plain(done.pending),
        units.plain(done.explained),
        units.plain(done.booked),
        units.plain(done.drift),
        done.status,
    )
