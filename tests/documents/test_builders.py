"""Builders: what customers and tutors read, from the records of a month."""

from __future__ import annotations

import ast
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledgerkit.domain
from ledgerkit.adapters.typst import TypstRenderer
from ledgerkit.documents import (
    ACCOUNT_STATEMENT,
    CREDIT_NOTE,
    INVOICE,
    PAYOUT_STATEMENT,
    Document,
    TooLarge,
)
from ledgerkit.documents.builders import (
    Letterhead,
    account_statement_document,
    credit_note_document,
    days_of,
    invoice_document,
    payout_document,
    payout_number,
)
from ledgerkit.documents.desk import KINDS_OF_JOURNALS
from ledgerkit.documents.words import Words
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.invoices import Invoice, line
from ledgerkit.domain.ledger import EntryLine, Event
from ledgerkit.domain.money import ISO, Money, Rate
from ledgerkit.domain.packages import Package
from ledgerkit.domain.parties import Party
from ledgerkit.domain.payment_plans import agree_on, cancel
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.periods import Period
from ledgerkit.domain.tax import TaxAmount
from tests.domain.billing_run.world import (
    DECEMBER_1,
    NOVEMBER_1,
    OCTOBER,
    OWNER,
    PARENT,
    TUTOR,
    World,
    eur,
    incentive,
    package,
    session,
    unapproved,
)

HEAD = Letterhead(
    business=attrs.evolve(OWNER, address=("Calle Mayor, 1", "28013 Madrid"), tax_id="ESB12345674"),
    units=ISO.with_units({"SESSION": 0}),
    footer="Aula Norte · Madrid",
    logo=b'<svg xmlns="http://www.w3.org/2000/svg"/>',
)
ANA = attrs.evolve(PARENT, locale="en_GB", address=("2 High St", "Bath"), email="ana@example.com")
ANA_ES, TOM = attrs.evolve(ANA, locale="es"), attrs.evolve(TUTOR, locale="en_GB")
SESSIONS = tuple(session(n, n) for n in range(1, 5))
NBSP = "\xa0"


def month() -> World:
    """Return a world with a package of 3 that paid for 3 of 4 sessions, the last for 5.00 more."""
    world = World(sessions=SESSIONS, incentives=(incentive(valid_from=date(2026, 10, 4)),))
    world.buy(package(3, "135"))
    world.run()
    return world


def corrected() -> World:
    """Return the same with the charged session un-approved, and two others told late."""
    world = month()
    world.tell(unapproved(SESSIONS[3]), session(20, 20), session(21, 21))
    world.run(NOVEMBER_1.replace(day=3))
    return world


def invoice_of(world: World, number: str) -> Invoice:
    """Return the invoice *number*."""
    return next(invoice for invoice in world.all(Invoice) if invoice.number == number)


def invoice_read_by(customer: Party, invoice: Invoice | None = None, **fields: Any) -> Document:
    """Return the invoice of October, or *invoice*, as *customer* reads it today."""
    shown = invoice_of(month(), "INV-2026-00001") if invoice is None else invoice
    unnamed = attrs.evolve(shown, billed_to=None)
    return invoice_document(unnamed, head=HEAD, customer=customer, **fields)


def note_read_by(customer: Party, note: CreditNote, **fields: Any) -> Document:
    """Return *note* as *customer* reads it today."""
    unnamed = attrs.evolve(note, billed_to=None)
    return credit_note_document(unnamed, head=HEAD, customer=customer, **fields)


def cells(document: Document) -> list[tuple[str, ...]]:
    """Return the rows of *document*."""
    return [row.cells for row in document.rows]


def sums(document: Document) -> list[tuple[str, str]]:
    """Return label and value of the totals of *document*."""
    return [(total.label, total.value) for total in document.totals]


# ---- invoices --------------------------------------------------------------------------------
def test_an_invoice_in_english() -> None:
    """A family reads what was taught, when, to whom, and what a package paid for. (spec: C-13)"""
    document = invoice_read_by(ANA)

    assert (INVOICE, "en_GB", "Invoice", "INV-2026-00001") == (
        document.kind,
        document.locale,
        document.title,
        document.number,
    )
    assert (
        ("Issued on", "1 Nov 2026"),
        ("Due on", "15 Nov 2026"),
        ("Period", "October 2026"),
    ) == document.facts
    assert [
        (
            "1 Oct 2026",
            "maths / secondary / 60 min\nLeo · Tom Hill · Package p1, session 1 of 3",
            "1",
            "",
            "€0.00",
        ),
        ("4 Oct 2026", "maths / secondary / 60 min\nLeo · Tom Hill", "1", "€50.00", "€50.00"),
    ] == [cells(document)[0], cells(document)[3]]
    assert ["muted", "muted", "muted", "normal"] == [row.emphasis for row in document.rows]
    assert [("Total", "€50.00")] == sums(document)
    assert (
        "Please pay by 15 Nov 2026.",
        "Please give INV-2026-00001 as the reference of your payment.",
        "Package p1: 0 sessions left",
    ) == document.notes


