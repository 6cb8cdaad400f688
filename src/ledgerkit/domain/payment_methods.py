"""Payment method: how a customer pays at a gateway while away; of a card only the last four digits.

The gateway keeps the card; here stand the gateway's names of customer and method, and a label that
a person recognises. (spec: billing 11; seed 001)
"""

from __future__ import annotations

import re

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.gateways import SavedMethod, link_id
from ledgerkit.domain.ledger import address
from ledgerkit.domain.ledger.journals import name_of, text_of

_DIGIT = re.compile(r"\d")
_SHOWN = 4


@attrs.frozen(kw_only=True)
class PaymentMethod:
    """A customer at a gateway, with the method that is charged.

    Attributes:
        id: The name of the gateway and its id of the customer.
        gateway: The name of the gateway.
        holder: The gateway's id of the customer.
        customer: The id of the party that it is, or None as long as nobody said so.
        method: The gateway's id of the method, or "" until one is saved.
        label: What a person recognises it by, such as `visa 4242`: four digits at most.
    """

    id: str
    gateway: str
    holder: str
    customer: str | None = None
    method: str = ""
    label: str = ""

    def __attrs_post_init__(self) -> None:
        if self.id != link_id(self.gateway, self.holder):
            msg = f"a method is named by its gateway and holder (got {self.id!r})"
            raise ValueError(msg)
        if self.customer is not None:
            address("customer", self.customer)
        if self.method != "":
            name_of("method", self.method)
        if len(_DIGIT.findall(text_of("label", self.label))) > _SHOWN:
            msg = f"the label of {self.id!r} shows the last four digits and no others"
            raise ValueError(msg)


@attrs.frozen
class MethodChanged:
    """A payment method as it is now."""

    method: PaymentMethod

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.method,))


def register(
    customer: str, holder: str, *, gateway: str, known: PaymentMethod | None = None
) -> MethodChanged:
    """Say that *holder* at *gateway* is our *customer*; *known* is what is stored of it.

    Raises:
        ValueError: it is another customer.
    """
    one = known or PaymentMethod(id=link_id(gateway, holder), gateway=gateway, holder=holder)
    if one.customer not in (None, customer):
        msg = f"{one.id!r} is customer {one.customer!r}, so not {customer!r}"
        raise ValueError(msg)
    return MethodChanged(attrs.evolve(one, customer=customer))


def follow(known: PaymentMethod | None, told: SavedMethod, *, gateway: str) -> MethodChanged | None:
    """Keep the method that a customer saved at *gateway*, or return None if it is kept already.

    The one saved last is charged; of its label all digits but the last four are hidden.
    """
    one = known or PaymentMethod(
        id=link_id(gateway, told.customer), gateway=gateway, holder=told.customer
    )
    after = attrs.evolve(one, method=told.method, label=masked(told.label))
    return None if after == known else MethodChanged(after)


def masked(label: str) -> str:
    """Return *label* with all digits but the last four hidden.

    >>> masked("visa 4242 4242 4242 4242"), masked("visa 4242")
    ('visa **** **** **** 4242', 'visa 4242')
    """
    hidden = len(_DIGIT.findall(label)) - _SHOWN
    return _DIGIT.sub("*", label, count=hidden) if hidden > 0 else label
