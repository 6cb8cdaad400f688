"""Room: whether wallets have what a journal or a hold takes from them, and space for the rest.

A journal is judged by its net effect on a wallet, so that money may pass through an empty one; a
hold leg by leg, since part of its legs may be captured. (spec: ledger 3, 4)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from ledgerkit.domain.ledger.holds import Hold, amounts_of
from ledgerkit.domain.ledger.journals import Journal, net_of
from ledgerkit.domain.ledger.refusals import (
    CeilingExceeded,
    ConditionFailed,
    Excess,
    InsufficientFunds,
    Shortage,
)
from ledgerkit.domain.ledger.wallets import Balance, Wallet
from ledgerkit.domain.money import Money

Reader: TypeAlias = Callable[[str, str], Balance]
"""What a (wallet, currency) holds."""


def moves_of(posting: Journal | Hold) -> Mapping[tuple[str, str], tuple[int, int]]:
    """Return what *posting* takes from and brings to each (wallet, currency).

    Nothing for a capture: its room was made when the hold was placed.
    """
    if isinstance(posting, Hold):
        return amounts_of(posting.entries)
    if posting.captures is not None:
        return {}
    nets = net_of(posting.entries)
    return {key: (-net, 0) if net < 0 else (0, net) for key, net in nets.items()}


def noun_of(posting: Journal | Hold) -> str:
    """Return what *posting* is called in a refusal."""
    return "hold" if isinstance(posting, Hold) else "journal"


def lacking(
    posting: Journal | Hold, wallets: Mapping[str, Wallet], balance: Reader
) -> tuple[tuple[Shortage, ...], tuple[Excess, ...]]:
    """Return what *wallets* lack for *posting*, and by how much it would be too much for them."""
    shortages, excesses = [], []
    for (name, currency), (out, into) in moves_of(posting).items():
        limit = wallets[name].limit(currency)
        floor, ceiling = limit.floor, limit.ceiling
        if out and floor is not None and posting.forced_by is None:
            held = balance(name, currency)
            short = floor + out - held.available
            if short > 0:
                shortage = Shortage(
                    name,
                    currency,
                    out,
                    held.available,
                    floor,
                    held.held_out,
                    short,
                    limit.raised_by,
                )
                shortages.append(shortage)
        if into and ceiling is not None:
            held = balance(name, currency)
            over = held.posted + held.held_in + into - ceiling
            if over > 0:
                excess = Excess(name, currency, held.posted, held.held_in, ceiling, over)
                excesses.append(excess)
    return tuple(shortages), tuple(excesses)


def check_room(posting: Journal | Hold, wallets: Mapping[str, Wallet], balance: Reader) -> None:
    """Raise `InsufficientFunds` or `CeilingExceeded` unless *wallets* have room for *posting*."""
    shortages, excesses = lacking(posting, wallets, balance)
    if shortages:
        raise InsufficientFunds(posting.id, shortages, noun_of(posting))
    if excesses:
        raise CeilingExceeded(posting.id, excesses, noun_of(posting))


def check_conditions(posting: Journal | Hold, balance: Reader) -> None:
    """Raise `ConditionFailed` unless every bound that *posting* requires holds."""
    failed = []
    for condition in posting.requires:
        for bound, sign in ((condition.at_least, 1), (condition.at_most, -1)):
            if bound is None:
                continue
            available = Money(balance(condition.wallet, bound.currency).available, bound.currency)
            if (available - bound).minor * sign < 0:
                failed.append((condition, available))
    if failed:
        raise ConditionFailed(posting.id, tuple(failed), noun_of(posting))
