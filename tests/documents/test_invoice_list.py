"""Lists of invoices: what a business, or one customer, reads of several."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import attrs
import pypdfium2
import pytest

from ledgerkit.adapters.typst import TypstRenderer
from ledgerkit.documents import INVOICE_LIST, Document, TooLarge
from ledgerkit.documents.builders import Letterhead, invoice_list_document
from ledgerkit.documents.invoice_list import STATUSES
from ledgerkit.documents.words import Words
from ledgerkit.domain import invoices
from ledgerkit.domain.invoices import INVOICE, Invoice
from ledgerkit.domain.money import ISO, Money, Rate
from ledgerkit.domain.parties import Party
from ledgerkit.domain.tax import TaxAmount
from tests.domain.billing_run.world import OCTOBER, OWNER, PARENT, money

HEAD = Letterhead(business=attrs.evolve(OWNER, address=("Calle Mayor, 1",)), units=ISO)
SPANISH = attrs.evolve(HEAD, business=attrs.evolve(OWNER, locale="es"))
NAMES = {"ana": "Ana García", "ben": "Ben Ali"}
NOVEMBER_20 = date(2026, 11, 20)


def invoice(
    n: int, major: str, *, currency: str = "EUR", customer: str = "ana", tax: str = "0"
) -> Invoice:
    """Return invoice number *n* of November, over one line and maybe VAT."""
    net = money(major, currency)
    line = invoices.line(f"s{n}", item="session", on=date(2026, 10, 5), price=Rate.of(net))
    vat = TaxAmount(code="VAT", rate=Fraction(21, 100), base=net, amount=money(tax, currency))
    return Invoice(
        id=f"inv_{n}",
        customer=customer,
        currency=currency,
        lines=(line,),
        taxes=() if tax == "0" else (vat,),
        status="issued",
        issued_on=date(2026, 11, 2),
        due_on=date(2026, 11, 16),
        number=f"INV-2026-{n:05}",
    )


def draft(n: int, major: str) -> Invoice:
    """Return a draft, which has no number and no dates."""
    return attrs.evolve(invoice(n, major), status="draft", number=None, issued_on=None, due_on=None)


def listed(*several: Invoice, head: Letterhead = HEAD, **chosen: Any) -> Document:
    """Return the list of *several* as of 20 November."""
    return invoice_list_document(several, head=head, as_of=NOVEMBER_20, names=NAMES, **chosen)


def cells(document: Document) -> list[tuple[str, ...]]:
    """Return the rows of *document*."""
    return [row.cells for row in document.rows]


def sums(document: Document) -> list[tuple[str, str]]:
    """Return label and value of the totals of *document*."""
    return [(total.label, total.value) for total in document.totals]


def test_a_list_in_english() -> None:
    """Number, dates, customer, status and total; what was chosen stands in the head."""
    document = listed(invoice(1, "50"), invoice(2, "1184.50", customer="ben"), period=OCTOBER)

    assert (INVOICE_LIST, "en", "Invoices", "October 2026", NOVEMBER_20) == (
        document.kind,
        document.locale,
        document.title,
        document.number,
        document.issued_on,
    )
    assert (("As of", "Nov 20, 2026"), ("Listed", "2 invoices")) == document.facts
    assert ["Number", "Date", "Due on", "Customer", "Status", "Total"] == [
        column.label for column in document.columns
    ]
    assert [
        ("INV-2026-00001", "Nov 2, 2026", "Nov 16, 2026", "Ana García", "issued", "€50.00"),
        ("INV-2026-00002", "Nov 2, 2026", "Nov 16, 2026", "Ben Ali", "issued", "€1,184.50"),
    ] == cells(document)
    assert [("Total", "€1,234.50")] == sums(document)
    assert () == document.notes


def test_a_list_in_spanish() -> None:
    """The same in the language of the business, or of another reader."""
    document = listed(invoice(1, "1234.50"), head=SPANISH, status="issued")
    reader = attrs.evolve(OWNER, locale="es_MX")

    assert (("A fecha de", "20 nov 2026"), ("Estado", "emitida"), ("En la lista", "1 factura")) == (
        document.facts
    )
    assert ["Número", "Fecha", "Vencimiento", "Cliente", "Estado", "Total"] == [
        column.label for column in document.columns
    ]
    assert [("Total", "1.234,50\xa0€")] == sums(document)
    assert "Facturas" == listed(invoice(1, "5"), reader=reader).title


def test_net_and_tax() -> None:
    """Net and tax stand in columns of their own as soon as one invoice has tax."""
    document = listed(invoice(1, "100", tax="21"), invoice(2, "50"))

    assert ["Net", "Tax", "Total"] == [column.label for column in document.columns[-3:]]
    assert [("€100.00", "€21.00", "€121.00"), ("€50.00", "€0.00", "€50.00")] == [
        row[-3:] for row in cells(document)
    ]
    assert [("Net", "€150.00"), ("Tax", "€21.00"), ("Total", "€171.00")] == sums(document)


def test_currencies_stand_apart() -> None:
    """Each currency has a heading, its invoices, a row of sums and a total."""
    document = listed(
        invoice(1, "100", tax="21"), invoice(2, "30", currency="GBP"), invoice(3, "50", tax="5")
    )

    assert [
        ("heading", "EUR", "EUR"),
        ("normal", "INV-2026-00001", "€121.00"),
        ("normal", "INV-2026-00003", "€55.00"),
        ("strong", "Total", "€176.00"),
        ("heading", "GBP", "GBP"),
        ("normal", "INV-2026-00002", "£30.00"),
        ("strong", "Total", "£30.00"),
    ] == [(row.emphasis, row.cells[0], row.cells[-1]) for row in document.rows]
    assert ("€150.00", "€26.00", "€176.00") == cells(document)[3][-3:]
    assert [("Total EUR", "€176.00"), ("Total GBP", "£30.00")] == sums(document)


def test_drafts_are_not_added_up() -> None:
    """A draft is listed in grey, without a number, and a note says that it does not count."""
    document = listed(invoice(1, "50"), draft(2, "70"))

    assert ("muted", ("Draft", "", "", "Ana García", "draft", "€70.00")) == (
        document.rows[1].emphasis,
        document.rows[1].cells,
    )
    assert [("Total", "€50.00")] == sums(document)
    assert ("Drafts and void invoices are listed and not added up.",) == document.notes


def test_the_list_of_a_customer() -> None:
    """A customer chosen stands in the head and in no column; the language stays the reader's."""
    document = listed(invoice(1, "50"), customer=attrs.evolve(PARENT, locale="es"))

    assert ("Customer", "Ana García") == (document.recipient.label, document.recipient.name)
    assert "Customer" not in [column.label for column in document.columns]
    assert "Ana García" not in cells(document)[0]