def test_an_invoice_in_spanish() -> None:
    """The same invoice in the customer's language, amounts and days included."""
    document = invoice_read_by(ANA_ES)

    assert "Factura" == document.title
    assert (
        ("Fecha de emisión", "1 nov 2026"),
        ("Vencimiento", "15 nov 2026"),
        ("Periodo", "octubre de 2026"),
    ) == document.facts
    assert (
        "1 oct 2026",
        "maths / secondary / 60 min\nLeo · Tom Hill · Bono p1, sesión 1 de 3",
        "1",
        "",
        f"0,00{NBSP}€",
    ) == cells(document)[0]
    assert [("Total", f"50,00{NBSP}€")] == sums(document)
    assert "Bono p1: Quedan 0 sesiones" == document.notes[-1]
    assert ["Fecha", "Concepto", "Cantidad", "Precio unitario", "Importe"] == [
        column.label for column in document.columns
    ]


def test_who_writes_to_whom() -> None:
    """Both parties stand with address, tax number and mail, below the letterhead."""
    document = invoice_read_by(ANA)

    assert ("From", "Aula Norte", ("Calle Mayor, 1", "28013 Madrid", "Tax ID ESB12345674")) == (
        document.issuer.label,
        document.issuer.name,
        document.issuer.lines,
    )
    assert ("Bill to", "Ana García", ("2 High St", "Bath", "ana@example.com")) == (
        document.recipient.label,
        document.recipient.name,
        document.recipient.lines,
    )
    assert (HEAD.footer, HEAD.logo) == (document.footer, document.logo)


def test_a_covered_month_asks_for_nothing() -> None:
    """0.00 is not to be paid by any day. (spec: billing 5a)"""
    world = World(sessions=SESSIONS[:2]).buy(package(3, "135"))
    world.run()
    document = invoice_read_by(ANA, invoice_of(world, "INV-2026-00001"))

    assert [("Total", "€0.00")] == sums(document)
    assert ["Issued on", "Period"] == [label for label, _ in document.facts]
    assert (
        "Nothing is due: all sessions are covered by your packages.",
        "Package p1: 1 session left",
    ) == document.notes


def test_a_free_session_is_not_covered() -> None:
    """What costs nothing without a package is said to be nothing more than that."""
    free = line("s1", item="trial", on=OCTOBER.start, price=Rate.of(eur("0")))
    invoice = attrs.evolve(invoice_of(month(), "INV-2026-00001"), lines=(free,))

    assert () == invoice_read_by(ANA, invoice).notes


def test_a_supplement_names_what_it_adds_to() -> None:
    """A second invoice of a month says so, with the number of the first. (spec: C-14)"""
    invoice = invoice_of(corrected(), "INV-2026-00002")

    assert ("Adds to invoice", "INV-2026-00001") == invoice_read_by(
        ANA, invoice, supplements="INV-2026-00001"
    ).facts[-1]
    assert ("Complementa la factura", "INV-2026-00001") == invoice_read_by(
        ANA_ES, invoice, supplements="INV-2026-00001"
    ).facts[-1]
    assert "Adds to invoice" not in dict(invoice_read_by(ANA, invoice).facts)


def test_an_invoice_of_a_package() -> None:
    """It has no period; a package that was sold and one that covered a line are told apart."""
    bought = line("p1", item="maths", on=OCTOBER.start, price=Rate.of(eur("135")))
    invoice = attrs.evolve(
        invoice_of(month(), "INV-2026-00001"), lines=(bought,), period=None, cycle=""
    )

    assert ["Issued on", "Due on"] == [label for label, _ in invoice_read_by(ANA, invoice).facts]


def test_a_line_says_which_days_it_is_for() -> None:
    """The month or the days stand in the small print of a line, beside who it is for."""
    invoice = taxed()
    (charged,) = invoice.lines
    lines = tuple(
        attrs.evolve(charged, id=text, detail="Leo", period=Period.parse(text))
        for text in ("2026-10", "2026-10-05/2026-11-04")
    )
    document = invoice_read_by(ANA_ES, attrs.evolve(invoice, lines=lines))

    assert [
        "Storage\nLeo · octubre de 2026",
        "Storage\nLeo · 5 oct\u2009–\u20093 nov 2026",
    ] == [row[1] for row in cells(document)]


