"""Hledger: the books as a journal file that hledger reads and checks.

It declares every account and commodity, lists every journal and ends with the balance of every
account, which hledger adds up anew. (spec: ledger 10)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ledgerkit.adapters.exports.accounts import Transaction, closing_balances, transactions_of
from ledgerkit.domain.ledger import Posted
from ledgerkit.domain.money import Money, Units

# What would end a description or a tag is written as in an address on the web.
_RESERVED = {ord(each): f"%{ord(each):02X}" for each in "%,;|()"}


def hledger_journal(posted: Iterable[Posted], units: Units) -> str:
    """Return *posted* as the text of an hledger journal, with balances to check at its end.

    Dates are UTC days. Accounts are named by `account_of`; amounts have the opposite sign of the
    wallets', since debits are positive there. Raises `UnknownCurrency` for a currency that is not
    in *units*.
    """
    journals = tuple(posted)
    transactions = transactions_of(journals)
    if not transactions:
        return ""
    balances = closing_balances(journals)
    lines = [
        "decimal-mark .",
        *(_declared(code, units) for code in sorted({code for _, code in balances})),
        *(f"account {account}" for account in dict.fromkeys(a for a, _ in balances)),
        *(line for each in transactions for line in _transaction(each, units)),
        "",
        f"{transactions[-1].on} * balances",
    ]
    for (account, code), amount in balances.items():
        lines.append(
            f"    {account}  {_amount(Money.zero(code), units)} = {_amount(amount, units)}"
        )
    return "\n".join(lines) + "\n"


def _declared(code: str, units: Units) -> str:
    # A commodity is declared by an example, which needs its point even without decimals.
    return f"commodity 1.{'0' * units.exponent(code)} {_commodity(code)}"


def _transaction(transaction: Transaction, units: Units) -> Iterator[str]:
    yield ""
    yield f"{transaction.on} * {transaction.kind.translate(_RESERVED)}"
    for name, text in transaction.tags:
        yield f"    ; {name}: {text.translate(_RESERVED)}"
    for account, amount in transaction.postings:
        yield f"    {account}  {_amount(amount, units)}"


def _amount(amount: Money, units: Units) -> str:
    return f"{units.plain(amount)} {_commodity(amount.currency)}"


def _commodity(code: str) -> str:
    return code if code.isalpha() else f'"{code}"'
