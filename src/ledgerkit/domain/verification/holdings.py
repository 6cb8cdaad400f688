"""Holdings: payouts, transfers and packages against the entries and wallets they are in."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from ledgerkit.domain.gateways import link_id
from ledgerkit.domain.ledger import Event
from ledgerkit.domain.packages import DEFERRED, SESSION, Package
from ledgerkit.domain.payouts import PAID, Payout
from ledgerkit.domain.transfers import DONE, PAID_OUT, Transfer
from ledgerkit.domain.verification.journals import Checked, Problem


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
        paid = -checked.booked(payout.payment, wallet, payout.currency)
        by_hand = payout.status == PAID and payout.transfer is None
        due = payout.total.minor if by_hand else 0
        if paid != due:
            reason = f"payout {payout.id} is {payout.status}: {due} to have left, {paid} did"
            found.append(Problem("payment_differs", payout.id, reason))
    for (journal, wallet, currency), minor in sums.items():
        moved = checked.amounts.get(journal, {}).get((wallet, currency), 0)
        if moved != minor:
            reason = f"payouts pay {minor} of journal {journal}, which gave {wallet} {moved}"
            found.append(Problem("payout_differs", journal, reason))
    return tuple(found)


def transfer_problems(transfers: Iterable[Transfer], checked: Checked) -> tuple[Problem, ...]:
    """Return transfers of which the books have other payments or reversals than they tell.

    Finds `payment_differs`.
    """
    found = []
    for transfer in transfers:
        wallet, currency = f"supplier:{transfer.supplier}", transfer.amount.currency
        withheld = 0 if transfer.withheld is None else transfer.withheld.minor
        due = transfer.amount.minor + withheld if transfer.status in PAID_OUT else 0
        told = [] if transfer.object is None else [("gateway.transfer", transfer.object, -due)]
        told += [
            ("gateway.reversal", reversal.object, reversal.amount.minor * (reversal.status == DONE))
            for reversal in transfer.reversals
            if reversal.object is not None
        ]
        for event, named, due in told:
            link = link_id(transfer.gateway, named)
            moved = checked.booked(Event(event, link), wallet, currency)
            if moved != due:
                reason = f"{link} of transfer {transfer.id} gave {wallet} {moved}, not {due}"
                found.append(Problem("payment_differs", transfer.id, reason))
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