def test_an_invoice_that_is_paid_in_parts() -> None:
    """Its instalments stand below the total, in place of the day it is due. (spec: billing 2)"""
    invoice = taxed()
    days = (OCTOBER.start, date(2026, 11, 15))
    plan = agree_on(invoice, days).plan
    document = invoice_read_by(ANA_ES, invoice, plan=plan)

    assert [
        ("Total", f"100,00{NBSP}€"),
        ("A pagar hasta el 1 oct 2026", f"50,00{NBSP}€"),
        ("A pagar hasta el 15 nov 2026", f"50,00{NBSP}€"),
    ] == sums(document)
    assert ["Fecha de emisión"] == [label for label, _ in document.facts]
    assert (
        "Se paga en 2 plazos, según lo acordado.",
        "Indique INV-1 como concepto del pago.",
    ) == document.notes
    one = agree_on(invoice, days[:1]).plan
    assert "To be paid in 1 instalment, as agreed." in invoice_read_by(ANA, invoice, plan=one).notes


def test_a_cancelled_plan_is_not_printed() -> None:
    """The invoice reads as if there had been none; a plan of another one is a mistake."""
    plan = agree_on(taxed(), (OCTOBER.start,)).plan

    assert invoice_read_by(ANA, taxed()) == invoice_read_by(ANA, taxed(), plan=cancel(plan).plan)
    with pytest.raises(ValueError, match=r"payment plan 'pln_.*' is of 'inv_x', not of 'inv_y'"):
        invoice_read_by(ANA, attrs.evolve(taxed(), id="inv_y"), plan=plan)


def test_a_preview() -> None:
    """Without a number it is a preview, and asks for no payment; without a date it shows none."""
    invoice = attrs.evolve(invoice_of(month(), "INV-2026-00001"), number=None)
    draft = attrs.evolve(invoice, status="draft", issued_on=None, due_on=None)
    document = invoice_read_by(ANA, draft)

    assert "Preview" == invoice_read_by(ANA, invoice).number == document.number
    assert "Vista previa" == invoice_read_by(ANA_ES, invoice).number
    assert ("Package p1: 0 sessions left",) == invoice_read_by(ANA, invoice).notes
    assert (("Period", "October 2026"),) == document.facts
    assert date(2026, 10, 4) == document.issued_on


def test_a_line_of_a_package_without_a_trace() -> None:
    """A line that does not tell which unit it used names the package alone."""
    invoice = invoice_of(month(), "INV-2026-00001")
    lines = tuple(attrs.evolve(li, trace=()) for li in invoice.lines)
    document = invoice_read_by(ANA, attrs.evolve(invoice, lines=lines))

    assert "maths / secondary / 60 min\nLeo · Tom Hill · Package p1" == cells(document)[0][1]
    assert 2 == len(document.notes)


def test_lines_of_usage_say_what_they_are() -> None:
    """An estimate, and a difference to what was billed before, which the trace tells."""
    invoice = invoice_of(month(), "INV-2026-00001")
    first = attrs.evolve(invoice.lines[0], package=None, detail="medium")
    for name, english, spanish in (
        ("estimated", "estimated", "estimado"),
        ("billed before", "difference to what was billed before", "diferencia con lo ya facturado"),
    ):
        line = attrs.evolve(first, trace=((name, "500"),))
        told = attrs.evolve(invoice, lines=(line,))
        for reader, words in ((ANA, english), (ANA_ES, spanish)):
            assert cells(invoice_read_by(reader, told))[0][1].endswith(f"\nmedium · {words}")


def taxed(*taxes: tuple[str, str, str, str]) -> Invoice:
    """Return an invoice of 100.00 with *taxes*: code, rate, base and amount."""
    charged = line("x", item="Storage", on=OCTOBER.start, price=Rate.of(eur("100")))
    return Invoice(
        id="inv_x",
        customer="ana",
        currency="EUR",
        lines=(charged,),
        status="issued",
        issued_on=OCTOBER.start,
        due_on=OCTOBER.end,
        number="INV-1",
        taxes=tuple(TaxAmount(c, Fraction(r), eur(b), eur(a)) for c, r, b, a in taxes),
    )


def test_taxes_have_a_table_and_stand_in_the_sum() -> None:
    """Each rate with its base and amount; two rates of one tax are told apart."""
    document = invoice_read_by(
        ANA_ES, taxed(("IVA", "21/100", "60", "12.60"), ("IVA", "1/10", "40", "4"))
    )

    assert [
        ("Subtotal", f"100,00{NBSP}€"),
        (f"IVA 21{NBSP}%", f"12,60{NBSP}€"),
        (f"IVA 10{NBSP}%", f"4,00{NBSP}€"),
        ("Total", f"116,60{NBSP}€"),
    ] == sums(document)
    assert [
        ("IVA", f"21{NBSP}%", f"60,00{NBSP}€", f"12,60{NBSP}€"),
        ("IVA", f"10{NBSP}%", f"40,00{NBSP}€", f"4,00{NBSP}€"),
    ] == [(tax.code, tax.rate, tax.base, tax.amount) for tax in document.taxes]
    assert () == invoice_read_by(ANA, taxed()).taxes
    assert ["Total"] == [label for label, _ in sums(invoice_read_by(ANA, taxed()))]


