"""Schema: records as JSON and back, strictly, with a version on every document.

A stored document is an envelope `{"schema": "invoice/1", "data": {...}}`. Reading refuses what it
does not know (unknown fields, 1.9 for 1, "12" for 12) and lifts older versions one step at a time.
Whole numbers are text, since JSON readers elsewhere lose digits above 2**53. (spec: ledger 1)
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from fractions import Fraction
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar, cast

import attrs
from cattrs import Converter, transform_error
from cattrs.cols import homogenous_tuple_structure_factory
from cattrs.errors import BaseValidationError
from cattrs.gen import make_dict_unstructure_fn, override
from cattrs.v import format_exception

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
from ledgerkit.domain.credit_limits import CreditLimit, Override
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.discounts import Coupon
from ledgerkit.domain.disputes import Dispute
from ledgerkit.domain.document_links import DocumentLink
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.gateways import ORDERS, GatewayLink, Order
from ledgerkit.domain.grants import Grant
from ledgerkit.domain.instructions import Instruction
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.late_joiners import Enrolment
from ledgerkit.domain.ledger import Journal, Wallet
from ledgerkit.domain.packages import Package
from ledgerkit.domain.parties import Party
from ledgerkit.domain.payment_methods import PaymentMethod
from ledgerkit.domain.payment_plans import PaymentPlan
from ledgerkit.domain.payments import Payment
from ledgerkit.domain.payouts import Payout, PayoutSetting
from ledgerkit.domain.periods import (
    AnniversaryCycle,
    CalendarCycle,
    Cycle,
    FixedDaysCycle,
    instant,
)
from ledgerkit.domain.pricing import MODELS, Model, PriceList
from ledgerkit.domain.rate_cards import RateCard
from ledgerkit.domain.rate_plans import RatePlan
from ledgerkit.domain.reconciliation import Reconciliation
from ledgerkit.domain.refunds import Refund
from ledgerkit.domain.rentals import POLICIES, Rental, RentalPolicy
from ledgerkit.domain.sessions import Match
from ledgerkit.domain.splits import Incentive
from ledgerkit.domain.subscriptions import Subscription
from ledgerkit.domain.tax import Tax
from ledgerkit.domain.transfers import Transfer
from ledgerkit.domain.usage import Snapshot
from ledgerkit.domain.webhooks import WebhookEvent
from ledgerkit.domain.write_offs import WriteOff

R = TypeVar("R", bound=Record)
T = TypeVar("T")


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


@attrs.frozen
class BadDocument(LedgerkitError):
    """A stored document that cannot be read."""

    kind: str
    problems: tuple[str, ...]
    code: ClassVar[str] = "bad_document"

    def __str__(self) -> str:
        return f"this is no {self.kind} document: {'; '.join(self.problems)}"


def _of(kind: type[Record]) -> Kind:
    try:
        return KINDS[kind]
    except KeyError:
        raise UnknownKind(kind.__name__) from None


def kind_of(kind: type[Record]) -> str:
    """Return the stored name of a kind of record; raises `UnknownKind`."""
    return _of(kind).name


def index_of(record: Record) -> Index:
    """Return what *record* can be found by; raises `UnknownKind`."""
    return _of(type(record)).index(record)


Hook = Callable[[Any, Any], Any]

_RATIO = re.compile(r"-?(0|[1-9][0-9]*)(/[1-9][0-9]*)?")
_SCHEMA = re.compile(r"([a-z_]+)/([1-9][0-9]{0,5})")


def _exactly(kind: type[T], value: object) -> T:
    if type(value) is not kind:
        msg = f"expected {kind.__name__}, got {value!r}"
        raise TypeError(msg)
    return value


def _text_of(value: object, _: Any) -> str:
    text = _exactly(str, value)
    if not text.isascii():
        text.encode()  # half of a surrogate pair cannot be stored
    return text


def _whole(value: object, _: Any) -> int:
    if type(value) is not str or str(int(value)) != value:
        msg = f"expected a whole number as text, got {value!r}"
        raise TypeError(msg)
    return int(value)


def _moment(value: object, _: Any) -> datetime:
    moment = instant(datetime.fromisoformat(_exactly(str, value)))
    if moment.isoformat() != value:
        msg = f"expected an instant in UTC like 2026-10-01T12:00:00+00:00, got {value!r}"
        raise ValueError(msg)
    return moment


def _day(value: object, _: Any) -> date:
    day = date.fromisoformat(_exactly(str, value))
    if day.isoformat() != value:
        msg = f"expected a date like 2026-10-01, got {value!r}"
        raise ValueError(msg)
    return day


def _ratio(value: object, _: Any) -> Fraction:
    text = _exactly(str, value)
    # The pattern first: Fraction("1e999999999") would count for ever.
    if not _RATIO.fullmatch(text) or str(Fraction(text)) != text:
        msg = f"expected a ratio in lowest terms like 21/100, got {value!r}"
        raise ValueError(msg)
    return Fraction(text)


def _only(kind: type, hook: Hook) -> Hook:
    """Return *hook* for values of exactly *kind*; else text would pass for a list of letters."""
    return lambda value, of: hook(_exactly(kind, value), of)


def _set_hook(of: Any, converter: Converter) -> Hook:
    listed = homogenous_tuple_structure_factory(tuple[of.__args__[0], ...], converter)

    def structure(value: object, _: Any) -> frozenset[Any]:
        items: tuple[Any, ...] = listed(_exactly(list, value), of)
        if len(set(items)) < len(items):
            msg = f"expected each item once, got {value!r}"
            raise ValueError(msg)
        return frozenset(items)

    return structure


# A cycle is stored with its kind, which tells how to read the rest.
_CYCLES: Mapping[str, type[Cycle]] = MappingProxyType(
    {each.kind: each for each in (AnniversaryCycle, CalendarCycle, FixedDaysCycle)}
)


def _cycle_hook(_: Any, converter: Converter) -> Hook:
    def structure(value: object, _: Any) -> Cycle:
        fields = dict(_exactly(dict, value))
        kind = _CYCLES.get(_exactly(str, fields.pop("kind", None)))
        if kind is None:
            msg = f"expected a cycle of the kind {' or '.join(_CYCLES)}, got {value!r}"
            raise ValueError(msg)
        return converter.structure(fields, kind)

    return structure


def _cycle_data_hook(_: Any, converter: Converter) -> Callable[[Any], Any]:
    return lambda cycle: {"kind": cycle.kind, **converter.unstructure(cycle)}


def _is_cycle(of: Any) -> bool:
    return of is Cycle


def _is_tuple(of: Any) -> bool:
    return getattr(of, "__origin__", None) is tuple


def _is_frozenset(of: Any) -> bool:
    return getattr(of, "__origin__", None) is frozenset


def _tuple_hook(of: Any, converter: Converter) -> Hook:
    if of.__args__[-1] is Ellipsis:
        return _only(list, homogenous_tuple_structure_factory(of, converter))
    return _only(list, converter.gen_structure_hetero_tuple(of))


def _kind_hook(converter: Converter, what: str, kinds: Mapping[object, type[Any]]) -> Hook:
    """Return the hook of *what*, a union: the field `kind` says which one the others are of."""

    def structure(value: object, _: Any) -> Any:
        fields = dict(_exactly(dict, value))
        kind = fields.pop("kind", None)
        if type(kind) is not str or kind not in kinds:
            msg = f"expected a kind of {what} among {', '.join(map(str, kinds))}, got {kind!r}"
            raise ValueError(msg)
        return converter.structure(fields, kinds[kind])

    return structure


def _kind_data(converter: Converter) -> Callable[[Any], Any]:
    return lambda each: {"kind": each.kind, **converter.unstructure(each)}


# Unions are stored with the kind of the one that it is.
_UNIONS: tuple[tuple[Any, str, Mapping[object, type[Any]]], ...] = (
    (Model, "model", MappingProxyType({each.kind: each for each in MODELS})),
    (Order, "order", MappingProxyType({each.kind: each for each in ORDERS})),
    (RentalPolicy, "rental policy", MappingProxyType({each.kind: each for each in POLICIES})),
)


def _record_hook(of: Any, converter: Converter) -> Hook:
    return _only(dict, converter.gen_structure_attrs_fromdict(of))


def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True, prefer_attrib_converters=False)
    hooks: tuple[tuple[type, Hook], ...] = (
        (str, _text_of),
        (bool, lambda value, _: _exactly(bool, value)),
        (int, _whole),
        (datetime, _moment),
        (date, _day),
        (Fraction, _ratio),
    )
    for kind, hook in hooks:
        converter.register_structure_hook(kind, hook)
    converter.register_structure_hook_factory(attrs.has, _record_hook)
    for union, what, kinds in _UNIONS:
        # By the annotation alone: one of the kinds is read as any record is.
        is_union = partial(operator.eq, union)
        converter.register_structure_hook_func(is_union, _kind_hook(converter, what, kinds))
        converter.register_unstructure_hook_func(is_union, _kind_data(converter))
    converter.register_structure_hook_factory(_is_tuple, _tuple_hook)
    converter.register_structure_hook_factory(_is_frozenset, _set_hook)
    converter.register_structure_hook_factory(_is_cycle, _cycle_hook)
    converter.register_unstructure_hook(int, str)
    converter.register_unstructure_hook(Fraction, str)
    converter.register_unstructure_hook(bool, lambda value: value)
    converter.register_unstructure_hook(datetime, datetime.isoformat)
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_unstructure_hook_func(_is_frozenset, sorted)
    # So that what a journal without a hold is written as stays the same, byte for byte.
    unheld = make_dict_unstructure_fn(Journal, converter, captures=override(omit_if_default=True))
    converter.register_unstructure_hook(Journal, unheld)
    converter.register_unstructure_hook_factory(_is_cycle, _cycle_data_hook)
    return converter


_CONVERTER = _converter()


def _text(name: str, version: int, data: object) -> str:
    envelope = {"schema": f"{name}/{version}", "data": data}
    text = json.dumps(envelope, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadDocument(name, (f"it cannot be stored: {error.reason}",)) from error
    return text


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        msg = f"a field stands there twice, among {', '.join(sorted(fields))}"
        raise ValueError(msg)
    return fields


def _constant(name: str) -> None:
    msg = f"{name} is no number"
    raise ValueError(msg)


def _parsed(name: str, version: int, text: str) -> dict[str, Any]:
    try:
        envelope = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except (ValueError, RecursionError) as error:
        raise BadDocument(name, (f"it is no JSON of ours: {error}",)) from error
    if type(envelope) is not dict or envelope.keys() != {"schema", "data"}:
        raise BadDocument(name, ("it needs the fields schema and data, and no others",))
    stored = _SCHEMA.fullmatch(envelope["schema"]) if type(envelope["schema"]) is str else None
    if stored is None or stored[1] != name or int(stored[2]) > version:
        raise BadDocument(name, (f"it is {envelope['schema']!r}, read is {name}/{version}",))
    data = envelope["data"]
    if type(data) is not dict:
        raise BadDocument(name, (f"expected the fields of a record, got {data!r}",))
    for step in range(int(stored[2]), version):
        data = UPCASTS[name, step](data)
    return cast("dict[str, Any]", data)


def _structured(name: str, data: object, kind: type[T]) -> T:
    try:
        return _CONVERTER.structure(data, kind)
    except BaseValidationError as error:
        raise BadDocument(name, tuple(transform_error(error, format_exception=_problem))) from error


def _problem(error: BaseException, expected: type | None) -> str:
    """Return what is wrong with one value; our own errors are sentences already."""
    if isinstance(error, TypeError | ValueError | LedgerkitError):
        return str(error)
    return format_exception(error, expected)


def dump(record: Record) -> str:
    """Return *record* as the JSON text of its envelope; raises `UnknownKind`."""
    kind = _of(type(record))
    return _text(kind.name, kind.version, _CONVERTER.unstructure(record))


def load(kind: type[R], text: str) -> R:
    """Return the record of *kind* in *text*; `load(type(r), dump(r)) == r` for every record.

    Raises:
        BadDocument: *text* is of another kind, a newer version, or does not fit.
        UnknownKind: *kind* has no schema.
    """
    described = _of(kind)
    data = _parsed(described.name, described.version, text)
    return _structured(described.name, data, kind)


def dump_value(name: str, value: Journal | Wallet) -> str:
    """Return a journal or wallet as the JSON text of its envelope."""
    return _text(name, 1, _CONVERTER.unstructure(value))


def load_value(name: str, text: str, kind: type[T]) -> T:
    """Return the journal or wallet in *text*, written by `dump_value` under *name*."""
    return _structured(name, _parsed(name, 1, text), kind)
