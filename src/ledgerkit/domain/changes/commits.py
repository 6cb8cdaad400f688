"""Commits: the one write of a store, and why it may not be done.

`Changes` go in whole, once per key, or not at all; what comes back tells the numbers drawn.
(spec: ledger 3, billing 0.8)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, cast

import attrs

from ledgerkit.domain.changes.numbering import Draw, Number
from ledgerkit.domain.changes.records import Expect, Record
from ledgerkit.domain.changes.requests import Request
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger.holds import Hold
from ledgerkit.domain.ledger.journals import Journal, name_of, text_of
from ledgerkit.domain.ledger.wallets import Wallet
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.periods import instant


@attrs.frozen
class KeyReused(LedgerkitError):
    """A key that was committed for another request."""

    key: str
    differing: tuple[tuple[str, str | None, str | None], ...]
    code: ClassVar[str] = "key_reused"

    def __str__(self) -> str:
        fields = ", ".join(f"{f}: {old!r} then, {new!r} now" for f, old, new in self.differing)
        return f"key {self.key!r} is committed for another request ({fields}); use a new key"


@attrs.frozen
class Stale(LedgerkitError):
    """A record moved on since the decision read it."""

    kind: str
    id: str
    expected: int
    found: int
    code: ClassVar[str] = "stale"

    def __str__(self) -> str:
        return (
            f"{self.kind} {self.id!r} is at version {self.found}, the decision was based on "
            f"{self.expected}; read it and decide again"
        )


@attrs.frozen
class UnknownPolicy(LedgerkitError):
    """A policy for a wallet that was never opened."""

    wallet: str
    code: ClassVar[str] = "unknown_policy_wallet"

    def __str__(self) -> str:
        return f"wallet {self.wallet!r} was never opened; open it before setting its policy"


@attrs.frozen
class BatchRefused(LedgerkitError):
    """One member of an atomic batch was refused, so none was committed."""

    index: int
    key: str
    cause: LedgerkitError
    code: ClassVar[str] = "batch_failed"

    def __str__(self) -> str:
        return f"number {self.index} of the batch ({self.key!r}) was refused: {self.cause}"


_PARTS: tuple[tuple[str, type], ...] = (
    ("journals", Journal),
    ("holds", Hold),
    ("releases", str),
    ("opens", Wallet),
    ("policies", Wallet),
    ("records", object),
    ("expects", Expect),
    ("draws", Draw),
    ("messages", Message),
)


def _each_once(what: str, named: Sequence[object]) -> None:
    if len(set(named)) < len(named):
        twice = sorted({str(name) for name in named if named.count(name) > 1})
        msg = f"changes hold one {what} of each at most; there are more of {', '.join(twice)}"
        raise ValueError(msg)


@attrs.frozen(kw_only=True)
class Changes:
    """All that one decision stores: all or nothing, once per *key*.

    Attributes:
        key: The idempotency key; lives as long as the books.
        request: What was asked.
        actor: Who decided: a person or a job.
        reason: Why, in words or as the name of the rule.
        at: When, a UTC instant; journals are recorded at it.
        journals: Posted in order.
        opens: Wallets opened if they are not; an open one stays as it is.
        policies: New policies for wallets that are open.
        records: New versions; a record without an `Expect` must be new.
        expects: The versions the decision was based on, of records written or only read.
        draws: Numbers to draw, last, for records among *records*.
        messages: What to deliver afterwards.
        closes_before: Close the books for everything effective before this instant, or None.
        releases: The ids of holds to give back. They are given back after the journals, which may
            capture part of them, and before *holds*, which may take their place.
        holds: Holds to place, in order.
    """

    key: str
    request: Request
    actor: str
    reason: str
    at: datetime = attrs.field(converter=instant)
    journals: tuple[Journal, ...] = ()
    opens: tuple[Wallet, ...] = ()
    policies: tuple[Wallet, ...] = ()
    records: tuple[Record, ...] = ()
    expects: tuple[Expect, ...] = ()
    draws: tuple[Draw, ...] = ()
    messages: tuple[Message, ...] = ()
    closes_before: datetime | None = attrs.field(
        default=None, converter=attrs.converters.optional(instant)
    )
    releases: tuple[str, ...] = ()
    holds: tuple[Hold, ...] = ()

    def __attrs_post_init__(self) -> None:
        name_of("key", self.key)
        name_of("actor", self.actor)
        if not text_of("reason", self.reason).strip():
            msg = "a reason is needed (got none)"
            raise ValueError(msg)
        if type(self.request) is not Request:
            msg = f"request must be a Request (got {self.request!r})"
            raise TypeError(msg)
        for field, kind in _PARTS:
            value = getattr(self, field)
            if type(value) is not tuple or not all(isinstance(each, kind) for each in value):
                msg = f"{field} must be a tuple of {kind.__name__} (got {value!r})"
                raise TypeError(msg)
        _each_once("journal", [journal.id for journal in self.journals])
        _each_once("hold", [hold.id for hold in self.holds])
        _each_once("release", list(self.releases))
        _each_once("wallet to open", [wallet.id for wallet in self.opens])
        _each_once("policy", [wallet.id for wallet in self.policies])
        _each_once("record", [(type(record).__name__, record.id) for record in self.records])
        _each_once("expectation", [(e.kind.__name__, e.id) for e in self.expects])
        _each_once("draw", [draw.record for draw in self.draws])
        _each_once("message", [message.id for message in self.messages])
        held = Counter(record.id for record in self.records)
        if wrong := sorted(draw.record for draw in self.draws if held[draw.record] != 1):
            msg = f"a number is drawn for one record among the changes (got {wrong})"
            raise ValueError(msg)

    @property
    def expected(self) -> Mapping[tuple[type[Record], str], int]:
        """The version each record must be at: what is expected, and 0 for new ones."""
        versions: dict[tuple[type[Record], str], int] = {
            (type(record), record.id): 0 for record in self.records
        }
        versions.update({(e.kind, e.id): e.version for e in self.expects})
        return versions


@attrs.frozen
class Committed:
    """What a commit did.

    Attributes:
        key: The key committed.
        at: When the decision was made.
        numbers: The numbers drawn.
        replayed: Whether the key was known already and nothing was stored now.
    """

    key: str
    at: datetime
    numbers: tuple[Number, ...] = ()
    replayed: bool = attrs.field(default=False, kw_only=True)

    def number_of(self, record: str) -> str | None:
        """Return the number drawn for *record*, or None."""
        return next((n.text for n in self.numbers if n.record == record), None)

    def filled(self, changes: Changes) -> Changes:
        """Return *changes* with the numbers drawn filled into its records, as they are stored."""
        texts = {number.record: number.text for number in self.numbers}
        return attrs.evolve(
            changes,
            records=tuple(
                attrs.evolve(cast("Any", record), number=texts[record.id])
                if record.id in texts
                else record
                for record in changes.records
            ),
        )
