"""Completing: pricing what was done, and posting it once for everybody who takes part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.changes import Effects, Request, request
from ledgerkit.domain.completions.records import (
    CUSTOMER,
    OWNER,
    PARTIES,
    SUPPLIER,
    Completion,
    CompletionLine,
    Work,
    WorkQuantity,
    written,
)
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Journal, Wallet, belated
from ledgerkit.domain.money import CurrencyMismatch, Money
from ledgerkit.domain.periods import Period
from ledgerkit.domain.rate_cards import CHARGE, PAY, CardRate, RateCard
from ledgerkit.domain.rentals import Bundled, NoRental, Rental, RentalTerms, Rented
from ledgerkit.domain.transfers import Enqueued, enqueue


@attrs.frozen
class SupplierNeeded(LedgerkitError):
    """Work that is paid, and nobody who did it."""

    work: str
    item: str
    code: ClassVar[str] = "supplier_needed"

    def __str__(self) -> str:
        return f"work {self.work!r} has {self.item!r} and no supplier; name who did it"


@attrs.frozen
class NotCounted(LedgerkitError):
    """Equipment is rented by a kind of work whose quantity nobody told."""

    work: str
    equipment: str
    kind: str
    code: ClassVar[str] = "not_counted"

    def __str__(self) -> str:
        return (
            f"work {self.work!r} used {self.equipment!r}, which is rented by {self.kind!r}; "
            f"tell how much of it, 0 for none"
        )


@attrs.frozen
class Completed:
    """A completion, and the journal that posts it; None where it comes to nothing."""

    completion: Completion
    journal: Journal | None

    @property
    def margin(self) -> Money:
        """What the business keeps."""
        return self.completion.margin

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(
            journals=() if self.journal is None else (self.journal,),
            opens=wallets_of(self.completion),
            records=(self.completion,),
        )


def complete(
    work: Work, *, card: RateCard, rental: Rental | None = None, forced_by: str | None = None
) -> Completed:
    """Charge *work* at the rates of its local day: one journal for all parties, effective then.

    The customer is charged for each kind of work by *card* and for the equipment by *rental*;
    supplier and owner earn what these say, and the business the complement. Without a supplier, as
    in a solo flight, only the equipment is charged. *forced_by* names who allows the charge to
    pass below the floor of the customer's wallet: what was flown is owed.

    Raises:
        NoRate: *card* has no rate for a kind of work, to charge or to pay.
        NoRental: equipment was used, and *rental* has no terms for it.
        NotCounted: it is rented by a kind that is not among the quantities.
        SupplierNeeded: work is paid, and nobody is named who did it.
        CurrencyMismatch: *rental* is in another currency than *card*.
        ValueError: *rental* is of other equipment.

    >>> from datetime import UTC, date, datetime
    >>> from fractions import Fraction
    >>> from ledgerkit.domain.money import Rate
    >>> from ledgerkit.domain.rate_cards import RateKey
    >>> def rate(side, minor):
    ...     key = RateKey(side=side, kind="flight")
    ...     return CardRate(key, Rate(Fraction(minor), "USD"), date(2026, 1, 1))
    >>> card = RateCard("school", "USD", (rate(CHARGE, 10_000), rate(PAY, 6_000)))
    >>> flight = Work(
    ...     id="f-1", type="flight", customer="ana", supplier="tom", zone="UTC",
    ...     quantities=(WorkQuantity("flight", Fraction(1)),),
    ...     completed_at=datetime(2026, 10, 5, 12, tzinfo=UTC))
    >>> [(leg.wallet, leg.amount.minor) for leg in complete(flight, card=card).journal.entries]
    [('customer:ana', -10000), ('supplier:tom', 6000), ('platform', 4000)]
    """
    terms = _terms_of(work, rental)
    rates, lines = _priced(work, card, terms, on=work.completed_on)
    completion = Completion(
        **{field.name: getattr(work, field.name) for field in attrs.fields(Work)},
        card=card.id,
        currency=card.currency,
        on=work.completed_on,
        rates=rates,
        terms=terms,
        lines=lines,
    )
    if not completion.legs:
        return Completed(completion, None)
    journal = _journal(completion, forced_by)
    return Completed(attrs.evolve(completion, journal=journal.id), journal)


def belate(completed: Completed, *, period: Period, at: datetime) -> Completed:
    """Return *completed* for books that are closed: it counts *at*, and names its *period*.

    The rates stay those of its local day. (spec: ledger 6)
    """
    if completed.journal is None:
        return completed
    return attrs.evolve(completed, journal=belated(completed.journal, period=period, at=at))


def transfer(completed: Completed, *, account: str, gateway: str, at: datetime) -> Enqueued | None:
    """Decide to move what the supplier earned to *account* at *gateway*; None: nothing was.

    Stored in the commit that charges the work, so that neither is without the other. It is booked
    when the gateway did it. (seed 002: the transfer is enqueued with the three-way split)
    """
    done = completed.completion
    earned = done.total(SUPPLIER)
    if done.supplier is None or earned.minor == 0:
        return None
    return enqueue(
        earned, supplier=done.supplier, account=account, gateway=gateway, pays=done.id, at=at
    )


def rated_anew(
    completion: Completion, quantities: tuple[WorkQuantity, ...], *, card: RateCard
) -> Completion:
    """Return *completion* as if *quantities* had been done, at the rates that priced it.

    Only a kind of work that is new to it is looked up on *card*, for the same day: a correction of
    what was done is no change of price. Raises: as `complete` does, and `ValueError` for a *card*
    that is another one.
    """
    if card.id != completion.card:
        msg = f"completion {completion.id!r} is priced by {completion.card!r} (got {card.id!r})"
        raise ValueError(msg)
    meant = attrs.evolve(completion, quantities=quantities, rates=(), lines=())
    rates, lines = _priced(meant, card, completion.terms, on=completion.on, known=completion.rates)
    kept = (rate for rate in completion.rates if rate not in rates)
    return attrs.evolve(meant, rates=(*rates, *kept), lines=lines)


def request_of(work: Work, *, card: str) -> Request:
    """Return the request to complete *work* by the rate card *card*, as it is compared again."""
    return request(
        "work.complete",
        card=card,
        work=work.id,
        type=work.type,
        customer=work.customer,
        supplier=work.supplier,
        equipment=work.equipment,
        quantities=written(work.quantities),
        completed_at=work.completed_at.isoformat(),
        zone=work.zone,
    )


def wallets_of(completion: Completion) -> tuple[Wallet, ...]:
    """Return the wallets of all its parties, to be opened if they are not."""
    found = (completion.wallet(party) for party in PARTIES)
    return (*(Wallet(each) for each in found if each is not None), Wallet("platform"))


def _terms_of(work: Work, rental: Rental | None) -> RentalTerms | None:
    if work.equipment is None:
        return None
    if rental is None:
        raise NoRental(work.equipment, work.completed_on)
    if rental.id != work.equipment:
        msg = f"work {work.id!r} used {work.equipment!r} (got the rental of {rental.id!r})"
        raise ValueError(msg)
    return rental.terms_on(work.completed_on)


def _priced(
    work: Work,
    card: RateCard,
    terms: RentalTerms | None,
    *,
    on: date,
    known: Iterable[CardRate] = (),
) -> tuple[tuple[CardRate, ...], tuple[CompletionLine, ...]]:
    """Return the rates that hold for *work* and its lines: charges, then pay, then the owner's."""
    rented = Rented(charges=()) if terms is None else _rented(work, terms, card.currency)
    if work.supplier is None and rented.supplier:
        raise SupplierNeeded(work.id, rented.supplier[0][0])
    found = {(rate.key.side, rate.key.kind): rate for rate in known}
    rates = tuple(_rates(work, card, terms, on=on, known=found))
    done = work.done
    items = {
        CUSTOMER: [(r.key.kind, r.times(done[r.key.kind])) for r in rates if r.key.side == CHARGE],
        SUPPLIER: [(r.key.kind, r.times(done[r.key.kind])) for r in rates if r.key.side == PAY],
        OWNER: [*rented.owner],
    }
    items[CUSTOMER] += rented.charges
    items[SUPPLIER] += rented.supplier
    lines = (
        CompletionLine(party=party, item=item, rated=rated)
        for party, listed in items.items()
        for item, rated in listed
    )
    return rates, tuple(lines)


