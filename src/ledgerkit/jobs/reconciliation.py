"""Reconciliation: what a gateway holds against what the books say, daily, and what was missed.

A lost webhook is booked here: the gateway lists what it made, and each object is settled as if it
had just been told. (seed 002; spec: billing 9, reliability A2, A12)
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from functools import partial
from types import MappingProxyType

import attrs

from ledgerkit.domain.alerts import Alert
from ledgerkit.domain.changes import (
    Decision,
    Effects,
    Expect,
    Skipped,
    Stale,
    changes_of,
    expect,
    request,
    skipped,
)
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.gateways import GatewayBalance, GatewayLink, GatewayObject, link_id
from ledgerkit.domain.instructions import PENDING, SENT, UNKNOWN, Instruction
from ledgerkit.domain.ledger import AsOf, Balance, Cursor, EntryLine, address
from ledgerkit.domain.reconciliation import (
    Reconciled,
    Reconciliation,
    Tolerance,
    Window,
    currencies_of,
    in_flight,
    last_seen,
    moved,
    observation,
    recent_days,
    reconcile,
    window,
)
from ledgerkit.jobs import steps
from ledgerkit.jobs.alerts import read_alert
from ledgerkit.jobs.rounds import ROUNDS
from ledgerkit.jobs.settlement import Settle, settlement

_OUT = (SENT, UNKNOWN, PENDING)
_LOOKS = 3  # at a gateway that keeps moving, before what it said last is taken


@attrs.frozen(kw_only=True)
class ReconciliationReport:
    """What a reconciliation found.

    Attributes:
        reconciliations: One a currency, as stored.
        recovered: The ids of the objects that it booked; not of those that were known, and are
            still on their way.
        parked: The ids of those that concern something nobody knows yet.
        skipped: Those that could not be booked, and why.
        alerts: The alerts of drift that stand.
    """

    reconciliations: tuple[Reconciliation, ...]
    recovered: tuple[str, ...] = ()
    parked: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    alerts: tuple[Alert, ...] = ()


@attrs.frozen
class _Recovered:
    """What one pass over the listing did: objects booked, ids parked, and what was skipped."""

    objects: tuple[GatewayObject, ...] = ()
    parked: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()


@attrs.frozen(kw_only=True)
class _Seen:
    """Both sides at one value date."""

    reported: GatewayBalance
    held: Mapping[tuple[str, str], Balance]
    objects: tuple[GatewayObject, ...]
    entries: tuple[EntryLine, ...]
    instructions: tuple[Instruction, ...]
    known_before: frozenset[str]


async def reconcile_gateway(
    gateway: str,
    *,
    on: date,
    settle: Settle = settlement,
    tolerances: Mapping[str, Tolerance] = MappingProxyType({}),
    since: datetime | None = None,
    actor: str = "reconciliation",
    tell: str | None = None,
) -> ReconciliationReport:
    """Book what was missed, compare *gateway* with its wallet, and store the result for *on*.

    Run it daily; run again on a day, it adds a version if anything moved. The first one looks three
    days back, unless *since* says otherwise; later ones from the one before on, with an overlap.
    Drift opens an alert, of which *tell* is told, and resolves it when it is gone. *tolerances* are
    by currency.

    Raises:
        PortMissing: the host has no gateway of that name.
        Stale: others reconciled at the same time, again and again.
    """
    earlier = await _earlier(gateway, on)
    look = Window(since) if since is not None else window(earlier, at=await steps.now())
    seen, found = await _look(gateway, look, settle, actor)
    stored: list[Reconciliation] = []
    alerts: list[Alert] = []
    for currency in currencies_of(seen.reported, seen.held):
        done, alert = await _store(
            gateway,
            currency,
            on=on,
            seen=seen,
            look=look,
            tolerance=tolerances.get(currency, Tolerance()),
            actor=actor,
            tell=tell,
        )
        stored.append(done)
        alerts += [alert] if alert is not None and not alert.is_over else []
    return ReconciliationReport(
        reconciliations=tuple(stored),
        recovered=tuple(told.id for told in found.objects),
        parked=found.parked,
        skipped=found.skipped,
        alerts=tuple(alerts),
    )


async def _earlier(gateway: str, on: date) -> tuple[Reconciliation, ...]:
    read = await steps.find_all(Reconciliation, party=gateway, since=recent_days(on))
    if not read:  # not for weeks, or never
        read = await steps.find_all(Reconciliation, party=gateway)
    return tuple(v.record for v in read)


async def _look(gateway: str, look: Window, settle: Settle, actor: str) -> tuple[_Seen, _Recovered]:
    """Return both sides as they were while nothing moved, having booked what was missed.

    A balance and a listing are two calls: what happened between them would look like drift, so they
    are asked again. (spec: users-ask 24)
    """
    seen, found = await _look_once(gateway, look, settle, actor)
    booked = list(found.objects)
    for _ in range(1, _LOOKS):
        again = await steps.gateway_balance(gateway)
        if _same(again, seen.reported) and await _held(gateway, seen.reported.at) == seen.held:
            break
        seen, found = await _look_once(gateway, look, settle, actor)
        booked += found.objects
    return seen, attrs.evolve(found, objects=tuple(booked))


def _same(one: GatewayBalance, other: GatewayBalance) -> bool:
    return (one.available, one.pending) == (other.available, other.pending)


async def _look_once(
    gateway: str, look: Window, settle: Settle, actor: str
) -> tuple[_Seen, _Recovered]:
    reported = await steps.gateway_balance(gateway)
    objects = await _objects(gateway, look.since)
    found = await _recover(gateway, objects, settle, actor)
    instructions: list[Instruction] = []
    for status in _OUT:
        instructions += [v.record for v in await steps.find_all(Instruction, status=status)]
    held = await _held(gateway, reported.at)
    entries = await steps.entries(
        address("gateway", gateway), after=Cursor(look.after, 0) if look.after else None
    )
    seen = _Seen(
        reported=reported,
        held=held,
        objects=objects,
        entries=entries,
        instructions=tuple(instructions),
        known_before=await _known_before(gateway, objects, entries, look),
    )
    return seen, found


async def _known_before(
    gateway: str, objects: tuple[GatewayObject, ...], entries: tuple[EntryLine, ...], look: Window
) -> frozenset[str]:
    """Return the link ids of what new entries are of, is not listed, and was known before."""
    since = look.unlisted_since
    if since is None:
        return frozenset()
    booked = {e.event.id for e in entries if e.event is not None and e.effective_at >= since}
    listed = {link_id(gateway, told.id) for told in objects}
    known = set[str]()
    for id in sorted(booked.difference(listed)):
        versions = await steps.history(GatewayLink, id)
        known |= {id} if versions and versions[0].at < since else set()
    return frozenset(known)


async def _held(gateway: str, at: datetime) -> Mapping[tuple[str, str], Balance]:
    """Return the balances of the gateway's own wallet at the value date *at*."""
    wallet = address("gateway", gateway)
    balances = await steps.balances(wallet, AsOf(effective_at=at))
    return {key: balance for key, balance in balances.items() if key[0] == wallet}


