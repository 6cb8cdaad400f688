"""Webhooks: takes what gateways send by themselves, each event once, and books what it tells.

The key of the commit is the event's id, and the event is kept in the commit of its effects: from
whatever worker and however often it comes, it has one effect. Answer the gateway with success once
`receive` has returned. (spec: reliability A1 to A3, A11, A19)
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

import attrs

from ledgerkit.domain import connected_accounts, payment_methods, webhooks
from ledgerkit.domain.changes import (
    Decision,
    Effects,
    Expect,
    Stale,
    Versioned,
    changes_of,
    expect,
    request,
)
from ledgerkit.domain.connected_accounts import ConnectedAccount
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.gateways import (
    AccountStatus,
    GatewayObject,
    Notification,
    SavedMethod,
    link_id,
)
from ledgerkit.domain.ledger import PostingRefused
from ledgerkit.domain.payment_methods import PaymentMethod
from ledgerkit.domain.webhooks import PARKED, WebhookEvent, event_id, webhook_key
from ledgerkit.jobs import steps
from ledgerkit.jobs.rounds import PAYMENT_ROUNDS
from ledgerkit.jobs.settlement import PARKED as UNSETTLED
from ledgerkit.jobs.settlement import Settle, Settlement, settlement

ACTOR = "webhook"


@attrs.frozen(kw_only=True)
class Taken:
    """What became of an event.

    Attributes:
        event: As it is kept.
        replayed: Whether it was taken before; then only what waits is tried again.
    """

    event: WebhookEvent
    replayed: bool = False


async def receive(
    gateway: str, body: bytes, headers: Mapping[str, str], *, settle: Settle = settlement
) -> Taken:
    """Verify, read and take what *gateway* sent: the raw *body* and its *headers*.

    Raises:
        SignatureRefused: it is not from the gateway, or not for us; answer with an error.
        PortMissing: the host has no reader of webhooks for *gateway*.
        Stale: others came first, again and again; let the gateway send it again.
    """
    notification = await steps.read_webhook(gateway, body, headers, at=await steps.now())
    return await take(notification, settle=settle)


async def take(notification: Notification, *, settle: Settle = settlement) -> Taken:
    """Book what *notification* tells and keep its event, in one commit.

    *settle* decides; `partial(settlement, fees=...)` says who bears the gateway's fees.

    What tells nothing that is booked is kept as logged. What is told of an object that is not known
    yet, or that the books refuse, is parked, and tried again when something related is settled. Of
    several objects the first is booked with the event, which has the others parked until they are
    booked right after: one commit holds one version of a record.

    Raises:
        Stale: others came first, again and again.
    """
    for _ in range(1, PAYMENT_ROUNDS):
        with suppress(Stale):
            return await _take(notification, settle)
    return await _take(notification, settle)


async def _take(notification: Notification, settle: Settle) -> Taken:
    known = await steps.load(WebhookEvent, event_id(notification))
    objects = tuple(told for told in notification.told if isinstance(told, GatewayObject))
    if known is not None:
        # Whoever took it may have ended before it settled what waited for it.
        return await _settled_after(known.record, objects, settle, replayed=True)
    at = await steps.now()
    states = await _kept(notification)
    done, problem = Settlement(), ""
    if objects:
        done, problem = await _decided(settle, objects[0], notification.gateway, at=at)
    waits = objects if done.parked else objects[1:]
    taken = webhooks.take(notification, parked=waits, problem=problem)
    try:
        replayed = await _commit(notification, states, done, taken, at=at)
    except PostingRefused as error:
        taken = webhooks.take(notification, parked=objects, problem=str(error))
        replayed = await _commit(notification, states, Settlement(), taken, at=at)
    return await _settled_after(taken.event, objects, settle, replayed=replayed)


async def _settled_after(
    event: WebhookEvent, objects: tuple[GatewayObject, ...], settle: Settle, *, replayed: bool
) -> Taken:
    """Settle what *objects* of *event* let be settled, and return the event as it is kept then."""
    if objects:
        await retry_parked(related_to=frozenset(told.id for told in objects), settle=settle)
        kept = await steps.load(WebhookEvent, event.id)
        event = event if kept is None else kept.record
    return Taken(event=event, replayed=replayed)


async def retry_parked(
    *, related_to: frozenset[str] | None = None, settle: Settle = settlement
) -> tuple[str, ...]:
    """Settle what parked events tell and what can be settled by now; return their ids.

    *related_to* are ids of objects at a gateway: only what they or their children tell is tried.
    Without it all is tried: run it now and then. What is settled may let others be settled too.
    """
    ids = None if related_to is None else set(related_to)
    settled: list[str] = []
    for _ in range(PAYMENT_ROUNDS):
        moved = False
        for version in await steps.find_all(WebhookEvent, status=PARKED):
            told = await _settle_one(version, ids, settle)
            if told is not None:
                moved = True
                settled.append(version.record.id)
                if ids is not None:
                    ids.add(told.id)
        if not moved:
            break
    return tuple(dict.fromkeys(settled))


async def _settle_one(
    version: Versioned[WebhookEvent], ids: set[str] | None, settle: Settle
) -> GatewayObject | None:
    """Settle one thing that the event *version* has parked and return it; None: nothing can be."""
    event = version.record
    for told in event.parked:
        if ids is not None and told.id not in ids and told.parent not in ids:
            continue
        at = await steps.now()
        done, _ = await _decided(settle, told, event.gateway, at=at)
        if done.parked:
            continue
        with suppress(PostingRefused, Stale):  # refused as before, or somebody else did it
            await steps.commit(
                changes_of(
                    done,
                    webhooks.unpark(event, told),
                    key=f"webhook/{event.id}/{version.version}",
                    request=request("webhook.settle", event=event.id, object=told.id),
                    actor=ACTOR,
                    reason=event.type,
                    at=at,
                    expects=(*done.expects, expect(version)),
                )
            )
            return told
    return None


async def _decided(
    settle: Settle, told: GatewayObject, gateway: str, *, at: datetime
) -> tuple[Settlement, str]:
    """Return what *told* does, or that it is parked and why it cannot be booked."""
    try:
        return await settle(told, gateway=gateway, at=at), ""
    except LedgerkitError as error:  # no event may come again and again because of its content
        return UNSETTLED, str(error)


async def _kept(notification: Notification) -> Settlement:
    """Return what *notification* tells of accounts and payment methods, which needs no parent."""
    gateway = notification.gateway
    decisions: dict[str, Decision] = {}
    expects: dict[str, Expect] = {}
    for told in notification.told:
        decided: Decision | None = None
        read: Versioned[ConnectedAccount] | Versioned[PaymentMethod] | None = None
        if isinstance(told, AccountStatus):
            account = read = await steps.load(ConnectedAccount, link_id(gateway, told.account))
            decided = connected_accounts.follow(
                None if account is None else account.record,
                told,
                gateway=gateway,
                as_of=notification.created,
            )
        elif isinstance(told, SavedMethod):
            method = read = await steps.load(PaymentMethod, link_id(gateway, told.customer))
            decided = payment_methods.follow(
                None if method is None else method.record, told, gateway=gateway
            )
        if decided is not None:
            (record,) = decided.effects.records
            decisions[record.id] = decided
            if read is not None:
                expects[record.id] = expect(read)
    effects = Effects()
    for each in decisions.values():
        effects = effects + each.effects
    return Settlement(effects=effects, expects=tuple(expects.values()))


async def _commit(
    notification: Notification,
    states: Settlement,
    done: Settlement,
    taken: Decision,
    *,
    at: datetime,
) -> bool:
    """Store an event with its effects, and return whether it was stored before."""
    key = webhook_key(notification)
    committed = await steps.commit(
        changes_of(
            states,
            done,
            taken,
            key=key,
            request=request("webhook", key=key),  # of a fact from outside the first one holds
            actor=ACTOR,
            reason=notification.type,
            at=at,
            expects=(*states.expects, *done.expects),
        )
    )
    return committed.replayed
