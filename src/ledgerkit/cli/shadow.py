"""Shadow: where a decision differs from the system in use, customer by customer."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ledgerkit.cli.summary import skipped_table
from ledgerkit.domain.money import Money, Units
from ledgerkit.domain.shadow import Compared, Diff
from ledgerkit.jobs.shadow import Shadowed


def print_shadowed(
    console: Console,
    shadowed: Shadowed,
    names: Mapping[str, str],
    units: Units,
    *,
    details: bool = False,
) -> None:
    """Print whoever comes to something else, and every line of them with *details*."""
    diff = shadowed.diff
    console.print()
    console.print(_verdict(shadowed), highlight=False)
    if diff.same:
        return
    console.print()
    console.print(_table("Customers", diff.differing_parties, names, units))
    if details:
        console.print(_lines(diff, units))
    console.print(_table("Together", diff.totals, names, units))
    if shadowed.skipped:
        console.print(skipped_table(shadowed.skipped))


def _verdict(shadowed: Shadowed) -> Text:
    diff = shadowed.diff
    everyone, differing = len(diff.parties), len(diff.differing_parties)
    if diff.same:
        compared = f" {everyone} customer(s) compared, nothing was stored."
        return Text.assemble(("The same:", "bold green"), compared)
    said = f" {differing} of {everyone} customer(s); nothing was stored."
    if not shadowed.decided:
        said += "\nThese books have billed the month already; compare before it is run."
    return Text.assemble(("Different:", "bold red"), said)


def _table(
    title: str, totals: tuple[Compared, ...], names: Mapping[str, str], units: Units
) -> Table:
    table = _empty(title, "", "Name")
    for total in totals:
        party = total.key.party or f"all {total.key.role}s"
        table.add_row(party, names.get(party, ""), *_amounts(total, units))
    return table


def _lines(diff: Diff, units: Units) -> Table:
    table = _empty("Lines", "Customer", "Source", "Item")
    for line in diff.differing:
        key = line.key
        table.add_row(key.party, key.source, key.item, *_amounts(line, units))
    return table


def _empty(title: str, *words: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for word in words:
        table.add_column(word, overflow="fold")
    for figure in ("ledgerkit", "legacy", "difference"):
        table.add_column(figure, justify="right")
    table.add_column("")
    return table


def _amounts(line: Compared, units: Units) -> tuple[str, ...]:
    def shown(amount: Money | None) -> str:
        return "—" if amount is None else units.plain(amount)

    return shown(line.a), shown(line.b), units.plain(line.difference), line.key.currency
