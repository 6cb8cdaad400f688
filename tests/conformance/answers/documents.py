"""Answers about invoices and credit notes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain import credit_notes, invoices
from ledgerkit.domain.changes import BatchRefused, Changes, Expect, Series, changes_of, request
from ledgerkit.domain.credit_notes import CreditNote, OverCredited
from ledgerkit.domain.invoices import Invoice
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
        said = f"exceeds {ISO.parse(left, 'USD').minor} USD"
        return {"error": f"exceeds {left}" if str(error).endswith(said) else str(error)}
    return {"error": "none"}


def concurrency(inputs: Inputs, _: Inputs) -> Answer:
    """Draft two notes that fit alone and not together, and issue one after the other."""
    first, second = inputs["drafts"]
    invoice, store = invoice_of(first), MemoryStore()
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


HANDLERS: Mapping[str, Handler] = {
    "credit_note.cap": cap,
    "credit_note.concurrency": concurrency,
    "invoice.numbering": numbering,
}
