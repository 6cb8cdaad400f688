"""Decisions about subscriptions as jobs: previewed, done once, audited, decided again in a race."""

from __future__ import annotations

from datetime import date

import attrs
import pytest

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.billing_run import Amended, CustomerNotTold
from ledgerkit.domain.changes import Changes, Committed, Stale
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.subscriptions import Decided, NetOf, Subscription, cancel, pause, resume
from ledgerkit.jobs.billing_run import run_due, run_month
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.subscriptions import (
    UnknownSubscription,
    amend_subscription,
    preview_amendment,
)
from ledgerkit.testing.simulator import Rigged
from tests.domain.billing_run.world import eur
from tests.jobs.contract_month import ASKED, MONTH, billed_contract_host, upgrade
from tests.jobs.small_month import NOVEMBER_3, Interrupted, at, shown
from tests.jobs.test_billing_run import sound


def upgraded(host: Host, *, key: str = "upgrade") -> Amended | None:
    """Let Ana have the loft."""
    job = amend_subscription(
        ASKED, "sub-1", upgrade, key=key, actor="maria", reason="asked by phone"
    )
    return run(job, host)


def paused(now: Subscription, on: date, billed: NetOf) -> Decided:
    """Decide that Ana pauses today."""
    return pause(now, on=on, billed=billed)


def test_a_preview_is_what_is_done() -> None:
    """28 of 30 days are given back as they were discounted, and charged anew: 38.19 with tax."""
    host = Rigged(billed_contract_host())
    preview = run(preview_amendment(ASKED, "sub-1", upgrade), host)
    assert "commit" not in host.names
    done = upgraded(host.host)

    assert done is not None
    assert (preview.total, preview.due, preview.subscription) == (
        done.total,
        done.due,
        done.subscription,
    )
    # 27.90 x 28/30 = 26.04 back, 62.00 x 28/30 = 57.87 charged: 31.83, and 20 % on each line.
    assert [[-2604, 5787]] == [[line.amount.minor for line in i.lines] for i in done.invoices]
    assert (eur("38.19"), eur("0")) == (done.total, done.credit_applied)
    assert ["INV-2026-00005"] == [invoice.number for invoice in done.invoices]
    sound(host.host)


def test_done_once() -> None:
    """The same key again decides nothing; a run bills nothing of it again."""
    host = billed_contract_host()
    upgraded(host)
    before = shown(host)

    assert None is upgraded(host)
    assert before == shown(host)
    assert () == run(run_due(attrs.evolve(ASKED, head=None)), host)[0].invoices


def test_it_is_on_record_who_decided_and_why() -> None:
    """The history of the subscription tells of the run and of the request. (seed 004)"""
    host = billed_contract_host()
    upgraded(host)

    assert [("maria", "agreed"), ("billing run", None), ("maria", "asked by phone")] == [
        (v.actor, None if v.actor == "billing run" else v.reason)
        for v in host.store.history(Subscription, "sub-1")
    ]


def test_what_is_given_back_is_a_credit_note() -> None:
    """Paused on the 3rd: 26.04 of 27.90 come back with their tax; resumed on the 18th, 13 days."""
    host = billed_contract_host()
    stopped = amend_subscription(ASKED, "sub-1", paused, key="p", actor="ana", reason="holidays")
    found = run(stopped, host)
    assert found is not None
    assert [("CN-2026-00001", eur("31.25"))] == [(n.number, n.total) for n in found.credit_notes]

    at(host, NOVEMBER_3.replace(day=18))
    gone_on = amend_subscription(
        ASKED,
        "sub-1",
        lambda now, on, _: resume(now, on=on),
        key="r",
        actor="ana",
        reason="back",
    )
    resumed = run(gone_on, host)
    assert resumed is not None
    assert eur("16.12") == resumed.total  # 31.00 x 13/30 = 13.43 and tax
    sound(host)


def test_what_cannot_be_decided_is_refused() -> None:
    """In its status, for a subscription nobody stored, or a customer nobody told of."""
    host = billed_contract_host()
    run(amend_subscription(ASKED, "sub-1", paused, key="p", actor="ana", reason="holidays"), host)

    with pytest.raises(IllegalTransition, match="paused"):
        upgraded(host)
    with pytest.raises(UnknownSubscription, match="no subscription 'sub-9' is stored"):
        run(preview_amendment(ASKED, "sub-9", upgrade), host)
    nobody = attrs.evolve(ASKED, month=attrs.evolve(MONTH, parties=()))
    with pytest.raises(CustomerNotTold):
        run(
            preview_amendment(nobody, "sub-1", lambda now, on, _: cancel(now, end=on, on=on)),
            host,
        )


# ---- races ---------------------------------------------------------------------------------------
def test_another_decision_comes_first() -> None:
    """Paused between reading and storing: decided again, and refused in the new status."""

    def paused_first(store: MemoryStore) -> object:
        host = at(attrs.evolve(billed, store=store), NOVEMBER_3)
        job = amend_subscription(ASKED, "sub-1", paused, key="p", actor="ana", reason="holidays")
        return run(job, host)

    billed = billed_contract_host(Interrupted("subscription/sub-1/upgrade", paused_first))

    with pytest.raises(IllegalTransition, match="paused"):
        upgraded(billed)
    sound(billed)


def test_who_always_loses_is_told() -> None:
    """After five rounds the last refusal is raised."""

    class Restless(MemoryStore):
        """A store that says each time that somebody else was first."""

        tries = 0

        def commit(self, changes: Changes) -> Committed:
            if changes.key.startswith("subscription/"):
                self.tries += 1
                raise Stale("Subscription", "sub-1", 2, 3)
            return super().commit(changes)

    store = Restless()
    host = billed_contract_host(store)

    with pytest.raises(Stale):
        upgraded(host)
    assert 5 == store.tries


def test_a_run_and_a_change_on_one_day() -> None:
    """Each bills its own part, whoever comes first."""
    first, last = billed_contract_host(), billed_contract_host()
    upgraded(first)
    run(run_month(ASKED), first)
    run(run_month(ASKED), last)
    upgraded(last)

    assert first.store.balances() == last.store.balances()
