"""Refunds: never more than came in, whoever makes them, and the debt opens only without a note."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain import payments, refunds
from ledgerkit.domain.gateways import GatewayObject, RefundOrder
from ledgerkit.domain.invoices import ISSUED, PAID, Invoice, open_amount
from ledgerkit.domain.ledger import Entry, Journal, net_of
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import Money
from ledgerkit.domain.payments import Payment, Receivable
from ledgerkit.domain.refunds import (
    CREDITED,
    DONE,
    FAILED,
    OFFSET,
    PENDING,
    ChargeUndoneAlready,
    NotAtGateway,
    NotPaidBy,
    OverRefunded,
    Refund,
    follow,
    hand_back,
    keep,
    of_object,
    offset,
    refunded_as,
    refused,
    undo_charge,
)
from ledgerkit.testing.samples import invoice

AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
ON = date(2026, 11, 2)


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


def owed(one: Invoice, *, paid: int, credited: int = 0) -> Receivable:
    """Return *one* with what was paid and credited."""
    return Receivable(invoice=one, paid=eur(paid), credited=eur(credited))


def told(kind: str, status: str, minor: int, id: str, **more: Any) -> GatewayObject:
    """Return what the gateway tells."""
    return GatewayObject(kind=kind, id=id, status=status, amount=eur(minor), created=AT, **more)


def refund_told(status: str = "done", minor: int = 5_000, id: str = "re_1") -> GatewayObject:
    """Return a refund as the gateway tells it."""
    return told("refund", status, minor, id, parent="pi_1", reason="requested_by_customer")


def captured(*amounts: int) -> tuple[Payment, tuple[Receivable, ...]]:
    """Return a payment through a gateway that pays invoices of *amounts*, with these."""
    open_ones = [
        owed(invoice(f"i-{n}", minor=minor, status=ISSUED, issued_on=ON), paid=0)
        for n, minor in enumerate(amounts, start=1)
    ]
    whole = sum(amounts)
    pending = Payment(id="pmt_1", customer="c-1", amount=eur(whole), method="gateway:stripe")
    done = payments.capture(
        pending, told("charge", "done", whole, "pi_1"), owed=open_ones, on=ON, at=AT
    )
    paid = tuple(owed(one, paid=one.total.minor) for one in done.invoices)
    return done.payment, paid


def by_hand(minor: int) -> Payment:
    """Return a payment that was recorded by hand."""
    return payments.record_manual("c-1", eur(minor), key="k", owed=[], on=ON, at=AT).payment


def asked(payment: Payment, minor: int, key: str = "r-1", **more: Any) -> Any:
    """Ask for a refund."""
    return refunds.request(payment, eur(minor), key=key, reason="late", on=ON, at=AT, **more)


# ---- asking ----------------------------------------------------------------------------------
def test_asking_reserves_the_money() -> None:
    """Refund, payment and order are one decision; nothing moves before the gateway says so."""
    payment, _ = captured(12_000)
    one = asked(payment, 5_000)

    assert (PENDING, eur(5_000), "late") == (
        one.refund.status,
        one.refund.amount,
        one.refund.reason,
    )
    assert RefundOrder(amount=eur(5_000), charge="pi_1") == one.instructed.instruction.order
    assert one.refund.id == one.instructed.instruction.subject == refunded_as("pmt_1", "r-1")
    assert (eur(12_000), eur(7_000)) == (one.payment.kept, one.payment.refundable)
    assert (one.refund, one.payment, one.instructed.instruction) == one.effects.records
    assert () == one.effects.journals


def test_what_the_gateway_gave_back_counts_not_what_was_asked() -> None:
    """50.00 were asked for and 49.00 went back: so much is booked, and the rest is free again."""
    payment, paid = captured(12_000)
    one = asked(payment, 5_000)
    done = follow(one.refund, refund_told(minor=4_900), payment=one.payment, owed=paid, at=AT)
    assert done is not None

    assert (eur(4_900), eur(7_100)) == (done.refund.amount, done.payment.refundable)
    assert Entry("gateway:stripe", eur(4_900)) in done.journals[0].entries


def test_open_and_done_refunds_never_exceed_what_came_in() -> None:
    """120.00 came in: 70.00 are on their way, so 50.01 is too much and 50.00 is not."""
    payment = asked(captured(12_000)[0], 7_000).payment
    with pytest.raises(OverRefunded, match=r"120\.00 EUR has 50\.00 EUR left to give back; 50\.01"):
        asked(payment, 5_001, "r-2")

    assert eur(0) == asked(payment, 5_000, "r-2").payment.refundable


def test_only_what_came_in_through_a_gateway_is_refunded_there() -> None:
    """Cash is given back by hand; what is pending has nothing to give."""
    with pytest.raises(NotAtGateway, match="came in through cash:bank; give it back by hand"):
        asked(by_hand(100), 100)
    waiting = Payment(id="p", customer="c-1", amount=eur(1), method="gateway:stripe")
    with pytest.raises(IllegalTransition, match="payment is pending"):
        asked(waiting, 1)


def test_an_invoice_gives_back_no_more_than_was_paid() -> None:
    """The refund names the invoice it is taken from."""
    payment, paid = captured(5_000, 7_000)
    with pytest.raises(NotPaidBy, match=r"pays 50\.00 EUR of invoice 'i-1'; 50\.01 EUR cannot"):
        asked(payment, 5_001, invoice="i-1")
    one = asked(payment, 5_000, invoice="i-1", note="crn_1")
    with pytest.raises(NotPaidBy, match=r"pays 0\.00 EUR of invoice 'i-1'; 0\.01 EUR cannot"):
        asked(one.payment, 1, "r-2", invoice="i-1")
    done = follow(one.refund, refund_told(), payment=one.payment, owed=paid, at=AT)
    assert done is not None

    assert ("i-1", "crn_1") == (done.refund.invoice, done.refund.note)
    assert ["i-1"] == [each.id for each in done.invoices]


# ---- following the gateway -------------------------------------------------------------------
def test_a_refund_without_a_note_opens_the_debt() -> None:
    """233.82 paid and refunded: 233.82 is open again. With a note of it nothing is."""
    payment, (paid,) = captured(23_382)
    one = asked(payment, 23_382)
    done = follow(one.refund, refund_told(minor=23_382), payment=one.payment, owed=[paid], at=AT)
    assert done is not None
    noted = attrs.evolve(paid, credited=eur(23_382))
    closed = follow(one.refund, refund_told(minor=23_382), payment=one.payment, owed=[noted], at=AT)
    assert closed is not None

    assert [ISSUED] == [each.status for each in done.invoices]
    assert eur(23_382) == open_amount(done.invoices[0], paid=eur(0), credited=eur(0))
    assert [PAID] == [each.status for each in closed.invoices]
    assert "refunded" == done.payment.status


def test_a_done_refund_moves_money_back() -> None:
    """Customer -x, gateway +x, under the names of the gateway's object."""
    payment, paid = captured(12_000)
    one = asked(payment, 5_000)
    done = follow(one.refund, refund_told(), payment=one.payment, owed=paid, at=AT)
    assert done is not None
    (journal,) = done.effects.journals

    assert (Entry("customer:c-1", eur(-5_000)), Entry("gateway:stripe", eur(5_000))) == (
        journal.entries
    )
    assert "gateway.refund:stripe:re_1" == str(journal.event)
    assert (DONE, "re_1", "partly_refunded") == (
        done.refund.status,
        done.refund.object,
        done.payment.status,
    )
    for old in ("done", "pending"):
        again = follow(done.refund, refund_told(old), payment=done.payment, owed=paid, at=AT)
        assert again is None


