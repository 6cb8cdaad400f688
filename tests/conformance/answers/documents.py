"""Answers about invoices and credit notes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal

import attrs

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain import credit_notes, invoices
from ledgerkit.domain.changes import BatchRefused, Changes, Expect, Series, changes_of, request
from ledgerkit.domain.credit_notes import (
    AlreadyCorrected,
    CreditNote,
    NotCreditedInFull,
    NotOpen,
    NotPaid,
    OverCredited,
)
from ledgerkit.domain.invoices import Invoice, InvoiceSettled
from ledgerkit.domain.money import ISO, Money, Rate
from tests.conformance.answers.shared import NOON, Answer, Handler, Inputs, first_of


def invoice_of(amount: str, id: str = "inv_1") -> Invoice:
    """Return an issued invoice over *amount*, in one line that was posted elsewhere."""
    price = Rate.of(ISO.parse(amount, "USD"))
    line = invoices.line(id, item="a plan", on=NOON.date(), price=price, journal="jrn_elsewhere")
    draft = Invoice(id=id, customer="c-1", currency="USD", lines=(line,))
    return invoices.issue(draft, on=NOON.date(), due_on=NOON.date(), at=NOON).invoice


def note_over(invoice: Invoice, amount: str, *earlier: CreditNote) -> CreditNote:
    """Return the draft of a note that gives back *amount* of the only line of *invoice*."""
    asked = {invoice.lines[0].id: ISO.parse(amount, "USD")}
    return credit_notes.draft(invoice, asked, earlier=earlier, reason="a case")


def cap(inputs: Inputs, asked: Inputs) -> Answer:
    """Ask for more than was charged and not given back yet; the error says how much is left."""
    invoice = invoice_of(first_of(inputs, "invoice_paid", "invoice_total"))
    earlier: list[CreditNote] = []
    if ISO.parse(inputs["refunded"], "USD").minor:
        given = note_over(invoice, inputs["refunded"])
        earlier.append(credit_notes.issue(given, on=NOON.date(), at=NOON, invoice=invoice).note)
    try:
        note_over(invoice, inputs["requested"], *earlier)
    except OverCredited as error:
        left = str(asked["error"]).removeprefix("exceeds ")
        said = str(error).endswith(f"exceeds {left} USD")
        return {"error": f"exceeds {left}" if said else str(error)}
    return {"error": "none"}


def concurrency(inputs: Inputs, _: Inputs) -> Answer:
    """Draft two notes that fit alone and not together, and issue one after the other."""
    first, second = inputs["drafts"]
    invoice, store = invoice_of(max(first, second, key=Decimal)), MemoryStore()
    one = note_over(invoice, first)
    two = note_over(invoice, second, one)
    told: dict[str, str] = {}
    issued: list[CreditNote] = []
    for name, draft in (("first", one), ("second", two)):
        try:
            credited = credit_notes.issue(
                draft, on=NOON.date(), at=NOON, invoice=invoice, earlier=issued
            )
            store.commit(
                changes_of(
                    credited,
                    key=name,
                    request=request("credit_note.issue", note=draft.id),
                    actor="case",
                    reason="a case",
                    at=NOON,
                )
            )
            issued.append(credited.note)
            told[name] = "finalized"
        except OverCredited:
            told[name] = f"rejected, stays {draft.status}"
    held = store.balance("customer:c-1", "USD").posted
    return {**told, "wallet_increase": ISO.plain(Money(held, "USD"))}


def numbering(inputs: Inputs, asked: Inputs) -> Answer:
    """Draw numbers in the pattern of those that are asked for."""
    store = MemoryStore()
    sample = asked["numbers"][0] if "numbers" in asked else asked["next_number"]
    text, digits = re.fullmatch(r"(.*?)(\d+)", sample).groups()  # type: ignore[union-attr]
    series = Series("case", f"{text}{{n:{len(digits) if digits[0] == '0' else 1}}}")

    def issue(n: int, *, expects: tuple[Expect, ...] = ()) -> Changes:
        draft = Invoice(
            id=f"inv_{n}", customer="c-1", currency="USD", lines=invoice_of("1.00", f"l{n}").lines
        )
        issued = invoices.issue(draft, on=NOON.date(), due_on=NOON.date(), at=NOON, series=series)
        return changes_of(
            issued,
            key=draft.id,
            request=request("invoice.issue", invoice=draft.id),
            actor="case",
            reason="a case",
            at=NOON,
            expects=expects,
        )

    before = int(inputs.get("already_issued") or 0)
    for n in range(before):
        store.commit(issue(n))
    lost = int(inputs.get("allocations_before_rollback") or 0)
    if lost:
        stale = issue(lost, expects=(Expect(Invoice, "inv_0", 99),))
        with suppress(BatchRefused):
            store.commit_all([*(issue(n) for n in range(lost)), stale])
        return {"next_number": store.commit(issue(before)).numbers[0].text}
    wanted = range(before, before + len(asked["numbers"]))
    return {"numbers": [store.commit(issue(n)).numbers[0].text for n in wanted]}


# ---- the life of invoices and credit notes ---------------------------------------------------
def state_of(text: str) -> tuple[Invoice, Money]:
    """Return an invoice in the state that a case calls *text*, and what was paid of it."""
    invoice = invoice_of("100.00")
    words = set(re.findall(r"[a-z_]+", text.lower()))
    paid = invoice.total if words & {"paid", "settled", "succeeded"} else Money(0, "USD")
    if words & {"partially", "partially_paid", "partially_refunded"}:
        paid = Money(invoice.total.minor // 2, "USD")
    return invoices.settled(invoice, paid=paid, credited=Money(0, "USD")), paid


def unpaid_again(invoice: Invoice, before: Invoice) -> str:
    """Return what became of *invoice*, in the words of the cases."""
    if invoice.status == before.status:
        return "invoice unchanged"
    return "invoice settled" if invoice.status == invoices.PAID else "invoice unpaid again"


def lifecycle(inputs: Inputs, asked: Inputs) -> Answer:
    """Draft a note over all of an invoice, have it approved and applied, and void it."""
    before, paid = state_of(str(inputs["invoice"]))
    full = credit_notes.creditable(before, ())
    draft = credit_notes.draft(before, full, earlier=(), reason="a case", by="writer")
    untouched = invoices.settled(
        before, paid=paid, credited=credit_notes.credited_of([draft], "USD")
    )
    note = credit_notes.approve(
        credit_notes.submit(draft).note, by="reader", on=NOON.date(), at=NOON, invoice=before
    ).note
    done = credit_notes.apply(note, invoice=before, paid=paid, notes=[note])
    gone = credit_notes.void(
        done.note,
        on=NOON.date(),
        at=NOON,
        invoice=done.invoice,
        paid=paid,
        notes=[done.note],
    )
    assert gone.invoice is not None
    told = {
        "while_draft": unpaid_again(untouched, before),
        "after_finalize": unpaid_again(done.invoice, before),
        "void_after": unpaid_again(gone.invoice, done.invoice),
    }
    return {field: told[field] for field in asked}


def corrected_invoice(inputs: Inputs, asked: Inputs) -> Answer:
    """Write an invoice anew: credited in full, a second time, and credited in part."""
    parent = invoice_of("100.00")
    note = credit_notes.issue(note_over(parent, "100.00"), on=NOON.date(), at=NOON, invoice=parent)
    part = credit_notes.issue(note_over(parent, "40.00"), on=NOON.date(), at=NOON, invoice=parent)
    notes = [note.note] if "full" in str(inputs["parent"]) else [part.note]

    def told(notes: list[CreditNote], *others: Invoice) -> str:
        try:
            made = credit_notes.reissue(parent, parent.lines, notes=notes, others=others)
        except (AlreadyCorrected, NotCreditedInFull):
            return "rejected"
        return f"{made.status} linked to {'parent' if made.corrects == parent.id else 'nothing'}"

    first = credit_notes.reissue(parent, parent.lines, notes=[note.note])
    answers = {
        "corrected_invoice": told(notes),
        "second_reissue": told(notes, first),
        "partial_cancellation": told([part.note]),
    }
    return {field: answers[field] for field in asked}


def note_type(inputs: Inputs, _: Inputs) -> Answer:
    """Credit an invoice in full in each status of its payment, and say what the note then is."""
    statuses = inputs["payment_status"]
    types = []
    for status in [statuses] if isinstance(statuses, str) else statuses:
        invoice, paid = state_of(status)
        draft = note_over(invoice, "100.00")
        note = credit_notes.issue(draft, on=NOON.date(), at=NOON, invoice=invoice, paid=paid).note
        assert note.applied is not None
        types.append(note.applied.type)
    return {"type": types[0] if isinstance(statuses, str) else types}


_PLACES = {"debt": credit_notes.DEBT, "credit": credit_notes.CREDIT, "refund": credit_notes.REFUND}


def validation(inputs: Inputs, asked: Inputs) -> Answer:
    """Ask for a note that goes to one place alone: debt, credit or refund."""
    invoice, paid = state_of(str(inputs["invoice"]))
    wanted = str(inputs["credit_note"]).lower()
    place = next(place for word, place in _PLACES.items() if word in wanted)
    draft = note_over(invoice, "100.00")
    note = credit_notes.approve(
        credit_notes.submit(draft).note,
        by="reader",
        on=NOON.date(),
        at=NOON,
        invoice=invoice,
        four_eyes=False,
    ).note
    try:
        credit_notes.apply(note, invoice=invoice, paid=paid, notes=[note], whole_to=place)
    except (NotOpen, NotPaid):
        return {"error": "rejected"}
    return {field: "accepted" if field != "error" else None for field in asked}


def void(inputs: Inputs, asked: Inputs) -> Answer:
    """Void an invoice, of which something may have been paid."""
    paid_of = str(first_of(inputs, "payments_total", "paid") or "0")
    figure = re.fullmatch(r"[0-9.]+", paid_of)
    nothing = Money(0, "USD")
    if figure is None:
        paid = Money(1, "USD") if paid_of.strip() == "> 0" else nothing
    else:
        paid = ISO.parse(paid_of, "USD")
    charged = attrs.evolve(invoice_of("100.00").lines[0], journal=None)
    made = attrs.evolve(invoice_of("100.00"), lines=(charged,))
    if "draft" in str(inputs.get("invoice_state")):
        made = attrs.evolve(made, status=invoices.DRAFT)
    try:
        done = invoices.void(made, paid=paid, credited=nothing, on=NOON.date(), at=NOON)
    except InvoiceSettled:
        return {"error": "cannot void an invoice that has successful payments"}
    return dict.fromkeys(asked, done.invoice.status)


def refund(inputs: Inputs, asked: Inputs) -> Answer:
    """Refund a paid invoice, with or without a note that takes the charge back."""
    total = first_of(inputs, "invoice_total", "total")
    invoice = invoice_of(total)
    paid, back = ISO.parse(inputs["paid"], "USD"), ISO.parse(inputs["refund"], "USD")
    notes: list[CreditNote] = []
    if str(inputs.get("adjust_items", "false")).lower() == "true":
        draft = credit_notes.submit(note_over(invoice, inputs["refund"])).note
        note = credit_notes.approve(
            draft, by="reader", on=NOON.date(), at=NOON, invoice=invoice, four_eyes=False
        ).note
        refunding = credit_notes.apply(
            note, invoice=invoice, paid=paid, notes=[note], rest=credit_notes.REFUND
        )
        notes.append(refunding.note)
    credited = credit_notes.credited_of(notes, "USD")
    is_open = invoices.open_amount(invoice, paid=paid - back, credited=credited)
    answer = {"invoice_balance": ISO.plain(is_open)}
    if notes:
        answer["item_adjustment"] = ISO.plain(-notes[0].net)
    return {field: answer[field] for field in asked}


HANDLERS: Mapping[str, Handler] = {
    "credit_note.cap": cap,
    "credit_note.concurrency": concurrency,
    "credit_note.corrected_invoice": corrected_invoice,
    "credit_note.lifecycle": lifecycle,
    "credit_note.type": note_type,
    "credit_note.validation": validation,
    "invoice.numbering": numbering,
    "invoice.void": void,
    "refund.no_adjustment": refund,
    "refund.with_adjustment": refund,
}