@pytest.mark.parametrize(
    ("expected", "price", "quantity"),
    [
        (("1.8", "€80.00", "€144.00"), Fraction(8000), Fraction(9, 5)),
        (("123,456.7", "€0.0155", "€1,913.58"), Fraction(31, 20), Fraction(1234567, 10)),
        (("≈\xa00.333333", "€20.00", "€6.67"), Fraction(2000), Fraction(1, 3)),
        (("3", "≈\xa0€0.003333", "€0.01"), Fraction(1, 3), Fraction(3)),
        (("-2", "€5.00", "−€10.00"), Fraction(500), Fraction(-2)),
    ],
    ids=["hours", "sub-cent", "thirds", "a third of a cent", "negative"],
)
def test_prices_and_quantities(
    expected: tuple[str, str, str], price: Fraction, quantity: Fraction
) -> None:
    """Every digit that counts is shown, and what has no end says that it is rounded. (C-12)"""
    charged = line("x", item="x", on=OCTOBER.start, price=Rate(price, "EUR"), quantity=quantity)
    row = cells(invoice_read_by(ANA, attrs.evolve(taxed(), lines=(charged,))))[0]

    assert expected[0].replace("-", "−") == row[2]
    assert expected[1:] == row[3:]


def test_other_currencies() -> None:
    """Decimals are those of the currency: none for JPY, three for KWD."""
    for currency, total in (("JPY", "JP¥1,234"), ("KWD", "KWD\xa01.234")):
        charged = line("x", item="x", on=OCTOBER.start, price=Rate(Fraction(1234), currency))
        invoice = attrs.evolve(taxed(), lines=(charged,), currency=currency)
        assert total == sums(invoice_read_by(ANA, invoice))[-1][1]


def test_long_lists() -> None:
    """Ten thousand lines fit on an invoice, one more does not. (spec: reliability F5)"""
    many = tuple(
        line(f"x{n}", item="x", on=OCTOBER.start, price=Rate.of(eur("1"))) for n in range(10_001)
    )
    document = invoice_read_by(ANA, attrs.evolve(taxed(), lines=many[1:]))

    assert (10_000, "€10,000.00") == (len(document.rows), sums(document)[-1][1])
    with pytest.raises(TooLarge, match="rows has 10001"):
        invoice_read_by(ANA, attrs.evolve(taxed(), lines=many))


# ---- credit notes ----------------------------------------------------------------------------
def test_a_credit_note() -> None:
    """It says what it takes back, of which invoice and why. (spec: C-14)"""
    (note,) = corrected().all(CreditNote)
    english = note_read_by(ANA, note, corrects="INV-2026-00001")
    spanish = note_read_by(ANA_ES, note, corrects="INV-2026-00001")

    assert (CREDIT_NOTE, "Credit note", "CN-2026-00001") == (
        english.kind,
        english.title,
        english.number,
    )
    assert (("Issued on", "3 Nov 2026"), ("Corrects invoice", "INV-2026-00001")) == english.facts
    assert [("4 Oct 2026", "maths / secondary / 60 min\nLeo · Tom Hill", "€50.00")] == cells(
        english
    )
    assert [("Credited", "€50.00")] == sums(english)
    assert (
        "Reason: session not approved any more",
        "This amount is taken off what you owe.",
    ) == english.notes
    assert "Factura rectificativa" == spanish.title
    assert ("Rectifica la factura", "INV-2026-00001") == spanish.facts[1]
    assert [("Abonado", f"50,00{NBSP}€")] == sums(spanish)
    assert (
        "Motivo: la sesión ya no está aprobada",
        "Este importe se descuenta de lo que debe.",
    ) == spanish.notes


def test_a_credit_note_without_an_invoice_or_a_number() -> None:
    """What is not known is not shown; a draft is a preview."""
    (note,) = corrected().all(CreditNote)
    draft = attrs.evolve(note, status="draft", number=None, issued_on=None, reason="a gift")
    document = note_read_by(ANA, draft)

    assert ("Preview", (), date(2026, 10, 4)) == (
        document.number,
        document.facts,
        document.issued_on,
    )
    assert "Reason: a gift" == document.notes[0]


