"""Claim: what a line asks of credit, before there is an invoice with lines."""

from __future__ import annotations

from datetime import date

import attrs

from ledgerkit.domain.grants.history import check_above_zero
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.money import Money
from ledgerkit.domain.periods import plain_date


@attrs.frozen(kw_only=True)
class Claim:
    """A charge that credit may pay: a line of a bill before there is a bill.

    Attributes:
        id: The id of the line; what is drawn is drawn for it.
        kind: What sort of thing it charges, such as `usage`; a grant may be for some kinds only.
        on: The local day of the usage; it decides which grants pay.
        amount: All of what it charges, in money or units, above zero.
    """

    id: str
    kind: str = ""
    on: date
    amount: Money

    def __attrs_post_init__(self) -> None:
        name_of("claim id", self.id)
        if type(self.kind) is not str:
            msg = f"the kind of claim {self.id!r} must be text (got {self.kind!r})"
            raise TypeError(msg)
        plain_date("on", self.on)
        check_above_zero(f"claim {self.id!r}", self.amount)
