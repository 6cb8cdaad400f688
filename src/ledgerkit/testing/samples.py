"""Samples: small changes, journals and records with plain names, to fill a store with.

Everything has a default but what a test is about, and the same call returns the same value.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from ledgerkit.domain.changes import Changes, request
from ledgerkit.domain.invoices import DRAFT, Invoice, Line, line
from ledgerkit.domain.ledger import Entry, Hold, Journal
from ledgerkit.domain.money import Money, Rate
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.parties import CUSTOMER, Party

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
OCTOBER = date(2026, 10, 1)


def hour(n: int) -> datetime:
    """Return the instant *n* hours after `NOON`, 1 October 2026 12:00 UTC."""
    return NOON + timedelta(hours=n)


def changes(key: str, *, at: datetime = NOON, verb: str = "test", **fields: Any) -> Changes:
    """Return changes under *key* that ask for *verb*; *fields* are those of `Changes`."""
    return Changes(
        key=key,
        request=request(verb, key=key),
        actor="tester",
        reason="a test",
        at=at,
        **fields,
    )


def transfer(
    id: str,
    source: str,
    target: str,
    minor: int,
    *,
    currency: str = "EUR",
    at: datetime = NOON,
    **fields: Any,
) -> Journal:
    """Return the journal that moves *minor* units from *source* to *target*.

    *fields* are those of `Journal`.
    """
    return Journal(
        id=id,
        kind="test.moved",
        entries=(Entry(source, Money(-minor, currency)), Entry(target, Money(minor, currency))),
        effective_at=at,
        **fields,
    )


def hold(
    id: str,
    source: str,
    target: str,
    minor: int,
    *,
    currency: str = "EUR",
    kind: str = "test.moved",
    expires_at: datetime | None = None,
    **fields: Any,
) -> Hold:
    """Return the hold that reserves *minor* units of *source* for *target*.

    *fields* are those of `Hold`.
    """
    legs = Entry(source, Money(-minor, currency)), Entry(target, Money(minor, currency))
    return Hold(id=id, kind=kind, entries=legs, expires_at=expires_at, **fields)


def party(id: str, name: str = "Ada", *, role: str = CUSTOMER, **fields: Any) -> Party:
    """Return a party that pays or is paid in euros; *fields* are those of `Party`."""
    return Party(id=id, name=name, role=role, currency="EUR", **fields)


def invoice(
    id: str,
    *,
    customer: str = "c-1",
    minor: int = 100,
    status: str = DRAFT,
    issued_on: date | None = None,
    **fields: Any,
) -> Invoice:
    """Return an invoice of one line; *fields* are those of `Invoice`."""
    return Invoice(
        id=id,
        customer=customer,
        currency="EUR",
        lines=(invoice_line(id, minor),),
        status=status,
        issued_on=issued_on,
        **fields,
    )


def invoice_line(source: str, minor: int = 100) -> Line:
    """Return the line that charges *minor* cents for *source*."""
    return line(source, item="a session", on=OCTOBER, price=Rate.of(Money(minor, "EUR")))


def message(id: str, topic: str = "notice.test", recipient: str = "c-1") -> Message:
    """Return a message about nothing."""
    return Message(id, topic, recipient, (("about", id),))
