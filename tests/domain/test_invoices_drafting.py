"""Drafts: written by hand, discounted and taxed before anything is posted; then what is posted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.discounts import Coupon, CouponUsedUp, Discount
from ledgerkit.domain.invoices import (
    Invoice,
    Line,
    TaxNotNamed,
    by_hand,
    coupon_uses,
    discounted,
    issue,
    line,
    supplement,
    taxed,
)
from ledgerkit.domain.ledger import Entry, Journal, net_of
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import Money, Rate
from ledgerkit.domain.periods import Period
from ledgerkit.domain.tax import (
    DOCUMENT,
    LINE,
    NET,
    RATE,
    REVERSE_CHARGE,
    TAX,
    NoTaxRate,
    Tax,
    TaxAmount,
    TaxRate,
    TaxRounding,
)

ON, DUE = date(2026, 11, 1), date(2026, 11, 15)
AT = datetime(2026, 11, 1, 6, tzinfo=UTC)
OCTOBER = Period.month(2026, 10)


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


def item(source: str, minor: int, **more: Any) -> Line:
    """Return a line of one thing, of its own kind."""
    given: dict[str, Any] = {"kind": source} | more
    return line(source, item=source, on=date(2026, 10, 5), price=Rate.of(eur(minor)), **given)


def draft(*lines: Line) -> Invoice:
    """Return a draft for ana, written by hand."""
    return by_hand("1", customer="ana", lines=lines, on=ON)


def vat(percent: int, code: str = "vat", *, since: date = date(2020, 1, 1), **more: Any) -> Tax:
    """Return a tax of one rate."""
    rate = TaxRate(Fraction(percent, 100), since)
    return Tax(id=f"{code}-{percent}", code=code, rates=(rate,), **more)


TEN_OFF = Coupon(id="TEN", amount=eur(10_00))


# ---- by hand ---------------------------------------------------------------------------------
def test_an_invoice_written_by_hand() -> None:
    """Free lines, a key of its own, and no period; written again it is the same draft."""
    one = draft(item("Consulting", 80_00, quantity=Fraction(3, 2)), item("Travel", 12_50))

    assert one == draft(*one.lines)
    assert (eur(132_50), "draft", "", None, "EUR") == (
        one.total,
        one.status,
        one.cycle,
        one.period,
        one.currency,
    )
    assert one.id != by_hand("2", customer="ana", lines=one.lines, on=ON).id


def test_a_line_by_hand_has_days_and_a_kind() -> None:
    """What is written by hand can be for a period, and taxed by its kind."""
    charged = item("Hosting", 5_00, period=OCTOBER, kind="subscription")

    assert (OCTOBER, "subscription") == (charged.period, charged.kind)


def test_an_invoice_of_nothing_is_none() -> None:
    """Somebody who charges nothing writes no invoice."""
    with pytest.raises(ValueError, match="one line at least"):
        draft()


# ---- supplements -----------------------------------------------------------------------------
def test_a_supplement_adds_to_an_issued_invoice() -> None:
    """It names the invoice, has its period and its own number; the invoice is not touched."""
    first = attrs.evolve(draft(item("a", 1_00)), cycle="calendar", period=OCTOBER, issued_on=ON)
    added = supplement(first, [item("b", 2_00)], part=1)

    assert (first.id, 1, "calendar", OCTOBER, eur(2_00), "draft") == (
        added.supplements,
        added.part,
        added.cycle,
        added.period,
        added.total,
        added.status,
    )
    assert added.id != supplement(first, [item("b", 2_00)], part=2).id


@pytest.mark.parametrize("part", [0, -1, True, "1"])
def test_a_supplement_is_a_part(part: Any) -> None:
    """Part 0 is the invoice itself."""
    with pytest.raises(ValueError, match="a supplement is part 1 or above"):
        supplement(draft(item("a", 1)), [item("b", 1)], part=part)


# ---- discounts and taxes ---------------------------------------------------------------------
BUSINESS = {"subscription": [vat(10)], "transfers": [vat(0)], "": [vat(20)]}


def subscription() -> Invoice:
    """Return 100.00, 50.00, 30.00 and 20.00 with 10.00 off, taxed 10, 0, 20 and 20 %."""
    lines = [("subscription", 100_00), ("transfers", 50_00), ("cards", 30_00), ("true_up", 20_00)]
    plain = draft(*(item(source, minor) for source, minor in lines))
    return taxed(discounted(plain, [TEN_OFF], on=ON), BUSINESS)


def test_a_coupon_before_taxes() -> None:
    """Lines of 100 @10 %, 50 @0 %, 30 and 20 @20 % with 10.00 off come to 209.00 (spec: 7)."""
    made = subscription()

    assert [5_00, 2_50, 1_50, 1_00] == [(li.amount - li.discounted).minor for li in made.lines]
    assert [9_50, 0, 5_70, 3_80] == [li.tax.minor for li in made.lines]
    assert [104_50, 47_50, 34_20, 22_80] == [li.gross.minor for li in made.lines]
    assert (eur(200_00), eur(10_00), eur(190_00), eur(19_00), eur(209_00)) == (
        made.subtotal,
        made.discount,
        made.net,
        made.tax,
        made.total,
    )
    assert (Discount("TEN", "TEN", eur(10_00)),) == made.discounts


@pytest.mark.parametrize(("level", "total"), [(LINE, 335_00), (RATE, 334_99), (DOCUMENT, 334_99)])
def test_the_rounding_is_recorded(level: str, total: int) -> None:
    """68.33, 68.33, 57.50 and 85.00 at 20 % by level, which stands on the invoice (spec: 7)."""
    plain = draft(*(item(f"x{n}", m) for n, m in enumerate([68_33, 68_33, 57_50, 85_00])))
    made = taxed(plain, {"": [vat(20)]}, rounding=TaxRounding(level))

    assert (eur(total), level) == (made.total, made.tax_rounding.level)


def test_prices_that_include_tax() -> None:
    """2.99 with 4 % in it stays 2.99 to pay, 2.87 of it net (spec: billing 7)."""
    made = taxed(draft(item("book", 2_99)), {"": [vat(4, inclusive=True)]})

    assert (eur(2_99), eur(2_87), eur(12), eur(2_99)) == (
        made.subtotal,
        made.net,
        made.tax,
        made.total,
    )
    assert (eur(2_87), eur(2_99)) == (made.lines[0].net, made.lines[0].gross)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, 16),
        ({"tax_point": date(2026, 11, 1)}, 19),
        ({"line": date(2026, 11, 5)}, 16),
        ({"line_period": Period.month(2026, 11)}, 19),
        ({"period": None}, 16),
        ({"period": None, "line": date(2026, 11, 5)}, 19),
    ],
    ids=["end of period", "given", "not its day", "its own period", "its day", "its later day"],
)
def test_the_tax_point(fields: Mapping[str, Any], expected: int) -> None:
    """19 % from 1 November: October is taxed with 16 %, by its last day (spec: billing 7)."""
    rates = (TaxRate(Fraction(16, 100), date(2026, 1, 1)), TaxRate(Fraction(19, 100), ON))
    charged = line(
        "x",
        item="x",
        on=fields.get("line", date(2026, 10, 5)),
        price=Rate.of(eur(100)),
        period=fields.get("line_period"),
    )
    plain = attrs.evolve(draft(charged), period=fields.get("period", OCTOBER))
    made = taxed(
        plain, {"": [Tax(id="t", code="t", rates=rates)]}, tax_point=fields.get("tax_point")
    )

    assert Fraction(expected, 100) == made.taxes[0].rate


def test_lines_of_one_kind_have_the_rate_of_their_own_day() -> None:
    """20 % until September, 21 % since; it is the day of each line that counts, not the first's."""
    rates = tuple(
        TaxRate(Fraction(percent, 100), date(2026, month, 1))
        for percent, month in ((20, 1), (21, 10))
    )
    lines = [
        attrs.evolve(item("x", 100), id=f"l{n}", on=date(2026, month, 5))
        for n, month in enumerate((9, 10, 9, 10))
    ]
    made = taxed(draft(*lines), {"": [Tax(id="t", code="t", rates=rates)]})

    assert [20, 21, 20, 21] == [each.tax.minor for each in made.lines]


