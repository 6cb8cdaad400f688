"""Credit notes: never more than was charged, and everybody's share where the charge is undone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.changes import Draw
from ledgerkit.domain.credit_notes import (
    CREDIT_NOTES,
    Credited,
    CreditLine,
    CreditNote,
    Given,
    NotIssued,
    OverCredited,
    UnknownLine,
    approve,
    creditable,
    credited,
    draft,
    excess,
    issue,
    reissue,
    submit,
    undo,
)
from ledgerkit.domain.credit_notes.approving import postings
from ledgerkit.domain.invoices import ISSUED, PAID, PARTIALLY_PAID, Invoice, line
from ledgerkit.domain.invoices import issue as issue_invoice
from ledgerkit.domain.ledger import Entry, Event, Journal
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import Money, Rate
from ledgerkit.domain.sessions import booking_id

ON = date(2026, 11, 5)
AT = datetime(2026, 11, 5, 6, tzinfo=UTC)


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


def charge(session: str, minor: int = 5_000, pay: int = 3_000) -> Journal:
    """Return the journal that charged a session of 5 October."""
    return Journal(
        id=booking_id(session, "", date(2026, 10, 5)),
        kind="session.charged",
        entries=(
            Entry("customer:ana", eur(-minor)),
            Entry("supplier:tom", eur(pay)),
            Entry("platform", eur(minor - pay)),
        ),
        effective_at=AT,
        event=Event("session", session),
    )


def invoice(*minors: int) -> Invoice:
    """Return an issued invoice with a line for each amount, sessions s1, s2 and so on."""
    lines = tuple(
        line(
            f"s{n}",
            item="maths",
            on=date(2026, 10, 5),
            price=Rate.of(eur(minor)),
            journal=charge(f"s{n}").id,
        )
        for n, minor in enumerate(minors, 1)
    )
    made = Invoice(id="inv_1", customer="ana", currency="EUR", lines=lines, cycle="calendar")
    return issue_invoice(made, on=date(2026, 11, 1), due_on=date(2026, 11, 15), at=AT).invoice


def asking(of: Invoice, *minors: int) -> Mapping[str, Money]:
    """Return amounts asked of the first lines."""
    return {li.id: eur(minor) for li, minor in zip(of.lines, minors, strict=False)}


def note_of(of: Invoice, *minors: int, earlier: tuple[CreditNote, ...] = ()) -> CreditNote:
    """Draft a note."""
    return draft(of, asking(of, *minors), earlier=earlier, reason="goodwill")


def issued(
    of: Invoice, *minors: int, earlier: tuple[CreditNote, ...] = (), **more: Any
) -> Credited:
    """Draft and issue a note."""
    note = note_of(of, *minors, earlier=earlier)
    return issue(note, on=ON, at=AT, invoice=of, earlier=earlier, **more)


# ---- drafting --------------------------------------------------------------------------------
def test_note_names_what_it_gives_back() -> None:
    """Its lines are those of the invoice, for the amounts asked."""
    one = invoice(5_000, 5_000)
    note = note_of(one, 5_000)

    assert (("s1", one.lines[0].id, eur(5_000)),) == tuple(
        (li.source, li.line, li.amount) for li in note.lines
    )
    assert (eur(5_000), "ana", "inv_1", "draft") == (
        note.total,
        note.customer,
        note.invoice,
        note.status,
    )


def test_notes_of_an_invoice_have_ids_of_their_own() -> None:
    """The second note of the same line is another note."""
    one = invoice(5_000)
    first = issued(one, 2_000).note
    second = note_of(one, 2_000, earlier=(first,))

    assert first.id != second.id
    assert first.lines[0].id != second.lines[0].id


def test_draft_has_no_effect() -> None:
    """Only what is issued counts as credited."""
    one = invoice(5_000)
    note = note_of(one, 5_000)

    assert {} == dict(credited([note]))
    assert {one.lines[0].id: 5_000} == dict(credited([issued(one, 5_000).note]))


@pytest.mark.parametrize(
    ("billed", "given", "asked", "told"),
    [(5_000, 0, 5_001, "50.01 EUR asked exceeds 50.00"), (150, 100, 51, "0.51 EUR .* 0.50")],
)
def test_note_gives_back_what_was_charged_at_most(
    billed: int, given: int, asked: int, told: str
) -> None:
    """The capacity is what was billed less what was credited (spec: billing 0.6)."""
    one = invoice(billed)
    earlier = (issued(one, given).note,) if given else ()

    with pytest.raises(OverCredited, match=f"{told} EUR"):
        note_of(one, asked, earlier=earlier)


def test_two_drafts_of_100_on_capacity_150() -> None:
    """Capacity is checked at creation and when it is issued: the second one fails then."""
    one = invoice(150)
    first, second = note_of(one, 100), note_of(one, 100)
    second = attrs.evolve(second, id="crn_2")
    done = issue(first, on=ON, at=AT, invoice=one).note

    with pytest.raises(
        OverCredited, match=r"charged 1\.50 EUR and 1\.00 EUR is credited; 1\.00 EUR asked"
    ):
        issue(second, on=ON, at=AT, invoice=one, earlier=(done,))


def test_note_does_not_stand_in_its_own_way() -> None:
    """Notes of other invoices and the note itself, among all notes, take nothing of its room."""
    one = invoice(150)
    note = note_of(one, 100)
    itself = attrs.evolve(note, status="applied")
    other = attrs.evolve(itself, id="crn_9", invoice="inv_9")
    done = issue(note, on=ON, at=AT, invoice=one, earlier=(itself, other))

    assert eur(100) == done.note.total


def test_note_needs_a_line_of_the_invoice() -> None:
    """A line of another invoice cannot be credited here."""
    with pytest.raises(UnknownLine, match="'inv_1' has no line 'lin_x' to credit"):
        draft(invoice(100), {"lin_x": eur(1)}, earlier=(), reason="goodwill")


def test_draft_invoice_is_changed_instead() -> None:
    """What was not issued needs no credit."""
    one = attrs.evolve(invoice(100), status="draft")

    with pytest.raises(NotIssued, match="is a draft"):
        note_of(one, 100)


@given(st.integers(1, 500), st.lists(st.integers(1, 200), max_size=8))
def test_credits_never_exceed_billed(billed: int, asked: list[int]) -> None:
    """Whatever is asked in whatever order, the sum of credits is at most the line; law 5."""
    one = invoice(billed)
    notes: tuple[CreditNote, ...] = ()
    for minor in asked:
        left = billed - credited(notes).get(one.lines[0].id, 0)
        try:
            notes = (*notes, issued(one, minor, earlier=notes).note)
        except OverCredited as refused:
            assert minor > left == refused.billed.minor - refused.credited.minor

    assert credited(notes).get(one.lines[0].id, 0) <= billed


# ---- issuing ---------------------------------------------------------------------------------
def test_goodwill_is_borne_by_the_platform() -> None:
    """Customer +x, platform -x: the supplier earned what the supplier earned."""
    done = issued(invoice(5_000, 5_000), 2_000, 500)
    (journal,) = done.journals

    assert (Entry("customer:ana", eur(2_500)), Entry("platform", eur(-2_500))) == journal.entries
    assert Event("credit_note", done.note.id) == journal.event


def test_undone_charge_is_mirrored() -> None:
    """Customer +50.00, supplier -30.00, platform -20.00; the note itself posts nothing more."""
    one = invoice(5_000)
    done = issued(one, 5_000, undoes={one.lines[0].id: charge("s1")})
    (journal,) = done.journals

    assert tuple(-entry for entry in charge("s1").entries) == journal.entries
    assert charge("s1").id == journal.reverses
    assert Event("session", "s1", "undone:1") == journal.event


def test_undoing_takes_over_what_was_given_before() -> None:
    """20.00 of 50.00 given back before: 30.00 more, and the platform has its 20.00 again."""
    one = invoice(5_000)
    earlier = issued(one, 2_000)
    done = issued(one, 3_000, earlier=(earlier.note,), undoes={one.lines[0].id: charge("s1")})
    sums: dict[str, int] = {}
    for journal in (charge("s1"), *earlier.journals, *done.journals):
        for entry in journal.entries:
            sums[entry.wallet] = sums.get(entry.wallet, 0) + entry.amount.minor

    assert {"customer:ana": 0, "supplier:tom": 0, "platform": 0} == sums
    assert eur(3_000) == done.note.total


def test_undoing_is_for_all_that_is_left() -> None:
    """A charge cannot be undone for a part of it."""
    one = invoice(5_000)

    with pytest.raises(ValueError, match="charged 5000, not what is given back"):
        issued(one, 2_000, undoes={one.lines[0].id: charge("s1")})


def test_undo_without_an_event() -> None:
    """A journal that claimed no fact is reversed without one."""
    plain = attrs.evolve(charge("s1"), event=None)

    assert undo(plain, on=ON, at=AT).event is None


def test_issue_draws_a_number_of_its_own_series() -> None:
    """Credit notes count apart from invoices."""
    done = issued(invoice(100), 100)

    assert Draw(done.note.id, CREDIT_NOTES, ON) == done.draw
    assert ("applied", ON, None) == (done.note.status, done.note.issued_on, done.note.number)
    assert ("CN", (done.note, done.invoice), (done.draw,)) == (
        done.draw.series.name,
        done.effects.records,
        done.effects.draws,
    )


@pytest.mark.parametrize(
    ("minor", "paid", "status", "then"),
    [
        (100, None, ISSUED, PAID),
        (60, None, ISSUED, None),
        (60, 40, ISSUED, PAID),
        (60, 40, PARTIALLY_PAID, PAID),
        (60, 10, ISSUED, PARTIALLY_PAID),
        (100, None, PARTIALLY_PAID, PAID),
        (60, None, PARTIALLY_PAID, None),
        (60, None, PAID, None),
    ],
)
def test_issue_moves_the_invoice(
    minor: int, paid: int | None, status: str, then: str | None
) -> None:
    """Of 100, so much is credited; one said to be paid stays so where nobody tells of payments."""
    one = attrs.evolve(invoice(100), status=status)
    asked = {one.lines[0].id: Money(minor, "EUR")}
    note = draft(one, asked, earlier=(), reason="goodwill")
    told = None if paid is None else Money(paid, "EUR")
    done = issue(note, on=ON, at=AT, invoice=one, paid=told)

    assert then == (None if done.invoice is None else done.invoice.status)


def test_note_is_issued_once() -> None:
    """A note that is applied is never issued again."""
    one = invoice(100)
    done = issued(one, 50)

    with pytest.raises(IllegalTransition, match="credit_note is applied; submit needs draft"):
        issue(done.note, on=ON, at=AT, invoice=one)


@pytest.mark.parametrize("other", [None, "inv_2"])
def test_note_is_issued_against_its_invoice(other: str | None) -> None:
    """Without its invoice nobody can tell what is left."""
    one = invoice(100)
    wrong = None if other is None else attrs.evolve(one, id=other)

    with pytest.raises(ValueError, match="is of invoice 'inv_1'"):
        issue(note_of(one, 100), on=ON, at=AT, invoice=wrong)


# ---- records ---------------------------------------------------------------------------------
LINE = CreditLine(id="crl_1", line="lin_1", source="s1", item="maths", on=ON, amount=eur(100))
NOTE = CreditNote(
    id="crn_1", customer="ana", currency="EUR", invoice="inv_1", lines=(LINE,), reason="goodwill"
)


def test_credit_line_gives_back_something() -> None:
    """A credit of nothing is none."""
    with pytest.raises(ValueError, match="a credit gives something back"):
        attrs.evolve(LINE, amount=eur(0))


@pytest.mark.parametrize("minor", [-1, -100])
def test_note_that_would_charge_is_none(minor: int) -> None:
    """A line of it may take back what was given, all of what the others give back at most."""
    charging = attrs.evolve(LINE, amount=eur(minor))
    taken = attrs.evolve(LINE, id="crl_2", line="lin_2", amount=eur(99))

    with pytest.raises(ValueError, match="it needs 0 at least"):
        attrs.evolve(NOTE, lines=(charging,))
    if minor == -1:
        assert eur(98) == attrs.evolve(NOTE, lines=(charging, taken)).total
        swapped = attrs.evolve(NOTE, lines=(charging, attrs.evolve(taken, amount=eur(1))))
        assert eur(0) == swapped.total
        assert () == postings(swapped, at=AT)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"id": ""}, "credit note id"),
        ({"reason": ""}, "credit note reason"),
        ({"lines": ()}, "one line at least"),
        ({"lines": [LINE]}, "needs a tuple"),
        ({"currency": "GBP"}, "is in GBP; a line of it is not"),
        ({"lines": (LINE, LINE)}, "has a line twice"),
        ({"lines": (LINE, attrs.evolve(LINE, id="crl_2"))}, "has a line twice"),
        ({"status": "issued"}, "is 'issued'; it is one of draft, pending_approval, "),
    ],
)
def test_note_is_valid_from_birth(fields: dict[str, Any], message: str) -> None:
    """A note that cannot be is refused where it is made."""
    with pytest.raises(ValueError, match=message):
        attrs.evolve(NOTE, **fields)


def test_a_note_is_of_an_invoice_or_imported() -> None:
    """It names the invoice it credits, or the reference it was imported with; never neither."""
    note = note_of(invoice(5_000), 5_000)

    with pytest.raises(ValueError, match="the invoice it credits, or the reference"):
        attrs.evolve(note, invoice=None)


@pytest.mark.parametrize("fields", [{"on": "2026-10-05"}, {"amount": 50.0}])
def test_credit_lines_are_checked(fields: dict[str, Any]) -> None:
    """A day is a date, and what is given back is Money."""
    with pytest.raises(TypeError):
        attrs.evolve(note_of(invoice(5_000), 5_000).lines[0], **fields)


# ---- what other invoices gave back ---------------------------------------------------------------
def given_back(minor: int, *, on: date = ON, id: str = "inv_2", status: str = "issued") -> Invoice:
    """Return an invoice of 50.00 that gives so much back of s1, on a line of its own."""
    new = line("s9", item="piano", on=on, price=Rate.of(eur(5_000)))
    back = line("s1", item="maths", on=on, price=Rate.of(eur(-minor)), part="back")
    made = Invoice(
        id=id,
        customer="ana",
        currency="EUR",
        lines=(new, attrs.evolve(back, gives_back="first")),
    )
    made = issue_invoice(made, on=on, due_on=on, at=AT).invoice
    return attrs.evolve(made, status=status)


def contracted(*minors: int) -> Invoice:
    """Return the invoice with parts, as those of contracts have."""
    one = invoice(*minors)
    return attrs.evolve(one, lines=tuple(attrs.evolve(li, part="first") for li in one.lines))


def test_what_another_invoice_gave_back_is_not_left() -> None:
    """Of 50.00, 20.00 were taken off a later invoice: 30.00 are left, to whoever is told of it."""
    one, two = contracted(5_000, 5_000), given_back(2_000)
    left = creditable(one, (), others=[one, two])

    assert [3_000, 5_000] == [left[li.id].minor for li in one.lines]
    assert [5_000, 5_000] == [each.minor for each in creditable(one, ()).values()]
    assert eur(8_000) == draft(one, left, earlier=(), others=[two], reason="goodwill").total
    with pytest.raises(OverCredited, match=r"and 20\.00 EUR is credited; 30\.01 EUR asked exceeds"):
        draft(one, asking(one, 3_001), earlier=(), others=[two], reason="goodwill")


def test_all_that_another_invoice_gave_back_leaves_nothing() -> None:
    """50.00 went back there, and 60.00 if something went wrong before."""
    one = contracted(5_000)

    assert {} == creditable(one, (), others=[given_back(5_000)])
    noted = issued(one, 1_000).note
    assert {} == creditable(one, [noted], others=[given_back(5_000)])


@pytest.mark.parametrize(
    "other",
    [
        given_back(2_000, status="void"),
        given_back(2_000, status="draft"),
        given_back(2_000, on=date(2026, 10, 31)),
        invoice(2_000),
    ],
    ids=["void", "draft", "before it was billed", "gives nothing back"],
)
def test_what_took_nothing_off_takes_no_room(other: Invoice) -> None:
    """Nobody was given that, or it was of what the invoice replaces."""
    one = attrs.evolve(contracted(5_000), id="inv_3")

    assert [5_000] == [each.minor for each in creditable(one, (), others=[other]).values()]


def test_what_was_taken_back_is_left_again() -> None:
    """The other invoice is credited in full, its line below zero as well: 50.00 are left."""
    one, two = contracted(5_000), given_back(2_000)
    full = draft(two, creditable(two, ()), earlier=(), reason="a mistake")
    note = issue(full, on=ON, at=AT, invoice=two).note

    assert [5_000] == [each.minor for each in creditable(one, [note], others=[two]).values()]
    again = draft(one, asking(one, 5_000), earlier=[note], others=[two], reason="goodwill")
    assert draft(one, asking(one, 5_000), earlier=(), reason="goodwill") == again


def test_approval_looks_at_what_others_gave_back_meanwhile() -> None:
    """A draft of 50.00 fits; once 20.00 were given back elsewhere, it is not approved."""
    one = contracted(5_000)
    written = submit(draft(one, asking(one, 5_000), earlier=(), reason="x", by="maria")).note

    with pytest.raises(
        OverCredited, match=r"20\.00 EUR is credited; 50\.00 EUR asked exceeds 30\.00"
    ):
        approve(written, by="pedro", on=ON, at=AT, invoice=one, others=[given_back(2_000)])


def test_what_others_gave_back_counts_as_credited_in_full() -> None:
    """30.00 by a note and 20.00 on another invoice: all of 50.00, so it is written anew."""
    one, two = contracted(5_000), given_back(2_000)
    note = issued(one, 3_000).note

    assert one.id == reissue(one, one.lines, notes=[note], others=[two]).corrects


def test_by_how_much_a_note_exceeds_its_invoice() -> None:
    """50.00 of an invoice of 30.00, of which 10.00 went back: 30.00 too much; 20.00 fit."""
    two = given_back(2_000)
    earlier = (issued(two, 1_000).note,)

    assert eur(2_000) == excess(two, asking(two, 4_000), earlier=earlier)
    assert eur(0) == excess(two, asking(two, 2_000), earlier=earlier)


@pytest.mark.parametrize("amount", [eur(0), eur(-1), 1])
def test_a_correction_gave_back_something(amount: Any) -> None:
    """A note documents what was given back, and nothing and less than nothing never was."""
    with pytest.raises(ValueError, match="gave back Money above 0"):
        Given("jrn_1", amount)
