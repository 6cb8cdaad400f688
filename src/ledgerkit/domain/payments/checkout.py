"""Checkout: what is attached to a payment on a gateway's own page, so that it is applied rightly.

The customer pays on the gateway's page while we do not look; the metadata say who pays and what
for, such as an invoice with a line for each cycle of a class that was missed. (seed 003)
"""

from __future__ import annotations

from collections.abc import Mapping

from ledgerkit.domain.gateways import GatewayObject, link_id
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.payments.records import GATEWAY, Payment

CUSTOMER_NOTE = "ledgerkit_customer"
INVOICES_NOTE = "ledgerkit_invoices"
LONGEST_NOTE = 500  # what Stripe takes as one value of metadata
_SEPARATOR = ","


def notes_for(customer: str, invoices: tuple[str, ...] = ()) -> Mapping[str, str]:
    """Return the metadata that apply a payment by *customer* to *invoices*; none: those due first.

    They go to `Checkout.checkout` as they are, beside any of your own. Many ids take several notes:
    `ledgerkit_invoices`, `ledgerkit_invoices_2` and so on.

    >>> notes_for("ana", ("inv_1", "inv_2"))
    {'ledgerkit_customer': 'ana', 'ledgerkit_invoices': 'inv_1,inv_2'}
    """
    texts: list[str] = []
    for id in invoices:
        if _SEPARATOR in name_of("invoice", id):
            msg = f"the id of an invoice to be paid on a page holds no comma (got {id!r})"
            raise ValueError(msg)
        if texts and len(texts[-1]) + len(id) < LONGEST_NOTE:
            texts[-1] += _SEPARATOR + id
        else:
            texts.append(id)
    notes = {CUSTOMER_NOTE: name_of("customer", customer)}
    for n, text in enumerate(texts, start=1):
        notes[INVOICES_NOTE if n == 1 else f"{INVOICES_NOTE}_{n}"] = text
    return notes


def invoices_noted(told: GatewayObject) -> tuple[str, ...]:
    """Return the ids of the invoices that the metadata of *told* name, each once.

    >>> from datetime import UTC, datetime
    >>> from ledgerkit.domain.money import Money
    >>> notes = notes_for("ana", ("inv_1", "inv_2"))
    >>> at = datetime(2026, 11, 1, tzinfo=UTC)
    >>> invoices_noted(GatewayObject(kind="charge", id="pi_1", status="done",
    ...     amount=Money(100, "EUR"), created=at, metadata=tuple(notes.items())))
    ('inv_1', 'inv_2')
    """
    found: list[str] = []
    n, note = 1, INVOICES_NOTE
    while (text := told.noted(note)) is not None:
        found += (id.strip() for id in text.split(_SEPARATOR) if id.strip())
        n += 1
        note = f"{INVOICES_NOTE}_{n}"
    return tuple(dict.fromkeys(found))


def of_object(
    told: GatewayObject, *, gateway: str, customer: str, invoices: tuple[str, ...] = ()
) -> Payment:
    """Return the payment by *customer* that the charge *told* is, before its state is followed.

    Raises:
        BadAddress: *customer* can have no wallet.
    """
    return Payment(
        id=derive("pmt", link_id(gateway, told.id)),
        customer=customer,
        amount=told.amount,
        method=f"{GATEWAY}:{gateway}",
        invoices=invoices,
    )
