"""A small world at Stripe: the adapter with the real SDK, a customer and a connected account."""

from __future__ import annotations

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
from ledgerkit.testing.fakes.clock import FakeClock
from tests.adapters.stripe.double import StripeDouble
from tests.adapters.stripe.recorder import KEY

KINDS = (
    "charge",
    "refund",
    "transfer",
    "transfer of a charge",
    "reversal",
    "payout",
    "instant payout",
)


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


class World:
    """A double, what speaks to it, and orders that it carries out.

    Attributes:
        wire: The double as the SDK sees it.
        api: What happens behind it.
        stripe: The adapter.
        customer: A customer with a card.
        account: A connected account that may be paid.
    """

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.wire = StripeDouble(self.clock)
        self.api = self.wire.api
        self.stripe = StripeGateway(Secret(KEY), clock=self.clock, http_client=self.wire)
        self.customer = self.stripe.open_customer(
            customer="c-1", name="Ana", email="ana@example.org", key="c-1"
        )
        self.account = self.stripe.open_account(
            supplier="ina", email="ina@example.org", country="ES", key="ina"
        )
        self.api.world.onboard(self.account)
        self._sent = 0

    def fund(self) -> None:
        """Put 1,000.00 on the platform's balance, and as much on the account's."""
        self.api.gateway.fund(eur(100_000))
        self.api.gateway.fund(eur(100_000), account=self.account)

    def send(self, order: Order) -> Outcome:
        """Send *order* under a key and for an instruction of its own."""
        self._sent += 1
        return self.stripe.send(order, key=f"k-{self._sent}", instruction=f"i-{self._sent}")

    def done(self, order: Order) -> GatewayObject:
        """Send *order*, which makes an object."""
        made = self.send(order).object
        assert made is not None
        return made

    def charge(self, method: str = "", minor: int = 5000) -> ChargeOrder:
        """Return the order to charge the customer."""
        return ChargeOrder(amount=eur(minor), customer=self.customer, method=method)

    def order(self, kind: str) -> Order:
        """Return an order of one of `KINDS` that is carried out, several times if asked."""
        match kind:
            case "charge":
                return self.charge()
            case "refund":
                return RefundOrder(amount=eur(1000), charge=self.done(self.charge()).id)
            case "transfer":
                return TransferOrder(amount=eur(3000), account=self.account)
            case "transfer of a charge":
                source = self.done(self.charge()).id
                return TransferOrder(amount=eur(1000), account=self.account, source=source)
            case "reversal":
                paid = TransferOrder(amount=eur(9000), account=self.account)
                return ReversalOrder(amount=eur(2000), transfer=self.done(paid).id)
            case _:
                instant = kind == "instant payout"
                return PayoutOrder(amount=eur(3000), account=self.account, instant=instant)