# ---- payout statements -----------------------------------------------------------------------
def payout_read_by(supplier: Party, payout: Payout) -> Document:
    """Return *payout* as *supplier* reads it."""
    return payout_document(payout, head=HEAD, supplier=supplier, issued_on=OCTOBER.end)


def test_a_payout_statement() -> None:
    """Each session and incentive, with their sums. (spec: billing 10)"""
    (payout,) = month().all(Payout)
    document = payout_read_by(TOM, payout)

    assert (PAYOUT_STATEMENT, "Payout statement", "2026-10 tom") == (
        document.kind,
        document.title,
        document.number,
    )
    assert (("Issued on", "1 Nov 2026"), ("Period", "October 2026")) == document.facts
    assert [
        ("4 Oct 2026", "maths / secondary / 60 min", "Leo", "€30.00"),
        ("4 Oct 2026", "Incentive · maths / secondary / 60 min", "Leo", "€5.00"),
    ] == cells(document)[3:]
    assert [("Sessions", "€120.00"), ("Incentives", "€5.00"), ("Your payout", "€125.00")] == sums(
        document
    )


def test_a_payout_statement_of_an_owner() -> None:
    """The same for what equipment earned; its number has the wallet, since an id may be in both."""
    (payout,) = month().all(Payout)
    line = attrs.evolve(
        payout.lines[0], kind="completion.charged", source="f-1", item="N1", detail=""
    )
    owned = attrs.evolve(payout, role="owner", lines=(line,))
    document = payout_read_by(attrs.evolve(TOM, role="owner"), owned)

    assert ("Payout statement", "2026-10 owner:tom") == (document.title, document.number)
    assert ("1 Oct 2026", "N1", "", "€30.00") == cells(document)[0]
    assert [("Services", "€30.00"), ("Your payout", "€30.00")] == sums(document)


def test_a_payout_statement_in_spanish() -> None:
    """The same in the tutor's language."""
    (payout,) = month().all(Payout)
    document = payout_read_by(attrs.evolve(TOM, locale="es"), payout)

    assert "Liquidación" == document.title
    assert "Incentivo · maths / secondary / 60 min" == cells(document)[4][1]
    assert ["Sesiones", "Incentivos", "Su liquidación"] == [label for label, _ in sums(document)]


def test_what_is_taken_back_says_so() -> None:
    """A session and its incentive that were un-approved are adjustments of the next payout."""
    payout = next(p for p in corrected().all(Payout) if p.part == 1)
    document = payout_read_by(TOM, payout)

    assert [
        ("3 Nov 2026", "Taken back: maths / secondary / 60 min", "Leo", "−€30.00"),
        ("3 Nov 2026", "Taken back: Incentive · maths / secondary / 60 min", "Leo", "−€5.00"),
    ] == cells(document)[-2:]
    assert [
        ("Sessions", "€60.00"),
        ("Incentives", "€10.00"),
        ("Adjustments", "−€35.00"),
        ("Your payout", "€35.00"),
    ] == sums(document)
    spanish = payout_read_by(attrs.evolve(TOM, locale="es"), payout)
    assert "Anulación: maths / secondary / 60 min" == cells(spanish)[-2][1]
    assert "Ajustes" == sums(spanish)[2][0]


@pytest.mark.parametrize(
    ("expected", "kind"),
    [
        ("Session", "session.charged"),
        ("Incentive", "incentive.earned"),
        ("Taken back: Session", "session.covered.reversed"),
        ("Balance from before", "balance.opened"),
        ("bonus.granted", "bonus.granted"),
    ],
)
def test_lines_without_an_item(expected: str, kind: str) -> None:
    """What the host does not describe is called by the kind of its journal, never by an id."""
    (payout,) = month().all(Payout)
    plain = attrs.evolve(payout.lines[0], kind=kind, item="", detail="", source="jrn_x")
    document = payout_read_by(TOM, attrs.evolve(payout, lines=(plain,)))

    assert ("1 Oct 2026", expected, "", "€30.00") == cells(document)[0]


def clawed() -> Payout:
    """Return an instant payout of 125.00 earned, of which it bears 36.00 clawed back."""
    (payout,) = month().all(Payout)
    taken = attrs.evolve(
        payout.lines[0],
        journal="jrn_x",
        line=0,
        kind="clawback.owed",
        source="clw_1",
        item="",
        detail="",
        amount=Money(-3_600, "EUR"),
    )
    return attrs.evolve(payout, lines=(*payout.lines, taken), fee=Money(89, "EUR"))


