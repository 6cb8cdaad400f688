"""Imported credit notes: what another system gave back without saying of which invoice."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.changes import Draw
from ledgerkit.domain.credit_notes import (
    CREDIT_NOTES,
    Applied,
    Credited,
    CreditLine,
    credited,
    imported,
)
from ledgerkit.domain.ledger import Entry, Event, Wallet
from ledgerkit.domain.money import Money

ON = date(2010, 12, 1)
AT = datetime(2010, 12, 1, 9, 49, tzinfo=UTC)


def line(minor: int, *, n: int = 1, currency: str = "GBP", line: str | None = None) -> CreditLine:
    """Return line *n* of a note."""
    amount = Money(minor, currency)
    return CreditLine(
        id=f"crl_{n}", line=line, source=f"C536391/{n}", item="PARTY BUNTING", on=ON, amount=amount
    )


def note(*lines: CreditLine, reference: str = "C536391", customer: str = "17548") -> Credited:
    """Return an imported note of *lines*."""
    return imported(
        reference,
        customer=customer,
        currency="GBP",
        lines=lines,
        reason="returned",
        on=ON,
        at=AT,
    )


def test_imported_note_is_issued() -> None:
    """It refers to no invoice, keeps its number as reference and wishes for one of ours."""
    done = note(line(1980))

    assert ("applied", ON, None, "C536391", None) == (
        done.note.status,
        done.note.issued_on,
        done.note.invoice,
        done.note.reference,
        done.note.number,
    )
    assert Draw(done.note.id, CREDIT_NOTES, ON) == done.draw


def test_imported_note_posts_one_journal() -> None:
    """The customer gets the sum of all lines back, and the platform bears it."""
    done = note(line(1980), line(696, n=2))
    (journal,) = done.journals

    assert (
        Entry("customer:17548", Money(2676, "GBP")),
        Entry("platform", Money(-2676, "GBP")),
    ) == journal.entries
    assert ("credit_note.issued", AT) == (journal.kind, journal.effective_at)
    assert Event("credit_note", done.note.id) == journal.event
    assert (Wallet("customer:17548"), Wallet("platform")) == done.effects.opens


def test_imported_note_is_credit_of_the_customer() -> None:
    """It takes off no debt of ours and credits no line of ours."""
    done = note(line(1980)).note
    nothing = Money(0, "GBP")

    assert Applied(to_open=nothing, to_credit=done.total, to_refund=nothing) == done.applied
    assert {} == dict(credited([done]))


def test_imported_note_is_known_by_its_reference_and_customer() -> None:
    """The same note has the same id again; another number or customer is another note."""
    ids = {
        note(line(1980)).note.id,
        note(line(500)).note.id,
        note(line(1980), reference="C536392").note.id,
        note(line(1980), customer="17549").note.id,
    }

    assert 3 == len(ids)


@pytest.mark.parametrize(
    ("lines", "reference", "message"),
    [
        ((), "C1", "needs a tuple of one line at least"),
        ((line(5, currency="EUR"),), "C1", "is in GBP; a line of it is not"),
        ((line(5, line="lin_7"),), "C1", "'C1' has no invoice, but crl_1 name a line of one"),
        ((line(5), line(-3, n=2)), "C1", "'C1' gives back, but crl_2 would not"),
        ((line(5),), "", "credit note reference must be 1 to 255"),
    ],
)
def test_imported_refuses(lines: tuple[CreditLine, ...], reference: str, message: str) -> None:
    """A note needs a number and lines in one currency, and knows no lines of invoices."""
    with pytest.raises(ValueError, match=message):
        note(*lines, reference=reference)


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=20))
def test_imported_note_gives_back_its_lines(minors: list[int]) -> None:
    """The customer's wallet rises by the total, whatever the lines."""
    done = note(*(line(minor, n=n) for n, minor in enumerate(minors)))

    assert sum(minors) == done.note.total.minor
    assert Entry("customer:17548", done.note.total) == done.journals[0].entries[0]
