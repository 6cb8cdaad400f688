"""Month: the facts that a billing run of a tutoring business starts from, as a folder tells them.

Facts are records of the domain where it has them; what an existing business brings along, its
balances and open invoices, stands beside them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, TypeVar

import attrs

from ledgerkit.adapters.csv_folder import layouts, openings, records
from ledgerkit.adapters.csv_folder.cells import Cells
from ledgerkit.adapters.csv_folder.found import Found, find
from ledgerkit.adapters.csv_folder.records import LeftOut
from ledgerkit.adapters.csv_folder.tables import Layout, RowProblem, read_table
from ledgerkit.domain.billing_run import Month
from ledgerkit.domain.catalog import Catalog, Price
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.money import ISO, Units
from ledgerkit.domain.openings import OpeningBalance, OpenInvoice
from ledgerkit.domain.packages import Package
from ledgerkit.domain.parties import BUSINESS, Party
from ledgerkit.domain.sessions import Match, Session
from ledgerkit.domain.splits import Incentive

T = TypeVar("T")


@attrs.frozen
class FolderRead:
    """What reading a folder gave.

    Attributes:
        facts: The facts that have no problem and depend on none that has. None when it can't be
            told what depends on a problem (see `RowProblem.skippable`): then nothing is safe.
        problems: All problems, by file and line. With any of them, using the facts leaves
            something out.
    """

    facts: Month | None
    problems: tuple[RowProblem, ...]


@attrs.frozen
class FolderNotFound(LedgerkitError):
    """There is no such folder."""

    folder: str
    code: ClassVar[str] = "folder_not_found"

    def __str__(self) -> str:
        return f"{self.folder!r} is no folder; one with parties.csv and the other files is needed"


def read_folder(path: Path | str, *, units: Units = ISO) -> FolderRead:
    """Read the CSV files in the folder *path*; currencies are those of *units*.

    Problems are collected, of all rows of all files, not raised. A row with one is left out of
    the facts, together with all that names it and with the sessions whose amounts it could have
    changed, each named as a problem too.

    Raises:
        FolderNotFound: *path* is no folder.
    """
    folder = Path(path)
    if not _is_folder(folder):
        raise FolderNotFound(str(path))
    files = _read_files(folder, units)
    business, nameless = _business(files.parties)
    problems = (*nameless, *files.problems)
    if business is None or not all(problem.skippable for problem in problems):
        return FolderRead(None, problems)
    facts = Month(
        business=business,
        parties=tuple(party for party in files.parties.all if party is not business),
        catalog=Catalog("catalog", files.prices.all),
        packages=files.packages.all,
        matches=files.matches.all,
        incentives=files.incentives.all,
        sessions=files.sessions.all,
        opening_balances=files.balances.all,
        open_invoices=files.invoices.all,
    )
    return FolderRead(facts, problems)


@attrs.frozen(kw_only=True)
class _Files:
    """What each file has become."""

    parties: Found[Party]
    prices: Found[Price]
    packages: Found[Package]
    matches: Found[Match]
    sessions: Found[Session]
    incentives: Found[Incentive]
    balances: Found[OpeningBalance]
    invoices: Found[OpenInvoice]

    @property
    def problems(self) -> tuple[RowProblem, ...]:
        """Return the problems of all files."""
        return (
            *self.parties.problems,
            *self.prices.problems,
            *self.packages.problems,
            *self.matches.problems,
            *self.sessions.problems,
            *self.incentives.problems,
            *self.balances.problems,
            *self.invoices.problems,
        )


def _read_files(folder: Path, units: Units) -> _Files:
    """Read each file after those that it names records of; sessions last, they wait for all."""

    def read(layout: Layout, build: Callable[[Cells], T | None]) -> Found[T]:
        return find(read_table(folder, layout), build)

    out = LeftOut()
    parties = read(layouts.PARTIES, lambda row: records.party(row, units))
    prices = read(layouts.CATALOG, lambda row: records.price(row, units, out))
    matches = read(layouts.MATCHES, lambda row: records.match(row, units, parties))
    packages = read(layouts.PACKAGES, lambda row: records.package(row, units, parties, out))
    incentives = read(layouts.INCENTIVES, lambda row: records.incentive(row, units, matches, out))
    sessions = read(layouts.SESSIONS, lambda row: records.session(row, parties, matches, out))
    return _Files(
        parties=parties,
        prices=prices,
        packages=packages,
        matches=matches,
        sessions=sessions,
        incentives=incentives,
        balances=read(
            layouts.OPENING_BALANCES, lambda row: openings.opening_balance(row, units, parties)
        ),
        invoices=read(
            layouts.OPEN_INVOICES, lambda row: openings.open_invoice(row, units, parties)
        ),
    )


def _is_folder(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except (OSError, ValueError):  # a NUL in the path
        return False


def _business(parties: Found[Party]) -> tuple[Party | None, tuple[RowProblem, ...]]:
    """Return the one business in parties.csv, or the problem that there is not one."""
    rows = (row for row in parties.table.rows if not row.ragged)
    claims = [row for row in rows if row.cells.get("role") == BUSINESS]
    found = [party for party in parties.all if party.role == BUSINESS]
    if len(claims) == 1 or not parties.table.whole:
        return (found[0] if found else None), ()  # why it can't be used is said already
    names = ", ".join(party.id for party in found)
    reason = f"one row must have the role business (got {len(claims)})"
    problem = RowProblem(layouts.PARTIES.file, 0, "role", names, reason, skippable=False)
    return None, (problem,)
