"""Payments: taken once, assigned to what is due, void only if recorded by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.credit_notes import APPLIED, Applied, CreditLine, CreditNote
from ledgerkit.domain.gateways import ChargeOrder, GatewayObject
from ledgerkit.domain.grants import DEPLETED, Draw, Grant
from ledgerkit.domain.invoices import ISSUED, Invoice, settled
from ledgerkit.domain.ledger import Entry, net_of
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import Money
from ledgerkit.domain.payments import (
    CAPTURED,
    DISPUTED,
    FAILED,
    PARTLY_REFUNDED,
    PENDING,
    REFUNDED,
    VOIDED,
    Assignment,
    FeePolicy,
    MoneyOut,
    NothingToCharge,
    Payment,
    PaymentInDispute,
    PaymentPending,
    Receivable,
    ThroughGateway,
    allocate,
    assign,
    capture,
    charge,
    charge_key,
    charged_as,
    fail,
    follow,
    freed,
    invoices_noted,
    notes_for,
    of_object,
    receivables,
    record_manual,
    refused,
    request,
    settled_by,
    status_of,
    void,
    with_out,
)
from ledgerkit.testing.samples import invoice

AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
ON = date(2026, 11, 2)


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


def owed(id: str, minor: int, *, paid: int = 0, credited: int = 0, **more: Any) -> Receivable:
    """Return an issued invoice of so many cents with what was paid and credited."""
    fields: dict[str, Any] = {"issued_on": date(2026, 10, 1), "due_on": date(2026, 10, 15)}
    one = invoice(id, minor=minor, status=ISSUED, **(fields | more))
    one = settled(one, paid=eur(paid), credited=eur(credited))
    return Receivable(invoice=one, paid=eur(paid), credited=eur(credited))


def told(status: str = "done", minor: int = 12_000, id: str = "pi_1", **more: Any) -> GatewayObject:
    """Return a charge as the gateway tells it."""
    return GatewayObject(kind="charge", id=id, status=status, amount=eur(minor), created=AT, **more)


def pending(minor: int = 12_000, **more: Any) -> Payment:
    """Return a payment that is on its way."""
    fields: dict[str, Any] = {"id": "pmt_1", "customer": "c-1", "method": "gateway:stripe"}
    return Payment(amount=eur(minor), **(fields | more))


def captured(minor: int = 12_000, *invoices: Receivable, **more: Any) -> Payment:
    """Return a payment that came in for *invoices*."""
    return capture(pending(minor, **more), told(minor=minor), owed=invoices, on=ON, at=AT).payment


def by_hand(minor: int = 5_000, *invoices: Receivable, **more: Any) -> Any:
    """Record a payment by hand."""
    fields: dict[str, Any] = {"key": "k-1", "owed": invoices, "on": ON, "at": AT}
    return record_manual("c-1", eur(minor), **(fields | more))


def statuses(invoices: Sequence[Invoice]) -> dict[str, str]:
    """Return the status of each invoice."""
    return {each.id: each.status for each in invoices}


FIFTY, SEVENTY = owed("i-1", 5_000), owed("i-2", 7_000, due_on=date(2026, 10, 16))


# ---- assigning -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("minor", "expected"),
    [
        (10_000, {"i-1": 5_000, "i-2": 5_000}),
        (13_000, {"i-1": 5_000, "i-2": 7_000}),
        (4_000, {"i-1": 4_000}),
    ],
)
def test_what_is_due_first_is_paid_first(minor: int, expected: dict[str, int]) -> None:
    """50.00 and 70.00: 100.00 pays 50 + 50, 130.00 pays both and 10.00 is credit."""
    parts = allocate(eur(minor), [SEVENTY, FIFTY])

    assert expected == {part.invoice: part.amount.minor for part in parts}


def test_of_two_due_on_one_day_the_older_is_paid_first() -> None:
    """By the day of issue, whatever their ids."""
    older = owed("i-9", 7_000, issued_on=date(2026, 9, 30))

    assert [Assignment("i-9", eur(6_000))] == list(allocate(eur(6_000), [FIFTY, older]))


def test_a_captured_payment_moves_its_invoices() -> None:
    """130.00 pays 50.00 and 70.00; 10.00 is credit: the wallet is above zero."""
    done = capture(pending(), told(minor=13_000), owed=[FIFTY, SEVENTY], on=ON, at=AT)

    assert {"i-1": "paid", "i-2": "paid"} == statuses(done.invoices)
    assert eur(1_000) == done.payment.credit
    assert (CAPTURED, "pi_1", ON) == (
        done.payment.status,
        done.payment.object,
        done.payment.received_on,
    )


def test_named_invoices_are_paid_and_no_others() -> None:
    """In the order of their names; what is left is credit, although another is open."""
    named = allocate(eur(13_000), [FIFTY, SEVENTY, owed("i-3", 100)], named=("i-2", "i-1"))

    assert ["i-2", "i-1"] == [part.invoice for part in named]
    assert (eur(7_000), eur(5_000)) == tuple(part.amount for part in named)


def test_invoices_in_other_currencies_get_nothing() -> None:
    """A payment in dollars settles no debt in euros."""
    assert () == allocate(Money(5_000, "USD"), [FIFTY])


def test_an_invoice_without_a_date_comes_last() -> None:
    """What has no due date is paid after what has one."""
    undated = owed("i-0", 5_000, due_on=None, issued_on=None)

    assert ["i-1", "i-0"] == [p.invoice for p in allocate(eur(6_000), [undated, FIFTY])]


def test_receivables_count_payments_and_notes() -> None:
    """What is open is the total less payments and what notes took off."""
    line = CreditLine(id="l", source="s", item="x", on=ON, amount=eur(500), line=None)
    note = CreditNote(
        id="crn_1",
        customer="c-1",
        currency="EUR",
        invoice="i-1",
        lines=(line,),
        reason="less",
        status=APPLIED,
        applied=Applied(to_open=eur(500), to_credit=eur(0), to_refund=eur(0)),
    )
    (one,) = receivables([FIFTY.invoice], [captured(2_000, FIFTY)], [note], [])

    assert (eur(2_000), eur(500), eur(2_500)) == (one.paid, one.credited, one.open)


def test_left_over_money_is_assigned_later() -> None:
    """10.00 of credit pays part of the next invoice, and moves no money."""
    first = captured(6_000, FIFTY)
    later = owed("i-9", 3_000)
    done = assign(first, owed=[later])

    assert (eur(1_000), eur(0)) == (done.payment.pays("i-9"), done.payment.credit)
    assert {"i-9": "partially_paid"} == statuses(done.invoices)
    assert () == done.journals
    assert not assign(done.payment, owed=[later]).changed


@pytest.mark.parametrize(
    ("moved", "reserved", "invoice", "left"),
    [(0, 700, None, 300), (0, 1_200, None, 0), (0, 700, "i-1", 1_000), (400, 300, None, 300)],
)
def test_what_is_on_its_way_back_pays_nothing(
    moved: int, reserved: int, invoice: str | None, left: int
) -> None:
    """Of 10.00 of credit 7.00 are asked back, or in question: 3.00 are left for the next invoice.

    What is asked back of the first invoice leaves the credit alone.
    """
    first = with_out(captured(6_000, FIFTY), "r", out("r", moved, reserved, invoice=invoice))

    done = assign(first, owed=[owed("i-9", 3_000)])

    assert (left, left > 0) == (done.payment.pays("i-9").minor, done.changed)


def test_what_is_on_its_way_back_is_not_freed() -> None:
    """12.00 of an invoice of 50.00 are over and 7.00 of it asked back: 5.00 pay the next one."""
    first = with_out(captured(5_000, FIFTY), "r", out("r", 0, 700, invoice="i-1"))

    kept = freed(first, {"i-1": eur(1_200)})

    assert (4_500, 500) == (kept.pays("i-1").minor, kept.usable.minor)


def test_what_prepaid_credit_paid_is_not_owed() -> None:
    """20.00 of an invoice of 50.00 were drawn from credit: 30.00 are open."""
    line = FIFTY.invoice.lines[0].id
    drawn = Draw(source=line, on=ON, amount=eur(2_000), value=eur(2_000), journal="jrn_1")
    held = Grant(
        id="g-1",
        customer="c-1",
        amount=eur(2_000),
        price=eur(2_000),
        granted_on=ON,
        draws=(drawn,),
        status=DEPLETED,
    )

    (one,) = receivables([FIFTY.invoice], [], [], [held])

    assert (eur(2_000), eur(3_000)) == (one.paid, one.open)


def test_an_invoice_that_moves_must_be_given() -> None:
    """What was paid of an invoice is needed to know its status."""
    with pytest.raises(ValueError, match="pays invoice 'i-1'; give that invoice"):
        settled_by(pending(), captured(5_000, FIFTY), [])


# ---- taking ----------------------------------------------------------------------------------
def test_a_capture_moves_money_from_the_gateway() -> None:
    """Captured: gateway -x, customer +x, under the names of the gateway's object."""
    (journal,) = capture(pending(), told(), owed=[], on=ON, at=AT).journals

    assert (Entry("gateway:stripe", eur(-12_000)), Entry("customer:c-1", eur(12_000))) == (
        journal.entries
    )
    assert "gateway.charge:stripe:pi_1" == str(journal.event)
    assert "payment.captured" == journal.kind


