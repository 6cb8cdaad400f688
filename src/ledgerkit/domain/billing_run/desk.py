"""Desk: where one customer's bill is put together; nothing of it outlives the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import ClassVar, TypeVar

import attrs

from ledgerkit.domain.billing_run.bookings import Bookings, bookings_of
from ledgerkit.domain.billing_run.facts import CustomerFacts, Facts, Policy
from ledgerkit.domain.catalog import CatalogKey
from ledgerkit.domain.changes import Effects, Record, Skipped, Versioned
from ledgerkit.domain.charges import Charge
from ledgerkit.domain.completions import Completion
from ledgerkit.domain.credit_notes import Credited, CreditNote
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.grants import Grant
from ledgerkit.domain.invoices import Invoice, Issued, Line
from ledgerkit.domain.ledger import Entry, Journal, Wallet, belated
from ledgerkit.domain.money import Rate
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.packages import Package
from ledgerkit.domain.payments import PENDING, Payment
from ledgerkit.domain.periods import Period, local_date
from ledgerkit.domain.sessions import Match, Session

R = TypeVar("R", bound=Record)


@attrs.frozen
class UnknownMatch(LedgerkitError):
    """A session of a match that is not among the facts."""

    session: str
    match: str
    code: ClassVar[str] = "unknown_match"

    def __str__(self) -> str:
        return f"session {self.session!r} is of match {self.match!r}, which nobody told of; add it"


@attrs.frozen
class SessionsRepeated(LedgerkitError):
    """Sessions that stand in the facts more than once."""

    sessions: tuple[str, ...]
    code: ClassVar[str] = "sessions_repeated"

    def __str__(self) -> str:
        return f"sessions are told more than once: {', '.join(self.sessions)}; tell each once"


@attrs.frozen
class JournalNotRead(LedgerkitError):
    """A journal has to be undone and is not among the facts."""

    journal: str
    code: ClassVar[str] = "journal_not_read"

    def __str__(self) -> str:
        return f"journal {self.journal!r} has to be undone and was not read; see journals_wanted"


@attrs.frozen(kw_only=True)
class Terms:
    """What sessions of one match have in common that are charged at one price.

    Attributes:
        item: What was taught, as it stands on the invoice.
        detail: To whom and by whom.
        legs: The legs of the journal of each; none if nobody pays or earns anything.
        rate: The price of one.
        trace: Which price it is.
    """

    item: str
    detail: str
    legs: tuple[Entry, ...]
    rate: Rate
    trace: tuple[tuple[str, str], ...]


@attrs.define
class Desk:
    """What is decided for one customer so far.

    Attributes:
        facts: All facts of the run.
        customer: Those of the customer.
        policy: How the business bills.
        period: The period that is billed.
        as_of: When the facts were read.
        packages: The customer's packages as they are by now, by id.
        grants: Its prepaid credit as it is by now, by id.
        matches: The customer's matches, by id.
        payments: Its payments as they are by now, by id.
        bookings: What was booked before the run.
        journals: What is posted.
        opens: The wallets it needs, by address.
        messages: What is told.
        alerts: The alert of each package that ran low, by its id.
        lines: What goes on the invoice of each currency.
        charges: What contracts and work charge and is on no invoice yet, in any currency.
        worked: The completions of which the run documents something.
        documents: The documents that are issued.
        done: What else is to be stored, except records.
        moved: New versions of contracts, of what was used and of invoices of earlier runs.
        left_out: What of the customer could not be billed, and why.
        terms: What sessions alike are charged, by match, what was taught, price and bonus.
    """

    facts: Facts
    customer: CustomerFacts
    policy: Policy
    period: Period
    as_of: datetime
    packages: dict[str, Package]
    grants: dict[str, Grant]
    payments: dict[str, Payment]
    matches: Mapping[str, Match]
    bookings: Bookings
    journals: list[Journal] = attrs.Factory(list)
    opens: dict[str, Wallet] = attrs.Factory(dict)
    messages: list[Message] = attrs.Factory(list)
    alerts: dict[str, Message] = attrs.Factory(dict)
    lines: dict[str, list[Line]] = attrs.Factory(dict)
    charges: list[Charge] = attrs.Factory(list)
    worked: list[Versioned[Completion]] = attrs.Factory(list)
    documents: list[Issued | Credited] = attrs.Factory(list)
    done: list[Effects] = attrs.Factory(list)
    moved: tuple[Record, ...] = ()
    left_out: list[Skipped] = attrs.Factory(list)
    terms: dict[tuple[str, CatalogKey, date, int], Terms] = attrs.Factory(dict)
    _days: dict[str, date] = attrs.Factory(dict)

    @property
    def invoices(self) -> tuple[Invoice, ...]:
        """The customer's invoices, those of this run as well."""
        return *(read.record for read in self.customer.invoices), *self.issued

    @property
    def issued(self) -> tuple[Invoice, ...]:
        """The invoices of this run."""
        return tuple(each.invoice for each in self.documents if isinstance(each, Issued))

    @property
    def credited(self) -> tuple[CreditNote, ...]:
        """The credit notes of this run."""
        return tuple(each.note for each in self.documents if isinstance(each, Credited))

    @property
    def notes(self) -> tuple[CreditNote, ...]:
        """The customer's credit notes, those of this run as well."""
        return *self.customer.credit_notes, *self.credited

    def notes_of(self, invoice: Invoice) -> tuple[CreditNote, ...]:
        """Return the credit notes of *invoice*, those of this run as well."""
        return tuple(note for note in self.notes if note.invoice == invoice.id)

    @property
    def zone(self) -> str:
        """The zone of the customer's contract."""
        return self.customer.party.zone

    @property
    def today(self) -> date:
        """The customer's local day."""
        return local_date(self.as_of, self.zone)

    @property
    def read(self) -> tuple[Versioned[Record], ...]:
        """Every record that decisions for the customer are based on, in one order."""
        customer, contracts = self.customer, self.customer.contracts
        return (
            *customer.packages,
            *customer.invoices,
            *contracts.subscriptions,
            *contracts.rate_plans,
            *contracts.enrolments,
            *contracts.snapshots,
            *customer.grants,
            *(v for v in customer.payments if self._may_pay(v.record)),
            *self.worked,
        )

    @property
    def effects(self) -> Effects:
        """What to store of all that was decided; of records only those that moved."""
        read = (*self.read, *self.customer.payments)
        before = {(type(v.record), v.record.id): v.record for v in read}
        now: tuple[Record, ...] = (
            *self.packages.values(),
            *self.grants.values(),
            *self.payments.values(),
            *self.moved,
        )
        effects = Effects(
            journals=tuple(self.journals),
            records=tuple(r for r in now if before.get((type(r), r.id)) != r),
            messages=tuple(self.messages),
        )
        effects = sum((d.effects for d in self.documents), start=effects)
        effects = sum(self.done, start=effects)
        opens = {wallet.id: wallet for wallet in effects.opens} | self.opens
        return attrs.evolve(effects, opens=tuple(opens[name] for name in sorted(opens)))

    def _may_pay(self, payment: Payment) -> bool:
        """Whether invoices may be paid by *payment*, or are by now."""
        moved = self.payments[payment.id] != payment
        return moved or payment.status == PENDING or payment.credit.minor > 0

    def day(self, session: Session) -> date:
        """Return the local day of *session*."""
        found = self._days.get(session.id)
        if found is None:
            found = self._days[session.id] = self.bookings.day(session, self.zone)
        return found

    def match_of(self, session: Session) -> Match:
        """Return the match of *session*; raises `UnknownMatch`."""
        try:
            return self.matches[session.match]
        except KeyError:
            raise UnknownMatch(session.id, session.match) from None

    def journal(self, id: str) -> Journal:
        """Return the posted journal *id*; raises `JournalNotRead`."""
        try:
            return self.customer.journals[id]
        except KeyError:
            raise JournalNotRead(id) from None

    def post(self, journal: Journal, *, on: date | None = None) -> None:
        """Post *journal*, of a fact of the local day *on*; None: of now.

        If the books are closed for its time it takes effect now and names the period it belongs
        to: that of its day, whichever period is billed. (spec: ledger 6)
        """
        closed = self.facts.closed_before
        if on is not None and closed is not None and journal.effective_at < closed:
            period = self.facts.cycle.containing(on)
            journal = belated(journal, period=period, at=self.as_of)
        for entry in journal.entries:
            if entry.wallet not in self.opens:
                self.opens[entry.wallet] = Wallet(entry.wallet)
        self.journals.append(journal)

    def keep(self, package: Package, effects: Effects, *, on: date | None = None) -> None:
        """Take in *effects*, of a fact of the day *on* or of now, and go on with *package*.

        Only its last version is stored.
        """
        self.packages[package.id] = package
        for wallet in effects.opens:
            self.opens.setdefault(wallet.id, wallet)
        for journal in effects.journals:
            self.post(journal, on=on)


