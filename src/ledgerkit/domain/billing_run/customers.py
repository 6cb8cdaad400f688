"""Customers of a billing run: what each owes for a period, as one `Changes`.

Approved sessions are covered by a package or charged, each by a journal of its own; then one
invoice per currency lists them all. What was billed and is not approved any more is given back.
(spec: billing 5, 6)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

import attrs

from ledgerkit.domain import credit_notes, invoices, packages
from ledgerkit.domain.billing_run.facts import CustomerFacts, Facts, Policy, period_event
from ledgerkit.domain.catalog import CatalogKey
from ledgerkit.domain.changes import Changes, Decision, Effects, expect, request
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import Invoice, Line
from ledgerkit.domain.ledger import Entry, Journal, Wallet
from ledgerkit.domain.money import Money, Rate, sum_of
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.packages import ACTIVE, AGGREGATE, EXPIRED, Package
from ledgerkit.domain.periods import Period, day_start, local_date
from ledgerkit.domain.sessions import APPROVED, Match, Session
from ledgerkit.domain.splits import PER_PERIOD, PER_SESSION, earned, split


@attrs.define
class _Desk:
    """Where one customer's bill is put together; nothing of it outlives the call."""

    facts: Facts
    customer: CustomerFacts
    policy: Policy
    period: Period
    as_of: datetime
    packages: dict[str, Package]
    matches: Mapping[str, Match]
    journals: list[Journal] = attrs.Factory(list)
    opens: list[Wallet] = attrs.Factory(list)
    messages: list[Message] = attrs.Factory(list)
    lines: dict[str, list[Line]] = attrs.Factory(dict)
    documents: list[Decision] = attrs.Factory(list)

    @property
    def zone(self) -> str:
        return self.customer.party.zone

    @property
    def today(self) -> date:
        return local_date(self.as_of, self.zone)

    def keep(self, package: Package, effects: Effects) -> None:
        """Take *effects* in, and go on with *package*; only its last version is stored."""
        self.packages[package.id] = package
        self.journals += effects.journals
        self.opens += effects.opens
        self.messages += effects.messages

    def counts_at(self, instant: datetime) -> tuple[datetime, tuple[tuple[str, str], ...]]:
        """Return when a fact of *instant* counts, and the period it names if that is closed.

        A late entry takes effect now and names the period it belongs to. (spec: ledger 6)
        """
        closed = self.facts.closed_before
        if closed is None or instant >= closed:
            return instant, ()
        return self.as_of, (("period", str(self.period)),)


def bill_customer(
    facts: Facts, customer: CustomerFacts, *, policy: Policy, period: Period, as_of: datetime
) -> Changes | None:
    """Return what *customer* is billed for *period* as known *as_of*, or None: nothing is new.

    Raises:
        NoPrice: a session has no price; nothing of the customer is billed then.
        LedgerkitError: another rule of a charge, package, invoice or credit note.
    """
    desk = _Desk(
        facts,
        customer,
        policy,
        period,
        as_of,
        {v.record.id: v.record for v in customer.packages},
        {match.id: match for match in customer.matches},
    )
    _give_back(desk)
    booked = _booked(desk)
    sessions = sorted(
        (s for s in customer.sessions if _in_scope(desk, s)), key=lambda s: (s.starts_at, s.id)
    )
    for session in sessions:
        if session.id not in booked.live:
            _charge(desk, session, booked.part(session.id))
    _list_redeemed(desk, sessions)
    _pay_period_incentives(desk, sessions)
    _expire(desk)
    _alert(desk)
    _invoice(desk)
    return _changes(desk)


def _in_scope(desk: _Desk, session: Session) -> bool:
    if session.status != APPROVED or session.approved_at is None:
        return False
    if session.starts_at > desk.as_of or session.approved_at > desk.as_of:
        return False
    on = session.day(desk.zone)
    if on >= desk.period.end:
        return False
    opened = desk.facts.opened_on
    return on >= opened or local_date(session.approved_at, desk.zone) >= opened


