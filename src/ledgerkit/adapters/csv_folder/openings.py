"""Opening: what a business that existed before brings along, balances and open invoices.

Units of part-used packages are brought along with the packages.
"""

from __future__ import annotations

from ledgerkit.adapters.csv_folder.cells import Cells, amount_in, currency_of, iso_date, plain_text
from ledgerkit.adapters.csv_folder.found import Found
from ledgerkit.adapters.csv_folder.records import built, party_in, same_currency
from ledgerkit.domain.money import Units
from ledgerkit.domain.openings import OpeningBalance, OpenInvoice
from ledgerkit.domain.parties import CUSTOMER, PAYEES, Party


def opening_balance(cells: Cells, units: Units, parties: Found[Party]) -> OpeningBalance | None:
    """Read a row of opening_balances.csv."""
    party = party_in(cells, "party", parties, CUSTOMER, *PAYEES)
    currency = cells.need("currency", currency_of(units))
    if party is not None and party.role == CUSTOMER:
        same_currency(cells, party, currency)
    amount = cells.need("amount", amount_in(currency, units, negative=True))
    on = cells.need("on", iso_date)
    if cells.sound and amount.minor == 0:
        cells.refuse("amount", "must not be zero; leave the row out")
    return built(cells, lambda: OpeningBalance(party.id, party.wallet, amount, on))


def open_invoice(cells: Cells, units: Units, parties: Found[Party]) -> OpenInvoice | None:
    """Read a row of open_invoices.csv."""
    number = cells.need("number", plain_text)
    customer = party_in(cells, "customer", parties, CUSTOMER)
    issued = cells.need("issued_on", iso_date)
    due = cells.need("due_on", iso_date)
    currency = cells.need("currency", currency_of(units))
    same_currency(cells, customer, currency)
    amount = cells.need("open", amount_in(currency, units))
    item = cells.maybe("item", plain_text) or ""
    if issued is not None and due is not None and due < issued:
        cells.refuse("due_on", f"must not be before issued_on, {issued}")
    if cells.sound and amount.minor == 0:
        cells.refuse("open", "must not be zero; an invoice that is paid is not listed")
    return built(
        cells,
        lambda: OpenInvoice(
            number=number,
            customer=customer.id,
            issued_on=issued,
            due_on=due,
            open_amount=amount,
            item=item,
        ),
    )