def test_a_tax_is_never_forgotten() -> None:
    """A kind that no taxes are named for is refused; none is said with none."""
    with pytest.raises(TaxNotNamed, match="of kind 'travel', which no tax is named for"):
        taxed(draft(item("travel", 1_00)), {"usage": [vat(20)]})

    assert () == taxed(draft(item("travel", 1_00)), {"travel": []}).taxes


def test_a_tax_without_a_rate_yet() -> None:
    """A tax point before the first rate is an error, not zero."""
    with pytest.raises(NoTaxRate):
        taxed(draft(item("x", 1)), {"": [vat(20, since=ON)]}, tax_point=date(2026, 10, 31))


def test_what_a_package_paid_for_is_not_taxed_again() -> None:
    """The package was taxed when it was sold."""
    covered = attrs.evolve(item("s1", 45_00), amount=eur(0), package="p1", journal="jrn_1")
    made = taxed(draft(covered, item("x", 100)), {"": [vat(20)]})

    assert ((), 1) == (made.lines[0].taxes, len(made.lines[1].taxes))


def test_reverse_charge_says_why() -> None:
    """0.00 of tax with its reason stands on the document, and is posted nowhere."""
    tax = Tax(id="rc", code="vat", treatment=REVERSE_CHARGE, reason="Article 196")
    made = taxed(draft(item("x", 100)), {"": [tax]})

    assert ("Article 196", REVERSE_CHARGE, eur(100), eur(100)) == (
        made.taxes[0].reason,
        made.taxes[0].treatment,
        made.taxes[0].base,
        made.total,
    )
    assert ["invoice.charged"] == [journal.kind for journal in posted(made)]


