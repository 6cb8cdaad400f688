"""Payouts: what a supplier earned in a period, gathered from the ledger and paid as one amount.

A payout takes the supplier's posted entries that are in no payout yet; each entry belongs to one
at most, and late ones go to the next. (seed 000; spec: ledger 6, billing 6, 10)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Entry, EntryLine, Event, Journal, Wallet
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.lifecycle import Lifecycle
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.parties import Party
from ledgerkit.domain.periods import Period, local_date, plain_date
from ledgerkit.domain.sessions import undone

PREVIEW, PENDING, ON_HOLD, PAID, FAILED = "preview", "pending", "on_hold", "paid", "failed"
PAYOUT = Lifecycle(
    "payout",
    PREVIEW,
    {
        (PREVIEW, "generate"): PENDING,
        (PENDING, "hold"): ON_HOLD,
        (ON_HOLD, "release"): PENDING,
        (PENDING, "pay"): PAID,
        (PENDING, "fail"): FAILED,
        (FAILED, "retry"): PENDING,
    },
)


@attrs.frozen(kw_only=True)
class PayoutLine:
    """One ledger entry that a payout pays.

    Attributes:
        journal: The id of the journal.
        line: The entry's number in it.
        kind: The journal's kind, such as `session.charged` or `incentive.earned`.
        source: What it was earned with, such as the id of a session.
        item: What that was, in words that are not translated.
        detail: More of it, such as the student.
        on: Its local day.
        amount: What was earned; below zero where something was taken back.
    """

    journal: str
    line: int
    kind: str
    source: str
    item: str = ""
    detail: str = ""
    on: date
    amount: Money

    def __attrs_post_init__(self) -> None:
        plain_date("the day of a payout line", self.on)
        if type(self.amount) is not Money or type(self.line) is not int:
            msg = f"a payout line needs a number and Money (got {self.line!r}, {self.amount!r})"
            raise TypeError(msg)


@attrs.frozen(kw_only=True)
class Payout:
    """What a supplier is paid for a period.

    Attributes:
        id: Derived from supplier, currency and the number of payouts before.
        supplier: The id of the party paid.
        currency: The currency of every line.
        period: The period whose end gathered the entries.
        part: 0 for the first payout of the period, 1 and up for supplements.
        lines: The entries it pays.
        status: `preview`, `pending`, `on_hold`, `paid` or `failed`.
        reference: The bank's or gateway's reference, once it is paid.
        notes: What people noted about it, oldest first; who and when stand in its history.
    """

    id: str
    supplier: str
    currency: str
    period: Period
    part: int
    lines: tuple[PayoutLine, ...]
    status: str = PREVIEW
    reference: str | None = None
    notes: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        name_of("payout id", self.id)
        if type(self.period) is not Period:
            msg = f"payout {self.id!r} needs a Period (got {self.period!r})"
            raise TypeError(msg)
        if type(self.lines) is not tuple or not self.lines:
            msg = f"payout {self.id!r} needs a tuple of one line at least"
            raise ValueError(msg)
        if any(line.amount.currency != self.currency for line in self.lines):
            msg = f"payout {self.id!r} is in {self.currency}; a line of it is not"
            raise ValueError(msg)
        if self.total.minor <= 0:
            msg = f"payout {self.id!r} comes to {self.total}; only more than 0 is paid"
            raise ValueError(msg)
        if len({(line.journal, line.line) for line in self.lines}) < len(self.lines):
            msg = f"payout {self.id!r} pays an entry twice"
            raise ValueError(msg)
        if self.status not in PAYOUT.statuses or (self.status == PAID) != bool(self.reference):
            msg = f"payout {self.id!r} is {self.status!r} with the reference {self.reference!r}"
            raise ValueError(msg)

    @property
    def total(self) -> Money:
        """What is paid."""
        return sum_of((line.amount for line in self.lines), self.currency)


@attrs.frozen
class ReferenceNeeded(LedgerkitError):
    """A payout marked paid by hand needs the bank's reference. (spec: billing 10)"""

    payout: str
    code: ClassVar[str] = "reference_needed"

    def __str__(self) -> str:
        return f"payout {self.payout!r} needs the reference it was paid under"


@attrs.frozen
class PayoutChanged:
    """A payout after a verb, and the journal if money moved."""

    payout: Payout
    journal: Journal | None = None

    @property
    def effects(self) -> Effects:
        """What to store."""
        if self.journal is None:
            return Effects(records=(self.payout,))
        opens = tuple(Wallet(entry.wallet) for entry in self.journal.entries)
        return Effects(journals=(self.journal,), opens=opens, records=(self.payout,))


