"""Accounts: the names that wallets have in plain-text ledgers, and what those ledgers are given.

An account has one of five roots and capitalised parts; each wallet has one account, and no two
wallets share one. Debits are positive there, so every amount has the opposite sign of the
wallet's: a customer who owes 50.00 is an asset of 50.00. (spec: ledger 10)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import attrs

from ledgerkit.domain.ledger import Entry, Posted, balances_of
from ledgerkit.domain.money import Money

_ROOTS: Mapping[str, str] = {
    "cash": "Assets",
    "customer": "Assets",
    "expense": "Expenses",
    "supplier": "Liabilities",
    "owner": "Liabilities",
    "liability": "Liabilities",
    "package": "Liabilities",
    "platform": "Income",
    "writeoff": "Expenses",
}
_OTHERWISE = "Equity"  # opening balances, where units come from, and wallets of the host


def account_of(wallet: str) -> str:
    """Return the account of *wallet*, an address: letters, digits and hyphens, parts capitalised.

    Other characters are `--` and their two hexadecimal digits, and a part that was capitalised
    already ends with `--`, so that no two wallets share an account.

    >>> account_of("customer:c-104"), account_of("supplier:Ana.B"), account_of("units:issued")
    ('Assets:Customer:C-104', 'Liabilities:Supplier:Ana--2EB--', 'Equity:Units:Issued')
    """
    segments = wallet.split(":")
    root = _ROOTS.get(segments[0], _OTHERWISE)
    return ":".join((root, *(_part(segment) for segment in segments)))


def _part(segment: str) -> str:
    following = (*segment[1:], "")
    written = "".join(map(_character, segment, following))
    first = segment[0]
    if first.islower():
        return written[0].upper() + written[1:]
    if first.isdigit():
        return written
    return f"{written}--" if first.isupper() else f"0{written}--"


def _character(character: str, following: str) -> str:
    # A hyphen stands for itself where it cannot be taken for the beginning of an escape.
    if character.isalnum() or (character == "-" and following.isalnum()):
        return character
    return f"--{ord(character):02X}"


@attrs.frozen
class Transaction:
    """A journal as another ledger reads it.

    Attributes:
        on: The UTC day on which it counts.
        kind: What happened.
        tags: What identifies it, as (name, text) pairs: its id first.
        postings: (account, amount), debits positive.
    """

    on: date
    kind: str
    tags: tuple[tuple[str, str], ...]
    postings: tuple[tuple[str, Money], ...]


def transactions_of(posted: Iterable[Posted]) -> tuple[Transaction, ...]:
    """Return *posted* as transactions, by day and in recording order."""
    ordered = sorted(posted, key=lambda p: (p.journal.effective_at.date(), p.sequence))
    return tuple(_transaction(each) for each in ordered)


def _transaction(posted: Posted) -> Transaction:
    journal = posted.journal
    tags = {
        "journal": journal.id,
        "event": None if journal.event is None else str(journal.event),
        "reverses": journal.reverses,
        "effective": journal.effective_at.isoformat(),
        "recorded": posted.recorded_at.isoformat(),
    }
    return Transaction(
        journal.effective_at.date(),
        journal.kind,
        tuple((name, text) for name, text in tags.items() if text is not None),
        tuple(_posting(entry) for entry in journal.entries),
    )


def _posting(entry: Entry) -> tuple[str, Money]:
    return account_of(entry.wallet), -entry.amount


def closing_balances(posted: Iterable[Posted]) -> Mapping[tuple[str, str], Money]:
    """Return what each (account, currency) holds after *posted*, debits positive, by name."""
    sums = balances_of(posted)
    found = {
        (account_of(wallet), code): Money(-minor, code) for (wallet, code), minor in sums.items()
    }
    return dict(sorted(found.items()))
