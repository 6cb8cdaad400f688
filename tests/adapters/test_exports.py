"""Exports: what the CSVs of lines, invoices and diffs say, and that they are safe to open."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from fractions import Fraction

import attrs
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.adapters.exports import (
    COLUMNS,
    DIFF_COLUMNS,
    INVOICE_COLUMNS,
    diff_csv,
    invoices_csv,
    lines_csv,
)
from ledgerkit.domain import credit_notes
from ledgerkit.domain.credit_notes import CreditLine, CreditNote
from ledgerkit.domain.discounts import Coupon
from ledgerkit.domain.invoices import Invoice, Line, by_hand, discounted, issue, line, taxed
from ledgerkit.domain.money import ISO, Money, Rate
from ledgerkit.domain.payouts import Payout, PayoutLine
from ledgerkit.domain.periods import Period
from ledgerkit.domain.shadow import LegacyAmount, LegacyTotals, diff
from ledgerkit.domain.tax import Tax, TaxAmount, TaxRate
from ledgerkit.testing.samples import changes

OCTOBER = Period.parse("2026-10")
DAY = date(2026, 10, 5)
LINE = Line(
    id="lin_1",
    source="s1",
    item="maths / secondary / 60 min",
    detail="Leo, with a comma",
    on=DAY,
    unit_price=Fraction(5000),
    amount=Money(5000, "EUR"),
    journal="jrn_1",
)
INVOICE = Invoice(
    id="inv_1",
    customer="ana",
    currency="EUR",
    lines=(LINE,),
    status="issued",
    period=OCTOBER,
    issued_on=date(2026, 11, 1),
    number="INV-2026-00001",
)
NOTE = CreditNote(
    id="crn_1",
    customer="ana",
    currency="EUR",
    invoice="inv_1",
    lines=(
        CreditLine(id="crl_1", line="lin_1", source="s1", item="x", on=DAY, amount=LINE.amount),
    ),
    reason="not held",
    status="applied",
    issued_on=date(2026, 11, 2),
    number="CN-2026-00001",
)
PAYOUT = Payout(
    id="pay_1",
    supplier="tom",
    currency="EUR",
    period=OCTOBER,
    part=0,
    lines=(
        PayoutLine(
            journal="jrn_1",
            line=1,
            kind="session.charged",
            source="s1",
            on=DAY,
            amount=Money(3000, "EUR"),
        ),
    ),
)


def rows(text: str) -> list[dict[str, str]]:
    """Read the CSV back."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_each_line_is_a_row() -> None:
    """An invoice of 50.00, its credit note and the payout of 30.00 are three rows."""
    text = lines_csv(invoices=[INVOICE], credit_notes=[NOTE], payouts=[PAYOUT], units=ISO)

    assert [
        ("invoice", "INV-2026-00001", "ana", "2026-11-01", "2026-10-05", "50.00"),
        ("credit_note", "CN-2026-00001", "ana", "2026-11-02", "2026-10-05", "-50.00"),
        ("payout", "pay_1", "tom", "2026-11-01", "2026-10-05", "30.00"),
    ] == [
        tuple(row[c] for c in ("document", "number", "party", "date", "line_date", "amount"))
        for row in rows(text)
    ]


def test_discounts_and_taxes_have_columns() -> None:
    """100.00 with 10.00 off and 20 % is 90.00 + 18.00; a note takes 30.00 + 6.00 of it back."""
    charged = line("x", item="x", on=DAY, price=Rate.of(Money(10_000, "EUR")))
    made = by_hand("1", customer="ana", lines=[charged], on=DAY)
    made = discounted(made, [Coupon(id="TEN", amount=Money(1_000, "EUR"))], on=DAY)
    vat = Tax(id="vat", code="vat", rates=(TaxRate(Fraction(1, 5), date(2020, 1, 1)),))
    noon = datetime(2026, 10, 5, 12, tzinfo=UTC)
    invoice = issue(taxed(made, {"": [vat]}), on=DAY, due_on=DAY, at=noon).invoice
    back = {invoice.lines[0].id: Money(3_000, "EUR")}
    note = credit_notes.draft(invoice, back, earlier=(), reason="a mistake")
    figures = ("amount", "discount", "net", "tax", "gross", "tax_rates")
    text = lines_csv(invoices=[invoice], credit_notes=[note], payouts=[PAYOUT], units=ISO)

    assert [
        ("100.00", "10.00", "90.00", "18.00", "108.00", "vat 1/5"),
        ("-30.00", "0.00", "-30.00", "-6.00", "-36.00", "vat 1/5"),
        ("30.00", "", "", "", "", ""),
    ] == [tuple(row[figure] for figure in figures) for row in rows(text)]


