"""Documents: numbers without gaps, and the arithmetic of invoices and credit notes.

Each amount is worked out anew from what the document says of itself, and compared with what the
journals of issuing and crediting moved.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import pairwise

from ledgerkit.domain.changes import Number
from ledgerkit.domain.credit_notes import (
    EFFECTIVE,
    PENDING_APPROVAL,
    REJECTED,
    CreditNote,
    credited,
)
from ledgerkit.domain.invoices import CHARGED, DISCOUNTED, DRAFT, TAXED, VOID, Invoice, Line
from ledgerkit.domain.ledger import Event
from ledgerkit.domain.money import Rounding, round_exact
from ledgerkit.domain.tax import assess
from ledgerkit.domain.verification.journals import Checked, Problem

_WITHOUT_NUMBER = (DRAFT, PENDING_APPROVAL, REJECTED)
_WITHOUT_EFFECT = (DRAFT, VOID)


def number_problems(
    numbers: Iterable[Number], documents: Iterable[Invoice | CreditNote]
) -> tuple[Problem, ...]:
    """Return gaps and repeats in each series, and documents whose number was not drawn for them.

    Finds `number_gap`, `number_twice`, `number_differs`, `number_without_document`.
    """
    found = []
    by_counter: defaultdict[str, list[Number]] = defaultdict(list)
    drawn: dict[str, Number] = {}
    for number in numbers:
        by_counter[number.counter].append(number)
        first = drawn.setdefault(number.record, number)
        if first is not number:
            reason = f"{number.record} has the numbers {first.text} and {number.text}"
            found.append(Problem("number_twice", number.record, reason))
    for counter, many in sorted(by_counter.items()):
        ordered = sorted(many, key=lambda n: n.n)
        for before, after in pairwise(ordered):
            if after.n != before.n + 1:
                reason = f"series {counter} goes from {before.n} ({before.text}) to {after.n}"
                found.append(Problem("number_gap", counter, reason))
    for document in documents:
        number_of = drawn.pop(document.id, None)
        # What was issued elsewhere keeps its number, unless it was given one of ours as well.
        expected = document.reference if number_of is None else number_of.text
        if document.number != expected or (expected is None and _needs_number(document)):
            reason = f"document {document.id} has number {document.number}, drawn was {expected}"
            found.append(Problem("number_differs", document.id, reason))
    for record, number in sorted(drawn.items()):
        reason = f"number {number.text} was drawn for {record}, which has no document"
        found.append(Problem("number_without_document", record, reason))
    return tuple(found)


def _needs_number(document: Invoice | CreditNote) -> bool:
    thrown_away = document.status == VOID and document.issued_on is None
    return document.status not in _WITHOUT_NUMBER and not thrown_away


def invoice_problems(
    invoice: Invoice, notes: Iterable[CreditNote], checked: Checked
) -> tuple[Problem, ...]:
    """Return where the arithmetic of *invoice* fails: lines, journals, and credits beyond them.

    *notes* are those of the invoice. Finds `line_differs`, `charge_differs`,
    `discount_differs`, `tax_differs`, `over_credited`, `credit_of_nothing`, `credit_differs`.
    """
    found = []
    notes = tuple(notes)
    payer = f"customer:{invoice.customer}", invoice.currency
    for line in invoice.lines:
        minor, expected = line.amount.minor, _amount_of(line)
        if minor != expected:
            found.append(("line_differs", f"line {line.id} is {minor}, its price says {expected}"))
        if line.journal is not None:
            moved = checked.amounts.get(line.journal)
            owed = None if moved is None else -moved.get(payer, 0)
            alone = line.package is None and line.journal not in checked.worked
            if owed is None or (alone and owed != minor):
                reason = f"line {line.id} is {minor}, its journal {line.journal} charged {owed}"
                found.append(("charge_differs", reason))
    found += _line_credit_problems(invoice, notes)
    found += _tax_problems(invoice)
    found += _issue_problems(invoice, checked)
    found += _credit_problems(invoice, notes, checked)
    return tuple(
        Problem(code, invoice.id, f"invoice {invoice.number}: {what}") for code, what in found
    )


def _amount_of(line: Line) -> int | None:
    """Return what the price of *line* comes to; None: its trace names no rounding."""
    if line.package is not None:
        return 0
    said = dict(line.trace)
    rounding = said.get("rounding", "half_up").upper()
    if rounding == "LARGEST_REMAINDER" and abs(line.rounding) < 1:
        return line.amount.minor  # a share of a bundle, either neighbour of what is exact
    if rounding not in Rounding.__members__:
        return None
    before = _continued(said)
    return round_exact(before + line.exact, Rounding[rounding]) - round_exact(
        before, Rounding[rounding]
    )


def _continued(said: Mapping[str, str]) -> Fraction:
    """Return what came before a line that goes on where others ended; only the sum is rounded.

    A line that gives back goes on below what was billed.
    """
    try:
        return Fraction(said.get("billed before", said.get("after", "0")))
    except (ValueError, ZeroDivisionError):  # a word of the host's, and no amount
        return Fraction(0)


def _issue_problems(invoice: Invoice, checked: Checked) -> Iterator[tuple[str, str]]:
    """Yield where issuing posted something else than the document says, or void left some of it."""
    payer = f"customer:{invoice.customer}"
    unposted = sum(li.amount.minor for li in invoice.lines if li.journal is None)
    dead, right = invoice.status in _WITHOUT_EFFECT, True
    for code, part, due in (
        ("charge_differs", CHARGED, unposted),
        ("discount_differs", DISCOUNTED, -invoice.discount.minor),
        ("tax_differs", TAXED, invoice.added_tax.minor),
    ):
        posted = -checked.booked(Event("invoice", invoice.id, part), payer, invoice.currency)
        expected = 0 if dead else due
        if posted != expected:
            yield code, f"it comes to {expected}, its journal {part} charged {posted}"
            right = False
    if right:
        yield from _owed_problems(invoice, checked)


def _owed_problems(invoice: Invoice, checked: Checked) -> Iterator[tuple[str, str]]:
    """Yield where a tax is not owed to its wallet as the document says."""
    owed = Counter[str]()
    for tax in invoice.taxes:
        owed[tax.wallet] += 0 if invoice.status in _WITHOUT_EFFECT else tax.amount.minor
    for wallet, expected in owed.items():
        posted = checked.booked(Event("invoice", invoice.id, TAXED), wallet, invoice.currency)
        if posted != expected:
            yield "tax_differs", f"{wallet} should have {expected}, its journal gave {posted}"


def _tax_problems(invoice: Invoice) -> Iterator[tuple[str, str]]:
    """Yield where taxes are not what their rates come to, rounded as the document says."""
    if not any(line.taxes for line in invoice.lines):
        return  # the host taxed it as a whole, or not at all
    levied = [(line.discounted, [tax.levy for tax in line.taxes]) for line in invoice.lines]
    found = assess(levied, rounding=invoice.tax_rounding)
    for line, taxes in zip(invoice.lines, found.lines, strict=True):
        if line.taxes != taxes:
            says, is_ = sum(t.amount.minor for t in taxes), line.tax.minor
            yield "tax_differs", f"line {line.id} has {is_} of tax, its rates say {says}"


def _credit_problems(
    invoice: Invoice, notes: Iterable[CreditNote], checked: Checked
) -> Iterator[tuple[str, str]]:
    """Yield where *notes* do not give back what journals did, all lines together.

    Those are the notes' own, the reversals of charges, what corrections of work gave back before,
    and what made even a charge that was credited by hand before it was undone.
    """
    payer = f"customer:{invoice.customer}", invoice.currency
    given = posted = 0
    undone = set[str | None]()
    for note in notes:
        given += _given(note)
        posted += checked.booked(Event("credit_note", note.id), *payer)
        for back in note.lines if note.status in EFFECTIVE else ():
            undone.add(back.undoes)
            posted += 0 if back.given is None else back.given.amount.minor
    for line in invoice.lines:
        # What a refund takes back of work it does not take off the invoice.
        if line.journal in checked.worked and line.journal not in undone:
            continue
        if line.journal in checked.taken_back:
            posted += checked.taken_back[line.journal][payer]
            absorbed = Event("session", line.source, f"credited:{line.part or 1}")
            posted += checked.booked(absorbed, *payer)
    if posted != given:
        yield "credit_differs", f"credit notes give back {given}, journals {posted}"
    if given > invoice.total.minor:
        yield "over_credited", f"it is {invoice.total.minor}, credit notes give back {given}"
    for note in notes:
        for reason in _untaxed(note, checked):
            yield "credit_differs", reason


def _untaxed(note: CreditNote, checked: Checked) -> Iterator[str]:
    """Yield where the journal of *note* does not give back the taxes that it says."""
    owed = Counter[str]()
    for tax in note.taxes:
        owed[tax.wallet] += tax.amount.minor if note.status in EFFECTIVE else 0
    for wallet, minor in owed.items():
        back = -checked.booked(Event("credit_note", note.id), wallet, note.currency)
        if back != minor:
            yield f"credit note {note.number} gives back {minor} of {wallet}, its journal {back}"


def _line_credit_problems(
    invoice: Invoice, notes: Iterable[CreditNote]
) -> Iterator[tuple[str, str]]:
    """Yield lines that gave back more than they charged, or other taxes when all went back."""
    given, taxes = dict(credited(notes)), Counter[str | None]()
    for note in notes:
        for back in note.lines if note.status in EFFECTIVE else ():
            taxes[back.line] += back.gross.minor - back.amount.minor
    for line in invoice.lines:
        if line.id not in given:
            continue
        minor, net = given.pop(line.id), line.net.minor
        if not min(net, 0) <= minor <= max(net, 0):
            yield "over_credited", f"line {line.id} is {net}, and {minor} is credited"
        elif line.taxes and minor == net and taxes[line.id] != line.tax.minor:
            whole, tax = line.tax.minor, taxes[line.id]
            yield "credit_differs", f"line {line.id} is credited with {tax} of its tax of {whole}"
    if given:
        yield "credit_of_nothing", f"there is no line {', '.join(sorted(given))}"


def _given(note: CreditNote) -> int:
    return note.total.minor if note.status in EFFECTIVE else 0


def loose_note_problems(notes: Iterable[CreditNote], checked: Checked) -> tuple[Problem, ...]:
    """Return where *notes* fail that were imported without an invoice, or name one not there.

    Finds `credit_of_nothing`, `credit_differs`.
    """
    found = []
    for note in notes:
        if note.invoice is not None:
            reason = f"credit note {note.number} is of invoice {note.invoice}, which is not there"
            found.append(Problem("credit_of_nothing", note.id, reason))
        event, payer = Event("credit_note", note.id), f"customer:{note.customer}"
        posted = checked.booked(event, payer, note.currency)
        if posted != _given(note):
            reason = f"credit note {note.number} gives back {_given(note)}, its journal {posted}"
            found.append(Problem("credit_differs", note.id, reason))
    return tuple(found)


def billed_twice_problems(invoices: Iterable[Invoice], checked: Checked) -> tuple[Problem, ...]:
    """Return journals that more than one line documents: `billed_twice`.

    Of those that charged work, `work_problems` compares the sums.
    """
    found = []
    billed: dict[str, str] = {}
    for invoice in invoices:
        for line in invoice.lines:
            if line.journal in checked.worked:
                continue
            if line.journal in billed:
                first = billed[line.journal]
                reason = f"journal {line.journal} is billed by invoices {first} and {invoice.id}"
                found.append(Problem("billed_twice", invoice.id, reason))
            elif line.journal is not None:
                billed[line.journal] = invoice.id
    return tuple(found)