@pytest.mark.parametrize(
    ("bearer", "wallet"), [("platform", "platform"), ("customer", "customer:c-1")]
)
def test_the_fee_has_legs_of_its_own(bearer: str, wallet: str) -> None:
    """Its bearer -f, gateway +f; the platform bears it unless the policy says otherwise."""
    done = capture(pending(), told(fee=eur(170)), owed=[], on=ON, at=AT, fees=FeePolicy(bearer))

    assert (Entry(wallet, eur(-170)), Entry("gateway:stripe", eur(170))) == (
        done.journals[1].entries
    )
    assert eur(170) == done.payment.fee


def test_a_fee_that_is_told_later_is_booked_then_once() -> None:
    """The fee is known when the money is available, and is booked under its own event."""
    first = captured()
    later = follow(first, told(fee=eur(170)), owed=[], on=ON, at=AT)
    assert later is not None
    again = follow(later.payment, told(fee=eur(170)), owed=[], on=ON, at=AT)
    free = follow(first, told(fee=eur(0)), owed=[], on=ON, at=AT)
    assert free is not None

    assert ["gateway.charge:stripe:pi_1:fee"] == [str(j.event) for j in later.journals]
    assert again is None
    assert (eur(0), ()) == (free.payment.fee, free.journals)


def test_a_bearer_is_one_of_two() -> None:
    """Suppliers do not bear what gateways take of customers' payments."""
    with pytest.raises(ValueError, match="platform or customer"):
        FeePolicy("supplier")


