"""Customers of a billing run: what each owes for a period, as one `Changes`.

What was billed and is not approved any more is given back. Approved sessions are covered by a
package or charged, each by a journal of its own; then one invoice per currency lists them all,
with the work that was charged when it was done.
(spec: billing 5, 6)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import attrs

from ledgerkit.domain import invoices, packages
from ledgerkit.domain.billing_run.bookings import SESSION
from ledgerkit.domain.billing_run.contracts import charge_contracts
from ledgerkit.domain.billing_run.credit import (
    draw_credit,
    expire_credit,
    return_credit,
    tell_expiring_credit,
    tell_low_credit,
)
from ledgerkit.domain.billing_run.desk import Desk, Terms, open_desk
from ledgerkit.domain.billing_run.expiry import expire_packages, revive
from ledgerkit.domain.billing_run.facts import CustomerFacts, Facts, Policy
from ledgerkit.domain.billing_run.incentives import pay_period_incentives
from ledgerkit.domain.billing_run.invoicing import issue_invoices
from ledgerkit.domain.billing_run.returns import take_back
from ledgerkit.domain.billing_run.settling import settle_invoices, use_payments
from ledgerkit.domain.billing_run.work import charge_work
from ledgerkit.domain.catalog import CatalogKey
from ledgerkit.domain.changes import Changes, Skipped, changes_of, expect, request
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import Line
from ledgerkit.domain.ledger import Event, Journal
from ledgerkit.domain.money import Money, Rate, sum_of
from ledgerkit.domain.packages import ACTIVE, AGGREGATE, EXPIRED, Package, Redemption
from ledgerkit.domain.periods import Period, local_date
from ledgerkit.domain.sessions import APPROVED, Match, Session, booking_id
from ledgerkit.domain.splits import PER_SESSION, earned, split


@attrs.frozen
class CustomerBilled:
    """What one customer is billed, as one `Changes`, or None: nothing is new.

    Attributes:
        changes: What to store, or None.
        skipped: What could not be billed yet, such as usage that nobody measured.
    """

    changes: Changes | None
    skipped: tuple[Skipped, ...] = ()


def bill_customer(
    facts: Facts, customer: CustomerFacts, *, policy: Policy, period: Period, as_of: datetime
) -> CustomerBilled:
    """Return what *customer* is billed for *period* as known *as_of*.

    Contracts are billed for all that fell due by the end of the period, or by today before that.

    Raises:
        NoPrice: a session has no price; nothing of the customer is billed then.
        PriceListMissing: a rate plan names a price list that is not there.
        LedgerkitError: another rule of a charge, package, invoice or credit note.
    """
    desk = open_desk(facts, customer, policy=policy, period=period, as_of=as_of)
    take_back(desk)
    charge_contracts(desk)
    held = tuple(desk.packages.values())
    sessions = sorted(
        (s for s in customer.sessions if _in_scope(desk, s)), key=lambda s: (s.starts_at, s.id)
    )
    for session in sessions:
        if session.id not in desk.bookings.live:
            _book(desk, session)
    _list_redeemed(desk, sessions)
    pay_period_incentives(desk, sessions)
    expire_packages(desk)
    _alert(desk, held)
    charge_work(desk)
    issue_invoices(desk)
    return_credit(desk)
    draw_credit(desk)
    use_payments(desk)
    settle_invoices(desk)
    expire_credit(desk)
    tell_low_credit(desk)
    tell_expiring_credit(desk)
    return CustomerBilled(_changes(desk), tuple(desk.left_out))


def _in_scope(desk: Desk, session: Session) -> bool:
    if session.status != APPROVED or session.approved_at is None:
        return False
    if session.starts_at > desk.as_of or session.approved_at > desk.as_of:
        return False
    on = desk.day(session)
    if on >= desk.period.end:
        return False
    opened = desk.facts.opened_on
    return on >= opened or local_date(session.approved_at, desk.zone) >= opened


def _book(desk: Desk, session: Session) -> None:
    """Let a package cover one approved session, or charge it."""
    match = desk.match_of(session)
    key = session.key or match.key
    on = desk.day(session)
    offered = desk.facts.incentives_of(match.id)
    rates = earned(offered, match=match.id, per=PER_SESSION, on=on) if offered else ()
    bonus = sum_of([incentive.amount for incentive in rates], match.currency)
    package = _package_for(desk, key, on, match.currency)
    if package is None:
        _charge(desk, session, match, bonus)
        return
    pay = match.pay
    if pay is None:
        pay = desk.facts.catalog.price_on(key, match.currency, on=on).pay
    if package.status == EXPIRED:
        package = revive(desk, package)
    redeemed = packages.redeem(
        package,
        session.id,
        key=key,
        on=on,
        supplier=match.supplier,
        pay=pay,
        bonus=bonus,
        at=session.starts_at,
        part=desk.bookings.part(session.id),
        threshold=desk.policy.threshold,
        alerts=desk.policy.alerts,
    )
    desk.keep(redeemed.package, redeemed.effects, on=on)
    if redeemed.alert is not None:
        desk.alerts[package.id] = redeemed.alert


def _package_for(desk: Desk, key: CatalogKey, on: date, currency: str) -> Package | None:
    """Return the package that pays for a session, revived if need be, or None."""
    if not desk.packages:
        return None
    paying = (
        package
        for package in desk.packages.values()
        if package.remaining + package.forfeited
        and package.price.currency == currency
        and package.pays_for(key, on)
    )
    return next(iter(packages.draw_down(paying)), None)


def _charge(desk: Desk, session: Session, match: Match, bonus: Money) -> None:
    """Charge one session, and put its line on the invoice."""
    on, part = desk.day(session), desk.bookings.part(session.id)
    terms = _terms(desk, match, session.key or match.key, on, bonus)
    journal = None
    if terms.legs:
        journal = Journal(
            id=booking_id(session.id, part, on),
            kind="session.charged",
            entries=terms.legs,
            effective_at=session.starts_at,
            event=Event("session", session.id, part),
        )
        desk.post(journal, on=on)
    charged = invoices.line(
        session.id,
        part=part,
        item=terms.item,
        detail=terms.detail,
        on=on,
        kind=SESSION,
        price=terms.rate,
        journal=None if journal is None else journal.id,
        trace=terms.trace,
    )
    desk.lines.setdefault(match.currency, []).append(charged)


def _terms(desk: Desk, match: Match, key: CatalogKey, on: date, bonus: Money) -> Terms:
    """Return what sessions of *match* are charged on the day *on*, worked out once for all alike.

    Raises:
        NoPrice: the catalog has none.
    """
    price = desk.facts.catalog.price_on(key, match.currency, on=on)
    alike = match.id, key, price.valid_from, bonus.minor
    found = desk.terms.get(alike)
    if found is None:
        payee = f"supplier:{match.supplier}"
        pay = price.pay if match.pay is None else match.pay
        found = desk.terms[alike] = Terms(
            item=str(key),
            detail=_detail(desk, match),
            legs=split(desk.customer.party.wallet, price.charge, (payee, pay), (payee, bonus)),
            rate=Rate.of(price.charge),
            trace=(("rule", "per session"), ("price_valid_from", str(price.valid_from))),
        )
    return found


def _detail(desk: Desk, match: Match) -> str:
    return f"{match.student} · {desk.facts.supplier_names.get(match.supplier, match.supplier)}"


def _list_redeemed(desk: Desk, sessions: Sequence[Session]) -> None:
    """Put a line of 0.00 on the invoice for each session a package paid for. (spec: billing C-13)

    Those redeemed when they were approved are listed too, in the run that first meets them.
    """
    listed = {li.journal for v in desk.customer.invoices for li in v.record.lines}
    by_id = {session.id: session for session in sessions}
    for package in desk.packages.values():
        for used in package.redemptions:
            session = by_id.get(used.session)
            if session is not None and used.journal not in listed:
                line = _covered_line(desk, package, used, session)
                desk.lines.setdefault(used.value.currency, []).append(line)


def _covered_line(desk: Desk, package: Package, used: Redemption, session: Session) -> Line:
    match = desk.match_of(session)
    return Line(
        id=derive("lin", used.session, used.journal, on=used.on),
        source=used.session,
        part=used.part,
        item=str(session.key or match.key),
        detail=_detail(desk, match),
        on=used.on,
        kind=SESSION,
        unit_price=Rate.of(used.value).per,
        amount=Money(0, used.value.currency),
        package=package.id,
        journal=used.journal,
        trace=(
            ("rule", "covered by package"),
            ("package", package.id),
            ("unit", f"{used.unit} of {package.units}"),
            ("value", str(used.value.minor)),
            ("left", str(package.remaining)),  # as this run leaves it
        ),
    )


def _alert(desk: Desk, held: Sequence[Package]) -> None:
    """Tell of packages that ran low, unless they expired. (spec: billing 5)

    *held* are the packages after what was taken back, and before anything was used.
    """
    if desk.policy.alerts == AGGREGATE:
        after = tuple(desk.packages.values())
        party, threshold = desk.customer.party.id, desk.policy.threshold
        alert = packages.pool_alert(party, held, after, threshold=threshold)
        desk.messages += () if alert is None else (alert,)
    for id, message in sorted(desk.alerts.items()):
        if desk.packages[id].status == ACTIVE:
            desk.messages.append(message)


def _changes(desk: Desk) -> Changes | None:
    effects = desk.effects
    if not effects.journals and not effects.records:
        return None
    what = sorted([j.id for j in effects.journals] + [r.id for r in effects.records])
    # Versions tell one move of contracts from the next, where nothing else is stored.
    moved = [f"{v.record.id}/{v.version}" for v in desk.read if v.record.id in what]
    party = desk.customer.party
    return changes_of(
        desk,
        key=f"billing_run/{party.id}/{desk.period}/{derive('run', *what, *moved)}",
        request=request(
            "billing_run",
            customer=party.id,
            period_start=desk.period.start,
            period_end=desk.period.end,
        ),
        actor="billing run",
        reason=f"bill {desk.period} of {party.id}",
        at=desk.as_of,
        # What was only looked at counts as well: what covers a session depends on all packages.
        expects=tuple(expect(v) for v in desk.read),
    )