def open_desk(
    facts: Facts, customer: CustomerFacts, *, policy: Policy, period: Period, as_of: datetime
) -> Desk:
    """Return an empty desk for *customer*; what it holds does not depend on the order of facts.

    Raises:
        SessionsRepeated: a session stands in the facts more than once.
    """
    ids = [session.id for session in customer.sessions]
    if len(set(ids)) < len(ids):
        raise SessionsRepeated(tuple(sorted({id for id in ids if ids.count(id) > 1})))
    customer = _in_order(customer)
    return Desk(
        facts,
        customer,
        policy,
        period,
        as_of,
        packages={read.record.id: read.record for read in customer.packages},
        grants={read.record.id: read.record for read in customer.grants},
        payments={read.record.id: read.record for read in customer.payments},
        matches={match.id: match for match in customer.matches},
        bookings=bookings_of(customer),
    )


def _in_order(customer: CustomerFacts) -> CustomerFacts:
    """Return what is known of *customer*, its records by id."""
    held = customer.contracts
    contracts = attrs.evolve(
        held,
        subscriptions=_by_id(held.subscriptions),
        rate_plans=_by_id(held.rate_plans),
        enrolments=_by_id(held.enrolments),
        snapshots=_by_id(held.snapshots),
    )
    return attrs.evolve(
        customer,
        packages=_by_id(customer.packages),
        invoices=_by_id(customer.invoices),
        credit_notes=tuple(sorted(customer.credit_notes, key=lambda note: note.id)),
        contracts=contracts,
        grants=_by_id(customer.grants),
        payments=_by_id(customer.payments),
        completions=_by_id(customer.completions),
    )


def _by_id(read: Iterable[Versioned[R]]) -> tuple[Versioned[R], ...]:
    return tuple(sorted(read, key=lambda each: each.record.id))
