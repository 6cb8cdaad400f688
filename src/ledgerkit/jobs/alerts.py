"""Alerts: what was observed about money is kept until it is gone, and somebody looks after it."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import ClassVar

import attrs

from ledgerkit.domain.access import BILLING_WRITE, Actor, require
from ledgerkit.domain.alerts import (
    Alert,
    Alerted,
    Observation,
    acknowledge,
    alert_id,
    raise_alert,
)
from ledgerkit.domain.changes import Expect, Stale, Versioned, changes_of, expect, request
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.jobs import steps
from ledgerkit.jobs.rounds import ROUNDS


@attrs.frozen
class UnknownAlert(LedgerkitError):
    """An alert that is not stored."""

    alert: str
    code: ClassVar[str] = "unknown_alert"

    def __str__(self) -> str:
        return f"no alert {self.alert!r} is stored; list those that stand"


async def standing_alerts() -> tuple[Alert, ...]:
    """Return the alerts that are not over, by id."""
    read = await steps.find_all(Alert)
    return tuple(v.record for v in read if not v.record.is_over)


async def read_alert(
    observed: Observation, *, at: datetime, tell: str | None
) -> tuple[Alerted | None, Expect, Alert | None]:
    """Return what *observed* makes of its alert, the version it was decided on, and the alert.

    Whoever stores something beside it, such as a reconciliation, commits both together.
    """
    id = alert_id(observed.kind, observed.subject)
    read = await steps.load(Alert, id)
    known = None if read is None else read.record
    decided = raise_alert(known, observed, at=at, tell=tell)
    based_on = Expect(Alert, id, 0) if read is None else expect(read)
    return decided, based_on, known if decided is None else decided.alert


async def observe(observed: Observation, *, actor: str, tell: str | None = None) -> Alert | None:
    """Open, move or resolve the alert that *observed* is about; return it, None if there is none.

    *tell* is told when it opens: see `ledgerkit.domain.alerts.raise_alert`.

    Raises:
        Stale: others came first, again and again.
    """
    again = partial(_observe, observed, actor=actor, tell=tell)
    for _ in range(1, ROUNDS):
        with suppress(Stale):
            return await again()
    return await again()


async def _observe(observed: Observation, *, actor: str, tell: str | None) -> Alert | None:
    at = await steps.now()
    decided, based_on, alert = await read_alert(observed, at=at, tell=tell)
    if decided is not None:
        await steps.commit(
            changes_of(
                decided,
                key=f"alert/{based_on.id}/{based_on.version}",
                request=request("alert.observe", alert=based_on.id, severity=observed.severity),
                actor=actor,
                reason=f"{observed.kind} was looked at",
                at=at,
                expects=(based_on,),
            )
        )
    return alert


async def acknowledge_alert(id: str, *, actor: Actor, note: str, key: str) -> Alert:
    """Take note of the alert *id*: *actor* looks after it, and *note* says how.

    *key* names the request; asked again, nothing more is stored.

    Raises:
        AccessDenied: *actor* may not write billing.
        UnknownAlert: it is not stored.
        IllegalTransition: it is acknowledged or resolved already.
        Stale: it moved meanwhile; look at it again.
    """
    require(actor, BILLING_WRITE)
    read = await _known(id)
    wanted = f"alert/{id}/acknowledge/{name_of('key of an acknowledgement', key)}"
    if wanted in {version.key for version in await steps.history(Alert, id)}:
        return read.record
    at = await steps.now()
    done = acknowledge(read.record, by=actor.real_id, at=at, note=note)
    await steps.commit(
        changes_of(
            done,
            key=wanted,
            request=request("alert.acknowledge", alert=id, note=note),
            actor=actor.signature,
            reason=note or "seen",
            at=at,
            expects=(expect(read),),
        )
    )
    return done.alert


async def _known(id: str) -> Versioned[Alert]:
    read = await steps.load(Alert, id)
    if read is None:
        raise UnknownAlert(id)
    return read