def test_unknown_customers_have_their_id() -> None:
    """A customer without a name here is told by its id."""
    assert "eve" == cells(listed(invoice(1, "50", customer="eve")))[0][3]


def test_nothing_to_list() -> None:
    """An empty list says so, and has no total in a currency that nobody named."""
    document = listed()

    assert ("Listed", "0 invoices") in document.facts
    assert ((), ()) == (document.rows, document.totals)


def test_too_many_for_one_document() -> None:
    """More invoices than a document holds are refused; list them by month."""
    with pytest.raises(TooLarge, match="rows has 10001"):
        listed(*(invoice(1, "1") for _ in range(10_001)))


def test_a_long_list_takes_no_longer_for_each_invoice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each invoice is asked for its tax as often in a long list as in a short one."""
    asked: list[str] = []

    def tax(invoice: Invoice) -> Money:
        asked.append(invoice.id)
        return money("0")

    monkeypatch.setattr(Invoice, "tax", property(tax))

    def times(length: int) -> int:
        asked.clear()
        listed(*(invoice(n, "1") for n in range(length)))
        return len(asked)

    assert 5 * times(10) == times(50)


@pytest.mark.parametrize("status", sorted({*STATUSES, *INVOICE.statuses}))
def test_every_status_has_a_word(status: str) -> None:
    """Each status of an invoice is said in English and in Spanish."""
    assert status in STATUSES
    assert STATUSES[status] != Words("es").text(STATUSES[status])


def test_a_status_of_later_is_said_as_it_is() -> None:
    """A status without a word of ours is shown with spaces, for hosts to translate."""
    assert ("Status", "in review") in listed(status="in_review").facts


# ---- as it is drawn --------------------------------------------------------------------------
def drawn(document: Document) -> tuple[str, tuple[float, float]]:
    """Return the text and the size of the first page of *document*."""
    page = pypdfium2.PdfDocument(TypstRenderer().render(document))[0]
    return " ".join(page.get_textpage().get_text_range().split()), page.get_size()


def test_a_taxed_list_lies_on_its_side() -> None:
    """Three amounts beside names need a wide sheet; title, facts and sums are there."""
    text, (width, height) = drawn(
        listed(invoice(1, "100", tax="21"), invoice(2, "9", customer="ben"), head=SPANISH)
    )

    assert width > height
    for part in (
        "Aula Norte",
        "Facturas",
        "A fecha de 20 nov 2026",
        "Número Fecha Vencimiento Cliente Estado Neto Impuesto Total",
        "INV-2026-00001 2 nov 2026 16 nov 2026 Ana García emitida 100,00 € 21,00 € 121,00 €",
        "Neto 109,00 € Impuesto 21,00 € Total 130,00 €",
        "Página 1 de 1",
    ):
        assert part in text


def test_the_list_of_a_customer_stands_upright() -> None:
    """Without names a sheet is wide enough, and the customer stands above the table."""
    customer = Party(
        id="ana", role="customer", name="Ana García", currency="EUR", address=("28014 Madrid",)
    )
    text, (width, height) = drawn(listed(invoice(1, "100", tax="21"), customer=customer))

    assert width < height
    assert "Customer Ana García 28014 Madrid As of Nov 20, 2026" in text


def test_an_empty_list_is_drawn() -> None:
    """Even no invoices are a document."""
    text, _ = drawn(listed())

    assert "Listed 0 invoices" in text
