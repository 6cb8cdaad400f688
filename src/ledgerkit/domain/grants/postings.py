"""Postings: the legs that move credit, and the wallets they need.

The wallet of a grant holds what is owed of it: money, or units and the part of their price that
nobody used yet. It never goes below zero.
"""

from __future__ import annotations

from fractions import Fraction

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.grants.records import Grant
from ledgerkit.domain.ledger import Entry, Journal, Limit, Wallet
from ledgerkit.domain.money import Money, complement
from ledgerkit.domain.outbox import Message

PROMOTIONS = "expense:promotions"
PLATFORM = "platform"
OPENING = "equity:opening"
UNITS = "units:credit"  # below it: issued, drawn, expired, revoked


def share(value: Money, part: Money, of: Money) -> Money:
    """Return what *part* takes of the *value* of all *of* it; the last part takes what is left.

    >>> share(Money(100, "EUR"), Money(1, "TOKEN"), Money(3, "TOKEN"))
    Money(minor=33, currency='EUR')
    """
    return complement(value, Fraction(part.minor, of.minor)).kept


def taken(grant: Grant, amount: Money, value: Money, *, to: str, became: str) -> tuple[Entry, ...]:
    """Return the legs that take *amount* from *grant*; the money of it goes *to* a wallet.

    Of units it is the *value*, the part of the price that they used, and the units themselves are
    counted under what they *became*.
    """
    moved = [(to, value if grant.in_units else amount)]
    if grant.in_units:
        moved.append((f"{UNITS}:{became}", amount))
    return tuple(
        leg
        for wallet, money in moved
        if money.minor != 0
        for leg in (Entry(grant.wallet, -money), Entry(wallet, money))
    )


def moved(grant: Grant, *journals: Journal, message: Message | None = None) -> Effects:
    """Return what to store when *journals* moved credit of *grant*, and told somebody of it."""
    return Effects(
        journals=journals,
        opens=_wallets(grant, *journals),
        records=(grant,),
        messages=() if message is None else (message,),
    )


def _wallets(grant: Grant, *journals: Journal) -> tuple[Wallet, ...]:
    """Return the wallet of *grant*, with its policy, and the others that *journals* name."""
    held = frozenset({grant.amount.currency, grant.paid.currency})
    limits = tuple(Limit(currency, floor=0) for currency in sorted(held))
    others = dict.fromkeys(
        entry.wallet
        for journal in journals
        for entry in journal.entries
        if entry.wallet != grant.wallet
    )
    return (*(Wallet(name) for name in others), Wallet(grant.wallet, limits, currencies=held))
