"""Legacy: what the system in use charged, read from a CSV file for shadow mode.

A row is a customer's total, or an amount of it with the source that it charges.
"""

from __future__ import annotations

from pathlib import Path

import attrs

from ledgerkit.adapters.csv_folder.cells import (
    Cells,
    amount_in,
    currency_of,
    id_text,
    plain_text,
)
from ledgerkit.adapters.csv_folder.records import built
from ledgerkit.adapters.csv_folder.tables import Layout, RowProblem, read_table
from ledgerkit.domain.money import ISO, Units
from ledgerkit.domain.shadow import LegacyAmount, LegacyTotals

REQUIRED = ("customer", "currency", "amount")
OPTIONAL = ("source", "item")


@attrs.frozen
class LegacyRead:
    """What reading a file gave.

    Attributes:
        totals: The amounts of the rows without a problem; of rows alike, all.
        problems: All problems, by line. With any of them, the totals leave something out.
    """

    totals: LegacyTotals
    problems: tuple[RowProblem, ...]


def read_legacy(path: Path | str, *, units: Units = ISO) -> LegacyRead:
    """Read the totals of the system in use from the CSV file *path*; currencies are in *units*.

    Raises nothing: what is wrong with the file or a row is in `problems`.
    """
    file = Path(path)
    table = read_table(file.parent, Layout(file.name, (), REQUIRED, OPTIONAL))
    amounts: list[LegacyAmount] = []
    problems = list(table.problems)
    for row in table.rows:
        cells = Cells(row)
        if row.ragged:
            cells.refuse("", row.ragged)
        elif (amount := _amount(cells, units)) is not None:
            amounts.append(amount)
        problems += cells.problems
    return LegacyRead(LegacyTotals(tuple(amounts)), tuple(problems))


def _amount(cells: Cells, units: Units) -> LegacyAmount | None:
    customer = cells.need("customer", id_text)
    currency = cells.need("currency", currency_of(units))
    amount = cells.need("amount", amount_in(currency, units, negative=True))
    source = cells.maybe("source", plain_text) or ""
    item = cells.maybe("item", plain_text) or ""
    return built(
        cells,
        lambda: LegacyAmount(party=customer, amount=amount, source=source, item=item),
    )
