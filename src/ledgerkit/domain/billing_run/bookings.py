"""Bookings: which sessions of a customer are booked, for which day, and how often each ever was.

A session is booked while a package's unit or an invoice's line stands for it; it is undone when
the reversal of its journal is posted, and may then be booked anew as its next part.
(spec: ledger 3, billing 6)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date

import attrs

from ledgerkit.domain.billing_run.facts import CustomerFacts
from ledgerkit.domain.credit_notes import credited
from ledgerkit.domain.invoices import Invoice, Line
from ledgerkit.domain.ledger import Event
from ledgerkit.domain.sessions import Session, booking_id, undone

SESSION = "session"
"""The kind of lines that charge a session."""
_SESSIONS = ("", SESSION)


@attrs.frozen(kw_only=True)
class Bookings:
    """What is booked of a customer's sessions.

    Attributes:
        live: The local day each session is booked for, by session id, of those booked now.
        times: How often each session was booked, undone bookings included.
        returns: How many bookings were undone, at most.
    """

    live: Mapping[str, date]
    times: Mapping[str, int]
    returns: int

    def part(self, session: str) -> str:
        """Return the part of the next booking: none for the first, "2" and up after returns."""
        times = self.times.get(session, 0)
        return str(times + 1) if times else ""

    def day(self, session: Session, zone: str) -> date:
        """Return the local day of *session*; of a booked one, the day it is booked for.

        So a change of zone never moves what is billed. (spec: billing 13.12)
        """
        return self.live.get(session.id) or session.day(zone)


def charges(customer: CustomerFacts) -> Iterator[tuple[Invoice, Line]]:
    """Yield each line that charges a session, with its invoice.

    A line written by hand or brought in is none, whatever it names, unless its journal is the one
    that books the session.
    """
    for read in customer.invoices:
        invoice = read.record
        for line in invoice.lines:
            if line.package is not None or line.kind not in _SESSIONS:
                continue
            if invoice.cycle or line.journal == booking_id(line.source, line.part, line.on):
                yield invoice, line


def reversal_of(line: Line) -> Event:
    """Return the fact that the charge of *line* was taken back."""
    return undone(Event("session", line.source, line.part))


def settled_lines(customer: CustomerFacts) -> Iterator[Line]:
    """Yield the charges with nothing left to credit: those that may have been undone."""
    given = credited(customer.credit_notes)
    for _, line in charges(customer):
        if line.journal is not None and given.get(line.id, 0) >= line.net.minor:
            yield line


def bookings_of(customer: CustomerFacts) -> Bookings:
    """Return what is booked of the sessions of *customer*."""
    settled = {line.id: line for line in settled_lines(customer)}
    gone = {id for id, line in settled.items() if reversal_of(line) in customer.posted}
    live: dict[str, date] = {}
    times = Counter[str]()
    returns = len(settled)
    for _, line in charges(customer):
        times[line.source] += 1
        if line.id not in gone:
            live[line.source] = line.on
    for read in customer.packages:
        for used in read.record.redemptions:
            times[used.session] += 1
            live[used.session] = used.on
        times.update(read.record.returned)
        returns += len(read.record.returned)
    return Bookings(live=live, times=times, returns=returns)
