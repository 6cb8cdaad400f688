"""Takeover: the host's facts as records of these books, before a run looks at them.

Parties, prices, matches and incentives are stored as they are now, with a new version where they
changed; packages are sold or brought in once; what an existing business owes and is owed is
opened once. (spec: billing 5a)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from types import MappingProxyType

import attrs

from ledgerkit.domain import invoices, openings, packages
from ledgerkit.domain.billing_run.cycles import BillingCycle, cycle_id
from ledgerkit.domain.billing_run.facts import Policy
from ledgerkit.domain.catalog import Catalog
from ledgerkit.domain.changes import (
    Changes,
    Decision,
    Expect,
    Plan,
    Record,
    Skipped,
    Versioned,
    changes_of,
    request,
)
from ledgerkit.domain.discounts import Coupon
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import Invoice, Line
from ledgerkit.domain.ledger import Event, Journal, belated
from ledgerkit.domain.openings import OpeningBalance, OpenInvoice
from ledgerkit.domain.packages import Package
from ledgerkit.domain.parties import CUSTOMER, SUPPLIER, Party
from ledgerkit.domain.periods import CalendarCycle, Cycle, Period, day_start, local_date
from ledgerkit.domain.sessions import APPROVED, Match, Session
from ledgerkit.domain.splits import Incentive
from ledgerkit.domain.tax import Tax

ACTOR = "takeover"
# What a package is sold as; `used_before` is not in it, since hosts may go on counting there.
_SOLD_AS = (
    "customer",
    "covers",
    "units",
    "price",
    "purchased_on",
    "expires_on",
    "priority",
    "promotional",
)


@attrs.frozen(kw_only=True)
class Month:
    """What a host knows of a month: the facts that a run starts from.

    Attributes:
        business: The party that issues the documents; not among *parties*.
        parties: Customers, suppliers and owners of equipment.
        catalog: All prices.
        packages: Packages as they were bought; units used before these books are `used_before`.
        matches: Who learns what from whom.
        incentives: Extra pay of matches.
        sessions: Sessions of whatever month and status; billed ones may be among them.
        opening_balances: What parties had or owed beside their open invoices.
        open_invoices: Invoices of the business before, not fully paid.
        coupons: The coupons that customers may use, by customer, in the order they are tried.
        taxes: The taxes by kind of line of customers whose taxes are not those of the policy.
    """

    business: Party
    parties: tuple[Party, ...]
    catalog: Catalog
    packages: tuple[Package, ...] = ()
    matches: tuple[Match, ...] = ()
    incentives: tuple[Incentive, ...] = ()
    sessions: tuple[Session, ...] = ()
    opening_balances: tuple[OpeningBalance, ...] = ()
    open_invoices: tuple[OpenInvoice, ...] = ()
    coupons: Mapping[str, tuple[Coupon, ...]] = MappingProxyType({})
    taxes: Mapping[str, Mapping[str, Sequence[Tax]]] = MappingProxyType({})


@attrs.frozen(kw_only=True)
class _Asked:
    """What a takeover is asked for, beside the facts; it lives as long as the call."""

    month: Month
    policy: Policy
    at: datetime
    opened_on: date
    closed_before: datetime | None
    cycle: Cycle
    parties: Mapping[str, Party]

    def on_time(self, journal: Journal, on: date) -> Journal:
        """Return *journal*, of the local day *on*, as a late one if the books are closed for it."""
        if self.closed_before is None or journal.effective_at >= self.closed_before:
            return journal
        return belated(journal, period=self.cycle.containing(on), at=self.at)


def take_over(
    month: Month,
    known: Iterable[Versioned[Record]],
    *,
    opened_on: date,
    policy: Policy,
    at: datetime,
    booked: Iterable[str] = (),
    closed_before: datetime | None = None,
    cycle: Cycle | None = None,
) -> Plan:
    """Decide what of *month* is new to the books that hold *known* records.

    Packages bought on or after *opened_on* are sold, with an invoice of their own; earlier ones
    are brought in with what is left of them. *booked* are the ids of journals that opened balances
    before. What counts before *closed_before* takes effect now and names its period of *cycle*, by
    default its calendar month. (spec: ledger 6)

    A package that differs from the one in the books is skipped: what was sold stays sold. So is
    whom approved sessions name and nobody told of: they would not be billed or paid.
    """
    asked = _Asked(
        month=month,
        policy=policy,
        at=at,
        opened_on=opened_on,
        closed_before=closed_before,
        cycle=CalendarCycle() if cycle is None else cycle,
        parties={party.id: party for party in month.parties},
    )
    stored = {(type(v.record), v.record.id): v for v in known}
    changes = []
    facts: Sequence[Record] = (
        month.business,
        *month.parties,
        month.catalog,
        *month.matches,
        *month.incentives,
    )
    if moved := [r for r in facts if _moved(r, stored)]:
        changes.append(_store(moved, stored, at))
    today = local_date(at, month.business.zone)
    left_out = list(_strangers(month))
    for package in sorted(month.packages, key=lambda p: (p.purchased_on, p.id)):
        held = stored.get((Package, package.id))
        if held is None and package.purchased_on <= today:
            sold = package.purchased_on >= opened_on and not package.used_before
            changes.append(_sell(package, asked) if sold else _bring_in(package, asked))
        elif held is not None and (why := _differs(package, held.record)):
            left_out.append(Skipped(package.id, "package_differs", why))
    changes += _open_balances(asked, frozenset(booked))
    changes += _bring_in_invoices(asked, stored)
    return Plan(tuple(changes), tuple(left_out))


def opening_events(month: Month) -> frozenset[Event]:
    """Return the facts that the opening balances of *month* claim."""
    return frozenset(
        openings.opened_as(b.wallet, b.amount.currency) for b in month.opening_balances
    )


def begin(cycle: Cycle, period: Period, *, at: datetime) -> Changes:
    """Record that *period* is being billed, before anything of it is.

    The books begin with the first period that was ever begun: what is left of it when a run is
    killed is billed by a later one, and not taken for settled elsewhere.
    """
    begun = BillingCycle(id=cycle_id(cycle.kind, period), kind=cycle.kind, period=period)
    return Changes(
        key=f"billing_cycle/{begun.id}/begin",
        request=request("billing_cycle.begin", cycle=begun.id),
        actor="billing run",
        reason="begun",
        at=at,
        records=(begun,),
    )


def _moved(record: Record, stored: Mapping[tuple[type[Record], str], Versioned[Record]]) -> bool:
    held = stored.get((type(record), record.id))
    return held is None or held.record != record


def _store(
    records: Sequence[Record],
    stored: Mapping[tuple[type[Record], str], Versioned[Record]],
    at: datetime,
) -> Changes:
    expects = []
    for record in records:
        held = stored.get((type(record), record.id))
        version = 0 if held is None else held.version
        expects.append(Expect(type(record), record.id, version))
    versions = derive("rec", *(f"{e.kind.__name__}/{e.id}/{e.version}" for e in expects))
    return Changes(
        key=f"takeover/{versions}",
        # Who loses a race for these versions with other facts is told, and decides again.
        request=request("takeover.records", facts=derive("rec", *map(repr, records))),
        actor=ACTOR,
        reason="the host's facts changed",
        at=at,
        records=tuple(records),
        expects=tuple(expects),
    )


def _differs(package: Package, held: Record) -> str:
    for field in _SOLD_AS:
        there, here = _told(getattr(package, field)), _told(getattr(held, field))
        if there != here:
            return f"package {package.id!r} has {field} {there}, in the books {here}; kept as sold"
    return ""


def _told(value: object) -> str:
    return " | ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _strangers(month: Month) -> Iterator[Skipped]:
    """Yield matches and parties that approved sessions name and that are not in *month*."""
    sessions = Counter(s.match for s in month.sessions if s.status == APPROVED)
    parties = {(party.role, party.id) for party in month.parties}
    for match in month.matches:
        for role, id in ((CUSTOMER, match.customer), (SUPPLIER, match.supplier)):
            if (role, id) not in parties and match.id in sessions:
                why = f"match {match.id!r} names {role} {id!r}, who is not among the parties"
                yield Skipped(id, "unknown_party", f"{why}; add the {role}")
    for id in sorted(sessions.keys() - {match.id for match in month.matches}):
        why = f"{sessions[id]} approved session(s) are of match {id!r}, which nobody told of"
        yield Skipped(id, "unknown_match", f"{why}; add it")


def _opens_at(package: Package, asked: _Asked) -> datetime:
    starts = max(package.purchased_on, asked.opened_on)
    zone = asked.parties.get(package.customer, asked.month.business).zone
    return min(day_start(starts, zone), asked.at)


def _sell(package: Package, asked: _Asked) -> Changes:
    purchased = packages.purchase(package, at=_opens_at(package, asked))
    journal = asked.on_time(purchased.journal, package.purchased_on)
    on = local_date(asked.at, asked.month.business.zone)
    minutes = " / ".join(dict.fromkeys(str(key.minutes) for key in package.covers))
    line = Line(
        id=derive("lin", "package", package.id, on=package.purchased_on),
        source=package.id,
        item=" | ".join(str(key) for key in package.covers),
        detail=f"{package.units} \N{MULTIPLICATION SIGN} {minutes} min",
        on=package.purchased_on,
        unit_price=Fraction(package.price.minor),
        amount=package.price,
        journal=journal.id,
        trace=(("rule", "package"), ("units", str(package.units))),
    )
    draft = Invoice(
        id=derive("inv", "package", package.id, on=package.purchased_on),
        customer=package.customer,
        currency=package.price.currency,
        lines=(line,),
    )
    due_on = on + timedelta(days=asked.policy.terms_days)
    issued = invoices.issue(
        draft,
        on=on,
        due_on=due_on,
        at=asked.at,
        customer=asked.parties.get(package.customer),
        series=asked.policy.invoices,
    )
    sold = attrs.evolve(purchased, journal=journal)
    return _changes("package.sell", package.id, package.customer, asked.at, sold, issued)


def _bring_in(package: Package, asked: _Asked) -> Changes:
    brought = packages.bring_in(package, at=_opens_at(package, asked))
    journal = asked.on_time(brought.journal, max(package.purchased_on, asked.opened_on))
    late = attrs.evolve(brought, journal=journal)
    return _changes("package.bring_in", package.id, package.customer, asked.at, late)


def _open_balances(asked: _Asked, booked: frozenset[str]) -> Iterator[Changes]:
    zone = asked.month.business.zone
    for balance in asked.month.opening_balances:
        if balance.amount.minor == 0:
            continue
        at = min(day_start(balance.on, zone), asked.at)
        opened = openings.open_balance(balance.wallet, balance.amount, at=at)
        if opened.journal.id not in booked:
            subject = f"{balance.wallet}/{balance.amount.currency}"
            late = attrs.evolve(opened, journal=asked.on_time(opened.journal, balance.on))
            yield _changes("balance.open", subject, balance.party, asked.at, late)


def _bring_in_invoices(
    asked: _Asked, stored: Mapping[tuple[type[Record], str], Versioned[Record]]
) -> Iterator[Changes]:
    zone = asked.month.business.zone
    for invoice in asked.month.open_invoices:
        if invoice.open_amount.minor == 0:
            continue
        at = min(day_start(invoice.issued_on, zone), asked.at)
        brought = openings.bring_in_invoice(invoice, at=at)
        id = brought.invoice.id
        if (Invoice, id) not in stored:
            late = attrs.evolve(brought, journal=asked.on_time(brought.journal, invoice.issued_on))
            yield _changes("invoice.bring_in", id, invoice.customer, asked.at, late)


def _changes(verb: str, subject: str, party: str, at: datetime, *decisions: Decision) -> Changes:
    return changes_of(
        *decisions,
        key=f"takeover/{verb}/{subject}",
        request=request(verb, subject=subject, party=party),
        actor=ACTOR,
        reason=verb.replace(".", " "),
        at=at,
    )
