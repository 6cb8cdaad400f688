"""Verification of discounts, taxes, void documents and credit notes: sound and edited books."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain import credit_notes, invoices
from ledgerkit.domain.changes import Number
from ledgerkit.domain.credit_notes import CreditNote, creditable
from ledgerkit.domain.discounts import Coupon, Discount
from ledgerkit.domain.invoices import Invoice, by_hand, discounted, line, rated_line, taxed
from ledgerkit.domain.ledger import Journal, Posted
from ledgerkit.domain.money import Money, Rate
from ledgerkit.domain.periods import Period
from ledgerkit.domain.pricing import Rated, rated, unbilled
from ledgerkit.domain.proration import share, unused
from ledgerkit.domain.tax import RATE, Tax, TaxRate, TaxRounding, summed
from ledgerkit.domain.verification import Checked, invoice_problems, number_problems
from tests.domain.billing_run.test_returns import discounted_month, goodwill
from tests.domain.billing_run.world import session
from tests.domain.test_verification import problems

ON = date(2026, 11, 1)
DAY = timedelta(days=1)
AT = datetime(2026, 11, 1, 6, tzinfo=UTC)
RATES = (TaxRate(Fraction(1, 5), date(2020, 1, 1)),)
VAT = Tax(id="vat", code="vat", rates=RATES)
INSIDE = Tax(id="in", code="in", rates=RATES, inclusive=True)


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


def draft(*taxes: Tax) -> Invoice:
    """Return 100.00 and 50.00 with 10 % off and *taxes*."""
    lines = [
        line(f"x{n}", item="x", on=ON, price=Rate.of(eur(m))) for n, m in enumerate([10000, 5000])
    ]
    made = by_hand("1", customer="ana", lines=lines, on=ON)
    made = discounted(made, [Coupon(id="TEN", percent=Fraction(1, 10))], on=ON)
    return taxed(made, {"": taxes})


def books(*journals: Journal) -> Checked:
    """Return what a pass over *journals* adds up to."""
    checked = Checked()
    for n, journal in enumerate(journals, 1):
        checked.feed(Posted(journal=journal, sequence=n, recorded_at=AT, changes="k"))
    return checked


def issued(*taxes: Tax) -> tuple[Invoice, tuple[Journal, ...]]:
    """Return an issued invoice and its journals."""
    done = invoices.issue(draft(*taxes), on=ON, due_on=ON, at=AT)
    return done.invoice, done.journals


def codes(invoice: Invoice, notes: Iterable[CreditNote], *journals: Journal) -> list[str]:
    """Return what is wrong with *invoice*."""
    return [problem.code for problem in invoice_problems(invoice, notes, books(*journals))]


def credited(of: Invoice, *minors: int) -> credit_notes.Credited:
    """Return a note over so much of each line, or over all of it."""
    asked = {li.id: eur(m) for li, m in zip(of.lines, minors, strict=False)}
    note = credit_notes.draft(of, asked or creditable(of, ()), earlier=(), reason="a mistake")
    return credit_notes.issue(note, on=ON, at=AT, invoice=of)


@pytest.mark.parametrize(
    "taxes", [(), (VAT,), (INSIDE,), (VAT, INSIDE)], ids=["none", "added", "included", "both"]
)
def test_sound_documents(taxes: tuple[Tax, ...]) -> None:
    """Discounted, taxed, credited in part or in full: everything holds."""
    invoice, journals = issued(*taxes)
    part, whole = credited(invoice, 10_00), credited(invoice)

    assert [] == codes(invoice, [], *journals)
    assert [] == codes(invoice, [part.note], *journals, *part.journals)
    assert [] == codes(invoice, [whole.note], *journals, *whole.journals)


@pytest.mark.parametrize(
    ("expected", "rated_at"),
    [
        (1, rated(Fraction(1, 3), "EUR", quantity=Fraction(1), after=Fraction(1, 3))),
        (0, unused(eur(1), share(ON + DAY, ON + 2 * DAY, Period(ON, ON + 2 * DAY)))),
        (-1, unbilled(rated(Fraction(3, 2), "EUR", quantity=Fraction(3)), eur(3))),
        (2, rated(Fraction(2), "EUR", quantity=Fraction(1), trace=(("after", "lunch"),))),
        (2, rated(Fraction(2), "EUR", quantity=Fraction(1), trace=(("after", "1/0"),))),
    ],
    ids=["continued", "given back", "billed before", "a word", "no number"],
)
def test_line_that_goes_on_where_others_ended(expected: int, rated_at: Rated) -> None:
    """Only the sum is rounded: a third after a third is a cent, half of a cent is no credit."""
    lines = [
        rated_line("x1", rated_at, item="x", on=ON),
        line("x2", item="x", on=ON, price=Rate.of(eur(9))),
    ]
    draft = by_hand("1", customer="ana", lines=lines, on=ON)
    done = invoices.issue(draft, on=ON, due_on=ON, at=AT)

    assert expected == done.invoice.lines[0].amount.minor
    assert [] == codes(done.invoice, [], *done.journals)


def test_line_that_is_all_tax_is_not_credited() -> None:
    """A cent whose share of the tax is a cent has a net of nothing, and so has what is credited."""
    lines = [line(f"x{n}", item="x", on=ON, price=Rate.of(eur(1))) for n in range(4)]
    made = by_hand("1", customer="ana", lines=lines, on=ON)
    made = taxed(made, {"": (INSIDE,)}, rounding=TaxRounding(RATE))
    done = invoices.issue(made, on=ON, due_on=ON, at=AT)

    assert [0, 1, 1, 1] == [each.net.minor for each in done.invoice.lines]
    assert [] == codes(done.invoice, [], *done.journals)


def test_void_documents_are_sound() -> None:
    """What was void moved nothing in the end; a void one that still stands is found."""
    invoice, journals = issued(VAT)
    voided = invoices.void(invoice, paid=eur(0), credited=eur(0), on=ON, at=AT)
    done = credited(invoice, 10_00)
    undone = credit_notes.void(done.note, on=ON, at=AT, invoice=invoice, paid=eur(0))

    assert [] == codes(voided.invoice, [], *journals, *voided.journals)
    assert [] == codes(invoice, [undone.note], *journals, *done.journals, *undone.journals)
    assert ["charge_differs", "discount_differs", "tax_differs"] == codes(
        voided.invoice, [], *journals
    )
    assert ["credit_differs", "credit_differs"] == codes(
        invoice, [undone.note], *journals, *done.journals
    )


def test_a_discount_that_differs() -> None:
    """What coupons took off was not posted."""
    invoice, journals = issued()
    without = [journal for journal in journals if journal.kind != "invoice.discounted"]

    assert ["discount_differs"] == codes(invoice, [], *without)


def test_a_tax_that_is_not_what_its_rate_says() -> None:
    """Line and document agree with each other, and with no rate."""
    invoice, journals = issued(VAT)
    first = invoice.lines[0]
    taxes = (attrs.evolve(first.taxes[0], amount=eur(1)),)
    lines = (attrs.evolve(first, taxes=taxes), *invoice.lines[1:])
    edited = attrs.evolve(invoice, lines=lines, taxes=summed(t for li in lines for t in li.taxes))

    assert ["tax_differs", "tax_differs"] == codes(edited, [], *journals)


def test_a_tax_that_is_owed_to_nobody() -> None:
    """A tax in the price must leave the platform for the state."""
    invoice, journals = issued(INSIDE)
    without = [journal for journal in journals if journal.kind != "invoice.taxed"]

    assert ["tax_differs"] == codes(invoice, [], *without)


def test_more_is_credited_than_the_invoice_came_to() -> None:
    """A note over the whole, twice, exceeds its lines and its total."""
    invoice, journals = issued(VAT)
    one = credited(invoice)
    two = attrs.evolve(one.note, id="crn_2")

    assert [
        "over_credited",  # the first line
        "over_credited",  # the second line
        "credit_differs",  # only one of the two notes has a journal
        "over_credited",  # the whole
        "credit_differs",  # and its taxes
    ] == codes(invoice, [one.note, two], *journals, *one.journals)


def test_a_line_credited_without_its_tax() -> None:
    """When all of a line went back, all of its tax did."""
    invoice, journals = issued(VAT)
    done = credited(invoice)
    lines = tuple(attrs.evolve(li, taxes=()) for li in done.note.lines)
    bare = attrs.evolve(done.note, lines=lines, taxes=(), applied=None)

    assert ["credit_differs"] * 3 == codes(invoice, [bare], *journals, *done.journals)


def test_taxes_of_a_note_that_differ() -> None:
    """The note says that the state owes it back, and its journal does not."""
    invoice, journals = issued(VAT)
    done = credited(invoice, 10_00)
    (journal,) = done.journals
    legs = tuple(
        attrs.evolve(e, wallet=e.wallet.replace("liability:tax:vat", "platform:other"))
        for e in journal.entries
    )

    assert ["credit_differs"] == codes(
        invoice, [done.note], *journals, attrs.evolve(journal, entries=legs)
    )


def test_a_host_may_tax_the_whole() -> None:
    """Taxes that stand on no line are not worked out anew."""
    made = draft()
    host = attrs.evolve(made, taxes=(VAT.on(ON).of(made.net, eur(7)),))
    done = invoices.issue(host, on=ON, due_on=ON, at=AT)

    assert [] == codes(done.invoice, [], *done.journals)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"status": "void", "issued_on": None, "number": None}, []),
        ({"status": "void", "number": None}, ["number_differs"]),
        ({"status": "paid", "number": None}, ["number_differs"]),
    ],
    ids=["thrown away", "void", "paid"],
)
def test_what_needs_a_number(fields: dict[str, Any], expected: list[str]) -> None:
    """A draft that was thrown away never had one; a void invoice keeps its own."""
    invoice = attrs.evolve(issued()[0], **fields)

    assert expected == [problem.code for problem in number_problems([], [invoice])]


@pytest.mark.parametrize("status", ["draft", "pending_approval", "rejected"])
def test_notes_without_a_number(status: str) -> None:
    """Nothing is drawn before a note is approved."""
    note = attrs.evolve(credited(issued()[0], 1).note, status=status, applied=None)
    drawn = Number("CN", 1, "CN-1", note.id)

    assert () == number_problems([], [note])
    assert () == number_problems([drawn], [attrs.evolve(note, status="applied", number="CN-1")])


@given(st.lists(st.integers(0, 6_000), min_size=1, max_size=4), st.booleans())
def test_whatever_is_credited_holds(minors: list[int], inside: bool) -> None:
    """Any notes within what is left leave sound books."""
    invoice, journals = issued(INSIDE if inside else VAT)
    notes: list[CreditNote] = []
    for minor in minors:
        left = creditable(invoice, notes)
        asked = {id: min(eur(minor), amount) for id, amount in left.items() if minor}
        if asked:
            note = credit_notes.draft(invoice, asked, earlier=notes, reason="a mistake")
            done = credit_notes.issue(note, on=ON, at=AT, invoice=invoice, earlier=notes)
            notes.append(done.note)
            journals += done.journals

    assert [] == codes(invoice, notes, *journals)


def test_a_discount_is_named() -> None:
    """The document says which coupon took it off."""
    assert (Discount("TEN", "TEN", eur(15_00), Fraction(1, 10)),) == draft().discounts


@pytest.mark.parametrize(("percent", "cents"), [(10, 0), (10, 1_000), (10, 4_500), (100, 0)])
def test_sessions_taken_back_hold(percent: int, cents: int) -> None:
    """Discounted, taxed, credited by hand and un-approved: books and documents agree."""
    world = discounted_month(percent)
    if cents:
        goodwill(world, cents)
    world.tell(session(1, 1, approved=False))
    world.run(AT + timedelta(days=30))

    assert [] == problems(world)
