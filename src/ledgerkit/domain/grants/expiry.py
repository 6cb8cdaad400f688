"""Expiry: what is left of a grant after its last day is breakage, or rolls over in part."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.grants.history import Forfeit
from ledgerkit.domain.grants.postings import PLATFORM, PROMOTIONS, moved, share, taken
from ledgerkit.domain.grants.records import ACTIVE, GRANT, Grant, draw_down
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Entry, Event, Journal
from ledgerkit.domain.money import Money
from ledgerkit.domain.outbox import Message


@attrs.frozen
class CreditNotExpired(LedgerkitError):
    """A grant does not expire yet, or never."""

    grant: str
    expires_on: date | None
    on: date
    code: ClassVar[str] = "credit_not_expired"

    def __str__(self) -> str:
        when = "never" if self.expires_on is None else f"on {self.expires_on}"
        return f"grant {self.grant!r} expires {when}; it is {self.on}"


@attrs.frozen
class UsageUnsettled(LedgerkitError):
    """Usage that a grant may still pay for is not settled yet."""

    grant: str
    expires_on: date
    settled_before: date
    code: ClassVar[str] = "usage_unsettled"

    def __str__(self) -> str:
        return (
            f"usage is settled before {self.settled_before} and grant {self.grant!r} pays for days "
            f"before {self.expires_on}; settle those first"
        )


@attrs.frozen
class Expired:
    """A grant of which nothing is left, the journal of the breakage, and the notice."""

    grant: Grant
    journal: Journal
    notice: Message

    @property
    def effects(self) -> Effects:
        """What to store."""
        return moved(self.grant, self.journal, message=self.notice)


def lapsed(grants: Iterable[Grant], *, settled_before: date) -> tuple[Grant, ...]:
    """Return those of *grants* that are to expire, all usage before *settled_before* being settled.

    A run expires them last, after the usage that may still draw on them.
    """
    return tuple(
        grant
        for grant in draw_down(grants)
        if grant.status == ACTIVE
        and grant.expires_on is not None
        and grant.expires_on <= settled_before
    )


def expire(grant: Grant, *, on: date, settled_before: date, at: datetime) -> Expired:
    """Forfeit what is left of *grant* once its last day has passed *on* a local day.

    All usage of days before *settled_before* is settled, and that must be all that it may pay for:
    no credit expires while usage waits for it. What was paid for the rest becomes the platform's;
    what was given is no expense any more. (spec: billing 5, 5a)

    Raises:
        CreditNotExpired: its expiry is later than *on*, or none is set.
        UsageUnsettled: usage of its days may still come.
        IllegalTransition: nothing is left of it.
    """
    status = GRANT.after(grant.status, "expire")
    ends = _check_over(grant, on, settled_before)
    forfeit, journal = _forfeit(grant, ends, grant.remaining, at=at)
    after = attrs.evolve(
        grant,
        status=status,
        forfeits=(*grant.forfeits, forfeit),
        expiries=grant.expiries + 1,
    )
    return Expired(after, journal, _notice(grant, forfeit))


def _check_over(grant: Grant, on: date, settled_before: date) -> date:
    ends = grant.expires_on
    if ends is None or on < ends:
        raise CreditNotExpired(grant.id, ends, on)
    if settled_before < ends:
        raise UsageUnsettled(grant.id, ends, settled_before)
    return ends


def _forfeit(grant: Grant, on: date, amount: Money, *, at: datetime) -> tuple[Forfeit, Journal]:
    turn = str(grant.expiries + 1)
    value = share(grant.deferred, amount, grant.remaining)
    journal = Journal(
        id=derive("jrn", "credit.expired", grant.id, turn, on=on),
        kind="credit.expired",
        entries=_legs(grant, amount, value),
        effective_at=at,
        event=Event("grant", grant.id, f"expired:{turn}"),
    )
    return Forfeit(on=on, amount=amount, value=value, journal=journal.id), journal


def _legs(grant: Grant, amount: Money, value: Money) -> tuple[Entry, ...]:
    to = PROMOTIONS if grant.promotional else PLATFORM
    return taken(grant, amount, value, to=to, became="expired")


def _notice(grant: Grant, forfeit: Forfeit) -> Message:
    return Message(
        derive("msg", "credit_expired", forfeit.journal),
        "notice.credit_expired",
        grant.customer,
        (
            ("grant", grant.id),
            ("forfeited_minor", str(forfeit.amount.minor)),
            ("currency", forfeit.amount.currency),
            ("expired_on", forfeit.on.isoformat()),
        ),
    )


@attrs.frozen
class Revived:
    """A grant with what expired back, and the journal that took back the breakage."""

    grant: Grant
    journal: Journal

    @property
    def effects(self) -> Effects:
        """What to store."""
        return moved(self.grant, self.journal)


def revive(grant: Grant, *, at: datetime) -> Revived:
    """Take back the expiry of *grant*, for usage of a day before it that came after it.

    The rest expires anew, with the same run. (spec: billing 5a)

    Raises:
        IllegalTransition: it is not expired.
    """
    status = GRANT.after(grant.status, "revive")
    last = grant.forfeits[-1]
    journal = Journal(
        id=derive("jrn", "reversal", last.journal, on=last.on),
        kind="credit.expired.reversed",
        entries=tuple(-entry for entry in _legs(grant, last.amount, last.value)),
        effective_at=at,
        reverses=last.journal,
    )
    return Revived(attrs.evolve(grant, status=status, forfeits=grant.forfeits[:-1]), journal)


@attrs.frozen
class Rollover:
    """How much of a grant may go on into the next period.

    Attributes:
        most: No more than this rolls over, zero or more.
        least: At least this is there, given anew where less was left; None: nothing is.

    >>> half = Rollover(Money(50, "TOKEN"))
    >>> half.balance(Money(90, "TOKEN")), half.balance(Money(20, "TOKEN"))
    (Money(minor=50, currency='TOKEN'), Money(minor=20, currency='TOKEN'))
    """

    most: Money
    least: Money | None = None

    def __attrs_post_init__(self) -> None:
        for bound in (self.most, self.most if self.least is None else self.least):
            if type(bound) is not Money:
                msg = f"bounds of a rollover must be Money (got {bound!r})"
                raise TypeError(msg)
            if bound.minor < 0:
                msg = f"bounds of a rollover must not be below 0 (got {bound})"
                raise ValueError(msg)

    def balance(self, remaining: Money) -> Money:
        """Return what the next period begins with: min(most, max(least, *remaining*))."""
        floor = Money.zero(self.most.currency) if self.least is None else self.least
        return min(self.most, max(floor, remaining))

    def kept(self, remaining: Money) -> Money:
        """Return the part of *remaining* that rolls over."""
        return min(remaining, self.balance(remaining))

    def lacking(self, remaining: Money) -> Money:
        """Return what is to be given anew, beyond *remaining*, for the least to be there."""
        return self.balance(remaining) - self.kept(remaining)


@attrs.frozen
class RolledOver:
    """A grant that goes on, and what of it does not: the breakage and its notice, if there is any.

    Attributes:
        grant: It, with a later expiry.
        expired: What is forfeited; None: all of it rolls over.
        lacking: What the least asks beyond what was left; give it as a grant of its own.
    """

    grant: Grant
    journal: Journal | None
    notice: Message | None
    lacking: Money

    @property
    def effects(self) -> Effects:
        """What to store."""
        journals = () if self.journal is None else (self.journal,)
        return moved(self.grant, *journals, message=self.notice)


def roll_over(
    grant: Grant,
    rollover: Rollover,
    *,
    until: date,
    on: date,
    settled_before: date,
    at: datetime,
) -> RolledOver:
    """Let what *rollover* allows of *grant* go on *until* a later expiry, and forfeit the rest.

    Done when it would expire, and under the same conditions.

    Raises:
        CreditNotExpired, UsageUnsettled: as `expire` does.
        IllegalTransition: nothing is left of it.
        ValueError: nothing rolls over, expire it instead; or *until* is no later expiry.
    """
    status = GRANT.after(grant.status, "roll_over")
    ends = _check_over(grant, on, settled_before)
    remaining = grant.remaining
    kept = rollover.kept(remaining)
    if kept.minor == 0 or until <= ends:
        msg = (
            f"grant {grant.id!r} rolls over {kept} from {ends} to {until}; it takes more than 0 "
            "and a later day, else expire it"
        )
        raise ValueError(msg)
    after = attrs.evolve(grant, status=status, expires_on=until)
    lacking = rollover.lacking(remaining)
    if kept == remaining:
        return RolledOver(after, None, None, lacking)
    forfeit, journal = _forfeit(grant, ends, remaining - kept, at=at)
    after = attrs.evolve(after, forfeits=(*grant.forfeits, forfeit), expiries=grant.expiries + 1)
    return RolledOver(after, journal, _notice(grant, forfeit), lacking)
