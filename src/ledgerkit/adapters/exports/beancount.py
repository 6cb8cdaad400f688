"""Beancount: the books as a ledger that beancount reads and checks.

It opens every account, lists every journal and ends with the balance of every account, which
beancount adds up anew. (spec: ledger 10)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from ledgerkit.adapters.exports.accounts import Transaction, closing_balances, transactions_of
from ledgerkit.domain.ledger import Posted
from ledgerkit.domain.money import Money, Units

_WORDS = ("TRUE", "FALSE", "NULL")  # would be read as values, not as commodities


def beancount_ledger(posted: Iterable[Posted], units: Units) -> str:
    """Return *posted* as the text of a beancount ledger, with balances to check at its end.

    Dates are UTC days. Accounts are named by `account_of`; amounts have the opposite sign of the
    wallets', since debits are positive there. Raises `UnknownCurrency` for a currency that is not
    in *units*.
    """
    journals = tuple(posted)
    transactions = transactions_of(journals)
    if not transactions:
        return ""
    balances = closing_balances(journals)
    first, last = transactions[0].on, transactions[-1].on
    lines = [
        *(f"{first} commodity {_commodity(code)}" for code in sorted({c for _, c in balances})),
        *(f"{first} open {account}" for account in dict.fromkeys(a for a, _ in balances)),
        *(line for each in transactions for line in _transaction(each, units)),
        "",
        *_assertions(balances, last + timedelta(days=1), units),
    ]
    return "\n".join(lines) + "\n"


def _transaction(transaction: Transaction, units: Units) -> Iterator[str]:
    yield ""
    yield f"{transaction.on} * {_text(transaction.kind)}"
    for name, text in transaction.tags:
        yield f"  {name}: {_text(text)}"
    for account, amount in transaction.postings:
        yield f"  {account}  {units.plain(amount)} {_commodity(amount.currency)}"


def _assertions(balances: Mapping[tuple[str, str], Money], on: date, units: Units) -> Iterator[str]:
    # Beancount counts what lies below an account as its own, and tolerates a cent unless told.
    whole = dict.fromkeys(balances, 0)
    opened = {account for account, _ in balances}
    for (account, code), amount in balances.items():
        parts = account.split(":")
        for length in range(1, len(parts) + 1):
            above = ":".join(parts[:length])
            if above in opened:
                whole[above, code] = whole.get((above, code), 0) + amount.minor
    for (account, code), minor in sorted(whole.items()):
        figure = units.plain(Money(minor, code))
        yield f"{on} balance {account}  {figure} ~ 0 {_commodity(code)}"


def _commodity(code: str) -> str:
    # Its commodities end with a letter or digit; no code of ours has a hyphen in it.
    return f"{code}-0" if code.endswith("_") or code in _WORDS else code


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
