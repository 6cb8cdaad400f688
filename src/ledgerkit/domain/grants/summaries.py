"""Summary: what became of a customer's credit, and which lines it paid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import attrs

from ledgerkit.domain.grants.records import Grant
from ledgerkit.domain.money import Money, sum_of


@attrs.frozen(kw_only=True)
class CreditSummary:
    """What a customer was granted in one currency or unit, and where it went.

    granted = (drawn - returned) + expired + revoked + remaining, always. (spec: billing 13.7)

    Attributes:
        customer: The id of the party.
        granted: All that was granted, bought and given.
        given: The part of it that was given.
        drawn: What lines drew.
        returned: What came back of that.
        expired: What was forfeited.
        revoked: What was taken away.
        remaining: What is left.
    """

    customer: str
    granted: Money
    given: Money
    drawn: Money
    returned: Money
    expired: Money
    revoked: Money
    remaining: Money


def summaries(grants: Iterable[Grant]) -> tuple[CreditSummary, ...]:
    """Return the summaries of *grants*, one for each customer and currency, in that order."""
    groups: dict[tuple[str, str], list[Grant]] = {}
    for grant in grants:
        groups.setdefault((grant.customer, grant.amount.currency), []).append(grant)
    return tuple(
        _summary(customer, currency, groups[customer, currency])
        for customer, currency in sorted(groups)
    )


def _summary(customer: str, currency: str, grants: list[Grant]) -> CreditSummary:
    return CreditSummary(
        customer=customer,
        granted=sum_of((g.amount for g in grants), currency),
        given=sum_of((g.amount for g in grants if g.promotional), currency),
        drawn=sum_of((g.drawn for g in grants), currency),
        returned=sum_of((g.returned for g in grants), currency),
        expired=sum_of((g.expired for g in grants), currency),
        revoked=sum_of((g.revoked for g in grants), currency),
        remaining=sum_of((g.remaining for g in grants), currency),
    )


def paid_for(grants: Iterable[Grant], sources: Iterable[str], currency: str) -> Money:
    """Return what *grants* in *currency* pay of the lines *sources*, less what came back.

    It is a part of the `paid` of `invoices.open_amount`, for the lines of an invoice.
    """
    lines = frozenset(sources)
    return sum_of(
        (
            grant.left_of(draw)
            for grant in grants
            if grant.amount.currency == currency
            for draw in grant.draws
            if draw.source in lines
        ),
        currency,
    )


def paid_by_line(grants: Iterable[Grant]) -> Mapping[str, tuple[Money, ...]]:
    """Return what *grants* in money paid of each line, by its id, as it was when they paid.

    What came back since is on documents of its own; lines that no credit paid are not there.
    """
    paid = defaultdict[str, tuple[Money, ...]](tuple)
    for grant in grants:
        for draw in () if grant.in_units else grant.draws:
            paid[draw.source] += (draw.amount,)
    return dict(paid)
