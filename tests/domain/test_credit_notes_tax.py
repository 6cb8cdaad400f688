"""Taxes of credit notes: the complement of what is kept, so that credits mirror the invoice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.credit_notes import CreditNote, creditable, draft, issue
from ledgerkit.domain.discounts import Coupon
from ledgerkit.domain.invoices import Invoice, Issued, by_hand, discounted, line, taxed
from ledgerkit.domain.invoices import issue as issue_invoice
from ledgerkit.domain.ledger import Entry, Event, Journal, net_of
from ledgerkit.domain.money import Money, Rate
from ledgerkit.domain.tax import (
    DOCUMENT,
    LINE,
    NET,
    RATE,
    TAX,
    Tax,
    TaxAmount,
    TaxRate,
    TaxRounding,
)

ON, DUE = date(2026, 11, 1), date(2026, 11, 15)
AT = datetime(2026, 11, 1, 6, tzinfo=UTC)


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


def vat(percent: int, code: str = "vat", **more: Any) -> Tax:
    """Return a tax of one rate."""
    rate = TaxRate(Fraction(percent, 100), date(2020, 1, 1))
    return Tax(id=f"{code}-{percent}", code=code, rates=(rate,), **more)


def issued(
    amounts: Sequence[int],
    taxes: Sequence[Tax],
    *coupons: Coupon,
    rounding: TaxRounding | None = None,
    **more: Any,
) -> Issued:
    """Issue an invoice with a line for each amount; *more* is for its lines."""
    lines = [
        line(f"x{n}", item="x", on=ON, price=Rate.of(eur(m)), **more) for n, m in enumerate(amounts)
    ]
    made = discounted(by_hand("1", customer="ana", lines=lines, on=ON), coupons, on=ON)
    made = taxed(made, {"": taxes}, rounding=rounding or TaxRounding())
    return issue_invoice(made, on=ON, due_on=DUE, at=AT)


def credit(of: Invoice, asked: Sequence[int], notes: Sequence[CreditNote] = ()) -> CreditNote:
    """Return the note over so much net of each line."""
    given = {li.id: eur(m) for li, m in zip(of.lines, asked, strict=False) if m}
    note = draft(of, given, earlier=notes, reason="a mistake")
    return issue(note, on=ON, at=AT, invoice=of, earlier=notes).note


def test_a_note_has_its_taxes() -> None:
    """30 net of 100 + 20 are 36.00 (spec: billing 7)."""
    note = credit(issued([100_00], [vat(20)]).invoice, [30_00])

    assert (eur(30_00), eur(6_00), eur(36_00)) == (note.net, note.tax, note.total)
    assert (TaxAmount("vat", Fraction(1, 5), eur(30_00), eur(6_00)),) == note.taxes


@pytest.mark.parametrize(
    ("asked", "expected"),
    [([3, 3], [1, 2]), ([1, 1, 1, 1, 1, 1], [0, 1, 0, 1, 0, 1]), ([6], [3])],
    ids=["halves", "cents", "whole"],
)
def test_taxes_are_the_complement(asked: list[int], expected: list[int]) -> None:
    """0.06 with 0.03 of tax in any parts: what is kept is rounded, and the parts sum to 0.03."""
    of = issued([6], [vat(50)]).invoice
    notes: list[CreditNote] = []
    for net in asked:
        notes.append(credit(of, [net], notes))

    assert expected == [note.tax.minor for note in notes]


def test_taxes_are_those_of_the_approval() -> None:
    """Two drafts of a half: the second to be approved completes the tax of 0.03."""
    of = issued([6], [vat(50)]).invoice
    one, two = (draft(of, {of.lines[0].id: eur(3)}, earlier=(), reason="x") for _ in range(2))
    first = issue(one, on=ON, at=AT, invoice=of).note
    second = issue(attrs.evolve(two, id="crn_2"), on=ON, at=AT, invoice=of, earlier=[first]).note

    assert [1, 1] == [one.tax.minor, two.tax.minor]
    assert [1, 2] == [first.tax.minor, second.tax.minor]


def test_a_price_with_tax_in_it_goes_back() -> None:
    """2.99 with 4 % in it: 2.87 net and 0.12 of tax are 2.99 again."""
    note = credit(issued([2_99], [vat(4, inclusive=True)]).invoice, [2_87])

    assert (eur(12), eur(2_99)) == (note.tax, note.total)


def test_taxes_that_a_host_put_on_the_whole() -> None:
    """They are shared out by net: half of the net takes half of the tax with it."""
    of = issued([60_00, 40_00], []).invoice
    tax = TaxAmount("vat", Fraction(1, 5), eur(100_00), eur(20_00))
    host = attrs.evolve(of, taxes=(tax,))
    first = credit(host, [50_00])
    rest = credit(host, [10_00, 40_00], [first])

    assert (eur(10_00), eur(10_00)) == (first.tax, rest.tax)
    assert host.total == first.total + rest.total


def test_taxes_on_nothing_are_not_shared() -> None:
    """An invoice whose lines even out has no net to share taxes by."""
    of = attrs.evolve(
        issued([10, -10], []).invoice, taxes=(TaxAmount("fee", Fraction(0), eur(0), eur(5)),)
    )

    assert 0 == draft(of, {of.lines[0].id: eur(5)}, earlier=(), reason="x").tax.minor


def test_an_undone_charge_with_discount_and_tax() -> None:
    """A session of 50.00 with 5.00 off and 20 %: each has back what each gave, nothing more."""
    session = Journal(
        id="jrn_session",
        kind="session.charged",
        entries=(
            Entry("customer:ana", eur(-50_00)),
            Entry("supplier:tom", eur(30_00)),
            Entry("platform", eur(20_00)),
        ),
        effective_at=AT,
        event=Event("session", "x0"),
    )
    ten = Coupon(id="TEN", percent=Fraction(1, 10))
    done = issued([50_00], [vat(20)], ten, journal=session.id)
    of = done.invoice
    first = credit_plainly(of)
    asked = creditable(of, [first.note])
    note = draft(of, asked, earlier=[first.note], reason="not held")
    undone = issue(
        note,
        on=ON,
        at=AT,
        invoice=of,
        earlier=[first.note],
        undoes={of.lines[0].id: session},
    )
    everything = (session, *done.journals, *first.journals, *undone.journals)
    moved = net_of(entry for journal in everything for entry in journal.entries)

    assert (eur(54_00), eur(54_00)) == (of.total, first.note.total + undone.note.total)
    assert set() == {wallet for wallet, minor in moved.items() if minor}


def credit_plainly(of: Invoice) -> Any:
    """Give back 10.00 net of the first line."""
    note = draft(of, {of.lines[0].id: eur(10_00)}, earlier=(), reason="goodwill")
    return issue(note, on=ON, at=AT, invoice=of)


def test_a_note_that_undoes_it_all_posts_no_more() -> None:
    """Without discount and tax the reversal of the charge is the whole note."""
    session = Journal(
        id="jrn_session",
        kind="session.charged",
        entries=(Entry("customer:ana", eur(-50_00)), Entry("supplier:tom", eur(50_00))),
        effective_at=AT,
    )
    of = issued([50_00], [], journal=session.id).invoice
    note = draft(of, creditable(of, ()), earlier=(), reason="not held")
    done = issue(note, on=ON, at=AT, invoice=of, undoes={of.lines[0].id: session})

    assert [session.id] == [journal.reverses for journal in done.journals]


TAXES = st.lists(st.sampled_from([vat(20), vat(7, "b"), vat(21, "c", inclusive=True)]), unique=True)
COUPONS = st.lists(
    st.sampled_from([Coupon(id="TEN", amount=eur(10)), Coupon(id="THIRD", percent=Fraction(1, 3))]),
    unique=True,
)
ROUNDINGS = st.builds(
    TaxRounding, st.sampled_from([LINE, RATE, DOCUMENT]), st.sampled_from([TAX, NET])
)


@given(
    st.lists(st.integers(-50, 300), min_size=1, max_size=4).filter(lambda ms: sum(ms) > 60),
    TAXES,
    COUPONS,
    ROUNDINGS,
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 150)), max_size=5),
)
def test_a_full_set_of_credits_is_the_exact_mirror(
    amounts: list[int],
    taxes: list[Tax],
    coupons: list[Coupon],
    rounding: TaxRounding,
    parts: list[tuple[int, int]],
) -> None:
    """In whatever parts it is credited, every wallet is at zero at the end (users' row 4)."""
    done = issued(amounts, taxes, *coupons, rounding=rounding)
    of = done.invoice
    notes: list[CreditNote] = []
    journals = list(done.journals)
    asked = [{id: m} for n, m in parts for id in [li.id for li in of.lines][n : n + 1]]
    for each in asked:
        left = creditable(of, notes)
        given = {
            id: min(eur(m), left[id]) for id, m in each.items() if left.get(id, eur(0)) > eur(0)
        }
        owed = of.total.minor - sum(note.total.minor for note in notes)
        if given and 2 * sum(amount.minor for amount in given.values()) < owed:
            journals += _credit(of, given, notes)
    if rest := creditable(of, notes):
        journals += _credit(of, rest, notes)
    moved = net_of(entry for journal in journals for entry in journal.entries)

    assert set() == {wallet for wallet, minor in moved.items() if minor}
    assert of.tax.minor == sum(note.tax.minor for note in notes)
    assert of.total.minor == sum(note.total.minor for note in notes)


def _credit(
    of: Invoice, asked: Mapping[str, Money], notes: list[CreditNote]
) -> tuple[Journal, ...]:
    """Credit what is *asked*, add the note to *notes*, and return what it posted."""
    note = draft(of, asked, earlier=notes, reason="a mistake")
    done = issue(note, on=ON, at=AT, invoice=of, earlier=notes)
    notes.append(done.note)
    return done.journals
