"""Low packages: telling a customer, once, that few sessions are left."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ledgerkit.domain.ids import derive
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.packages.records import ACTIVE, Package

# Alert for each active package, or for all of a customer's active packages together: with
# oldest-first drawing every old package runs low although a new one is full. (spec: billing 5)
PER_PACKAGE, AGGREGATE = "package", "aggregate"
_ALL = 100


@attrs.frozen
class Threshold:
    """When few units are left: strictly below *percent* of those bought.

    >>> [left for left in range(11) if Threshold().is_low(left, of=10)]
    [0, 1]
    """

    percent: int = 20  # seed 000: below 0.20, told again only after it was back at 0.20

    def __attrs_post_init__(self) -> None:
        if type(self.percent) is not int or not 0 <= self.percent <= _ALL:
            msg = f"a threshold is a whole percentage from 0 to 100 (got {self.percent!r})"
            raise ValueError(msg)

    def is_low(self, remaining: int, *, of: int) -> bool:
        """Return whether *remaining* units *of* those bought are too few; without division."""
        return remaining * _ALL < self.percent * of


LOW = Threshold()


def low_message(customer: str, packages: Sequence[Package], *cause: str) -> Message:
    """Return the notice that *packages* of *customer* run low, identified by its *cause*."""
    return Message(
        derive("msg", "low_package", *cause),
        "notice.low_package",
        customer,
        (
            ("packages", ",".join(p.id for p in packages)),
            ("remaining", str(sum(p.remaining for p in packages))),
            ("purchased", str(sum(p.units for p in packages))),
        ),
    )


def use_alert(
    before: Package, after: Package, session: str, part: str, threshold: Threshold
) -> Message | None:
    """Return the alert if the unit for *session* took the package below *threshold*, else None.

    Edge-triggered without a flag: a return that takes it back above arms it again.
    """
    if threshold.is_low(before.remaining, of=before.units) or not threshold.is_low(
        after.remaining, of=after.units
    ):
        return None
    return low_message(after.customer, (after,), after.id, session, part)


def pool_alert(
    customer: str,
    before: Sequence[Package],
    after: Sequence[Package],
    *,
    threshold: Threshold = LOW,
) -> Message | None:
    """Return the alert if all packages of *customer* together went below *threshold*, else None.

    *before* and *after* are all of the customer's packages. Active ones with a unit left count;
    where the last unit was used, those it was used from. Expired ones do not alert: they have a
    notice of their own. (spec: billing 5, `aggregate`)
    """
    held = _with_units(before)
    names = {p.id for p in held}
    left = _with_units(after) or tuple(p for p in after if p.id in names and p.status == ACTIVE)
    if not left or not held or _are_low(held, threshold) or not _are_low(left, threshold):
        return None
    # What moved since the last alert moved one of these counts: the cause is new each time.
    turns = (
        f"{p.id}:{len(p.redemptions)}:{len(p.returned)}:{p.expiries}"
        for p in sorted(after, key=lambda p: p.id)
    )
    return low_message(customer, left, customer, "aggregate", *turns)


def _with_units(packages: Sequence[Package]) -> tuple[Package, ...]:
    return tuple(p for p in packages if p.status == ACTIVE and p.remaining > 0)


def _are_low(packages: Sequence[Package], threshold: Threshold) -> bool:
    remaining = sum(p.remaining for p in packages)
    return threshold.is_low(remaining, of=sum(p.units for p in packages))
