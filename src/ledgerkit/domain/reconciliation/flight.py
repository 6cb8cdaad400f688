"""In flight: what the gateway and the books do not know of each other yet, item by item.

An item's amount is what the gateway's balance has of it and the books have not. (spec: billing 9)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

import attrs

from ledgerkit.domain.gateways import (
    CHARGE,
    DISPUTE,
    DONE,
    FAILED,
    PAYOUT,
    REVERSAL,
    GatewayObject,
    link_id,
)
from ledgerkit.domain.instructions import Instruction
from ledgerkit.domain.ledger import EntryLine
from ledgerkit.domain.ledger.journals import name_of, text_of
from ledgerkit.domain.money import Money
from ledgerkit.domain.periods import instant

UNBOOKED, DIFFERS, UNLISTED, SENT = "unbooked", "differs", "unlisted", "sent"
_REASONS = (UNBOOKED, DIFFERS, UNLISTED, SENT)
_EVENTS = "gateway."


@attrs.frozen(kw_only=True)
class InFlight:
    """One item that the two sides do not both know, or not alike.

    Attributes:
        reason: `unbooked` (the gateway has it, the books have not), `differs` (both have it, with
            other amounts), `unlisted` (the books have it, the gateway does not list it) or `sent`
            (an instruction that the gateway shows nothing of yet).
        id: The link id of the object, such as `stripe:pi_1`, or the id of the instruction.
        detail: What it is, such as `charge done`.
        amount: What the gateway's balance has of it and the books have not; zero of what is sent.
        since: Since when: as the gateway made it, the books booked it, or it was asked for.
        overdue: Whether it has been in flight for too long to explain anything.
    """

    reason: str
    id: str
    detail: str
    amount: Money
    since: datetime = attrs.field(converter=instant)
    overdue: bool = False

    def __attrs_post_init__(self) -> None:
        if self.reason not in _REASONS:
            msg = f"an item is {' or '.join(_REASONS)} (got {self.reason!r})"
            raise ValueError(msg)
        name_of("item", self.id)
        text_of("detail of an item", self.detail)
        if type(self.amount) is not Money or type(self.overdue) is not bool:
            msg = f"item {self.id!r} needs Money and a bool (got {self.amount!r}, {self.overdue!r})"
            raise TypeError(msg)


def effect_of(told: GatewayObject, *, by: datetime | None = None) -> Money:
    """Return what *told* has done to our balance at the gateway.

    Money comes in when a charge or a reversal is done, and leaves as soon as a refund, a transfer
    or a payout of ours is made, since a gateway takes it from the balance before it arrives; what
    failed is back. A payout of a connected account moves that account's balance, not ours. A
    dispute is what its movements say, those *by* an instant if one is given.
    """
    nothing = Money.zero(told.amount.currency)
    if told.kind == DISPUTE:
        counted = (m for m in told.movements if by is None or m.at <= by)
        return sum((m.amount - m.fee for m in counted), start=nothing)
    if told.status == FAILED or (told.kind == PAYOUT and told.account):
        return nothing
    fee = nothing if told.fee is None else told.fee
    if told.kind in (CHARGE, REVERSAL):
        return told.amount - fee if told.status == DONE else nothing
    return -told.amount - fee


def in_flight(
    gateway: str,
    currency: str,
    *,
    objects: Iterable[GatewayObject],
    entries: Iterable[EntryLine],
    instructions: Iterable[Instruction],
    at: datetime,
    unlisted_since: datetime | None = None,
    known_before: Collection[str] = (),
) -> tuple[InFlight, ...]:
    """Return what is in flight in *currency* at the value date *at*, by age and id.

    *objects* are what the gateway lists of a window, *entries* those of the gateway's wallet at
    least as long as that, *instructions* those that went out and are not answered finally. Journals
    of what a gateway did claim the event `gateway.<kind>:<link id>`; such an entry that counts from
    *unlisted_since* on and belongs to nothing listed is an item, too. Without it none is. Nor is
    one of what was *known_before* under such a link id: a dispute that is won weeks later, or a
    refund that fails then, was made before the window and is not listed any more.
    """
    at = instant(at)
    listed = [o for o in objects if o.amount.currency == currency and o.created <= at]
    booked, kept = _booked(entries, currency, at)
    items = [item for told in listed if (item := _of_object(gateway, told, booked, at)) is not None]
    known = {name for told in listed for name in _names(gateway, told)} | set(known_before)
    if unlisted_since is not None:
        items += [
            _of_entry(line, booked[name])
            for name, line in kept.items()
            if name not in known and line.effective_at >= unlisted_since and booked[name]
        ]
    shown = {told.id for told in listed} | {told.instruction for told in listed} - {None}
    items += [
        InFlight(
            reason=SENT,
            id=each.id,
            detail=f"{each.order.kind} {each.status}",
            amount=Money.zero(currency),
            since=each.asked_at,
        )
        for each in instructions
        if each.gateway == gateway and each.order.amount.currency == currency
        if each.id not in shown and each.object not in shown
    ]
    return tuple(sorted(items, key=lambda item: (item.since, item.id)))


def _booked(
    entries: Iterable[EntryLine], currency: str, at: datetime
) -> tuple[Mapping[str, int], Mapping[str, EntryLine]]:
    """Return what the books have of each object, and the first entry of each."""
    sums, first = Counter[str](), dict[str, EntryLine]()
    for line in entries:
        event = line.event
        if event is None or not event.type.startswith(_EVENTS) or line.effective_at > at:
            continue
        if line.amount.currency == currency:
            sums[event.id] -= line.amount.minor  # the wallet is negative while money is there
            first.setdefault(event.id, line)
    return sums, first


def _names(gateway: str, told: GatewayObject) -> tuple[str, ...]:
    """Return the link ids under which *told* may be booked: its own and its movements'."""
    return tuple(link_id(gateway, id) for id in (told.id, *(m.id for m in told.movements)))


def _of_object(
    gateway: str, told: GatewayObject, booked: Mapping[str, int], at: datetime
) -> InFlight | None:
    names = _names(gateway, told)
    have = sum(booked[name] for name in names)
    difference = effect_of(told, by=at).minor - have
    if difference == 0:
        return None
    return InFlight(
        reason=DIFFERS if have else UNBOOKED,
        id=names[0],
        detail=f"{told.kind} {told.status}",
        amount=Money(difference, told.amount.currency),
        since=told.created,
    )


def _of_entry(line: EntryLine, booked: int) -> InFlight:
    return InFlight(
        reason=UNLISTED,
        id="" if line.event is None else line.event.id,
        detail=f"{line.kind} by journal {line.journal}",
        amount=Money(-booked, line.amount.currency),
        since=line.effective_at,
    )