def test_drafting_is_for_drafts() -> None:
    """What is issued is neither discounted nor taxed any more."""
    done = issue(draft(item("x", 100)), on=ON, due_on=DUE, at=AT).invoice

    with pytest.raises(IllegalTransition):
        discounted(done, [TEN_OFF], on=ON)
    with pytest.raises(IllegalTransition):
        taxed(done, {"": []})


def test_discounts_come_before_tax() -> None:
    """A coupon on top of computed taxes would leave them wrong."""
    with pytest.raises(ValueError, match="is taxed; take discounts off first"):
        discounted(subscription(), [TEN_OFF], on=ON)


def test_a_coupon_is_counted_by_documents() -> None:
    """Issued invoices count, one each; drafts and void ones do not."""
    done = issue(subscription(), on=ON, due_on=DUE, at=AT).invoice
    invoices = [done, attrs.evolve(done, status="void"), subscription()]
    once = attrs.evolve(TEN_OFF, times=1)

    assert {"TEN": 1} == dict(coupon_uses(invoices))
    with pytest.raises(CouponUsedUp):
        discounted(draft(item("x", 1)), [once], on=ON, uses=coupon_uses(invoices))


# ---- what cannot be --------------------------------------------------------------------------
TWENTY = TaxAmount("vat", Fraction(1, 5), eur(100), eur(20))


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"discount": eur(0)}, ValueError),
        ({"discount": eur(101)}, ValueError),
        ({"discount": eur(-1)}, ValueError),
        ({"amount": eur(-100), "discount": eur(1)}, ValueError),
        ({"taxes": [TWENTY]}, TypeError),
        ({"taxes": (20,)}, TypeError),
        ({"taxes": (attrs.evolve(TWENTY, amount=Money(20, "GBP")),)}, ValueError),
    ],
)
def test_line_is_valid_from_birth(fields: dict[str, Any], error: type[Exception]) -> None:
    """No more is taken off a line than it is, and its taxes are in its currency."""
    with pytest.raises(error):
        attrs.evolve(item("x", 100), **fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"discounts": ()}, "takes off 0.00 EUR, its lines something else"),
        ({"discounts": (Discount("a", "a", eur(1)),)}, "takes off 0.01 EUR"),
        ({"discounts": (Discount("a", "a", Money(10_00, "GBP")),)}, "a line, discount or tax"),
        ({"taxes": ()}, "has other taxes than its lines together"),
        ({"taxes": (TWENTY,)}, "has other taxes than its lines together"),
    ],
)
def test_invoice_says_what_its_lines_say(fields: dict[str, Any], message: str) -> None:
    """Discounts and taxes of a document are those of its lines."""
    with pytest.raises(ValueError, match=message):
        attrs.evolve(subscription(), **fields)


