"""Notices of credit: that little is left, or that some of it is about to expire; each told once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.grants.records import ACTIVE, Grant, draw_down
from ledgerkit.domain.ids import derive
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.periods import plain_date


def low_alert(
    customer: str, before: Sequence[Grant], after: Sequence[Grant], *, threshold: Money
) -> Message | None:
    """Return the alert if the credit of *customer* went strictly below *threshold*, else None.

    *before* and *after* are all of the customer's grants; those in the currency or unit of
    *threshold* count. Edge-triggered without a flag: new or returned credit that takes it back to
    the threshold arms it again. (spec: billing 5)
    """
    held, left = _left(before, threshold.currency), _left(after, threshold.currency)
    if held < threshold or left >= threshold:
        return None
    # What moved since the last alert moved one of these counts: the cause is new each time.
    turns = (
        f"{g.id}:{len(g.draws)}:{len(g.returns)}:{g.expiries}:{g.status}"
        for g in sorted(after, key=lambda g: g.id)
    )
    return Message(
        derive("msg", "low_credit", customer, threshold.currency, *turns),
        "notice.low_credit",
        customer,
        (
            ("remaining_minor", str(left.minor)),
            ("threshold_minor", str(threshold.minor)),
            ("currency", threshold.currency),
        ),
    )


def _left(grants: Iterable[Grant], currency: str) -> Money:
    return sum_of((g.remaining for g in grants if g.amount.currency == currency), currency)


def expiring_soon(grants: Iterable[Grant], *, on: date, days: int = 14) -> tuple[Message, ...]:
    """Return a notice for each of *grants* that will expire within *days* of the day *on*.

    Ask daily: a grant is told of once for each day of expiry that it is given, since the outbox
    keeps a message of one id once. (spec: users-ask 13)
    """
    plain_date("on", on)
    if type(days) is not int or days < 1:
        msg = f"expiring soon takes a whole number of days from 1 (got {days!r})"
        raise ValueError(msg)
    return tuple(
        _expiring(grant, grant.expires_on)
        for grant in draw_down(grants)
        if grant.status == ACTIVE
        and grant.expires_on is not None
        and 0 < (grant.expires_on - on).days <= days
    )


def _expiring(grant: Grant, expires_on: date) -> Message:
    return Message(
        derive("msg", "credit_expiring", grant.id, on=expires_on),
        "notice.credit_expiring",
        grant.customer,
        (
            ("grant", grant.id),
            ("remaining_minor", str(grant.remaining.minor)),
            ("currency", grant.amount.currency),
            ("expires_on", expires_on.isoformat()),
        ),
    )


@attrs.frozen
class ExpiryTold:
    """A grant whose customer is told that it expires soon, and the notice."""

    grant: Grant
    notice: Message

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.grant,), messages=(self.notice,))


def tell_expiring(grants: Iterable[Grant], *, on: date, days: int = 14) -> tuple[ExpiryTold, ...]:
    """Tell of each of *grants* that `expiring_soon` names and nobody told of yet.

    The grant remembers the day of expiry that was told, so asking again tells nothing again,
    whether the outbox still has the message or not. (spec: users-ask 13)
    """
    known = {grant.id: grant for grant in grants if grant.told != grant.expires_on}
    notices = expiring_soon(known.values(), on=on, days=days)
    soon = (known[dict(notice.body)["grant"]] for notice in notices)
    return tuple(
        ExpiryTold(attrs.evolve(grant, told=grant.expires_on), notice)
        for grant, notice in zip(soon, notices, strict=True)
    )