def gather(
    supplier: Party,
    entries: Iterable[EntryLine],
    *,
    claimed: Collection[tuple[str, int]],
    period: Period,
    labels: Mapping[str, tuple[str, str]],
) -> tuple[PayoutLine, ...]:
    """Return the lines that *supplier* is owed for *period*: entries in no payout yet.

    An entry counts when it took effect before the period's end, in the supplier's zone; what was
    taken back counts as soon as what it takes back does, so that nobody is paid more than is
    owed. Payments themselves are no earnings. *claimed* are the (journal, line) of earlier
    payouts, *labels* the (item, detail) of sessions, by id.
    """
    entries = tuple(entries)
    undone_on = _undone_on(entries, supplier.zone)
    lines = []
    for entry in entries:
        on = local_date(entry.effective_at, supplier.zone)
        counts_on = on if entry.event is None else undone_on.get(entry.event, on)
        if counts_on >= period.end or entry.kind.startswith("payout."):
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


def _undone_on(entries: Iterable[EntryLine], zone: str) -> Mapping[Event, date]:
    """Return the day of what each reversal takes back; long ago, if it is not among *entries*."""
    days = {e.event: date.min for e in entries if e.event and e.kind.endswith(".reversed")}
    if days:
        for entry in entries:
            if entry.event and (reversal := undone(entry.event)) in days:
                days[reversal] = local_date(entry.effective_at, zone)
    return days


def preview(
    supplier: str,
    lines: tuple[PayoutLine, ...],
    *,
    currency: str,
    period: Period,
    part: int = 0,
    earlier: int = 0,
) -> Payout:
    """Return the payout that would pay *lines*; generating stores it. (seed 000)

    *earlier* is how many payouts in *currency* the supplier has. It alone tells their ids apart:
    two runs at once, of whatever periods, would make the same next payout, and one is stale.
    """
    return Payout(
        id=derive("pay", supplier, currency, str(earlier)),
        supplier=supplier,
        currency=currency,
        period=period,
        part=part,
        lines=lines,
    )


def generate(payout: Payout) -> PayoutChanged:
    """Make the preview pending: its entries are claimed, its money is still the supplier's."""
    return _moved(payout, "generate")


def hold(payout: Payout, *, note: str) -> PayoutChanged:
    """Keep a pending payout back for review, with a *note* why."""
    return _moved(annotate(payout, note=note).payout, "hold")


def release(payout: Payout, *, note: str) -> PayoutChanged:
    """Let a held payout go on, with a *note* why."""
    return _moved(annotate(payout, note=note).payout, "release")


def fail(payout: Payout, *, note: str) -> PayoutChanged:
    """Record that paying failed, with a *note* of what was said."""
    return _moved(annotate(payout, note=note).payout, "fail")


def retry(payout: Payout, *, note: str) -> PayoutChanged:
    """Make a failed payout pending again, with a *note* why."""
    return _moved(annotate(payout, note=note).payout, "retry")


def annotate(payout: Payout, *, note: str) -> PayoutChanged:
    """Add a *note*; the status stays."""
    name_of("payout note", note)
    return PayoutChanged(attrs.evolve(payout, notes=(*payout.notes, note)))


def pay(payout: Payout, *, reference: str, at: datetime, cash: str = "cash:bank") -> PayoutChanged:
    """Record that a pending payout was paid under *reference*: supplier -x, cash +x.

    Raises:
        ReferenceNeeded: *reference* is empty.
        IllegalTransition: it is not pending.
    """
    if not reference.strip():
        raise ReferenceNeeded(payout.id)
    status = PAYOUT.after(payout.status, "pay")
    paid = attrs.evolve(payout, status=status, reference=name_of("payout reference", reference))
    journal = Journal(
        id=derive("jrn", "payout.paid", payout.id, on=payout.period.start),
        kind="payout.paid",
        entries=(
            Entry(f"supplier:{payout.supplier}", -payout.total),
            Entry(cash, payout.total),
        ),
        effective_at=at,
        event=Event("payout", payout.id),
        metadata=(("reference", reference),),
    )
    return PayoutChanged(paid, journal)


def _moved(payout: Payout, event: str) -> PayoutChanged:
    return PayoutChanged(attrs.evolve(payout, status=PAYOUT.after(payout.status, event)))
