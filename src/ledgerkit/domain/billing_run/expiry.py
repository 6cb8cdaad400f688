"""Expiry in a run: packages whose last day has passed give up what is left, after all sessions."""

from __future__ import annotations

from ledgerkit.domain import packages
from ledgerkit.domain.billing_run.desk import Desk
from ledgerkit.domain.packages import ACTIVE, Package
from ledgerkit.domain.periods import day_start


def expire_packages(desk: Desk) -> None:
    """Forfeit what is left of packages whose last day has passed. (spec: billing 5)

    One that was revived for a late session expires again at once, whichever period is billed.
    """
    for package in packages.draw_down(desk.packages.values()):
        ends = package.expires_on
        if ends is None or package.status != ACTIVE or package.remaining == 0:
            continue
        if ends <= (desk.today if package.expiries else min(desk.period.end, desk.today)):
            expired = packages.expire(package, on=desk.today, at=day_start(ends, desk.zone))
            desk.keep(expired.package, expired.effects, on=ends)
            desk.messages += expired.effects.messages


def revive(desk: Desk, package: Package) -> Package:
    """Take back the expiry of *package* as of its own day, so that no day in between is wrong."""
    ends = package.expires_on or desk.today
    revived = packages.revive(package, at=day_start(ends, desk.zone))
    desk.keep(revived.package, revived.effects, on=ends)
    return revived.package
