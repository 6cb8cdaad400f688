"""Commands: `run-month`, `preview-month`, `shadow-month`, `invoices` and `verify`."""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, ClassVar, NoReturn

import attrs
from cyclopts import App, Parameter
from rich.console import Console
from rich.text import Text

from ledgerkit.adapters.csv_folder import RowProblem, read_folder, read_legacy
from ledgerkit.adapters.exports import diff_csv, invoices_csv, lines_csv
from ledgerkit.adapters.objects import FolderDocuments
from ledgerkit.adapters.sql import (
    DatabaseError,
    SchemaTooOld,
    SqlStore,
    create_engine,
    open_store,
    shown_url,
)
from ledgerkit.adapters.typst import TypstRenderer
from ledgerkit.cli.listing import list_document, print_invoices
from ledgerkit.cli.options import BillingOptions, ListOptions, MonthOptions
from ledgerkit.cli.progress import Watched
from ledgerkit.cli.shadow import print_shadowed
from ledgerkit.cli.summary import print_problems, print_report, print_verified
from ledgerkit.documents.builders import Letterhead
from ledgerkit.domain.billing_run import Month, Policy
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.invoices import INVOICE, Invoice
from ledgerkit.domain.money import ISO
from ledgerkit.domain.packages import AGGREGATE, PER_PACKAGE, SESSION
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.periods import Period, instant
from ledgerkit.jobs import steps
from ledgerkit.jobs.billing_run import Asked, RunReport, preview_month, run_month
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.invoices import list_invoices
from ledgerkit.jobs.shadow import shadow_month
from ledgerkit.jobs.verification import verify as verify_books

UNITS = ISO.with_units({SESSION: 0})
LOGOS = ("logo.svg", "logo.png")

app: App = App(name="ledgerkit", help="Charge people and pay people correctly.")
# What is printed comes from files and books: a name like "[/]" is a name, and no markup.
out: Console = Console(markup=False)
err: Console = Console(stderr=True, markup=False)


@attrs.frozen
class _FixedClock:
    """One run happens at one instant, as far as the books are concerned."""

    at: datetime

    def now(self) -> datetime:
        return self.at


@app.command(name="run-month")
def run_a_month(
    folder: Path,
    out_dir: Annotated[
        Path, Parameter(name="--out", help="Where documents and the CSV of lines go.")
    ],
    options: Annotated[MonthOptions, Parameter(name="*")],
) -> int:
    """Bill a month: one invoice per customer, one payout per supplier, all documents.

    Run again, it finds what is new since, or says that nothing is.

    Parameters
    ----------
    folder
        The folder with parties.csv, catalog.csv, packages.csv, matches.csv and sessions.csv.
    """
    with _refusals():
        asked, at = _asked(folder, options, with_documents=True)
        host = Host(
            store=open_store(options.store),
            clock=_FixedClock(at),
            renderer=TypstRenderer(),
            documents=FolderDocuments(out_dir),
        )
        with Watched(host, err) as watched:
            report = watched.run(run_month(asked))
            lines = watched.run(_lines(report))
        names = [f"lines-{month.start:%Y-%m}.csv" for month in lines]
        for name, text in zip(names, lines.values(), strict=True):
            (out_dir / name).write_text(text, encoding="utf-8", newline="")
        print_report(
            out, report, asked.month, UNITS, frozen=options.freeze, details=options.details
        )
        told = f"documents and {' and '.join(names)} in {out_dir}"
        out.print(f"Books in {shown_url(options.store)}, {told}", style="dim")
    return 0


@app.command(name="preview-month")
def preview_a_month(folder: Path, options: Annotated[MonthOptions, Parameter(name="*")]) -> int:
    """Print what a run would do, and store nothing.

    Parameters
    ----------
    folder
        The folder with parties.csv, catalog.csv, packages.csv, matches.csv and sessions.csv.
    """
    with _refusals():
        asked, at = _asked(folder, options, with_documents=False)
        host = Host(store=_looked_at(options.store), clock=_FixedClock(at))
        with Watched(host, err) as watched:
            report = watched.run(preview_month(asked))
        print_report(
            out,
            report,
            asked.month,
            UNITS,
            frozen=options.freeze,
            details=options.details,
            preview=True,
        )
    return 0


