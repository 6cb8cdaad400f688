"""Kind: which records are stored, under which name and version, and what they are found by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, ClassVar

import attrs

from ledgerkit.domain.adjustments import Adjustment
from ledgerkit.domain.alerts import Alert
from ledgerkit.domain.bank_payouts import BankPayout
from ledgerkit.domain.billing_run import BillingCycle
from ledgerkit.domain.catalog import Catalog
from ledgerkit.domain.changes import Record
from ledgerkit.domain.circuit_breakers import GatewayBreaker
from ledgerkit.domain.clawbacks import Clawback
from ledgerkit.domain.completions import Completion
from ledgerkit.domain.connected_accounts import ConnectedAccount
from ledgerkit.domain.credit_limits import CreditLimit, Floors, Override
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.discounts import Coupon
from ledgerkit.domain.disputes import Dispute
from ledgerkit.domain.document_links import DocumentLink
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.gateways import GatewayLink
from ledgerkit.domain.grants import Grant
from ledgerkit.domain.instructions import Instruction
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.late_joiners import Enrolment
from ledgerkit.domain.packages import Package
from ledgerkit.domain.parties import Party
from ledgerkit.domain.payment_methods import PaymentMethod
from ledgerkit.domain.payment_plans import PaymentPlan
from ledgerkit.domain.payments import Payment
from ledgerkit.domain.payouts import Payout, PayoutSetting
from ledgerkit.domain.pricing import PriceList
from ledgerkit.domain.rate_cards import RateCard
from ledgerkit.domain.rate_plans import RatePlan
from ledgerkit.domain.reconciliation import Reconciliation
from ledgerkit.domain.refunds import Refund
from ledgerkit.domain.rentals import Rental
from ledgerkit.domain.sessions import Match
from ledgerkit.domain.splits import Incentive
from ledgerkit.domain.subscriptions import Subscription
from ledgerkit.domain.tax import Tax
from ledgerkit.domain.transfers import Transfer
from ledgerkit.domain.usage import Snapshot
from ledgerkit.domain.webhooks import WebhookEvent
from ledgerkit.domain.write_offs import WriteOff


@attrs.frozen
class Index:
    """What a store can filter a record by.

    Attributes:
        party: The id of the party it is about, or None.
        status: Its status, or None.
        on: Its business date, or None.
        number: Its document number, or None.
    """

    party: str | None = None
    status: str | None = None
    on: date | None = None
    number: str | None = None


@attrs.frozen
class Kind:
    """How a kind of record is stored: its name, schema version and index."""

    name: str
    version: int
    index: Callable[[Any], Index] = attrs.field(default=lambda _: Index())


KINDS: Mapping[type[Record], Kind] = MappingProxyType(
    {
        Party: Kind("party", 1, lambda p: Index(party=p.id, status=p.role)),
        Catalog: Kind("catalog", 1),
        PriceList: Kind("price_list", 1),
        Match: Kind("match", 1, lambda m: Index(party=m.customer)),
        Incentive: Kind("incentive", 1, lambda i: Index(party=i.match, on=i.valid_from)),
        Enrolment: Kind("enrolment", 1, lambda e: Index(party=e.customer, on=e.enrolled_on)),
        Package: Kind(
            "package", 1, lambda p: Index(party=p.customer, status=p.status, on=p.purchased_on)
        ),
        Grant: Kind(
            "grant", 1, lambda g: Index(party=g.customer, status=g.status, on=g.granted_on)
        ),
        RatePlan: Kind("rate_plan", 1, lambda p: Index(party=p.customer, on=p.started_on)),
        Snapshot: Kind(
            "usage_snapshot",
            1,
            lambda s: Index(party=s.customer, status=s.status, on=s.period.start),
        ),
        Coupon: Kind("coupon", 1, lambda c: Index(on=c.valid_from)),
        Tax: Kind("tax", 1),
        Subscription: Kind(
            "subscription", 1, lambda s: Index(party=s.customer, status=s.status, on=s.started_on)
        ),
        Invoice: Kind("invoice", 1, lambda i: Index(i.customer, i.status, i.issued_on, i.number)),
        CreditNote: Kind(
            "credit_note", 1, lambda n: Index(n.customer, n.status, n.issued_on, n.number)
        ),
        Payment: Kind(
            "payment", 1, lambda p: Index(party=p.customer, status=p.status, on=p.received_on)
        ),
        Refund: Kind(
            "refund", 1, lambda r: Index(party=r.customer, status=r.status, on=r.asked_on)
        ),
        Dispute: Kind(
            "dispute", 1, lambda d: Index(party=d.customer, status=d.status, on=d.opened_on)
        ),
        PaymentPlan: Kind("payment_plan", 1, lambda p: Index(party=p.customer, status=p.status)),
        CreditLimit: Kind("credit_limit", 1, lambda c: Index(party=c.customer)),
        Floors: Kind("floors", 1, lambda f: Index(party=f.customer)),
        Override: Kind("override", 1, lambda o: Index(party=o.customer, status=o.status)),
        WriteOff: Kind("write_off", 1, lambda w: Index(party=w.customer, on=w.on)),
        Payout: Kind(
            "payout", 1, lambda p: Index(party=p.supplier, status=p.status, on=p.period.start)
        ),
        RateCard: Kind("rate_card", 1),
        Rental: Kind("rental", 1),
        Completion: Kind("completion", 1, lambda c: Index(party=c.customer, on=c.on)),
        Adjustment: Kind(
            "adjustment", 1, lambda a: Index(party=a.supplier, status=a.status, on=a.on)
        ),
        Reconciliation: Kind(
            "reconciliation", 1, lambda r: Index(party=r.gateway, status=r.status, on=r.on)
        ),
        Alert: Kind("alert", 1, lambda a: Index(party=a.subject, status=a.status)),
        PayoutSetting: Kind("payout_setting", 1, lambda s: Index(party=s.supplier)),
        Transfer: Kind("transfer", 1, lambda t: Index(party=t.supplier, status=t.status)),
        BankPayout: Kind("bank_payout", 1, lambda p: Index(party=p.supplier, status=p.status)),
        Clawback: Kind("clawback", 1, lambda c: Index(c.supplier, c.status, c.opened_on)),
        Instruction: Kind("instruction", 1, lambda i: Index(i.party, i.status, i.asked_on)),
        GatewayLink: Kind("gateway_link", 1, lambda g: Index(status=g.kind)),
        GatewayBreaker: Kind("gateway_breaker", 1, lambda b: Index(status=b.status)),
        DocumentLink: Kind("document_link", 1, lambda d: Index(party=d.party)),
        ConnectedAccount: Kind("connected_account", 1, lambda a: Index(party=a.supplier)),
        PaymentMethod: Kind("payment_method", 1, lambda m: Index(party=m.customer)),
        WebhookEvent: Kind("webhook_event", 1, lambda w: Index(party=w.gateway, status=w.status)),
        BillingCycle: Kind("billing_cycle", 1, lambda c: Index(status=c.status, on=c.period.start)),
    }
)
BY_NAME: Mapping[str, type[Record]] = MappingProxyType({k.name: c for c, k in KINDS.items()})

# (kind, version) -> how a document of that version becomes one of the next. Append only.
UPCASTS: Mapping[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = MappingProxyType({})


@attrs.frozen
class UnknownKind(LedgerkitError):
    """A record of a kind that has no schema."""

    kind: str
    code: ClassVar[str] = "unknown_kind"

    def __str__(self) -> str:
        return f"{self.kind} is no kind of record; known are {', '.join(sorted(BY_NAME))}"


def described(kind: type[Record]) -> Kind:
    """Return how records of *kind* are stored; raises `UnknownKind`."""
    try:
        return KINDS[kind]
    except KeyError:
        raise UnknownKind(kind.__name__) from None


def kind_of(kind: type[Record]) -> str:
    """Return the stored name of a kind of record; raises `UnknownKind`."""
    return described(kind).name


def index_of(record: Record) -> Index:
    """Return what *record* can be found by; raises `UnknownKind`."""
    return described(type(record)).index(record)
