"""Granting: how credit comes into the books, sold, given or brought in; and how it is revoked."""

from __future__ import annotations

from datetime import datetime

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.grants.postings import OPENING, PROMOTIONS, moved, taken
from ledgerkit.domain.grants.records import GRANT, Grant
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Event, Journal


@attrs.frozen
class Granted:
    """A grant and the journal that brought it into the books."""

    grant: Grant
    journal: Journal

    @property
    def effects(self) -> Effects:
        """What to store."""
        return moved(self.grant, self.journal)


def buy(grant: Grant, *, at: datetime) -> Granted:
    """Sell *grant*: the customer owes its price, its wallet holds the credit. (spec: billing 5a)

    Raises:
        ValueError: it was given and has no price, or it has a history.
    """
    if grant.promotional:
        msg = f"grant {grant.id!r} has no price; give it instead of selling it"
        raise ValueError(msg)
    return _granted(grant, "credit.bought", f"customer:{grant.customer}", at)


def give(grant: Grant, *, at: datetime) -> Granted:
    """Give *grant* away: money is an expense, units are owed without money. (spec: billing 5a)

    Raises:
        ValueError: it has a price, or a history.
    """
    if not grant.promotional:
        msg = f"grant {grant.id!r} costs {grant.price}; sell it instead of giving it"
        raise ValueError(msg)
    return _granted(grant, "credit.given", PROMOTIONS, at)


def bring_in(grant: Grant, *, at: datetime) -> Granted:
    """Take over *grant*, what was left of it in an existing business, from `equity:opening`.

    Its price is what of the price was not used yet.

    Raises:
        ValueError: it has a history in these books already.
    """
    return _granted(grant, "credit.brought_in", OPENING, at)


def _granted(grant: Grant, kind: str, source: str, at: datetime) -> Granted:
    if grant.remaining != grant.amount or grant.draws or grant.expiries:
        msg = f"grant {grant.id!r} is in these books already; it was used here"
        raise ValueError(msg)
    gone = taken(grant, grant.amount, grant.paid, to=source, became="issued")
    journal = Journal(
        id=derive("jrn", kind, grant.id, on=grant.granted_on),
        kind=kind,
        entries=tuple(-entry for entry in gone),
        effective_at=at,
        event=Event("grant", grant.id),
    )
    return Granted(grant, journal)


@attrs.frozen
class Revoked:
    """A grant of which nothing is left, and the journal that took back the rest."""

    grant: Grant
    journal: Journal

    @property
    def effects(self) -> Effects:
        """What to store."""
        return moved(self.grant, self.journal)


def revoke(grant: Grant, *, at: datetime) -> Revoked:
    """Take away what is left of *grant*, say because it was never paid, or given by mistake.

    What was paid for it goes back to the customer, who owes it no longer or may be refunded; what
    was given is no expense any more. What was drawn stays drawn, for good.

    Raises:
        IllegalTransition: nothing is left of it.
    """
    status = GRANT.after(grant.status, "revoke")
    owner = PROMOTIONS if grant.promotional else f"customer:{grant.customer}"
    journal = Journal(
        id=derive("jrn", "credit.revoked", grant.id, on=grant.granted_on),
        kind="credit.revoked",
        entries=taken(grant, grant.remaining, grant.deferred, to=owner, became="revoked"),
        effective_at=at,
        event=Event("grant", grant.id, "revoked"),
    )
    return Revoked(attrs.evolve(grant, status=status), journal)