def test_asking_stores_payment_and_order_together() -> None:
    """One decision holds the payment, the instruction and the message that wakes a worker."""
    asked = charge(FIFTY, attempt=2, gateway="stripe", holder="cus_1", method="pm_1", at=AT)
    effects = asked.effects

    assert (PENDING, eur(5_000), ("i-1",)) == (
        asked.payment.status,
        asked.payment.amount,
        asked.payment.invoices,
    )
    assert asked.payment.id == charged_as("c-1", charge_key("i-1", 2))
    assert asked.instructed.instruction.subject == asked.payment.id
    assert ChargeOrder(amount=eur(5_000), customer="cus_1", method="pm_1") == (
        asked.instructed.instruction.order
    )
    assert (asked.payment, FIFTY.invoice, asked.instructed.instruction) == effects.records
    assert 1 == len(effects.messages)
    assert () == effects.journals


def test_an_attempt_is_one_payment() -> None:
    """The key is (invoice, attempt number): the same again is the same payment."""
    one, same, other = (
        charge(FIFTY, attempt=n, gateway="stripe", holder="cus_1", at=AT) for n in (1, 1, 2)
    )

    assert one == same
    assert one.payment.id != other.payment.id
    with pytest.raises(ValueError, match="attempts count from 1"):
        charge(FIFTY, attempt=0, gateway="stripe", holder="cus_1", at=AT)


def test_what_is_being_paid_is_not_charged() -> None:
    """While a payment for the invoice is on its way, none is asked for; a failed one is over."""
    first = charge(FIFTY, attempt=1, gateway="stripe", holder="cus_1", at=AT).payment
    failed = fail(first, reason="card_declined").payment
    ask: dict[str, Any] = {"attempt": 2, "gateway": "stripe", "holder": "cus_1", "at": AT}
    with pytest.raises(PaymentPending, match=r"'i-1' is being paid by .*; charge it once"):
        charge(FIFTY, payments=[first], **ask)
    with pytest.raises(NothingToCharge, match="is paid; a charge needs more than 0"):
        charge(owed("i-1", 5_000, paid=5_000), **ask)

    assert (FAILED, "card_declined") == (failed.status, failed.reason)
    assert PENDING == charge(FIFTY, payments=[failed], **ask).payment.status
    other = charge(owed("i-2", 900), attempt=1, gateway="stripe", holder="cus_1", at=AT).payment
    assert ("i-1",) == charge(FIFTY, payments=[failed, other], **ask).payment.invoices