def test_a_refund_made_in_the_dashboard_is_recorded() -> None:
    """Without an order of ours it is a refund of its own, first pending, then done."""
    payment, paid = captured(12_000)
    fresh = of_object(refund_told("pending"), gateway="stripe", payment=payment, on=ON)
    pending = follow(fresh, refund_told("pending"), payment=payment, owed=paid, at=AT)
    assert pending is not None
    again = follow(
        pending.refund, refund_told("pending"), payment=pending.payment, owed=paid, at=AT
    )
    done = follow(pending.refund, refund_told(), payment=pending.payment, owed=paid, at=AT)
    assert done is not None

    assert ("requested_by_customer", "gateway:stripe") == (fresh.reason, fresh.method)
    assert (eur(7_000), eur(12_000)) == (pending.payment.refundable, pending.payment.kept)
    assert again is None
    assert eur(7_000) == done.payment.kept


def test_a_refund_that_fails_frees_its_money() -> None:
    """Pending, then failed: nothing was booked, and the money can be given back again."""
    payment, paid = captured(12_000)
    one = asked(payment, 5_000)
    failed = follow(one.refund, refund_told("failed"), payment=one.payment, owed=paid, at=AT)
    assert failed is not None

    assert (FAILED, "re_1", "captured") == (
        failed.refund.status,
        failed.refund.object,
        failed.payment.status,
    )
    assert eur(12_000) == failed.payment.refundable
    assert ((), ()) == (failed.journals, failed.messages)
    for old in ("done", "failed", "pending"):
        again = follow(failed.refund, refund_told(old), payment=failed.payment, owed=paid, at=AT)
        assert again is None


