"""A flight school bills a term: flights, cards, payouts, disputes and corrections. (seed 002)

    python examples/flight_school.py [PATH] [--out FOLDER]

From 1 to 31 October it books and charges flights, charges cards before a limit stops anybody,
invoices students and pays instructors by the fortnight, corrects what was charged wrong and claws
back what was paid too much. The gateway is a double that behaves as Stripe does: webhooks come out
of order, some twice and one never, and an answer gets lost. What happened is told first, what the
books say then. They are kept in SQLite at PATH, or in memory without one; run it again and nothing
is new. Payout statements and the account of a customer are drawn as PDFs in FOLDER (default:
saguaro). Needs `pip install ledgerkit[sql,pdf,testing]`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

if not __package__:  # run by its path, not with -m: the folder above is not searched yet
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from examples.books import open_books
from examples.flight_school_calendar import happen
from examples.flight_school_fleet import CURRENCY, LAST, SCHOOL
from examples.flight_school_office import STRIPE, local_text
from examples.flight_school_reports import REPORTS, documents, end_of_term
from examples.flight_school_term import Term
from ledgerkit.adapters.typst import TypstRenderer
from ledgerkit.domain.parties import Party
from ledgerkit.domain.reconciliation import Reconciliation, reconciliation_id
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.verification import Verified, verify
from ledgerkit.ports.store import Store
from ledgerkit.testing.fakes.clock import FakeClock


def begun(store: Store) -> bool:
    """Return whether these books have anything of the term."""
    return store.load(Party, SCHOOL.id) is not None


def finished(store: Store) -> bool:
    """Return whether these books have all of the term, its last night included."""
    return store.load(Reconciliation, reconciliation_id(STRIPE, CURRENCY, on=LAST)) is not None


def diary(term: Term) -> Iterator[str]:
    """Yield what happened, day by day."""
    yield "The term"
    for told in term.diary:
        yield f"  {local_text(told.at)}  {told.what}"


def draw(store: Store, folder: Path) -> Iterator[Path]:
    """Draw the documents into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    renderer = TypstRenderer(accent="#23395b")
    for name, document in documents(store):
        path = folder / f"{name}.pdf"
        path.write_bytes(renderer.render(document))
        yield path


def checked(store: Store) -> Verified:
    """Return what a check of the books, from the entries up, finds."""
    return run(verify(), Host(store=store, clock=FakeClock(end_of_term() + timedelta(days=1))))


# ---- the command -----------------------------------------------------------------------------
def main(arguments: Sequence[str] | None = None) -> int:
    """Bill the term and print what came of it."""
    parser = argparse.ArgumentParser(description="Bill the term of a flight school.")
    parser.add_argument("path", nargs="?", type=Path, help="books in SQLite (default: in memory)")
    parser.add_argument("--out", type=Path, default=Path("saguaro"), help="folder of the PDFs")
    given = parser.parse_args(arguments)
    with open_books(given.path) as store:
        if finished(store):
            print("The term", "  Nothing is new: it is in these books already.", "", sep="\n")
        elif begun(store):
            # The double of the gateway lives as long as the command, and half of it is gone.
            print(f"{given.path} holds a part of the term; begin with a new file.")
            return 1
        else:
            term = Term(store)
            happen(term)
            print(*diary(term), "", sep="\n")
        for report in REPORTS:
            print(*report(store), "", sep="\n")
        verified = checked(store)
        drawn = sorted(draw(store, given.out))
    holds = "the books hold" if not verified.problems else f"{len(verified.problems)} problems"
    print(f"Verified: {verified.journals} journals, {holds}")
    print(f"PDF: {', '.join(path.name for path in drawn)} ({given.out})")
    return 0 if not verified.problems else 1


if __name__ == "__main__":
    sys.exit(main())
