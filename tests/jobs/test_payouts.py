"""Payout runs and clawbacks, through a gateway double and the worker that sends to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import permutations
from typing import Any

import attrs
import pytest

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain import clawbacks, connected_accounts, payouts
from ledgerkit.domain.bank_payouts import BankPayout
from ledgerkit.domain.changes import Changes, KeyReused, changes_of, request
from ledgerkit.domain.clawbacks import (
    FUTURE_PAYOUT_OFFSET,
    MANUAL_CHECK,
    STRIPE_REVERSAL,
    Clawback,
    OverClawback,
)
from ledgerkit.domain.gateways import AccountStatus, GatewayObject, ReversalOrder
from ledgerkit.domain.instructions import Instruction
from ledgerkit.domain.ledger import Entry, Event, Journal, Wallet
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import Money
from ledgerkit.domain.payouts import InstantFee, Payout, PayoutLine, PayoutTerm
from ledgerkit.domain.periods import Period
from ledgerkit.domain.transfers import Transfer
from ledgerkit.jobs import clawbacks as cases
from ledgerkit.jobs import payouts as jobs
from ledgerkit.jobs.clawbacks import UnknownClawback, UnknownTransfer
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.sending import send_instructions
from ledgerkit.jobs.settlement import refusal, settlement
from ledgerkit.jobs.verification import verify
from ledgerkit.testing.books import books, broken_laws
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.fakes.gateway import FakeGateway
from ledgerkit.testing.samples import NOON

MARCH = Period.month(2026, 3)
BY: dict[str, Any] = {"actor": "eva", "reason": "hours were wrong"}


def usd(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "USD")


@attrs.frozen
class Checked:
    """A reserve that says yes or no."""

    should_block_transfers: bool
    sentence: str = "400.00 is held of a minimum of 1,000.00: critical"


def enough(_: Money) -> Checked:
    """Let everything pass."""
    return Checked(False)


def store(host: Host, key: str, *decisions: Any) -> None:
    """Store what was decided elsewhere."""
    changes: Changes = changes_of(
        *decisions, key=key, request=request(key), actor="test", reason="test", at=NOON
    )
    host.store.commit(changes)


@attrs.frozen
class Earned:
    """A charge that earned a supplier money."""

    journal: Journal

    @property
    def effects(self) -> Any:
        """Post it."""
        opens = tuple(Wallet(entry.wallet) for entry in self.journal.entries)
        return payouts.PayoutChanged.effects.fget and _effects(self.journal, opens)  # type: ignore[attr-defined]


def _effects(journal: Journal, opens: tuple[Wallet, ...]) -> Any:
    from ledgerkit.domain.changes import Effects  # noqa: PLC0415

    return Effects(journals=(journal,), opens=opens)