@attrs.frozen
class _Booked:
    """Which sessions are booked now, and how often each ever was."""

    live: frozenset[str]
    times: Mapping[str, int]

    def part(self, session: str) -> str:
        """Return the part of the next booking: none for the first, "2" and up after returns."""
        times = self.times.get(session, 0)
        return str(times + 1) if times else ""


def _charged_lines(customer: CustomerFacts) -> list[tuple[Invoice, Line]]:
    return [(i, li) for i in customer.invoices for li in i.lines if li.package is None]


def _booked(desk: _Desk) -> _Booked:
    given = credit_notes.credited(_notes(desk))
    times = Counter[str]()
    live = set()
    for _, line in _charged_lines(desk.customer):
        times[line.source] += 1
        if line.amount.minor == 0 or given.get(line.id, 0) < line.amount.minor:
            live.add(line.source)
    for package in desk.packages.values():
        for redemption in package.redemptions:
            times[redemption.session] += 1
            live.add(redemption.session)
        times.update(package.returned)
    return _Booked(frozenset(live), times)


def _notes(desk: _Desk) -> tuple[CreditNote, ...]:
    planned = [d.note for d in desk.documents if isinstance(d, credit_notes.Credited)]
    return (*desk.customer.credit_notes, *planned)


def _charge(desk: _Desk, session: Session, part: str) -> None:
    """Cover or charge one approved session, and put its line on the invoice."""
    match = desk.matches[session.match]
    key = session.key or match.key
    on = session.day(desk.zone)
    price = desk.facts.catalog.price_on(key, match.currency, on=on)
    bonus = sum_of(
        (i.amount for i in earned(desk.facts.incentives, match=match.id, per=PER_SESSION, on=on)),
        match.currency,
    )
    pay = price.pay if match.pay is None else match.pay
    counts_at, late = desk.counts_at(session.starts_at)
    package = _package_for(desk, key, on, match.currency)
    if package is not None:
        if package.status == EXPIRED:
            revived = packages.revive(package, at=desk.as_of)
            desk.keep(revived.package, revived.effects)
        redeemed = packages.redeem(
            desk.packages[package.id],
            session.id,
            key=key,
            on=on,
            supplier=match.supplier,
            pay=pay,
            bonus=bonus,
            at=counts_at,
            part=part,
            threshold=desk.policy.threshold,
            alerts=desk.policy.alerts,
            metadata=late,
        )
        desk.opens.append(Wallet(f"supplier:{match.supplier}"))
        desk.opens.append(Wallet("platform"))
        desk.keep(redeemed.package, redeemed.effects)
        return
    payer, payee = desk.customer.party.wallet, f"supplier:{match.supplier}"
    legs = split(payer, price.charge, (payee, pay), (payee, bonus))
    journal = None
    if legs:
        journal = Journal(
            id=derive("jrn", "session", session.id, part, on=on),
            kind="session.charged",
            entries=legs,
            effective_at=counts_at,
            event=attrs.evolve(session.event, part=part),
            metadata=late,
        )
        desk.journals.append(journal)
        desk.opens += [Wallet(payer), Wallet(payee), Wallet("platform")]
    charged = invoices.line(
        session.id,
        part=part,
        item=str(key),
        detail=_detail(desk, match),
        on=on,
        price=Rate.of(price.charge),
        journal=None if journal is None else journal.id,
        trace=(("rule", "per session"), ("price_valid_from", str(price.valid_from))),
    )
    desk.lines.setdefault(match.currency, []).append(charged)


def _detail(desk: _Desk, match: Match) -> str:
    names = {s.party.id: s.party.name for s in desk.facts.suppliers}
    return f"{match.student} · {names.get(match.supplier, match.supplier)}"


def _package_for(desk: _Desk, key: CatalogKey, on: date, currency: str) -> Package | None:
    for package in packages.draw_down(desk.packages.values()):
        left = package.remaining if package.status == ACTIVE else package.forfeited
        if left and package.price.currency == currency and package.pays_for(key, on):
            return package
    return None


