"""Invoices and credit notes with discounts and taxes, corrected, void and paid, as people read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import attrs
import pypdfium2
import pytest

from ledgerkit.adapters.typst import TypstRenderer
from ledgerkit.documents import CREDIT_NOTE, Document
from ledgerkit.documents.builders import Letterhead, credit_note_document, invoice_document
from ledgerkit.domain import credit_notes
from ledgerkit.domain.credit_notes import Applied, CreditNote
from ledgerkit.domain.discounts import Coupon
from ledgerkit.domain.invoices import Invoice, by_hand, discounted, issue, line, rated_line, taxed
from ledgerkit.domain.money import ISO, Money, Rate
from ledgerkit.domain.parties import Party
from ledgerkit.domain.payment_plans import agree_on
from ledgerkit.domain.periods import Period
from ledgerkit.domain.proration import Fee, changes
from ledgerkit.domain.tax import EXEMPT, REVERSE_CHARGE, Tax, TaxRate

ON, DUE = date(2026, 11, 1), date(2026, 11, 15)
AT = datetime(2026, 11, 1, 9, tzinfo=UTC)
OCTOBER = Period.month(2026, 10)
NBSP = "\xa0"
BUSINESS = Party(id="b", role="business", name="Nube Norte, S.L.", currency="EUR")
HEAD = Letterhead(business=BUSINESS, units=ISO, footer="Madrid")
ANA = Party(id="ana", role="customer", name="Estudio García", currency="EUR", locale="en_GB")
ANA_ES = attrs.evolve(ANA, locale="es")
EXEMPTION = "art. 20.Uno.9.º LIVA"
REVERSE = Tax(id="rc", code="IVA", treatment=REVERSE_CHARGE, reason="art. 196")


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


def iva(percent: int, **more: Any) -> Tax:
    """Return a rate of the Spanish tax."""
    rates = (TaxRate(Fraction(percent, 100), date(2012, 9, 1)),)
    return Tax(id=f"iva-{percent}", code="IVA", rates=rates, **more)


TAXES = {
    "plan": [iva(21)],
    "books": [iva(4)],
    "course": [Tax(id="ex", code="IVA", treatment=EXEMPT, reason=EXEMPTION)],
}


def item(name: str, minor: int, kind: str, **more: Any) -> Any:
    """Return a line of 5 October."""
    on = date(2026, 10, 5)
    return line(name, item=name, on=on, price=Rate.of(eur(minor)), kind=kind, **more)


def draft() -> Invoice:
    """Return a plan of 100.00, a book of 30.00 and a course of 70.00, for October."""
    lines = [
        item("Plan", 100_00, "plan", period=OCTOBER),
        item("Book", 30_00, "books", period=Period.month(2026, 9)),
        item("Course", 70_00, "course"),
    ]
    return attrs.evolve(by_hand("1", customer="ana", lines=lines, on=ON), period=OCTOBER)


def issued(made: Invoice, **fields: Any) -> Invoice:
    """Issue a draft to ana, with a number."""
    done = issue(made, on=ON, due_on=DUE, at=AT, customer=ANA).invoice
    return attrs.evolve(done, number="INV-1", **fields)


def sample(*coupons: Coupon, **fields: Any) -> Invoice:
    """Return it taxed with 21 %, 4 % and exempt."""
    made = discounted(draft(), coupons, on=ON) if coupons else draft()
    return issued(taxed(made, TAXES), **fields)


def read(invoice: Invoice, customer: Party = ANA, **more: Any) -> Document:
    """Return *invoice* as *customer* reads it."""
    billed_to = (
        None
        if invoice.billed_to is None
        else attrs.evolve(invoice.billed_to, locale=customer.locale)
    )
    shown = attrs.evolve(invoice, billed_to=billed_to)
    return invoice_document(shown, head=HEAD, customer=customer, **more)


def sums(document: Document) -> list[tuple[str, str]]:
    """Return label and value of the totals."""
    return [(total.label, total.value) for total in document.totals]


TEN = Coupon(id="TEN", name="Autumn", percent=Fraction(1, 10))
FIVE = Coupon(id="FIVE", amount=eur(5_00))


# ---- invoices --------------------------------------------------------------------------------
def test_discounts_have_a_column_and_stand_in_the_sum() -> None:
    """Each line with what is taken off it; each coupon with what it took; then taxes."""
    document = read(sample(TEN, FIVE))

    assert ["Date", "Description", "Quantity", "Unit price", "Discount", "Tax", "Amount"] == [
        column.label for column in document.columns
    ]
    assert ("1", "€100.00", "−€12.50", "21%", "€87.50") == document.rows[0].cells[2:]
    assert [
        ("Subtotal", "€200.00"),
        ("Autumn 10%", "−€20.00"),
        ("FIVE", "−€5.00"),
        ("After discount", "€175.00"),
        ("IVA 21%", "€18.38"),
        ("IVA 4%", "€1.05"),
        ("Total", "€194.43"),
    ] == sums(document)


def test_what_charges_nothing_says_why() -> None:
    """Exempt stands in the tax table and in a note, with the law."""
    document = read(sample(), ANA_ES)

    assert [
        ("IVA", f"21{NBSP}%", f"100,00{NBSP}€", f"21,00{NBSP}€"),
        ("IVA", f"4{NBSP}%", f"30,00{NBSP}€", f"1,20{NBSP}€"),
        ("IVA", "Exento", f"70,00{NBSP}€", f"0,00{NBSP}€"),
    ] == [(tax.code, tax.rate, tax.base, tax.amount) for tax in document.taxes]
    assert f"Operación exenta: {EXEMPTION}" == document.notes[-1]
    assert ["Subtotal", f"IVA 21{NBSP}%", f"IVA 4{NBSP}%", "Total"] == [
        label for label, _ in sums(document)
    ]


def test_reverse_charge_is_said() -> None:
    """No tax stands in the sum; the customer is told to account for it."""
    document = read(issued(taxed(draft(), {"": [REVERSE]})))

    assert [("Total", "€200.00")] == sums(document)
    assert ["Reverse charge"] == [tax.rate for tax in document.taxes]
    assert "Reverse charge, the recipient accounts for the tax: art. 196" == document.notes[-1]
    assert "Tax" not in [column.label for column in document.columns]


def test_a_tax_in_the_price_is_told_after_the_total() -> None:
    """It adds nothing, so it stands in no sum."""
    document = read(issued(taxed(draft(), {"": [iva(4, inclusive=True)]})))

    assert [("Total", "€200.00"), ("Includes IVA 4%", "€7.69")] == sums(document)


def test_a_line_says_what_days_it_is_for() -> None:
    """Unless they are those of the whole invoice."""
    cells = [row.cells[1] for row in read(sample()).rows]

    assert ["Plan", "Book\nSeptember 2026", "Course"] == cells


def test_a_third_off() -> None:
    """A share without end says that it is rounded."""
    third = Coupon(id="THIRD", percent=Fraction(1, 3))

    assert (f"THIRD ≈{NBSP}33.333333{NBSP}%", "−€66.67") == sums(read(sample(third)))[1]


def test_the_document_keeps_its_customer() -> None:
    """Printed after a move and a change of language, it is what it was when it was issued."""
    first = invoice_document(sample(), head=HEAD, customer=ANA)
    moved = attrs.evolve(ANA, name="García y Ruiz", address=("Sol 1",), locale="es", tax_id="X")

    assert first == invoice_document(sample(), head=HEAD, customer=moved)


def test_a_corrected_invoice() -> None:
    """It has a title of its own, and says which invoice it replaces."""
    document = read(sample(corrects="inv_0"), ANA_ES, corrects="INV-0")

    assert "Factura corregida" == document.title
    assert ("Sustituye a la factura", "INV-0") == document.facts[-1]
    assert "Corrected invoice" == read(sample(corrects="inv_0")).title


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("issued", ["Please pay by 15 Nov 2026.", "Please give INV-1 as the reference"]),
        ("partially_paid", ["Please pay by 15 Nov 2026.", "Please give INV-1 as the reference"]),
        ("paid", ["Paid in full. Thank you."]),
        ("void", ["This invoice is void: nothing of it is owed."]),
        ("written_off", []),
    ],
)
def test_who_has_to_pay(status: str, expected: list[str]) -> None:
    """Only what is open asks for money."""
    notes = read(sample(status=status)).notes[:-1]

    assert len(expected) == len(notes)
    assert all(note.startswith(text) for note, text in zip(notes, expected, strict=True))


# ---- credit notes ----------------------------------------------------------------------------
def note(paid: int = 0, **how: Any) -> CreditNote:
    """Return a note over 50.00 of the plan and 10.00 of the book: 70.90 with their taxes."""
    one = sample()
    asked = {one.lines[0].id: eur(50_00), one.lines[1].id: eur(10_00)}
    drafted = credit_notes.draft(one, asked, earlier=(), reason="a mistake", by="maria")
    done = credit_notes.approve(
        credit_notes.submit(drafted).note, by="pedro", on=ON, at=AT, invoice=one
    ).note
    applied = credit_notes.apply(done, invoice=one, paid=eur(paid), notes=[done], **how).note
    return attrs.evolve(applied, number="CN-1")


def note_read(given: CreditNote) -> Document:
    """Return it as ana reads it."""
    return credit_note_document(given, head=HEAD, customer=ANA, corrects="INV-1")


def test_a_credit_note_with_taxes() -> None:
    """A document of its own kind: net amounts, each tax, and what is credited together."""
    document = note_read(note())

    assert CREDIT_NOTE == document.kind
    assert [("21%", "€50.00"), ("4%", "€10.00")] == [row.cells[2:] for row in document.rows]
    assert [
        ("Net amount", "€60.00"),
        ("IVA 21%", "€10.50"),
        ("IVA 4%", "€0.40"),
        ("Credited", "€70.90"),
    ] == sums(document)
    assert [("21%", "€50.00", "€10.50"), ("4%", "€10.00", "€0.40")] == [
        (tax.rate, tax.base, tax.amount) for tax in document.taxes
    ]


@pytest.mark.parametrize(
    ("paid", "how", "expected"),
    [
        (0, {}, ["This amount is taken off what you owe."]),
        (
            200_00,
            {},
            [
                "€22.20 of it is taken off what you owe.",
                "€48.70 is kept as credit for your next invoices.",
            ],
        ),
        (222_20, {"rest": "refund"}, ["€70.90 will be paid back to you."]),
    ],
)
def test_where_a_credit_note_went(paid: int, how: Any, expected: list[str]) -> None:
    """Off the debt, kept as credit, or paid back (spec: billing 7)."""
    assert ("Reason: a mistake", *expected) == note_read(note(paid, **how)).notes


def test_a_void_credit_note() -> None:
    """It says so, and takes nothing off."""
    gone = attrs.evolve(note(), status="void")

    assert "This credit note is void: it takes nothing off." == note_read(gone).notes[-1]


def test_a_credit_note_has_the_name_on_the_invoice() -> None:
    """Whoever the customer is by now."""
    moved = attrs.evolve(ANA, name="García y Ruiz", locale="es")

    assert (
        "Estudio García" == credit_note_document(note(), head=HEAD, customer=moved).recipient.name
    )


def test_where_it_went_is_all_of_it() -> None:
    """Credit alone needs no word of debt."""
    done = note(222_20)

    assert Applied(to_open=eur(0), to_credit=eur(70_90), to_refund=eur(0)) == done.applied
    assert 2 == len(note_read(done).notes)


# ---- what was paid in advance, and what was not used ------------------------------------------
def test_prepaid_credit_is_taken_off() -> None:
    """293.70, of which credit paid 200.00: 93.70 are to be paid. (users-ask 7)"""
    made = issued(by_hand("1", customer="ana", lines=[item("Plan", 293_70, "plan")], on=ON))
    document = read(made, credit=eur(200_00))

    assert [
        ("Total", "€293.70"),
        ("Paid from prepaid credit", "\N{MINUS SIGN}€200.00"),
        ("To be paid", "€93.70"),
    ] == sums(document)
    assert ("Due on", "15 Nov 2026") in document.facts
    assert [("Total", "€293.70")] == sums(read(made, credit=eur(0)))


def test_what_credit_paid_in_full_is_not_asked_for() -> None:
    """Nothing is due, so there is no day on which it is, in either language."""
    made = issued(by_hand("1", customer="ana", lines=[item("Plan", 100_00, "plan")], on=ON))
    english, spanish = (read(made, who, credit=eur(100_00)) for who in (ANA, ANA_ES))

    assert ("Nothing is due: your prepaid credit paid for it.",) == english.notes
    assert ("No hay importe pendiente: se ha pagado con su saldo prepagado.",) == spanish.notes
    assert ["Issued on"] == [name for name, _ in english.facts]
    assert ("Importe a pagar", f"0,00{NBSP}€") == sums(spanish)[-1]


def test_what_was_paid_before_is_taken_off() -> None:
    """100.00, of which 30.00 were credit and 45.00 a payment: 25.00 are due; then nothing is."""
    made = issued(by_hand("1", customer="ana", lines=[item("Plan", 100_00, "plan")], on=ON))
    partly = read(attrs.evolve(made, paid_before=eur(45_00)), credit=eur(30_00))
    paid = attrs.evolve(made, paid_before=eur(100_00), status="paid")
    english, spanish = read(paid), read(paid, ANA_ES)

    assert [
        ("Total", "€100.00"),
        ("Paid from prepaid credit", "\N{MINUS SIGN}€30.00"),
        ("Paid before", "\N{MINUS SIGN}€45.00"),
        ("To be paid", "€25.00"),
    ] == sums(partly)
    assert ("Due on", "15 Nov 2026") in partly.facts
    assert ("To be paid", "€0.00") == sums(english)[-1]
    assert ["Issued on"] == [name for name, _ in english.facts]
    assert ("Nothing is due: it is paid. Thank you.",) == english.notes
    assert ("No hay importe pendiente: está pagado. Gracias.",) == spanish.notes


def test_credit_or_instalments() -> None:
    """What is paid in parts was not paid in advance; somebody made a mistake."""
    made = issued(by_hand("1", customer="ana", lines=[item("Plan", 100_00, "plan")], on=ON))
    plan = agree_on(made, (DUE,)).plan

    with pytest.raises(ValueError, match="is paid in instalments"):
        read(made, plan=plan, credit=eur(1))
    assert read(made, plan=plan) == read(made, plan=plan, credit=eur(0))


def test_parts_of_a_period_say_how_many_days() -> None:
    """10 -> 20 on the 15th of 31 days: what is not used, and what is charged for 17 of them."""
    march = Period.month(2024, 3)
    back, new = changes(
        [Fee(key="solo", price=Rate.of(eur(10_00)), period=march)],
        [Fee(key="team", price=Rate.of(eur(20_00)), period=march)],
        on=date(2024, 3, 15),
    )
    rest = Period(date(2024, 3, 15), march.end)
    lines = [
        rated_line("sub-1", each.rated, item=name, part=name, on=rest.start, period=rest)
        for name, each in (("solo", back), ("team", new))
    ]
    made = by_hand("1", customer="ana", lines=lines, on=ON)

    assert [
        ("solo\n15–31 Mar 2024 · not used · 17 of 31 days", "\N{MINUS SIGN}€5.48"),
        ("team\n15–31 Mar 2024 · 17 of 31 days", "€10.97"),
    ] == [(row.cells[1].replace("\u2009", ""), row.cells[-1]) for row in read(made).rows]
    assert "no utilizado · 17 de 31 días" in read(made, ANA_ES).rows[0].cells[1]


# ---- on paper --------------------------------------------------------------------------------
@pytest.mark.parametrize("locale", ["en_GB", "es"])
def test_they_are_drawn(locale: str) -> None:
    """Seven columns fit on a page, and every figure of the sums is on it."""
    reader = attrs.evolve(ANA, locale=locale)
    documents = (
        read(sample(TEN, FIVE), reader),
        read(issued(taxed(draft(), {"": [REVERSE]}), corrects="inv_0"), reader, corrects="INV-0"),
        attrs.evolve(note_read(note()), locale=locale),
    )
    for document in documents:
        pdf = pypdfium2.PdfDocument(TypstRenderer().render(document))
        text = pdf[0].get_textpage().get_text_range().replace(NBSP, " ")

        assert 1 == len(pdf)
        assert [] == [v for _, v in sums(document) if v.replace(NBSP, " ") not in text]
