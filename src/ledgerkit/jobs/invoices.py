"""Invoices: those that fit, with the parties that they are about."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.parties import BUSINESS, CUSTOMER, Party
from ledgerkit.domain.periods import Period
from ledgerkit.jobs import steps


@attrs.frozen(kw_only=True)
class Listed:
    """Invoices as they stand in the books.

    Attributes:
        invoices: By date and number; those not issued stand last.
        customers: All customers, by id.
        business: Whose books these are, or None if nobody said so.
    """

    invoices: tuple[Invoice, ...]
    customers: Mapping[str, Party]
    business: Party | None

    @property
    def names(self) -> Mapping[str, str]:
        """The names of customers, by id."""
        return {id: customer.name for id, customer in self.customers.items()}


async def list_invoices(
    *, customer: str | None = None, status: str | None = None, period: Period | None = None
) -> Listed:
    """Return the invoices of a *customer*, in a *status* and of a *period*, or of all.

    One belongs to the period in which the days it bills begin; written by hand, to the one in
    which it was issued.
    """
    read = await steps.find_all(Invoice, party=customer, status=status)
    invoices = [v.record for v in read if period is None or _is_of(v.record, period)]
    parties = [v.record for v in await steps.find_all(Party)]
    return Listed(
        invoices=tuple(sorted(invoices, key=_order)),
        customers={party.id: party for party in parties if party.role == CUSTOMER},
        business=next((party for party in parties if party.role == BUSINESS), None),
    )


def _is_of(invoice: Invoice, period: Period) -> bool:
    on = invoice.issued_on if invoice.period is None else invoice.period.start
    return on is not None and on in period


def _order(invoice: Invoice) -> tuple[bool, str, str, str]:
    on = invoice.issued_on
    return (on is None, "" if on is None else on.isoformat(), invoice.number or "", invoice.id)
