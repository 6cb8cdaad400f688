"""Subscriptions: change, pause or end one, billed at once; or only see what that would cost."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from functools import partial
from typing import ClassVar, TypeAlias

import attrs

from ledgerkit.domain.billing_run import Amended, amend, billed_of
from ledgerkit.domain.changes import Stale
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.periods import local_date
from ledgerkit.domain.subscriptions import Decided, NetOf, Subscription
from ledgerkit.jobs import steps
from ledgerkit.jobs.billing_facts import issued_in, newest_of, read_customer
from ledgerkit.jobs.billing_run import Asked
from ledgerkit.jobs.rounds import ROUNDS

Decide: TypeAlias = Callable[[Subscription, date, NetOf], Decided]
"""Decides about a subscription on its local day, with its lines as they were billed."""
_PREVIEW = "preview"


@attrs.frozen
class UnknownSubscription(LedgerkitError):
    """A subscription that is not stored."""

    subscription: str
    code: ClassVar[str] = "unknown_subscription"

    def __str__(self) -> str:
        return f"no subscription {self.subscription!r} is stored; create it first"


async def preview_amendment(asked: Asked, id: str, decide: Decide) -> Amended:
    """Return what a decision about the subscription *id* would charge, and store nothing.

    Raises: as `amend_subscription` does.
    """
    return await _decided(asked, id, decide, key=_PREVIEW, actor=_PREVIEW, reason=_PREVIEW)


async def amend_subscription(
    asked: Asked, id: str, decide: Decide, *, key: str, actor: str, reason: str
) -> Amended | None:
    """Decide about the subscription *id* now, and bill at once what that charges or gives back.

    *decide* calls a verb of `ledgerkit.domain.subscriptions`, such as
    `lambda now, on, billed: cancel(now, end=on, on=on, billed=billed)`, and is called again where
    another decision came first. *key* names the request; asked again, nothing is decided and None
    returned. Of *asked* count the month's parties, coupons and taxes, the policy and the cycle.
    Documents are printed by the next run. (seed 004: status changes are audited)

    Raises:
        UnknownSubscription: it is not stored.
        CustomerNotTold: its customer is not among the parties of the month.
        IllegalTransition: it cannot be decided in its status.
        Stale: others came first, again and again.
        LedgerkitError: another rule, or the books refuse it.
    """
    again = partial(_once, asked, id, decide, key=key, actor=actor, reason=reason)
    for _ in range(1, ROUNDS):
        with suppress(Stale):
            return await again()
    return await again()


async def _once(
    asked: Asked, id: str, decide: Decide, *, key: str, actor: str, reason: str
) -> Amended | None:
    known = {version.key for version in await steps.history(Subscription, id)}
    if f"subscription/{id}/{key}" in known:
        return None
    amended = await _decided(asked, id, decide, key=key, actor=actor, reason=reason)
    filled = (await steps.commit(amended.changes)).filled(amended.changes)
    return attrs.evolve(
        amended,
        changes=filled,
        invoices=issued_in((filled,)),
        credit_notes=newest_of(CreditNote, (filled,)),
    )


async def _decided(
    asked: Asked, id: str, decide: Decide, *, key: str, actor: str, reason: str
) -> Amended:
    read = await steps.load(Subscription, id)
    if read is None:
        raise UnknownSubscription(id)
    at = await steps.now()
    facts = await read_customer(asked.month, read, cycle=asked.cycle, at=at)
    invoices = (v.record for customer in facts.customers for v in customer.invoices)
    decided = decide(
        read.record, local_date(at, read.record.zone), billed_of(read.record.id, invoices)
    )
    return amend(facts, decided, policy=asked.policy, as_of=at, key=key, actor=actor, reason=reason)
