"""Charge: what a contract charges a customer, ready to become a line of an invoice.

Subscriptions, rate plans and enrolments tell all that is due as charges; who bills them issues
those that no invoice has yet. (spec: billing 0.8, 6)
"""

from __future__ import annotations

from datetime import date

import attrs

from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.periods import Period, plain_date
from ledgerkit.domain.pricing import Rated


@attrs.frozen(kw_only=True)
class Charge:
    """One thing charged, rated and not billed yet.

    Attributes:
        source: The id of what charges it, such as a subscription.
        part: Which charge of the source; source, part and day never change, so that it is billed
            once.
        item: What it is, in words that are not translated.
        detail: More of it, or empty.
        kind: What sort of thing it is, such as `subscription` or `usage`.
        on: The local day of its line.
        period: The days it is for, or None where its day says it all.
        due_on: The local day from which it can be billed; what is due on one day is billed
            together.
        rated: What it comes to, and why; below zero where it gives back.
        gives_back: The part of the same source's charge that it gives back of, or None where it
            charges.

    Raises:
        TypeError, ValueError: a field is of another type, or names nothing.
    """

    source: str
    part: str = ""
    item: str
    detail: str = ""
    kind: str
    on: date
    period: Period | None = None
    due_on: date
    rated: Rated
    gives_back: str | None = None

    def __attrs_post_init__(self) -> None:
        name_of("source of a charge", self.source)
        name_of("kind of a charge", self.kind)
        plain_date("day of a charge", self.on)
        plain_date("due_on of a charge", self.due_on)
        if self.gives_back is not None:
            name_of("what a charge gives back", self.gives_back)
        if type(self.rated) is not Rated:
            msg = f"a charge is Rated (got {self.rated!r})"
            raise TypeError(msg)

    @property
    def line_id(self) -> str:
        """The id of the line that bills it: derived, so that it is billed once."""
        return derive("lin", self.source, self.part, on=self.on)


@attrs.frozen(kw_only=True)
class PostedCharge(Charge):
    """A charge that was posted when the thing happened: who bills it documents it only.

    Attributes:
        journal: The id of the journal that posted it; below zero, that gave it back.
    """

    journal: str

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        name_of("journal of a charge", self.journal)
