"""Work in a run: what completions charged when they were done gets onto the customer's invoices.

What a completion is charged by now, corrections included, less what documents say of it, is what a
run documents: more is a line, less is given back of the lines that billed it. Nothing of it is
posted again. (seed 002; spec: billing 5a, 6, 9)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

import attrs

from ledgerkit.domain.adjustments import Adjustment
from ledgerkit.domain.billing_run.desk import Desk
from ledgerkit.domain.billing_run.facts import CustomerFacts
from ledgerkit.domain.billing_run.giving_back import absorbed_as, absorbing
from ledgerkit.domain.charges import PostedCharge
from ledgerkit.domain.completions import CUSTOMER, Completion
from ledgerkit.domain.credit_notes import EFFECTIVE
from ledgerkit.domain.invoices import DRAFT, VOID, Line
from ledgerkit.domain.ledger import Event
from ledgerkit.domain.money import Money
from ledgerkit.domain.pricing import Rated

_BILLED = "billed before"  # what a line goes on from, in the trace of a difference


@attrs.frozen
class Billed:
    """A line that bills work, and what is left of it, in minor units before discounts."""

    line: Line
    left: int

    @property
    def quantity(self) -> Fraction:
        """How many are left of it."""
        return self.of(self.left)

    def of(self, minor: int) -> Fraction:
        """Return how many of it come to so much."""
        whole = self.line.amount.minor
        return self.line.quantity * (Fraction(minor, whole) if whole else 1)


def charge_work(desk: Desk) -> None:
    """Put on the desk what completions before the end of the period come to and no document says.

    They wait for the invoice of the run; those that put something there are what it is based on.
    """
    if not desk.customer.completions:
        return
    billed = billed_work(desk.customer)
    applied = _applied(desk.customer.adjustments)
    for read in desk.customer.completions:
        done = read.record
        journal = _newest_journal(done, applied)
        if done.on >= desk.period.end or journal is None:
            continue
        charges = tuple(_charges(desk, done, journal, billed.get(done.id, ())))
        if charges:
            desk.charges += charges
            desk.worked.append(read)


def absorbed_events(customer: CustomerFacts) -> Mapping[Event, str]:
    """Return the facts that a correction gave back what *customer* had already, and their journals.

    Which of them are posted, the ledger says.
    """
    done = {read.record.id: read.record for read in customer.completions}
    found = {}
    for line in _lines(customer):
        for n in range(1, done[line.source].part + 1):
            name = done[line.source].type, line.source, _given_back(n, line)
            found[absorbed_as(*name)] = absorbing(*name, on=line.on)
    return found


def billed_work(customer: CustomerFacts) -> Mapping[str, Sequence[Billed]]:
    """Return what documents say of each completion of *customer*: its lines, the newest last.

    What other lines and notes gave back of one is not left of it, nor what was absorbed. A note
    that a person wrote takes nothing off: the work was done, and charged, all the same.
    """
    lines = tuple(_lines(customer))
    by_part = {(line.source, line.part): line.id for line in lines}
    left = Counter({line.id: line.amount.minor for line in lines})
    own = []
    for line in lines:
        origin = None if line.gives_back is None else by_part.get((line.source, line.gives_back))
        if origin is None:  # it charges, or what it gave back of is void
            own.append(line)
        else:
            left[origin] += line.amount.minor
    for note in customer.credit_notes:
        for back in note.lines if note.status in EFFECTIVE else ():
            if back.given is not None:
                left[back.line or ""] -= back.given.amount.minor
    for event, id in absorbed_events(customer).items():
        if id in customer.journals:
            _, part = event.part.split(":-", 1)
            of = by_part[event.id, part]
            left[of] -= customer.journals[id].entries[1].amount.minor
    found: dict[str, list[Billed]] = {}
    for line in own:
        found.setdefault(line.source, []).append(Billed(line, left[line.id]))
    return found


def _lines(customer: CustomerFacts) -> Iterator[Line]:
    """Yield each line that documents work, by the day and part of its invoice."""
    if not customer.completions:
        return
    journals = {
        *((read.record.id, read.record.journal) for read in customer.completions),
        *((each.completion, each.journal) for each in customer.adjustments),
    }
    invoices = (read.record for read in customer.invoices)
    for invoice in sorted(invoices, key=lambda i: (str(i.issued_on), i.part, i.id)):
        if invoice.status not in (DRAFT, VOID):
            for line in invoice.lines:
                if line.journal is not None and (line.source, line.journal) in journals:
                    yield line


def _applied(adjustments: Iterable[Adjustment]) -> Mapping[tuple[str, int], str]:
    """Return the journals of *adjustments* by completion and place in the row of it."""
    return {
        (each.completion, each.base + 1): each.journal
        for each in adjustments
        if each.journal is not None
    }


def _newest_journal(done: Completion, applied: Mapping[tuple[str, int], str]) -> str | None:
    """Return the journal that left *done* as it is; None: nothing was ever moved for it."""
    posted = (applied.get((done.id, n)) for n in range(done.part, 0, -1))
    return next((id for id in posted if id is not None), done.journal)


# ---- the difference --------------------------------------------------------------------------
def _charges(
    desk: Desk, done: Completion, journal: str, billed: Iterable[Billed]
) -> Iterator[PostedCharge]:
    """Yield what *done* is charged by now beyond what is *billed* of it, or gives back of that."""
    by_item: dict[str, list[Billed]] = {}
    for each in billed:
        by_item.setdefault(each.line.item, []).append(each)
    now = _by_item(done)
    names = desk.facts.supplier_names
    who = None if done.supplier is None else names.get(done.supplier, done.supplier)
    detail = " · ".join(text for text in (who, done.equipment) if text is not None)

    def charge(item: str, part: str, rated: Rated, gives_back: str | None = None) -> PostedCharge:
        return PostedCharge(
            source=done.id,
            part=part,
            item=item,
            detail=detail,
            kind=done.type,
            on=done.on,
            due_on=desk.period.end,
            rated=rated,
            gives_back=gives_back,
            journal=journal,
        )

    for item in dict.fromkeys((*now, *by_item)):
        before, rated = by_item.get(item, []), now.get(item)
        more = (0 if rated is None else rated.amount.minor) - sum(each.left for each in before)
        if rated is not None and (more > 0 or (not before and rated.quantity)):
            beyond = _beyond(rated, before) if before else rated
            yield charge(item, f"{done.part}:{item}", beyond)
        for each, part in _newest_first(before, -more):
            back = _back(each, Money(part, done.currency))
            yield charge(item, _given_back(done.part, each.line), back, each.line.part)


def _given_back(n: int, line: Line) -> str:
    """Return the part that the *n*th correction of work gives back of *line*."""
    return f"{n}:-{line.part}"


def _by_item(done: Completion) -> Mapping[str, Rated]:
    """Return what the customer is charged for each thing; what has one name is one thing."""
    found: dict[str, Rated] = {}
    for line in done.lines:
        if line.party == CUSTOMER:
            same = found.get(line.item)
            found[line.item] = line.rated if same is None else _sum(same, line.rated)
    return found


def _sum(one: Rated, other: Rated) -> Rated:
    return Rated(
        amount=one.amount + other.amount,
        unrounded=Fraction((one.amount + other.amount).minor),
        quantity=Fraction(1),
        trace=(*one.trace, *other.trace),
    )


def _beyond(now: Rated, before: Iterable[Billed]) -> Rated:
    """Return what *now* comes to beyond what was billed *before*: the sum is rounded, once."""
    billed = tuple(before)
    minor = sum(each.left for each in billed)
    return Rated(
        amount=now.amount - Money(minor, now.amount.currency),
        unrounded=now.unrounded - minor,
        quantity=now.quantity - sum((each.quantity for each in billed), Fraction(0)),
        unit_price=now.unit_price,
        trace=(("rule", "correction"), *now.trace, (_BILLED, str(minor))),
    )


def _newest_first(billed: Sequence[Billed], minor: int) -> Iterator[tuple[Billed, int]]:
    """Yield how *minor* is given back of lines, of the newest first; none below 1."""
    for each in reversed(billed):
        part = min(minor, each.left)
        if part > 0:
            yield each, part
            minor -= part


def _back(billed: Billed, amount: Money) -> Rated:
    """Return *amount* of a line as given back."""
    return Rated(
        amount=-amount,
        unrounded=Fraction(-amount.minor),
        quantity=-billed.of(amount.minor),
        unit_price=billed.line.unit_price,
        trace=(("rule", "correction"), (_BILLED, str(billed.left))),
    )
