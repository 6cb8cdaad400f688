"""Granting: credit sold, given, brought in and revoked."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ledgerkit.domain.grants import (
    DEPLETED,
    REVOKED,
    Grant,
    bring_in,
    buy,
    expire,
    give,
    give_back,
    revoke,
)
from ledgerkit.domain.ledger import Event, Limit, Wallet
from ledgerkit.domain.lifecycle import IllegalTransition
from tests.domain.grants.credit import AT, ENDS, bought, eur, given, legs, pack, tokens, use


# ---- coming in -------------------------------------------------------------------------------
def test_bought_money_is_owed_to_the_customer() -> None:
    """Credit of 100.00: customer -100, liability:credit +100; spec: billing 5a."""
    granted = buy(bought(), at=AT)

    assert {"customer:ana EUR": -10_000, "liability:credit:g1 EUR": 10_000} == legs(granted.journal)
    assert ("credit.bought", Event("grant", "g1")) == (granted.journal.kind, granted.journal.event)
    assert (bought(),) == granted.effects.records


def test_bought_units_are_owed_with_their_price() -> None:
    """1,000 tokens for 50.00: customer -50, liability +50; the wallet +1000, issued -1000."""
    assert {
        "customer:ana EUR": -5_000,
        "liability:credit:g1 EUR": 5_000,
        "liability:credit:g1 TOKEN": 1_000,
        "units:credit:issued TOKEN": -1_000,
    } == legs(buy(pack(), at=AT).journal)


def test_given_money_is_an_expense() -> None:
    """Credit of 100.00 given: expense:promotions -100, liability:credit +100."""
    granted = give(given(), at=AT)

    assert {"expense:promotions EUR": -10_000, "liability:credit:g1 EUR": 10_000} == legs(
        granted.journal
    )
    assert "credit.given" == granted.journal.kind


def test_given_units_move_units_only() -> None:
    """Tokens that cost nothing have no money legs."""
    assert {"liability:credit:g1 TOKEN": 1_000, "units:credit:issued TOKEN": -1_000} == legs(
        give(pack(minor=None), at=AT).journal
    )


@pytest.mark.parametrize(
    ("grant", "expected"),
    [
        (bought(), {"equity:opening EUR": -10_000, "liability:credit:g1 EUR": 10_000}),
        (given(), {"equity:opening EUR": -10_000, "liability:credit:g1 EUR": 10_000}),
        (
            pack(),
            {
                "equity:opening EUR": -5_000,
                "liability:credit:g1 EUR": 5_000,
                "liability:credit:g1 TOKEN": 1_000,
                "units:credit:issued TOKEN": -1_000,
            },
        ),
    ],
)
def test_credit_from_before_is_brought_in(grant: Grant, expected: dict[str, int]) -> None:
    """What an existing business owes in credit comes from equity:opening."""
    assert expected == legs(bring_in(grant, at=AT).journal)


def test_wallet_has_a_floor_from_birth() -> None:
    """The wallet of a grant holds its unit and its price, neither below zero; others are free."""
    opens = {wallet.id: wallet for wallet in buy(pack(), at=AT).effects.opens}

    assert {
        "liability:credit:g1": Wallet(
            "liability:credit:g1",
            (Limit("EUR", floor=0), Limit("TOKEN", floor=0)),
            currencies=frozenset({"EUR", "TOKEN"}),
        ),
        "customer:ana": Wallet("customer:ana"),
        "units:credit:issued": Wallet("units:credit:issued"),
    } == opens


def test_what_is_bought_has_a_price() -> None:
    """Selling what was given, and giving what was sold, are mistakes."""
    with pytest.raises(ValueError, match="'g1' has no price; give it"):
        buy(given(), at=AT)
    with pytest.raises(ValueError, match=r"'g1' costs 100\.00 EUR; sell it"):
        give(bought(), at=AT)


@pytest.mark.parametrize(
    ("verb", "fresh"), [(buy, bought()), (give, given()), (bring_in, bought())]
)
def test_credit_comes_into_the_books_once(verb: Any, fresh: Grant) -> None:
    """A grant that was drawn, returned, expired or revoked is in the books already."""
    drawn = use(fresh).grant
    old = [
        drawn,
        give_back(drawn, "l1", at=AT).grant,
        expire(fresh, on=ENDS, settled_before=ENDS, at=AT).grant,
        revoke(fresh, at=AT).grant,
    ]

    for grant in old:
        with pytest.raises(ValueError, match="is in these books already"):
            verb(grant, at=AT)


# ---- revoking --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("grant", "amount", "expected"),
    [
        (bought(), eur(4_000), {"liability:credit:g1 EUR": -6_000, "customer:ana EUR": 6_000}),
        (given(), eur(4_000), {"liability:credit:g1 EUR": -6_000, "expense:promotions EUR": 6_000}),
        (
            pack(),
            tokens(400),
            {
                "liability:credit:g1 EUR": -3_000,
                "customer:ana EUR": 3_000,
                "liability:credit:g1 TOKEN": -600,
                "units:credit:revoked TOKEN": 600,
            },
        ),
        (
            pack(minor=None),
            tokens(400),
            {"liability:credit:g1 TOKEN": -600, "units:credit:revoked TOKEN": 600},
        ),
    ],
    ids=["bought", "given", "units", "units given"],
)
def test_revoking_takes_back_the_rest(grant: Grant, amount: Any, expected: dict[str, int]) -> None:
    """40 of 100 used: the customer no longer owes the other 60; what was given is no expense."""
    revoked = revoke(use(grant, amount).grant, at=AT)
    after = revoked.grant

    assert expected == legs(revoked.journal)
    assert (REVOKED, 0, 0) == (after.status, after.remaining.minor, after.deferred.minor)
    assert after.amount - amount == after.revoked
    assert (after,) == revoked.effects.records
    assert "liability:credit:g1" in {wallet.id for wallet in revoked.effects.opens}


def test_nothing_left_is_nothing_to_revoke() -> None:
    """A grant that is used up, or revoked, stays as it is."""
    empty = use(bought(), 10_000).grant
    assert DEPLETED == empty.status

    with pytest.raises(IllegalTransition, match="grant is depleted; revoke needs active"):
        revoke(empty, at=AT)
    with pytest.raises(IllegalTransition, match="grant is revoked; revoke needs active"):
        revoke(revoke(bought(), at=AT).grant, at=AT)


def test_what_a_revoked_grant_paid_stays_paid() -> None:
    """Its draws do not come back: there is no grant to come back to."""
    revoked = revoke(use(bought()).grant, at=AT).grant

    with pytest.raises(IllegalTransition, match="grant is revoked; give_back needs"):
        give_back(revoked, "l1", at=AT)


def test_ids_are_derived() -> None:
    """The same decision has the same id, and shows its day."""
    id = buy(bought(), at=AT).journal.id

    assert id == buy(bought(minor=500), at=AT).journal.id
    assert id.startswith("jrn_20260901_")
    assert id != buy(bought(granted_on=date(2026, 9, 2)), at=AT).journal.id
