"""Wanted: what of the ledger a run looks at beside records, so that a host reads no more."""

from __future__ import annotations

from ledgerkit.domain.billing_run.bookings import charges, reversal_of, settled_lines
from ledgerkit.domain.billing_run.facts import CustomerFacts, Facts
from ledgerkit.domain.billing_run.incentives import incentive_events, incentive_journals
from ledgerkit.domain.ledger import Event
from ledgerkit.domain.periods import Period
from ledgerkit.domain.sessions import APPROVED


def journals_wanted(
    customer: CustomerFacts, facts: Facts | None = None, period: Period | None = None
) -> frozenset[str]:
    """Return the ids of journals that a run may undo: of billed sessions not approved any more.

    With *facts* also those of incentives per period, in periods that begin before the end of
    *period*, or in all.
    """
    gone = {session.id for session in customer.sessions if session.status != APPROVED}
    charged = {line.journal for _, line in charges(customer) if line.source in gone}
    earned = frozenset[str]()
    if facts is not None:
        earned = incentive_journals(facts, customer, None if period is None else period.end)
    return frozenset(id for id in charged if id is not None) | earned


def events_wanted(
    facts: Facts, customer: CustomerFacts, period: Period | None = None
) -> frozenset[Event]:
    """Return the events of which a run asks whether they are posted.

    They tell which charges were undone and which incentives per period are earned, in periods
    that begin before the end of *period*, or in all.
    """
    reversals = frozenset(reversal_of(line) for line in settled_lines(customer))
    return reversals | incentive_events(facts, customer, None if period is None else period.end)
