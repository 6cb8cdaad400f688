"""Plans: decisions about many, each stored alone; and how one decision becomes changes.

A verb says what it wants stored; several verbs add up to one `Changes`. Who cannot be decided for
is skipped with the reason, and holds up nobody else. (spec: billing 6)
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import attrs

from ledgerkit.domain.changes.commits import Changes
from ledgerkit.domain.changes.numbering import Draw
from ledgerkit.domain.changes.records import Expect, Record
from ledgerkit.domain.changes.requests import Request
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger.holds import Hold
from ledgerkit.domain.ledger.journals import Journal
from ledgerkit.domain.ledger.wallets import Wallet
from ledgerkit.domain.outbox import Message


@attrs.frozen
class Skipped:
    """Somebody a plan could not decide for, and why; the others are not held up.

    Attributes:
        subject: Who or what was left out.
        code: The code of the error.
        reason: Its sentence.
    """

    subject: str
    code: str
    reason: str


def skipped(subject: str, error: LedgerkitError) -> Skipped:
    """Return *subject* as skipped because of *error*."""
    return Skipped(subject, error.code, str(error))


@attrs.frozen
class Plan:
    """Whole-period decisions: one `Changes` each, committed alone, and who was left out."""

    changes: tuple[Changes, ...]
    skipped: tuple[Skipped, ...] = ()


@attrs.frozen(kw_only=True)
class Effects:
    """What one verb wants stored; several add up to one `Changes`.

    Attributes are those of `Changes` that a verb decides.
    """

    journals: tuple[Journal, ...] = ()
    opens: tuple[Wallet, ...] = ()
    policies: tuple[Wallet, ...] = ()
    records: tuple[Record, ...] = ()
    draws: tuple[Draw, ...] = ()
    messages: tuple[Message, ...] = ()
    releases: tuple[str, ...] = ()
    holds: tuple[Hold, ...] = ()

    def __add__(self, other: Effects) -> Effects:
        return Effects(
            journals=self.journals + other.journals,
            opens=self.opens + other.opens,
            policies=self.policies + other.policies,
            records=self.records + other.records,
            draws=self.draws + other.draws,
            messages=self.messages + other.messages,
            releases=self.releases + other.releases,
            holds=self.holds + other.holds,
        )


class Decision(Protocol):
    """What a verb returns: a past-tense record that knows what to store."""

    @property
    def effects(self) -> Effects:
        """What to store."""
        ...


def changes_of(
    *decisions: Decision,
    key: str,
    request: Request,
    actor: str,
    reason: str,
    at: datetime,
    expects: tuple[Expect, ...] = (),
) -> Changes:
    """Return the `Changes` that store *decisions* together, once, on what was read (*expects*).

    Where several open one wallet, the first one's policy holds, as it would one after the other.
    """
    effects = sum((decision.effects for decision in decisions), start=Effects())
    return Changes(
        key=key,
        request=request,
        actor=actor,
        reason=reason,
        at=at,
        journals=effects.journals,
        opens=tuple({wallet.id: wallet for wallet in reversed(effects.opens)}.values())[::-1],
        policies=effects.policies,
        records=effects.records,
        expects=expects,
        draws=effects.draws,
        messages=effects.messages,
        releases=effects.releases,
        holds=effects.holds,
    )