def test_what_a_dispute_took_is_not_charged_again() -> None:
    """While it is open; won it comes back, and lost the invoice can be charged."""
    paid = captured(12_000, FIFTY, SEVENTY)
    taken = with_out(paid, "d", out("d", 12_000, disputed=True))
    given_back = with_out(paid, "d", out("d", -1, disputed=True))
    inquiry = with_out(paid, "d", out("d", 0, 12_000, disputed=True))
    lost = with_out(taken, "d", out("d", 12_000))
    ask: dict[str, Any] = {"attempt": 2, "gateway": "stripe", "holder": "cus_1", "at": AT}
    with pytest.raises(PaymentInDispute, match=r"of which a dispute took 120\.00 EUR; charge it"):
        charge(FIFTY, payments=[taken], **ask)

    assert [eur(12_000), eur(0), eur(12_000), eur(0), eur(0), eur(0)] == [
        each.awaited for each in (pending(), paid, taken, given_back, inquiry, lost)
    ]
    for others in ([inquiry], [lost], [captured(12_000, SEVENTY)]):
        assert eur(5_000) == charge(FIFTY, payments=others, **ask).payment.amount
    other = with_out(captured(7_000, SEVENTY), "d", out("d", 7_000, disputed=True))
    assert eur(5_000) == charge(FIFTY, payments=[other], **ask).payment.amount


def test_any_amount_can_be_asked_for() -> None:
    """A balance can be charged without an invoice; the key says which charge it is."""
    asked = request("c-1", eur(900), key="limit/7", gateway="stripe", holder="cus_1", at=AT)

    assert asked.payment.id == charged_as("c-1", "limit/7")
    assert () == asked.payment.invoices


def test_a_late_success_counts() -> None:
    """Failed, then done: the books follow the gateway. Done, then failed: it stays."""
    failed = follow(pending(), told("failed", reason="declined"), owed=[], on=ON, at=AT)
    assert failed is not None
    late = follow(failed.payment, told(), owed=[FIFTY], on=ON, at=AT)
    assert late is not None

    assert (FAILED, "declined", "pi_1") == (
        failed.payment.status,
        failed.payment.reason,
        failed.payment.object,
    )
    assert (CAPTURED, "") == (late.payment.status, late.payment.reason)
    for old in (told("failed"), told("pending"), told(), told(id="pi_2")):
        assert follow(late.payment, old, owed=[], on=ON, at=AT) is None


def test_the_object_is_known_once_it_is_told() -> None:
    """Pending: only the gateway's id is new; another object of it does not count yet."""
    known = follow(pending(), told("pending"), owed=[], on=ON, at=AT)
    assert known is not None

    assert ("pi_1", PENDING) == (known.payment.object, known.payment.status)
    assert follow(known.payment, told("pending"), owed=[], on=ON, at=AT) is None
    assert follow(known.payment, told("failed", id="pi_2"), owed=[], on=ON, at=AT) is None


def test_the_amount_is_what_the_gateway_says() -> None:
    """Part of what was asked came in: the rest stays open."""
    done = capture(pending(5_000), told(minor=3_000), owed=[FIFTY], on=ON, at=AT)

    assert (eur(3_000), {"i-1": "partially_paid"}) == (
        done.payment.amount,
        statuses(done.invoices),
    )


def test_a_refused_order_fails_its_payment() -> None:
    """A refusal fails what is pending; what came in, or failed before, stays."""
    done = refused(pending(), reason="card_declined")
    assert done is not None

    assert FAILED == done.payment.status
    assert refused(done.payment, reason="again") is None
    assert refused(captured(), reason="late") is None


# ---- on the gateway's own page ---------------------------------------------------------------
def test_missed_cycles_paid_on_a_page_are_applied_to_them() -> None:
    """Three cycles of 50.00, one line each, paid at once: exactly that invoice is paid."""
    cycles = owed("i-3", 15_000, due_on=date(2026, 12, 1))
    paid = told(minor=15_000, metadata=tuple(notes_for("c-1", ("i-3",)).items()))
    fresh = of_object(paid, gateway="stripe", customer="c-1", invoices=invoices_noted(paid))
    done = follow(fresh, paid, owed=[FIFTY, cycles], on=ON, at=AT)
    assert done is not None

    assert {"i-3": "paid"} == statuses(done.invoices)
    assert "gateway:stripe" == done.payment.method


