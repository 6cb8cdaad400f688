"""Openings: what an existing business brings along, against `equity:opening`."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ledgerkit.domain.invoices import NegativeInvoice
from ledgerkit.domain.ledger import Entry, Event, ZeroAmount
from ledgerkit.domain.money import Money
from ledgerkit.domain.openings import OpenInvoice, bring_in_invoice, open_balance

AT = datetime(2026, 10, 1, tzinfo=UTC)


def opened(minor: int, item: str = "") -> OpenInvoice:
    """Return an open invoice of the business before."""
    return OpenInvoice(
        number="2026/117",
        customer="ana",
        issued_on=date(2026, 9, 1),
        due_on=date(2026, 9, 15),
        open_amount=Money(minor, "EUR"),
        item=item,
    )


@pytest.mark.parametrize("minor", [12_000, -12_000])
def test_opening_balance_comes_from_equity(minor: int) -> None:
    """Plus is the owner's, minus is owed, and the books balance."""
    done = open_balance("customer:ana", Money(minor, "EUR"), at=AT)

    assert (
        Entry("customer:ana", Money(minor, "EUR")),
        Entry("equity:opening", Money(-minor, "EUR")),
    ) == done.journal.entries
    assert {"customer:ana", "equity:opening"} == {wallet.id for wallet in done.effects.opens}


def test_opening_balance_claims_wallet_and_currency() -> None:
    """A second balance of the same wallet and currency is the same fact, whatever its amount."""
    one = open_balance("customer:ana", Money(1, "EUR"), at=AT).journal
    two = open_balance("customer:ana", Money(2, "EUR"), at=AT).journal
    other = open_balance("customer:ana", Money(2, "GBP"), at=AT).journal

    assert Event("opening", "customer:ana", "EUR") == one.event == two.event
    assert one.id == two.id != other.id
    assert one.event != other.event


def test_invoice_brought_in_keeps_its_number() -> None:
    """It is issued already, under the number it has, and draws none of ours."""
    done = bring_in_invoice(opened(8_000), at=AT)

    assert ("2026/117", "2026/117", "issued", "") == (
        done.invoice.number,
        done.invoice.reference,
        done.invoice.status,
        done.invoice.cycle,
    )
    assert () == done.effects.draws
    assert (date(2026, 9, 1), date(2026, 9, 15)) == (done.invoice.issued_on, done.invoice.due_on)


def test_invoice_brought_in_is_owed() -> None:
    """What is open of it is the customer's debt, posted once."""
    done = bring_in_invoice(opened(8_000), at=AT)

    assert (
        Entry("customer:ana", Money(-8_000, "EUR")),
        Entry("equity:opening", Money(8_000, "EUR")),
    ) == done.journal.entries
    assert Event("invoice", done.invoice.id) == done.journal.event
    assert (done.journal.id, Money(8_000, "EUR")) == (
        done.invoice.lines[0].journal,
        done.invoice.total,
    )
    assert (done.invoice,) == done.effects.records
    assert {"customer:ana", "equity:opening"} == {wallet.id for wallet in done.effects.opens}


@pytest.mark.parametrize(("item", "expected"), [("", "2026/117"), ("lessons", "lessons")])
def test_invoice_brought_in_says_what_for(item: str, expected: str) -> None:
    """Without a description its number stands for it."""
    assert expected == bring_in_invoice(opened(1, item), at=AT).invoice.lines[0].item


def test_paid_invoice_is_not_brought_in() -> None:
    """Nothing is open."""
    with pytest.raises(ZeroAmount):
        bring_in_invoice(opened(0), at=AT)


def test_overpaid_invoice_is_a_balance() -> None:
    """What a customer has is opened as a balance."""
    with pytest.raises(NegativeInvoice, match=r"comes to -0\.05 EUR"):
        bring_in_invoice(opened(-5), at=AT)
