"""Owners of equipment: payees as suppliers are, on a wallet and under ids of their own."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain import clawbacks, payouts, transfers
from ledgerkit.domain.access import owners_of
from ledgerkit.domain.billing_run import SupplierFacts, TransferUnderWay, plan_payouts
from ledgerkit.domain.changes import Plan
from ledgerkit.domain.clawbacks import Clawback
from ledgerkit.domain.ledger import Entry, EntryLine, Event, Journal, Posted, statement
from ledgerkit.domain.money import Money
from ledgerkit.domain.parties import OWNER, SUPPLIER, Party, payee_wallet
from ledgerkit.domain.payouts import Payout, PayoutLine
from ledgerkit.domain.periods import Period
from ledgerkit.domain.refunds import undo_charge
from ledgerkit.domain.shadow import diff
from ledgerkit.domain.statements import billing_records, earners_of, supplier_debts
from ledgerkit.domain.transfers import Transfer
from ledgerkit.domain.verification import payout_problems, transfer_problems
from tests.domain.test_verification_documents import books

AT = datetime(2026, 10, 5, 10, tzinfo=UTC)
OCTOBER = Period.month(2026, 10)
ROLES = (SUPPLIER, OWNER)


def usd(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "USD")


def charged() -> Journal:
    """Return a charge of 145.00: instructor 60.00, owner 25.00, platform 60.00. (seed 002)"""
    return Journal(
        id="jrn_f",
        kind="completion.charged",
        entries=(
            Entry("customer:stu", usd(-14_500)),
            Entry("supplier:tom", usd(6_000)),
            Entry("owner:tom", usd(2_500)),
            Entry("platform", usd(6_000)),
        ),
        effective_at=AT,
        event=Event("flight", "f-1"),
    )


def lines(wallet: str, *journals: Journal) -> tuple[EntryLine, ...]:
    """Return the lines of *wallet* in *journals*."""
    posted = [
        Posted(journal=journal, sequence=n, recorded_at=AT, changes=f"k-{n}")
        for n, journal in enumerate(journals, start=1)
    ]
    return statement(posted, wallet)


def facts(role: str, *journals: Journal, **more: Any) -> SupplierFacts:
    """Return what is known of Tom in a role."""
    tom = Party(id="tom", role=role, name="Tom", currency="USD")
    return SupplierFacts(party=tom, entries=lines(tom.wallet, *journals), **more)


def planned(*payees: SupplierFacts, period: Period = OCTOBER) -> tuple[Payout, ...]:
    """Return the payouts that would be generated for *payees*."""
    plan = plan_payouts(payees, period=period, as_of=AT)
    records = [record for changes in plan.changes for record in changes.records]
    return tuple(record for record in records if isinstance(record, Payout))


def moved(role: str) -> Transfer:
    """Return the transfer of 25.00 to Tom in a role for a flight."""
    return transfers.enqueue(
        usd(2_500),
        supplier="tom",
        account="acct_1",
        gateway="stripe",
        pays="f-1",
        role=role,
        at=AT,
    ).transfer


def preview() -> Payout:
    """Return the payout of 25.00 to Tom as owner, before it is generated."""
    line = PayoutLine(
        journal="jrn_f",
        line=2,
        kind="completion.charged",
        source="f-1",
        on=date(2026, 10, 5),
        amount=usd(2_500),
    )
    return payouts.preview("tom", (line,), currency="USD", period=OCTOBER, role=OWNER)


def claimed(role: str, **fields: Any) -> Clawback:
    """Return a case of 10.00 against Tom in a role."""
    case = clawbacks.propose(
        usd(1_000),
        supplier="tom",
        cause="adj-1",
        reason="0.6 h",
        by="max",
        at=AT,
        on_wallet=False,
        role=role,
    ).clawback
    return attrs.evolve(case, **fields)


def test_wallets_of_payees() -> None:
    """Suppliers and owners are paid, and nobody else."""
    assert ["supplier:tom", "owner:tom"] == [payee_wallet(role, "tom") for role in ROLES]
    with pytest.raises(ValueError, match="supplier or owner"):
        payee_wallet("customer", "tom")
    for record in (planned(facts(OWNER, charged()))[0], moved(OWNER), claimed(OWNER)):
        with pytest.raises(ValueError, match="supplier or owner"):
            attrs.evolve(record, role="platform")


def test_four_parties_and_two_payouts() -> None:
    """145.00 = 60.00 to the instructor, 25.00 to the owner, 60.00 kept; one id, two of each."""
    supplier, owner = planned(facts(OWNER, charged()), facts(SUPPLIER, charged()))

    assert (usd(6_000), usd(2_500)) == (supplier.total, owner.total)
    assert ("supplier:tom", "owner:tom") == (supplier.wallet, owner.wallet)
    assert supplier.id != owner.id
    assert frozenset({"tom"}) == owners_of(owner)


def test_ids_of_one_id_in_both_roles() -> None:
    """They never collide; those of a supplier are what they were without a role."""
    made = [(moved(role).id, claimed(role).id) for role in ROLES]
    plain = transfers.enqueue(
        usd(2_500), supplier="tom", account="acct_1", gateway="stripe", pays="f-1", at=AT
    )

    assert 4 == len({id for pair in made for id in pair})
    assert (plain.transfer.id, clawbacks.clawback_id("tom", "adj-1", "USD")) == made[0]


def test_by_hand_and_clawed_back() -> None:
    """Each journal moves the owner's wallet, and the supplier's stays."""
    payout = payouts.generate(preview()).payout
    paid = payouts.pay(payout, reference="SEPA-1", at=AT)
    case = clawbacks.approve(claimed(OWNER), by="eva").clawback
    owed = clawbacks.execute(case, at=AT)
    given_up = clawbacks.execute(attrs.evolve(case, method="forgiven"), at=AT)

    assert paid.journal is not None
    assert (Entry("owner:tom", usd(-2_500)), Entry("cash:bank", usd(2_500))) == paid.journal.entries
    assert (Entry("owner:tom", usd(-1_000)), Entry("platform", usd(1_000))) == (
        owed.journals[0].entries
    )
    assert Entry("owner:tom", usd(1_000)) in given_up.journals[1].entries


def test_a_transfer_under_way_is_told_with_its_role() -> None:
    """The sentence names the owner."""
    one = facts(OWNER, charged(), transfers=(moved(OWNER),))
    (left_out,) = plan_payouts([one], period=OCTOBER, as_of=AT).skipped

    assert TransferUnderWay.code == left_out.code
    assert left_out.reason.startswith(f"owner 'tom' is being paid by {moved(OWNER).id}; ")


def test_books_that_pay_another_wallet() -> None:
    """What a payout and a transfer say is looked for on the wallet of their role."""
    payout = planned(facts(OWNER, charged()))[0]
    sent = attrs.evolve(moved(OWNER), status="done", object="tr_1", created_at=AT)
    paying = Journal(
        id="jrn_t",
        kind="transfer.done",
        entries=(Entry("owner:tom", usd(-2_500)), Entry("gateway:stripe", usd(2_500))),
        effective_at=AT,
        event=Event("gateway.transfer", "stripe:tr_1"),
    )
    checked = books(charged(), paying)

    assert () == payout_problems([payout], checked)
    assert () == transfer_problems([sent], checked)
    wrong = payout_problems([attrs.evolve(payout, role=SUPPLIER)], checked)
    assert ["payout_differs"] == [problem.code for problem in wrong]
    wrong = transfer_problems([attrs.evolve(sent, role=SUPPLIER)], checked)
    assert ["payment_differs"] == [problem.code for problem in wrong]


def test_what_is_refunded_is_owed_by_both() -> None:
    """A charge taken back whole: instructor and owner have less, each on a wallet of its own."""
    undone = undo_charge(charged(), usd(14_500), refund="r-1", at=AT)
    found = supplier_debts(
        [
            line
            for wallet in ("supplier:tom", "owner:tom")
            for line in lines(wallet, undone.journal)
        ],
        on=date(2026, 10, 31),
        zone="UTC",
    )

    assert {Entry("supplier:tom", usd(-6_000)), Entry("owner:tom", usd(-2_500))} == {*undone.shares}
    assert [(OWNER, "tom", usd(2_500)), (SUPPLIER, "tom", usd(6_000))] == [
        (debt.role, debt.supplier, debt.owed) for debt in found
    ]


def test_lists_of_an_owner() -> None:
    """Who earned by a journal, the payouts of a payee, and a diff of payouts by role."""
    payees = [facts(role, charged()) for role in ROLES]
    plan = plan_payouts(payees, period=OCTOBER, as_of=AT)

    assert {"jrn_f": frozenset({"tom"})} == earners_of([charged()])
    assert 2 == len(billing_records(payouts=planned(*payees), supplier="tom"))
    assert [(OWNER, usd(2_500)), (SUPPLIER, usd(6_000))] == [
        (each.key.role, each.a) for each in diff(plan, Plan(())).parties
    ]


START = datetime(2026, 9, 20, tzinfo=UTC)
MONTHS = tuple(Period.month(2026, month) for month in (9, 10, 11))
MOVES = st.lists(
    st.tuples(st.sampled_from(ROLES), st.integers(0, 40), st.integers(-3_000, 5_000)), max_size=12
)


@given(MOVES)
def test_no_payee_is_paid_more_than_its_wallet_earned(drawn: list[tuple[str, int, int]]) -> None:
    """Each entry is in one payout at most, and a wallet pays what it holds, in both roles.

    Generated for September, October and November in turn, with earnings and what takes them back:
    in all what it held at the best of the three ends, since what is paid stays paid.
    """
    journals = [
        Journal(
            id=f"jrn_{n}",
            kind="completion.adjusted",
            entries=(Entry(f"{role}:tom", usd(minor)), Entry("platform", usd(-minor))),
            effective_at=START + timedelta(days=days),
        )
        for n, (role, days, minor) in enumerate(drawn)
        if minor
    ]
    paid: dict[str, list[Payout]] = {SUPPLIER: [], OWNER: []}
    for month in MONTHS:
        payees = [facts(role, *journals, payouts=tuple(paid[role])) for role in ROLES]
        for payout in planned(*payees, period=month):
            paid[payout.role].append(payout)
    every = [payout for each in paid.values() for payout in each]
    claims = Counter((line.journal, line.line) for p in every for line in p.lines)

    assert all(count == 1 for count in claims.values())
    assert len(every) == len({payout.id for payout in every})
    assert () == payout_problems(every, books(*journals))
    for role in ROLES:
        owed = [
            sum(
                minor
                for whose, days, minor in drawn
                if whose == role and START.date() + timedelta(days=days) < month.end
            )
            for month in MONTHS
        ]
        assert max(0, *owed) == sum(payout.total.minor for payout in paid[role])
