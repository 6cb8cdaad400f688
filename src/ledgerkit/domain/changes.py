"""Changes: all that one decision stores, as one frozen value.

A store commits it whole, once per key, on the versions it was decided on; a preview is a decision
that nobody committed. The history of every record is the list of changes that touched it.
(design: decide, then commit; spec: billing 0.8, ledger 3)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast

import attrs

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger.journals import Journal, name_of, text_of
from ledgerkit.domain.ledger.wallets import Wallet
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.periods import instant, plain_date


class Record(Protocol):
    """Anything a store keeps versions of: a frozen attrs record with an id."""

    @property
    def id(self) -> str:
        """The id, unique within its kind."""
        ...


R_co = TypeVar("R_co", bound=Record, covariant=True)


def _pairs(what: str, value: object) -> None:
    if type(value) is not tuple or not all(
        type(pair) is tuple and [type(part) for part in pair] == [str, str] for pair in value
    ):
        msg = f"{what} must be a tuple of (name, text) pairs (got {value!r})"
        raise TypeError(msg)


@attrs.frozen
class Request:
    """What was asked: verb, arguments and business dates; never clock, actor or versions.

    The same key with the same request is the same decision; with another it is a mistake.

    Attributes:
        verb: What to do, such as `invoice.issue`; no argument is called `verb`.
        arguments: With what, as (field, text) pairs sorted by field, each field once.
    """

    verb: str
    arguments: tuple[tuple[str, str], ...] = ()

    def __attrs_post_init__(self) -> None:
        name_of("request verb", self.verb)
        _pairs("request arguments", self.arguments)
        fields = [field for field, _ in self.arguments]
        if fields != sorted(set(fields)) or "verb" in fields:
            msg = f"request fields are sorted, each once, and none is 'verb' (got {fields})"
            raise ValueError(msg)

    def differing(self, other: Request) -> tuple[tuple[str, str | None, str | None], ...]:
        """Return (field, mine, the other's) for each field that differs."""
        mine, theirs = dict(self.arguments), dict(other.arguments)
        mine["verb"], theirs["verb"] = self.verb, other.verb
        return tuple(
            (field, mine.get(field), theirs.get(field))
            for field in sorted(mine.keys() | theirs.keys())
            if mine.get(field) != theirs.get(field)
        )


def request(verb: str, **arguments: str | int | date | None) -> Request:
    """Return the request to *verb* with *arguments* as text; None leaves one out.

    >>> request("invoice.issue", invoice="inv_1", on=date(2026, 11, 1)).arguments
    (('invoice', 'inv_1'), ('on', '2026-11-01'))
    """
    for field, value in arguments.items():
        if value is not None and type(value) not in (str, int, date):
            msg = f"request field {field!r} must be text, a whole number or a date (got {value!r})"
            raise TypeError(msg)
    return Request(
        verb, tuple((f, str(arguments[f])) for f in sorted(arguments) if arguments[f] is not None)
    )


@attrs.frozen
class Versioned(Generic[R_co]):
    """A record and the version it was read at, counted from 1."""

    record: R_co
    version: int


@attrs.frozen
class Version(Generic[R_co]):
    """One row of a record's history: what it became, by whom, why and when."""

    record: R_co
    version: int
    key: str
    actor: str
    reason: str
    at: datetime = attrs.field(converter=instant)


@attrs.frozen
class Expect:
    """The version a decision was based on; 0: there was no such record."""

    kind: type[Record]
    id: str
    version: int

    def __attrs_post_init__(self) -> None:
        name_of("expected id", self.id)
        if not isinstance(self.kind, type) or type(self.version) is not int or self.version < 0:
            msg = f"expect needs a kind and a version from 0 (got {self.kind!r}, {self.version!r})"
            raise TypeError(msg)


def expect(read: Versioned[Record]) -> Expect:
    """Return the expectation that *read* has not moved since."""
    return Expect(type(read.record), read.record.id, read.version)


_TOKEN = re.compile(r"\{(?:(series|year|month)|(n)(?::([0-9]{1,2}))?)\}")
NEVER, YEAR, MONTH = "never", "year", "month"


@attrs.frozen
class Series:
    """A sequence of document numbers without gaps, drawn by the commit.

    Attributes:
        name: Its name, such as `INV`; without a slash, which counters use to add the year.
        pattern: The text of a number; `{series}`, `{year}`, `{month}` and `{n}`, where `{n:5}`
            pads with zeros to five digits. Year and month are the document's, and decoration
            unless *reset* says otherwise. (spec: billing 7)
        reset: `never`, or at each `year` or `month`.
        start: The first number.

    >>> Series("INV", "{series}-{year}-{n:5}").text(7, on=date(2026, 11, 1))
    'INV-2026-00007'
    """

    name: str
    pattern: str = "{series}-{n:5}"
    reset: str = NEVER
    start: int = 1

    def __attrs_post_init__(self) -> None:
        name_of("series name", self.name)
        name_of("series pattern", self.pattern)
        rest = _TOKEN.sub("", self.pattern)
        if "/" in self.name:
            msg = f"a series name holds no slash, its pattern may (got {self.name!r})"
            raise ValueError(msg)
        if "{" in rest or "}" in rest or not any(t[2] for t in _TOKEN.finditer(self.pattern)):
            msg = (
                f"series pattern {self.pattern!r} must hold {{n}} or {{n:5}} and may hold "
                "{series}, {year} and {month}, and no other braces"
            )
            raise ValueError(msg)
        if self.reset not in (NEVER, YEAR, MONTH):
            msg = f"a series resets never, each year or each month (got {self.reset!r})"
            raise ValueError(msg)
        if self.reset != NEVER and "{year}" not in self.pattern:
            msg = f"series {self.name!r} resets each {self.reset}; its pattern needs {{year}}"
            raise ValueError(msg)
        if self.reset == MONTH and "{month}" not in self.pattern:
            msg = f"series {self.name!r} resets each month; its pattern needs {{month}}"
            raise ValueError(msg)
        if type(self.start) is not int or self.start < 0:
            msg = f"a series starts at a whole number from 0 (got {self.start!r})"
            raise ValueError(msg)

    def counter(self, on: date) -> str:
        """Return the name of the count that a number drawn *on* belongs to."""
        year, month = (f"{on:%Y}", f"{on:%Y-%m}")
        return {NEVER: self.name, YEAR: f"{self.name}/{year}", MONTH: f"{self.name}/{month}"}[
            self.reset
        ]

    def text(self, n: int, *, on: date) -> str:
        """Return number *n* as it stands on a document dated *on*."""
        values = {"series": self.name, "year": f"{on:%Y}", "month": f"{on:%m}"}

        def fill(token: re.Match[str]) -> str:
            return values[token[1]] if token[1] else str(n).zfill(int(token[3] or 0))

        return _TOKEN.sub(fill, self.pattern)


@attrs.frozen
class Draw:
    """The wish for a number: commit fills `number` of the new *record* from *series*."""

    record: str
    series: Series
    on: date

    def __attrs_post_init__(self) -> None:
        name_of("record to number", self.record)
        plain_date("on", self.on)


@attrs.frozen
class Number:
    """A number drawn: the *n*-th of *counter*, given to *record* as *text*."""

    counter: str
    n: int
    text: str
    record: str


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
        _each_once("wallet to open", [wallet.id for wallet in self.opens])
        _each_once("policy", [wallet.id for wallet in self.policies])
        _each_once("record", [(type(record).__name__, record.id) for record in self.records])
        _each_once("expectation", [(e.kind.__name__, e.id) for e in self.expects])
        _each_once("draw", [draw.record for draw in self.draws])
        _each_once("message", [message.id for message in self.messages])
        held = [record.id for record in self.records]
        if wrong := sorted(draw.record for draw in self.draws if held.count(draw.record) != 1):
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
    records: tuple[Record, ...] = ()
    draws: tuple[Draw, ...] = ()
    messages: tuple[Message, ...] = ()

    def __add__(self, other: Effects) -> Effects:
        return Effects(
            journals=self.journals + other.journals,
            opens=self.opens + other.opens,
            records=self.records + other.records,
            draws=self.draws + other.draws,
            messages=self.messages + other.messages,
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
    """Return the `Changes` that store *decisions* together, once, on what was read (*expects*)."""
    effects = sum((decision.effects for decision in decisions), start=Effects())
    return Changes(
        key=key,
        request=request,
        actor=actor,
        reason=reason,
        at=at,
        journals=effects.journals,
        opens=tuple(dict.fromkeys(effects.opens)),
        records=effects.records,
        expects=expects,
        draws=effects.draws,
        messages=effects.messages,
    )