def test_clawbacks_and_the_fee_of_an_instant_payout() -> None:
    """What the payout bears stands as a line and a sum; the fee comes off last."""
    document = payout_read_by(TOM, clawed())

    assert ("1 Oct 2026", "Clawback", "", "−€36.00") == cells(document)[-1]
    assert [
        ("Sessions", "€120.00"),
        ("Incentives", "€5.00"),
        ("Clawbacks", "−€36.00"),
        ("Fee of the instant payout", "−€0.89"),
        ("Your payout", "€88.11"),
    ] == sums(document)


def test_services_and_what_was_paid_directly() -> None:
    """A service is no adjustment, and a transfer of its own pays it and claws nothing back."""
    (payout,) = month().all(Payout)
    kinds = {"completion.charged": 6_000, "transfer.done": -6_000, "completion.adjusted": 1_800}
    lines = tuple(
        attrs.evolve(
            payout.lines[0], journal=f"jrn_{kind}", line=0, kind=kind, amount=Money(minor, "EUR")
        )
        for kind, minor in kinds.items()
    )
    document = payout_read_by(TOM, attrs.evolve(payout, lines=lines))

    assert [
        ("Services", "€60.00"),
        ("Adjustments", "€18.00"),
        ("Paid directly", "−€60.00"),
        ("Your payout", "€18.00"),
    ] == sums(document)


@pytest.mark.parametrize(
    ("expected", "kind"),
    [
        ("Dual flight", "completion.charged"),
        ("Correction · Dual flight", "completion.adjusted"),
        ("Paid directly · Dual flight", "transfer.done"),
        ("Taken back from your account · Dual flight", "transfer.taken_back"),
        ("Clawback · Dual flight", "clawback.owed"),
    ],
)
def test_what_was_done_about_a_service_is_not_taken_for_the_service(
    expected: str, kind: str
) -> None:
    """A host that names the flight of a correction or a transfer does not hide what it is."""
    (payout,) = month().all(Payout)
    named = attrs.evolve(payout.lines[0], kind=kind, item="Dual flight", detail="Ana")
    document = payout_read_by(TOM, attrs.evolve(payout, lines=(named,)))

    assert ("1 Oct 2026", expected, "Ana", "€30.00") == cells(document)[0]


def test_work_says_which() -> None:
    """By what a host calls it, or by its id; a correction says that it is one, too."""
    (payout,) = month().all(Payout)
    line = attrs.evolve(payout.lines[0], source="f-1", item="", detail="", amount=Money(100, "EUR"))
    kinds = ("completion.charged", "completion.adjusted", "completion.charged.reversed")
    lines = tuple(
        attrs.evolve(line, journal=f"jrn_{kind}_{item}", kind=kind, item=item)
        for kind in kinds
        for item in ("", "Night flight")
    )
    document = payout_read_by(TOM, attrs.evolve(payout, lines=lines))

    assert [
        "Service · f-1",
        "Night flight",
        "Correction · f-1",
        "Correction · Night flight",
        "Taken back: Service · f-1",
        "Taken back: Night flight",
    ] == [row[1] for row in cells(document)]


def test_clawbacks_in_spanish() -> None:
    """The same, as a Spanish supplier reads it."""
    document = payout_read_by(attrs.evolve(TOM, locale="es"), clawed())

    assert "Devolución de un pago" == cells(document)[-1][1]
    assert ["Devoluciones de pagos", "Comisión por el pago inmediato", "Su liquidación"] == [
        label for label, _ in sums(document)[2:]
    ]


def test_sessions_alone_need_one_sum() -> None:
    """Without incentives and adjustments the payout is the sum."""
    world = World(sessions=SESSIONS)
    world.run()

    assert [("Your payout", "€120.00")] == sums(payout_read_by(TOM, world.all(Payout)[0]))


def test_a_payout_that_was_paid_names_the_reference() -> None:
    """The bank's reference stands among the facts."""
    (payout,) = month().all(Payout)
    paid = attrs.evolve(payout, status="paid", reference="T-77")

    assert ("Payment reference", "T-77") == payout_read_by(TOM, paid).facts[-1]


@pytest.mark.parametrize(
    ("expected", "fields", "home"),
    [
        ("2026-10 tom", {}, "EUR"),
        ("2026-10 tom EUR", {}, "GBP"),
        ("2026-10 tom (2)", {"part": 1}, "EUR"),
        ("2026-10 tom EUR (3)", {"part": 2}, "GBP"),
        (
            "2026-10-05 – 2026-10-11 tom",
            {"period": Period.parse("2026-10-05/2026-10-12")},
            "EUR",
        ),
    ],
    ids=["first", "currency", "second", "both", "week"],
)
def test_payouts_have_numbers_for_people(expected: str, fields: dict[str, Any], home: str) -> None:
    """Month and supplier; the currency if it is not theirs, and which one it is."""
    (payout,) = month().all(Payout)

    assert expected == payout_number(
        attrs.evolve(payout, **fields), attrs.evolve(TOM, currency=home)
    )


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 400), st.integers(1, 400))
def test_periods_have_names_of_their_own(start: date, days: int, other: int) -> None:
    """Two periods with one beginning have one name only if they are one."""
    one, two = (Period(start, date.fromordinal(start.toordinal() + n)) for n in (days, other))

    assert (one == two) == (days_of(one) == days_of(two))