def _list_redeemed(desk: _Desk, sessions: Sequence[Session]) -> None:
    """Put a line of 0.00 on the invoice for each session a package paid for. (spec: billing C-13)

    Those redeemed when they were approved are listed too, in the run that first meets them.
    """
    listed = {li.journal for i in desk.customer.invoices for li in i.lines}
    by_id = {session.id: session for session in sessions}
    for package in desk.packages.values():
        for used in package.redemptions:
            session = by_id.get(used.session)
            if session is None or used.journal in listed:
                continue
            match = desk.matches[session.match]
            line = Line(
                id=derive("lin", used.session, used.journal, on=used.on),
                source=used.session,
                item=str(session.key or match.key),
                detail=_detail(desk, match),
                on=used.on,
                unit_price=Rate.of(used.value).per,
                amount=Money(0, used.value.currency),
                package=package.id,
                journal=used.journal,
                trace=(
                    ("rule", "covered by package"),
                    ("package", package.id),
                    ("unit", f"{used.unit} of {package.units}"),
                    ("value", str(used.value.minor)),
                    ("left", str(package.remaining)),
                ),
            )
            desk.lines.setdefault(used.value.currency, []).append(line)


def _pay_period_incentives(desk: _Desk, sessions: Sequence[Session]) -> None:
    """Post each incentive per period that an approved session of its days has earned, once."""
    days: dict[str, list[date]] = {}
    for session in sessions:
        on = session.day(desk.zone)
        if desk.period.contains(on):
            days.setdefault(session.match, []).append(on)
    for incentive in desk.facts.incentives:
        event = period_event(incentive, desk.period)
        if incentive.per != PER_PERIOD or event in desk.customer.posted:
            continue
        held = [on for on in days.get(incentive.match, ()) if incentive.holds(on)]
        if not held:
            continue
        payee = f"supplier:{desk.matches[incentive.match].supplier}"
        counts_at, late = desk.counts_at(day_start(max(held), desk.zone))
        desk.journals.append(
            Journal(
                id=derive("jrn", "incentive", incentive.id, str(desk.period), on=max(held)),
                kind="incentive.earned",
                entries=(Entry(payee, incentive.amount), Entry("platform", -incentive.amount)),
                effective_at=counts_at,
                event=event,
                metadata=late,
            )
        )
        desk.opens += [Wallet(payee), Wallet("platform")]


def _expire(desk: _Desk) -> None:
    """Forfeit what is left of packages whose last day has passed. (spec: billing 5)"""
    for package in packages.draw_down(desk.packages.values()):
        ends = package.expires_on
        if ends is None or ends > min(desk.period.end, desk.today):
            continue
        if package.status == ACTIVE and package.remaining:
            counts_at, _ = desk.counts_at(day_start(ends, desk.zone))
            expired = packages.expire(package, on=desk.today, at=counts_at)
            desk.keep(expired.package, expired.effects)


def _alert(desk: _Desk) -> None:
    if desk.policy.alerts != AGGREGATE:
        return
    before = [v.record for v in desk.customer.packages if v.record.status == ACTIVE]
    after = [p for p in desk.packages.values() if p.status == ACTIVE]
    if not after or _is_low(desk, before) or not _is_low(desk, after):
        return
    used = sum(len(p.redemptions) + len(p.returned) for p in after)
    desk.messages.append(
        packages.low_message(
            desk.customer.party.id, after, desk.customer.party.id, "aggregate", str(used)
        )
    )


def _is_low(desk: _Desk, held: Sequence[Package]) -> bool:
    left, bought = sum(p.remaining for p in held), sum(p.units for p in held)
    return desk.policy.threshold.is_low(left, of=bought)


