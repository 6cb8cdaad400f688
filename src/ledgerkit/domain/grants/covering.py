"""Covering: which grants pay for which lines, and what is left to invoice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import Enum
from typing import ClassVar

import attrs

from ledgerkit.domain import money
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.grants.claims import Claim
from ledgerkit.domain.grants.drawing import Drawn, draw
from ledgerkit.domain.grants.expiry import Revived, revive
from ledgerkit.domain.grants.records import EXPIRED, Grant, draw_down, payers
from ledgerkit.domain.money import Money, sum_of


class Settlement(Enum):
    """What becomes of what no credit pays for. (spec: billing 5)"""

    CREDIT_THEN_INVOICE = "credit_then_invoice"  # it is invoiced
    CREDIT_ONLY = "credit_only"  # the charge is refused


@attrs.frozen
class Uncovered(LedgerkitError):
    """Credit is all that may pay, and there is too little for a line."""

    claim: str
    charged: Money
    covered: Money
    code: ClassVar[str] = "uncovered"

    def __str__(self) -> str:
        short = self.charged - self.covered
        return (
            f"line {self.claim!r} charges {self.charged} and credit pays {self.covered} of it; "
            f"{short} more is needed"
        )


@attrs.frozen
class Part:
    """What one grant pays of a line."""

    grant: str
    amount: Money


@attrs.frozen(kw_only=True)
class CoveredLine:
    """How one line is paid.

    Attributes:
        claim: The line.
        before: What credit paid of it earlier.
        parts: What each grant pays now, in the order of draw-down.
        shortfall: What is left to invoice.
    """

    claim: Claim
    before: Money
    parts: tuple[Part, ...]
    shortfall: Money

    @property
    def drawn(self) -> Money:
        """What is drawn now."""
        return sum_of((part.amount for part in self.parts), self.claim.amount.currency)


@attrs.frozen
class Covered:
    """How lines are paid, by the day of their usage and their id."""

    lines: tuple[CoveredLine, ...]

    def line(self, claim: str) -> CoveredLine:
        """Return how the line *claim* is paid; raises `KeyError`."""
        return {line.claim.id: line for line in self.lines}[claim]

    def drawn(self, currency: str) -> Money:
        """Return what is drawn now in *currency*."""
        return sum_of((line.drawn for line in self._of(currency)), currency)

    def shortfall(self, currency: str) -> Money:
        """Return what is left to invoice in *currency*."""
        return sum_of((line.shortfall for line in self._of(currency)), currency)

    def _of(self, currency: str) -> Iterable[CoveredLine]:
        return (line for line in self.lines if line.claim.amount.currency == currency)


def cover(
    claims: Iterable[Claim],
    grants: Iterable[Grant],
    *,
    settlement: Settlement = Settlement.CREDIT_THEN_INVOICE,
) -> Covered:
    """Return which of *grants*, all that one customer has or had, pay for which of *claims*.

    Earlier usage draws first, each line from the grants that pay for its kind and day, in the order
    of draw-down; neither order depends on the order of what is passed. A claim is all of what its
    line charges: what any grant paid of it before counts, so that asking again draws nothing again
    and new credit pays what was left. Leave no grant out, used up ones neither. (spec: billing 5)

    Raises:
        Uncovered: credit is all that may pay, and there is too little for a line.
        ValueError: a claim or a grant is there twice, or grants are of two customers.
    """
    only = Settlement(settlement) is Settlement.CREDIT_ONLY  # a misspelt mode is no mode
    asked = sorted(claims, key=lambda claim: (claim.on, claim.id))
    pool = draw_down(grants)
    _check_each_once("claim", [claim.id for claim in asked])
    _check_each_once("grant", [grant.id for grant in pool])
    if len({grant.customer for grant in pool}) > 1:
        msg = f"grants are of one customer (got {sorted({grant.customer for grant in pool})})"
        raise ValueError(msg)
    left = {grant.id: grant.spendable for grant in pool}
    lines = []
    for claim in asked:
        line = _line(claim, pool, left)
        if only and line.shortfall.minor:
            raise Uncovered(claim.id, claim.amount, claim.amount - line.shortfall)
        for part in line.parts:
            left[part.grant] -= part.amount
        lines.append(line)
    return Covered(tuple(lines))


def _line(claim: Claim, pool: Sequence[Grant], left: dict[str, Money]) -> CoveredLine:
    currency = claim.amount.currency
    alike = [grant for grant in pool if grant.amount.currency == currency]
    before = sum_of((grant.drawn_for(claim.id) for grant in alike), currency)
    open_ = max(claim.amount - before, Money.zero(currency))
    able = payers(alike, kind=claim.kind, on=claim.on)
    drawn = money.draw(open_, [left[grant.id] for grant in able])
    parts = zip(able, drawn.parts, strict=True)
    return CoveredLine(
        claim=claim,
        before=before,
        parts=tuple(Part(grant.id, amount) for grant, amount in parts if amount.minor),
        shortfall=drawn.shortfall,
    )


def _check_each_once(what: str, ids: Sequence[str]) -> None:
    if len(set(ids)) < len(ids):
        twice = sorted({id for id in ids if ids.count(id) > 1})
        msg = f"each {what} is passed once (got more of {', '.join(twice)})"
        raise ValueError(msg)


@attrs.frozen
class Settled:
    """Lines as credit paid them.

    Attributes:
        covered: Which grant paid what, and what is left to invoice.
        grants: All of the customer's grants as they are now, in the order of draw-down.
        steps: What was decided for it, in that order.
    """

    covered: Covered
    grants: tuple[Grant, ...]
    steps: tuple[Revived | Drawn, ...]

    @property
    def changed(self) -> tuple[Grant, ...]:
        """The grants that are not as they were."""
        return tuple({step.grant.id: step.grant for step in self.steps}.values())

    @property
    def effects(self) -> Effects:
        """What to store: of each grant only its last version."""
        done = sum((step.effects for step in self.steps), start=Effects())
        opens = tuple({wallet.id: wallet for wallet in done.opens}.values())
        return attrs.evolve(done, opens=opens, records=self.changed)


def settle(
    claims: Iterable[Claim],
    grants: Iterable[Grant],
    *,
    settlement: Settlement = Settlement.CREDIT_THEN_INVOICE,
    at: datetime,
) -> Settled:
    """Draw from *grants*, all that one customer has or had, what `cover` says they pay of *claims*.

    A grant that expired is revived for usage of a day before; what is then left of it expires anew.

    Raises:
        Uncovered, ValueError: as `cover` does.
    """
    pool = tuple(grants)
    covered = cover(claims, pool, settlement=settlement)
    now = {grant.id: grant for grant in pool}
    steps: list[Revived | Drawn] = []
    for line in covered.lines:
        for part in line.parts:
            grant = now[part.grant]
            if grant.status == EXPIRED:
                revived = revive(grant, at=at)
                steps.append(revived)
                grant = revived.grant
            drawn = draw(grant, line.claim, part.amount, at=at)
            steps.append(drawn)
            now[part.grant] = drawn.grant
    return Settled(covered, draw_down(now.values()), tuple(steps))


def overage(covered: Covered, *, on: date) -> tuple[Claim, ...]:
    """Return the lines that credit did not pay in full, to be taken out of a grant of the day *on*.

    For credit that recurs where nothing is invoiced: what was used too much comes off the next
    recurrence. What was drawn before counts still, so only the shortfall is taken.
    """
    return tuple(
        attrs.evolve(line.claim, on=on) for line in covered.lines if line.shortfall.minor > 0
    )


def available(grants: Iterable[Grant], currency: str, *, on: date, kind: str = "") -> Money:
    """Return what *grants* have left in *currency* for a line of *kind* of the local day *on*."""
    alike = (grant for grant in grants if grant.amount.currency == currency)
    return sum_of((grant.spendable for grant in payers(alike, kind=kind, on=on)), currency)
