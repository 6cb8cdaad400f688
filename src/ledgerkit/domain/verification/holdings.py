"""Holdings: payouts, transfers, clawbacks and packages against the entries they are in."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from ledgerkit.domain.bank_payouts import PAID as ARRIVED
from ledgerkit.domain.bank_payouts import BankPayout
from ledgerkit.domain.clawbacks import (
    FORGIVEN,
    MANUAL_CHECK,
    OVERPAYMENT,
    SETTLED,
    WRITTEN_OFF,
    Clawback,
    brought_back,
)
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
        wallet = payout.wallet
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
        wallet, currency = transfer.wallet, transfer.amount.currency
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


_SETTLES = {"paid": (MANUAL_CHECK,), "given_up": (FORGIVEN, WRITTEN_OFF)}


def clawback_problems(clawbacks: Iterable[Clawback], checked: Checked) -> tuple[Problem, ...]:
    """Return clawbacks whose settlement is not what the books have of it.

    A case that is settled outside the gateway moves what no reversal brought back by then, which
    is from its rest of today up to its whole amount. Finds `clawback_differs`.
    """
    found = []
    for case in clawbacks:
        wallet, currency = case.wallet, case.amount.currency
        sign = 1 if case.side == OVERPAYMENT else -1
        for part, methods in _SETTLES.items():
            moved = sign * checked.booked(Event("clawback", case.id, part), wallet, currency)
            due = case.status == SETTLED and case.method in methods
            least, most = (case.rest.minor, case.amount.minor) if due else (0, 0)
            if not least <= moved <= most:
                reason = f"clawback {case.id} is {case.status} by {case.method}, {part} are {moved}"
                found.append(Problem("clawback_differs", case.id, f"{reason}, not {least}"))
    return tuple(found)


def recovered_problems(
    clawbacks: Iterable[Clawback], transfers: Iterable[Transfer]
) -> tuple[Problem, ...]:
    """Return clawbacks that tell another sum than the reversals of their transfers brought back.

    The reversals themselves are checked with the transfers. Finds `recovered_differs`.
    """
    known = {transfer.id: transfer for transfer in transfers}
    found = []
    for case in clawbacks:
        ours = [known[share.transfer] for share in case.shares if share.transfer in known]
        back = brought_back(case, ours)
        if back != case.recovered:
            reason = f"clawback {case.id} tells that {case.recovered} came back, {back} did"
            found.append(Problem("recovered_differs", case.id, reason))
    return tuple(found)


def bank_payout_problems(payouts: Iterable[BankPayout], checked: Checked) -> tuple[Problem, ...]:
    """Return payouts of ours to a bank that the books have otherwise; those of others are not in.

    Finds `bank_payout_differs`.
    """
    found = []
    for payout in payouts:
        wallet = f"gateway:{payout.gateway}"
        event = Event("gateway.payout", link_id(payout.gateway, payout.object))
        due = Counter({payout.amount.currency: payout.amount.minor})
        if payout.fee is not None:
            due[payout.fee.currency] += payout.fee.minor
        for currency, minor in due.items():
            left = minor if payout.is_ours and payout.status == ARRIVED else 0
            moved = checked.booked(event, wallet, currency)
            if moved != left:
                reason = f"bank payout {payout.id} is {payout.status}: {left} {currency} should"
                reason = f"{reason} have left {wallet}, {moved} did"
                found.append(Problem("bank_payout_differs", payout.id, reason))
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
