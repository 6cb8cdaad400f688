"""Circuit breaker: keeps workers from calling a gateway that does not answer.

After some troubles in a row it opens and nothing is sent; when it has cooled down one worker tries,
and what comes of that closes it or opens it for longer. It is a record, so that all workers of a
gateway share it and people see since when it is open; it is written only when something is wrong
or well again, never for a call that went well. (spec: reliability A18; gateways 1.3)
"""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from ledgerkit.domain import gateways
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.gateways import Outcome
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.lifecycle import Lifecycle
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.periods import instant

CLOSED, OPEN, HALF_OPEN = "closed", "open", "half_open"
GATEWAY_BREAKER = Lifecycle(
    "gateway_breaker",
    CLOSED,
    {
        (CLOSED, "trip"): OPEN,
        (OPEN, "trip"): OPEN,  # a call that was under way when it opened
        (OPEN, "try"): HALF_OPEN,
        (OPEN, "close"): CLOSED,
        (HALF_OPEN, "try"): HALF_OPEN,  # the worker that tried died
        (HALF_OPEN, "trip"): OPEN,
        (HALF_OPEN, "close"): CLOSED,
    },
)


@attrs.frozen(kw_only=True)
class Tripping:
    """When a breaker opens and for how long.

    Attributes:
        troubles: How many in a row open it.
        cool_down: How long it is open the first time; doubled each time it opens again.
        longest: What doubling ends at; also how long a wrong key keeps it open.
    """

    troubles: int = 5
    cool_down: timedelta = timedelta(minutes=1)
    longest: timedelta = timedelta(minutes=30)

    def __attrs_post_init__(self) -> None:
        if type(self.troubles) is not int or self.troubles < 1:
            msg = f"troubles must be a whole number from 1 (got {self.troubles!r})"
            raise ValueError(msg)
        if not timedelta() < self.cool_down <= self.longest:
            msg = (
                f"cool_down must be above zero and no longer than {self.longest} "
                f"(got {self.cool_down})"
            )
            raise ValueError(msg)


@attrs.frozen(kw_only=True)
class GatewayBreaker:
    """The breaker of one gateway.

    Attributes:
        id: The name of the gateway.
        status: `closed`, `open` or `half_open`, while one worker tries.
        troubles: How many calls in a row went wrong.
        openings: How often it opened since it was last closed.
        opened_at: When it last opened, or None while it is closed.
        until: No call is made before this instant, or None while it is closed.
        code: The gateway's code of the last trouble, or "".
    """

    id: str
    status: str = CLOSED
    troubles: int = 0
    openings: int = 0
    opened_at: datetime | None = attrs.field(
        default=None, converter=attrs.converters.optional(instant)
    )
    until: datetime | None = attrs.field(default=None, converter=attrs.converters.optional(instant))
    code: str = ""

    def __attrs_post_init__(self) -> None:
        name_of("gateway", self.id)
        if self.status not in GATEWAY_BREAKER.statuses:
            msg = f"the breaker of {self.id!r} has no status {self.status!r}"
            raise ValueError(msg)
        if (self.status == CLOSED) != (self.until is None):
            msg = f"the breaker of {self.id!r} is {self.status} until {self.until}"
            raise ValueError(msg)
        for field in ("troubles", "openings"):
            value = getattr(self, field)
            if type(value) is not int or value < 0:
                msg = f"{field} of the breaker of {self.id!r} is 0 or more (got {value!r})"
                raise ValueError(msg)


@attrs.frozen
class BreakerMoved:
    """A breaker after a call, and the alert if it opened."""

    breaker: GatewayBreaker
    messages: tuple[Message, ...] = ()

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.breaker,), messages=self.messages)


def is_trouble(outcome: Outcome | None) -> bool:
    """Whether *outcome* says that the gateway does not work; a refusal says that it does.

    None is a look-up that found nothing: it works.
    """
    return outcome is not None and (
        outcome.halts or outcome.status in (gateways.UNKNOWN, gateways.RETRYABLE)
    )


def lets_through(breaker: GatewayBreaker, *, at: datetime) -> bool:
    """Whether a call may be made at *at*: it is closed, or has cooled down and is to be tried."""
    return breaker.until is None or at >= breaker.until


def tried(breaker: GatewayBreaker, *, at: datetime, policy: Tripping) -> BreakerMoved:
    """Let one worker try; the others wait until it has told, or has died of it.

    Raises:
        IllegalTransition: it is closed; nothing needs to be tried.
    """
    status = GATEWAY_BREAKER.after(breaker.status, "try")
    return BreakerMoved(attrs.evolve(breaker, status=status, until=at + policy.longest))


def called(
    breaker: GatewayBreaker, outcome: Outcome | None, *, at: datetime, policy: Tripping
) -> BreakerMoved | None:
    """Return *breaker* after a call with *outcome*, or None if it stays as it is.

    A wrong key opens it at once, since every other call would fail as well; people are told, as
    they are when it opens for the first time.
    """
    if outcome is None or not is_trouble(outcome):
        if breaker == (well := GatewayBreaker(id=breaker.id)):
            return None
        return BreakerMoved(well)
    troubles = breaker.troubles + 1
    if breaker.status == CLOSED and troubles < policy.troubles and not outcome.halts:
        return BreakerMoved(attrs.evolve(breaker, troubles=troubles, code=outcome.code))
    cool_down = min(policy.longest, policy.cool_down * 2 ** min(breaker.openings, 30))
    opened = attrs.evolve(
        breaker,
        status=GATEWAY_BREAKER.after(breaker.status, "trip"),
        troubles=troubles,
        openings=breaker.openings + 1,
        opened_at=at,
        until=at + (policy.longest if outcome.halts else cool_down),
        code=outcome.code,
    )
    first = breaker.openings == 0 or (outcome.halts and breaker.code != outcome.code)
    return BreakerMoved(opened, (_alert(opened, halted=outcome.halts),) if first else ())


def _alert(breaker: GatewayBreaker, *, halted: bool) -> Message:
    what = "gateway_halted" if halted else "gateway_down"
    return Message(
        id=derive("msg", what, breaker.id, f"{breaker.opened_at}"),
        topic=f"alert.{what}",
        recipient=breaker.id,
        body=(
            ("gateway", breaker.id),
            ("code", breaker.code),
            ("troubles", str(breaker.troubles)),
            ("until", "" if breaker.until is None else breaker.until.isoformat()),
        ),
    )