def test_a_refund_that_comes_back_is_undone() -> None:
    """Done, then failed: the bank sent it back, the invoice is paid again, people are alerted."""
    payment, paid = captured(12_000)
    one = asked(payment, 12_000)
    done = follow(one.refund, refund_told(minor=12_000), payment=one.payment, owed=paid, at=AT)
    assert done is not None
    open_again = [owed(done.invoices[0], paid=0)]
    back = follow(
        done.refund, refund_told("failed", 12_000), payment=done.payment, owed=open_again, at=AT
    )
    assert back is not None
    legs = net_of(e for j in (*done.journals, *back.journals) for e in j.entries)

    assert {0} == set(legs.values())
    assert [PAID] == [each.status for each in back.invoices]
    assert ["alert.refund_failed"] == [each.topic for each in back.effects.messages]
    assert "captured" == back.payment.status


def test_what_we_gave_up_can_still_be_done() -> None:
    """The order was refused, and the gateway did it after all: the books follow."""
    payment, paid = captured(12_000)
    one = asked(payment, 5_000)
    gone = refused(one.refund, payment=one.payment, reason="expired", owed=paid, at=AT)
    assert gone is not None
    late = follow(gone.refund, refund_told(), payment=gone.payment, owed=paid, at=AT)
    never = follow(gone.refund, refund_told("failed"), payment=gone.payment, owed=paid, at=AT)
    assert late is not None
    assert never is not None

    assert (FAILED, "expired", None) == (gone.refund.status, gone.refund.reason, gone.refund.object)
    assert refused(gone.refund, payment=payment, reason="x", owed=paid, at=AT) is None
    assert follow(gone.refund, refund_told("pending"), payment=payment, owed=paid, at=AT) is None
    assert (DONE, eur(7_000)) == (late.refund.status, late.payment.kept)
    assert "re_1" == never.refund.object
    # The other object failed, and is not the one that this refund is.
    other = refund_told("failed", id="re_2")
    assert follow(late.refund, other, payment=late.payment, owed=paid, at=AT) is None