def _rented(work: Work, terms: RentalTerms, currency: str) -> Rented:
    quantity = work.done.get(terms.counts)
    equipment = work.equipment or ""
    if quantity is None:
        raise NotCounted(work.id, equipment, terms.counts)
    rent = terms.policy.rate
    if rent.currency != currency:
        raise CurrencyMismatch(Money.zero(currency), Money.zero(rent.currency))
    return terms.policy.rent(equipment, quantity)


def _rates(
    work: Work,
    card: RateCard,
    terms: RentalTerms | None,
    *,
    on: date,
    known: Mapping[tuple[str, str], CardRate],
) -> Iterator[CardRate]:
    """Yield what is charged and paid for each kind of *work*, if the equipment says no other."""
    bundle = terms.policy if terms is not None and isinstance(terms.policy, Bundled) else None
    included = () if bundle is None else bundle.includes
    paid = included if bundle is not None and bundle.pays_supplier else ()
    for kind in work.done:
        if work.supplier is None:
            if terms is None or kind not in {terms.counts, *included}:
                raise SupplierNeeded(work.id, kind)
            continue
        if kind not in included:
            yield known.get((CHARGE, kind)) or card.charge_on(
                kind, customer=work.customer, supplier=work.supplier, on=on
            )
        if kind not in paid:
            yield known.get((PAY, kind)) or card.pay_on(kind, supplier=work.supplier, on=on)


def _journal(completion: Completion, forced_by: str | None) -> Journal:
    event = completion.event
    return Journal(
        id=derive("jrn", "completion", event.type, event.id, on=completion.on),
        kind="completion.charged",
        entries=completion.legs,
        effective_at=completion.completed_at,
        event=event,
        forced_by=forced_by,
    )
