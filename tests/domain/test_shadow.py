"""Shadow mode: two decisions side by side, and one beside what the system in use came to."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain import credit_notes, invoices, openings, payouts
from ledgerkit.domain.catalog import Catalog
from ledgerkit.domain.changes import Changes, Expect, Plan, changes_of, request
from ledgerkit.domain.credit_notes import CreditLine
from ledgerkit.domain.invoices import Invoice, Line
from ledgerkit.domain.money import Money, Rate
from ledgerkit.domain.openings import OpenInvoice
from ledgerkit.domain.payouts import Payout, PayoutLine
from ledgerkit.domain.periods import Period
from ledgerkit.domain.shadow import Compared, Diff, LegacyAmount, LegacyTotals, LineKey, diff
from ledgerkit.domain.tax import TaxAmount
from ledgerkit.testing.samples import NOON, OCTOBER, changes
from tests.domain.billing_run.world import (
    NOVEMBER_1,
    PRICE,
    World,
    eur,
    money,
    package,
    session,
    unapproved,
)

SESSIONS = tuple(session(n, n) for n in range(1, 5))
THE_MONTH = Period.parse("2026-10")


# ---- what is compared ------------------------------------------------------------------------
def charge(
    source: str,
    amount: Money,
    *,
    part: str = "",
    item: str = "flight",
    period: Period | None = None,
) -> Line:
    """Return the line that charges *amount* for *source*."""
    charged = invoices.line(source, item=item, on=OCTOBER, part=part, price=Rate.of(amount))
    return attrs.evolve(charged, id=f"lin_{source}_{part}_{item}", period=period)


def invoice(*lines: Line, id: str = "inv_1", customer: str = "ana", **fields: Any) -> Invoice:
    """Return a draft of *lines*."""
    currency = lines[0].amount.currency
    return Invoice(id=id, customer=customer, currency=currency, lines=lines, **fields)


def vat(amount: str, *, base: str) -> TaxAmount:
    """Return 20 % on *base*."""
    return TaxAmount(code="VAT", rate=Fraction(1, 5), base=eur(base), amount=eur(amount))


def decided(*records: Any, **fields: Any) -> Changes:
    """Return the changes that store *records*."""
    return changes("/".join(sorted(record.id for record in records)), records=records, **fields)


def billed(amounts: dict[str, str], **fields: Any) -> Changes:
    """Return the changes that charge euros by source, on one invoice."""
    lines = (charge(source, eur(amount)) for source, amount in amounts.items())
    return decided(invoice(*lines, **fields))


def payout_of(source: str, amount: Money) -> Payout:
    """Return the payout of *amount* to tom."""
    line = PayoutLine(
        journal=f"j-{source}",
        line=1,
        kind="session.charged",
        source=source,
        on=OCTOBER,
        amount=amount,
    )
    return payouts.preview("tom", (line,), currency=amount.currency, period=THE_MONTH)


def paid(source: str, amount: Money) -> Changes:
    """Return the changes that pay *amount* to tom."""
    return decided(payout_of(source, amount))


def legacy(*amounts: tuple[str, ...]) -> LegacyTotals:
    """Return (customer, euros, source, item) as told; without the last two if they are missing."""
    rows = ((*amount, "", "")[:4] for amount in amounts)
    return LegacyTotals(
        tuple(
            LegacyAmount(party=party, amount=eur(major), source=source, item=item)
            for party, major, source, item in rows
        )
    )


def told(lines: tuple[Compared, ...]) -> list[tuple[str, str, int | None, int | None, int]]:
    """Return (party, source, cents of a, cents of b, difference) of each of *lines*."""
    return [
        (
            line.key.party,
            line.key.source,
            None if line.a is None else line.a.minor,
            None if line.b is None else line.b.minor,
            line.difference.minor,
        )
        for line in lines
    ]


def test_a_decision_is_the_same_as_itself() -> None:
    """A run decided twice is one: every line matches, and nothing is left over."""
    world = World(sessions=SESSIONS)
    found = diff(world.plan(), world.plan())

    assert found.same
    assert 8 == len(found.matches)  # four sessions on an invoice and on a payout
    assert [("ana", "", 20000, 20000, 0), ("tom", "", 12000, 12000, 0)] == told(found.parties)
    assert [("", "", 20000, 20000, 0), ("", "", 12000, 12000, 0)] == told(found.totals)


def test_another_price() -> None:
    """Four lessons at 50.00 beside four at 55.00: each line and the customer, but no payout."""
    dearer = Catalog("catalog", (attrs.evolve(PRICE, charge=eur("55")),))
    found = diff(World(sessions=SESSIONS).plan(), World(sessions=SESSIONS, catalog=dearer).plan())

    assert not found.same
    assert [("ana", f"s{n}", 5000, 5500, -500) for n in range(1, 5)] == told(found.differences)
    assert [("ana", "", 20000, 22000, -2000)] == told(found.differing_parties)
    assert 4 == len(found.matches)
    assert found.lines == (*found.differences, *found.matches)
    assert () == found.only_in_a + found.only_in_b


def test_what_is_taken_back() -> None:
    """One of four lessons un-approved: a credit of 50.00 and 30.00 less. (spec: billing C-14)"""
    world = World(sessions=SESSIONS)
    world.run()
    world.tell(unapproved(SESSIONS[0]), session(5, 5), session(6, 6))
    found = diff(world.plan(NOVEMBER_1.replace(day=3)), Plan(()))

    assert [
        ("credit_note", "s1", -5000),
        ("invoice", "s5", 5000),
        ("invoice", "s6", 5000),
        ("payout", "s1", -3000),
        ("payout", "s5", 3000),
        ("payout", "s6", 3000),
    ] == [(x.key.document, x.key.source, x.difference.minor) for x in found.only_in_a]
    assert [("ana", "", 5000, None, 5000), ("tom", "", 3000, None, 3000)] == told(found.parties)


def test_lines_only_one_side_has() -> None:
    """A line that a side does not have is named, also where it is free."""
    found = diff(billed({"f1": "100", "f2": "60"}), billed({"f1": "100", "f3": "0"}))

    assert [("ana", "f1", 10000, 10000, 0)] == told(found.matches)
    assert [("ana", "f2", 6000, None, 6000)] == told(found.only_in_a)
    assert [("ana", "f3", None, 0, 0)] == told(found.only_in_b)
    assert [("ana", "", 16000, 10000, 6000)] == told(found.differing_parties)


def test_ids_and_documents_make_no_difference() -> None:
    """One invoice of two lines is the same as two invoices of one, of whatever ids."""
    one = billed({"f1": "100", "f2": "60"})
    two = [billed({"f2": "60"}, id="inv_8"), billed({"f1": "100"}, id="inv_9")]

    assert diff(one, two).same
    assert diff(Plan(tuple(two)), Plan(tuple(reversed(two)))) == diff(two, two)


@pytest.mark.parametrize(
    "other",
    [
        charge("f1", eur("100"), part="2"),
        charge("f1", eur("100"), item="landing"),
        charge("f1", eur("100"), period=THE_MONTH),
        charge("f2", eur("100")),
    ],
    ids=["part", "item", "period", "source"],
)
def test_the_key_of_a_line(other: Line) -> None:
    """Lines are one line if source, part, item and period are; here they are two."""
    found = diff(decided(invoice(charge("f1", eur("100")))), decided(invoice(other)))

    assert (1, 1) == (len(found.only_in_a), len(found.only_in_b))
    assert [0] == [total.difference.minor for total in found.differing_parties]


def test_another_currency_is_another_line() -> None:
    """Amounts of two currencies are not compared, and have a total each."""
    found = diff(
        decided(invoice(charge("f1", eur("1")))), decided(invoice(charge("f1", money("1", "USD"))))
    )

    assert [
        ("EUR", Money(100, "EUR"), None),
        ("USD", None, Money(100, "USD")),
    ] == [(total.key.currency, total.a, total.b) for total in found.totals]


def test_equal_keys_add_up() -> None:
    """Two journals for one session of a tutor, such as rate and incentive, are one line."""
    both = [paid("s1", eur("30")), decided(attrs.evolve(payout_of("s1", eur("5")), id="pay_2"))]

    assert [("tom", "s1", 3500, 3500, 0)] == told(diff(both, paid("s1", eur("35"))).matches)


def test_a_flight() -> None:
    """A student pays 100.00, the instructor gets 60.00; the one in use paid 65. (seed 002)"""
    flight = [billed({"f1": "100"}), paid("f1", eur("60"))]
    found = diff(flight, [billed({"f1": "100"}), paid("f1", eur("65"))])

    assert [("customer", 0), ("supplier", -500)] == [
        (total.key.role, total.difference.minor) for total in found.totals
    ]


def test_what_the_taxes_add() -> None:
    """Tax of 55.84 beside 55.83, rounded per line and per document. (spec: billing 7)"""
    lines = [charge(str(n), eur(x)) for n, x in enumerate(("68.33", "68.33", "57.50", "85.00"))]
    ours, theirs = (
        decided(invoice(*lines, taxes=(vat(tax, base="279.16"),))) for tax in ("55.84", "55.83")
    )
    found = diff(ours, theirs)

    assert [
        (
            LineKey(role="customer", party="ana", currency="EUR", document="invoice", item="tax"),
            eur("55.84"),
            eur("55.83"),
        )
    ] == [(x.key, x.a, x.b) for x in found.differences]
    assert [("ana", "", 33500, 33499, 1)] == told(found.differing_parties)


# ---- which documents count -------------------------------------------------------------------
def test_what_a_decision_only_changes_does_not_count() -> None:
    """A payout that is held was decided before; one made and held at once counts once."""
    made = payouts.generate(payout_of("s1", eur("30"))).payout
    held = payouts.hold(made, note="look").payout
    later = changes("later", records=(held,), expects=(Expect(type(held), held.id, 1),))

    assert Diff() == diff(later, ())
    assert [("tom", "s1", 3000, 3000, 0)] == told(
        diff([decided(made), later], decided(made)).matches
    )


def test_invoices_brought_in_do_not_count() -> None:
    """An open invoice of another system is taken over, not charged; an imported one is issued."""
    brought = openings.bring_in_invoice(
        OpenInvoice(
            number="2025-17",
            customer="ana",
            issued_on=OCTOBER,
            due_on=OCTOBER,
            open_amount=eur("38"),
        ),
        at=NOON,
    )
    imported = invoices.issue(
        invoice(charge("f1", eur("100")), reference="17"), on=OCTOBER, due_on=OCTOBER, at=NOON
    )
    asked: dict[str, Any] = {
        "request": request("import"),
        "actor": "import",
        "reason": "import",
        "at": NOON,
    }

    assert Diff() == diff(changes_of(brought, key="k1", **asked), ())
    assert [("ana", "f1", 10000, None, 10000)] == told(
        diff(changes_of(imported, key="k2", **asked), ()).lines
    )


def test_imported_credit_notes_count() -> None:
    """A note that was numbered elsewhere gives back what it says."""
    back = CreditLine(
        id="crl_1", line=None, source="f1", item="flight", on=OCTOBER, amount=eur("36")
    )
    note = credit_notes.imported(
        "CN-7", customer="ana", currency="EUR", lines=(back,), reason="weather", on=OCTOBER, at=NOON
    ).note

    assert [("ana", "f1", -3600, None, -3600)] == told(diff(decided(note), ()).lines)


def test_covered_sessions_are_lines() -> None:
    """A session that a package pays for costs 0.00 beside 50.00. (spec: billing C-13)"""
    prepaid = World(sessions=SESSIONS[:1])
    prepaid.buy(package())
    found = diff(prepaid.plan(), World(sessions=SESSIONS[:1]).plan())

    assert [("ana", "s1", 0, 5000, -5000)] == told(found.differences)


# ---- how much may differ ---------------------------------------------------------------------
def test_tolerance() -> None:
    """A cent is a difference by default, and none where a cent is tolerated."""
    a, b = billed({"f1": "100.00"}), billed({"f1": "100.01"})

    assert [("ana", "f1", 10000, 10001, -1)] == told(diff(a, b).differences)
    assert diff(a, b, tolerance=Money(1, "EUR")).same
    assert diff(b, a, tolerance=(Money(5, "USD"), Money(1, "EUR"))).same
    assert not diff(a, b, tolerance=Money(1, "USD")).same


def test_tolerance_does_not_hide_a_missing_line() -> None:
    """What a side does not have is never tolerated, however little it is."""
    assert not diff(billed({"f1": "0.01"}), (), tolerance=Money(1, "EUR")).same


@pytest.mark.parametrize(
    ("error", "tolerance"),
    [
        (ValueError, Money(-1, "EUR")),
        (ValueError, (Money(1, "EUR"), Money(2, "EUR"))),
        (TypeError, (1,)),
        (TypeError, 0.01),
    ],
)
def test_no_tolerance(error: type[Exception], tolerance: Any) -> None:
    """A tolerance is an amount from zero on, one for each currency."""
    with pytest.raises(error):
        diff((), (), tolerance=tolerance)


@pytest.mark.parametrize("side", [("inv_1",), 7, None, (billed({"f1": "1"}), None), legacy()])
def test_no_decision(side: Any) -> None:
    """Anything but plans and changes is refused; legacy totals stand on the other side."""
    with pytest.raises(TypeError):
        diff(side, ())


# ---- beside the system in use ----------------------------------------------------------------
def test_totals_per_customer() -> None:
    """The system in use charged Ana the same and Ben 5.00 less, and knows one that we do not."""
    ours = [billed({"s1": "50", "s2": "50"}), billed({"s3": "45"}, id="inv_2", customer="ben")]
    found = diff(ours, legacy(("ana", "100"), ("ben", "40"), ("zoe", "20")))

    assert [("ana", "", 10000, 10000, 0)] == told(found.matches)
    assert [("ben", "", 4500, 4000, 500)] == told(found.differences)
    assert [("zoe", "", None, 2000, -2000)] == told(found.only_in_b)
    assert [("", "", 14500, 16000, -1500)] == told(found.totals)


def test_totals_per_source() -> None:
    """Where it names sessions, the lines are compared, of whatever part, item and document."""
    lines = (charge("s1", eur("50")), charge("s1", eur("5"), part="2"), charge("s2", eur("50")))
    found = diff(decided(invoice(*lines)), legacy(("ana", "55", "s1"), ("ana", "50", "s3")))

    assert [("ana", "s1", 5500, 5500, 0)] == told(found.matches)
    assert [("ana", "s2", 5000, None, 5000)] == told(found.only_in_a)
    assert [("ana", "s3", None, 5000, -5000)] == told(found.only_in_b)
    assert [("ana", "", 10500, 10500, 0)] == told(found.differing_parties)


def test_totals_per_item() -> None:
    """Items of one source are told apart if the system in use does, and so is tax."""
    lines = (charge("f1", eur("100")), charge("f1", eur("8"), item="landing"))
    taxed = invoice(*lines, taxes=(vat("21.60", base="108"),))
    found = diff(
        decided(taxed),
        legacy(
            ("ana", "100", "f1", "flight"),
            ("ana", "7", "f1", "landing"),
            ("ana", "21.60", "", "tax"),
        ),
    )

    assert ["flight", "tax"] == sorted(line.key.item for line in found.matches)
    assert [("ana", "f1", 800, 700, 100)] == told(found.differences)


def test_the_rest_of_a_customer() -> None:
    """An amount without a source stands for all that no other row names."""
    ours = billed({"s1": "50", "s2": "45", "s3": "10"})
    found = diff(ours, legacy(("ana", "50", "s1"), ("ana", "30"), ("ana", "25")))

    assert found.same
    assert [("ana", "", 5500, 5500, 0), ("ana", "s1", 5000, 5000, 0)] == told(found.matches)


@pytest.mark.parametrize(
    "told",
    [
        legacy(("ana", "50", "s2")),
        legacy(("ana", "50", "s2"), ("ana", "0", "s1")),
        legacy(("ana", "50", "s2"), ("ana", "0", "s4")),
        legacy(("ana", "50"), ("ben", "0")),
    ],
)
def test_what_is_free_need_not_be_told(told: LegacyTotals) -> None:
    """Sessions that a package paid for, and customers who owe nothing, are listed or not."""
    assert diff(billed({"s1": "0", "s2": "50", "s3": "0"}), told).same


def test_free_is_not_the_same_as_charged() -> None:
    """An amount of 0 beside one that is charged is a difference."""
    assert [("ana", "", 5000, 0, 5000)] == told(
        diff(billed({"s1": "50"}), legacy(("ana", "0"))).differences
    )


def test_payouts_are_compared_if_they_are_told() -> None:
    """Totals of customers say nothing of tutors; with one tutor told, all are compared."""
    ours = [billed({"s1": "50"}), paid("s1", eur("30"))]
    tutor = LegacyAmount(party="tom", role="supplier", amount=eur("31"))
    charged = legacy(("ana", "50"))

    assert diff(ours, charged).same
    assert [("tom", "", 3000, 3100, -100)] == told(
        diff(ours, LegacyTotals((*charged.amounts, tutor))).differences
    )


def test_credits_count_against_charges() -> None:
    """What a customer gets back is below zero, in a decision as in the totals beside it."""
    world = World(sessions=SESSIONS)
    world.run()
    world.tell(unapproved(SESSIONS[0]))

    assert diff(world.plan(NOVEMBER_1.replace(day=3)), legacy(("ana", "-50"))).same


@pytest.mark.parametrize(
    ("error", "fields"),
    [
        (TypeError, {"amount": 12.5}),
        (TypeError, {"amount": 1250}),
        (TypeError, {"party": None}),
        (TypeError, {"source": None}),
        (ValueError, {"party": ""}),
        (ValueError, {"role": "business"}),
    ],
)
def test_no_legacy_amount(error: type[Exception], fields: dict[str, Any]) -> None:
    """An amount is of a customer or a supplier, in whole minor units."""
    right: dict[str, Any] = {"party": "ana", "amount": eur("1")}

    with pytest.raises(error):
        LegacyAmount(**(right | fields))


@pytest.mark.parametrize("amounts", [[], None, (eur("1"),), {"ana": eur("1")}])
def test_no_legacy_totals(amounts: Any) -> None:
    """Totals are a tuple of amounts."""
    with pytest.raises(TypeError, match="LegacyAmount"):
        LegacyTotals(amounts)


# ---- laws ------------------------------------------------------------------------------------
KEYS = st.tuples(st.sampled_from(["ana", "ben"]), st.sampled_from(["EUR", "JPY"]))
SOURCES = st.dictionaries(st.sampled_from("abcde"), st.integers(0, 3), min_size=1)
SIDES = st.dictionaries(KEYS, SOURCES).map(
    lambda side: Plan(
        tuple(
            decided(
                invoice(
                    *(charge(source, Money(minor, currency)) for source, minor in lines.items()),
                    id=f"inv_{customer}_{currency}",
                    customer=customer,
                )
            )
            for (customer, currency), lines in side.items()
        )
    )
)


@given(SIDES, SIDES)
def test_every_line_is_compared_once(a: Plan, b: Plan) -> None:
    """Lines, parties and totals differ by the same sum, and by its opposite the other way."""
    found, back = diff(a, b), diff(b, a)

    for currency in ("EUR", "JPY"):
        sums = {
            sum(x.difference.minor for x in group if x.key.currency == currency)
            for group in (found.lines, found.parties, found.totals)
        }
        assert 1 == len(sums)
    assert [-x.difference for x in found.lines] == [x.difference for x in back.lines]
    assert (found.only_in_a, found.same) == (
        tuple(attrs.evolve(x, a=x.b, b=x.a) for x in back.only_in_b),
        back.same,
    )
    assert found.same == (not found.differing)


@given(SIDES, SIDES)
def test_what_is_told_line_by_line_is_the_decision(a: Plan, b: Plan) -> None:
    """Legacy totals made of a decision's lines differ from another one as the decision does."""
    copied = LegacyTotals(
        tuple(
            LegacyAmount(party=x.key.party, amount=x.a, source=x.key.source, item=x.key.item)
            for x in diff(b, ()).lines
            if x.a is not None
        )
    )

    assert [(x.key.source, x.difference) for x in diff(a, b).lines if x.difference.minor] == [
        (x.key.source, x.difference) for x in diff(a, copied).lines if x.difference.minor
    ]
