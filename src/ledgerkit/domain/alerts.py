"""Alert: something about money that a person has to look at, such as drift or a low reserve.

One alert stands for one kind of trouble with one subject, however often it is observed. Somebody
acknowledges it; it opens again when the trouble gets worse or comes back, and resolves when it is
gone. (seed 002; spec: billing 9)
"""

from __future__ import annotations

from datetime import datetime

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger.journals import name_of, pairs_of, text_of
from ledgerkit.domain.lifecycle import Lifecycle
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.periods import instant

NOTICE, WARNING, CRITICAL = "notice", "warning", "critical"
SEVERITIES = (NOTICE, WARNING, CRITICAL)  # the worst last

OPEN, ACKNOWLEDGED, RESOLVED = "open", "acknowledged", "resolved"
ALERT = Lifecycle(
    "alert",
    OPEN,
    {
        (OPEN, "observe"): OPEN,  # the facts or the severity moved
        (OPEN, "worsen"): OPEN,
        (OPEN, "acknowledge"): ACKNOWLEDGED,
        (OPEN, "resolve"): RESOLVED,
        (ACKNOWLEDGED, "observe"): ACKNOWLEDGED,
        (ACKNOWLEDGED, "worsen"): OPEN,
        (ACKNOWLEDGED, "resolve"): RESOLVED,
        (RESOLVED, "worsen"): OPEN,
    },
)


def alert_id(kind: str, subject: str) -> str:
    """Return the id of the alert of *kind* about *subject*."""
    return derive("alr", kind, subject)


@attrs.frozen(kw_only=True)
class Observation:
    """What was found when somebody looked.

    Attributes:
        kind: What was looked for, such as `drift` or `reserve`.
        subject: At what, such as `gateway:stripe/USD`.
        severity: `notice`, `warning` or `critical`; None where nothing is wrong.
        facts: The figures, as (name, text) pairs.
    """

    kind: str
    subject: str
    severity: str | None
    facts: tuple[tuple[str, str], ...] = ()

    def __attrs_post_init__(self) -> None:
        name_of("observation kind", self.kind)
        name_of("observation subject", self.subject)
        pairs_of("facts", self.facts)
        if self.severity is not None and self.severity not in SEVERITIES:
            msg = f"a severity is {' or '.join(SEVERITIES)}, or None (got {self.severity!r})"
            raise ValueError(msg)


@attrs.frozen(kw_only=True)
class Alert:
    """One kind of trouble with one subject; its history holds every earlier state.

    Attributes:
        id: See `alert_id`.
        kind: What was looked for.
        subject: At what.
        severity: How bad it is, or was when it was seen last.
        facts: The figures as seen last, as (name, text) pairs.
        opened_at: When it was opened, the last time.
        openings: How often it was opened.
        status: See `ALERT`.
        acknowledged_by: Who acknowledged it, or None.
        acknowledged_at: When, or None.
        note: What they noted, or "".
        resolved_at: When it was gone, or None.
    """

    id: str
    kind: str
    subject: str
    severity: str
    facts: tuple[tuple[str, str], ...] = ()
    opened_at: datetime = attrs.field(converter=instant)
    openings: int = 1
    status: str = OPEN
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = attrs.field(
        default=None, converter=attrs.converters.optional(instant)
    )
    note: str = ""
    resolved_at: datetime | None = attrs.field(
        default=None, converter=attrs.converters.optional(instant)
    )

    def __attrs_post_init__(self) -> None:
        for field in ("id", "kind", "subject"):
            name_of(f"alert {field}", getattr(self, field))
        pairs_of("facts", self.facts)
        text_of("note", self.note)
        if self.severity not in SEVERITIES or self.status not in ALERT.statuses:
            msg = f"alert {self.id!r} is {self.status!r} and {self.severity!r}; see its lifecycle"
            raise ValueError(msg)
        if type(self.openings) is not int or self.openings < 1:
            msg = f"alert {self.id!r} was opened once at least (got {self.openings!r})"
            raise ValueError(msg)
        named = self.acknowledged_by is not None
        if named != (self.acknowledged_at is not None) or named < (self.status == ACKNOWLEDGED):
            msg = f"alert {self.id!r} is {self.status!r}, acknowledged by {self.acknowledged_by!r}"
            raise ValueError(msg)
        if (self.resolved_at is not None) != (self.status == RESOLVED):
            msg = f"alert {self.id!r} is {self.status!r}, resolved at {self.resolved_at}"
            raise ValueError(msg)

    @property
    def is_over(self) -> bool:
        """Whether nobody has to look any more."""
        return self.status == RESOLVED