# ---- what is posted --------------------------------------------------------------------------
def posted(made: Invoice) -> tuple[Journal, ...]:
    """Return the journals of issuing it."""
    return issue(made, on=ON, due_on=DUE, at=AT).journals


def legs(made: Invoice) -> dict[str, tuple[Entry, ...]]:
    """Return the legs of each journal by its kind."""
    return {journal.kind: journal.entries for journal in posted(made)}


def test_issuing_posts_discounts_and_taxes() -> None:
    """The charge in full, what coupons take off, and the taxes; the platform bears coupons."""
    assert {
        "invoice.charged": (Entry("customer:ana", eur(-200_00)), Entry("platform", eur(200_00))),
        "invoice.discounted": (Entry("customer:ana", eur(10_00)), Entry("platform", eur(-10_00))),
        "invoice.taxed": (
            Entry("customer:ana", eur(-19_00)),
            Entry("liability:tax:vat", eur(9_50)),
            Entry("liability:tax:vat", eur(9_50)),
        ),
    } == legs(subscription())


def test_discount_on_a_line_that_a_session_posted() -> None:
    """The session charged 50.00; issuing posts the difference, and the tutor's pay stays."""
    session = attrs.evolve(item("s1", 50_00), journal="jrn_session")
    made = taxed(discounted(draft(session), [TEN_OFF], on=ON), {"": [vat(20)]})

    assert {
        "invoice.discounted": (Entry("customer:ana", eur(10_00)), Entry("platform", eur(-10_00))),
        "invoice.taxed": (Entry("customer:ana", eur(-8_00)), Entry("liability:tax:vat", eur(8_00))),
    } == legs(made)


def test_a_tax_in_the_price_comes_out_of_the_charge() -> None:
    """121.00 was charged, by whomever; 21.00 of it are the state's and not the platform's."""
    session = attrs.evolve(item("s1", 121_00), journal="jrn_session")
    made = taxed(draft(session), {"": [vat(21, inclusive=True)]})

    assert {
        "invoice.taxed": (Entry("liability:tax:vat", eur(21_00)), Entry("platform", eur(-21_00)))
    } == legs(made)


CHARGES = st.lists(
    st.tuples(st.integers(0, 500_00), st.sampled_from([None, "jrn_elsewhere"])),
    min_size=1,
    max_size=5,
)
COUPONS = st.lists(
    st.sampled_from([TEN_OFF, Coupon(id="THIRD", percent=Fraction(1, 3))]), unique=True
)
TAXES: st.SearchStrategy[Sequence[Tax]] = st.lists(
    st.sampled_from([vat(20), vat(7, "b"), vat(21, "c", inclusive=True)]), unique=True
)
ROUNDINGS = st.builds(
    TaxRounding, st.sampled_from([LINE, RATE, DOCUMENT]), st.sampled_from([TAX, NET])
)


@given(CHARGES, COUPONS, TAXES, ROUNDINGS)
def test_what_is_posted_is_what_the_document_says(
    charges: list[tuple[int, str | None]],
    coupons: list[Coupon],
    taxes: Sequence[Tax],
    rounding: TaxRounding,
) -> None:
    """With what was posted before, the customer owes the total and the state gets the taxes."""
    lines = (item(f"x{n}", m, journal=j) for n, (m, j) in enumerate(charges))
    made = taxed(discounted(draft(*lines), coupons, on=ON), {"": taxes}, rounding=rounding)
    before = sum(minor for minor, journal in charges if journal)
    moved = net_of(entry for journal in posted(made) for entry in journal.entries)
    owed = {tax.wallet for tax in made.taxes}

    assert made.total.minor == before - moved["customer:ana", "EUR"]
    assert made.tax.minor == sum(moved[wallet, "EUR"] for wallet in owed)
    assert made.net.minor == before + moved["platform", "EUR"]
    assert made.total == made.net + made.tax
    assert sum(li.gross.minor for li in made.lines) == made.total.minor
