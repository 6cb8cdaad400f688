"""Stripe's API as it answers to the adapter: its words, pages and refusals for a world of ours.

Money, objects and events are those of the gateway double's world. (spec: gateways 1.2 to 1.4)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from ledgerkit.adapters.stripe import INSTRUCTION
from ledgerkit.domain.gateways import (
    CHARGE,
    PAYOUT,
    REFUND,
    REFUSED,
    REVERSAL,
    TRANSFER,
    AccountStatus,
    ChargeOrder,
    GatewayObject,
    Order,
    PayoutOrder,
    RefundOrder,
    ReversalOrder,
    SavedMethod,
    TransferOrder,
)
from ledgerkit.domain.money import Money
from ledgerkit.ports.clock import Clock
from ledgerkit.testing.fakes.gateway import FakeGateway, Fees
from tests.adapters.stripe import rendering
from tests.adapters.stripe.exchange import Answer, Json, Refusal, Request, page_of
from tests.adapters.stripe.rendering import seconds

METHOD = "pm_card"
"""The default payment method of every customer."""


class Api:
    """Stripe, as far as the adapter speaks to it, but for keys and networks.

    Attributes:
        gateway: The double of the port, whose world this one shows; only its world and its pages
            are used, never its keys.
        world: The money and objects behind it.
    """

    def __init__(self, clock: Clock, *, fees: Fees) -> None:
        self.gateway = FakeGateway(clock, fees=fees)
        self.world = self.gateway.world
        self._customers: dict[str, Json] = {}
        self._buyers: dict[str, str] = {}
        self._sessions: dict[str, Json] = {}

    def carry_out(self, sent: Request) -> Answer:
        """Do what is asked, or refuse it; a parameter that an address does not know is refused."""
        for method, address, fields, handle in _ROUTES:
            found = re.fullmatch(address, sent.path)
            if (method, found is None) != (sent.method, False) or found is None:
                continue
            unknown = {each.partition("[")[0] for each in sent.form} - {*fields.split()}
            if unknown:
                return Refusal(400, "parameter_unknown", param=min(unknown)).answer
            try:
                return Answer(200, handle(self, sent, *found.groups()))
            except Refusal as refused:
                return refused.answer
        return Refusal(404, "url_invalid").answer

    def pay(self, url: str) -> None:
        """Let the customer pay on the page *url*."""
        made = self.gateway.pay(url)
        session = self._sessions[url]
        self._buyers[made.id] = session["customer"]
        session |= {"payment_status": "paid", "payment_intent": rendering.intent_id(made.id)}
        self._sessions[made.id] = session
        self.world.tell("checkout.session.completed", made)

    def events(self) -> list[Json]:
        """Return what happened, as the bodies of webhooks."""
        told = self.world.events
        return [rendering.event(told, n, self._about(n)) for n in range(len(told))]

    def _about(self, index: int) -> Json:
        """Return the object of the event at *index*, as it was then and nothing in full."""
        event = self.world.events[index]
        (told,) = event.told
        if isinstance(told, AccountStatus):
            return rendering.account(told)
        if isinstance(told, SavedMethod):
            return rendering.method(told)
        if event.type == "checkout.session.completed":
            return self._sessions[told.id]
        if told.kind == CHARGE:
            return rendering.intent(told, self._buyers.get(told.id, ""))
        if told.kind == REVERSAL:
            before = [each for e in self.world.events[: index + 1] for each in e.told]
            return self._transfer(self.world.objects[str(told.parent)], before)
        return rendering.SOURCES[told.kind](told)

    # ---- what moves money --------------------------------------------------------------------
    def _order(self, sent: Request, order: Order) -> GatewayObject:
        outcome = self.world.carry_out(order, sent.group("metadata").get(INSTRUCTION))
        made = outcome.object
        if isinstance(order, ChargeOrder) and made is not None:
            self._buyers[made.id] = order.customer
        if outcome.status != REFUSED and made is not None:
            return made
        if made is not None:
            intent = rendering.intent(made, self._buyers.get(made.id, ""))
            error = rendering.card_error(outcome.code)
            raise Refusal(402, error.pop("code"), kept=True, payment_intent=intent, **error)
        raise Refusal(400, outcome.code, kept=not outcome.attention, message=outcome.detail)

    def post_intent(self, sent: Request) -> Json:
        """Charge a customer who is away."""
        self.get_customer(sent, sent.form["customer"])
        if not sent.form.get("payment_method"):
            raise Refusal(400, "parameter_missing", param="payment_method")
        order = ChargeOrder(
            amount=sent.amount(),
            customer=sent.form["customer"],
            method=sent.form["payment_method"],
        )
        made = self._order(sent, order)
        return rendering.intent(made, order.customer, sent.expand)

    def post_refund(self, sent: Request) -> Json:
        """Give money of a charge back."""
        charge = self._found(CHARGE, _charge_of(sent))
        amount = sent.amount(charge.amount.currency)
        return rendering.refund(self._order(sent, RefundOrder(amount=amount, charge=charge.id)))

    def post_transfer(self, sent: Request) -> Json:
        """Move money to a connected account."""
        order = TransferOrder(
            amount=sent.amount(),
            account=sent.form["destination"],
            source=sent.form.get("source_transaction", ""),
        )
        return rendering.transfer(self._order(sent, order))

    def post_reversal(self, sent: Request, transfer: str) -> Json:
        """Take money of a transfer back."""
        amount = sent.amount(self._found(TRANSFER, transfer).amount.currency)
        made = self._order(sent, ReversalOrder(amount=amount, transfer=transfer))
        return rendering.reversal(made)

    def post_payout(self, sent: Request) -> Json:
        """Pay a connected account out to its bank."""
        instant = sent.form["method"] == "instant"
        order = PayoutOrder(amount=sent.amount(), account=sent.account, instant=instant)
        return rendering.payout(self._order(sent, order), sent.expand)

    # ---- lists -------------------------------------------------------------------------------
    def _found(self, kind: str, id: str) -> GatewayObject:
        made = self.world.objects.get(id)
        if made is None or made.kind != kind:
            raise Refusal(404, "resource_missing", message=f"No such {kind}: '{id}'")
        return made

    def _all(self, kind: str) -> Iterable[GatewayObject]:
        return [each for each in self.world.objects.values() if each.kind == kind]

    def get_intent(self, sent: Request, intent: str) -> Json:
        """Return a payment intent."""
        made = self._found(CHARGE, rendering.charge_id(intent))
        return rendering.intent(made, self._buyers.get(made.id, ""), sent.expand)

    def get_intents(self, sent: Request) -> Json:
        """List payment intents."""
        buyer = sent.form.get("customer")
        made = [(each, self._buyers.get(each.id, "")) for each in self._all(CHARGE)]
        kept = [each for each in made if buyer in (None, each[1])]
        return page_of(sent, [rendering.intent(one, who, sent.expand) for one, who in kept])

    def get_refunds(self, sent: Request) -> Json:
        """List refunds."""
        charge = _charge_of(sent)
        kept = [each for each in self._all(REFUND) if charge in ("", each.parent)]
        return page_of(sent, [rendering.refund(each) for each in kept])

    def get_transfers(self, sent: Request) -> Json:
        """List transfers."""
        account = sent.form.get("destination")
        kept = [each for each in self._all(TRANSFER) if account in (None, each.account)]
        return page_of(sent, [self._transfer(each, self._all(REVERSAL)) for each in kept])

    def _transfer(self, made: GatewayObject, told: Iterable[object]) -> Json:
        back = [each for each in told if isinstance(each, GatewayObject) and each.kind == REVERSAL]
        return rendering.transfer(made, [each for each in back if each.parent == made.id])

    def get_reversals(self, sent: Request, transfer: str) -> Json:
        """List the reversals of a transfer."""
        self._found(TRANSFER, transfer)
        kept = [each for each in self._all(REVERSAL) if each.parent == transfer]
        return page_of(sent, [rendering.reversal(each) for each in kept])

    def get_payouts(self, sent: Request) -> Json:
        """List the payouts of an account."""
        kept = [each for each in self._all(PAYOUT) if each.account == sent.account]
        return page_of(sent, [rendering.payout(each, sent.expand) for each in kept])

    def get_balance(self, _: Request) -> Json:
        """Return what the platform holds."""
        held = self.gateway.balance()
        return {
            "object": "balance",
            "livemode": False,
            "available": [rendering.money(each) for each in held.available],
            "pending": [rendering.money(each) for each in held.pending],
        }

    def get_transactions(self, sent: Request) -> Json:
        """List what moved the platform's balance."""
        moved = []
        for transaction, source in rendering.transactions(self.world.events).values():
            made = self.world.objects[source]
            shown = rendering.SOURCES[made.kind](made) if "source" in sent.expand else source
            moved.append({**transaction, "source": shown})
        return page_of(sent, moved)

    # ---- accounts, customers, pages ----------------------------------------------------------
    def post_account(self, sent: Request) -> Json:
        """Open a connected account."""
        opened = self.gateway.open_account(
            supplier=sent.form["metadata[ledgerkit_supplier]"],
            email=sent.form["email"],
            country=sent.form["country"],
            key=f"account {len(self.world.accounts)}",
        )
        return self.get_account(sent, opened)

    def get_account(self, _: Request, account: str) -> Json:
        """Return a connected account."""
        if account not in self.world.accounts:
            raise Refusal(403, "account_invalid")
        return rendering.account(self.world.accounts[account])

    def get_accounts(self, sent: Request) -> Json:
        """List the connected accounts."""
        return page_of(sent, [rendering.account(each) for each in self.world.accounts.values()])

    def post_account_link(self, sent: Request) -> Json:
        """Return where the owner of an account tells what is asked."""
        account = self.get_account(sent, sent.form["account"])["id"]
        return {"object": "account_link", "url": f"https://connect.stripe.com/setup/{account}"}

    def post_login_link(self, sent: Request, account: str) -> Json:
        """Return where the owner of an account sees it."""
        id = self.get_account(sent, account)["id"]
        return {"object": "login_link", "url": f"https://connect.stripe.com/express/{id}"}

    def post_customer(self, sent: Request) -> Json:
        """Make a customer known."""
        id = f"cus_{len(self._customers) + 1}"
        self._customers[id] = {
            "id": id,
            "object": "customer",
            "metadata": sent.group("metadata"),
            "invoice_settings": {"default_payment_method": METHOD},
        }
        return self._customers[id]

    def get_customer(self, _: Request, customer: str) -> Json:
        """Return a customer."""
        if customer not in self._customers:
            raise Refusal(404, "resource_missing", message=f"No such customer: '{customer}'")
        return self._customers[customer]

    def post_session(self, sent: Request) -> Json:
        """Open a page where a customer pays or saves a method."""
        pages = {
            "customer": self.get_customer(sent, sent.form["customer"])["id"],
            "success_url": sent.form["success_url"],
            "cancel_url": sent.form["cancel_url"],
            "key": f"session {len(self._sessions)}",
        }
        session: Json = {
            "id": f"cs_{len(self._sessions) + 1}",
            "object": "checkout.session",
            "mode": sent.form["mode"],
            "customer": pages["customer"],
            "created": seconds(self.world.now),
            "metadata": sent.group("metadata"),
            "payment_status": "unpaid",
            "payment_intent": None,
        }
        if session["mode"] == "setup":
            session["url"] = self.gateway.save_method(**pages)
        else:
            lines = _lines(sent)
            total = sum(amount.minor for _, amount in lines)
            notes = sent.group("payment_intent_data")
            metadata = {name.removeprefix("metadata]["): text for name, text in notes.items()}
            session["url"] = self.gateway.checkout(lines=lines, metadata=metadata, **pages)
            session |= {"amount_total": total, "currency": lines[0][1].currency.lower()}
        self._sessions[session["url"]] = session
        return session


