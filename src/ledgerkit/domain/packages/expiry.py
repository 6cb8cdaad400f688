"""Expiry: what is left of a package after its last day becomes the platform's."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Event, Journal
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.packages.records import (
    DEFERRED,
    EXPIRED_UNITS,
    PACKAGE,
    Package,
    PackageExhausted,
    legs,
    moved,
    units,
)


@attrs.frozen
class NotExpired(LedgerkitError):
    """A package does not expire yet, or never."""

    package: str
    expires_on: date | None
    on: date
    code: ClassVar[str] = "not_expired"

    def __str__(self) -> str:
        when = "never" if self.expires_on is None else f"on {self.expires_on}"
        return f"package {self.package!r} expires {when}; it is {self.on}"


@attrs.frozen
class Expired:
    """A package whose units are forfeited, the journal of the breakage, and the notice."""

    package: Package
    journal: Journal
    notice: Message

    @property
    def effects(self) -> Effects:
        """What to store."""
        return moved(self.package, self.journal, message=self.notice)


def expire(package: Package, *, on: date, at: datetime) -> Expired:
    """Forfeit what remains of *package* once its last day has passed *on* a local day.

    The deferred value becomes the platform's: breakage. Post it when the period is billed, after
    the sessions that may still use a unit. (spec: billing 5, 5a)

    Raises:
        NotExpired: its expiry is later than *on*, or none is set.
        PackageExhausted: nothing is left to forfeit.
        IllegalTransition: it is expired already.
    """
    status = PACKAGE.after(package.status, "expire")
    if package.expires_on is None or on < package.expires_on:
        raise NotExpired(package.id, package.expires_on, on)
    rest, left = package.deferred, package.remaining
    if left == 0:
        raise PackageExhausted(package.id, package.units, package.used, package.forfeited)
    turn = package.expiries + 1
    journal = Journal(
        id=_expiry(package.id, turn, package.expires_on),
        kind="package.expired",
        entries=legs(
            (DEFERRED, -rest),
            ("platform", rest),
            (package.wallet, units(-left)),
            (EXPIRED_UNITS, units(left)),
        ),
        effective_at=at,
        event=Event("package", package.id, f"expired:{turn}"),
    )
    notice = Message(
        derive("msg", "package_expired", journal.id),
        "notice.package_expired",
        package.customer,
        (
            ("package", package.id),
            ("units", str(left)),
            ("forfeited_minor", str(rest.minor)),
            ("currency", rest.currency),
        ),
    )
    after = attrs.evolve(package, status=status, forfeited=left, expiries=turn)
    return Expired(after, journal, notice)


@attrs.frozen
class Revived:
    """A package with its expired units back, and the journal that took back the breakage."""

    package: Package
    journal: Journal

    @property
    def effects(self) -> Effects:
        """What to store."""
        return moved(self.package, self.journal)


def revive(package: Package, *, at: datetime) -> Revived:
    """Take back the expiry of *package*, for a session before it that was approved after it.

    The rest expires anew with the same run. (spec: billing 5a)

    Raises:
        IllegalTransition: it is not expired.
    """
    status = PACKAGE.after(package.status, "revive")
    after = attrs.evolve(package, status=status, forfeited=0)
    rest, back = after.deferred, package.forfeited
    expired = _expiry(package.id, package.expiries, package.expires_on)
    journal = Journal(
        id=derive("jrn", "reversal", expired, on=package.expires_on),
        kind="package.expired.reversed",
        entries=legs(
            (DEFERRED, rest),
            ("platform", -rest),
            (package.wallet, units(back)),
            (EXPIRED_UNITS, units(-back)),
        ),
        effective_at=at,
        reverses=expired,
    )
    return Revived(after, journal)


def _expiry(package: str, turn: int, on: date | None) -> str:
    return derive("jrn", "package.expired", package, str(turn), on=on)
