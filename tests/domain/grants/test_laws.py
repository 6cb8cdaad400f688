"""Laws of credit: whatever happens, in whatever order, nothing of it is made or lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given as law
from hypothesis import strategies as st

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.grants import (
    PLATFORM,
    PROMOTIONS,
    UNITS,
    Grant,
    Rollover,
    buy,
    draw,
    expire,
    give,
    give_back,
    revive,
    revoke,
    roll_over,
)
from ledgerkit.domain.ledger import Book, InsufficientFunds
from ledgerkit.domain.money import Money
from tests.domain.grants.credit import AT, DAY, ENDS, bought, given, line, pack
from tests.domain.grants.credit import UNITS as TABLE

VERBS = ["draw", "draw", "back", "expire", "revive", "roll", "revoke"]
COMMANDS = st.lists(
    st.tuples(st.sampled_from(VERBS), st.integers(0, 2), st.integers(0, 40)), max_size=30
)


class Books:
    """A grant and the books it is posted to."""

    def __init__(self, grant: Grant) -> None:
        """Bring *grant* into empty books."""
        self.book = Book(TABLE)
        self.grant = grant
        self.unit = grant.amount.currency
        self.keep((give if grant.promotional else buy)(grant, at=AT))

    def keep(self, decision: Any) -> None:
        """Post what was decided."""
        for wallet in decision.effects.opens:
            self.book.open(wallet)
        for journal in decision.effects.journals:
            self.book.post(journal, at=AT)
        self.grant = decision.grant

    def do(self, verb: str, n: int, amount: int) -> None:
        """Do one command; a refusal changes nothing."""
        grant, money = self.grant, Money(amount, self.unit)
        ends = grant.expires_on or ENDS
        claim = line(Money(60, self.unit), f"l{n}", on=grant.granted_on)
        verbs: dict[str, Callable[[], Any]] = {
            "draw": lambda: draw(grant, claim, money, at=AT),
            "back": lambda: give_back(grant, f"l{n}", amount=money if amount % 2 else None, at=AT),
            "expire": lambda: expire(grant, on=ends, settled_before=ends, at=AT),
            "revive": lambda: revive(grant, at=AT),
            "revoke": lambda: revoke(grant, at=AT),
            "roll": lambda: roll_over(
                grant,
                Rollover(money),
                until=ends + timedelta(30),
                on=ends,
                settled_before=ends,
                at=AT,
            ),
        }
        try:
            decision = verbs[verb]()
        except (LedgerkitError, ValueError):
            return
        self.keep(decision)

    def holds(self, wallet: str, currency: str | None = None) -> int:
        """Return what a wallet holds."""
        return self.book.balance(wallet, currency or self.unit).posted


EXPIRIES = st.sampled_from([ENDS, None])
SIZES = st.integers(1, 200)
PACKS = st.builds(pack, SIZES, expires_on=EXPIRIES)
MONEY = st.builds(bought, minor=SIZES, expires_on=EXPIRIES) | st.builds(
    given, minor=SIZES, expires_on=EXPIRIES
)


@law(MONEY | PACKS, COMMANDS)
def test_granted_is_drawn_less_returned_expired_revoked_and_left(
    grant: Grant, commands: list[tuple[str, int, int]]
) -> None:
    """The sum law, in the record and in the books, after any commands; spec: billing 13.7."""
    books = Books(grant)
    for verb, n, amount in commands:
        books.do(verb, n, amount)
        now = books.grant
        parts = now.drawn - now.returned, now.expired, now.revoked, now.remaining
        assert grant.amount.minor == sum(part.minor for part in parts)
        assert all(part.minor >= 0 for part in parts)
        assert now.remaining.minor == books.holds(now.wallet)


@law(MONEY, COMMANDS)
def test_money_goes_where_the_record_says(
    grant: Grant, commands: list[tuple[str, int, int]]
) -> None:
    """The customer gets what was drawn, the platform what expired, unless it was given."""
    books = Books(grant)
    for command in commands:
        books.do(*command)
    now = books.grant
    used = (now.drawn - now.returned).minor
    lost = now.expired.minor

    if grant.promotional:
        expected = (used, 0, lost + now.revoked.minor - grant.amount.minor)
    else:
        expected = (used + now.revoked.minor - grant.amount.minor, lost, 0)
    assert expected == tuple(books.holds(w) for w in ("customer:ana", PLATFORM, PROMOTIONS))


@law(PACKS, COMMANDS)
def test_units_and_their_price_go_where_the_record_says(
    grant: Grant, commands: list[tuple[str, int, int]]
) -> None:
    """Each token is issued, drawn, expired, revoked or left; each cent earned, owed or back."""
    books = Books(grant)
    for command in commands:
        books.do(*command)
    now = books.grant

    assert (
        -now.amount.minor,
        (now.drawn - now.returned).minor,
        now.expired.minor,
        now.revoked.minor,
    ) == tuple(books.holds(f"{UNITS}:{w}") for w in ("issued", "drawn", "expired", "revoked"))
    assert now.deferred.minor == books.holds(now.wallet, "EUR")
    earned, owed = books.holds(PLATFORM, "EUR"), books.holds("customer:ana", "EUR")
    assert now.paid.minor == earned + now.deferred.minor + (now.paid.minor + owed)


@pytest.mark.parametrize("grant", [bought(), given(), pack()], ids=["bought", "given", "units"])
def test_books_refuse_what_two_decisions_overdraw(grant: Grant) -> None:
    """Two draws of 60 % decided on one state: the floor of the wallet refuses the second."""
    books = Books(grant)
    amount = Money(grant.amount.minor * 6 // 10, grant.amount.currency)
    first, second = (draw(grant, line(amount, id, on=DAY), amount, at=AT) for id in ("l1", "l2"))
    books.keep(first)

    with pytest.raises(InsufficientFunds):
        books.keep(second)
    assert (grant.amount - amount).minor == books.holds(grant.wallet)


def test_a_year_of_rollovers() -> None:
    """100 with 50 at most going on each month: 50, and then the same 50 until they are used."""
    books = Books(bought(minor=100))
    for _ in range(12):
        books.do("roll", 0, 50)

    assert (50, 50, date(2027, 10, 27)) == (
        books.grant.remaining.minor,
        books.grant.expired.minor,
        books.grant.expires_on,
    )