# ---- other ways of giving back ---------------------------------------------------------------
def test_cash_is_given_back_by_hand() -> None:
    """Customer -x, cash +x, with the bank's reference."""
    payment = by_hand(5_000)
    how: dict[str, Any] = {"key": "r-1", "reason": "moved away", "owed": [], "on": ON, "at": AT}
    done = hand_back(payment, eur(2_000), reference="SEPA 9", **how)

    assert (DONE, "SEPA 9", "cash:bank") == (
        done.refund.status,
        done.refund.reference,
        done.refund.method,
    )
    assert (Entry("customer:c-1", eur(-2_000)), Entry("cash:bank", eur(2_000))) == (
        done.journals[0].entries
    )
    assert "partly_refunded" == done.payment.status
    with pytest.raises(ValueError, match=r"needs a wallet cash:\.\.\."):
        hand_back(payment, eur(1), cash="gateway:stripe", **how)
    how["key"] = "r-2"
    with pytest.raises(OverRefunded):
        hand_back(done.payment, eur(3_001), **how)


def test_credit_stays_with_the_customer() -> None:
    """No money moves: the payment pays less of the invoice, and the rest is left for later."""
    payment, paid = captured(12_000)
    done = keep(
        payment, eur(3_600), invoice="i-1", key="k", reason="note", owed=paid, on=ON, note="crn_1"
    )

    assert (CREDITED, DONE, "crn_1") == (done.refund.outcome, done.refund.status, done.refund.note)
    assert (eur(3_600), eur(8_400)) == (done.payment.credit, done.payment.pays("i-1"))
    assert () == done.effects.journals
    assert ["partially_paid"] == [each.status for each in done.invoices]


def test_offset_pays_other_invoices() -> None:
    """36.00 of one invoice pays 20.00 of another; 16.00 are left as credit."""
    payment, paid = captured(12_000)
    other = owed(invoice("i-9", minor=2_000, status=ISSUED, issued_on=ON), paid=0)
    how: dict[str, Any] = {"invoice": "i-1", "key": "k", "reason": "note", "on": ON}
    done = offset(payment, eur(3_600), against=("i-9",), owed=[*paid, other], **how)

    assert (OFFSET, eur(1_600)) == (done.refund.outcome, done.payment.credit)
    assert {"i-1": "partially_paid", "i-9": "paid"} == {i.id: i.status for i in done.invoices}
    for against in ((), ("i-1",)):
        with pytest.raises(ValueError, match="needs other invoices than 'i-1'"):
            offset(payment, eur(1), against=against, owed=paid, **how)
    how["invoice"] = "i-2"
    with pytest.raises(NotPaidBy):
        offset(payment, eur(1), against=("i-9",), owed=paid, **how)


def test_credit_after_a_partial_refund_is_what_is_left() -> None:
    """Paid 50.00 and 70.00, refunded 30.00: of the 40.00 left on the second 10.00 become credit."""
    payment, paid = captured(5_000, 7_000)
    part = hand_back(payment, eur(3_000), key="a", reason="x", owed=paid, on=ON, at=AT)
    now = [paid[0], owed(part.invoices[0], paid=4_000)]
    done = keep(part.payment, eur(1_000), invoice="i-2", key="b", reason="x", owed=now, on=ON)

    assert (eur(5_000), eur(3_000), eur(1_000)) == (
        done.payment.pays("i-1"),
        done.payment.pays("i-2"),
        done.payment.credit,
    )


def test_credit_of_one_invoice_leaves_what_a_refund_took_of_another() -> None:
    """Paid 50.00 and 70.00, 30.00 of the second refunded: 10.00 of the first become credit."""
    payment, paid = captured(5_000, 7_000)
    one = asked(payment, 3_000, invoice="i-2", note="crn_1")
    back = follow(one.refund, refund_told(minor=3_000), payment=one.payment, owed=paid, at=AT)
    assert back is not None
    done = keep(back.payment, eur(1_000), invoice="i-1", key="k", reason="x", owed=paid, on=ON)

    assert (eur(4_000), eur(4_000), eur(1_000)) == (
        done.payment.pays("i-1"),
        done.payment.pays("i-2"),
        done.payment.credit,
    )


