"""Disputes: each movement is booked once, payouts wait, and nobody loses the money twice."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import permutations
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain import disputes, payments, refunds
from ledgerkit.domain.disputes import LOST, OPEN, WON, Dispute, DisputeChanged, follow, related
from ledgerkit.domain.gateways import GatewayObject, Movement
from ledgerkit.domain.invoices import ISSUED
from ledgerkit.domain.ledger import Entry, net_of
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import Money
from ledgerkit.domain.payments import FeePolicy, Payment, Receivable
from ledgerkit.domain.payouts import Payout, PayoutLine
from ledgerkit.domain.periods import Period
from ledgerkit.testing.samples import invoice

AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
ON = date(2026, 11, 2)


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


def movement(id: str, minor: int, fee: int = 0, currency: str = "EUR") -> Movement:
    """Return a change of our balance."""
    return Movement(id=id, amount=Money(minor, currency), fee=eur(fee), at=AT)


OUT, BACK = movement("txn_1", -12_000, 1_500), movement("txn_2", 12_000)


def told(status: str = OPEN, *movements: Movement, minor: int = 12_000, id: str = "dp_1") -> Any:
    """Return the dispute of the charge as the gateway tells it."""
    return GatewayObject(
        kind="dispute",
        id=id,
        status=status,
        amount=eur(minor),
        created=AT,
        parent="pi_1",
        reason="fraudulent",
        movements=movements,
    )


def captured(minor: int = 12_000) -> tuple[Payment, Receivable]:
    """Return a payment that came in for i-1, with that invoice."""
    owed = Receivable(
        invoice=invoice("i-1", minor=minor, status=ISSUED, issued_on=ON),
        paid=eur(0),
        credited=eur(0),
    )
    pending = Payment(id="pmt_1", customer="c-1", amount=eur(minor), method="gateway:stripe")
    charge = GatewayObject(kind="charge", id="pi_1", status="done", amount=eur(minor), created=AT)
    done = payments.capture(pending, charge, owed=[owed], on=ON, at=AT)
    return done.payment, Receivable(invoice=done.invoices[0], paid=eur(minor), credited=eur(0))


def payout(id: str, status: str = "pending", source: str = "i-1", journal: str = "j") -> Payout:
    """Return a payout of one line."""
    line = PayoutLine(
        journal=journal, line=1, kind="session.charged", source=source, on=ON, amount=eur(8_000)
    )
    return Payout(
        id=id,
        supplier="t-1",
        currency="EUR",
        period=Period.month(2026, 10),
        part=0,
        lines=(line,),
        status=status,
    )


def opened(*movements: Movement, **more: Any) -> tuple[DisputeChanged, Receivable]:
    """Open a dispute; return it with the invoice as it is by then."""
    payment, owed = captured()
    first = told(OPEN, *movements)
    fresh = disputes.of_object(first, gateway="stripe", payment=payment, on=ON)
    done = follow(fresh, first, payment=payment, owed=[owed], at=AT, is_new=True, **more)
    assert done is not None
    return done, with_paid(owed, done)


def with_paid(owed: Receivable, done: DisputeChanged) -> Receivable:
    """Return *owed* after *done*."""
    moved = {each.id: each for each in done.invoices}
    return attrs.evolve(
        owed,
        invoice=moved.get(owed.invoice.id, owed.invoice),
        paid=done.payment.pays(owed.invoice.id),
    )


def go_on(done: DisputeChanged, news: Any, owed: Receivable, **more: Any) -> DisputeChanged | None:
    """Follow what is told next."""
    return follow(done.dispute, news, payment=done.payment, owed=[owed], at=AT, **more)


def test_a_withdrawal_opens_the_debt_and_costs_a_fee() -> None:
    """Customer -x, gateway +x; platform -f, gateway +f; nothing can be refunded meanwhile."""
    done, _ = opened(OUT)
    (journal,) = done.effects.journals

    assert (
        Entry("customer:c-1", eur(-12_000)),
        Entry("gateway:stripe", eur(12_000)),
        Entry("platform", eur(-1_500)),
        Entry("gateway:stripe", eur(1_500)),
    ) == journal.entries
    assert ("dispute.withdrawn", "gateway.dispute:stripe:dp_1:txn_1") == (
        journal.kind,
        str(journal.event),
    )
    assert ("disputed", eur(0), [ISSUED]) == (
        done.payment.status,
        done.payment.refundable,
        [each.status for each in done.invoices],
    )
    assert ["alert.dispute_opened"] == [each.topic for each in done.effects.messages]


def test_won_gives_it_back() -> None:
    """Reinstated is the mirror; the invoice is paid, the fee stays with us."""
    done, owed = opened(OUT)
    won = go_on(done, told(WON, OUT, BACK), owed)
    assert won is not None
    legs = net_of(e for j in (*done.journals, *won.journals) for e in j.entries)

    assert ("captured", WON, ["paid"]) == (
        won.payment.status,
        won.dispute.status,
        [each.status for each in won.invoices],
    )
    assert ["dispute.reinstated"] == [each.kind for each in won.journals]
    assert {("customer:c-1", "EUR"): 0, ("platform", "EUR"): -1_500} == {
        key: minor for key, minor in legs.items() if key[0] != "gateway:stripe"
    }
    assert () == won.clawbacks


def test_lost_stays_and_is_a_case_for_a_clawback() -> None:
    """The withdrawal is not undone; that suppliers had a share of it is told."""
    done, owed = opened(OUT)
    lost = go_on(done, told(LOST, OUT), owed)
    assert lost is not None

    assert ("refunded", LOST, (), ()) == (
        lost.payment.status,
        lost.dispute.status,
        lost.clawbacks,
        lost.journals,
    )
    assert ["alert.dispute_lost"] == [each.topic for each in lost.messages]
    assert go_on(lost, told(OPEN, OUT), owed) is None
    appealed = go_on(lost, told(WON, OUT, BACK), with_paid(owed, lost))
    assert appealed is not None
    assert ("captured", WON) == (appealed.payment.status, appealed.dispute.status)
    assert go_on(appealed, told(LOST, OUT, BACK), owed) is None


def test_a_fee_may_be_given_back_with_the_money() -> None:
    """Its leg is that of the withdrawal mirrored, so that whoever bore it has it again."""
    done, owed = opened(OUT)
    won = go_on(done, told(WON, OUT, movement("txn_2", 12_000, -1_500)), owed)
    assert won is not None
    (journal,) = won.journals

    assert (
        Entry("customer:c-1", eur(12_000)),
        Entry("gateway:stripe", eur(-12_000)),
        Entry("platform", eur(1_500)),
        Entry("gateway:stripe", eur(-1_500)),
    ) == journal.entries
    assert "dispute.reinstated" == journal.kind


def test_a_fee_may_be_given_back_later_and_alone() -> None:
    """To the customer who bore it; the payment stays what it was."""
    fees = FeePolicy("customer")
    done, owed = opened(OUT, fees=fees)
    won = go_on(done, told(WON, OUT, BACK), owed, fees=fees)
    assert won is not None
    later = told(WON, OUT, BACK, movement("txn_3", 0, -1_500))
    after = go_on(won, later, with_paid(owed, won), fees=fees)
    assert after is not None
    (journal,) = after.journals

    assert (Entry("customer:c-1", eur(1_500)), Entry("gateway:stripe", eur(-1_500))) == (
        journal.entries
    )
    assert "dispute.reinstated" == journal.kind
    assert (won.payment, won.dispute.status) == (after.payment, after.dispute.status)


def test_an_inquiry_moves_nothing() -> None:
    """Open without a withdrawal: nothing is booked, and what is in question is reserved."""
    done, owed = opened()
    fee_only = go_on(done, told(OPEN, movement("txn_9", 0, 100)), owed, fees=FeePolicy("customer"))
    nothing = go_on(done, told(OPEN, movement("txn_8", 0)), owed)
    assert fee_only is not None
    assert nothing is not None

    assert ((), (), eur(0)) == (done.journals, done.invoices, done.payment.refundable)
    assert (Entry("customer:c-1", eur(-100)), Entry("gateway:stripe", eur(100))) == (
        fee_only.journals[0].entries
    )
    assert () == nothing.journals


def test_what_is_not_captured_cannot_be_disputed() -> None:
    """The payment comes first; the caller waits for it."""
    waiting = Payment(id="p", customer="c-1", amount=eur(12_000), method="gateway:stripe")
    fresh = disputes.of_object(told(), gateway="stripe", payment=waiting, on=ON)
    with pytest.raises(IllegalTransition, match="payment is pending"):
        follow(fresh, told(), payment=waiting, owed=[], at=AT, is_new=True)


def test_only_the_payments_currency_counts_as_money_out() -> None:
    """What the gateway moves in another currency is booked, and opens no debt in this one."""
    done, _ = opened(movement("txn_1", -13_000, currency="USD"))

    assert eur(0) == done.dispute.withdrawn
    assert Money(-13_000, "USD") == done.journals[0].entries[0].amount


# ---- payouts ---------------------------------------------------------------------------------
def test_related_payouts_share_a_journal_or_a_source() -> None:
    """A session that the payment paid, or the journal that charged it."""
    payment, owed = captured()
    same_source, same_journal = payout("a"), payout("b", source="x", journal="jrn_7")
    other = payout("c", source="x")
    line = attrs.evolve(owed.invoice.lines[0], journal="jrn_7")
    charged = attrs.evolve(owed.invoice, lines=(line,))
    unpaid = invoice("i-2", minor=1, status=ISSUED, issued_on=ON)
    all_three = [same_source, same_journal, other]

    assert (same_source, same_journal) == related(payment, [charged, unpaid], all_three)
    assert () == related(payment, [], all_three)


def test_unpaid_payouts_wait_until_it_is_won() -> None:
    """Opened: on hold, with a note why; won: released. What people hold themselves stays."""
    mine, theirs = payout("a"), payout("b", "on_hold")
    done, owed = opened(OUT, earned=[mine, theirs])
    (held,) = done.payouts
    won = go_on(done, told(WON, OUT, BACK), owed, earned=[held, theirs])
    assert won is not None

    assert (("a",), "on_hold", ("dispute dp_1",)) == (done.dispute.held, held.status, held.notes)
    assert [("a", "pending")] == [(each.id, each.status) for each in won.payouts]
    assert held in done.effects.records


def test_a_payout_held_twice_waits_for_both() -> None:
    """Two disputes hold one payout: the first one won releases nothing yet."""
    first, owed = opened(OUT, earned=[payout("a")])
    second, _ = opened(OUT, earned=first.payouts, others=[attrs.evolve(first.dispute, id="other")])
    early = go_on(
        first, told(WON, OUT, BACK), owed, earned=first.payouts,
        others=[attrs.evolve(second.dispute, id="other"), first.dispute],
    )  # fmt: skip
    assert early is not None

    assert (("a",), ()) == (second.dispute.held, second.payouts)
    assert () == early.payouts


def test_a_payout_that_a_lost_dispute_holds_stays() -> None:
    """It waits for a person who says what becomes of it, whatever else is won."""
    first, owed = opened(OUT, earned=[payout("a")])
    lost = attrs.evolve(first.dispute, id="other", status=LOST)
    after = go_on(first, told(WON, OUT, BACK), owed, earned=first.payouts, others=[lost])
    assert after is not None

    assert () == after.payouts


def test_a_payout_that_comes_later_is_kept_back() -> None:
    """It goes on hold once, for both disputes that it is about; a sent one cannot."""
    first, _ = opened()
    second = attrs.evolve(first.dispute, id="dsp_2", held=("older",))
    done = disputes.keep_back(payout("late"), [first.dispute, second])

    assert ("on_hold", ("dispute dp_1",)) == (done.payout.status, done.payout.notes)
    assert [("late",), ("late", "older")] == [each.held for each in done.disputes]
    assert (done.payout, *done.disputes) == done.effects.records
    with pytest.raises(IllegalTransition):
        disputes.keep_back(done.payout, [first.dispute])


def test_one_that_is_told_as_won_holds_nothing() -> None:
    """The decision came before the news that it was opened."""
    payment, owed = captured()
    news = told(WON, OUT, BACK)
    fresh = disputes.of_object(news, gateway="stripe", payment=payment, on=ON)
    done = follow(
        fresh, news, payment=payment, owed=[owed], at=AT, is_new=True, earned=[payout("a")]
    )
    assert done is not None

    assert ((), (), ()) == (done.payouts, done.dispute.held, done.messages)


# ---- records and laws ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"amount": eur(0)}, "needs Money above 0"),
        ({"status": "gone"}, "has no status 'gone'"),
        ({"movements": (OUT, OUT)}, "has a movement twice"),
        ({"gateway": ""}, "dispute gateway"),
    ],
)
def test_a_dispute_that_cannot_be(fields: dict[str, Any], expected: str) -> None:
    """What a dispute cannot hold is refused when it is built."""
    one = Dispute(
        id="d",
        payment="p",
        customer="c-1",
        amount=eur(1),
        object="dp_1",
        gateway="stripe",
        opened_on=ON,
    )
    with pytest.raises(ValueError, match=expected):
        attrs.evolve(one, **fields)


@pytest.mark.parametrize("end", [WON, LOST])
def test_the_order_of_news_does_not_matter(end: str) -> None:
    """Whatever is told first, movements one by one or together: the same end."""
    news = [told(OPEN), told(OPEN, OUT), told(end, OUT, BACK), told(OPEN, BACK)]
    ends = set()
    for order in permutations(news):
        payment, owed = captured()
        one = disputes.of_object(order[0], gateway="stripe", payment=payment, on=ON)
        total = dict[tuple[str, str], int]()
        for n, each in enumerate((*order, *order)):
            done = follow(one, each, payment=payment, owed=[owed], at=AT, is_new=n == 0)
            if done is None:
                continue
            one, payment, owed = done.dispute, done.payment, with_paid(owed, done)
            for key, minor in net_of(e for j in done.journals for e in j.entries).items():
                total[key] = total.get(key, 0) + minor
        ends.add((one, payment, owed, tuple(sorted(total.items()))))

    ((one, payment, owed, legs),) = ends
    assert (end, "captured", eur(12_000)) == (one.status, payment.status, owed.paid)
    assert {
        ("customer:c-1", "EUR"): 0,
        ("gateway:stripe", "EUR"): 1_500,
        ("platform", "EUR"): -1_500,
    } == dict(legs)


@given(
    st.lists(
        st.tuples(st.sampled_from(["ask", "done", "out", "back"]), st.integers(1, 6_000)),
        max_size=10,
    )
)
def test_money_out_is_bounded(steps: list[tuple[str, int]]) -> None:
    """Refunds and withdrawals less what was reinstated never exceed what came in and the fees.

    The gateway withdraws no more than it left with us, as they do; we ask for no more than is free.
    """
    payment, owed = captured()
    dispute: Dispute | None = None
    movements: tuple[Movement, ...] = ()
    waiting: list[refunds.Refund] = []
    for n, (step, minor) in enumerate(steps):
        if step == "ask":
            if minor > payment.refundable.minor:
                with pytest.raises(refunds.OverRefunded):
                    refunds.request(payment, eur(minor), key=str(n), reason="x", on=ON, at=AT)
                continue
            asked = refunds.request(payment, eur(minor), key=str(n), reason="x", on=ON, at=AT)
            payment = asked.payment
            waiting.append(asked.refund)
            continue
        now = attrs.evolve(owed, paid=payment.pays("i-1"))
        if step == "done" and waiting:
            one = waiting.pop()
            news = GatewayObject(
                kind="refund", id=one.id, status="done", amount=one.amount, created=AT
            )
            changed: Any = refunds.follow(one, news, payment=payment, owed=[now], at=AT)
            payment = changed.payment
        elif step in ("out", "back"):
            gone = -sum(each.amount.minor for each in movements)
            most = payment.refundable.minor if dispute is None else gone
            size = min(minor, most)
            # One withdrawal, which may be given back in parts: what disputes do at gateways.
            if (step == "out") != (dispute is None) or size == 0:
                continue
            movements += (movement(str(n), -size if step == "out" else size, 15),)
            news = told(OPEN, *movements, minor=-movements[0].amount.minor)
            is_new = dispute is None
            dispute = dispute or disputes.of_object(news, gateway="stripe", payment=payment, on=ON)
            changed = follow(dispute, news, payment=payment, owed=[now], at=AT, is_new=is_new)
            dispute, payment = changed.dispute, changed.payment
        fees = sum(each.fee.minor for each in movements)
        assert payment.moved_out.minor <= payment.amount.minor + fees
        assert payment.refundable.minor >= 0
