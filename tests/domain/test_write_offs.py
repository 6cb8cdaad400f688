"""Write-offs: debts given up, and brought back."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ledgerkit.domain.ledger import Entry, Event, Wallet
from ledgerkit.domain.money import Money
from ledgerkit.domain.write_offs import WrittenOff, write_off

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
