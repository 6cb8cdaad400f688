"""Listing: what exists at Stripe, read from its lists: to find one object again, or all of them.

Stripe lists the newest first and its search lags, so lists are read to the end. A page of ours is a
stretch of whole days, so that pages follow each other by time, hold everything once, and the mark
between them is an instant. (spec: reliability A5 to A7, A12)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from ledgerkit.adapters.stripe import objects
from ledgerkit.adapters.stripe.answers import Answered, asked, is_hard, outcome_of
from ledgerkit.adapters.stripe.events import UNREADABLE
from ledgerkit.adapters.stripe.objects import INSTRUCTION, Raw
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.gateways import (
    FAILED,
    REFUSED,
    UNKNOWN,
    ChargeOrder,
    GatewayObject,
    Order,
    Outcome,
    PayoutOrder,
    RefundOrder,
    ReversalOrder,
    TransferOrder,
)
from ledgerkit.domain.ledger import Page

if TYPE_CHECKING:
    from stripe import StripeClient

# Our clock and Stripe's may differ; an earlier bound finds no more, as metadata decide.
_SKEW = timedelta(hours=1)
_DAY = timedelta(days=1)
_MOST = 100  # of a page of Stripe's

_List: TypeAlias = Callable[[Any], Answered]
_Reader: TypeAlias = Callable[[Raw], GatewayObject]


class _NoAnswer(Exception):
    """A list could not be read; holds what became of the call."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.code)
        self.outcome = outcome


def look_up(
    client: StripeClient, order: Order, *, instruction: str, since: datetime
) -> Outcome | None:
    """Return what became of what *instruction* made, or None if it made nothing."""
    try:
        found = list(_made(client, order, instruction, _seconds(since - _SKEW)))
    except _NoAnswer as unanswered:
        return unanswered.outcome
    if not found:
        return None
    # What did not fail counts; of the rest the newest, which comes first.
    raw, made = next((pair for pair in found if pair[1].status != FAILED), found[0])
    return outcome_of(made, hard=is_hard(raw.get("last_payment_error")))


def _made(
    client: StripeClient, order: Order, instruction: str, since: int
) -> Iterator[tuple[Raw, GatewayObject]]:
    pages, read, filters = _list_for(client, order)
    if not isinstance(order, ReversalOrder):  # the reversals of a transfer are few, and not dated
        filters["created"] = {"gte": since}
    for raw in _all(pages, filters):
        if dict(objects.metadata_of(raw)).get(INSTRUCTION) != instruction:
            continue
        try:
            yield raw, read(raw)
        except (*UNREADABLE, LedgerkitError):
            # It is there, in a state that we do not know: not to be sent again.
            raise _NoAnswer(Outcome(status=UNKNOWN, code="unreadable_answer")) from None


def _list_for(client: StripeClient, order: Order) -> tuple[_List, _Reader, dict[str, Any]]:
    """Return the list that holds what *order* makes, how to read it, and what to ask for."""
    v1 = client.v1
    match order:
        case ChargeOrder():
            expand = ["data.latest_charge.balance_transaction"]
            filters = {"customer": order.customer, "expand": expand}
            return v1.payment_intents.list, objects.charge, filters
        case RefundOrder():
            field = "payment_intent" if order.charge.startswith("pi_") else "charge"
            return v1.refunds.list, objects.refund, {field: order.charge}
        case TransferOrder():
            return v1.transfers.list, objects.transfer, {"destination": order.account}
        case ReversalOrder():
            transfer = order.transfer
            return lambda params: v1.transfers.reversals.list(transfer, params), _reversal, {}
        case PayoutOrder():
            return (*_payouts(client, order.account), {"expand": ["data.balance_transaction"]})
        case _:
            msg = f"Stripe carries out no order of the kind {order.kind!r}"
            raise TypeError(msg)


def _reversal(raw: Raw) -> GatewayObject:
    return objects.reversal(raw)


def _payouts(client: StripeClient, account: str) -> tuple[_List, _Reader]:
    return (
        lambda params: client.v1.payouts.list(params, {"stripe_account": account}),
        lambda raw: objects.payout(raw, account=account),
    )


