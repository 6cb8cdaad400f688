"""Corrections: how the books are put right when nothing in them can be edited.

A wrong journal is undone by its reversal, wholly or in part, or put right by a small journal of
the difference; a late one takes effect now and names the period it belongs to. (spec: ledger 5, 6)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger.journals import Entry, Journal, net_of
from ledgerkit.domain.money import Money
from ledgerkit.domain.periods import Period

_PERIOD = "period"
_CORRECTS = "corrects"


def reverse(
    journal: Journal,
    *,
    id: str,
    at: datetime,
    part: tuple[Entry, ...] | None = None,
    forced_by: str | None = None,
    metadata: tuple[tuple[str, str], ...] = (),
) -> Journal:
    """Return the journal that undoes *journal*, or *part* of its legs, effective *at*.

    *part* lists legs of the original in the original's signs; amounts may be smaller. Whether
    *journal* has them left, and is no reversal itself, is checked where it is posted, after its
    key, time and wallets, so that a refusal is the same whoever built it. (spec: ledger 3, 5)

    >>> from datetime import UTC, datetime
    >>> noon = datetime(2026, 10, 1, 12, tzinfo=UTC)
    >>> legs = Entry("customer:c", Money(-50, "EUR")), Entry("platform", Money(50, "EUR"))
    >>> sold = Journal(id="jrn_1", kind="sold", entries=legs, effective_at=noon)
    >>> reverse(sold, id="jrn_2", at=noon).entries[0].amount
    Money(minor=50, currency='EUR')
    """
    return Journal(
        id=id,
        kind=f"{journal.kind}.reversed",
        entries=tuple(-entry for entry in (journal.entries if part is None else part)),
        effective_at=at,
        reverses=journal.id,
        forced_by=forced_by,
        metadata=metadata,
    )


def reversible(original: Journal, reversals: Iterable[Journal] = ()) -> tuple[Entry, ...]:
    """Return the legs of *original* that *reversals* have not taken back yet, in its own signs.

    They come merged by wallet, currency and direction.
    """
    return _legs(original, reversals, over=False)


def excess_of(
    reversal: Journal, original: Journal, earlier: Iterable[Journal]
) -> tuple[Entry, ...]:
    """Return the legs of *reversal* beyond what *original* still has to give back.

    They stand in the signs of *original*, merged by wallet, currency and direction; none: the
    reversal fits.
    """
    return _legs(original, (*earlier, reversal), over=True)


def _legs(original: Journal, reversals: Iterable[Journal], *, over: bool) -> tuple[Entry, ...]:
    # Legs are told apart by wallet, currency and direction: a wallet that money passes through
    # (in and out in one journal) must be able to give back both.
    left = Counter[tuple[str, str, bool]]()
    for entry in original.entries:
        left[entry.wallet, entry.amount.currency, entry.amount.minor > 0] += abs(entry.amount.minor)
    for reversal in reversals:
        for entry in reversal.entries:
            key = entry.wallet, entry.amount.currency, entry.amount.minor < 0
            left[key] -= abs(entry.amount.minor)
    return tuple(
        Entry(wallet, Money(abs(minor) if plus else -abs(minor), currency))
        for (wallet, currency, plus), minor in left.items()
        if (minor < 0 if over else minor > 0)
    )


def difference(before: Iterable[Entry], after: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return the legs that turn what *before* did into what *after* does.

    A correction posts them as one small journal and leaves the original as it stands; no legs
    means there is nothing to correct. (spec: ledger 5; seed 002: 1.5 h -> 1.8 h)

    >>> difference([Entry("a", Money(-5, "EUR"))], [Entry("a", Money(-7, "EUR"))])
    (Entry(wallet='a', amount=Money(minor=-2, currency='EUR')),)
    """
    net = Counter(net_of(after))
    net.subtract(net_of(before))
    return tuple(
        Entry(wallet, Money(minor, currency)) for (wallet, currency), minor in net.items() if minor
    )


