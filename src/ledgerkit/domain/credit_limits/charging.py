"""Automatic charge: money asked of a customer's payment method before the limit stops a booking.

(seed 002; spec: billing 9)
"""

from __future__ import annotations

import attrs

from ledgerkit.domain.credit_limits.checking import check
from ledgerkit.domain.credit_limits.limits import BANDS, Bands, CreditLimit, at_least
from ledgerkit.domain.ledger import Balance
from ledgerkit.domain.money import Money


@attrs.frozen(kw_only=True)
class AutoCharge:
    """A decision to charge a customer; who orders it from a gateway stores it under *key*.

    Attributes:
        customer: The id of the party.
        amount: What to charge, above zero.
        key: From the wallet, the currency and the place in its statement: until something else is
            posted there, the same decision has the same key.
        band: The band that was reached.
        exposure: How far below zero the wallet is.
    """

    customer: str
    amount: Money
    key: str
    band: str
    exposure: Money


def auto_charge(
    limit: CreditLimit,
    balance: Balance,
    *,
    position: int,
    under_way: Money | None = None,
    bands: Bands = BANDS,
) -> AutoCharge | None:
    """Return what to charge now, or None: the band is not reached, or enough is under way.

    It is `exposure - target`, less what was ordered and did not arrive yet (*under_way*), so that a
    booking made meanwhile does not ask for the same money twice. *position* is the number of the
    last journal on the wallet, zero if there is none. A charge that was refused is not repeated
    under its key; that is dunning's business. (spec: billing 9)

    Raises:
        TypeError, ValueError: the position is no number from zero on.

    >>> from ledgerkit.domain.credit_limits import set_limit
    >>> limit = set_limit("ana", Money(50_000, "USD"), charge_at="warning").limit
    >>> decided = auto_charge(limit, Balance(-40_000), position=17)
    >>> decided.amount.minor, decided.key
    (40000, 'auto_charge/customer:ana/USD/17')
    """
    if type(position) is not int or position < 0:
        msg = f"a place in a statement is a whole number from zero on (got {position!r})"
        raise ValueError(msg)
    if limit.charge_at is None:
        return None
    told = check(limit, balance, Money.zero(limit.currency), bands=bands)
    due = told.exposure - limit.target
    if under_way is not None:
        due -= under_way
    if not at_least(told.band, limit.charge_at) or due.minor <= 0:
        return None
    return AutoCharge(
        customer=limit.customer,
        amount=due,
        key=f"auto_charge/{limit.wallet}/{limit.currency}/{position}",
        band=told.band,
        exposure=told.exposure,
    )
