"""Credit notes: documents that take back what an invoice charged, in a series of their own.

A note refers to lines of an invoice and gives back at most what they charged, less what earlier
notes gave back. Its journal is the mirror of the charge. (spec: billing 0.6, 5a, 7)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.changes import Draw, Effects, Series
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import DRAFT, ISSUED, Invoice, Line
from ledgerkit.domain.ledger import Entry, Event, Journal, Wallet, net_of, reverse
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.lifecycle import Lifecycle
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.periods import plain_date
from ledgerkit.domain.sessions import undone

CREDIT_NOTE = Lifecycle("credit_note", DRAFT, {(DRAFT, "issue"): ISSUED})
CREDIT_NOTES = Series("CN", "{series}-{year}-{n:5}")


@attrs.frozen(kw_only=True)
class CreditLine:
    """What is taken back of one line.

    Attributes:
        id: Derived from the line and how often it was credited.
        line: The id of the invoice line, or None in a note without an invoice.
        source: What the line charged.
        item: What it is, as on the invoice.
        detail: More of it.
        on: Its local day.
        amount: What is given back, above zero.
    """

    id: str
    line: str | None
    source: str
    item: str
    detail: str = ""
    on: date
    amount: Money

    def __attrs_post_init__(self) -> None:
        plain_date("the day of a credit", self.on)
        if type(self.amount) is not Money:
            msg = f"a credit must be Money (got {self.amount!r} for {self.source!r})"
            raise TypeError(msg)
        if self.amount.minor <= 0:
            msg = f"a credit gives back more than 0 (got {self.amount} for {self.source!r})"
            raise ValueError(msg)


@attrs.frozen(kw_only=True)
class CreditNote:
    """A document of what a customer does not owe after all.

    Attributes:
        id: Derived from the invoice and how many notes it had.
        customer: The id of the party credited.
        currency: The currency of every line.
        invoice: The id of the invoice, or None when an import had no reference to it.
        lines: What is given back, one line at least.
        reason: Why, in words.
        status: `draft` or `issued`.
        issued_on: Its date.
        number: Drawn by the commit that issues it.
        reference: The number it had elsewhere, when it was brought in.
    """

    id: str
    customer: str
    currency: str
    invoice: str | None
    lines: tuple[CreditLine, ...]
    reason: str
    status: str = DRAFT
    issued_on: date | None = None
    number: str | None = None
    reference: str | None = None

    def __attrs_post_init__(self) -> None:
        name_of("credit note id", self.id)
        name_of("credit note reason", self.reason)
        if type(self.lines) is not tuple or not self.lines:
            msg = f"credit note {self.id!r} needs a tuple of one line at least"
            raise ValueError(msg)
        if any(line.amount.currency != self.currency for line in self.lines):
            msg = f"credit note {self.id!r} is in {self.currency}; a line of it is not"
            raise ValueError(msg)
        named = [line.line for line in self.lines if line.line is not None]
        if len({line.id for line in self.lines}) < len(self.lines) or len(set(named)) < len(named):
            msg = f"credit note {self.id!r} has a line twice"
            raise ValueError(msg)
        if self.invoice is None and self.reference is None:
            msg = (
                f"credit note {self.id!r} needs the invoice it credits, or the reference it was "
                "imported with"
            )
            raise ValueError(msg)
        if self.status not in CREDIT_NOTE.statuses:
            msg = f"credit note {self.id!r} is {self.status!r}; it is draft or issued"
            raise ValueError(msg)

    @property
    def total(self) -> Money:
        """What is given back."""
        return sum_of((line.amount for line in self.lines), self.currency)


@attrs.frozen
class OverCredited(LedgerkitError):
    """More would be given back than was charged."""

    invoice: str
    line: str
    billed: Money
    credited: Money
    asked: Money
    code: ClassVar[str] = "over_credited"

    def __str__(self) -> str:
        left = self.billed - self.credited
        return (
            f"line {self.line!r} of invoice {self.invoice!r} charged {self.billed.minor} and "
            f"{self.credited.minor} is credited; {self.asked.minor} asked exceeds {left.minor} "
            f"{self.billed.currency}"
        )


@attrs.frozen
class UnknownLine(LedgerkitError):
    """The invoice has no such line."""

    invoice: str
    line: str
    code: ClassVar[str] = "unknown_line"

    def __str__(self) -> str:
        return f"invoice {self.invoice!r} has no line {self.line!r} to credit"


@attrs.frozen
class NotIssued(LedgerkitError):
    """A draft cannot be credited."""

    invoice: str
    code: ClassVar[str] = "not_issued"

    def __str__(self) -> str:
        return f"invoice {self.invoice!r} is a draft; change the draft instead of crediting it"


def credited(notes: Iterable[CreditNote]) -> Mapping[str, int]:
    """Return what issued *notes* gave back of each invoice line, in minor units by line id."""
    sums = Counter[str]()
    for note in notes:
        for line in note.lines:
            if line.line is not None and note.status == ISSUED:
                sums[line.line] += line.amount.minor
    return sums


def draft(
    invoice: Invoice,
    asked: Mapping[str, Money],
    *,
    earlier: Iterable[CreditNote],
    reason: str,
) -> CreditNote:
    """Return a note that gives back the amounts *asked* of lines of *invoice*, by line id.

    *earlier* are all notes of the invoice so far; a draft has no effect.

    Raises:
        NotIssued, UnknownLine, OverCredited.
    """
    if invoice.status != ISSUED:
        raise NotIssued(invoice.id)
    notes = tuple(earlier)
    given = credited(notes)
    lines = []
    for id, amount in asked.items():
        charged = _check_room(invoice, id, amount, given)
        lines.append(_credit_of(charged, amount, given.get(id, 0)))
    return CreditNote(
        id=derive("crn", invoice.id, str(len(notes)), on=invoice.issued_on),
        customer=invoice.customer,
        currency=invoice.currency,
        invoice=invoice.id,
        lines=tuple(lines),
        reason=reason,
    )


def _credit_of(charged: Line, amount: Money, before: int) -> CreditLine:
    return CreditLine(
        id=derive("crl", charged.id, str(before), on=charged.on),
        line=charged.id,
        source=charged.source,
        item=charged.item,
        detail=charged.detail,
        on=charged.on,
        amount=amount,
    )


@attrs.frozen
class Credited:
    """A credit note as issued, the journals that mirror the charge, and its number's draw."""

    note: CreditNote
    journals: tuple[Journal, ...]
    draw: Draw

    @property
    def effects(self) -> Effects:
        """What to store."""
        wallets = (Wallet(f"customer:{self.note.customer}"), Wallet("platform"))
        return Effects(
            journals=self.journals, opens=wallets, records=(self.note,), draws=(self.draw,)
        )


