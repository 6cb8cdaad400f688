"""Lost disputes: a case for each supplier, in the commit of the loss, whatever order news has."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from itertools import permutations

import pytest

from ledgerkit.domain import payouts
from ledgerkit.domain.clawbacks import Clawback, OverClawback
from ledgerkit.domain.disputes import Dispute
from ledgerkit.domain.gateways import Told
from ledgerkit.domain.ledger import Entry, Event, Journal, Wallet
from ledgerkit.domain.parties import PAYEES, SUPPLIER, payee_wallet
from ledgerkit.domain.payouts import Payout, PayoutLine
from ledgerkit.domain.periods import Period
from ledgerkit.domain.transfers import Transfer
from ledgerkit.jobs.clawbacks import approve_clawback, execute_clawback, request_clawback
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.webhooks import take
from ledgerkit.testing.samples import NOON, OCTOBER, changes
from ledgerkit.testing.simulator import Rigged, overtaken
from tests.jobs.gateway_world import (
    charge,
    deliver,
    dispute,
    eur,
    event,
    movement,
    owing,
    told,
    wallets,
)
from tests.jobs.test_webhooks import books, events, quickly
from tests.people import EVA, MAX

OUT, BACK = movement("txn_1", -12_000, 1_500), movement("txn_2", 12_000)


def earned(n: int, supplier: str, minor: int, role: str = SUPPLIER) -> Journal:
    """Return what a payee earned with the work that invoice n bills."""
    return Journal(
        id=f"jrn_{n}",
        kind="session.charged",
        entries=(Entry(payee_wallet(role, supplier), eur(minor)), Entry("platform", eur(-minor))),
        effective_at=NOON,
        event=Event("session", f"i-{n}"),
    )


def payout(n: int, supplier: str, minor: int, role: str = SUPPLIER) -> Payout:
    """Return the pending payout of that."""
    line = PayoutLine(
        journal=f"jrn_{n}",
        line=0,
        kind="session.charged",
        source=f"i-{n}",
        on=OCTOBER,
        amount=eur(minor),
    )
    october = Period.month(2026, 10)
    shown = payouts.preview(supplier, (line,), currency="EUR", period=october, role=role)
    return payouts.generate(shown).payout


def begin(role: str = SUPPLIER) -> Host:
    """Return a host that owes Tina 30.00 for the first invoice, paid, and Tom 40.00 for the other.

    Tina's were sent to her account and arrived; Tom's wait in a payout.
    """
    host = owing(5_000, 7_000)
    journals = earned(1, "tina", 3_000, role), earned(2, "tom", 4_000)
    sent = payouts.send(payout(1, "tina", 3_000, role), account="acct_t", gateway="stripe", at=NOON)
    host.store.commit(
        changes(
            "earned",
            journals=journals,
            opens=tuple(map(Wallet, (f"{role}:tina", "supplier:tom", "platform"))),
            records=(*sent.effects.records, payout(2, "tom", 4_000)),
        )
    )
    ordered = sent.enqueued.transfer.instruction
    deliver(host, event("arrived", told("transfer", "tr_1", "done", 3_000, instruction=ordered)))
    return host


def cases(host: Host) -> list[Clawback]:
    """Return the cases."""
    return [read.record for read in host.store.find(Clawback).items]


def alerts(host: Host, topic: str) -> list[dict[str, str]]:
    """Return what people are alerted of."""
    claimed = host.store.claim(topic, at=NOON, lease=timedelta(days=1))
    return [dict(each.message.body) for each in claimed]


LOST: Sequence[Told] = (
    charge(),
    dispute("open"),
    dispute("open", movements=(OUT,)),
    dispute("lost", movements=(OUT,)),
)
WON: Sequence[Told] = (*LOST, dispute("won", movements=(OUT, BACK)))


@pytest.mark.parametrize("role", PAYEES)
def test_a_loss_opens_a_case_in_its_commit(role: str) -> None:
    """Tina was paid 30.00: a case over them; Tom's 40.00 stay on hold, and the alert says both."""
    host = begin(role)
    deliver(host, *events(*LOST))
    (case,) = cases(host)
    (read,) = host.store.find(Dispute).items
    lost = host.store.history(Dispute, read.record.id)[-1]
    (alert,) = alerts(host, "alert.dispute_lost")
    held = next(r.record for r in host.store.find(Payout, party="tom").items)

    assert (f"{role}:tina", eur(3_000), "proposed", read.record.id) == (
        case.wallet,
        case.amount,
        case.status,
        case.cause,
    )
    assert lost.key == host.store.history(Clawback, case.id)[0].key
    assert ("on_hold", (held.id,)) == (held.status, read.record.held)
    assert (case.id, "tom", held.id) == tuple(
        alert[name] for name in ("clawbacks", "unpaid", "held")
    )
    assert {"supplier:tom": 4_000, "customer:c-1": 0} == {
        wallet: wallets(host).get(wallet, 0) for wallet in ("supplier:tom", "customer:c-1")
    }


@pytest.mark.parametrize(
    ("life", "expected"), [(LOST, [("tina", 3_000, "proposed")]), (WON, [])], ids=["lost", "won"]
)
def test_every_order_ends_in_the_same_case(
    life: Sequence[Told], expected: list[tuple[str, int, str]]
) -> None:
    """A1 to A3: each permutation, each event again and under a second id: one case, or none."""
    ends = set()
    for order in permutations(zip(events(*life), events(*life, prefix="again"), strict=True)):
        host = begin()
        quickly(host, *(each for pair in order for each in (*pair, pair[0])))
        ends.add(books(host))
        # Won before the loss was told there is no case, else it was rejected.
        assert expected == [
            (case.supplier, case.amount.minor, case.status)
            for case in cases(host)
            if case.status != "rejected"
        ]

    assert 1 == len(ends)


def test_won_on_appeal_after_the_case_was_settled() -> None:
    """What was taken of Tina stays taken until a person looks: it is alerted, once."""
    host = begin()
    deliver(host, *events(*LOST))
    (case,) = cases(host)
    run(approve_clawback(case.id, actor=EVA, reason="seen"), host)
    run(execute_clawback(case.id, actor=EVA, reason="seen"), host)
    assert -3_000 == wallets(host)["supplier:tina"]
    won = events(*WON)[-1]
    deliver(host, won, won)

    assert ["settled"] == [each.status for each in cases(host)]
    assert -3_000 == wallets(host)["supplier:tina"]
    assert [(case.id, "settled")] == [
        (each["clawback"], each["status"]) for each in alerts(host, "alert.late_outcome")
    ]
    assert "pending" == next(r.record for r in host.store.find(Payout, party="tom").items).status


async def _claw_back(transfer: str) -> None:
    """Claw 20.00 of Tina's transfer back for another reason, if that much is left."""
    with suppress(OverClawback):
        await request_clawback(
            eur(2_000),
            supplier="tina",
            cause="adj",
            reason="x",
            actor=MAX,
            on_wallet=False,
            transfers=(transfer,),
        )


def test_a_transfer_is_not_clawed_back_twice() -> None:
    """A person takes 20.00 of the 30.00 at any moment: 10.00 are left, or the person is refused."""
    ends = set()
    for moment in range(40):
        host = begin()
        deliver(host, *events(*LOST[:3]))
        (sent,) = (read.record for read in host.store.find(Transfer).items)
        (news,) = events(LOST[3], prefix="last")
        fate = overtaken(partial(_claw_back, sent.id))
        run(take(news), Rigged(host, {moment: fate}))
        ends.add(tuple(sorted(case.amount.minor for case in cases(host))))

    assert {(1_000, 2_000), (3_000,)} == ends
