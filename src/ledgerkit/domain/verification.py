"""Verification: whether the books still say what they must, checked from the entries up.

Every journal balances, balances are the sums of entries, no wallet is below its floor, numbers
have no gaps, and each document's arithmetic holds against the journals that posted it.
(spec: ledger 1, billing 13, reliability C5)
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

import attrs

from ledgerkit.domain.changes import Number
from ledgerkit.domain.credit_notes import CreditNote, credited
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.invoices import CHARGED, DISCOUNTED, DRAFT, ISSUED, TAXED, VOID, Invoice, Line
from ledgerkit.domain.ledger import Balance, Event, Posted, Wallet
from ledgerkit.domain.money import Rounding, round_exact
from ledgerkit.domain.packages import DEFERRED, SESSION, Package
from ledgerkit.domain.payouts import PAID, Payout
from ledgerkit.domain.tax import assess

# Wallets that documents are checked against: of parties, and of the taxes that are owed.
_WATCHED = ("customer:", "supplier:", "liability:tax:")
_WITHOUT_EFFECT = (DRAFT, VOID)


@attrs.frozen
class Problem:
    """Something in the books that cannot be.

    Attributes:
        code: What is broken; each function here lists the codes it finds.
        subject: The id of what is broken.
        reason: The sentence, with the figures.
    """

    code: str
    subject: str
    reason: str


@attrs.define
class Checked:
    """What a pass over all journals adds up to; feed it each one in recording order.

    Finds `journal_missing`, `journal_twice`, `unbalanced`, `event_twice`, `reverses_nothing`.

    Attributes:
        sums: Entries by (wallet, currency), in minor units.
        forced: Wallets that an approved journal may have taken below their floor.
        journals: The number of the last journal seen.
        amounts: What each journal moved on wallets of parties and taxes, by (wallet, currency).
        taken_back: What reversals of each journal moved there, together.
        events: Which journal booked which fact.
        problems: What was found on the way.
    """

    sums: Counter[tuple[str, str]] = attrs.Factory(Counter)
    forced: set[str] = attrs.Factory(set)
    journals: int = 0
    amounts: dict[str, Mapping[tuple[str, str], int]] = attrs.Factory(dict)
    taken_back: dict[str, Counter[tuple[str, str]]] = attrs.Factory(dict)
    events: dict[Event, str] = attrs.Factory(dict)
    problems: list[Problem] = attrs.Factory(list)

    def feed(self, posted: Posted) -> None:
        """Take in one journal."""
        journal = posted.journal
        if posted.sequence != self.journals + 1:
            expected = f"expected {self.journals + 1}"
            self._report("journal_missing", journal.id, f"is number {posted.sequence}, {expected}")
        self.journals = posted.sequence
        if journal.id in self.amounts:
            self._report("journal_twice", journal.id, f"is posted again as {posted.sequence}")
        if journal.event is not None:
            first = self.events.setdefault(journal.event, journal.id)
            if first != journal.id:
                self._report("event_twice", journal.id, f"books {journal.event}, so does {first}")
        if journal.reverses is not None and journal.reverses not in self.amounts:
            self._report("reverses_nothing", journal.id, f"reverses {journal.reverses}, not posted")
        if journal.forced_by is not None:
            self.forced.update(entry.wallet for entry in journal.entries)
        self._add(posted)

    def pass_over(self, error: Exception) -> None:
        """Go on behind the next journal, which cannot be read because of *error*."""
        self.journals += 1
        code = error.code if isinstance(error, LedgerkitError) else "journal_unreadable"
        self.problems.append(Problem(code, f"journal number {self.journals}", str(error)))

    def _add(self, posted: Posted) -> None:
        off: dict[str, int] = {}
        moved: dict[tuple[str, str], int] = {}
        for entry in posted.journal.entries:
            currency, minor = entry.amount.currency, entry.amount.minor
            key = entry.wallet, currency
            self.sums[key] += minor
            off[currency] = off.get(currency, 0) + minor
            if entry.wallet.startswith(_WATCHED):
                moved[key] = moved.get(key, 0) + minor
        self.amounts[posted.journal.id] = moved
        if posted.journal.reverses is not None:
            self.taken_back.setdefault(posted.journal.reverses, Counter()).update(moved)
        for currency, minor in off.items():
            if minor:
                self._report("unbalanced", posted.journal.id, f"is off by {minor} {currency}")

    def _report(self, code: str, journal: str, what: str) -> None:
        self.problems.append(Problem(code, journal, f"journal {journal} {what}"))

    def booked(self, event: Event, wallet: str, currency: str) -> int:
        """Return what the journal that booked *event* moved on *wallet*, less what was reversed.

        0 if there is none.
        """
        journal = self.events.get(event)
        if journal is None:
            return 0
        moved, back = self.amounts[journal], self.taken_back.get(journal)
        taken_back = 0 if back is None else back.get((wallet, currency), 0)
        return moved.get((wallet, currency), 0) + taken_back


def balances_problems(
    checked: Checked,
    balances: Mapping[tuple[str, str], Balance],
    wallets: Iterable[Wallet],
) -> tuple[Problem, ...]:
    """Return where balances differ from entries, or break the limits of their wallet.

    Finds `balance_differs`, `unknown_wallet`, `below_floor`, `above_ceiling`.
    """
    found = []
    for key in sorted(checked.sums.keys() | balances.keys()):
        held, summed = balances.get(key, Balance()).posted, checked.sums[key]
        if held != summed:
            name = f"{key[0]} {key[1]}"
            reason = f"{name} has a balance of {held}, its entries sum to {summed}"
            found.append(Problem("balance_differs", name, reason))
    policies = {wallet.id: wallet for wallet in wallets}
    found += [
        Problem("unknown_wallet", id, f"{id} has entries and was never opened")
        for id in sorted({wallet for wallet, _ in checked.sums} - policies.keys())
    ]
    for wallet in policies.values():
        found += _limit_problems(wallet, checked)
    return tuple(found)


def _limit_problems(wallet: Wallet, checked: Checked) -> Iterator[Problem]:
    for limit in wallet.limits:
        summed = checked.sums[wallet.id, limit.currency]
        name = f"{wallet.id} {limit.currency}"
        if limit.floor is not None and summed < limit.floor and wallet.id not in checked.forced:
            reason = f"{name} holds {summed}, below its floor of {limit.floor}"
            yield Problem("below_floor", name, reason)
        if limit.ceiling is not None and summed > limit.ceiling:
            reason = f"{name} holds {summed}, above its ceiling of {limit.ceiling}"
            yield Problem("above_ceiling", name, reason)


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
    return document.status != DRAFT and not thrown_away


def invoice_problems(
    invoice: Invoice, notes: Iterable[CreditNote], checked: Checked
) -> tuple[Problem, ...]:
    """Return where the arithmetic of *invoice* fails: lines, journals, and credits beyond them.

    *notes* are those of the invoice. Finds `line_differs`, `charge_differs`,
    `discount_differs`, `tax_differs`, `over_credited`, `credit_of_nothing`, `credit_differs`.
    """
    found = []
    notes = tuple(notes)
    given = dict(credited(notes))
    payer = f"customer:{invoice.customer}", invoice.currency
    for line in invoice.lines:
        minor, expected = line.amount.minor, _amount_of(line)
        if minor != expected:
            found.append(("line_differs", f"line {line.id} is {minor}, its price says {expected}"))
        if line.journal is not None:
            moved = checked.amounts.get(line.journal)
            owed = None if moved is None else -moved.get(payer, 0)
            if owed is None or (line.package is None and owed != minor):
                reason = f"line {line.id} is {minor}, its journal {line.journal} charged {owed}"
                found.append(("charge_differs", reason))
        if given.pop(line.id, 0) > minor:
            found.append(("over_credited", f"line {line.id} is {minor}, more is credited"))
    if given:
        found.append(("credit_of_nothing", f"there is no line {', '.join(sorted(given))}"))
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
    rounding = dict(line.trace).get("rounding", "half_up").upper()
    if rounding not in Rounding.__members__:
        return None
    return round_exact(line.exact, Rounding[rounding])


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

    Those are the notes' own, the reversals of charges, and what made even a charge that was
    credited by hand before it was undone.
    """
    payer = f"customer:{invoice.customer}", invoice.currency
    given = posted = 0
    for note in notes:
        given += _given(note)
        posted += checked.booked(Event("credit_note", note.id), *payer)
    for line in invoice.lines:
        if line.journal in checked.taken_back:
            posted += checked.taken_back[line.journal][payer]
            absorbed = Event("session", line.source, f"credited:{line.part or 1}")
            posted += checked.booked(absorbed, *payer)
    if posted != given:
        yield "credit_differs", f"credit notes give back {given}, journals {posted}"