@app.command(name="shadow-month")
def shadow_a_month(
    folder: Path,
    *,
    legacy: Annotated[
        Path, Parameter(help="A CSV of what the system in use charged, a row per customer or line.")
    ],
    options: Annotated[BillingOptions, Parameter(name="*")],
    store: Annotated[
        str, Parameter(help="The books to decide on; empty ones that are not kept by default.")
    ] = "sqlite://",
    csv: Annotated[Path | None, Parameter(help="Where to write every line of both as CSV.")] = None,
    details: Annotated[bool, Parameter(help="Print every line that differs.", negative="")] = False,
) -> int:
    """Compare what a run would charge with the system in use, and store nothing.

    Exits with 0 if both come to the same, with 1 if not.

    Parameters
    ----------
    folder
        The folder with parties.csv, catalog.csv, packages.csv, matches.csv and sessions.csv.
    """
    with _refusals():
        asked, at = _asked(folder, options, with_documents=False)
        read = read_legacy(legacy)
        _unless_refused(read.problems, skip=options.skip_invalid)
        host = Host(store=_looked_at(store), clock=_FixedClock(at))
        with Watched(host, err) as watched:
            shadowed = watched.run(shadow_month(asked, read.totals))
        names = {party.id: party.name for party in asked.month.parties}
        if csv is not None:
            csv.write_text(diff_csv(shadowed.diff, units=UNITS), encoding="utf-8", newline="")
        print_shadowed(out, shadowed, names, UNITS, details=details)
        return 0 if shadowed.diff.same else 1


@app.command
def invoices(options: Annotated[ListOptions, Parameter(name="*")]) -> int:
    """List invoices: on the terminal, as CSV with one row each, and as PDF."""
    with _refusals():
        at = datetime.now(UTC) if options.at is None else instant(options.at)
        period = None if options.period is None else _month_named(options.period)
        if options.status not in (None, *INVOICE.statuses):
            msg = f"--status is {' or '.join(INVOICE.statuses)} (got {options.status!r})"
            raise ValueError(msg)
        host = Host(store=_existing(options.store), clock=_FixedClock(at))
        with Watched(host, err) as watched:
            listed = watched.run(
                list_invoices(customer=options.customer, status=options.status, period=period)
            )
        if options.csv is not None:
            text = invoices_csv(listed.invoices, units=UNITS)
            options.csv.write_text(text, encoding="utf-8", newline="")
        if options.pdf is not None:
            document = list_document(
                listed,
                at=at,
                units=UNITS,
                locale=options.locale,
                customer=options.customer,
                period=period,
                status=options.status,
            )
            options.pdf.write_bytes(TypstRenderer().render(document))
        print_invoices(out, listed, UNITS)
    return 0


@app.command
def verify(store: Annotated[str, Parameter(name="--store")]) -> int:
    """Check the books from the entries up, and exit with 1 and the reasons if they are broken.

    Parameters
    ----------
    store
        Where the books are, such as sqlite:///books.db.
    """
    with _refusals():
        host = Host(store=_existing(store), clock=_FixedClock(datetime.now(UTC)))
        with Watched(host, err) as watched:
            verified = watched.run(verify_books())
        print_verified(out, verified, UNITS)
        return 1 if verified.problems else 0


def _books_at(url: str) -> SqlStore | None:
    """Return the books at *url* if there are any; unlike a run, nothing is made or migrated."""
    engine = create_engine(url)
    file = engine.url.database
    if engine.dialect.name == "sqlite" and not (file and _may_be(file)):
        return None
    try:
        return SqlStore(engine, units=UNITS)
    except SchemaTooOld as error:
        if error.found is not None:
            raise
        return None


def _looked_at(url: str) -> SqlStore:
    return _books_at(url) or open_store("sqlite://")  # who stores nothing makes nothing


def _existing(url: str) -> SqlStore:
    # Books that were never written can be neither verified nor listed.
    books = _books_at(url)
    if books is None:
        raise BooksNotFound(shown_url(url))
    return books


