"""Takeover: the host's facts as records of these books, before a run looks at them.

Parties, prices, matches and incentives are stored as they are now, with a new version where they
changed; packages are sold or brought in once; what an existing business owes and is owed is
opened once. (spec: billing 5a)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction

import attrs

from ledgerkit.domain import invoices, openings, packages
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
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import Invoice, Line
from ledgerkit.domain.ledger import Event
from ledgerkit.domain.openings import OpeningBalance, OpenInvoice
from ledgerkit.domain.packages import Package
from ledgerkit.domain.parties import Party
from ledgerkit.domain.periods import day_start, local_date
from ledgerkit.domain.sessions import Match, Session
from ledgerkit.domain.splits import Incentive

ACTOR = "takeover"


@attrs.frozen(kw_only=True)
class Month:
    """What a host knows of a month: the facts that a run starts from.

    Attributes:
        business: The party that issues the documents; not among *parties*.
        parties: Customers and suppliers.
        catalog: All prices.
        packages: Packages as they were bought; units used before these books are `used_before`.
        matches: Who learns what from whom.
        incentives: Extra pay of matches.
        sessions: Sessions of whatever month and status; billed ones may be among them.
        opening_balances: What parties had or owed beside their open invoices.
        open_invoices: Invoices of the business before, not fully paid.
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


def take_over(
    month: Month,
    known: Iterable[Versioned[Record]],
    *,
    opened_on: date,
    policy: Policy,
    at: datetime,
    booked: Iterable[str] = (),
) -> Plan:
    """Decide what of *month* is new to the books that hold *known* records.

    Packages bought on or after *opened_on* are sold, with an invoice of their own; earlier ones
    are brought in with what is left of them. *booked* are the ids of journals that opened balances
    before. A package that differs from the one in the books is skipped: what was sold stays sold.
    """
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
    zones = {party.id: party.zone for party in month.parties}
    today = local_date(at, month.business.zone)
    left_out = []
    for package in sorted(month.packages, key=lambda p: (p.purchased_on, p.id)):
        held = stored.get((Package, package.id))
        if held is None and package.purchased_on <= today:
            starts = max(package.purchased_on, opened_on)
            zone = zones.get(package.customer, month.business.zone)
            opens_at = min(day_start(starts, zone), at)
            sold = package.purchased_on >= opened_on and not package.used_before
            decide = _sell if sold else _bring_in
            changes.append(decide(package, month, policy, opens_at, at))
        elif held is not None and (why := _differs(package, held.record)):
            left_out.append(Skipped(package.id, "package_differs", why))
    changes += _openings(month, stored, frozenset(booked), at)
    return Plan(tuple(changes), tuple(left_out))


def opening_events(month: Month) -> frozenset[Event]:
    """Return the facts that the opening balances of *month* claim."""
    return frozenset(Event("opening", b.wallet, b.amount.currency) for b in month.opening_balances)


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
    what = [f"{e.kind.__name__}/{e.id}/{e.version}" for e in expects]
    return Changes(
        key=f"takeover/{derive('rec', *what)}",
        request=request("takeover.records", records=derive("rec", *what)),
        actor=ACTOR,
        reason="the host's facts changed",
        at=at,
        records=tuple(records),
        expects=tuple(expects),
    )


def _differs(package: Package, held: Record) -> str:
    if not isinstance(held, Package):
        return ""
    for field in ("customer", "covers", "units", "price", "purchased_on", "expires_on"):
        there, here = getattr(package, field), getattr(held, field)
        if there != here:
            return f"package {package.id!r} has {field} {there}, in the books {here}; kept as sold"
    return ""


def _sell(
    package: Package, month: Month, policy: Policy, opens_at: datetime, at: datetime
) -> Changes:
    purchased = packages.purchase(package, at=opens_at)
    on = local_date(at, month.business.zone)
    line = Line(
        id=derive("lin", "package", package.id, on=package.purchased_on),
        source=package.id,
        item=" | ".join(str(key) for key in package.covers),
        detail=f"{package.units} × {package.covers[0].minutes} min",
        on=package.purchased_on,
        unit_price=Fraction(package.price.minor),
        amount=package.price,
        journal=purchased.journal.id,
        trace=(("rule", "package"), ("units", str(package.units))),
    )
    draft = Invoice(
        id=derive("inv", "package", package.id, on=package.purchased_on),
        customer=package.customer,
        currency=package.price.currency,
        lines=(line,),
    )
    due_on = on + timedelta(days=policy.terms_days)
    issued = invoices.issue(draft, on=on, due_on=due_on, at=at, series=policy.invoices)
    return _changes("package.sell", package.id, package.customer, at, purchased, issued)


def _bring_in(
    package: Package, month: Month, policy: Policy, opens_at: datetime, at: datetime
) -> Changes:
    brought = packages.bring_in(package, at=opens_at)
    return _changes("package.bring_in", package.id, package.customer, at, brought)


def _openings(
    month: Month,
    stored: Mapping[tuple[type[Record], str], Versioned[Record]],
    booked: frozenset[str],
    at: datetime,
) -> list[Changes]:
    changes = []
    zone = month.business.zone
    for balance in month.opening_balances:
        opened = openings.open_balance(
            balance.wallet, balance.amount, at=min(day_start(balance.on, zone), at)
        )
        if opened.journal.id not in booked:
            subject = f"{balance.wallet}/{balance.amount.currency}"
            changes.append(_changes("balance.open", subject, balance.party, at, opened))
    for invoice in month.open_invoices:
        brought = openings.bring_in_invoice(invoice, at=min(day_start(invoice.issued_on, zone), at))
        id = brought.invoice.id
        if (Invoice, id) not in stored:
            changes.append(_changes("invoice.bring_in", id, invoice.customer, at, brought))
    return changes


def _changes(verb: str, subject: str, party: str, at: datetime, *decisions: Decision) -> Changes:
    return changes_of(
        *decisions,
        key=f"takeover/{verb}/{subject}",
        request=request(verb, subject=subject, party=party),
        actor=ACTOR,
        reason=verb.replace(".", " "),
        at=at,
    )
