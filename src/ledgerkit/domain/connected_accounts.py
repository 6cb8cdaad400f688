"""Connected account: a payee's account at a gateway, and whether it may be paid.

What the gateway says of it is kept as versions, so that people see when and why it was disabled.
(spec: gateways 1.4; seed 002)
"""

from __future__ import annotations

from datetime import datetime

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.gateways import AccountStatus, link_id
from ledgerkit.domain.ledger import address
from ledgerkit.domain.ledger.journals import name_of, text_of
from ledgerkit.domain.periods import instant


@attrs.frozen(kw_only=True)
class ConnectedAccount:
    """An account at a gateway.

    Attributes:
        id: The name of the gateway and its id of the account.
        gateway: The name of the gateway.
        account: The gateway's id.
        supplier: The id of the party it belongs to, whatever it is paid for, or None as long as
            nobody said so.
        details_submitted: Whether the owner has told all that was asked.
        charges_enabled: Whether it may take money.
        payouts_enabled: Whether it may be paid out.
        currently_due: What is still asked of its owner, as the gateway's names.
        disabled_reason: Why it is disabled, or "".
        as_of: When the gateway said so, by its clock, or None if it did not yet.
    """

    id: str
    gateway: str
    account: str
    supplier: str | None = None
    details_submitted: bool = False
    charges_enabled: bool = False
    payouts_enabled: bool = False
    currently_due: tuple[str, ...] = ()
    disabled_reason: str = ""
    as_of: datetime | None = attrs.field(default=None, converter=attrs.converters.optional(instant))

    def __attrs_post_init__(self) -> None:
        if self.id != link_id(self.gateway, self.account):
            msg = f"an account is named by its gateway and id there (got {self.id!r})"
            raise ValueError(msg)
        if self.supplier is not None:
            address("supplier", self.supplier)
        if type(self.currently_due) is not tuple:
            msg = f"currently_due must be a tuple of text (got {self.currently_due!r})"
            raise TypeError(msg)
        for name in self.currently_due:
            name_of("what is due", name)
        text_of("disabled_reason", self.disabled_reason)

    @property
    def may_be_paid(self) -> bool:
        """Whether money may be sent there: payouts are enabled and nothing disables it."""
        return self.payouts_enabled and not self.disabled_reason


@attrs.frozen
class AccountChanged:
    """An account as it is now."""

    account: ConnectedAccount

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.account,))


def connect(
    supplier: str, account: str, *, gateway: str, known: ConnectedAccount | None = None
) -> AccountChanged:
    """Say that *account* at *gateway* belongs to *supplier*; *known* is what is stored of it.

    Raises:
        ValueError: it belongs to another party.
    """
    one = known or ConnectedAccount(id=link_id(gateway, account), gateway=gateway, account=account)
    if one.supplier not in (None, supplier):
        msg = f"account {one.id!r} belongs to {one.supplier!r}, so not to {supplier!r}"
        raise ValueError(msg)
    return AccountChanged(attrs.evolve(one, supplier=supplier))


def follow(
    known: ConnectedAccount | None, told: AccountStatus, *, gateway: str, as_of: datetime
) -> AccountChanged | None:
    """Keep what the gateway says of an account, or return None if something newer is kept.

    Unlike a payment an account goes back and forth, so the instant of the event, by the gateway's
    clock, is all that tells which of two statuses holds.
    """
    one = known or ConnectedAccount(
        id=link_id(gateway, told.account), gateway=gateway, account=told.account
    )
    after = attrs.evolve(
        one,
        details_submitted=told.details_submitted,
        charges_enabled=told.charges_enabled,
        payouts_enabled=told.payouts_enabled,
        currently_due=told.currently_due,
        disabled_reason=told.disabled_reason,
        as_of=as_of,
    )
    if after == one or (one.as_of is not None and instant(as_of) < one.as_of):
        return None
    return AccountChanged(after)
