"""The life of an issued invoice: open, overdue, paid, void; and what a customer is asked for."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.changes import Decision, changes_of, expect, request
from ledgerkit.domain.discounts import Coupon
from ledgerkit.domain.invoices import (
    INVOICE,
    Addressee,
    AmountDue,
    ChargedElsewhere,
    Invoice,
    InvoiceSettled,
    amount_due,
    by_hand,
    discounted,
    is_overdue,
    issue,
    line,
    open_amount,
    send,
    settled,
    taxed,
    void,
)
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import CurrencyMismatch, Money, NegativeAmount, Rate
from ledgerkit.domain.parties import Party
from ledgerkit.domain.tax import Tax, TaxRate

ON, DUE = date(2025, 12, 20), date(2026, 1, 3)
AT = datetime(2025, 12, 20, 12, tzinfo=UTC)
VAT = Tax(id="vat", code="vat", rates=(TaxRate(Fraction(1, 5), date(2020, 1, 1)),))
ANA = Party(
    id="ana",
    role="customer",
    name="Ana García",
    currency="EUR",
    email="ana@example.org",
    address=("Calle de Alcalá 1", "28009 Madrid"),
    locale="es",
    tax_id="12345678Z",
)


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


def draft(minor: int = 100_00, **more: Any) -> Invoice:
    """Return a draft over one line, taxed 20 %."""
    charged = line("x", item="x", on=ON, price=Rate.of(eur(minor)), **more)
    return taxed(by_hand("1", customer="ana", lines=[charged], on=ON), {"": [VAT]})


def issued(minor: int = 100_00, **fields: Any) -> Invoice:
    """Return an issued invoice over 120.00, due on 3 January."""
    return attrs.evolve(issue(draft(minor), on=ON, due_on=DUE, at=AT).invoice, **fields)


def with_money(invoice: Invoice, paid: int, credited: int = 0) -> Invoice:
    """Return *invoice* after so many cents were paid and credited."""
    return settled(invoice, paid=eur(paid), credited=eur(credited))


# ---- open, and the status that follows -------------------------------------------------------
@pytest.mark.parametrize(
    ("expected", "paid", "credited"),
    [
        (120_00, 0, 0),
        (84_00, 0, 36_00),
        (20_00, 100_00, 0),
        (0, 100_00, 20_00),
        (0, 120_00, 0),
        (0, 120_00, 36_00),
    ],
)
def test_open_is_total_less_paid_less_credited(expected: int, paid: int, credited: int) -> None:
    """120.00 less payments and credits, never below zero (spec: billing 5a, 7)."""
    assert eur(expected) == open_amount(issued(), paid=eur(paid), credited=eur(credited))


@pytest.mark.parametrize("status", ["draft", "void", "written_off"])
def test_nothing_of_it_is_open(status: str) -> None:
    """A draft owes nothing yet, and a void or written off invoice nothing any more."""
    assert eur(0) == open_amount(issued(status=status), paid=eur(0), credited=eur(0))


@pytest.mark.parametrize(
    ("expected", "before", "paid", "credited"),
    [
        ("issued", "issued", 0, 0),
        ("issued", "issued", 0, 36_00),
        ("partially_paid", "issued", 100_00, 0),
        ("paid", "issued", 120_00, 0),
        ("paid", "issued", 0, 120_00),
        ("paid", "partially_paid", 100_00, 20_00),
        ("partially_paid", "partially_paid", 1_00, 0),
        ("issued", "partially_paid", 0, 0),
        ("partially_paid", "paid", 100_00, 0),
        ("issued", "paid", 0, 0),
        ("paid", "paid", 120_00, 0),
        ("written_off", "written_off", 119_99, 0),
        ("paid", "written_off", 120_00, 0),
        ("draft", "draft", 0, 0),
        ("void", "void", 0, 0),
    ],
)
def test_status_follows_the_money(expected: str, before: str, paid: int, credited: int) -> None:
    """A payment that comes or goes back moves the status, either way (spec: billing 5a)."""
    assert expected == with_money(issued(status=before), paid, credited).status


def test_refund_without_a_note_reopens_the_debt() -> None:
    """233.82 paid and refunded are 233.82 open again (spec: billing 7)."""
    invoice = attrs.evolve(
        issue(
            by_hand(
                "1",
                customer="ana",
                lines=[line("x", item="x", on=ON, price=Rate.of(eur(233_82)))],
                on=ON,
            ),
            on=ON,
            due_on=DUE,
            at=AT,
        ).invoice,
        status="paid",
    )

    assert eur(233_82) == open_amount(invoice, paid=eur(0), credited=eur(0))
    assert "issued" == with_money(invoice, 0).status
    assert eur(0) == open_amount(invoice, paid=eur(0), credited=eur(233_82))


@pytest.mark.parametrize(("paid", "credited"), [(-1, 0), (0, -1)])
def test_amounts_are_not_negative(paid: int, credited: int) -> None:
    """A refund lowers what was paid; it is not a payment below zero."""
    with pytest.raises(NegativeAmount):
        with_money(issued(), paid, credited)


def test_amounts_are_in_its_currency() -> None:
    """Pounds do not pay euros."""
    with pytest.raises(CurrencyMismatch):
        settled(issued(), paid=Money(1, "GBP"), credited=eur(0))


@given(st.integers(0, 150_00), st.integers(0, 150_00), st.integers(0, 50_00))
def test_more_money_never_opens_more(paid: int, credited: int, more: int) -> None:
    """The open amount falls as money comes in; law 11 of spec 13."""
    one = open_amount(issued(), paid=eur(paid), credited=eur(credited))

    assert one >= open_amount(issued(), paid=eur(paid + more), credited=eur(credited))
    assert one >= open_amount(issued(), paid=eur(paid), credited=eur(credited + more))


@given(st.integers(0, 150_00), st.integers(0, 150_00), st.integers(0, 50_00))
def test_more_money_never_sets_the_status_back(paid: int, credited: int, more: int) -> None:
    """From issued to partly paid to paid, never the other way; law 11 of spec 13."""
    forwards = ("issued", "partially_paid", "paid")

    def reached(paid: int, credited: int) -> int:
        return forwards.index(with_money(issued(), paid, credited).status)

    assert reached(paid, credited) <= reached(paid + more, credited)
    assert reached(paid, credited) <= reached(paid, credited + more)


# ---- overdue ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("on", "expected"),
    [(date(2026, 1, 2), False), (date(2026, 1, 3), False), (date(2026, 1, 4), True)],
)
def test_due_january_3_is_overdue_on_january_4(on: date, expected: bool) -> None:
    """The due date is the last day to pay (spec: billing 7)."""
    assert expected == is_overdue(issued(), on=on)
    assert expected == is_overdue(issued(status="partially_paid"), on=on)


@pytest.mark.parametrize("status", ["draft", "paid", "void", "written_off"])
def test_what_is_settled_is_never_overdue(status: str) -> None:
    """Nothing is waited for."""
    assert not is_overdue(issued(status=status), on=date(2027, 1, 1))


def test_nothing_to_pay_is_never_overdue() -> None:
    """A month that packages covered is due on no day."""
    assert not is_overdue(issued(0), on=date(2027, 1, 1))
    assert not is_overdue(issued(due_on=None), on=date(2027, 1, 1))


@pytest.mark.parametrize("wrong", [AT, AT.replace(tzinfo=None), "2026-01-04", None])
def test_overdue_on_what_is_no_date_is_refused(wrong: Any) -> None:
    """A draft is never overdue, and refuses it all the same: the mistake shows at once."""
    for status in ("issued", "draft"):
        with pytest.raises(TypeError, match="on must be a date"):
            is_overdue(issued(status=status), on=wrong)


# ---- what is asked for -----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("total", "credit", "expected"),
    [
        (293_70, 200_00, (200_00, 93_70, 0, 0)),
        (30_95, 100_00, (30_95, 0, 0, 69_05)),
        (-38_39, 0, (0, 0, 38_39, 38_39)),
        (50_00, 0, (0, 50_00, 0, 0)),
    ],
)
def test_amount_due(total: int, credit: int, expected: tuple[int, ...]) -> None:
    """293.70 with 200.00 of credit asks for 93.70; a negative total is credit (users' row 7)."""
    applied, due, gained, left = map(eur, expected)

    assert AmountDue(
        total=eur(total),
        credit_applied=applied,
        amount_due=due,
        to_customer_credit=gained,
        credit_left=left,
    ) == amount_due(eur(total), credit=eur(credit))


def test_credit_is_not_a_debt() -> None:
    """What a customer owes elsewhere is no credit here."""
    with pytest.raises(NegativeAmount):
        amount_due(eur(1), credit=eur(-1))
    with pytest.raises(CurrencyMismatch):
        amount_due(eur(1), credit=Money(1, "GBP"))


# ---- the customer on the document ------------------------------------------------------------
def test_the_document_keeps_its_customer() -> None:
    """Name, address, mail, language and tax number, as they were on the day."""
    made = issue(draft(), on=ON, due_on=DUE, at=AT, customer=ANA).invoice
    moved = attrs.evolve(ANA, name="Ana Ruiz", address=(), email=None, locale="en", tax_id=None)

    assert made.billed_to is not None
    assert ANA == made.billed_to.on(moved)
    assert Addressee.of(ANA) == made.billed_to


def test_the_document_is_for_its_customer() -> None:
    """Somebody else's name does not get on it."""
    with pytest.raises(ValueError, match="is for 'ana' \\(got 'ben'\\)"):
        issue(draft(), on=ON, due_on=DUE, at=AT, customer=attrs.evolve(ANA, id="ben"))


def test_a_draft_may_name_its_addressee() -> None:
    """What somebody wrote on the draft stays, unless the customer is given."""
    written = attrs.evolve(draft(), billed_to=Addressee(name="Ana García, care of Leo"))

    assert written.billed_to == issue(written, on=ON, due_on=DUE, at=AT).invoice.billed_to


@pytest.mark.parametrize(
    ("fields", "error"),
    [({"name": 1}, TypeError), ({"address": ["a"]}, TypeError), ({"address": (1,)}, TypeError)],
)
def test_addressee_is_valid_from_birth(fields: dict[str, Any], error: type[Exception]) -> None:
    """An addressee is text."""
    with pytest.raises(error):
        attrs.evolve(Addressee.of(ANA), **fields)


# ---- sending ---------------------------------------------------------------------------------
def test_sending_issues_a_draft_and_tells() -> None:
    """Send = issue + notice, stored together (spec: billing 7)."""
    sent = send(draft(), on=ON, due_on=DUE, at=AT, customer=ANA)

    assert issue(draft(), on=ON, due_on=DUE, at=AT, customer=ANA) == sent.issued
    assert ("notice.invoice", "ana", dict(sent.notice.body)) == (
        sent.notice.topic,
        sent.notice.recipient,
        {
            "invoice": sent.invoice.id,
            "total": "12000",
            "currency": "EUR",
            "due_on": "2026-01-03",
        },
    )
    assert ((sent.invoice,), (sent.notice,)) == (sent.effects.records, sent.effects.messages)
    assert 2 == len(sent.effects.journals)


def test_sending_again_only_tells() -> None:
    """A second send posts nothing and keeps the due date (spec: billing 7)."""
    later = AT.replace(hour=13)
    first = send(draft(), on=ON, due_on=DUE, at=AT)
    again = send(first.invoice, on=ON, due_on=date(2027, 1, 1), at=later)

    assert (None, first.invoice, DUE) == (again.issued, again.invoice, again.invoice.due_on)
    assert ((), (), (again.notice,)) == (
        again.effects.journals,
        again.effects.records,
        again.effects.messages,
    )
    assert first.notice.id != again.notice.id


def test_a_void_invoice_is_not_sent() -> None:
    """Nobody is told to pay what was taken back."""
    with pytest.raises(IllegalTransition, match="invoice is void"):
        send(issued(status="void"), on=ON, due_on=DUE, at=AT)


# ---- void ------------------------------------------------------------------------------------
def commit(store: MemoryStore, key: str, decision: Decision, *read: Any) -> None:
    """Store a decision that was based on what was *read*."""
    changes = changes_of(
        decision,
        key=key,
        request=request(key),
        actor="tester",
        reason="test",
        at=AT,
        expects=tuple(expect(each) for each in read),
    )
    store.commit(changes)


def test_void_takes_back_what_issuing_posted() -> None:
    """Charge, discount and tax are reversed; the number stays; a second void is refused."""
    store = MemoryStore()
    plain = by_hand(
        "1", customer="ana", lines=[line("x", item="x", on=ON, price=Rate.of(eur(100_00)))], on=ON
    )
    coupon = Coupon(id="TEN", percent=Fraction(1, 10))
    made = taxed(discounted(plain, [coupon], on=ON), {"": [VAT]})
    commit(store, "issue", issue(made, on=ON, due_on=DUE, at=AT))
    read = store.load(Invoice, made.id)
    assert read is not None
    owed = store.balance("customer:ana", "EUR").posted
    nothing = eur(0)
    voided = void(read.record, paid=nothing, credited=nothing, on=DUE, at=AT)
    commit(store, "void", voided, read)
    wallets = ("customer:ana", "platform", "liability:tax:vat")

    assert -108_00 == owed
    assert [0, 0, 0] == [store.balance(wallet, "EUR").posted for wallet in wallets]
    assert ("void", "INV-2025-00001") == (voided.invoice.status, voided.invoice.number)
    assert 3 == len(voided.journals)
    with pytest.raises(IllegalTransition, match="invoice is void; void needs draft or issued"):
        void(voided.invoice, paid=nothing, credited=nothing, on=DUE, at=AT)


@pytest.mark.parametrize(
    ("paid", "credited", "told"),
    [(1, 0, "0.01 EUR and credits of 0.00 EUR"), (0, 1, "0.00 EUR and credits of 0.01 EUR")],
)
def test_void_is_only_for_unpaid(paid: int, credited: int, told: str) -> None:
    """Money that moved for it is given back by a credit note (spec: billing 7)."""
    with pytest.raises(InvoiceSettled, match=f"has payments of {told}; void needs 0 of both"):
        void(issued(), paid=eur(paid), credited=eur(credited), on=ON, at=AT)


@pytest.mark.parametrize("status", ["partially_paid", "paid", "written_off"])
def test_void_needs_an_issued_invoice(status: str) -> None:
    """What is settled in any way is not void."""
    with pytest.raises(IllegalTransition, match="void needs draft or issued"):
        void(issued(status=status), paid=eur(0), credited=eur(0), on=ON, at=AT)


def test_void_leaves_other_charges_alone() -> None:
    """A session charged its customer and paid its tutor: a credit note undoes that, not a void."""
    one = issue(draft(journal="jrn_session"), on=ON, due_on=DUE, at=AT).invoice

    with pytest.raises(ChargedElsewhere, match="was charged by journal 'jrn_session'; give it"):
        void(one, paid=eur(0), credited=eur(0), on=ON, at=AT)


def test_a_draft_is_thrown_away() -> None:
    """It has no number and posted nothing, whoever charged its lines."""
    voided = void(draft(journal="jrn_session"), paid=eur(0), credited=eur(0), on=ON, at=AT)

    assert ("void", None, ()) == (
        voided.invoice.status,
        voided.invoice.number,
        voided.effects.journals,
    )


def test_void_and_paid_are_told_apart() -> None:
    """Void is the only end: what is paid can be refunded, what is written off can be paid."""
    assert ("void",) == INVOICE.final
