"""Gathering: the entries of a payee that no payout pays yet, as one payout. (spec: ledger 6)"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date

from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import EntryLine, Event
from ledgerkit.domain.parties import SUPPLIER, Party, role_in_id
from ledgerkit.domain.payouts.records import Payout, PayoutLine
from ledgerkit.domain.periods import Period, local_date
from ledgerkit.domain.sessions import undone

# What corrects work, by an event of the work: it was taken back, refunded or adjusted.
_CORRECTIONS = (".reversed", "completion.adjusted")
# Payments of what a payout claims; those of a single completion offset its earning in the next one.
_PAYMENTS = "payout."
# What corrects an earlier payment counts in the next payout, whatever period that is of.
_AT_ONCE = ("clawback.", "transfer.")


def gather(
    payee: Party,
    entries: Iterable[EntryLine],
    *,
    claimed: Collection[tuple[str, int]],
    period: Period,
    labels: Mapping[str, tuple[str, str]],
) -> tuple[PayoutLine, ...]:
    """Return the lines that *payee* is owed for *period*: entries in no payout yet.

    An entry counts when it took effect before the period's end, in its zone; what was taken back,
    refunded or adjusted counts as soon as the work does, and clawbacks and reversals of transfers
    count at once, so that nobody is paid more than is owed. What pays a payout is no earning.
    *claimed* are the (journal, line) of earlier payouts, *labels* the (item, detail) of sessions,
    by id.
    """
    entries = tuple(entries)
    corrected_on = _corrected_on(entries, payee.zone)
    lines = []
    for entry in entries:
        on = local_date(entry.effective_at, payee.zone)
        counts_on = on if entry.event is None else corrected_on.get(entry.event, on)
        if entry.kind.startswith(_AT_ONCE):
            counts_on = min(on, period.start)
        if counts_on >= period.end or entry.kind.startswith(_PAYMENTS):
            continue
        if (entry.journal, entry.line) in claimed:
            continue
        source = entry.journal if entry.event is None else entry.event.id
        of_session = entry.event is not None and entry.event.type == "session"
        item, detail = labels.get(source, ("", "")) if of_session else ("", "")
        lines.append(
            PayoutLine(
                journal=entry.journal,
                line=entry.line,
                kind=entry.kind,
                source=source,
                item=item,
                detail=detail,
                on=on,
                amount=entry.amount,
            )
        )
    return tuple(sorted(lines, key=lambda li: (li.on, li.source, li.kind, li.journal, li.line)))


def _corrected_on(entries: Iterable[EntryLine], zone: str) -> Mapping[Event, date]:
    """Return the day of what each correction is about; long ago, if it is not among *entries*."""
    entries = tuple(entries)
    corrections = {e.event for e in entries if e.event and e.kind.endswith(_CORRECTIONS)}
    if not corrections:
        return {}
    booked = {entry.event: entry for entry in entries if entry.event}
    taken_back = {undone(event): entry for event, entry in booked.items()}
    days = {}
    for event in corrections:
        work = taken_back.get(event, booked.get(Event(event.type, event.id)))
        days[event] = date.min if work is None else local_date(work.effective_at, zone)
    return days


def preview(
    supplier: str,
    lines: tuple[PayoutLine, ...],
    *,
    currency: str,
    period: Period,
    part: int = 0,
    earlier: int = 0,
    role: str = SUPPLIER,
) -> Payout:
    """Return the payout that would pay *lines*; generating stores it. (seed 000)

    *earlier* is how many payouts in *currency* the payee has in that *role*. It alone
    tells their ids apart: two runs at once, of whatever periods, would make the same next payout,
    and one is stale.
    """
    return Payout(
        id=derive("pay", supplier, currency, str(earlier), *role_in_id(role)),
        supplier=supplier,
        role=role,
        currency=currency,
        period=period,
        part=part,
        lines=lines,
    )