async def _objects(gateway: str, since: datetime) -> tuple[GatewayObject, ...]:
    found: list[GatewayObject] = []
    after: str | None = None
    while True:
        page = await steps.gateway_objects(gateway, since=since, after=after)
        found += page.items
        if page.next is None:
            return tuple(found)
        after = str(page.next)


async def _recover(
    gateway: str, objects: tuple[GatewayObject, ...], settle: Settle, actor: str
) -> _Recovered:
    booked: list[GatewayObject] = []
    parked: list[str] = []
    left_out: list[Skipped] = []
    for told in objects:
        try:
            settled = await _settle(gateway, told, settle, actor)
        except LedgerkitError as error:
            left_out.append(skipped(told.id, error))
            continue
        booked += [told] if settled else []
        parked += [told.id] if settled is None else []
    return _Recovered(tuple(booked), tuple(parked), tuple(left_out))


async def _settle(gateway: str, told: GatewayObject, settle: Settle, actor: str) -> bool | None:
    """Book what *told* means; return whether that was new, None where it is parked."""
    again = partial(_settle_once, gateway, told, settle, actor)
    for _ in range(1, ROUNDS):
        with suppress(Stale):
            return await again()
    return await again()


async def _settle_once(
    gateway: str, told: GatewayObject, settle: Settle, actor: str
) -> bool | None:
    at = await steps.now()
    settled = await settle(told, gateway=gateway, at=at)
    if settled.parked:
        return None
    if settled.effects == Effects():
        return False
    # A dispute stays open while its movements come in, one after the other.
    part = f"/{len(told.movements)}" if told.movements else ""
    committed = await steps.commit(
        changes_of(
            settled,
            key=f"reconciliation/{gateway}/{told.id}/{told.status}{part}",
            request=request("gateway.settle", gateway=gateway, object=told.id, status=told.status),
            actor=actor,
            reason=f"{gateway} lists {told.kind} {told.id} as {told.status}",
            at=at,
            expects=settled.expects,
        )
    )
    return settled.is_news and not committed.replayed


async def _store(
    gateway: str,
    currency: str,
    *,
    on: date,
    seen: _Seen,
    look: Window,
    tolerance: Tolerance,
    actor: str,
    tell: str | None,
) -> tuple[Reconciliation, Alert | None]:
    """Store the reconciliation in *currency* with the alert that it opens, moves or resolves."""
    items = in_flight(
        gateway,
        currency,
        objects=seen.objects,
        entries=seen.entries,
        instructions=seen.instructions,
        at=seen.reported.at,
        unlisted_since=look.unlisted_since,
        known_before=seen.known_before,
    )
    done = reconcile(
        gateway,
        currency,
        on=on,
        reported=seen.reported,
        wallet=seen.held.get((address("gateway", gateway), currency), Balance()),
        items=items,
        tolerance=tolerance,
        sequence=last_seen(seen.entries, at=seen.reported.at, after=look.after),
    )
    again = partial(_commit, done, actor=actor, tell=tell)
    for _ in range(1, ROUNDS):
        with suppress(Stale):
            return done.reconciliation, await again()
    return done.reconciliation, await again()


async def _commit(done: Reconciled, *, actor: str, tell: str | None) -> Alert | None:
    """Store *done* with what it makes of the alert of its drift; return the alert."""
    made, at = done.reconciliation, await steps.now()
    read = await steps.load(Reconciliation, made.id)
    based_on = Expect(Reconciliation, made.id, 0) if read is None else expect(read)
    alerted, alert_at, alert = await read_alert(observation(made), at=at, tell=tell)
    decisions: list[Decision] = []
    decisions += [done] if moved(None if read is None else read.record, made) else []
    decisions += [alerted] if alerted is not None else []
    if not decisions:
        return alert
    versions = f"{based_on.version}.{alert_at.version}"
    await steps.commit(
        changes_of(
            *decisions,
            key=f"reconciliation/{made.gateway}/{made.currency}/{made.on}/{versions}",
            request=request(
                "gateway.reconcile", gateway=made.gateway, currency=made.currency, on=made.on
            ),
            actor=actor,
            reason=f"{made.gateway} was compared with its wallet",
            at=at,
            expects=(based_on, alert_at),
        )
    )
    return alert