@attrs.frozen
class NothingToCorrect(LedgerkitError):
    """A correction that would change nothing."""

    journal: str
    code: ClassVar[str] = "nothing_to_correct"

    def __str__(self) -> str:
        return f"journal {self.journal!r} did what it should have; a correction needs a difference"


def correct(
    journal: Journal,
    meant: tuple[Entry, ...],
    *,
    id: str,
    at: datetime,
    earlier: tuple[Journal, ...] = (),
    part: str | None = None,
    forced_by: str | None = None,
    metadata: tuple[tuple[str, str], ...] = (),
) -> Journal:
    """Return the small journal of the difference between what *journal* did and what was *meant*.

    *earlier* are its corrections and reversals until now, in recording order: what they did counts
    as done. Given *part*, the correction claims that part of the event that *journal* booked, so
    that it is posted once; metadata `corrects` names *journal*. (spec: ledger 5)

    Raises:
        NothingToCorrect: nothing differs on any wallet.
        TooFewLegs, Unbalanced: *meant* does not balance.
        TypeError: *meant* is no tuple of entries.
        ValueError: *part* is given and *journal* has no event, or one of *earlier* neither
            corrects nor reverses *journal* or one before it.

    >>> from datetime import UTC, datetime
    >>> noon = datetime(2026, 10, 1, 12, tzinfo=UTC)
    >>> charged = Entry("student", Money(-10_000, "USD")), Entry("platform", Money(10_000, "USD"))
    >>> meant = Entry("student", Money(-12_000, "USD")), Entry("platform", Money(12_000, "USD"))
    >>> flown = Journal(id="jrn_1", kind="flown", entries=charged, effective_at=noon)
    >>> small = correct(flown, meant, id="jrn_2", at=noon)
    >>> [str(entry.amount) for entry in small.entries], corrects(small)
    (['-20.00 USD', '20.00 USD'], 'jrn_1')
    """
    if type(meant) is not tuple or not all(type(each) is Entry for each in meant):
        msg = f"meant must be a tuple of Entry (got {meant!r})"
        raise TypeError(msg)
    event = journal.event
    if part is not None and event is None:
        msg = f"journal {journal.id!r} books no event, so there is no part of it (got {part!r})"
        raise ValueError(msg)
    _check_related(journal, earlier)
    entries = difference((e for each in (journal, *earlier) for e in each.entries), meant)
    if not entries:
        raise NothingToCorrect(journal.id)
    return Journal(
        id=id,
        kind=f"{journal.kind}.corrected",
        entries=entries,
        effective_at=at,
        event=None if event is None or part is None else attrs.evolve(event, part=part),
        forced_by=forced_by,
        metadata=((_CORRECTS, journal.id), *metadata),
    )


def _check_related(journal: Journal, earlier: tuple[Journal, ...]) -> None:
    """Raise `ValueError` unless each of *earlier* changes *journal* or one before it."""
    related = {journal.id}
    for each in earlier:
        if each.reverses not in related and corrects(each) not in related:
            msg = f"journal {each.id!r} neither corrects nor reverses {journal.id!r}; leave it out"
            raise ValueError(msg)
        related.add(each.id)


def corrects(journal: Journal) -> str | None:
    """Return the id of the journal that *journal* corrects; None: it is no correction."""
    return dict(journal.metadata).get(_CORRECTS)


def belated(journal: Journal, *, period: Period, at: datetime) -> Journal:
    """Return *journal* as a late one: it takes effect *at*, and names the *period* it belongs to.

    Books that are closed stay as they are; `period_of` tells reports where it belongs. Raises
    `ValueError` when it names a period already. (spec: ledger 6)
    """
    metadata = (*journal.metadata, (_PERIOD, str(period)))
    return attrs.evolve(journal, effective_at=at, metadata=metadata)


def period_of(journal: Journal) -> Period | None:
    """Return the period that a late *journal* names; None: it belongs where it takes effect."""
    named = dict(journal.metadata).get(_PERIOD)
    return None if named is None else Period.parse(named)