def test_many_invoices_take_several_notes() -> None:
    """A note holds 500 characters; the ids come back in order, however many there are."""
    ids = tuple(f"inv_20261101_{n:016}" for n in range(40))
    notes = notes_for("c-1", ids)

    assert ids == invoices_noted(told(metadata=tuple(notes.items())))
    assert max(len(text) for text in notes.values()) <= 500
    assert {"ledgerkit_customer": "c-1"} == notes_for("c-1")
    assert () == invoices_noted(told())
    with pytest.raises(ValueError, match="holds no comma"):
        notes_for("c-1", ("a,b",))


# ---- by hand ---------------------------------------------------------------------------------
def test_money_by_hand_is_captured_at_once() -> None:
    """Cash -x, customer +x; the reference stands in the journal."""
    done = by_hand(5_000, FIFTY, reference="SEPA 7")

    assert (CAPTURED, ON, "SEPA 7") == (
        done.payment.status,
        done.payment.received_on,
        done.payment.reference,
    )
    assert (Entry("cash:bank", eur(-5_000)), Entry("customer:c-1", eur(5_000))) == (
        done.journals[0].entries
    )
    assert (("reference", "SEPA 7"),) == done.journals[0].metadata
    assert () == by_hand(5_000).journals[0].metadata
    assert {"i-1": "paid"} == statuses(done.invoices)


def test_money_by_hand_arrives_at_cash() -> None:
    """What a gateway took cannot be recorded by hand."""
    with pytest.raises(ValueError, match=r"needs a wallet cash:\.\.\."):
        by_hand(cash="gateway:stripe")


def test_void_is_the_exact_inverse() -> None:
    """The wallets hold what they did before, the invoice is open again, and it says why."""
    done = by_hand(5_000, FIFTY)
    paid = Receivable(invoice=done.invoices[0], paid=eur(5_000), credited=eur(0))
    undone = void(done.payment, owed=[paid], reason="entered twice", at=AT + timedelta(days=1))
    again = void(undone.payment, owed=[], reason="once more", at=AT)
    both = net_of(e for j in (*done.journals, *undone.journals) for e in j.entries)

    assert (VOIDED, "entered twice") == (undone.payment.status, undone.payment.reason)
    assert {0} == set(both.values())
    assert done.journals[0].id == undone.journals[0].reverses
    assert {"i-1": "issued"} == statuses(undone.invoices)
    assert (undone.payment, Effects()) == (again.payment, again.effects)


def test_what_a_gateway_took_is_never_void() -> None:
    """It can only be refunded; what was given back already cannot be void either."""
    with pytest.raises(ThroughGateway, match="came through gateway:stripe; refund it"):
        void(captured(), owed=[], reason="oops", at=AT)
    out = MoneyOut(record="rfd_1", moved=eur(100), reserved=eur(0))
    with pytest.raises(IllegalTransition, match="payment is partly_refunded; void needs captured"):
        void(with_out(by_hand().payment, "rfd_1", out), owed=[], reason="oops", at=AT)
    with pytest.raises(ValueError, match="reason to void"):
        void(by_hand().payment, owed=[], reason="", at=AT)


# ---- what goes back --------------------------------------------------------------------------
def out(record: str, moved: int, reserved: int = 0, **more: Any) -> MoneyOut:
    """Return what a refund takes."""
    return MoneyOut(record=record, moved=eur(moved), reserved=eur(reserved), **more)


def test_status_follows_from_what_went_back() -> None:
    """Part, all, in dispute, and back again."""
    one = captured()
    part = with_out(one, "a", out("a", 2_000))
    disputed = with_out(part, "d", out("d", 0, 10_000, disputed=True))
    lost = with_out(disputed, "d", out("d", 10_000))
    won = with_out(disputed, "d", out("d", 0))

    assert [PARTLY_REFUNDED, DISPUTED, REFUNDED, PARTLY_REFUNDED, CAPTURED] == [
        part.status,
        disputed.status,
        lost.status,
        won.status,
        with_out(part, "a", None).status,
    ]
    assert (eur(10_000), eur(0), eur(10_000)) == (
        part.refundable,
        disputed.refundable,
        won.refundable,
    )
    assert PARTLY_REFUNDED == with_out(part, "b", out("b", 0, 5)).status
    assert PENDING == status_of(pending())


