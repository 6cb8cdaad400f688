"""Verification: read all the books once and say whether they hold."""

from __future__ import annotations

import attrs

from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import TrialBalance, trial_balance
from ledgerkit.domain.packages import Package
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.verification import (
    Checked,
    Problem,
    balances_problems,
    invoice_problems,
    number_problems,
    package_problems,
    payout_problems,
)
from ledgerkit.jobs import steps


@attrs.frozen(kw_only=True)
class Verified:
    """What was checked, and what was found.

    Attributes:
        journals: How many journals were read.
        wallets: How many wallets have a policy.
        invoices: How many invoices were checked.
        trial_balance: The two sides of the books, by currency, from the entries.
        problems: What is broken; none if the books hold.
    """

    journals: int
    wallets: int
    invoices: int
    trial_balance: tuple[TrialBalance, ...]
    problems: tuple[Problem, ...]


async def verify() -> Verified:
    """Check the books from the entries up: sums, balances, floors, numbers, documents."""
    checked = Checked()
    seen = 0
    while page := await steps.journals(after=seen):
        for posted in page:
            checked.feed(posted)
        seen = page[-1].sequence
    balances = await steps.balances()
    wallets = await steps.wallets()
    invoices = [v.record for v in await steps.find_all(Invoice)]
    notes = [v.record for v in await steps.find_all(CreditNote)]
    payouts = [v.record for v in await steps.find_all(Payout)]
    packages = [v.record for v in await steps.find_all(Package)]
    numbers = await steps.numbers()
    problems = [
        *checked.problems,
        *balances_problems(checked, balances, wallets),
        *number_problems(numbers, [*invoices, *notes]),
        *payout_problems(payouts, checked),
        *package_problems(packages, checked),
    ]
    by_invoice: dict[str | None, list[CreditNote]] = {}
    for note in notes:
        by_invoice.setdefault(note.invoice, []).append(note)
    for invoice in invoices:
        problems += invoice_problems(invoice, by_invoice.get(invoice.id, ()), checked)
    return Verified(
        journals=checked.journals,
        wallets=len(wallets),
        invoices=len(invoices),
        trial_balance=trial_balance(checked.sums),
        problems=tuple(problems),
    )
