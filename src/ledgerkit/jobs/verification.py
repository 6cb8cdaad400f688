"""Verification: read all the books once and say whether they hold."""

from __future__ import annotations

from collections.abc import Iterable, Sized
from typing import TypeVar

import attrs

from ledgerkit.domain.adjustments import Adjustment
from ledgerkit.domain.bank_payouts import BankPayout
from ledgerkit.domain.changes import Record
from ledgerkit.domain.clawbacks import Clawback
from ledgerkit.domain.completions import Completion
from ledgerkit.domain.credit_limits import CreditLimit
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.disputes import Dispute
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import AsOf, Balance, TrialBalance, Wallet, trial_balance
from ledgerkit.domain.packages import Package
from ledgerkit.domain.payments import Payment
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.refunds import Refund
from ledgerkit.domain.transfers import Transfer
from ledgerkit.domain.verification import (
    Checked,
    Problem,
    balances_problems,
    bank_payout_problems,
    billed_twice_problems,
    clawback_problems,
    completion_problems,
    fallen,
    invoice_problems,
    loose_note_problems,
    number_problems,
    package_problems,
    payment_problems,
    payout_problems,
    recovered_problems,
    transfer_problems,
    work_problems,
)
from ledgerkit.jobs import steps
from ledgerkit.jobs.steps import Job

R = TypeVar("R", bound=Record)
T = TypeVar("T")

PAGE = 5000  # journals read in one step
MOST_BROKEN = 1000  # journals named one by one before the store itself is taken for broken
UNREADABLE = (LedgerkitError, ValueError, TypeError)
NOT_CHECKED = "not_checked"
ROUNDS = 5  # how often what seems wrong is looked at again


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
    """Check the books from the entries up: rows, sums, balances, limits, numbers, documents.

    Books in use may be read halfway, so what seems wrong is looked at again, until nothing has
    moved between two looks or a bounded number of times.
    """
    checked = Checked()
    verified = await _look(checked)
    for _ in range(ROUNDS):
        if not verified.problems:
            break
        before, verified = verified, await _look(checked)
        if verified == before:
            break
    return verified


async def _look(checked: Checked) -> Verified:
    """Feed the journals that *checked* has not seen yet, and read and check all the rest."""
    await _feed(checked)
    kept = list(await steps.problems())
    numbers = await steps.numbers()  # before documents: one issued since has its number
    balances = await steps.balances()
    wallets = await _read("wallets", steps.wallets(), kept)
    invoices = await _records(Invoice, kept)
    notes = await _records(CreditNote, kept)
    payouts = await _records(Payout, kept)
    transfers = await _records(Transfer, kept)
    packages = await _records(Package, kept)
    limited = await _when_limited(wallets, checked, kept)
    payments = await _records(Payment, kept)
    refunds = await _records(Refund, kept)
    disputes = await _records(Dispute, kept)
    completions = await _records(Completion, kept)
    adjustments = await _records(Adjustment, kept)
    clawbacks = await _records(Clawback, kept)
    bank_payouts = await _records(BankPayout, kept)
    by_invoice: dict[str | None, list[CreditNote]] = {invoice.id: [] for invoice in invoices}
    loose = [note for note in notes if note.invoice not in by_invoice]
    for note in notes:
        by_invoice.setdefault(note.invoice, []).append(note)
    if any(problem.code == NOT_CHECKED for problem in kept):
        # What belongs together cannot be compared with half of it.
        return _verified(checked, wallets, invoices, (*kept, *checked.problems))
    problems = (
        *kept,
        *checked.problems,
        *balances_problems(checked, balances, wallets, when_limited=limited),
        *number_problems(numbers, [*invoices, *notes]),
        *(p for i in invoices for p in invoice_problems(i, by_invoice[i.id], checked)),
        *billed_twice_problems(invoices, checked),
        *loose_note_problems(loose, checked),
        *payout_problems(payouts, checked),
        *transfer_problems(transfers, checked),
        *package_problems(packages, checked),
        *payment_problems(payments, refunds, disputes, checked),
        *completion_problems(completions, adjustments, checked),
        *work_problems(completions, invoices, notes, checked),
        *clawback_problems(clawbacks, checked),
        *recovered_problems(clawbacks, transfers),
        *bank_payout_problems(bank_payouts, checked),
    )
    return _verified(checked, wallets, invoices, problems)


async def _when_limited(
    wallets: Iterable[Wallet], checked: Checked, kept: list[Problem]
) -> dict[tuple[str, str], int]:
    """Return what those wallets held when their limit was set that are below their floor now."""
    below = {(wallet.id, code) for wallet in wallets for code in fallen(wallet, checked)}
    held = {}
    for limit in await _records(CreditLimit, kept) if below else ():
        key = limit.wallet, limit.currency
        if key in below:
            versions = await steps.history(CreditLimit, limit.id)
            then = await steps.balances(limit.wallet, AsOf(recorded_at=versions[-1].at))
            held[key] = then.get(key, Balance()).posted
    return held


def _verified(
    checked: Checked,
    wallets: Sized,
    invoices: Sized,
    problems: tuple[Problem, ...],
) -> Verified:
    return Verified(
        journals=checked.journals,
        wallets=len(wallets),
        invoices=len(invoices),
        trial_balance=trial_balance(checked.sums),
        problems=problems,
    )


async def _records(kind: type[R], kept: list[Problem]) -> tuple[R, ...]:
    """Read the records of *kind*; add to *kept* why they cannot be read."""
    read = await _read(kind.__name__, steps.find_all(kind), kept)
    return tuple(versioned.record for versioned in read)


async def _read(what: str, job: Job[tuple[T, ...]], kept: list[Problem]) -> tuple[T, ...]:
    """Do *job*; where one of *what* cannot be read, say in *kept* that none was checked.

    Which of them it is, the store tells.
    """
    try:
        return await job
    except UNREADABLE as error:
        reason = f"{what} could not be read, so documents and balances were not checked: {error}"
        kept.append(Problem(NOT_CHECKED, what, reason))
        return ()


async def _feed(checked: Checked) -> None:
    """Feed all journals not seen yet; one that cannot be read is named, and the rest goes on.

    After too many of them it is not a journal that is broken but the store, and its error is
    raised.
    """
    for _ in range(MOST_BROKEN):
        try:
            await _feed_rest(checked)
        except UNREADABLE as error:
            checked.pass_over(error)
        else:
            return
    await _feed_rest(checked)


async def _feed_rest(checked: Checked) -> None:
    """Feed all journals up to the first that cannot be read, and raise what is wrong with it."""
    try:
        await _feed_pages(checked, PAGE)
    except UNREADABLE:
        await _feed_pages(checked, 1)  # some journal of the page is broken; which one?


async def _feed_pages(checked: Checked, limit: int) -> None:
    while page := await steps.journals(after=checked.journals, limit=limit):
        for posted in page:
            checked.feed(posted)
