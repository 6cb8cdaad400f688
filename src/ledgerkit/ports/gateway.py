"""Gateway: carries out orders at a provider of payments, and tells what happened there.

Split by need: a gateway that has no connected accounts has no `Accounts`. Sending and looking up
never raise for what a provider says: a call that was refused, timed out or got no readable answer
is an `Outcome`. What only asks or opens something raises `CallFailed`. Calls block; drivers put
them in threads. (spec: gateways 1)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Protocol

import attrs

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.gateways import (
    AccountStatus,
    GatewayBalance,
    GatewayObject,
    Notification,
    Order,
    Outcome,
)
from ledgerkit.domain.ledger import Page
from ledgerkit.domain.money import Money


@attrs.frozen
class ProbeFailed(LedgerkitError):
    """A gateway could not be reached, or does not take our key."""

    gateway: str
    reason: str
    code: ClassVar[str] = "probe_failed"

    def __str__(self) -> str:
        return f"the gateway {self.gateway!r} does not answer as it should: {self.reason}"


class Orders(Protocol):
    """Carries out orders.

    1. The same order under the same key is carried out once, and is answered as the first time.
    2. Another order under a key that was used is refused and needs attention; nothing happens.
    3. An answer that says surely that nothing happened and may work later is `retryable`; one
       that does not say what happened (a time-out, a server's error, a body that cannot be read)
       is `unknown`. Neither raises.
    4. What a gateway makes carries the id of the instruction, so that it is recognised later.
    5. `look_up` finds what an instruction made, whatever became of the answer, or returns None
       when there is none; it changes nothing.
    """

    def send(self, order: Order, *, key: str, instruction: str) -> Outcome:
        """Carry out *order* once per *key*; what it makes carries the id *instruction*."""
        ...

    def look_up(self, order: Order, *, instruction: str, since: datetime) -> Outcome | None:
        """Return what *instruction* made since it was first sent, or None.

        `unknown` or `retryable` if the gateway cannot say now.
        """
        ...


class Treasury(Protocol):
    """Tells what a gateway holds for us.

    6. `balance` is what is available and pending, per currency.
    7. `objects` pages through what was made since an instant, oldest first, in its present state;
       the pages together hold each object once.
    """

    def balance(self) -> GatewayBalance:
        """Return what the gateway holds for us now."""
        ...

    def objects(self, *, since: datetime, after: str | None = None) -> Page[GatewayObject]:
        """Return objects made since *since*, those after the mark *after* of the page before."""
        ...


class Accounts(Protocol):
    """Opens connected accounts for suppliers and leads their owners to them.

    8. `open_account` under the same key opens one account.
    """

    def open_account(self, *, supplier: str, email: str, country: str, key: str) -> str:
        """Open a connected account for *supplier* and return the gateway's id of it."""
        ...

    def onboarding_link(self, account: str, *, refresh_url: str, return_url: str) -> str:
        """Return the address where the owner of *account* tells what the gateway asks."""
        ...

    def dashboard_link(self, account: str) -> str:
        """Return the address where the owner of *account* sees balance and payouts."""
        ...

    def account_status(self, account: str) -> AccountStatus:
        """Return what the gateway says of *account* now."""
        ...


class Checkout(Protocol):
    """Lets customers pay or save a payment method on the gateway's own page.

    9. What is paid there carries the metadata given, so that it is applied to what it is for.
    """

    def open_customer(self, *, customer: str, name: str, email: str, key: str) -> str:
        """Make *customer* known at the gateway and return the gateway's id."""
        ...

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
        """Return the address of a page where *customer* pays *lines*, (what, how much) each."""
        ...

    def save_method(self, *, customer: str, success_url: str, cancel_url: str, key: str) -> str:
        """Return the address of a page where *customer* saves a payment method."""
        ...


class Probe(Protocol):
    """Tells whether the connection works, without charging anybody. (seed 004)"""

    def probe(self) -> str:
        """Return a sentence with the mode and the masked key; raises `ProbeFailed`."""
        ...


class Webhooks(Protocol):
    """Verifies and reads what a gateway sends by itself.

    10. The raw bytes are verified before they are read; what fails is one `SignatureRefused`
        that says why and holds nothing of the payload.
    11. A message of another mode (test or live) or of an account that is not ours is refused.
    12. A type that is not known, or a field that is missing, is kept and never an error.
    """

    def read(self, body: bytes, headers: Mapping[str, str], *, at: datetime) -> Notification:
        """Return what *body*, received with *headers*, tells; raises `SignatureRefused`."""
        ...


class Gateway(Orders, Treasury, Protocol):
    """What the jobs need of a gateway that carries out orders and is reconciled."""


@attrs.frozen
class CallFailed(LedgerkitError):
    """A gateway did not answer what was asked, or did not open what it should have.

    Attributes:
        gateway: The name of the gateway.
        asked: What was asked of it.
        status: What became of the call, see `Outcome`.
        reason: The gateway's code for it.
        detail: A sentence of it without secrets, or "".
    """

    gateway: str
    asked: str
    status: str
    reason: str
    detail: str
    code: ClassVar[str] = "gateway_call_failed"

    def __str__(self) -> str:
        said = f": {self.detail}" if self.detail else ""
        return f"{self.gateway} did not do what was asked ({self.asked}): {self.reason}{said}"


@attrs.frozen
class SignatureRefused(LedgerkitError):
    """A message that claims to come from a gateway was not believed; it holds nothing of it.

    Attributes:
        gateway: The name of the gateway.
        reason: `no_signature`, `malformed_signature`, `wrong_signature`, `out_of_time`,
            `too_large`, `unreadable`, `other_mode` or `other_account`.
    """

    gateway: str
    reason: str
    code: ClassVar[str] = "signature_refused"

    def __str__(self) -> str:
        return f"a message that claims to be from {self.gateway} is refused: {self.reason}"
