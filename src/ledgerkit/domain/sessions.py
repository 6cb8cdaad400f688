"""Sessions: the usage of a tutoring business, one lesson each; and the matches they belong to.

A session is a fact of the host, not a record of ours: it is billed once it is approved, and the
event of the journal that books it is the claim that it was. (seed 000; spec: billing 5, 6)
"""

from __future__ import annotations

from datetime import date, datetime

import attrs

from ledgerkit.domain.catalog import CatalogKey
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger.journals import Event, name_of, text_of
from ledgerkit.domain.money import Money
from ledgerkit.domain.periods import instant, local_date

SCHEDULED = "scheduled"
HELD = "held"
APPROVED = "approved"
CANCELLED = "cancelled"
NO_SHOW = "no_show"
STATUSES = (SCHEDULED, HELD, APPROVED, CANCELLED, NO_SHOW)


@attrs.frozen(kw_only=True)
class Match:
    """A student taught by a supplier, paid for by a customer.

    Attributes:
        id: Unique among matches.
        customer: The id of the party who pays.
        student: The student's name, as it stands on documents.
        supplier: The id of the party who teaches.
        key: What is taught, unless a session says otherwise.
        currency: The currency of its prices.
        pay: What the supplier earns per session, if not what the catalog says.
    """

    id: str
    customer: str
    student: str
    supplier: str
    key: CatalogKey
    currency: str
    pay: Money | None = None

    def __attrs_post_init__(self) -> None:
        for field in ("id", "customer", "supplier"):
            name_of(f"match {field}", getattr(self, field))
        if not text_of("match student", self.student).strip():
            msg = f"match {self.id!r} needs the name of a student"
            raise ValueError(msg)
        if type(self.key) is not CatalogKey or type(self.currency) is not str:
            msg = f"match {self.id!r} needs a key and a currency (got {self.key!r})"
            raise TypeError(msg)
        if self.pay is not None and (self.pay.currency != self.currency or self.pay.minor < 0):
            msg = f"match {self.id!r} pays {self.pay}; it must be {self.currency} and not negative"
            raise ValueError(msg)


@attrs.frozen(kw_only=True)
class Session:
    """One lesson.

    Attributes:
        id: Unique among sessions.
        match: The id of its match.
        starts_at: When it began, a UTC instant.
        status: `scheduled`, `held`, `approved`, `cancelled` or `no_show`.
        approved_at: When it was approved, or None.
        key: What was taught, if not what the match says.
    """

    id: str
    match: str
    starts_at: datetime = attrs.field(converter=instant)
    status: str
    approved_at: datetime | None = attrs.field(
        default=None, converter=attrs.converters.optional(instant)
    )
    key: CatalogKey | None = None

    def __attrs_post_init__(self) -> None:
        name_of("session id", self.id)
        name_of("session match", self.match)
        if self.status not in STATUSES:
            msg = f"session {self.id!r} has status {self.status!r}; use {', '.join(STATUSES)}"
            raise ValueError(msg)
        if (self.status == APPROVED) != (self.approved_at is not None):
            msg = f"session {self.id!r} is {self.status}; approved_at goes with approved, only"
            raise ValueError(msg)

    @property
    def event(self) -> Event:
        """The fact that a journal claims when it books the session."""
        return Event("session", self.id)

    def day(self, zone: str) -> date:
        """Return the local day on which it began."""
        return local_date(self.starts_at, zone)


def booking_id(session: str, part: str, on: date) -> str:
    """Return the id of the journal that books *session* of the local day *on*.

    It is the same whether a package or the customer pays, so that never both do. *part* is empty
    at first, and tells apart what is booked anew after it was undone. (spec: ledger 3)
    """
    return derive("jrn", "session", session, part, on=on)


def undone(event: Event) -> Event:
    """Return the fact that what was booked for *event* was taken back.

    The reversal claims it, so that nothing is taken back twice and a run can ask whether it was.

    >>> str(undone(Event("session", "s1"))), str(undone(Event("session", "s1", "2")))
    ('session:s1:undone:1', 'session:s1:undone:2')
    """
    return Event(event.type, event.id, f"undone:{event.part or 1}")