@attrs.frozen
class Alerted:
    """An alert that opened, moved or resolved, and the message that tells somebody, if any."""

    alert: Alert
    message: Message | None = None

    @property
    def effects(self) -> Effects:
        """What to store."""
        messages = () if self.message is None else (self.message,)
        return Effects(records=(self.alert,), messages=messages)


def raise_alert(
    previous: Alert | None, observed: Observation, *, at: datetime, tell: str | None = None
) -> Alerted | None:
    """Return the alert after what was *observed*, or None where nothing moves.

    It opens when trouble is new, came back after it was gone, or is more severe than it was; then
    *tell*, the id of a party or a port, is told by a `notice.alert` message. Milder or other
    figures are noted, and leave an acknowledgement as it is. (spec: billing 9)

    Raises:
        ValueError: *previous* is about something else.
    """
    id = alert_id(observed.kind, observed.subject)
    if previous is not None and previous.id != id:
        msg = f"alert {previous.id!r} is not about {observed.kind!r} of {observed.subject!r}"
        raise ValueError(msg)
    standing = None if previous is None or previous.is_over else previous
    if observed.severity is None:
        return None if standing is None else _resolved(standing, observed, at=at)
    if standing is None or _worse(observed.severity, standing.severity):
        return _opened(id, previous, observed, observed.severity, at=at, tell=tell)
    if (standing.severity, standing.facts) == (observed.severity, observed.facts):
        return None
    return Alerted(
        attrs.evolve(
            standing,
            status=ALERT.after(standing.status, "observe"),
            severity=observed.severity,
            facts=observed.facts,
        )
    )


def _worse(severity: str, than: str) -> bool:
    return SEVERITIES.index(severity) > SEVERITIES.index(than)


def _opened(
    id: str,
    previous: Alert | None,
    observed: Observation,
    severity: str,
    *,
    at: datetime,
    tell: str | None,
) -> Alerted:
    alert = Alert(
        id=id,
        kind=observed.kind,
        subject=observed.subject,
        severity=severity,
        facts=observed.facts,
        opened_at=at,
        openings=1 if previous is None else previous.openings + 1,
        status=ALERT.start if previous is None else ALERT.after(previous.status, "worsen"),
    )
    if tell is None:
        return Alerted(alert)
    facts = (("severity", severity), ("subject", alert.subject), ("alert", alert.id))
    told = dict((*alert.facts, *facts))
    message = Message(
        derive("msg", "alert", id, str(alert.openings)),
        f"notice.alert.{alert.kind}",
        tell,
        tuple(told.items()),
    )
    return Alerted(alert, message)


def _resolved(alert: Alert, observed: Observation, *, at: datetime) -> Alerted:
    return Alerted(
        attrs.evolve(
            alert,
            status=ALERT.after(alert.status, "resolve"),
            facts=observed.facts or alert.facts,
            resolved_at=at,
        )
    )


def acknowledge(alert: Alert, *, by: str, at: datetime, note: str = "") -> Alerted:
    """Take note of *alert*: somebody looks after it.

    Raises:
        IllegalTransition: it is acknowledged or resolved already.
    """
    return Alerted(
        attrs.evolve(
            alert,
            status=ALERT.after(alert.status, "acknowledge"),
            acknowledged_by=name_of("who acknowledges", by),
            acknowledged_at=at,
            note=note,
        )
    )
