"""Drawing: paying a line with credit, and giving the credit back when the line is credited."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.grants.claims import Claim
from ledgerkit.domain.grants.history import Draw, Return, check_above_zero
from ledgerkit.domain.grants.postings import PLATFORM, moved, share, taken
from ledgerkit.domain.grants.records import GRANT, CreditExhausted, Grant, NotPaidFor
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Entry, Event, Journal
from ledgerkit.domain.money import Money


@attrs.frozen
class Overdrawn(LedgerkitError):
    """More would be drawn for a line than it charges."""

    grant: str
    claim: str
    charged: Money
    drawn: Money
    asked: Money
    code: ClassVar[str] = "overdrawn"

    def __str__(self) -> str:
        return (
            f"line {self.claim!r} charges {self.charged} and grant {self.grant!r} paid "
            f"{self.drawn} of it; {self.asked} asked exceeds what is open"
        )


@attrs.frozen
class NotDrawn(LedgerkitError):
    """More would come back of a line than a grant paid for it."""

    grant: str
    source: str
    drawn: Money
    asked: Money
    code: ClassVar[str] = "not_drawn"

    def __str__(self) -> str:
        return (
            f"line {self.source!r} has drawn {self.drawn} of grant {self.grant!r}; "
            f"{self.asked} cannot come back"
        )


@attrs.frozen
class Drawn:
    """A grant with less left, and the journal of what it paid."""

    grant: Grant
    draw: Draw
    journal: Journal

    @property
    def effects(self) -> Effects:
        """What to store."""
        return moved(self.grant, self.journal)


def draw(grant: Grant, claim: Claim, amount: Money, *, at: datetime) -> Drawn:
    """Pay *amount* of the line *claim* with *grant*.

    Money settles the charge: the customer owes that much less. Units are the charge: the part of
    the price that they used is the platform's now. (spec: billing 5a)

    Raises:
        NotPaidFor: it does not pay for the kind of line, or for usage of that day.
        Overdrawn: this grant paid so much of the line that less is open.
        CreditExhausted: less is left; a grant that is expired is revived first.
        CurrencyMismatch: claim, amount and grant are not of one currency or unit.
        ValueError: *amount* is not above zero.
    """
    check_above_zero(f"a draw on grant {grant.id!r}", amount)
    if not grant.pays_for(claim.kind, claim.on):
        raise NotPaidFor(grant.id, claim.id, claim.kind, claim.on)
    before = grant.drawn_for(claim.id)
    if before + amount > claim.amount:
        raise Overdrawn(grant.id, claim.id, claim.amount, before, amount)
    remaining = grant.remaining
    if amount > remaining:
        raise CreditExhausted(grant.id, remaining, amount)
    status = GRANT.after(grant.status, "use_up" if amount == remaining else "draw")
    value = share(grant.deferred, amount, remaining)
    turn = 1 + sum(each.source == claim.id for each in grant.draws)
    journal = Journal(
        id=derive("jrn", "credit.drawn", grant.id, claim.id, str(turn), on=claim.on),
        kind="credit.drawn",
        entries=_legs(grant, amount, value),
        effective_at=at,
        event=Event("credit", claim.id, f"{grant.id}:{turn}"),
    )
    drawn = Draw(source=claim.id, on=claim.on, amount=amount, value=value, journal=journal.id)
    after = attrs.evolve(grant, draws=(*grant.draws, drawn), status=status)
    return Drawn(after, drawn, journal)


def _legs(grant: Grant, amount: Money, value: Money) -> tuple[Entry, ...]:
    to = PLATFORM if grant.in_units else f"customer:{grant.customer}"
    return taken(grant, amount, value, to=to, became="drawn")


@attrs.frozen
class GivenBack:
    """A grant with credit back, and the journals that took back what it paid."""

    grant: Grant
    journals: tuple[Journal, ...]

    @property
    def effects(self) -> Effects:
        """What to store."""
        return moved(self.grant, *self.journals)


def give_back(grant: Grant, source: str, *, amount: Money | None = None, at: datetime) -> GivenBack:
    """Return what the line *source* drew of *grant*, or *amount* of it, because it was credited.

    The newest draws come back first, each with the value that it was drawn at. The customer owes
    again what the credit note gave back, so both are stored together.

    Raises:
        NotDrawn: so much was not drawn for it, or came back already.
        IllegalTransition: it is expired, revive it first; or revoked, and there is no way back.
        ValueError: *amount* is not above zero.
    """
    if amount is not None:
        check_above_zero(f"what comes back to grant {grant.id!r}", amount)
    drawn = grant.drawn_for(source)
    asked = drawn if amount is None else amount
    if asked > drawn or drawn.minor == 0:
        raise NotDrawn(grant.id, source, drawn, asked)
    status = GRANT.after(grant.status, "give_back")
    after = grant
    journals: list[Journal] = []
    for each in reversed([each for each in grant.draws if each.source == source]):
        part = min(asked, after.left_of(each))
        if part.minor > 0:
            asked -= part
            back, journal = _returned(after, each, part, at=at)
            journals.append(journal)
            after = attrs.evolve(after, returns=(*after.returns, back), status=status)
    return GivenBack(after, tuple(journals))


def _returned(grant: Grant, draw: Draw, part: Money, *, at: datetime) -> tuple[Return, Journal]:
    value = share(grant.value_left_of(draw), part, grant.left_of(draw))
    turn = len(grant.returns) + 1
    journal = Journal(
        id=derive("jrn", "reversal", draw.journal, str(turn), on=draw.on),
        kind="credit.drawn.reversed",
        entries=tuple(-entry for entry in _legs(grant, part, value)),
        effective_at=at,
        event=Event("credit", draw.source, f"{grant.id}:returned:{turn}"),
        reverses=draw.journal,
    )
    return Return(draw=draw.journal, amount=part, value=value, journal=journal.id), journal
