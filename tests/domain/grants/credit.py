"""Credit to test with: grants and lines of one customer, in a word each."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

from ledgerkit.domain.grants import Claim, Drawn, Grant, draw
from ledgerkit.domain.ledger import Journal
from ledgerkit.domain.money import ISO, Money

AT = datetime(2026, 12, 1, 12, tzinfo=UTC)
DAY = date(2026, 10, 5)
ENDS = date(2026, 11, 1)
UNITS = ISO.with_units({"TOKEN": 0, "CREDIT": 8})


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


def tokens(n: int) -> Money:
    """Return a number of tokens."""
    return Money(n, "TOKEN")


def bought(id: str = "g1", minor: int = 10_000, **more: Any) -> Grant:
    """Return credit in euros, bought on 1 September and good until the end of October."""
    return _grant(id, amount=eur(minor), price=eur(minor), **more)


def given(id: str = "g1", minor: int = 10_000, **more: Any) -> Grant:
    """Return the same credit, given."""
    return _grant(id, amount=eur(minor), **more)


def pack(n: int = 1000, minor: int | None = 5_000, id: str = "g1", **more: Any) -> Grant:
    """Return *n* tokens bought for *minor* cents; None: given."""
    return _grant(id, amount=tokens(n), price=None if minor is None else eur(minor), **more)


def _grant(id: str, **more: Any) -> Grant:
    fields: dict[str, Any] = {
        "customer": "ana",
        "granted_on": date(2026, 9, 1),
        "expires_on": ENDS,
    }
    return Grant(id=id, **(fields | more))


def line(
    minor: int | Money = 4_000, id: str = "l1", *, on: date = DAY, kind: str = "usage"
) -> Claim:
    """Return a line of usage of 5 October that charges *minor* cents, or so many tokens."""
    return Claim(id=id, kind=kind, on=on, amount=minor if isinstance(minor, Money) else eur(minor))


def use(grant: Grant, minor: int | Money = 4_000, id: str = "l1", **more: Any) -> Drawn:
    """Draw *minor* cents, or so many tokens, for a line of that amount."""
    claim = line(minor, id, **more)
    return draw(grant, claim, claim.amount, at=AT)


def legs(*journals: Journal) -> dict[str, int]:
    """Return what *journals* do to each wallet, by its address and currency."""
    sums = Counter[str]()
    for journal in journals:
        for entry in journal.entries:
            sums[f"{entry.wallet} {entry.amount.currency}"] += entry.amount.minor
    return {name: minor for name, minor in sums.items() if minor}