def undo(charge: Journal, *, on: date, at: datetime) -> Journal:
    """Return the journal that takes back *charge* whole, everybody's share of it, effective *at*.

    It claims the fact that the charge was undone, so that nobody undoes it twice and the next run
    can tell that what it charged may be charged anew. (spec: ledger 3, 5)
    """
    reversal = reverse(charge, id=derive("jrn", "reversal", charge.id, on=on), at=at)
    return attrs.evolve(reversal, event=None if charge.event is None else undone(charge.event))


def issue(
    note: CreditNote,
    *,
    on: date,
    at: datetime,
    invoice: Invoice | None = None,
    earlier: Iterable[CreditNote] = (),
    undoes: Mapping[str, Journal] | None = None,
    series: Series = CREDIT_NOTES,
) -> Credited:
    """Issue *note*, dated *on*; *invoice* is the one it refers to, with all *earlier* notes of it.

    A line that gives back the rest of what was charged may undo the journal that charged it, named
    in *undoes* by the id of the invoice line: everybody's share goes back, what earlier notes gave
    back of it included. All other lines are borne by the platform. What was undone counts as never
    charged: a run charges it anew if it is approved, so do not undo to be obliging.

    Raises:
        IllegalTransition: it is issued already.
        OverCredited, UnknownLine: since it was drafted others took what was left.
        ValueError: *invoice* is another one, or a journal in *undoes* charged something else than
            what the line and earlier notes give back together.
    """
    status = CREDIT_NOTE.after(note.status, "issue")
    given = _room_for(note, invoice, tuple(earlier))
    payer = f"customer:{note.customer}"
    journals = []
    rest = Money(0, note.currency)
    for line in note.lines:
        rest += line.amount
        charge = (undoes or {}).get(line.line or "")
        if charge is None:
            continue
        charged = -net_of(charge.entries).get((payer, note.currency), 0)
        if charged != line.amount.minor + given.get(line.line or "", 0):
            msg = (
                f"journal {charge.id!r} charged {charged}, not what is given back of line "
                f"{line.line!r}; credit the line plainly"
            )
            raise ValueError(msg)
        # The platform bore what was given back before; now it is part of what is undone.
        rest -= Money(charged, note.currency)
        journals.append(undo(charge, on=on, at=at))
    if rest.minor:
        journals.append(
            Journal(
                id=derive("jrn", "credit_note.issued", note.id, on=on),
                kind="credit_note.issued",
                entries=(Entry(payer, rest), Entry("platform", -rest)),
                effective_at=at,
                event=Event("credit_note", note.id),
            )
        )
    issued = attrs.evolve(note, status=status, issued_on=on)
    return Credited(issued, tuple(journals), Draw(note.id, series, on))


