"""Messages: a sentence or two for a mail or a page, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable

from ledgerkit.documents.desk import Desk, Letterhead, open_desk
from ledgerkit.domain.late_joiners import CatchUp
from ledgerkit.domain.parties import Party


def catch_up_message(due: CatchUp, *, head: Letterhead, customer: Party) -> str:
    """Return what is *due* on joining a class, as *customer* reads it, and what comes next.

    It says why more may be due now than later. (seed 003; spec: billing 2)
    """
    return " ".join(_sentences(open_desk(head, customer), due))


def _sentences(desk: Desk, due: CatchUp) -> Iterable[str]:
    words, total = desk.words, desk.money(due.total)
    if not due.lines:
        yield words.text("Nothing is due yet.")
    elif due.cycles_due:
        yield words.plural(
            "Total: {total} (includes {n} cycle due).",
            "Total: {total} (includes {n} cycles due).",
            due.cycles_due,
            total=total,
        )
    else:
        yield words.text("Total: {total}.", total=total)
    if due.next_due is not None and due.next_amount is not None:
        yield words.text(
            "Next payments: {amount}, from {date} on.",
            amount=desk.money(due.next_amount),
            date=desk.day(due.next_due),
        )