# ---- undoing a charge ------------------------------------------------------------------------
def flight(id: str, minor: int, supplier: int) -> Journal:
    """Return a charge of which the supplier has a share."""
    return Journal(
        id=id,
        kind="flight.charged",
        entries=(
            Entry("customer:c-1", eur(-minor)),
            Entry("supplier:t-1", eur(supplier)),
            Entry("platform", eur(minor - supplier)),
        ),
        effective_at=AT,
    )


@pytest.mark.parametrize(("paid_out", "expected"), [(80_00, 720_00), (0, 800_00)])
def test_what_is_owed_after_a_refund(paid_out: int, expected: int) -> None:
    """80 % of 1000 good and 100 refunded: 720 if its 80 was paid out already, else 800."""
    good, bad = flight("good", 1_000_00, 800_00), flight("bad", 100_00, 80_00)
    undone = undo_charge(bad, eur(100_00), refund="rfd_1", at=AT)
    legs = [e for j in (good, bad, undone.journal) for e in j.entries]
    legs += [Entry("supplier:t-1", eur(-paid_out))]

    assert expected == net_of(legs)["supplier:t-1", "EUR"]
    assert (Entry("supplier:t-1", eur(-80_00)),) == undone.shares
    assert ("reason", "clawback") in undone.journal.metadata
    assert "bad" == undone.journal.reverses
    assert {"customer:c-1", "supplier:t-1", "platform"} == {w.id for w in undone.effects.opens}


def test_a_charge_is_undone_once() -> None:
    """Half and half are the whole, to the cent; more is refused."""
    charge = flight("j", 101, 33)
    first = undo_charge(charge, eur(50), refund="a", at=AT).journal
    second = undo_charge(charge, eur(51), refund="b", at=AT, earlier=(first,), forced_by="olga")
    legs = net_of(e for j in (charge, first, second.journal) for e in j.entries)

    assert {0} == set(legs.values())
    assert "olga" == second.journal.forced_by
    with pytest.raises(ChargeUndoneAlready, match=r"has 0\.51 EUR left to take back; 0\.52"):
        undo_charge(charge, eur(52), refund="c", at=AT, earlier=(first,))
    with pytest.raises(ValueError, match="more than 0 of charge 'j'"):
        undo_charge(charge, eur(0), refund="c", at=AT)


def test_what_an_adjustment_took_back_is_not_taken_back_again() -> None:
    """100.00 came down to 40.00 in two adjustments: 40.00 of it is left, 24.00 the supplier's."""
    charge = flight("j", 100_00, 60_00)
    down = tuple(
        attrs.evolve(charge, id=f"adj_{n}", entries=correction)
        for n, correction in enumerate(
            (
                tuple(-entry for entry in flight("x", 80_00, 48_00).entries),
                flight("x", 20_00, 12_00).entries,
            )
        )
    )
    undone = undo_charge(charge, eur(40_00), refund="a", at=AT, corrections=down)
    legs = net_of(e for j in (charge, *down, undone.journal) for e in j.entries)

    assert {0} == set(legs.values())
    assert (Entry("supplier:t-1", eur(-24_00)),) == undone.shares
    with pytest.raises(ChargeUndoneAlready, match=r"has 40\.00 EUR left to take back; 40\.01"):
        undo_charge(charge, eur(40_01), refund="a", at=AT, corrections=down)
    undone_by_hand = (*down, attrs.evolve(undone.journal, reverses=None))
    with pytest.raises(ChargeUndoneAlready, match=r"has 0\.00 EUR left"):
        undo_charge(charge, eur(1), refund="b", at=AT, corrections=undone_by_hand)


