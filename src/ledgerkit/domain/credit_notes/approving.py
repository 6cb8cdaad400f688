"""Approving: a note that somebody else looked at has a number and is posted.

What was drafted is checked anew when it is approved, against everything approved since; then it
mirrors the charge in the ledger. (spec: billing 5a, 7)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime

import attrs

from ledgerkit.domain.access import need_four_eyes
from ledgerkit.domain.changes import Draw, Effects, Series
from ledgerkit.domain.credit_notes.drafting import credit_lines, credited
from ledgerkit.domain.credit_notes.records import CREDIT_NOTE, CreditLine, CreditNote
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import Entry, Event, Journal, Wallet, net_of, reverse
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.money import Money
from ledgerkit.domain.sessions import undone
from ledgerkit.domain.tax import summed

CREDIT_NOTES = Series("CN", "{series}-{year}-{n:5}")


@attrs.frozen
class Submitted:
    """A note that waits for approval."""

    note: CreditNote

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.note,))


def submit(note: CreditNote) -> Submitted:
    """Ask for the approval of a draft.

    Raises:
        IllegalTransition: it is no draft.
    """
    return Submitted(attrs.evolve(note, status=CREDIT_NOTE.after(note.status, "submit")))


@attrs.frozen
class Rejected:
    """A note that was turned down; who and why stand in its history."""

    note: CreditNote

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.note,))


def reject(note: CreditNote) -> Rejected:
    """Turn down a note that waits for approval.

    Raises:
        IllegalTransition: it does not wait.
    """
    return Rejected(attrs.evolve(note, status=CREDIT_NOTE.after(note.status, "reject")))


@attrs.frozen
class Credited:
    """A credit note as approved, the journals that mirror the charge, and its number's draw.

    With the invoice, where the note was applied at once and its status moved.
    """

    note: CreditNote
    journals: tuple[Journal, ...]
    draw: Draw
    invoice: Invoice | None = None

    @property
    def effects(self) -> Effects:
        """What to store."""
        wallets = [Wallet(f"customer:{self.note.customer}"), Wallet("platform")]
        wallets += [Wallet(tax.wallet) for tax in self.note.taxes]
        return Effects(
            journals=self.journals,
            opens=tuple(wallets),
            records=(self.note, *(() if self.invoice is None else (self.invoice,))),
            draws=(self.draw,),
        )


def undo(charge: Journal, *, on: date, at: datetime) -> Journal:
    """Return the journal that takes back *charge* whole, everybody's share of it, effective *at*.

    It claims the fact that the charge was undone, so that nobody undoes it twice and the next run
    can tell that what it charged may be charged anew. (spec: ledger 3, 5)
    """
    reversal = reverse(charge, id=derive("jrn", "reversal", charge.id, on=on), at=at)
    return attrs.evolve(reversal, event=None if charge.event is None else undone(charge.event))


def approve(
    note: CreditNote,
    *,
    by: str,
    on: date,
    at: datetime,
    invoice: Invoice | None = None,
    earlier: Iterable[CreditNote] = (),
    others: Iterable[Invoice] = (),
    undoes: Mapping[str, Journal] | None = None,
    four_eyes: bool = True,
    series: Series = CREDIT_NOTES,
) -> Credited:
    """Approve *note*, dated *on*; *invoice* is the one it is of, with all *earlier* notes of it.

    With *others*, the invoices of the customer, *earlier* are the notes of them all: see `draft`.
    What is left to credit is checked anew, and taxes are the complement of what is kept by now,
    which may move a minor unit if another note was approved since the draft. With *four_eyes* who
    approves is not who wrote it.

    A line that gives back the rest of what was charged may undo the journal that charged it, named
    in *undoes* by the id of the invoice line: everybody's share goes back, what earlier notes gave
    back of it included. All other lines are borne by the platform. What was undone counts as never
    charged: a run charges it anew if it is approved, so do not undo to be obliging.

    Raises:
        IllegalTransition: it does not wait for approval.
        ApproverIsRequester: *by* wrote it.
        OverCredited, InvoiceOverCredited, UnknownLine: others took what was left.
        NotIssued: the invoice was void or written off meanwhile.
        ValueError: *invoice* is another one, a journal in *undoes* charged something else than the
            line, or nobody is named who wrote the note although four eyes are wanted.
    """
    name_of("approver", by)
    if four_eyes:
        need_four_eyes("credit note", note.id, asked_by=note.created_by, by=by)
    if four_eyes and not note.created_by:
        msg = f"credit note {note.id!r} names nobody who wrote it; draft it with by="
        raise ValueError(msg)
    return approved(
        attrs.evolve(note, approved_by=by),
        on=on,
        at=at,
        invoice=invoice,
        earlier=earlier,
        others=others,
        undoes=undoes,
        series=series,
    )


def approved(
    note: CreditNote,
    *,
    on: date,
    at: datetime,
    invoice: Invoice | None,
    earlier: Iterable[CreditNote],
    others: Iterable[Invoice] = (),
    undoes: Mapping[str, Journal] | None,
    series: Series,
) -> Credited:
    """Return *note* as approved, whoever did it: see `approve`."""
    status = CREDIT_NOTE.after(note.status, "approve")
    charges = undoes or {}
    every = tuple(n for n in earlier if n.id != note.id)
    notes = tuple(n for n in every if n.invoice == note.invoice)
    lines = tuple(
        _undoing(line, invoice, notes, charges)
        for line in _lines_by_now(note, invoice, every, others)
    )
    done = attrs.evolve(
        note,
        lines=lines,
        taxes=summed(tax for line in lines for tax in line.taxes),
        status=status,
        issued_on=on,
    )
    undone_now = [charges[line.line or ""] for line in lines if line.undoes is not None]
    reversals = tuple(undo(charge, on=on, at=at) for charge in undone_now)
    return Credited(done, reversals + postings(done, undone_now, at=at), Draw(note.id, series, on))


def _lines_by_now(
    note: CreditNote,
    invoice: Invoice | None,
    notes: Iterable[CreditNote],
    others: Iterable[Invoice],
) -> tuple[CreditLine, ...]:
    named = None if invoice is None else invoice.id
    if named != note.invoice:
        msg = f"credit note {note.id!r} is of invoice {note.invoice!r}; got {named!r}"
        raise ValueError(msg)
    if invoice is None:
        return note.lines
    asked = {line.line or "": line.amount for line in note.lines}
    by_now = credit_lines(invoice, asked, notes, others)
    return tuple(
        attrs.evolve(line, taxes=now.taxes) for line, now in zip(note.lines, by_now, strict=True)
    )


def _undoing(
    line: CreditLine,
    invoice: Invoice | None,
    notes: Iterable[CreditNote],
    undoes: Mapping[str, Journal],
) -> CreditLine:
    """Return *line* as undoing its charge, if it is to; raise unless it gives back all of it."""
    charge = undoes.get(line.line or "")
    billed = None if invoice is None else invoice.line(line.line or "")
    if charge is None or invoice is None or billed is None:
        return line
    payer = f"customer:{invoice.customer}", invoice.currency
    charged = -net_of(charge.entries).get(payer, 0)
    given = line.amount.minor + credited(notes).get(billed.id, 0)
    if charged != billed.amount.minor or given != billed.net.minor:
        msg = (
            f"journal {charge.id!r} charged {charged}, not what is given back of line "
            f"{line.line!r}; credit the line plainly"
        )
        raise ValueError(msg)
    return attrs.evolve(line, undoes=charge.id)


def postings(
    note: CreditNote, undone_charges: Iterable[Journal] = (), *, at: datetime
) -> tuple[Journal, ...]:
    """Return what approving *note* posts beside undoing *undone_charges*, effective *at*.

    The customer gets the total less what comes back by the charges and what corrections gave back
    before, each tax is owed no more, and the platform bears the rest, or has back what it bore
    before.
    """
    payer = f"customer:{note.customer}"
    back = sum(-net_of(charge.entries).get((payer, note.currency), 0) for charge in undone_charges)
    back += sum(line.given.amount.minor for line in note.lines if line.given is not None)
    legs = [Entry(payer, note.total - Money(back, note.currency))]
    legs += [Entry(tax.wallet, -tax.amount) for tax in note.taxes]
    legs += [Entry("platform", Money(back, note.currency) - note.net)]
    entries = tuple(leg for leg in legs if leg.amount.minor)
    if not entries:
        return ()
    return (
        Journal(
            id=derive("jrn", "credit_note.issued", note.id, on=note.issued_on),
            kind="credit_note.issued",
            entries=entries,
            effective_at=at,
            event=Event("credit_note", note.id),
        ),
    )