def _room_for(
    note: CreditNote, invoice: Invoice | None, earlier: tuple[CreditNote, ...]
) -> Mapping[str, int]:
    """Return what *earlier* notes gave back by line; raise if *note* would give back too much.

    Checked when a note is drafted and again when it is issued. (spec: billing 0.6, 7)
    """
    named = None if invoice is None else invoice.id
    if named != note.invoice:
        msg = f"credit note {note.id!r} is of invoice {note.invoice!r}; got {named!r}"
        raise ValueError(msg)
    if invoice is None:
        return {}
    given = credited(n for n in earlier if n.invoice == invoice.id and n.id != note.id)
    for line in note.lines:
        _check_room(invoice, line.line or "", line.amount, given)
    return given


def _check_room(invoice: Invoice, id: str, amount: Money, given: Mapping[str, int]) -> Line:
    charged = invoice.line(id)
    if charged is None:
        raise UnknownLine(invoice.id, id)
    before = Money(given.get(id, 0), invoice.currency)
    if amount + before > charged.amount:
        raise OverCredited(invoice.id, id, charged.amount, before, amount)
    return charged


def imported(
    reference: str,
    *,
    customer: str,
    currency: str,
    lines: tuple[CreditLine, ...],
    reason: str,
    on: date,
    at: datetime,
    series: Series = CREDIT_NOTES,
) -> Credited:
    """Issue the note that is numbered *reference* elsewhere and does not say of which invoice.

    The platform bears it: customer +x, platform -x. It draws a number of ours and keeps the other
    one as its reference. (spec: billing 5a, 7)

    Raises:
        ValueError: no lines, one in another currency, or one that names a line of an invoice.
    """
    if named := [line.id for line in lines if line.line is not None]:
        msg = f"note {reference!r} has no invoice, but {', '.join(named)} name a line of one"
        raise ValueError(msg)
    note = CreditNote(
        id=derive("crn", "imported", customer, name_of("credit note reference", reference), on=on),
        customer=customer,
        currency=currency,
        invoice=None,
        lines=lines,
        reason=reason,
        reference=reference,
    )
    return issue(note, on=on, at=at, series=series)