# ---- account statements ----------------------------------------------------------------------
def statement_of(world: World, party: Party, **fields: Any) -> Document:
    """Return the statement of *party* over autumn, from 0.00 on."""
    return account_statement_document(
        world.entries(party.wallet),
        head=HEAD,
        party=party,
        period=Period(date(2026, 9, 1), date(2026, 12, 1)),
        opening=eur("0"),
        **fields,
    )


def test_an_account_statement() -> None:
    """What moved, in words, with the balance after each line."""
    document = statement_of(corrected(), ANA)

    assert (ACCOUNT_STATEMENT, "Account statement", "ana") == (
        document.kind,
        document.title,
        document.number,
    )
    assert (("Period", "1 Sept – 30 Nov 2026"), ("Currency", "EUR")) == tuple(
        (label, value.replace("\u2009", " ")) for label, value in document.facts
    )
    assert [
        ("", "Opening balance", "", "€0.00"),
        ("1 Sept 2026", "Package\np1", "−€135.00", "−€135.00"),
        ("4 Oct 2026", "Session\ns4", "−€50.00", "−€185.00"),
        ("3 Nov 2026", "Taken back: Session\ns4", "€50.00", "−€135.00"),
        ("20 Oct 2026", "Session\ns20", "−€50.00", "−€185.00"),
        ("21 Oct 2026", "Session\ns21", "−€50.00", "−€235.00"),
    ] == cells(document)
    assert [("Closing balance", "−€235.00")] == sums(document)
    assert ("You owe €235.00.",) == document.notes


def test_an_account_statement_in_spanish() -> None:
    """The same in the customer's language."""
    document = statement_of(corrected(), ANA_ES)

    assert "Extracto de cuenta" == document.title
    assert ["Saldo inicial", "Bono\np1", "Sesión\ns4", "Anulación: Sesión\ns4"] == [
        row[1] for row in cells(document)[:4]
    ]
    assert (f"Su saldo deudor es de 235,00{NBSP}€.",) == document.notes


def test_the_account_of_a_tutor() -> None:
    """The second leg of a session is its incentive; a tutor is told no debt or credit."""
    document = statement_of(corrected(), TOM)

    assert [
        "Session\ns4",
        "Incentive\ns4",
        "Taken back: Session\ns4",
        "Taken back: Incentive\ns4",
    ] == [row[1] for row in cells(document) if row[1].endswith("s4")]
    assert () == document.notes


def entry(kind: str, event: Event | None = None, *, minor: int = 500) -> EntryLine:
    """Return the one line of a statement."""
    return EntryLine(
        journal="jrn_1",
        sequence=1,
        line=0,
        kind=kind,
        event=event,
        wallet="customer:ana",
        amount=Money(minor, "EUR"),
        running=Money(minor, "EUR"),
        effective_at=NOVEMBER_1,
        recorded_at=NOVEMBER_1,
    )


def moved(line: EntryLine, **fields: Any) -> str:
    """Return how *line* is described."""
    document = account_statement_document(
        [line], head=HEAD, party=ANA, period=OCTOBER, opening=eur("0"), **fields
    )
    return cells(document)[1][1]


@pytest.mark.parametrize(
    ("expected", "kind", "event"),
    [
        ("Invoice", "invoice.charged", Event("invoice", "inv_20261101_k3")),
        ("Credit note", "credit_note.issued", Event("credit_note", "crn_20261101_k3")),
        ("Balance from before", "balance.opened", Event("opening", "customer:ana", "EUR")),
        ("Debt written off", "debt.written_off", Event("write_off", "wof_1")),
        ("Payout", "payout.paid", Event("payout", "pay_1")),
        ("Incentive", "incentive.earned", Event("incentive", "i1", "2026-10")),
        ("Session\ns-77", "session.charged", Event("session", "s-77")),
        ("Tax", "invoice.taxed", None),
        (
            "Fee of the payment",
            "payment.fee_charged",
            Event("gateway.charge", "stripe:pi_1", "fee"),
        ),
        ("Payment", "payment.captured", Event("payment", "pmt_1")),
        ("fuel.bought\nn-1", "fuel.bought", Event("fuel", "n-1")),
    ],
    ids=lambda value: "" if isinstance(value, Event | None) else value.split("\n")[0],
)
def test_lines_are_described_in_words(expected: str, kind: str, event: Event | None) -> None:
    """Ids that ledgerkit derives are nothing to read; those of the host are theirs."""
    assert expected == moved(entry(kind, event))