def test_what_payers_shared_goes_back_to_each_as_corrected() -> None:
    """60.00 and 40.00 were charged and 30.00 of the 60.00 corrected: 30.00 and 40.00 go back."""
    platform = Entry("platform", eur(100_00))
    payers = Entry("customer:c-1", eur(-60_00)), Entry("customer:c-2", eur(-40_00))
    charge = attrs.evolve(flight("j", 100_00, 60_00), entries=(*payers, platform))
    legs = Entry("customer:c-1", eur(30_00)), Entry("platform", eur(-30_00))
    down = attrs.evolve(charge, id="adj", entries=legs)
    undone = undo_charge(charge, eur(70_00), refund="a", at=AT, corrections=(down,))

    assert {"customer:c-1": 30_00, "customer:c-2": 40_00, "platform": -70_00} == {
        entry.wallet: entry.amount.minor for entry in undone.journal.entries
    }


def test_what_an_adjustment_added_is_a_charge_of_its_own() -> None:
    """100.00 went up to 160.00: of the first journal 100.00 are taken back, of the other 60.00."""
    charge, more = flight("j", 100_00, 60_00), flight("adj", 60_00, 36_00)
    first = undo_charge(charge, eur(100_00), refund="a", at=AT, corrections=(more,))
    second = undo_charge(more, eur(60_00), refund="a", at=AT)

    assert -96_00 == sum(e.amount.minor for e in (*first.shares, *second.shares))
    with pytest.raises(ChargeUndoneAlready):
        undo_charge(charge, eur(100_01), refund="a", at=AT, corrections=(more,))


# ---- records and laws ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"amount": eur(0)}, "needs Money above 0"),
        ({"outcome": "gift"}, "the outcome of a refund is"),
        ({"status": "gone"}, "has no status 'gone'"),
        ({"asked_on": AT}, "asked_on"),
        ({"note": 5}, "refund note must be text"),
        ({"reason": 5}, "reason must be text"),
        ({"invoice": ""}, "refund invoice"),
        ({"object": " x"}, "refund object"),
    ],
)
def test_a_refund_that_cannot_be(fields: dict[str, Any], expected: str) -> None:
    """What a refund cannot hold is refused when it is built."""
    one = Refund(
        id="r", payment="p", customer="c-1", amount=eur(1), method="cash:bank", asked_on=ON
    )
    with pytest.raises((TypeError, ValueError), match=expected):
        attrs.evolve(one, **fields)


@given(
    st.lists(
        st.tuples(st.sampled_from(["ask", "done", "failed", "hand"]), st.integers(1, 8_000)),
        max_size=12,
    )
)
def test_money_out_is_never_more_than_came_in(steps: list[tuple[str, int]]) -> None:
    """Whatever is asked, done and failed: done and open together are within the payment."""
    payment, (paid,) = captured(12_000)
    known: dict[str, Refund] = {}
    for n, (step, minor) in enumerate(steps):
        now = [attrs.evolve(paid, paid=payment.pays("i-1"))]
        changed: Any = None
        if step in ("ask", "hand"):
            how: dict[str, Any] = {"key": str(n), "reason": "x", "on": ON, "at": AT}
            try:
                if step == "ask":
                    changed = refunds.request(payment, eur(minor), **how)
                else:
                    changed = hand_back(payment, eur(minor), owed=now, **how)
            except OverRefunded:
                assert eur(minor) > payment.refundable
        elif known:
            one = known[sorted(known)[minor % len(known)]]
            if one.method == "gateway:stripe":
                news = refund_told(step, one.amount.minor, f"re_{one.id}")
                changed = follow(one, news, payment=payment, owed=now, at=AT)
        if changed is not None:
            payment = changed.payment
            known[changed.refund.id] = changed.refund
        done = sum(r.amount.minor for r in known.values() if r.status == DONE)
        waiting = sum(r.amount.minor for r in known.values() if r.status == PENDING)
        assert done + waiting <= 12_000
        assert (done, 12_000 - done - waiting) == (
            payment.moved_out.minor,
            payment.refundable.minor,
        )