def _charge_of(sent: Request) -> str:
    """Return the charge that a refund is of, by its own id or by that of its payment intent."""
    intent = sent.form.get("payment_intent")
    return sent.form.get("charge", "") if intent is None else rendering.charge_id(intent)


def _lines(sent: Request) -> tuple[tuple[str, Money], ...]:
    found: list[tuple[str, Money]] = []
    while (price := f"line_items[{len(found)}][price_data]") + "[currency]" in sent.form:
        amount = int(sent.form[f"{price}[unit_amount]"])
        amount *= int(sent.form[f"line_items[{len(found)}][quantity]"])
        money = Money(amount, sent.form[f"{price}[currency]"].upper())
        found.append((sent.form[f"{price}[product_data][name]"], money))
    return tuple(found)


_PAGED = "limit starting_after"
_DATED = f"{_PAGED} created expand"
_MADE = "amount currency metadata"
_CHARGED = "customer payment_method confirm off_session automatic_payment_methods expand"
_SESSION = "mode customer line_items metadata payment_intent_data payment_method_types"
# Method, address, the parameters that it knows, and who answers.
_ROUTES: tuple[tuple[str, str, str, Callable[..., Json]], ...] = (
    ("post", "/v1/payment_intents", f"{_MADE} {_CHARGED}", Api.post_intent),
    ("get", "/v1/payment_intents", f"{_DATED} customer", Api.get_intents),
    ("get", "/v1/payment_intents/(pi_[^/]+)", "expand", Api.get_intent),
    ("post", "/v1/refunds", "amount charge payment_intent metadata", Api.post_refund),
    ("get", "/v1/refunds", f"{_DATED} charge payment_intent", Api.get_refunds),
    ("post", "/v1/transfers", f"{_MADE} destination source_transaction", Api.post_transfer),
    ("get", "/v1/transfers", f"{_DATED} destination", Api.get_transfers),
    ("post", "/v1/transfers/([^/]+)/reversals", "amount metadata", Api.post_reversal),
    ("get", "/v1/transfers/([^/]+)/reversals", _PAGED, Api.get_reversals),
    ("post", "/v1/payouts", f"{_MADE} method expand", Api.post_payout),
    ("get", "/v1/payouts", _DATED, Api.get_payouts),
    ("get", "/v1/balance", "", Api.get_balance),
    ("get", "/v1/balance_transactions", _DATED, Api.get_transactions),
    ("post", "/v1/accounts", "type country email capabilities metadata", Api.post_account),
    ("get", "/v1/accounts", _PAGED, Api.get_accounts),
    ("get", "/v1/accounts/([^/]+)", "", Api.get_account),
    ("post", "/v1/accounts/([^/]+)/login_links", "", Api.post_login_link),
    ("post", "/v1/account_links", "account refresh_url return_url type", Api.post_account_link),
    ("post", "/v1/customers", "name email metadata", Api.post_customer),
    ("get", "/v1/customers/([^/]+)", "", Api.get_customer),
    ("post", "/v1/checkout/sessions", f"{_SESSION} success_url cancel_url", Api.post_session),
)