def _give_back(desk: _Desk) -> None:
    """Undo what was booked for sessions that are not approved any more. (spec: billing C-14)"""
    undone = {s.id for s in desk.customer.sessions if s.status != APPROVED}
    for package in tuple(desk.packages.values()):
        for used in package.redemptions:
            if used.session not in undone:
                continue
            if desk.packages[package.id].status == EXPIRED:
                revived = packages.revive(desk.packages[package.id], at=desk.as_of)
                desk.keep(revived.package, revived.effects)
            returned = packages.give_back(desk.packages[package.id], used.session, at=desk.as_of)
            desk.keep(returned.package, returned.effects)
    given = credit_notes.credited(desk.customer.credit_notes)
    for invoice in desk.customer.invoices:
        asked = {
            line.id: line.amount - Money(given.get(line.id, 0), invoice.currency)
            for line in invoice.lines
            if line.source in undone and line.package is None
        }
        asked = {id: amount for id, amount in asked.items() if amount.minor > 0}
        if asked:
            _credit(desk, invoice, asked)


def _credit(desk: _Desk, invoice: Invoice, asked: Mapping[str, Money]) -> None:
    note = credit_notes.draft(
        invoice,
        asked,
        earlier=[n for n in desk.customer.credit_notes if n.invoice == invoice.id],
        reason="session not approved any more",
    )
    undoes = {
        line.id: desk.customer.journals[line.journal]
        for line in invoice.lines
        # A line credited in part before was borne by the platform; so is its rest.
        if line.id in asked and asked[line.id] == line.amount
        if line.journal is not None and line.journal in desk.customer.journals
    }
    on = local_date(desk.as_of, desk.facts.business.zone)
    desk.documents.append(
        credit_notes.issue(
            note, on=on, at=desk.as_of, undoes=undoes, series=desk.policy.credit_notes
        )
    )


def _invoice(desk: _Desk) -> None:
    on = local_date(desk.as_of, desk.facts.business.zone)
    for currency in sorted(desk.lines):
        same = [
            i
            for i in desk.customer.invoices
            if (i.currency, i.cycle, i.period) == (currency, desk.facts.cycle.kind, desk.period)
        ]
        lines = sorted(desk.lines[currency], key=lambda li: (li.on, li.source, li.id))
        draft = Invoice(
            id=derive(
                "inv",
                desk.customer.party.id,
                currency,
                desk.facts.cycle.kind,
                str(desk.period),
                str(len(same)),
                on=desk.period.start,
            ),
            customer=desk.customer.party.id,
            currency=currency,
            lines=tuple(lines),
            part=len(same),
            supplements=min((i for i in same), key=lambda i: i.part).id if same else None,
            cycle=desk.facts.cycle.kind,
            period=desk.period,
        )
        due_on = on + timedelta(days=desk.policy.terms_days)
        desk.documents.append(
            invoices.issue(draft, on=on, due_on=due_on, at=desk.as_of, series=desk.policy.invoices)
        )


def _changes(desk: _Desk) -> Changes | None:
    read = {v.record.id: v for v in desk.customer.packages}
    moved = [p for p in desk.packages.values() if p != read[p.id].record]
    effects = sum((d.effects for d in desk.documents), start=Effects())
    journals = (*desk.journals, *effects.journals)
    if not journals and not effects.records:
        return None
    what = sorted([j.id for j in journals] + [r.id for r in effects.records])
    party = desk.customer.party
    return Changes(
        key=f"billing_run/{party.id}/{desk.period}/{derive('run', *what)}",
        request=request(
            "billing_run",
            customer=party.id,
            period_start=desk.period.start,
            period_end=desk.period.end,
        ),
        actor="billing run",
        reason=f"bill {desk.period} of {party.id}",
        at=desk.as_of,
        journals=journals,
        opens=tuple(dict.fromkeys((*desk.opens, *effects.opens))),
        records=(*moved, *effects.records),
        # Packages that were only looked at count as well: what covers a session depends on all.
        expects=tuple(expect(v) for v in desk.customer.packages),
        draws=effects.draws,
        messages=(*desk.messages, *effects.messages),
    )