def test_no_lines_are_a_header() -> None:
    """Without documents there is the header alone."""
    text = lines_csv(units=ISO)

    assert ",".join(COLUMNS) + "\r\n" == text


def test_invoice_without_period() -> None:
    """An invoice written by hand has empty period columns."""
    by_hand = attrs.evolve(INVOICE, period=None, issued_on=None, number=None)

    (row,) = rows(lines_csv(invoices=[by_hand], units=ISO))

    assert ("", "", "", "") == (
        row["period_start"],
        row["period_end"],
        row["date"],
        row["number"],
    )


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20))
def test_no_cell_is_a_formula(detail: str) -> None:
    """Whatever a name is, no cell of text begins as a spreadsheet's formula does."""
    hostile = attrs.evolve(INVOICE, lines=(attrs.evolve(LINE, detail=detail),))

    (row,) = rows(lines_csv(invoices=[hostile], units=ISO))

    assert not row["detail"].startswith(("=", "+", "-", "@", "\t", "\r"))


# ---- a row per invoice -----------------------------------------------------------------------
def test_each_invoice_is_a_row() -> None:
    """Dates are ISO, amounts plain decimals of their currency, and a draft has no number."""
    vat = TaxAmount(
        code="VAT", rate=Fraction(1, 5), base=Money(5000, "EUR"), amount=Money(1000, "EUR")
    )
    issued = attrs.evolve(INVOICE, taxes=(vat,), due_on=date(2026, 11, 15))
    yen = attrs.evolve(LINE, amount=Money(999, "JPY"))
    draft = Invoice(id="inv_2", customer="ben", currency="JPY", lines=(yen,))
    text = invoices_csv([issued, draft], units=ISO)

    assert (
        "number,issued_on,due_on,customer,currency,net,tax,total,status\r\n"
        "INV-2026-00001,2026-11-01,2026-11-15,ana,EUR,50.00,10.00,60.00,issued\r\n"
        ",,,ben,JPY,999,0,999,draft\r\n"
    ) == text


def test_no_invoices_are_a_header() -> None:
    """Without invoices there is the header alone."""
    assert ",".join(INVOICE_COLUMNS) + "\r\n" == invoices_csv([], units=ISO)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00\r\n"), min_size=1, max_size=9))
def test_no_number_is_a_formula(number: str) -> None:
    """Whatever number an invoice was brought in with, no cell begins as a formula does."""
    hostile = attrs.evolve(INVOICE, number=number)

    (row,) = rows(invoices_csv([hostile], units=ISO))

    assert not row["number"].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert number == row["number"].removeprefix("'") or number.startswith("'")


# ---- a row per line of a diff ----------------------------------------------------------------
def test_each_line_of_a_diff_is_a_row() -> None:
    """A charge of 50.00 beside 45.00, a payout that is the same, a credit that b does not have."""
    dearer = attrs.evolve(LINE, amount=Money(4500, "EUR"), period=OCTOBER)
    ours = attrs.evolve(INVOICE, lines=(attrs.evolve(LINE, period=OCTOBER),))
    theirs = attrs.evolve(INVOICE, lines=(dearer,))
    found = diff(changes("a", records=(ours, PAYOUT, NOTE)), changes("b", records=(theirs, PAYOUT)))
    told = rows(diff_csv(found, units=ISO))

    assert [
        ("only_in_a", "customer", "ana", "credit_note", "s1", "-50.00", "", "-50.00"),
        ("difference", "customer", "ana", "invoice", "s1", "50.00", "45.00", "5.00"),
        ("match", "supplier", "tom", "payout", "s1", "30.00", "30.00", "0.00"),
    ] == [
        tuple(
            row[c]
            for c in ("result", "role", "party", "document", "source", "a", "b", "difference")
        )
        for row in told
    ]
    assert ("2026-10-01", "2026-11-01") == (told[1]["period_start"], told[1]["period_end"])
    assert "session.charged" == told[2]["part"]


def test_a_diff_with_legacy_totals() -> None:
    """What only the system in use has is a row, and what it says is text to a spreadsheet."""
    amount = LegacyAmount(party="ana", amount=Money(100, "EUR"), source="=1+1", item="@x")
    found = diff((), LegacyTotals((amount,)))
    (row,) = rows(diff_csv(found, units=ISO))

    assert ("only_in_b", "'=1+1", "'@x", "", "1.00", "-1.00") == tuple(
        row[c] for c in ("result", "source", "item", "a", "b", "difference")
    )
    assert ",".join(DIFF_COLUMNS) + "\r\n" == diff_csv(diff((), ()), units=ISO)
