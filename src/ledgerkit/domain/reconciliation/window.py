"""Window: from when on a reconciliation looks, so that nothing falls between two of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import attrs

from ledgerkit.domain.ledger import EntryLine
from ledgerkit.domain.periods import instant, plain_date
from ledgerkit.domain.reconciliation.identity import Reconciliation

OVERLAP = timedelta(days=3)
"""How far each reconciliation looks back behind the one before: what a gateway made then may have
been told, or have ended, only since."""


@attrs.frozen
class Window:
    """What one reconciliation reads.

    Attributes:
        since: List what the gateway made from this instant on.
        unlisted_since: An entry that counts from here on and is not listed is an item; None for a
            first reconciliation, whose wallet may have been opened with anything.
        after: Read the statement of the wallet after the journal of this number, 0 for all of it.
    """

    since: datetime = attrs.field(converter=instant)
    unlisted_since: datetime | None = None
    after: int = 0


def window(
    earlier: Iterable[Reconciliation], *, at: datetime, overlap: timedelta = OVERLAP
) -> Window:
    """Return what to read at *at*, after the *earlier* reconciliations of a gateway.

    It reaches *overlap* behind the newest one, and further back to whatever was in flight then and
    not overdue, so that a payment that takes long is still listed when it ends; a first one reaches
    *overlap* behind *at*. What was made since is booked by journals recorded since, so the
    statement is read from the newest reconciliation that was over before. Pass those of all
    currencies.
    """
    done = sorted(earlier, key=lambda each: each.at)
    if not done:
        return Window(instant(at) - overlap)
    last = done[-1].at
    items = [item for each in done if each.at == last for item in each.items if not item.overdue]
    since = min([last - overlap, *(item.since for item in items)])
    return Window(since, last, max((each.sequence for each in done if each.at < since), default=0))


def recent_days(on: date) -> date:
    """Return the first of the days that `window` looks at in the ordinary case, before *on*."""
    plain_date("on", on)
    return on - timedelta(days=35)


def last_seen(entries: Iterable[EntryLine], *, at: datetime, after: int = 0) -> int:
    """Return the number of the last of *entries* recorded by *at*, *after* if there is none.

    A later reconciliation reads on from there, so what was recorded while this one read is not
    counted as seen.
    """
    return max((e.sequence for e in entries if e.recorded_at <= instant(at)), default=after)
