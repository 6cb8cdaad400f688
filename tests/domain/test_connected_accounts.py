"""Connected accounts: the newest word of the gateway holds, and each word is a version."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest

from ledgerkit.domain.connected_accounts import ConnectedAccount, connect, follow
from ledgerkit.domain.gateways import AccountStatus

AT = datetime(2026, 11, 2, 9, tzinfo=UTC)


def status(*, payouts: bool = True, reason: str = "") -> AccountStatus:
    """Return what the gateway says."""
    return AccountStatus(
        account="acct_1",
        details_submitted=True,
        charges_enabled=True,
        payouts_enabled=payouts,
        currently_due=("external_account",),
        disabled_reason=reason,
    )


def test_an_account_belongs_to_one_supplier() -> None:
    """Said twice it is the same; somebody else's it cannot become."""
    one = connect("t-1", "acct_1", gateway="stripe")

    assert ("stripe:acct_1", "t-1", False) == (
        one.account.id,
        one.account.supplier,
        one.account.may_be_paid,
    )
    assert one == connect("t-1", "acct_1", gateway="stripe", known=one.account)
    assert (one.account,) == one.effects.records
    with pytest.raises(ValueError, match="belongs to 't-1', so not to 't-2'"):
        connect("t-2", "acct_1", gateway="stripe", known=one.account)


def test_the_newest_word_holds() -> None:
    """Payouts follow what the gateway said last by its own clock, however late it comes."""
    first = follow(None, status(), gateway="stripe", as_of=AT)
    assert first is not None
    later = AT + timedelta(hours=1)
    disabled = follow(first.account, status(reason="past_due"), gateway="stripe", as_of=later)
    assert disabled is not None

    assert (True, False) == (first.account.may_be_paid, disabled.account.may_be_paid)
    assert ("past_due", later) == (disabled.account.disabled_reason, disabled.account.as_of)
    assert follow(disabled.account, status(), gateway="stripe", as_of=AT) is None
    assert follow(first.account, status(), gateway="stripe", as_of=AT) is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"id": "acct_1"}, "named by its gateway and id there"),
        ({"supplier": "a b"}, "is no wallet address"),
        ({"currently_due": ["x"]}, "currently_due must be a tuple"),
        ({"currently_due": ("",)}, "what is due"),
    ],
)
def test_an_account_that_cannot_be(fields: dict[str, Any], expected: str) -> None:
    """What an account cannot hold is refused when it is built."""
    one = ConnectedAccount(id="stripe:acct_1", gateway="stripe", account="acct_1")
    with pytest.raises(Exception, match=expected):
        attrs.evolve(one, **fields)
