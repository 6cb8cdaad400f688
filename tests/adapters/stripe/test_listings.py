from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs
import pytest
import stripe

from ledgerkit.adapters.stripe import StripeGateway
from ledgerkit.domain.gateways import (
    ChargeOrder,
    GatewayObject,
    Order,
    Outcome,
    PayoutOrder,
    RefundOrder,
    ReversalOrder,
    TransferOrder,
)
from ledgerkit.domain.money import Money
from ledgerkit.ports.secret import Secret
from tests.adapters.stripe.recorder import (
    KEY,
    T0,
    Reply,
    dispute,
    error,
    gateway,
    intent,
    listing,
    payout,
    refund,
    reversal,
    transfer,
)

AT = datetime.fromtimestamp(T0, UTC)
SINCE = str(T0 - 3600)  # an hour earlier: clocks differ
DAY = 86_400
EUR = Money(1, "EUR")
CHARGE = ChargeOrder(amount=EUR, customer="cus_1", method="pm_1")
OTHER = {"metadata": {"ledgerkit_instruction": "ins_2"}}


@pytest.mark.parametrize(
    ("order", "found", "path", "form"),
    [
        (
            CHARGE,
            intent(),
            "/v1/payment_intents",
            {
                "customer": "cus_1",
                "created[gte]": SINCE,
                "expand[0]": "data.latest_charge.balance_transaction",
            },
        ),
        (
            RefundOrder(amount=EUR, charge="pi_1"),
            refund(),
            "/v1/refunds",
            {"payment_intent": "pi_1", "created[gte]": SINCE},
        ),
        (
            RefundOrder(amount=EUR, charge="ch_1"),
            refund(),
            "/v1/refunds",
            {"charge": "ch_1", "created[gte]": SINCE},
        ),
        (
            TransferOrder(amount=EUR, account="acct_1"),
            transfer(),
            "/v1/transfers",
            {"destination": "acct_1", "created[gte]": SINCE},
        ),
        (
            ReversalOrder(amount=EUR, transfer="tr_1"),
            reversal(),
            "/v1/transfers/tr_1/reversals",
            {},
        ),
        (
            PayoutOrder(amount=EUR, account="acct_1"),
            payout(),
            "/v1/payouts",
            {"created[gte]": SINCE, "expand[0]": "data.balance_transaction"},
        ),
    ],
)
def test_what_an_instruction_made_is_found_by_its_metadata(
    order: Order, found: Any, path: str, form: dict[str, str]
) -> None:
    """Each kind has its list; it is read to the end, and the instruction's id decides. (A5)"""
    stripe_gateway, recorder = gateway(
        listing({**found, **OTHER, "id": "x_1"}, has_more=True), listing(found)
    )
    outcome = stripe_gateway.look_up(order, instruction="ins_1", since=AT)

    assert outcome is not None
    assert isinstance(outcome.object, GatewayObject)
    assert (found["id"], order.kind) == (outcome.object.id, outcome.object.kind)
    first, second = recorder.calls
    assert (path, {**form, "limit": "100"}) == (first.path, dict(first.form))
    assert {**first.form, "starting_after": "x_1"} == second.form
    account = "acct_1" if isinstance(order, PayoutOrder) else None
    assert account == first.headers.get("Stripe-Account")


def lost() -> stripe.APIConnectionError:
    """Return the SDK's error for an answer that never came."""
    return stripe.APIConnectionError("lost")  # type: ignore[no-untyped-call]  # the SDK's


def look_up(*script: Reply | Exception) -> Outcome | None:
    """Return what looking up a charge finds."""
    return gateway(*script)[0].look_up(CHARGE, instruction="ins_1", since=AT)


def test_nothing_made_is_none() -> None:
    """Objects of other instructions are not ours. (promise 5)"""
    assert look_up(listing(intent(**OTHER))) is None
    assert look_up(listing()) is None


def test_what_did_not_fail_counts() -> None:
    """A charge that was declined is found as refused, hard if it was; one that passed wins."""
    declined = {"code": "card_declined", "decline_code": "stolen_card"}
    failed = intent("requires_payment_method", last_payment_error=declined)
    only_failed = look_up(listing(failed))
    both = look_up(listing(failed, intent(id="pi_2")))

    assert only_failed is not None
    assert ("refused", "stolen_card", True) == (
        only_failed.status,
        only_failed.code,
        only_failed.hard,
    )
    assert both is not None
    assert ("done", False) == (both.status, both.hard)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (error(500, type="api_error"), ("unknown", "api_error", False)),
        (error(429, code="rate_limit"), ("retryable", "rate_limit", False)),
        (error(401, type="x"), ("retryable", "invalid_api_key", False)),
        (error(404, code="resource_missing"), ("unknown", "resource_missing", True)),
        (Reply(body={"object": "list"}), ("unknown", "unreadable_answer", False)),
        (listing(intent("frozen_by_moon")), ("unknown", "unreadable_answer", False)),
        (lost(), ("unknown", "timeout", False)),
    ],
)
def test_a_list_that_cannot_be_read_says_nothing_of_the_order(
    answer: Reply | Exception, expected: tuple[str, str, bool]
) -> None:
    """A question that fails never says that nothing was made, nor that it was refused."""
    outcome = look_up(answer)

    assert outcome is not None
    assert expected == (outcome.status, outcome.code, outcome.attention)