def _given(note: CreditNote) -> int:
    return note.total.minor if note.status == ISSUED else 0


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


def billed_twice_problems(invoices: Iterable[Invoice]) -> tuple[Problem, ...]:
    """Return journals that more than one line documents: `billed_twice`."""
    found = []
    billed: dict[str, str] = {}
    for invoice in invoices:
        for line in invoice.lines:
            if line.journal in billed:
                first = billed[line.journal]
                reason = f"journal {line.journal} is billed by invoices {first} and {invoice.id}"
                found.append(Problem("billed_twice", invoice.id, reason))
            elif line.journal is not None:
                billed[line.journal] = invoice.id
    return tuple(found)


def payout_problems(payouts: Iterable[Payout], checked: Checked) -> tuple[Problem, ...]:
    """Return entries that two payouts claim, or that are not what a payout says, and payments.

    Finds `paid_twice`, `payout_differs`, `payment_differs`.
    """
    claims: dict[tuple[str, int], str] = {}
    sums: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    found = []
    for payout in payouts:
        wallet = f"supplier:{payout.supplier}"
        for line in payout.lines:
            claim = line.journal, line.line
            if claim in claims:
                reason = f"entry {claim} is in payouts {claims[claim]} and {payout.id}"
                found.append(Problem("paid_twice", payout.id, reason))
            claims[claim] = payout.id
            sums[line.journal, wallet, payout.currency] += line.amount.minor
        paid = -checked.booked(Event("payout", payout.id), wallet, payout.currency)
        due = payout.total.minor if payout.status == PAID else 0
        if paid != due:
            reason = f"payout {payout.id} is {payout.status}: {due} to have left, {paid} did"
            found.append(Problem("payment_differs", payout.id, reason))
    for (journal, wallet, currency), minor in sums.items():
        moved = checked.amounts.get(journal, {}).get((wallet, currency), 0)
        if moved != minor:
            reason = f"payouts pay {minor} of journal {journal}, which gave {wallet} {moved}"
            found.append(Problem("payout_differs", journal, reason))
    return tuple(found)


def package_problems(packages: Iterable[Package], checked: Checked) -> tuple[Problem, ...]:
    """Return packages whose wallet does not hold what remains, and what they do not owe together.

    Finds `package_differs`, `deferred_differs`.
    """
    found = []
    owed = Counter[str]()
    for package in packages:
        owed[package.price.currency] += package.deferred.minor
        held = checked.sums[package.wallet, SESSION]
        if held != package.remaining:
            reason = f"{package.wallet} holds {held}, package {package.id} has {package.remaining}"
            found.append(Problem("package_differs", package.id, reason))
    booked = {c: minor for (wallet, c), minor in checked.sums.items() if wallet == DEFERRED}
    for currency in sorted(owed.keys() | booked.keys()):
        if owed[currency] != booked.get(currency, 0):
            name = f"{DEFERRED} {currency}"
            reason = f"{name} holds {booked.get(currency, 0)}, packages defer {owed[currency]}"
            found.append(Problem("deferred_differs", name, reason))
    return tuple(found)