def test_what_is_not_assigned_goes_back_first() -> None:
    """Then what was assigned last; a refund that names an invoice is taken from that one."""
    one = captured(13_000, FIFTY, SEVENTY)
    credit = with_out(one, "a", out("a", 1_000))
    last = with_out(one, "a", out("a", 3_000))
    named = with_out(one, "a", out("a", 5_000, invoice="i-1"))

    assert (eur(5_000), eur(7_000)) == (credit.pays("i-1"), credit.pays("i-2"))
    assert (eur(5_000), eur(5_000)) == (last.pays("i-1"), last.pays("i-2"))
    assert (eur(0), eur(7_000), eur(1_000)) == (named.pays("i-1"), named.pays("i-2"), named.credit)


def test_nothing_goes_back_of_what_did_not_come_in() -> None:
    """A pending or void payment has nothing to give back."""
    with pytest.raises(IllegalTransition, match="payment is pending; refund needs"):
        with_out(pending(), "a", out("a", 1))

    assert (eur(0), eur(0), eur(0)) == (
        pending().kept,
        pending().refundable,
        pending().pays("i-1"),
    )


# ---- records ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"amount": eur(0)}, "needs Money above 0"),
        ({"amount": 5}, "needs Money above 0"),
        ({"method": "purse:1"}, r"arrives at gateway:\.\.\. or cash"),
        ({"status": "gone"}, "has no status 'gone'"),
        ({"fee": eur(-1)}, "from zero on"),
        ({"received_on": AT}, "received_on"),
        ({"invoices": ["i-1"]}, "must be a tuple of str"),
        ({"invoices": ("i-1", "i-1")}, "names each invoice and record once"),
        ({"assignments": (Assignment("i-1", eur(12_001)),)}, "is assigned to"),
    ],
)
def test_a_payment_that_cannot_be(fields: dict[str, Any], expected: str) -> None:
    """What a payment cannot hold is refused when it is built."""
    with pytest.raises((TypeError, ValueError), match=expected):
        attrs.evolve(pending(), **fields)


def test_parts_that_cannot_be() -> None:
    """An assignment and a reservation are zero or more."""
    with pytest.raises(ValueError, match="from zero on"):
        Assignment("i-1", eur(-1))
    with pytest.raises(ValueError, match="reserves zero or more"):
        out("a", 0, -1)


# ---- laws ------------------------------------------------------------------------------------
AMOUNTS = st.integers(1, 30_000)


@given(AMOUNTS, st.lists(st.tuples(AMOUNTS, st.integers(0, 30)), max_size=5))
def test_no_invoice_gets_more_than_is_open(minor: int, debts: list[tuple[int, int]]) -> None:
    """Assignments and credit are the payment; there is credit only if nothing is open."""
    invoices = [
        owed(f"i-{n}", total, due_on=date(2026, 10, 2) + timedelta(days=days))
        for n, (total, days) in enumerate(debts)
    ]
    one = captured(minor, *invoices)
    whole = sum(total for total, _ in debts)

    assert minor == sum(a.amount.minor for a in one.assigned) + one.credit.minor
    assert max(0, minor - whole) == one.credit.minor
    assert all(one.pays(each.invoice.id) <= each.open for each in invoices)


@given(st.lists(st.tuples(st.sampled_from(["by_hand", "capture", "void"]), AMOUNTS), max_size=8))
def test_invoices_are_as_settled_says(steps: list[tuple[str, int]]) -> None:
    """After payments and voids statuses are what `settled` says, the wallet is what is kept."""
    debts = {"i-1": FIFTY.invoice, "i-2": SEVENTY.invoice}
    payments: dict[str, Payment] = {}
    journals: list[Any] = []
    for n, (step, minor) in enumerate(steps):
        now = receivables(debts.values(), payments.values(), [], [])
        if step == "by_hand":
            done = by_hand(minor, *now, key=str(n))
        elif step == "capture":
            done = capture(
                pending(minor, id=f"pmt_{n}"),
                told(minor=minor, id=f"pi_{n}"),
                owed=now,
                on=ON,
                at=AT,
            )
        else:
            manual = [p for p in payments.values() if p.gateway is None]
            if not manual:
                continue
            done = void(manual[minor % len(manual)], owed=now, reason="wrong", at=AT)
        payments[done.payment.id] = done.payment
        debts |= {each.id: each for each in done.invoices}
        journals += done.effects.journals

    kept = sum(payment.kept.minor for payment in payments.values())
    held = net_of(entry for journal in journals for entry in journal.entries)
    assert kept == held.get(("customer:c-1", "EUR"), 0)
    for one in receivables(debts.values(), payments.values(), [], []):
        assert one.invoice == settled(one.invoice, paid=one.paid, credited=one.credited)
        assert one.paid <= one.invoice.total
