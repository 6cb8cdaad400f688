"""Account facts: which account at a gateway a payee can be paid to. (spec: gateways 1.4)"""

from __future__ import annotations

from typing import ClassVar

import attrs

from ledgerkit.domain.connected_accounts import ConnectedAccount
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.jobs import steps


@attrs.frozen
class NoAccount(LedgerkitError):
    """A payee without an account at the gateway."""

    supplier: str
    gateway: str
    code: ClassVar[str] = "no_account"

    def __str__(self) -> str:
        return f"payee {self.supplier!r} has no account at {self.gateway!r}; connect one first"


@attrs.frozen
class AccountNotReady(LedgerkitError):
    """A payee's account that may not be paid yet, or any more. (spec: gateways 1.4)"""

    account: str
    disabled_reason: str
    currently_due: tuple[str, ...]
    code: ClassVar[str] = "account_not_ready"

    def __str__(self) -> str:
        why = self.disabled_reason or "payouts are not enabled"
        asked = f"; still asked: {', '.join(self.currently_due)}" if self.currently_due else ""
        return f"account {self.account!r} cannot be paid: {why}{asked}"


async def ready_account(supplier: str, gateway: str) -> ConnectedAccount:
    """Read the account of *supplier* at *gateway* that may be paid.

    Raises:
        NoAccount: there is none.
        AccountNotReady: it may not be paid yet, or any more.
    """
    found = [
        version.record
        for version in await steps.find_all(ConnectedAccount, party=supplier)
        if version.record.gateway == gateway
    ]
    if not found:
        raise NoAccount(supplier, gateway)
    ready = next((account for account in found if account.may_be_paid), None)
    if ready is None:
        raise AccountNotReady(found[0].id, found[0].disabled_reason, found[0].currently_due)
    return ready
