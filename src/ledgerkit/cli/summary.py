"""Summary: what a coordinator wants to see of a month, and an auditor of the books."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ledgerkit.adapters.csv_folder import RowProblem
from ledgerkit.domain.billing_run import Month
from ledgerkit.domain.changes import Skipped
from ledgerkit.domain.ledger import TrialBalance
from ledgerkit.domain.money import Money, Units
from ledgerkit.domain.statements import (
    CurrencyTotal,
    MonthSummary,
    PackageLedger,
    PartyTotal,
    Shown,
    freeze,
    not_approved,
)
from ledgerkit.jobs.billing_run import RunReport
from ledgerkit.jobs.verification import Verified

_ROWS = (
    ("Charged for sessions", "charged"),
    ("Package sessions used", "redeemed"),
    ("Packages expired", "breakage"),
    ("Revenue", "revenue"),
    ("Payouts", "payouts"),
    ("  of which incentives", "incentives"),
    ("Margin", "margin"),
    ("Packages sold", "packages_sold"),
)
_STRONG = ("revenue", "margin")


def print_report(
    console: Console,
    report: RunReport,
    month: Month,
    units: Units,
    *,
    frozen: bool = False,
    details: bool = False,
    preview: bool = False,
) -> None:
    """Print *report*; *frozen* hides every amount, *details* lists every customer."""
    summary, packages = report.summary, report.packages
    if frozen:
        summary, packages = freeze(summary), freeze(packages)
    console.print()
    console.print(_headline(report, month, preview=preview))
    console.print()
    if summary.currencies:
        console.print(_month_table(summary, units))
    left = not_approved(month.sessions, report.period, zone=month.business.zone)
    if left:
        told = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in left)
        console.print(f"Sessions of the month not billed for their status: {told}.\n")
    names = {party.id: party.name for party in month.parties}
    if summary.suppliers:
        console.print(_party_table("Suppliers", "earned", summary.suppliers, names, units))
    if details and summary.customers:
        console.print(_party_table("Customers", "charged", summary.customers, names, units))
    low = [package for package in packages if package.low]
    if low:
        console.print(_low_table(low, names))
    if report.skipped:
        console.print(skipped_table(report.skipped, frozen=frozen))
    if not frozen:
        console.print(_balance_table(report.trial_balance, units))


def _headline(report: RunReport, month: Month, *, preview: bool) -> Text:
    title = (f"{month.business.name} · {report.period.start:%B %Y}", "bold")
    if not report.committed:
        return Text.assemble(title, "\nNothing is new: everything approved by now is billed.")
    parts = [
        f"{len(report.invoices)} invoice(s)",
        f"{len(report.credit_notes)} credit note(s)",
        f"{len(report.payouts)} payout(s)",
    ]
    done = "would be made; nothing was stored" if preview else "made"
    numbers = sorted(i.number for i in report.invoices if i.number)
    span = f" ({numbers[0]} to {numbers[-1]})" if numbers else ""
    return Text.assemble(title, f"\n{parts[0]}{span}, {parts[1]}, {parts[2]} {done}.")


def _plain(amount: Shown, units: Units) -> str:
    return units.plain(amount) if isinstance(amount, Money) else str(amount)


def _month_table(summary: MonthSummary, units: Units) -> Table:
    table = Table(title="The month", title_justify="left", title_style="bold")
    table.add_column("")
    for total in summary.currencies:
        table.add_column(total.currency, justify="right")
    table.add_row("Sessions", *(str(t.sessions) for t in summary.currencies))
    table.add_row("  covered by packages", *(str(t.covered) for t in summary.currencies))
    for label, field in _ROWS:
        values = (_plain(_amount(t, field), units) for t in summary.currencies)
        table.add_row(label, *values, style="bold" if field in _STRONG else None)
    return table


def _amount(total: CurrencyTotal, field: str) -> Shown:
    amount: Shown = getattr(total, field)
    return amount


def _party_table(
    title: str,
    verb: str,
    totals: Iterable[PartyTotal],
    names: dict[str, str],
    units: Units,
) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("Name")
    table.add_column("Sessions", justify="right")
    table.add_column("by package", justify="right")
    table.add_column(verb, justify="right")
    table.add_column("")
    for total in totals:
        table.add_row(
            names.get(total.party, total.party),
            str(total.sessions),
            str(total.covered),
            _plain(total.amount, units),
            total.currency,
        )
    return table


def _low_table(packages: Iterable[PackageLedger], names: dict[str, str]) -> Table:
    table = Table(title="Packages running low", title_justify="left", title_style="bold yellow")
    table.add_column("Customer")
    table.add_column("Package")
    table.add_column("left of", justify="right")
    table.add_column("expires")
    for package in packages:
        table.add_row(
            names.get(package.customer, package.customer),
            package.package,
            f"{package.remaining} of {package.purchased}",
            "" if package.expires_on is None else package.expires_on.isoformat(),
        )
    return table


def skipped_table(skipped: Iterable[Skipped], *, frozen: bool = False) -> Table:
    """Return who was left out and why."""
    table = Table(title="Skipped", title_justify="left", title_style="bold red")
    table.add_column("Who", no_wrap=True)
    table.add_column("Why", overflow="fold")
    for left_out in skipped:
        # A sentence may name amounts; frozen, only its code is told.
        table.add_row(left_out.subject, left_out.code if frozen else left_out.reason)
    return table


def _balance_table(balances: Iterable[TrialBalance], units: Units) -> Table:
    table = Table(title="Trial balance", title_justify="left", title_style="bold")
    table.add_column("")
    for name in ("Debits", "Credits", "Difference"):
        table.add_column(name, justify="right")
    for sides in balances:
        amounts = (sides.debits, sides.credits, sides.difference)
        table.add_row(sides.currency, *(units.plain(Money(a, sides.currency)) for a in amounts))
    return table


def print_problems(console: Console, problems: Iterable[RowProblem]) -> None:
    """Print malformed rows: file, line, column, value and reason."""
    table = Table(title="Malformed rows", title_justify="left", title_style="bold red")
    for name in ("File", "Line", "Column", "Value", "Reason"):
        table.add_column(name, overflow="fold")
    for problem in problems:
        table.add_row(
            problem.file,
            str(problem.line) if problem.line else "",
            problem.column,
            _short(problem.value),
            problem.reason,
        )
    console.print(table)


def _short(value: str, most: int = 60) -> str:
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in value)
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def print_verified(console: Console, verified: Verified, units: Units) -> None:
    """Print what was checked and every problem found."""
    console.print(_balance_table(verified.trial_balance, units))
    checked = (
        f"{verified.journals} journals, {verified.wallets} wallets, {verified.invoices} invoices"
    )
    if not verified.problems:
        console.print(Text.assemble(("The books hold:", "bold green"), f" {checked} checked."))
        return
    table = Table(title="Problems", title_justify="left", title_style="bold red")
    for name in ("What", "Where", "Why"):
        table.add_column(name, overflow="fold")
    for problem in verified.problems:
        table.add_row(problem.code, problem.subject, problem.reason)
    console.print(table)
    found = f" {len(verified.problems)} problem(s)."
    console.print(Text.assemble(("The books are broken:", "bold red"), found))
