"""Gateway: Stripe by way of its own SDK.

The SDK never tries again by itself and never makes up a key for what moves money: both are the
business of the stored instruction. Everything made carries the instruction's id in its metadata.
(spec: gateways 1.2 to 1.4; seed: flight-school-ledger, academy-late-joiners)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ledgerkit.adapters.stripe import objects
from ledgerkit.adapters.stripe.amounts import NotExpressible, from_stripe, to_stripe
from ledgerkit.adapters.stripe.answers import Answer, Answered, asked, told
from ledgerkit.adapters.stripe.checkout import payment_session
from ledgerkit.adapters.stripe.events import UNREADABLE
from ledgerkit.adapters.stripe.listings import listed, look_up
from ledgerkit.adapters.stripe.objects import INSTRUCTION, Raw
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.gateways import (
    REFUSED,
    RETRYABLE,
    UNKNOWN,
    AccountStatus,
    ChargeOrder,
    GatewayBalance,
    GatewayObject,
    Order,
    Outcome,
    PayoutOrder,
    RefundOrder,
    ReversalOrder,
    TransferOrder,
)
from ledgerkit.domain.ledger import Page
from ledgerkit.domain.money import Money
from ledgerkit.domain.money.amounts import sum_of
from ledgerkit.ports.clock import Clock
from ledgerkit.ports.gateway import CallFailed, ProbeFailed
from ledgerkit.ports.secret import Secret

if TYPE_CHECKING:
    from stripe import HTTPClient

_T = TypeVar("_T")
_FEE_OF_CHARGE = ["latest_charge.balance_transaction"]


class StripeGateway:
    """Carries out orders at Stripe and asks it.

    It is an `Orders`, `Treasury`, `Accounts`, `Checkout` and `Probe`, and may be used from several
    threads.

    Args:
        key: The secret or restricted API key, of the test or the live mode.
        name: The name of the gateway in our books.
        clock: What `GatewayBalance.at` is taken from; the machine's clock by default.
        connect_timeout: Seconds to wait for a connection.
        read_timeout: Seconds to wait for the next bytes of an answer. The lease of a worker must
            be longer than both together.
        http_client: An HTTP client of the SDK, for proxies and tests; it has its own time-outs.
        base_addresses: Other addresses than Stripe's, such as of a test server.

    Raises `ImportError` without the extra `stripe`, `TypeError` for a key that is no `Secret`.
    """

    def __init__(
        self,
        key: Secret,
        *,
        name: str = "stripe",
        clock: Clock | None = None,
        connect_timeout: int = 5,
        read_timeout: int = 25,
        http_client: HTTPClient | None = None,
        base_addresses: Mapping[str, str] | None = None,
    ) -> None:
        try:
            import stripe
        except ImportError as missing:
            msg = "Stripe needs its SDK: pip install 'ledgerkit[stripe]'"
            raise ImportError(msg, name=missing.name) from missing
        if not isinstance(key, Secret):
            msg = "the key of Stripe is handed over as Secret"
            raise TypeError(msg)
        self._key = key
        self._name = name
        self._clock = clock
        self._client = stripe.StripeClient(
            key.reveal(),
            base_addresses=cast("Any", dict(base_addresses or {})),
            http_client=http_client or stripe.RequestsClient((connect_timeout, read_timeout)),
            max_network_retries=0,
        )

    def __repr__(self) -> str:
        return f"StripeGateway({self._key}, name={self._name!r})"

    # ---- orders ------------------------------------------------------------------------------
    def send(self, order: Order, *, key: str, instruction: str) -> Outcome:
        """Carry out *order* once per *key*; see `Orders.send`.

        An amount that Stripe cannot be told exactly is refused without a call.
        """
        try:
            amount = to_stripe(order.amount, payout=isinstance(order, PayoutOrder))
        except NotExpressible as refused:
            return Outcome(
                status=REFUSED, code=refused.code, detail=str(refused), hard=True, attention=True
            )
        params = {"amount": amount, "metadata": {INSTRUCTION: instruction}}
        match order:
            case ChargeOrder():
                return self._charge(order, params, key)
            case RefundOrder():
                return self._refund(order, params, key)
            case TransferOrder():
                return self._transfer(order, params, key)
            case ReversalOrder():
                return self._reverse(order, params, key)
            case PayoutOrder():
                return self._pay_out(order, params, key)
            case _:
                msg = f"Stripe carries out no order of the kind {order.kind!r}"
                raise TypeError(msg)

    def _charge(self, order: ChargeOrder, params: dict[str, Any], key: str) -> Outcome:
        params |= {
            "currency": order.amount.currency.lower(),
            "customer": order.customer,
            "confirm": True,
            "off_session": True,
            # Nobody is there to be led elsewhere; without this Stripe wants an address for it.
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "expand": _FEE_OF_CHARGE,
        }
        method = order.method
        if not method:
            found = self._default_method(order.customer)
            if isinstance(found, Outcome):
                return found
            method = found
        params["payment_method"] = method
        answer = self._ask(self._client.v1.payment_intents.create, params, key, kind=order.kind)
        return told(objects.charge, answer)

    def _default_method(self, customer: str) -> str | Outcome:
        """Return the method that *customer* is charged by; without one nothing can be sent."""
        answer = asked(lambda: self._client.v1.customers.retrieve(customer))
        if isinstance(answer, Outcome):
            return _nothing_sent(answer)
        settings = answer.get("invoice_settings")
        found = settings.get("default_payment_method") if isinstance(settings, Mapping) else None
        found = found or answer.get("default_source")
        if not found:
            detail = f"customer {customer} has no default payment method"
            return Outcome(status=REFUSED, code="no_payment_method", detail=detail, hard=True)
        return objects.id_of(found)

    def _refund(self, order: RefundOrder, params: dict[str, Any], key: str) -> Outcome:
        params[_charge_field(order.charge)] = order.charge
        answer = self._ask(self._client.v1.refunds.create, params, key, kind=order.kind)
        return told(objects.refund, answer)

    def _transfer(self, order: TransferOrder, params: dict[str, Any], key: str) -> Outcome:
        params |= {"currency": order.amount.currency.lower(), "destination": order.account}
        if order.source:
            source = self._charge_behind(order.source)
            if isinstance(source, Outcome):
                return source
            params["source_transaction"] = source
        answer = self._ask(self._client.v1.transfers.create, params, key, kind=order.kind)
        return told(objects.transfer, answer)

    def _charge_behind(self, source: str) -> str | Outcome:
        """Return the charge of the payment intent *source*, which is what a transfer names."""
        if _charge_field(source) == "charge":
            return source
        answer = asked(lambda: self._client.v1.payment_intents.retrieve(source))
        if isinstance(answer, Outcome):
            return _nothing_sent(answer)
        if not answer.get("latest_charge"):
            detail = f"{source} was not paid, so no transfer can be paid from it"
            return Outcome(status=REFUSED, code="source_not_paid", detail=detail, attention=True)
        return objects.id_of(answer["latest_charge"])

    def _reverse(self, order: ReversalOrder, params: dict[str, Any], key: str) -> Outcome:
        def create(params: Any, options: Any) -> Answered:
            return self._client.v1.transfers.reversals.create(order.transfer, params, options)

        return told(objects.reversal, self._ask(create, params, key, kind=order.kind))

    def _pay_out(self, order: PayoutOrder, params: dict[str, Any], key: str) -> Outcome:
        params |= {
            "currency": order.amount.currency.lower(),
            "method": "instant" if order.instant else "standard",
            "expand": ["balance_transaction"],
        }
        answer = self._ask(
            self._client.v1.payouts.create, params, key, kind=order.kind, account=order.account
        )
        return told(lambda raw: objects.payout(raw, account=order.account), answer)

    def _ask(
        self,
        create: Callable[[Any, Any], Answered],
        params: Mapping[str, Any],
        key: str,
        *,
        kind: str = "",
        account: str = "",
    ) -> Answer:
        options = {"idempotency_key": key, **({"stripe_account": account} if account else {})}
        return asked(lambda: create(params, options), kind=kind)

    def look_up(self, order: Order, *, instruction: str, since: datetime) -> Outcome | None:
        """Return what *instruction* made since it was first sent; see `Orders.look_up`.

        Lists are read to the end, since Stripe's search lags behind what was made.
        """
        return look_up(self._client, order, instruction=instruction, since=since)

    # ---- treasury ----------------------------------------------------------------------------
    def balance(self) -> GatewayBalance:
        """Return what Stripe holds; see `Treasury.balance`. Raises `CallFailed`.

        Pending is what will be available, and what is held back because connected accounts are
        below zero: both are ours and in no other balance.
        """
        raw = self._got("balance", asked(self._client.v1.balance.retrieve))
        at = datetime.now(UTC) if self._clock is None else self._clock.now()
        return self._read(
            "balance",
            lambda: GatewayBalance(
                available=_amounts(raw["available"]),
                pending=_amounts([*raw["pending"], *(raw.get("connect_reserved") or ())]),
                at=at,
            ),
        )

    def objects(self, *, since: datetime, after: str | None = None) -> Page[GatewayObject]:
        """Return one page of what was made since *since*; see `Treasury.objects`.

        A page holds whole days: charges, refunds, disputes, transfers and reversals made then,
        then payouts of all connected accounts with the last page. A dispute or refund that was
        made before but moved money since stands on the day when it did. Raises `CallFailed`.
        """
        page = listed(self._client, since=since, after=after)
        if isinstance(page, Outcome):
            raise self._failed("objects", page)
        return page

    # ---- accounts ----------------------------------------------------------------------------
    def open_account(self, *, supplier: str, email: str, country: str, key: str) -> str:
        """Open an Express account for *supplier*; see `Accounts.open_account`.

        *country* is of two letters, such as "US". Raises `CallFailed`.
        """
        params = {
            "type": "express",
            "country": country,
            "email": email,
            "capabilities": {"transfers": {"requested": True}},
            "metadata": {"ledgerkit_supplier": supplier},
        }
        return self._made("open_account", self._ask(self._client.v1.accounts.create, params, key))

    def onboarding_link(self, account: str, *, refresh_url: str, return_url: str) -> str:
        """Return an address that works once and soon expires; raises `CallFailed`."""
        params: Any = {
            "account": account,
            "refresh_url": refresh_url,
            "return_url": return_url,
            "type": "account_onboarding",
        }
        # Without a key of ours: nothing is lost by another link, and an old one is of no use.
        answer = asked(lambda: self._client.v1.account_links.create(params))
        return self._made("onboarding_link", answer, field="url")

    def dashboard_link(self, account: str) -> str:
        """Return an address that works once; raises `CallFailed`."""
        answer = asked(lambda: self._client.v1.accounts.login_links.create(account))
        return self._made("dashboard_link", answer, field="url")

    def account_status(self, account: str) -> AccountStatus:
        """Return what Stripe says of *account* now; raises `CallFailed`."""
        raw = self._got("account", asked(lambda: self._client.v1.accounts.retrieve(account)))
        return self._read("account", lambda: objects.account_status(raw))

    # ---- checkout ----------------------------------------------------------------------------
    def open_customer(self, *, customer: str, name: str, email: str, key: str) -> str:
        """Make *customer* known; see `Checkout.open_customer`. Raises `CallFailed`."""
        params = {"name": name, "email": email, "metadata": {"ledgerkit_customer": customer}}
        return self._made("open_customer", self._ask(self._client.v1.customers.create, params, key))

    def checkout(
        self,
        *,
        customer: str,
        lines: tuple[tuple[str, Money], ...],
        metadata: Mapping[str, str],
        success_url: str,
        cancel_url: str,
        key: str,
    ) -> str:
        """Return the address of a page where *customer* pays; see `Checkout.checkout`.

        Each line is one there. The metadata go to the session and to the payment. Raises
        `CallFailed`, `NotExpressible`, `ValueError` for lines or metadata that Stripe refuses.
        """
        params = {
            **payment_session(customer, lines, metadata),
            "success_url": success_url,
            "cancel_url": cancel_url,
        }
        answer = self._ask(self._client.v1.checkout.sessions.create, params, key)
        return self._made("checkout", answer, field="url")

    def save_method(self, *, customer: str, success_url: str, cancel_url: str, key: str) -> str:
        """Return the address of a page where *customer* saves a card; raises `CallFailed`."""
        params = {
            "mode": "setup",
            "customer": customer,
            "payment_method_types": ["card"],
            "success_url": success_url,
            "cancel_url": cancel_url,
        }
        answer = self._ask(self._client.v1.checkout.sessions.create, params, key)
        return self._made("save_method", answer, field="url")

    # ---- probe -------------------------------------------------------------------------------
    def probe(self) -> str:
        """Return the mode and the masked key, after asking for the balance; see `Probe.probe`."""
        answer = asked(self._client.v1.balance.retrieve)
        if isinstance(answer, Outcome):
            said = f": {answer.detail}" if answer.detail else ""
            raise ProbeFailed(self._name, f"{answer.code} with the key {self._key}{said}")
        mode = "live" if answer.get("livemode") is True else "test"
        return f"Stripe answers in {mode} mode to the key {self._key}"

    # ---- reading answers ---------------------------------------------------------------------
    def _made(self, what: str, answer: Answer, *, field: str = "id") -> str:
        raw = self._got(what, answer)
        return self._read(what, lambda: objects.id_of(raw[field]))

    def _got(self, what: str, answer: Answer) -> Raw:
        if isinstance(answer, Outcome):
            raise self._failed(what, answer)
        return answer

    def _read(self, what: str, read: Callable[[], _T]) -> _T:
        found: _T | None = None
        try:
            found = read()
        except (*UNREADABLE, LedgerkitError):  # they may quote what they could not read
            pass
        if found is None:
            raise self._failed(what, Outcome(status=UNKNOWN, code="unreadable_answer"))
        return found

    def _failed(self, what: str, outcome: Outcome) -> CallFailed:
        return CallFailed(self._name, what, outcome.status, outcome.code, outcome.detail)


def _nothing_sent(answer: Outcome) -> Outcome:
    """Return *answer*, of a question before the order, as one by which nothing happened."""
    if answer.status != UNKNOWN:
        return answer
    return Outcome(status=RETRYABLE, code=answer.code, detail=answer.detail)


def _charge_field(charge: str) -> str:
    return "payment_intent" if charge.startswith("pi_") else "charge"


def _amounts(raw: Iterable[Raw]) -> tuple[Money, ...]:
    """Return the amounts of a balance, one a currency."""
    found = [from_stripe(each["amount"], each["currency"]) for each in raw]
    currencies = sorted({money.currency for money in found})
    return tuple(
        sum_of((money for money in found if money.currency == currency), currency)
        for currency in currencies
    )
