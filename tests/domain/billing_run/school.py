"""A flight school to bill: Ana flies with Tom, corrections and payments come before or after."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import attrs

from ledgerkit.domain import payments
from ledgerkit.domain.adjustments import Approval, adjust
from ledgerkit.domain.billing_run import Policy
from ledgerkit.domain.changes import Decision, changes_of, expect, request
from ledgerkit.domain.completions import Completion, complete
from ledgerkit.domain.credit_notes import EFFECTIVE, CreditNote
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.money import Exact
from ledgerkit.domain.payments import Payment, receivables
from ledgerkit.domain.periods import Period
from ledgerkit.domain.rate_cards import CHARGE, PAY, RateCard
from ledgerkit.domain.rentals import Rental
from ledgerkit.domain.tax import Tax, TaxRate
from tests.domain.billing_run.world import World, party
from tests.domain.flight_school import flight, hours, rate, usd

# 200.00 an hour of flight, 80.00 an hour on the ground, and 10 % of tax on both.
CARD = RateCard(
    "school",
    "USD",
    (
        rate(CHARGE, "flight", "200"),
        rate(PAY, "flight", "120"),
        rate(CHARGE, "ground", "80"),
        rate(PAY, "ground", "45"),
    ),
)
TENTH = Tax(id="sales", code="us-az", rates=(TaxRate(Fraction(1, 10), date(2020, 1, 1)),))
TAXED = Policy(terms_days=14, taxes={"flight": (TENTH,), "": ()})
ANA = attrs.evolve(party("ana", zone="America/New_York"), currency="USD")
TOM = attrs.evolve(party("tom", role="supplier"), name="Tom Hill")
OCTOBER, NOVEMBER, DECEMBER = (Period.month(2026, month) for month in (10, 11, 12))
BOTH: Mapping[str, Exact] = {"flight": Fraction(3, 2), "ground": Fraction(1, 2)}


def at(month: int, day: int = 1) -> datetime:
    """Return a morning of 2026."""
    return datetime(2026, month, day, 6, tzinfo=UTC)


def school(**fields: Any) -> World:
    """Return books without anything."""
    given: dict[str, Any] = {"customers": (ANA,), "suppliers": (TOM,), "policy": TAXED}
    return World(**(given | fields))


def _store(world: World, decision: Decision, key: str, day: datetime, *kinds: type[Any]) -> World:
    world.store.commit(
        changes_of(
            decision,
            key=key,
            request=request("told", key=key),
            actor="desk",
            reason="told",
            at=day,
            expects=tuple(expect(v) for kind in kinds for v in world.read(kind)),
        )
    )
    return world


def fly(
    world: World,
    done: Mapping[str, Exact] = BOTH,
    *,
    id: str = "f-1",
    card: RateCard = CARD,
    rental: Rental | None = None,
    **fields: Any,
) -> World:
    """Charge a flight of 5 October: 1.5 h, and half an hour on the ground, unless told."""
    work = flight(id=id, quantities=hours(**done), **fields)
    completed = complete(work, card=card, rental=rental)
    return _store(world, completed, f"fly/{id}", work.completed_at)


def correct(
    world: World,
    done: Mapping[str, Exact],
    *,
    id: str = "f-1",
    card: RateCard = CARD,
    day: datetime,
) -> World:
    """Correct what was flown."""
    (now,) = (each for each in world.all(Completion) if each.id == id)
    adjusted = adjust(
        now,
        hours(**done),
        card=card,
        key=f"{id}/{now.part}",
        by="maria",
        reason="Hobbs meter",
        at=day,
        approval=Approval((usd("100000"),)),
    )
    return _store(world, adjusted, f"correct/{id}/{now.part}", day, Completion)


def pay(world: World, major: str, *, day: datetime) -> World:
    """Let Ana pay: what is due first, and the rest is left over."""
    owed = receivables(world.all(Invoice), world.all(Payment), world.all(CreditNote), ())
    paid = payments.record_manual("ana", usd(major), key=str(day), owed=owed, on=day.date(), at=day)
    return _store(world, paid, f"pay/{day}", day, Invoice)


def documented(world: World) -> int:
    """Return what lines of work less what notes gave back of it come to, before discounts."""
    ids = {each.id for each in world.all(Completion)}
    lines = (line for invoice in world.all(Invoice) for line in invoice.lines)
    notes = (note for note in world.all(CreditNote) if note.status in EFFECTIVE)
    given = (line.given.amount.minor for note in notes for line in note.lines if line.given)
    return sum(line.amount.minor for line in lines if line.source in ids) - sum(given)


def charged(world: World) -> int:
    """Return what completions are charged by now, corrections included."""
    return sum(each.charge.minor for each in world.all(Completion))
