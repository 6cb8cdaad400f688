"""Documents: stored first, linked second, printed again the same, and nobody held up."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import attrs
import pytest

from ledgerkit.documents import Document
from ledgerkit.domain import payment_plans
from ledgerkit.domain.changes import expect
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.document_links import DocumentLink
from ledgerkit.domain.invoices import Invoice
from ledgerkit.jobs.billing_run import run_month
from ledgerkit.jobs.documents import PartyNotStored, Printed, print_documents
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host, PortMissing
from ledgerkit.ports.renderer import Undrawable
from ledgerkit.testing.fakes.documents import MemoryDocuments
from ledgerkit.testing.fakes.renderer import PlainTextRenderer
from ledgerkit.testing.samples import OCTOBER, changes, invoice
from ledgerkit.testing.simulator import Killed, Rigged, killed_after
from tests.domain.billing_run.world import NOVEMBER_1
from tests.jobs.small_month import (
    ANA,
    ASKED,
    HEAD,
    MONTH,
    NOVEMBER_3,
    asked,
    billed_host,
    kept,
    new_host,
    outcome,
    unprinted,
)

ALL = [
    "credit_notes/CN-2026-00001.pdf",
    "invoices/INV-2026-00001.pdf",
    "invoices/INV-2026-00002.pdf",
    "invoices/INV-2026-00003.pdf",
    "invoices/INV-2026-00004.pdf",
    "payouts/2026-10/tom-EUR.pdf",
    "payouts/2026-10/una-EUR-1.pdf",
    "payouts/2026-10/una-EUR.pdf",
]


def printed(host: Host, head: Any = HEAD) -> Printed:
    """Return what a printing of *host* did."""
    return run(print_documents(head, NOVEMBER_3), host)


def links(host: Host) -> dict[str, str]:
    """Return the key of each linked document, by the record it prints."""
    return {v.record.of: v.record.key for v in host.store.find(DocumentLink).items}


def store(host: Host, record: Any) -> None:
    """Store a new version of *record*, or its first."""
    read = host.store.load(type(record), record.id)
    expects = () if read is None else (expect(read),)
    version = 1 if read is None else read.version + 1
    host.store.commit(
        changes(
            f"{record.id}/{version}",
            at=NOVEMBER_3 + timedelta(hours=version),
            records=(record,),
            expects=expects,
        )
    )


def test_every_kind_is_printed_and_linked() -> None:
    """Invoices, supplements, credit notes and payouts, each under its number. (seed 000)"""
    host = unprinted()
    report = printed(host)

    assert ALL == sorted(report.keys) == sorted(kept(host)) == sorted(links(host).values())
    assert () == report.skipped
    assert {"ana", "ben", "tom", "una"} == {
        v.record.party for v in host.store.find(DocumentLink).items
    }


def test_what_is_printed_says_what_it_is() -> None:
    """A supplement and a credit note name the invoice they refer to; each reader is spoken to."""
    host = unprinted()
    printed(host)
    texts = kept(host)

    assert "Factura INV-2026-00002" in texts["invoices/INV-2026-00002.pdf"]
    assert "Adds to invoice\tINV-2026-00003" in texts["invoices/INV-2026-00004.pdf"]
    assert "Rectifica la factura\tINV-2026-00002" in texts["credit_notes/CN-2026-00001.pdf"]
    assert "Payout statement 2026-10 una (2)" in texts["payouts/2026-10/una-EUR-1.pdf"]
    assert "Issued on\tNov 3, 2026" in texts["payouts/2026-10/una-EUR-1.pdf"]
    assert "Issued on\tNov 1, 2026" in texts["payouts/2026-10/una-EUR.pdf"]


def first_invoice(host: Host) -> Invoice:
    """Return the invoice with the first number."""
    numbered = (v.record for v in host.store.find(Invoice).items if v.record.reference is None)
    return min(numbered, key=lambda each: each.number or "")


@pytest.mark.parametrize("cancelled", [False, True])
def test_instalments_are_printed(cancelled: bool) -> None:
    """An invoice with a payment plan says which parts are due when, unless it was cancelled."""
    host = unprinted()
    billed = first_invoice(host)
    plan = payment_plans.agree_on(billed, [date(2026, 12, 1), date(2027, 1, 1)]).plan
    store(host, payment_plans.cancel(plan).plan if cancelled else plan)
    printed(host)
    text = kept(host)[f"invoices/{billed.number}.pdf"]

    assert cancelled != ("instalments, as agreed" in text or "plazos" in text)


def test_an_invoice_that_notes_settled_was_not_paid() -> None:
    """Printed after it was credited in full, it asks for what the note takes off, as before."""
    before, after = unprinted(), unprinted()
    (note,) = (v.record for v in after.store.find(CreditNote).items)
    read = after.store.load(Invoice, note.invoice or "")
    assert read is not None
    store(after, attrs.evolve(read.record, status="paid"))
    printed(before)
    printed(after)

    assert kept(before) == kept(after)


def test_what_was_brought_in_is_not_printed() -> None:
    """An invoice of the business before has its document elsewhere."""
    host = billed_host()

    assert 4 == len(host.store.find(Invoice).items)
    assert 3 == sum(key.startswith("invoices/") for key in kept(host))


def test_printed_again_nothing_is_new() -> None:
    """What has a document is left alone."""
    host = unprinted()
    printed(host)
    before = outcome(host)

    assert Printed() == printed(host)
    assert before == outcome(host)


def test_a_document_that_was_lost_is_printed_again() -> None:
    """With another store of documents they are all made anew, the same, and linked as before."""
    host = unprinted()
    printed(host)
    emptied = attrs.evolve(host, documents=type(host.documents)())  # type: ignore[misc]
    report = printed(emptied)

    assert kept(host) == kept(emptied)
    assert ALL == sorted(report.keys)


def steps_named(host: Host, name: str) -> list[int]:
    """Return the numbers of the steps called *name* in a printing of *host*."""
    rigged = Rigged(host)
    run(print_documents(HEAD, NOVEMBER_3), rigged)
    return [n for n, step in enumerate(rigged.names, 1) if step == name]


@pytest.mark.parametrize("place", range(len(ALL)))
def test_stored_first_and_linked_second(place: int) -> None:
    """Killed between the two, a document is there without a link, never a link without one."""
    put = steps_named(unprinted(), "put_document")[place]
    host = unprinted()
    with pytest.raises(Killed, match="put_document"):
        run(print_documents(HEAD, NOVEMBER_3), Rigged(host, {put: killed_after}))
    assert (place + 1, place) == (len(kept(host)), len(links(host)))

    printed(host)
    assert ALL == sorted(kept(host)) == sorted(links(host).values())


def test_a_party_that_moves_after_a_crash() -> None:
    """The document shows the address of the day its record was stored, so it is the same again."""
    host = unprinted()
    put = steps_named(unprinted(), "put_document")[0]
    with pytest.raises(Killed):
        run(print_documents(HEAD, NOVEMBER_3), Rigged(host, {put: killed_after}))
    before = kept(host)
    for party in (*MONTH.parties, MONTH.business):
        store(host, attrs.evolve(party, name=f"New {party.name}", address=("Calle Nueva, 1",)))
    moved = attrs.evolve(HEAD, business=attrs.evolve(HEAD.business, name="New"))
    report = printed(host, moved)

    assert () == report.skipped
    assert before.items() <= kept(host).items()
    assert not any("New" in text or "Nueva" in text for text in kept(host).values())


def test_a_record_older_than_its_party() -> None:
    """What was stored before anybody knew the party shows the first that was known of it."""
    host = new_host()
    issue_one(host)
    store(host, attrs.evolve(ANA, name="Ana First"))
    store(host, attrs.evolve(ANA, name="Ana Second"))

    assert ("invoices/INV-1.pdf",) == printed(host).keys
    assert "Ana First" in kept(host)["invoices/INV-1.pdf"]


def issue_one(host: Host) -> None:
    """Store an invoice of Ana, issued as INV-1."""
    made = invoice("inv_1", customer="ana", status="issued", issued_on=OCTOBER, number="INV-1")
    host.store.commit(changes("issue", at=NOVEMBER_1, records=(made,)))


def test_a_party_that_is_not_in_the_books() -> None:
    """It is named; nobody guesses to whom an invoice goes."""
    host = new_host()
    issue_one(host)
    report = printed(host)

    assert () == report.keys
    assert [("ana", "party_not_stored")] == [(s.subject, s.code) for s in report.skipped]
    assert (
        "invoices/INV-1.pdf is for 'ana', which is not in the books; store the party"
        == str(PartyNotStored("ana", "invoices/INV-1.pdf"))
        == report.skipped[0].reason
    )


class Picky(PlainTextRenderer):
    """A renderer that cannot draw what is for Ana."""

    def render(self, document: Document) -> bytes:
        """Return *document* as text."""
        if document.recipient.name == ANA.name:
            raise Undrawable(document.kind, document.number, "no such letter")
        return super().render(document)


def test_who_cannot_be_printed_is_named() -> None:
    """One document that cannot be drawn stops no other, and the run reports it."""
    host = attrs.evolve(new_host(), renderer=Picky())
    report = run(run_month(ASKED), host)

    assert [("ana", "undrawable_document")] * 2 == [(s.subject, s.code) for s in report.skipped]
    assert {
        "invoices/INV-2026-00003.pdf",
        "payouts/2026-10/tom-EUR.pdf",
        "payouts/2026-10/una-EUR.pdf",
    } == set(report.documents)
    again = run(run_month(ASKED), attrs.evolve(host, renderer=PlainTextRenderer()))
    assert {"invoices/INV-2026-00001.pdf", "invoices/INV-2026-00002.pdf"} == set(again.documents)
    assert () == again.skipped


def test_a_key_of_another_document() -> None:
    """In a folder that another business has used nothing is replaced, linked or held up."""
    host = new_host()
    assert isinstance(host.documents, MemoryDocuments)
    host.documents.put("invoices/INV-2026-00002.pdf", b"other", media_type="application/pdf")
    report = run(run_month(ASKED), host)

    assert [("ana", "document_exists")] == [(s.subject, s.code) for s in report.skipped]
    assert "other" == kept(host)["invoices/INV-2026-00002.pdf"]
    assert "invoices/INV-2026-00002.pdf" not in links(host).values()
    assert 4 == len(report.documents)


@pytest.mark.parametrize("port", ["renderer", "documents"])
def test_a_host_without_ports(port: str) -> None:
    """A host that was wired without one is told so; no customer is to blame."""
    without: dict[str, Any] = {port: None}
    host = attrs.evolve(unprinted(), **without)

    with pytest.raises(PortMissing, match=r"renderer|document store"):
        printed(host)


def test_a_run_without_a_letterhead_prints_nothing() -> None:
    """It needs no renderer either."""
    host = attrs.evolve(new_host(), renderer=None, documents=None)
    report = run(run_month(attrs.evolve(ASKED, head=None)), host)

    assert ((), ()) == (report.documents, report.skipped)
    assert {} == links(host)


def test_what_an_earlier_run_left_is_printed() -> None:
    """October printed nothing; November's run prints its payouts as well as its invoices."""
    host = new_host()
    run(run_month(attrs.evolve(ASKED, head=None)), host)
    report = run(run_month(asked(sessions=())), host)

    assert 5 == len(report.documents)
    assert 2 == sum(key.startswith("payouts/2026-10/") for key in report.documents)


def test_keys_are_safe() -> None:
    """A number that no store could keep is named instead of kept under another."""
    host = new_host()
    issue_one(host)
    store(host, ANA)
    read = host.store.load(Invoice, "inv_1")
    assert read is not None
    store(host, attrs.evolve(read.record, number="../etc/passwd"))

    assert [("ana", "bad_document_key")] == [(s.subject, s.code) for s in printed(host).skipped]
    assert {} == kept(host)
