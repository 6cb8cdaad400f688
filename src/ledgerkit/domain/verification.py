"""Verification: whether the books still say what they must, checked from the entries up.

Every journal balances, balances are the sums of entries, no wallet is below its floor, numbers
have no gaps, and each document's arithmetic holds against the journals that posted it.
(spec: ledger 1, billing 13, reliability C5)
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import attrs

from ledgerkit.domain.changes import Number
from ledgerkit.domain.credit_notes import CreditNote, credited
from ledgerkit.domain.invoices import Invoice, Line
from ledgerkit.domain.ledger import Balance, Journal, Posted, Wallet
from ledgerkit.domain.money import Rounding, round_exact
from ledgerkit.domain.packages import SESSION, Package
from ledgerkit.domain.payouts import Payout


@attrs.frozen
class Problem:
    """Something in the books that cannot be.

    Attributes:
        code: What is broken: `unbalanced`, `balance_differs`, `below_floor`, `number_gap`, ...
        subject: The id of what is broken.
        reason: The sentence, with the figures.
    """

    code: str
    subject: str
    reason: str


@attrs.define
class Checked:
    """What a pass over all journals adds up to; feed it each one in recording order.

    Attributes:
        sums: Entries by (wallet, currency), in minor units.
        forced: Wallets that an approved journal may have taken below their floor.
        journals: How many journals were seen.
        amounts: What each journal moved on each wallet, for checking documents.
        problems: What was found on the way.
    """

    sums: Counter[tuple[str, str]] = attrs.Factory(Counter)
    forced: set[str] = attrs.Factory(set)
    journals: int = 0
    amounts: dict[str, Mapping[str, int]] = attrs.Factory(dict)
    problems: list[Problem] = attrs.Factory(list)

    def feed(self, posted: Posted) -> None:
        """Take in one journal."""
        journal = posted.journal
        self.journals += 1
        if posted.sequence != self.journals:
            reason = f"journal {journal.id} is number {posted.sequence}, expected {self.journals}"
            self.problems.append(Problem("journal_missing", journal.id, reason))
            self.journals = posted.sequence
        if journal.forced_by is not None:
            self.forced.update(entry.wallet for entry in journal.entries)
        self._add(journal)

    def _add(self, journal: Journal) -> None:
        off = Counter[str]()
        moved = Counter[str]()
        for entry in journal.entries:
            self.sums[entry.wallet, entry.amount.currency] += entry.amount.minor
            off[entry.amount.currency] += entry.amount.minor
            if entry.amount.currency != SESSION:
                moved[entry.wallet] += entry.amount.minor
        self.amounts[journal.id] = moved
        for currency, minor in off.items():
            if minor:
                reason = f"journal {journal.id} is off by {minor} {currency}"
                self.problems.append(Problem("unbalanced", journal.id, reason))


def balances_problems(
    checked: Checked,
    balances: Mapping[tuple[str, str], Balance],
    wallets: Iterable[Wallet],
) -> tuple[Problem, ...]:
    """Return where balances differ from entries, or are below a floor or above a ceiling."""
    found = []
    for key in sorted(checked.sums.keys() | balances.keys()):
        held, summed = balances.get(key, Balance()).posted, checked.sums[key]
        if held != summed:
            name = f"{key[0]} {key[1]}"
            reason = f"{name} has a balance of {held}, its entries sum to {summed}"
            found.append(Problem("balance_differs", name, reason))
    for wallet in wallets:
        for limit in wallet.limits:
            summed = checked.sums[wallet.id, limit.currency]
            name = f"{wallet.id} {limit.currency}"
            if limit.floor is not None and summed < limit.floor and wallet.id not in checked.forced:
                reason = f"{name} holds {summed}, below its floor of {limit.floor}"
                found.append(Problem("below_floor", name, reason))
            if limit.ceiling is not None and summed > limit.ceiling:
                reason = f"{name} holds {summed}, above its ceiling of {limit.ceiling}"
                found.append(Problem("above_ceiling", name, reason))
    return tuple(found)


def number_problems(
    numbers: Iterable[Number], documents: Iterable[Invoice | CreditNote]
) -> tuple[Problem, ...]:
    """Return gaps and repeats in each series, and documents whose number was not drawn for them."""
    by_counter: defaultdict[str, list[Number]] = defaultdict(list)
    for number in numbers:
        by_counter[number.counter].append(number)
    found = []
    for counter, drawn in sorted(by_counter.items()):
        ordered = sorted(drawn, key=lambda n: n.n)
        for before, after in zip(ordered, ordered[1:], strict=False):
            if after.n != before.n + 1:
                reason = f"series {counter} goes from {before.n} ({before.text}) to {after.n}"
                found.append(Problem("number_gap", counter, reason))
    texts = {n.record: n.text for many in by_counter.values() for n in many}
    for document in documents:
        texts_drawn = texts.pop(document.id, None)
        own = None if document.reference is not None else document.number
        if own is not None and texts_drawn != own:
            reason = f"document {document.id} has number {own}, drawn was {texts_drawn}"
            found.append(Problem("number_differs", document.id, reason))
    for record, text in sorted(texts.items()):
        reason = f"number {text} was drawn for {record}, which has no document"
        found.append(Problem("number_without_document", record, reason))
    return tuple(found)


def invoice_problems(
    invoice: Invoice, notes: Iterable[CreditNote], checked: Checked
) -> tuple[Problem, ...]:
    """Return where the arithmetic of *invoice* fails: lines, journals, and credits beyond them."""
    found = []
    given = credited(notes)
    payer = f"customer:{invoice.customer}"
    for line in invoice.lines:
        expected = _amount_of(line)
        if line.amount.minor != expected:
            reason = f"line {line.id} says {line.amount.minor}, its price comes to {expected}"
            found.append(Problem("line_differs", invoice.id, f"invoice {invoice.number}: {reason}"))
        if line.journal is not None:
            moved = checked.amounts.get(line.journal)
            owed = -moved[payer] if moved is not None else None
            if owed is None or (line.package is None and owed != line.amount.minor):
                reason = f"line {line.id} says {line.amount.minor}, journal {line.journal} {owed}"
                found.append(
                    Problem("charge_differs", invoice.id, f"invoice {invoice.number}: {reason}")
                )
        if given.get(line.id, 0) > line.amount.minor:
            reason = f"line {line.id} of {line.amount.minor} has {given[line.id]} credited"
            found.append(
                Problem("over_credited", invoice.id, f"invoice {invoice.number}: {reason}")
            )
    return tuple(found)


def _amount_of(line: Line) -> int:
    if line.package is not None:
        return 0
    rounding = Rounding[dict(line.trace).get("rounding", "half_up").upper()]
    return round_exact(line.quantity * line.unit_price, rounding)


def payout_problems(payouts: Iterable[Payout], checked: Checked) -> tuple[Problem, ...]:
    """Return entries that two payouts claim, or that are not what a payout says."""
    claims: dict[tuple[str, int], str] = {}
    sums: defaultdict[tuple[str, str], int] = defaultdict(int)
    found = []
    for payout in payouts:
        for line in payout.lines:
            claim = line.journal, line.line
            if claim in claims:
                reason = f"entry {claim} is in payouts {claims[claim]} and {payout.id}"
                found.append(Problem("paid_twice", payout.id, reason))
            claims[claim] = payout.id
            sums[line.journal, f"supplier:{payout.supplier}"] += line.amount.minor
    for (journal, wallet), minor in sums.items():
        moved = checked.amounts.get(journal, {}).get(wallet, 0)
        if moved != minor:
            reason = f"payouts pay {minor} of journal {journal}, which gave {wallet} {moved}"
            found.append(Problem("payout_differs", journal, reason))
    return tuple(found)


def package_problems(packages: Iterable[Package], checked: Checked) -> tuple[Problem, ...]:
    """Return packages whose wallet does not hold what remains of them."""
    found = []
    for package in packages:
        held = checked.sums[package.wallet, SESSION]
        if held != package.remaining:
            reason = f"{package.wallet} holds {held}, package {package.id} has {package.remaining}"
            found.append(Problem("package_differs", package.id, reason))
    return tuple(found)
