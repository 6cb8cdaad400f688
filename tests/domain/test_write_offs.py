"""Write-offs: debts given up, and brought back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import attrs
import pytest

from ledgerkit.domain.invoices import Invoice, by_hand, issue, line, open_amount, settled
from ledgerkit.domain.ledger import Entry, Event, Wallet
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import Money, Rate
from ledgerkit.domain.write_offs import (
    OverRecovered,
    WrittenOff,
    recover,
    write_off,
    write_off_invoice,
)

ON = date(2026, 11, 20)
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def given_up(
    minor: int, *, reference: str = "WO-7", customer: str = "ana", reason: str = "moved away"
) -> WrittenOff:
    """Give up a debt of ana's."""
    amount = Money(minor, "EUR")
    return write_off(customer, amount, reference=reference, reason=reason, on=ON, at=AT)


@pytest.mark.parametrize("minor", [5_000, -5_000])
def test_write_off_moves_the_debt(minor: int) -> None:
    """Written off: customer +x, writeoff -x; brought back: the other way (spec: billing 5a)."""
    done = given_up(minor)

    assert (
        Entry("customer:ana", Money(minor, "EUR")),
        Entry("writeoff", Money(-minor, "EUR")),
    ) == done.journal.entries
    assert (AT, "debt.written_off") == (done.journal.effective_at, done.journal.kind)
    assert Event("write_off", done.write_off.id) == done.journal.event


def test_write_off_is_stored_with_its_journal() -> None:
    """The record says of whom, why and by which document."""
    done = given_up(5_000)

    assert (done.write_off,) == done.effects.records
    assert (done.journal,) == done.effects.journals
    assert (Wallet("customer:ana"), Wallet("writeoff")) == done.effects.opens
    assert ("ana", ON, "WO-7", "moved away") == (
        done.write_off.customer,
        done.write_off.on,
        done.write_off.reference,
        done.write_off.reason,
    )


def test_write_off_is_known_by_its_reference() -> None:
    """The same document for the same customer gives up one debt."""
    ids = [
        given_up(5_000).write_off.id,
        given_up(100).write_off.id,
        given_up(5_000, reference="WO-8").write_off.id,
        given_up(5_000, customer="ben").write_off.id,
    ]

    assert ids[0] == ids[1]
    assert 3 == len(set(ids))


@pytest.mark.parametrize(
    ("minor", "reference", "reason", "message"),
    [
        (0, "WO-7", "moved away", "'WO-7' is of 0; there is nothing to give up"),
        (1, "", "moved away", "write-off reference"),
        (1, "WO-7", "", "write-off reason"),
    ],
)
def test_write_off_needs_amount_reference_and_reason(
    minor: int, reference: str, reason: str, message: str
) -> None:
    """Nobody gives up a debt of nothing, or without saying why."""
    with pytest.raises(ValueError, match=message):
        given_up(minor, reference=reference, reason=reason)


# ---- of invoices -----------------------------------------------------------------------------
def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


def issued() -> Invoice:
    """Return an invoice over 120.00."""
    charged = line("x", item="x", on=ON, price=Rate.of(eur(120_00)))
    made = by_hand("1", customer="ana", lines=[charged], on=ON)
    return issue(made, on=ON, due_on=ON, at=AT).invoice


def lost(invoice: Invoice, paid: int = 0, credited: int = 0) -> WrittenOff:
    """Give up what is open of *invoice*."""
    return write_off_invoice(
        invoice,
        paid=eur(paid),
        credited=eur(credited),
        reference="WO-8",
        reason="moved away",
        on=ON,
        at=AT,
    )


def back(invoice: Invoice, minor: int, *earlier: WrittenOff) -> WrittenOff:
    """Bring back so much of *invoice*."""
    return recover(
        invoice,
        eur(minor),
        earlier=[each.write_off for each in earlier],
        reference="WO-9",
        reason="paid after all",
        on=ON,
        at=AT,
    )


def test_what_is_open_is_given_up() -> None:
    """Of 120.00, 20.00 is paid and 36.00 credited: 64.00 is lost (spec: billing 5a, 7)."""
    one = settled(issued(), paid=eur(20_00), credited=eur(36_00))
    done = lost(one, 20_00, 36_00)

    assert done.invoice is not None
    assert ("partially_paid", "written_off", eur(64_00), one.id) == (
        one.status,
        done.invoice.status,
        done.write_off.amount,
        done.write_off.invoice,
    )
    assert eur(0) == open_amount(done.invoice, paid=eur(20_00), credited=eur(36_00))
    assert (done.write_off, done.invoice) == done.effects.records


@pytest.mark.parametrize("status", ["draft", "paid", "void", "written_off"])
def test_only_open_debts_are_given_up(status: str) -> None:
    """Nothing is lost that nobody owes."""
    with pytest.raises(IllegalTransition, match="write_off needs issued or partially_paid"):
        lost(attrs.evolve(issued(), status=status))


def test_a_debt_of_nothing_is_not_given_up() -> None:
    """An invoice that money settled meanwhile is not lost."""
    with pytest.raises(ValueError, match="there is nothing to give up"):
        lost(issued(), 120_00)


def test_a_lost_debt_is_paid_after_all() -> None:
    """Brought back in parts as it is paid; the last one makes the invoice paid (spec: 7)."""
    given_up = lost(issued())
    assert given_up.invoice is not None
    one = given_up.invoice
    first = back(one, 50_00, given_up)
    still = settled(one, paid=eur(50_00), credited=eur(0))
    second = back(still, 70_00, given_up, first)
    paid = settled(still, paid=eur(120_00), credited=eur(0))

    assert (Entry("customer:ana", eur(-50_00)), Entry("writeoff", eur(50_00))) == (
        first.journal.entries
    )
    assert (None, "written_off", "paid") == (first.invoice, still.status, paid.status)
    assert 0 == sum(each.write_off.amount.minor for each in (given_up, first, second))


@pytest.mark.parametrize("minor", [0, -1, 120_01])
def test_no_more_comes_back_than_was_given_up(minor: int) -> None:
    """Nor nothing, nor less."""
    given_up = lost(issued())
    assert given_up.invoice is not None

    with pytest.raises(OverRecovered, match=r"has 120\.00 EUR written off"):
        back(given_up.invoice, minor, given_up)
    with pytest.raises(OverRecovered, match=r"has 0\.00 EUR written off"):
        back(given_up.invoice, 1, attrs.evolve(given_up, write_off=other_of(given_up)))


def other_of(done: WrittenOff) -> Any:
    """Return the write-off as that of another invoice."""
    return attrs.evolve(done.write_off, invoice="inv_9")
