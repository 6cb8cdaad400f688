"""Totals of invoices: what several come to, by currency."""

from __future__ import annotations

from fractions import Fraction

import attrs
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain import invoices
from ledgerkit.domain.invoices import DRAFT, ISSUED, Invoice
from ledgerkit.domain.money import Money, Rate, sum_of
from ledgerkit.domain.statements import InvoiceTotal, counts, invoice_totals
from ledgerkit.domain.tax import TaxAmount
from ledgerkit.testing.samples import OCTOBER
from tests.domain.billing_run.world import eur, money


def invoice(amount: Money, *, tax: Money | None = None, status: str = ISSUED) -> Invoice:
    """Return an invoice of one line, and of one tax."""
    line = invoices.line("s1", item="session", on=OCTOBER, price=Rate.of(amount))
    plain = Invoice(
        id="inv_1", customer="ana", currency=amount.currency, lines=(line,), status=status
    )
    if tax is None:
        return plain
    vat = TaxAmount(code="VAT", rate=Fraction(1, 5), base=amount, amount=tax)
    return attrs.evolve(plain, taxes=(vat,))


def test_totals_by_currency() -> None:
    """Euros and pounds are added up apart, net and tax apart. (spec: billing 7)"""
    several = [
        invoice(money("20", "GBP")),
        invoice(eur("279.16"), tax=eur("55.84")),
        invoice(eur("100"), tax=eur("20")),
    ]

    assert (
        InvoiceTotal(
            currency="EUR", count=2, net=eur("379.16"), tax=eur("75.84"), total=eur("455")
        ),
        InvoiceTotal(
            currency="GBP",
            count=1,
            net=money("20", "GBP"),
            tax=money("0", "GBP"),
            total=money("20", "GBP"),
        ),
    ) == invoice_totals(several)


def test_drafts_are_not_owed() -> None:
    """A draft is not added up, but its currency is told."""
    draft = invoice(eur("50"), status=DRAFT)
    (total,) = invoice_totals([draft])

    assert (False, True) == (counts(draft), counts(invoice(eur("50"))))
    assert (0, eur("0")) == (total.count, total.total)
    assert () == invoice_totals([])


@given(st.lists(st.tuples(st.integers(0, 999), st.integers(0, 99))))
def test_totals_add_up(amounts: list[tuple[int, int]]) -> None:
    """Net and tax are the total, and the total is that of all invoices, in any order."""
    several = [invoice(Money(net, "EUR"), tax=Money(tax, "EUR")) for net, tax in amounts]

    for total in invoice_totals(several):
        assert total.net + total.tax == total.total
        assert sum_of((one.total for one in several), "EUR") == total.total
    assert invoice_totals(several) == invoice_totals(several[::-1])
