"""Invoices: lines, totals, what issuing posts, and the number it draws."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.changes import Draw, Series, Stale, changes_of, request
from ledgerkit.domain.invoices import (
    INVOICE,
    INVOICES,
    Invoice,
    Issued,
    Line,
    NegativeInvoice,
    issue,
    line,
    rated_line,
)
from ledgerkit.domain.ledger import Entry, Event, Journal
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import Money, Rate, Rounding
from ledgerkit.domain.periods import Period
from ledgerkit.domain.pricing import rated
from ledgerkit.domain.tax import TaxAmount

ON, DUE = date(2026, 11, 1), date(2026, 11, 15)
AT = datetime(2026, 11, 1, 6, tzinfo=UTC)


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


def item(source: str, minor: int, **more: Any) -> Line:
    """Return a line of one thing."""
    return line(source, item="maths", on=date(2026, 10, 5), price=Rate.of(eur(minor)), **more)


def draft(*lines: Line, **more: Any) -> Invoice:
    """Return a draft for ana."""
    return Invoice(id="inv_1", customer="ana", currency="EUR", lines=lines, **more)


def issued(invoice: Invoice) -> Issued:
    """Issue a draft on 1 November."""
    return issue(invoice, on=ON, due_on=DUE, at=AT)


# ---- lines -----------------------------------------------------------------------------------
def test_line_rounds_once() -> None:
    """5.04 GB x 0.10 is 0.50, 5.05 GB is 0.51: half up, at the line (spec: billing 0.1, C-12)."""
    rate = Rate(Fraction(10), "EUR")
    lines = [
        line(f"gb{n}", item="gb", on=ON, price=rate, quantity=Fraction(n, 100)) for n in (504, 505)
    ]

    assert [50, 51] == [li.amount.minor for li in lines]
    assert [Fraction(-4, 10), Fraction(5, 10)] == [li.rounding for li in lines]


def test_line_rounds_by_another_rule() -> None:
    """A rule that a host names is used and stands in the trace."""
    down = line("x", item="x", on=ON, price=Rate(Fraction(1, 2), "EUR"), rounding=Rounding.DOWN)

    assert 0 == down.amount.minor
    assert ("rounding", "down") in down.trace


def test_line_traces_its_amount() -> None:
    """Rule, unit price, quantity, unrounded and rounded amount (spec: billing 0.9)."""
    charged = line(
        "s1",
        item="maths",
        on=ON,
        price=Rate(Fraction(1001, 2), "EUR"),
        quantity=3,
        trace=(("rule", "per session"),),
    )

    assert (
        ("rule", "per session"),
        ("unit_price", "1001/2"),
        ("quantity", "3"),
        ("unrounded", "3003/2"),
        ("rounding", "half_up"),
        ("rounded", "1502"),
    ) == charged.trace


def test_line_is_known_by_its_source_and_part() -> None:
    """The same source is the same line; charged anew it is another one."""
    assert item("s1", 5000).id == item("s1", 4000).id
    assert 3 == len({item("s1", 1).id, item("s2", 1).id, item("s1", 1, part="2").id})


def test_covered_line_rounds_nothing() -> None:
    """A line of 0.00 that a package paid for is no rounding of its unit price."""
    covered = attrs.evolve(item("s1", 4500), amount=eur(0), package="p1")

    assert 0 == covered.rounding


def test_line_of_what_was_rated() -> None:
    """A line of tiers has no unit price; its exact amount stands there, and why."""
    tiers = rated(Fraction(1001, 2), "EUR", quantity=Fraction(7), trace=(("rule", "graduated"),))
    charged = rated_line("u1", tiers, item="calls", on=ON, kind="usage")

    assert (None, Fraction(1001, 2), Fraction(1, 2), eur(501), "usage") == (
        charged.unit_price,
        charged.exact,
        charged.rounding,
        charged.amount,
        charged.kind,
    )
    assert ("rule", "graduated") == charged.trace[0]


def test_line_of_a_single_price() -> None:
    """Where a unit price says it all, nothing is said twice."""
    plain = rated(Fraction(30), "EUR", quantity=Fraction(3), unit_price=Fraction(10))
    charged = rated_line("u1", plain, item="calls", on=ON)

    assert (None, Fraction(30)) == (charged.unrounded, charged.exact)
    assert Fraction(0) == attrs.evolve(charged, unit_price=None, unrounded=Fraction(0)).exact


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"id": ""}, ValueError),
        ({"source": ""}, ValueError),
        ({"quantity": 1}, TypeError),
        ({"unit_price": 1.5}, TypeError),
        ({"amount": 5000}, TypeError),
    ],
)
def test_line_is_valid_from_birth(fields: dict[str, Any], error: type[Exception]) -> None:
    """A line without a name, or with inexact figures, is refused where it is made."""
    with pytest.raises(error, match="line"):
        attrs.evolve(item("s1", 5000), **fields)


@given(st.fractions(0, 10**6), st.fractions(0, 1000))
def test_line_is_off_by_half_a_unit_at_most(per: Fraction, quantity: Fraction) -> None:
    """Rounding adds or drops no more than half a minor unit, and the sum of both is exact."""
    charged = line("x", item="x", on=ON, price=Rate(per, "EUR"), quantity=quantity)

    assert abs(charged.rounding) <= Fraction(1, 2)
    assert charged.amount.minor == per * quantity + charged.rounding


# ---- totals ----------------------------------------------------------------------------------
def test_totals() -> None:
    """Lines of 100.00 and taxes of 20.00 come to 120.00 (spec: billing 7)."""
    vat = TaxAmount("es-vat", Fraction(1, 5), eur(10_000), eur(2_000))
    invoice = draft(item("a", 4_000), item("b", 6_000), taxes=(vat,))

    assert (eur(10_000), eur(2_000), eur(12_000)) == (
        invoice.subtotal,
        invoice.tax,
        invoice.total,
    )
    assert "liability:tax:es-vat" == vat.wallet


def test_line_is_found_by_id() -> None:
    """A document knows its lines."""
    one = item("a", 100)

    assert one == draft(one).line(one.id)
    assert draft(one).line("lin_none") is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"id": ""}, "invoice id"),
        ({"customer": ""}, "invoice customer"),
        ({"lines": ()}, "one line at least"),
        ({"lines": [item("a", 1)]}, "needs a tuple"),
        ({"lines": (item("a", 1), item("a", 2))}, "has a line twice"),
        ({"currency": "GBP"}, "is in GBP; a line, discount or tax of it is not"),
        (
            {"taxes": (TaxAmount("x", Fraction(1, 5), eur(1), Money(1, "GBP")),)},
            "is in EUR; a line, discount or tax of it is not",
        ),
        ({"status": "sent"}, "invoice status must be draft or issued or "),
        ({"issued_on": DUE, "due_on": ON}, "is due on 2026-11-01, before 2026-11-15"),
        ({"paid_before": 5}, r"paid before of invoice 'inv_1' is above 0 .* \(got 5\)"),
        ({"paid_before": Money(5, "USD")}, "above 0 and at most"),
        ({"paid_before": Money(0, "EUR")}, "above 0 and at most"),
        ({"paid_before": Money(10**9, "EUR")}, "above 0 and at most"),
    ],
)
def test_invoice_is_valid_from_birth(fields: dict[str, Any], message: str) -> None:
    """An invoice that cannot be is refused where it is made."""
    with pytest.raises(ValueError, match=message):
        attrs.evolve(draft(item("a", 100)), **fields)


# ---- issuing ---------------------------------------------------------------------------------
def entries(journals: tuple[Journal, ...]) -> dict[str, tuple[Entry, ...]]:
    """Return the entries of each journal by its kind."""
    return {journal.kind: journal.entries for journal in journals}


def test_issue_posts_what_is_not_posted() -> None:
    """A line posted before is only documented; the other one is charged now, once."""
    done = issued(draft(item("a", 4_000, journal="jrn_1"), item("b", 6_000)))

    assert {
        "invoice.charged": (Entry("customer:ana", eur(-6_000)), Entry("platform", eur(6_000)))
    } == entries(done.journals)
    assert Event("invoice", "inv_1", "invoice.charged") == done.journals[0].event


def test_issue_posts_taxes() -> None:
    """Invoice issued: customer -tax, liability:tax:<code> +tax (spec: billing 5a)."""
    taxes = (
        TaxAmount("a", Fraction(1, 5), eur(10_000), eur(2_000)),
        TaxAmount("b", Fraction(1, 10), eur(10_000), eur(1_000)),
        TaxAmount("none", Fraction(0), eur(10_000), eur(0)),
    )
    done = issued(draft(item("a", 10_000, journal="jrn_1"), taxes=taxes))

    assert {
        "invoice.taxed": (
            Entry("customer:ana", eur(-3_000)),
            Entry("liability:tax:a", eur(2_000)),
            Entry("liability:tax:b", eur(1_000)),
        )
    } == entries(done.journals)
    assert {"customer:ana", "platform", "liability:tax:a", "liability:tax:b"} <= {
        wallet.id for wallet in done.effects.opens
    }


def test_taxes_that_even_out_leave_the_customer_alone() -> None:
    """A tax and its reverse charge move between the two tax wallets."""
    taxes = (
        TaxAmount("vat", Fraction(1, 5), eur(10_000), eur(2_000)),
        TaxAmount("reverse", Fraction(-1, 5), eur(10_000), eur(-2_000)),
    )
    done = issued(draft(item("a", 0), taxes=taxes))

    assert [-2_000, 2_000] == sorted(
        entry.amount.minor for entry in entries(done.journals)["invoice.taxed"]
    )


def test_invoice_of_nothing_has_a_number_and_no_journal() -> None:
    """A 0.00 invoice draws a number and posts nothing (spec: billing 5a)."""
    done = issued(draft(attrs.evolve(item("a", 4_500), amount=eur(0), package="p1", journal="j")))

    assert ((), (), Draw("inv_1", INVOICES, ON)) == (
        done.journals,
        done.effects.opens,
        done.draw,
    )


def test_issue_dates_the_invoice() -> None:
    """Issued on a day, due on another, without a number until it is committed."""
    invoice = issued(draft(item("a", 100))).invoice

    assert ("issued", ON, DUE, None) == (
        invoice.status,
        invoice.issued_on,
        invoice.due_on,
        invoice.number,
    )


def test_invoice_has_civil_dates() -> None:
    """An instant is a date to Python, and has no zone here to pick a day."""
    at = datetime(2026, 11, 1, 6, tzinfo=UTC)
    for dates in ({"issued_on": at}, {"due_on": at}, {"issued_on": at, "due_on": at}):
        with pytest.raises(TypeError, match="must be a date"):
            draft(item("s1", 100), **dates)


@pytest.mark.parametrize(
    "wrong", [{"price": Money(100, "EUR")}, {"quantity": True}, {"quantity": 1.5}]
)
def test_line_needs_a_rate_and_an_exact_quantity(wrong: Any) -> None:
    """Money, floats and truths are refused rather than priced."""
    fields: Any = {"item": "maths", "on": date(2026, 10, 5), "price": Rate(Fraction(100), "EUR")}
    with pytest.raises(TypeError, match="a line needs a Rate, and an int or a Fraction of it"):
        line("s1", **(fields | wrong))


def test_invoice_is_issued_once() -> None:
    """An issued invoice is never issued again."""
    invoice = issued(draft(item("a", 100))).invoice

    with pytest.raises(IllegalTransition, match="invoice is issued; issue needs draft"):
        issued(invoice)


def test_negative_invoice_is_a_credit_note() -> None:
    """An invoice owes the customer nothing."""
    with pytest.raises(NegativeInvoice, match=r"comes to -0\.01 EUR, below 0"):
        issued(draft(item("a", 99), item("b", -100)))


def test_lifecycle_is_that_of_the_specification() -> None:
    """Draft, issued, partially paid, paid; void only from there; written off and paid after all."""
    statuses = ("draft", "issued", "void", "partially_paid", "paid", "written_off")

    assert statuses == INVOICE.statuses
    assert "paid" == INVOICE.after("written_off", "settle")


# ---- numbers ---------------------------------------------------------------------------------
def commit(store: MemoryStore, id: str, series: Series = INVOICES, on: date = ON) -> str | None:
    """Issue and commit an invoice; return its number."""
    invoice = attrs.evolve(draft(item(f"of {id}", 100)), id=id)
    done = issue(invoice, on=on, due_on=on, at=AT, series=series)
    changes = changes_of(
        done,
        key=f"issue/{id}",
        request=request("invoice.issue", invoice=id),
        actor="tester",
        reason="test",
        at=AT,
    )
    store.commit(changes)
    stored = store.load(Invoice, id)
    return None if stored is None else stored.record.number


def test_numbers_are_consecutive_in_their_series() -> None:
    """Each series counts by itself; month and year in the text reset nothing."""
    store = MemoryStore()
    other = Series("B", "{series}/{n}")
    numbers = [
        commit(store, "a"),
        commit(store, "b", other),
        commit(store, "c"),
        commit(store, "d", on=date(2027, 1, 1)),
    ]

    assert ["INV-2026-00001", "B/1", "INV-2026-00002", "INV-2027-00003"] == numbers


def test_failed_commit_draws_no_number() -> None:
    """A commit that is refused returns its number; the next one takes it."""
    store = MemoryStore()
    commit(store, "a")
    clash = attrs.evolve(draft(item("other", 100), period=Period.month(2026, 10)), id="a")
    done = issue(clash, on=ON, due_on=DUE, at=AT)
    changes = changes_of(
        done, key="clash", request=request("x"), actor="tester", reason="test", at=AT
    )
    with pytest.raises(Stale):
        store.commit(changes)

    assert "INV-2026-00002" == commit(store, "b")