def listed(
    client: StripeClient, *, since: datetime, after: str | None
) -> Page[GatewayObject] | Outcome:
    """Return the objects of the first days from *since*, or from the mark *after*, that have any.

    Or what became of the call, if Stripe does not answer.
    """
    start = datetime.fromisoformat(after) if after else since
    try:
        newer = _any_newer(client, start + _DAY)
        window = {"gte": _seconds(start)}
        if newer:
            window["lt"] = _seconds(start + _DAY)
        found = [*_moved(client, window, _seconds(since))]
        if not newer:  # connected accounts are asked once, for payouts of the whole time
            found += _paid_out(client, {"gte": _seconds(since)})
    except _NoAnswer as unanswered:
        return unanswered.outcome
    items = tuple(sorted(found, key=lambda each: (each.created, each.id)))
    return Page(items, (start + _DAY).astimezone(UTC).isoformat() if newer else None)


def _any_newer(client: StripeClient, since: datetime) -> bool:
    """Whether anything was made or moved on our balance from *since* on."""
    v1 = client.v1
    filters: Any = {"created": {"gte": _seconds(since)}, "limit": 1}
    lists: tuple[_List, ...] = (
        v1.payment_intents.list,
        v1.refunds.list,
        v1.transfers.list,
        v1.balance_transactions.list,
    )
    return any(_page(each, filters)["data"] for each in lists)


def _moved(client: StripeClient, window: Mapping[str, int], since: int) -> Iterator[GatewayObject]:
    """Return what was made in *window*, and what moved money then that was made before *since*."""
    v1 = client.v1
    created = {"created": window}
    fee = {"expand": ["data.latest_charge.balance_transaction"]}
    yield from _read_all(objects.charge, _all(v1.payment_intents.list, {**created, **fee}))
    yield from _read_all(objects.refund, _all(v1.refunds.list, created))
    yield from _read_all(objects.transfer, _all(v1.transfers.list, created))
    # Reversals are in no list of their own, and disputes are told by their movements.
    sources: dict[str, Raw] = {}
    for raw in _all(v1.balance_transactions.list, {**created, "expand": ["data.source"]}):
        source = raw.get("source")
        if isinstance(source, Mapping) and _counts_here(source, raw, since):
            sources[str(source.get("id"))] = source
    for source in sources.values():
        yield from _read_all(_SOURCES[source["object"]], [source])


_SOURCES: Mapping[str, _Reader] = {
    "transfer_reversal": _reversal,
    "dispute": objects.dispute,
    "refund": objects.refund,
}


def _counts_here(source: Raw, transaction: Raw, since: int) -> bool:
    """Whether *source* is listed where *transaction* is, so that it is listed once.

    A reversal is, and a dispute is at its first movement. A refund was listed when it was made,
    unless that was before *since*: then the money that came back as it failed tells of it.
    """
    match source.get("object"):
        case "transfer_reversal":
            return True
        case "dispute":
            moved = [each["created"] for each in source.get("balance_transactions") or ()]
            return [transaction["created"]] == sorted(t for t in moved if t >= since)[:1]
        case "refund":
            made = source.get("created")
            return type(made) is int and made < since
        case _:
            return False


def _paid_out(client: StripeClient, window: Mapping[str, int]) -> Iterator[GatewayObject]:
    for account in _all(client.v1.accounts.list, {}):
        pages, read = _payouts(client, objects.id_of(account["id"]))
        filters = {"created": window, "expand": ["data.balance_transaction"]}
        yield from _read_all(read, _all(pages, filters))


def _read_all(read: _Reader, raws: Iterable[Raw]) -> Iterator[GatewayObject]:
    for raw in raws:
        try:
            yield read(raw)
        except (*UNREADABLE, LedgerkitError):
            continue  # nobody tried to pay it yet, or it is in a state that we do not know


def _all(pages: _List, filters: Mapping[str, Any]) -> Iterator[Raw]:
    """Return everything of a list, newest first."""
    params = {**filters, "limit": _MOST}
    while True:
        page = _page(pages, params)
        yield from page["data"]
        if not page.get("has_more") or not page["data"]:
            return
        params["starting_after"] = page["data"][-1]["id"]


def _page(pages: _List, params: Mapping[str, Any]) -> Raw:
    answer = asked(lambda: pages(dict(params)))
    if isinstance(answer, Outcome):
        raise _NoAnswer(_cannot_say(answer))
    if not isinstance(answer.get("data"), list):
        raise _NoAnswer(Outcome(status=UNKNOWN, code="unreadable_answer"))
    return answer


def _cannot_say(answer: Outcome) -> Outcome:
    """Return *answer* as one to a question: a list that is refused refuses no order."""
    if answer.status != REFUSED:
        return answer
    return Outcome(status=UNKNOWN, code=answer.code, detail=answer.detail, attention=True)


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