def _may_be(file: str) -> bool:
    # SQLite makes a file that is not there, unless it is named by a URI that says otherwise.
    return file.startswith("file:") or Path(file).exists()


@attrs.frozen
class BooksNotFound(LedgerkitError):
    """There are no books to verify."""

    url: str
    code: ClassVar[str] = "books_not_found"

    def __str__(self) -> str:
        return f"there are no books at {self.url}; run a month first, or check the path"


@attrs.frozen
class RowsRefused(LedgerkitError):
    """A file has rows that cannot be used."""

    problems: tuple[RowProblem, ...]
    skippable: bool
    code: ClassVar[str] = "rows_refused"

    def __str__(self) -> str:
        advice = "mend them, or pass --skip-invalid to go on without them"
        if not self.skippable:
            advice = "mend them; without them it can't be told what else they touch"
        return f"{len(self.problems)} problem(s) in the files: {advice}"


def _asked(
    folder: Path, options: BillingOptions, *, with_documents: bool
) -> tuple[Asked, datetime]:
    read = read_folder(folder)
    _unless_refused(read.problems, skip=options.skip_invalid)
    month: Month | None = read.facts
    if month is None:  # only with problems, which were refused above
        raise RowsRefused(read.problems, read.facts is not None)
    head = None
    if with_documents:
        logos = (folder / name for name in LOGOS)
        logo = next((path.read_bytes() for path in logos if path.is_file()), None)
        head = Letterhead(business=month.business, units=UNITS, logo=logo)
    asked = Asked(
        month=month,
        period=_month_named(options.period),
        policy=Policy(
            terms_days=options.terms_days,
            alerts=AGGREGATE if options.alerts == "aggregate" else PER_PACKAGE,
        ),
        head=head,
    )
    return asked, datetime.now(UTC) if options.at is None else instant(options.at)


def _unless_refused(problems: tuple[RowProblem, ...], *, skip: bool) -> None:
    """Print *problems*, and raise `RowsRefused` unless they may be skipped and are to be."""
    if problems:
        print_problems(err, problems)
        skippable = all(problem.skippable for problem in problems)
        if not (skip and skippable):
            raise RowsRefused(problems, skippable)


def _month_named(text: str) -> Period:
    try:
        period = Period.parse(text)
    except ValueError as error:
        msg = f"--period is a month such as 2026-10 (got {text!r}: {error})"
        raise ValueError(msg) from error
    if period != Period.month(period.start.year, period.start.month):
        msg = f"--period is a month such as 2026-10 (got {text!r}, which is not one)"
        raise ValueError(msg)
    return period


async def _lines(report: RunReport) -> Mapping[Period, str]:
    """Return all lines of the month of *report*, and of each it corrected, as CSV by month."""
    invoices = [v.record for v in await steps.find_all(Invoice)]
    notes = [v.record for v in await steps.find_all(CreditNote)]
    payouts = [v.record for v in await steps.find_all(Payout)]
    months = {i.id: _month_of(i) for i in invoices if i.reference is None}
    made = [i.id for i in report.invoices] + [n.invoice for n in report.credit_notes]
    touched = {report.period, *(months[id] for id in made if id in months)}
    return {
        month: lines_csv(
            invoices=sorted(
                (i for i in invoices if months.get(i.id) == month), key=lambda i: i.number or ""
            ),
            credit_notes=[n for n in notes if months.get(n.invoice or "") == month],
            payouts=[p for p in payouts if p.period == month],
            units=UNITS,
        )
        for month in sorted(touched)
    }


def _month_of(invoice: Invoice) -> Period:
    # The invoice of a package has no period: it is of the month in which the package was bought.
    on = invoice.lines[0].on
    return invoice.period or Period.month(on.year, on.month)


@contextmanager
def _refusals() -> Generator[None]:
    """Say a refusal in one sentence and exit with 1; a traceback is for our own mistakes."""
    try:
        yield
    except (LedgerkitError, ValueError, OSError) as error:
        _refuse(str(error))
    except DatabaseError as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        _refuse(f"the store says: {reason}")


def _refuse(why: str) -> NoReturn:
    err.print(Text.assemble(("Refused:", "bold red"), f" {why}"), highlight=False, soft_wrap=True)
    sys.exit(1)
