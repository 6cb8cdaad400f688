"""Shadow: a decision laid beside another one, or beside what the system in use came to.

Both may run for as long as it takes to trust the new one: a diff commits nothing. Lines are one
line where they charge the same (source, part, item and period), whatever ids and documents they
have. (spec: billing 12; seed 002: shadow mode)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TypeAlias

import attrs

from ledgerkit.domain.changes import Changes, Plan
from ledgerkit.domain.credit_notes import CreditLine, CreditNote
from ledgerkit.domain.invoices import Invoice, Line
from ledgerkit.domain.ledger.journals import name_of, text_of
from ledgerkit.domain.money import Money
from ledgerkit.domain.parties import CUSTOMER, PAYEES
from ledgerkit.domain.payouts import Payout, PayoutLine
from ledgerkit.domain.periods import Period

INVOICE, CREDIT_NOTE, PAYOUT = "invoice", "credit_note", "payout"
TAX = "tax"  # the item of what a document adds to its lines
MATCHES, DIFFERENCES, ONLY_IN_A, ONLY_IN_B = "matches", "differences", "only_in_a", "only_in_b"
_ROLES = (CUSTOMER, *PAYEES)

Decided: TypeAlias = Plan | Changes | Iterable[Changes]


@attrs.frozen(kw_only=True)
class LineKey:
    """What two sides have in common where they mean the same line; what is empty is summed over.

    Attributes:
        role: `customer`, who is charged, or `supplier`, who is paid.
        party: The id of the party, or empty in a total of all.
        currency: The currency.
        document: `invoice`, `credit_note` or `payout`.
        source: What it charges or pays, such as the id of a session.
        part: Which charge of the source; in a payout, the kind of journal that earned it.
        item: What it is; `tax` for what a document adds to its lines.
        period: The days the line is for, where its day does not say it all.
    """

    role: str
    party: str = ""
    currency: str
    document: str = ""
    source: str = ""
    part: str = ""
    item: str = ""
    period: Period | None = None


@attrs.frozen
class Compared:
    """One line, or a total of several, as both sides have it; None where a side has none."""

    key: LineKey
    a: Money | None
    b: Money | None

    @property
    def difference(self) -> Money:
        """What *a* has more than *b*; below zero where it has less."""
        zero = Money(0, self.key.currency)
        return (zero if self.a is None else self.a) - (zero if self.b is None else self.b)


@attrs.frozen(kw_only=True)
class Diff:
    """Two sides, line by line, each tuple in the order of keys: party, currency, line.

    What customers get back is below zero; suppliers stand after customers.

    Attributes:
        matches: Lines that both have, within the tolerance.
        differences: Lines that both have, with other amounts.
        only_in_a: Lines that *b* does not have.
        only_in_b: Lines that *a* does not have.
        parties: What every party comes to, in each currency.
        totals: What all customers, and all suppliers, come to in each currency.
    """

    matches: tuple[Compared, ...] = ()
    differences: tuple[Compared, ...] = ()
    only_in_a: tuple[Compared, ...] = ()
    only_in_b: tuple[Compared, ...] = ()
    parties: tuple[Compared, ...] = ()
    totals: tuple[Compared, ...] = ()

    @property
    def same(self) -> bool:
        """Whether every line is on both sides, within the tolerance."""
        return not (self.differences or self.only_in_a or self.only_in_b)

    @property
    def lines(self) -> tuple[Compared, ...]:
        """All lines, of both sides, in the order of keys."""
        return _sorted((*self.matches, *self.differing))

    @property
    def differing(self) -> tuple[Compared, ...]:
        """The lines that are not the same on both sides, in the order of keys."""
        return _sorted((*self.differences, *self.only_in_a, *self.only_in_b))

    @property
    def differing_parties(self) -> tuple[Compared, ...]:
        """The totals of the parties that have such a line, though their sum may be the same."""
        named = {_party_of(line.key) for line in self.differing}
        return tuple(total for total in self.parties if total.key in named)


@attrs.frozen(kw_only=True)
class LegacyAmount:
    """One amount of the system in use.

    Attributes:
        party: The id of the customer or supplier, as it is here.
        amount: What it is charged or paid; below zero for what it gets back.
        source: What for, such as the id of a session; empty for all that is not told apart.
        item: What that was, where a source has several; `tax` for tax.
        role: `customer`, or `supplier` for what is paid out.
    """

    party: str
    amount: Money
    source: str = ""
    item: str = ""
    role: str = CUSTOMER

    def __attrs_post_init__(self) -> None:
        name_of("party", self.party)
        text_of("source", self.source)
        text_of("item", self.item)
        if type(self.amount) is not Money:
            msg = f"the amount of {self.party!r} must be Money (got {self.amount!r})"
            raise TypeError(msg)
        if self.role not in _ROLES:
            msg = f"the role of {self.party!r} is {' or '.join(_ROLES)} (got {self.role!r})"
            raise ValueError(msg)


@attrs.frozen
class LegacyTotals:
    """What the system in use came to, told as finely as it can; amounts alike add up.

    A total per customer is enough. Where amounts name their source, lines are compared, and an
    amount without one stands for all of the party that is not named.
    """

    amounts: tuple[LegacyAmount, ...]

    def __attrs_post_init__(self) -> None:
        told = self.amounts
        if type(told) is not tuple or not all(type(one) is LegacyAmount for one in told):
            msg = f"legacy totals are a tuple of LegacyAmount (got {told!r})"
            raise TypeError(msg)


def diff(a: Decided, b: Decided | LegacyTotals, *, tolerance: Money | Iterable[Money] = ()) -> Diff:
    """Compare what *a* decides with what *b* decides, or with what the system in use came to.

    Of a decision count the invoices, credit notes and payouts that it makes; not those that it
    only changes, nor invoices brought in from elsewhere. A line that both sides have is the same
    within *tolerance*, one amount for each currency, by default zero; a line that one side does
    not have is never the same.

    Legacy totals are compared as finely as they are told, and suppliers only if they tell of one.
    Beside them an amount of 0 is no line, since some systems list what is free and others do not.

    Raises:
        TypeError: a side or the tolerance is something else.
        ValueError: a tolerance below zero, or two in one currency.
    """
    allowed = _allowed(tolerance)
    mine = _figures(a)
    if isinstance(b, LegacyTotals):
        theirs = _told(b)
        mine = _as_told(mine, theirs)
        theirs = {key: minor for key, minor in theirs.items() if minor or key in mine}
    else:
        theirs = _figures(b)
    found: dict[str, list[Compared]] = {}
    for line in _side_by_side(mine, theirs):
        found.setdefault(_verdict(line, allowed), []).append(line)
    return Diff(
        **{verdict: tuple(lines) for verdict, lines in found.items()},
        parties=_side_by_side(_summed(mine, _party_of), _summed(theirs, _party_of)),
        totals=_side_by_side(_summed(mine, _all_of), _summed(theirs, _all_of)),
    )


def _allowed(tolerance: Money | Iterable[Money]) -> Mapping[str, int]:
    amounts = (tolerance,) if isinstance(tolerance, Money) else tuple(tolerance)
    if any(type(amount) is not Money for amount in amounts):
        msg = f"a tolerance is Money, one amount for each currency (got {tolerance!r})"
        raise TypeError(msg)
    allowed = {amount.currency: amount.minor for amount in amounts}
    if len(allowed) < len(amounts) or any(minor < 0 for minor in allowed.values()):
        msg = f"a tolerance is zero or more, once for each currency (got {tolerance!r})"
        raise ValueError(msg)
    return allowed


def _verdict(line: Compared, allowed: Mapping[str, int]) -> str:
    """Return in which part of a diff *line* stands."""
    if line.b is None:
        return ONLY_IN_A
    if line.a is None:
        return ONLY_IN_B
    within = abs(line.difference.minor) <= allowed.get(line.key.currency, 0)
    return MATCHES if within else DIFFERENCES


# ---- one side --------------------------------------------------------------------------------
_Document: TypeAlias = Invoice | CreditNote | Payout
_Figures: TypeAlias = Mapping[LineKey, int]  # in minor units


def _figures(decided: Decided) -> _Figures:
    """Return the lines of the documents that were *decided*, those alike added up."""
    sums: dict[LineKey, int] = {}
    for document in _documents(_changes(decided)):
        for key, minor in _lines(document):
            sums[key] = sums.get(key, 0) + minor
    return sums


def _changes(decided: Decided) -> tuple[Changes, ...]:
    if isinstance(decided, Plan):
        return decided.changes
    many = (decided,) if isinstance(decided, Changes) else tuple(decided)
    if not all(isinstance(one, Changes) for one in many):
        msg = f"a decision is a Plan or Changes, one or several (got {decided!r})"
        raise TypeError(msg)
    return many


def _documents(decided: Iterable[Changes]) -> Iterable[_Document]:
    """Return the documents that begin in *decided*, each as its last version has it."""
    made: dict[tuple[type, str], _Document] = {}
    for changes in decided:
        expected, drawn = changes.expected, {draw.record for draw in changes.draws}
        for record in changes.records:
            if not isinstance(record, Invoice | CreditNote | Payout):
                continue
            named = type(record), record.id
            if named in made or (expected[named] == 0 and not _brought_in(record, drawn)):
                made[named] = record
    return made.values()


def _brought_in(document: _Document, drawn: Collection[str]) -> bool:
    """Return whether *document* was issued elsewhere: it has that number, and none is drawn."""
    if not isinstance(document, Invoice) or document.reference is None:
        return False
    return document.id not in drawn


def _lines(document: _Document) -> Iterator[tuple[LineKey, int]]:
    """Yield key and minor units of each line of *document*, and of what it adds to them: tax."""
    sign = -1 if isinstance(document, CreditNote) else 1
    whose = _whose(document)
    added = document.total.minor
    for line in document.lines:
        added -= line.amount.minor
        yield _key(whose, line), sign * line.amount.minor
    if added:
        yield attrs.evolve(whose, item=TAX), sign * added


def _whose(document: _Document) -> LineKey:
    currency = document.currency
    if isinstance(document, Payout):
        return LineKey(
            role=document.role, party=document.supplier, currency=currency, document=PAYOUT
        )
    kind = CREDIT_NOTE if isinstance(document, CreditNote) else INVOICE
    return LineKey(role=CUSTOMER, party=document.customer, currency=currency, document=kind)


def _key(whose: LineKey, line: Line | CreditLine | PayoutLine) -> LineKey:
    key = attrs.evolve(whose, source=line.source, item=line.item)
    if isinstance(line, Line):
        return attrs.evolve(key, part=line.part, period=line.period)
    return attrs.evolve(key, part=line.kind) if isinstance(line, PayoutLine) else key


def _told(legacy: LegacyTotals) -> _Figures:
    """Return the amounts of *legacy*, those alike added up."""
    sums: dict[LineKey, int] = {}
    for one in legacy.amounts:
        key = LineKey(
            role=one.role,
            party=one.party,
            currency=one.amount.currency,
            source=one.source,
            item=one.item,
        )
        sums[key] = sums.get(key, 0) + one.amount.minor
    return sums


# ---- both sides ------------------------------------------------------------------------------
def _as_told(figures: _Figures, told: _Figures) -> _Figures:
    """Return *figures* as coarsely as the other side has *told* its own, without what is free."""
    roles = {CUSTOMER, *(key.role for key in told)}
    asked = {key: minor for key, minor in figures.items() if key.role in roles}
    summed = _summed(asked, lambda key: _as_one_told(key, told))
    return {key: minor for key, minor in summed.items() if minor or key in told}


def _as_one_told(key: LineKey, told: _Figures) -> LineKey:
    """Return the closest key that was *told*: of source and item, of the source, of the party."""
    whose = _party_of(key)
    by_source = attrs.evolve(whose, source=key.source)
    by_item = attrs.evolve(by_source, item=key.item)
    return next((known for known in (by_item, by_source, whose) if known in told), by_item)


def _summed(figures: _Figures, into: Callable[[LineKey], LineKey]) -> _Figures:
    sums: dict[LineKey, int] = {}
    for key, minor in figures.items():
        total = into(key)
        sums[total] = sums.get(total, 0) + minor
    return sums


def _party_of(key: LineKey) -> LineKey:
    return LineKey(role=key.role, party=key.party, currency=key.currency)


def _all_of(key: LineKey) -> LineKey:
    return LineKey(role=key.role, currency=key.currency)


def _side_by_side(a: _Figures, b: _Figures) -> tuple[Compared, ...]:
    def amount(side: _Figures, key: LineKey) -> Money | None:
        return Money(side[key], key.currency) if key in side else None

    return _sorted(Compared(key, amount(a, key), amount(b, key)) for key in a.keys() | b.keys())


def _sorted(compared: Iterable[Compared]) -> tuple[Compared, ...]:
    return tuple(sorted(compared, key=lambda each: _order(each.key)))


def _order(key: LineKey) -> tuple[str, ...]:
    days = "" if key.period is None else str(key.period)
    document = (key.document, key.source, key.part, key.item, days)
    return (key.role, key.party, key.currency, *document)