# ---- everything --------------------------------------------------------------------------------
class Lists(stripe.HTTPClient):
    """Answers lists from what it is given, by `created`, as Stripe does: the newest first."""

    name = "lists"

    def __init__(self, data: dict[str, list[dict[str, Any]]], size: int = 100) -> None:
        super().__init__()
        self.data, self.size, self.asked = data, size, 0

    def request(self, method: str, url: str, headers: Any, post_data: Any = None) -> Any:  # type: ignore[override]  # the base names an argument that it never passes
        """Answer a page of a list."""
        self.asked += 1
        parts = urlsplit(url)
        form = dict(parse_qsl(parts.query))
        key = parts.path.removeprefix("/v1/") + (headers.get("Stripe-Account") or "")
        low, high = int(form.get("created[gte]", 0)), int(form.get("created[lt]", 10**11))
        found = [each for each in self.data.get(key, []) if low <= each.get("created", 0) < high]
        found.sort(key=lambda each: each.get("created", 0), reverse=True)
        if after := form.get("starting_after"):
            found = found[[each["id"] for each in found].index(after) + 1 :]
        size = min(self.size, int(form["limit"]))
        page = {"object": "list", "data": found[:size], "has_more": len(found) > size}
        return json.dumps(page), 200, {}


def moved(source: dict[str, Any], created: int) -> dict[str, Any]:
    """Return a balance transaction of *source*."""
    return {"id": f"txn_{source['id']}_{created}", "source": source, "created": created}


WITHDRAWN = {"id": "t1", "amount": -5000, "fee": 1500, "currency": "eur", "created": T0 + 5}
GIVEN_BACK = {"id": "t2", "amount": 5000, "fee": 0, "currency": "eur", "created": T0 + 3 * DAY}
WON = dispute("won", balance_transactions=[WITHDRAWN, GIVEN_BACK])
OLD = dispute(
    "won",
    id="dp_0",
    created=T0 - 90 * DAY,
    balance_transactions=[{**WITHDRAWN, "created": T0 - 80 * DAY}, GIVEN_BACK],
)
LATE = refund("failed", id="re_0", created=T0 - 5 * DAY)
AT_STRIPE = {
    "payment_intents": [
        intent(),
        intent(id="pi_2", created=T0 + 2 * DAY),
        intent("requires_payment_method", id="pi_3"),  # nobody tried to pay it
        intent(id="pi_0", created=T0 - 1),  # before
    ],
    "refunds": [refund(created=T0 + DAY), LATE],
    "transfers": [transfer(created=T0 + 2)],
    "balance_transactions": [
        moved(reversal(created=T0 + 2 * DAY), T0 + 2 * DAY),
        moved(WON, T0 + 5),
        moved(WON, T0 + 3 * DAY),
        moved(OLD, T0 + 3 * DAY),
        moved(refund(created=T0 + DAY), T0 + DAY),
        moved(LATE, T0 + 4),
        {"id": "txn_9", "source": None, "created": T0},
    ],
    "accounts": [{"id": "acct_1"}, {"id": "acct_2"}],
    "payoutsacct_1": [payout(created=T0 + 3), payout(id="po_0", created=T0 - 1)],
    "payoutsacct_2": [payout("paid", id="po_2", created=T0 + 9 * DAY)],
}


def pages(lists: Lists) -> list[tuple[GatewayObject, ...]]:
    """Return all pages of what was made since `AT`."""
    stripe_gateway = StripeGateway(Secret(KEY), http_client=lists)
    found, after = [], None
    while True:
        page = stripe_gateway.objects(since=AT, after=after)
        found.append(page.items)
        if page.next is None:
            return found
        after = str(page.next)


@pytest.mark.parametrize("size", [1, 2, 100])
def test_everything_made_is_listed_once(size: int) -> None:
    """The pages hold each object once, in its present state, day by day. (promise 7, A12)"""
    found = pages(Lists(AT_STRIPE, size))

    assert [
        ["pi_1", "tr_1", "re_0", "dp_1"],
        ["re_1"],
        ["pi_2", "trr_1"],
        ["dp_0", "po_1", "po_2"],
    ] == [
        [each.id for each in sorted(page, key=lambda o: (o.id[:2] == "po", order(o)))]
        for page in found
    ]
    states = {each.id: each.status for page in found for each in page}
    assert ("won", "won", "failed", "pending", "done") == tuple(
        states[id] for id in ("dp_1", "dp_0", "re_0", "po_1", "po_2")
    )


def order(made: GatewayObject) -> int:
    """Return a place by kind, since late objects stand before those of their day."""
    return ["charge", "transfer", "refund", "reversal", "dispute", "payout"].index(made.kind)


def test_pages_are_sorted_within() -> None:
    """Within a page the oldest comes first."""
    for page in pages(Lists(AT_STRIPE)):
        assert sorted(page, key=lambda each: (each.created, each.id)) == list(page)


def test_nothing_at_stripe_is_one_empty_page() -> None:
    """Without anything there is one page, and it is empty."""
    lists = Lists({})

    assert [()] == pages(lists)
    assert lists.asked < 12


def test_payouts_name_their_account() -> None:
    """A payout is of the account whose list it stands in."""
    found = {each.id: each for page in pages(Lists(AT_STRIPE)) for each in page}

    assert ("acct_1", "acct_2") == (found["po_1"].account, found["po_2"].account)
    assert attrs.evolve(found["po_1"], account="") != found["po_1"]
    assert AT + timedelta(seconds=3) == found["po_1"].created
