"""Override: the word of a second person that lets one posting pass a credit limit.

It is bound to a customer, an amount and what it is for, expires, and is used up in the commit of
the journal or the hold it lets pass, which names it in `forced_by`. (spec: reliability B2, 6.2,
invariant 3)
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.access import need_four_eyes
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Hold, Journal, address, net_of
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.lifecycle import Lifecycle
from ledgerkit.domain.money import Money
from ledgerkit.domain.periods import instant

REQUESTED, APPROVED, REJECTED = "requested", "approved", "rejected"
USED, REVOKED = "used", "revoked"
OVERRIDE = Lifecycle(
    "override",
    REQUESTED,
    {
        (REQUESTED, "approve"): APPROVED,
        (REQUESTED, "reject"): REJECTED,
        (APPROVED, "use"): USED,
        (APPROVED, "revoke"): REVOKED,
    },
)
_APPROVED_ONCE = (APPROVED, USED, REVOKED)


@attrs.frozen(kw_only=True)
class Override:
    """Leave to charge a customer once beyond the limit, or to reserve as much.

    Attributes:
        id: See `override_id`.
        customer: The id of the party.
        amount: The most that the one posting may charge, above zero.
        reference: What it is for: the id of the work that is booked, or that the journal books as
            its event, or else the id of the journal.
        reason: Why, in words.
        requested_by: The real id of who asked for it.
        expires_at: It cannot be used at or after this instant.
        approved_by: The real id of who approved it, or None.
        journal: The id of the journal or the hold that used it, or None.
        status: See `OVERRIDE`.
    """

    id: str
    customer: str
    amount: Money
    reference: str
    reason: str
    requested_by: str
    expires_at: datetime = attrs.field(converter=instant)
    approved_by: str | None = None
    journal: str | None = None
    status: str = REQUESTED

    def __attrs_post_init__(self) -> None:
        for field in ("id", "customer", "reference", "reason", "requested_by"):
            name_of(f"override {field}", getattr(self, field))
        if type(self.amount) is not Money or self.amount.minor <= 0:
            msg = f"override {self.id!r} is of Money above 0 (got {self.amount!r})"
            raise ValueError(msg)
        if self.status not in OVERRIDE.statuses:
            msg = f"override {self.id!r} is {self.status!r}; see its lifecycle"
            raise ValueError(msg)
        if (self.approved_by is not None) != (self.status in _APPROVED_ONCE):
            msg = f"override {self.id!r} is {self.status!r}, approved by {self.approved_by!r}"
            raise ValueError(msg)
        if (self.journal is not None) != (self.status == USED):
            msg = f"override {self.id!r} is {self.status!r}, used by {self.journal!r}"
            raise ValueError(msg)


def override_id(customer: str, reference: str) -> str:
    """Return the id of the override for *customer* and what it is for."""
    return derive("ovr", customer, reference)


@attrs.frozen
class OverrideExpired(LedgerkitError):
    """An override whose time is over."""

    override: str
    expires_at: datetime
    at: datetime
    code: ClassVar[str] = "override_expired"

    def __str__(self) -> str:
        return (
            f"override {self.override!r} expired at {self.expires_at.isoformat()} and it is "
            f"{self.at.isoformat()}; ask for another one"
        )


@attrs.frozen
class OverrideForOther(LedgerkitError):
    """An override that was approved for something else than it is to let pass."""

    override: str
    reference: str
    asked: str
    code: ClassVar[str] = "override_for_other"

    def __str__(self) -> str:
        return (
            f"override {self.override!r} was approved for {self.reference!r}, not for "
            f"{self.asked!r}; ask for another one"
        )


@attrs.frozen
class OverrideExceeded(LedgerkitError):
    """A journal or hold that takes more than its override allows, or from other wallets."""

    override: str
    allowed: Money
    taken: tuple[tuple[str, Money], ...]
    code: ClassVar[str] = "override_exceeded"

    def __str__(self) -> str:
        taken = ", ".join(f"{money} from {wallet}" for wallet, money in self.taken) or "nothing"
        return (
            f"override {self.override!r} lets {self.allowed} of its customer pass; "
            f"the journal takes {taken}"
        )


@attrs.frozen
class OverrideChanged:
    """An override after a verb; who and why stand in its history."""

    override: Override

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.override,))


def request_override(
    customer: str,
    amount: Money,
    *,
    reference: str,
    reason: str,
    by: str,
    expires_at: datetime,
    at: datetime,
) -> OverrideChanged:
    """Ask for leave to charge *customer* up to *amount* once, for *reference*, beyond the limit.

    An edited request is another override: it needs a new *reference* and an approval of its own.

    Raises:
        ValueError: it would have expired already, or a field cannot be.
    """
    if instant(expires_at) <= instant(at):
        msg = f"an override expires after it is asked for (got {expires_at}, asked at {at})"
        raise ValueError(msg)
    return OverrideChanged(
        Override(
            id=override_id(customer, reference),
            customer=customer,
            amount=amount,
            reference=reference,
            reason=reason,
            requested_by=by,
            expires_at=expires_at,
        )
    )


def approve(
    override: Override, *, by: str, at: datetime, four_eyes: bool = True
) -> OverrideChanged:
    """Approve *override*; *by* is the real id of who does, also where they impersonate.

    Raises:
        IllegalTransition: it does not wait for approval.
        ApproverIsRequester: *by* asked for it, and *four_eyes* are wanted.
        OverrideExpired: its time is over.
    """
    status = OVERRIDE.after(override.status, "approve")
    if four_eyes:
        need_four_eyes("override", override.id, asked_by=override.requested_by, by=by)
    _still(override, at)
    return OverrideChanged(
        attrs.evolve(override, status=status, approved_by=name_of("approver", by))
    )


def reject(override: Override) -> OverrideChanged:
    """Turn down *override*; raises `IllegalTransition` if it does not wait."""
    return OverrideChanged(attrs.evolve(override, status=OVERRIDE.after(override.status, "reject")))


def revoke(override: Override) -> OverrideChanged:
    """Take back an approval that was not used; raises `IllegalTransition` otherwise."""
    return OverrideChanged(attrs.evolve(override, status=OVERRIDE.after(override.status, "revoke")))


@attrs.frozen
class OverrideUsed:
    """An override used up, and the journal that it lets pass: to be committed together."""

    override: Override
    journal: Journal

    @property
    def effects(self) -> Effects:
        """What to store, on the version of the override that was read."""
        return Effects(journals=(self.journal,), records=(self.override,))


@attrs.frozen
class OverrideHeld:
    """An override used up, and the hold that it lets pass: to be committed together."""

    override: Override
    hold: Hold

    @property
    def effects(self) -> Effects:
        """What to store, on the version of the override that was read."""
        return Effects(holds=(self.hold,), records=(self.override,))


def use(override: Override, journal: Journal, *, at: datetime) -> OverrideUsed:
    """Let *journal* pass the limit by *override*, which is used up.

    Commit it with the expectation that the override has not moved since it was read: of several
    postings at once one passes, and the others are stale. A forced journal passes every floor, so
    no wallet but the customer's and the platform's may lose by it.

    Raises:
        IllegalTransition: it is not approved, or was used.
        OverrideExpired: its time is over.
        OverrideForOther: its reference is neither the id of the journal's event nor of the journal.
        OverrideExceeded: the journal takes more of the customer, or of others.
    """
    names = (journal.id,) if journal.event is None else (journal.event.id, journal.id)
    used = _used(override, journal, names, at)
    return OverrideUsed(used, attrs.evolve(journal, forced_by=override.id))


def use_to_hold(override: Override, hold: Hold, *, work: str, at: datetime) -> OverrideHeld:
    """Let *hold* reserve beyond the limit for *work* by *override*, as `use` lets a journal pass.

    What captures the hold needs no other leave, as it takes no more than was reserved. Raises: as
    `use` does; its reference is the id of the work.
    """
    used = _used(override, hold, (work,), at)
    return OverrideHeld(used, attrs.evolve(hold, forced_by=override.id))


def _used(
    override: Override, posting: Journal | Hold, names: tuple[str, ...], at: datetime
) -> Override:
    status = OVERRIDE.after(override.status, "use")
    _still(override, at)
    if override.reference not in names:
        raise OverrideForOther(override.id, override.reference, names[0])
    customer = address("customer", override.customer), override.amount.currency
    taken = {key: -net for key, net in net_of(posting.entries).items() if net < 0}
    others = [key for key in taken if key != customer and key[0] != "platform"]
    if others or not 0 < taken.get(customer, 0) <= override.amount.minor:
        told = tuple((wallet, Money(net, code)) for (wallet, code), net in taken.items())
        raise OverrideExceeded(override.id, override.amount, told)
    return attrs.evolve(override, status=status, journal=posting.id)


def _still(override: Override, at: datetime) -> None:
    if instant(at) >= override.expires_at:
        raise OverrideExpired(override.id, override.expires_at, instant(at))