def test_labels_say_more() -> None:
    """A host knows the number of an invoice and what was taught."""
    labels = {"inv_1": "INV-2026-00001", "s-77": "maths, Leo"}

    assert "Invoice\nINV-2026-00001" == moved(
        entry("invoice.charged", Event("invoice", "inv_1")), labels=labels
    )
    assert "Session\nmaths, Leo" == moved(
        entry("session.charged", Event("session", "s-77")), labels=labels
    )


@pytest.mark.parametrize(
    ("note", "minor"), [(("You have €5.00 of credit.",), 500), (("You owe €5.00.",), -500)]
)
def test_what_a_balance_means(note: tuple[str, ...], minor: int) -> None:
    """Plus and minus are said in words too."""
    document = account_statement_document(
        [entry("payment", minor=minor)], head=HEAD, party=ANA, period=OCTOBER, opening=eur("0")
    )

    assert note == document.notes


def test_an_account_on_which_nothing_moved() -> None:
    """It closes as it opened; 0.00 is neither debt nor credit."""
    document = account_statement_document(
        [], head=HEAD, party=ANA, period=OCTOBER, opening=eur("0")
    )

    assert [("", "Opening balance", "", "€0.00")] == cells(document)
    assert ([("Closing balance", "€0.00")], ()) == (sums(document), document.notes)


# ---- words -----------------------------------------------------------------------------------
def test_every_kind_of_journal_has_a_word() -> None:
    """What the domain posts on wallets of parties is called something, in Spanish as well."""
    domain = Path(ledgerkit.domain.__file__).parent
    posted = {
        str(node.value.value)
        for path in domain.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.keyword)
        and node.arg == "kind"
        and isinstance(node.value, ast.Constant)
        and "." in str(node.value.value)
    }
    between_others = {"bank_payout.paid", "credit.expired", "package.brought_in", "package.expired"}

    assert "session.charged" in posted
    assert set() == {k.removesuffix(".reversed") for k in posted} - between_others - {
        *KINDS_OF_JOURNALS
    }
    assert [] == [word for word in KINDS_OF_JOURNALS.values() if Words("es").text(word) == word]


def test_a_reason_with_braces_is_drawn() -> None:
    """Nobody's reason is a template: it stands on the credit note as it was written."""
    (note,) = corrected().all(CreditNote)
    document = note_read_by(ANA_ES, attrs.evolve(note, reason="ver {ticket}"))

    assert "Motivo: ver {ticket}" in document.notes


def test_a_host_has_words_of_its_own(tmp_path: Path) -> None:
    """A folder of catalogs names the host's kinds and says ours another way."""
    folder = tmp_path / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "ledgerkit.po").write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
        'msgid "fuel.bought"\nmsgstr "Fuel"\n'
        'msgid "Session"\nmsgstr "Lesson"\n',
        "utf-8",
    )
    head = attrs.evolve(HEAD, words=(tmp_path,))
    document = account_statement_document(
        [entry("fuel.bought"), attrs.evolve(entry("session.charged"), journal="jrn_2")],
        head=head,
        party=ANA,
        period=OCTOBER,
        opening=eur("0"),
    )

    assert ["Fuel", "Lesson"] == [row[1] for row in cells(document)[1:]]


# ---- on paper --------------------------------------------------------------------------------
def test_every_kind_is_drawn() -> None:
    """Invoice, credit note, payout and account statement come out as PDF with their sums."""
    world = corrected()
    (note,) = world.all(CreditNote)
    payout = world.all(Payout)[0]
    documents = [
        (invoice_read_by(ANA_ES, invoice_of(world, "INV-2026-00001")), "50,00"),
        (note_read_by(ANA_ES, note), "Abonado"),
        (payout_read_by(TOM, payout), "Your payout"),
        (statement_of(world, ANA_ES), "Su saldo deudor"),
    ]
    head = attrs.evolve(HEAD, logo=None)

    for document, text in documents:
        pdf = pypdfium2.PdfDocument(TypstRenderer().render(attrs.evolve(document, logo=head.logo)))
        assert text in pdf[0].get_textpage().get_text_range()


def test_packages_are_not_documents() -> None:
    """What was left is told as the run saw it, whenever the document is printed."""
    world = month()
    before = invoice_read_by(ANA, invoice_of(world, "INV-2026-00001"))
    world.tell(unapproved(SESSIONS[0]))
    world.run(DECEMBER_1)

    assert 1 == world.all(Package)[0].remaining
    assert before == invoice_read_by(ANA, invoice_of(world, "INV-2026-00001"))
