"""Usage spike: much more than usual, told before somebody is surprised by an invoice.

(seed 001, which gives no threshold; spec: billing 4)
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import attrs

from ledgerkit.domain.ids import derive
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.usage.quantities import check_quantity, total
from ledgerkit.domain.usage.snapshots import Snapshot


@attrs.frozen(kw_only=True)
class SpikePolicy:
    """When usage is a spike: above *floor*, and above *times* the mean of the last *periods*.

    Attributes:
        floor: How much is never a spike; it has no default, since each meter counts other things.
        times: How many times the mean.
        periods: Of how many closed periods; with fewer there is no telling what is usual.
    """

    floor: Fraction
    times: Fraction = Fraction(2)
    periods: int = 3

    def __attrs_post_init__(self) -> None:
        check_quantity("the floor of a spike", self.floor)
        check_quantity("the times of a spike", self.times)
        if type(self.periods) is not int:
            msg = f"a spike is above the mean of whole periods (got {self.periods!r})"
            raise TypeError(msg)
        if self.floor < 0 or self.times <= 0 or self.periods < 1:
            msg = f"a spike needs a floor from 0, times above 0 and 1 period or more (got {self})"
            raise ValueError(msg)


def spike(snapshot: Snapshot, closed: Iterable[Snapshot], *, policy: SpikePolicy) -> Message | None:
    """Return the notice that *snapshot* is far above the *closed* periods before it, or None.

    Quantities count over all dimensions. An estimate is no spike, and there is one notice for a
    snapshot however often it is asked for. (spec: billing 4)

    Raises:
        ValueError: one of *closed* is of another customer or meter.
    """
    past = [each for each in closed if each.period.end <= snapshot.period.start]
    if any((p.customer, p.meter) != (snapshot.customer, snapshot.meter) for p in past):
        msg = f"usual is what {snapshot.customer!r} used of {snapshot.meter!r}, and nobody else"
        raise ValueError(msg)
    past = sorted(past, key=lambda each: each.period)[-policy.periods :]
    if len(past) < policy.periods or snapshot.estimated:
        return None
    used = total(snapshot.quantities)
    before = sum((total(each.quantities) for each in past), Fraction(0))
    if used <= policy.floor or used * policy.periods <= policy.times * before:
        return None
    return Message(
        derive("msg", "usage_spike", snapshot.id),
        "notice.usage_spike",
        snapshot.customer,
        (
            ("meter", snapshot.meter),
            ("period", str(snapshot.period)),
            ("used", str(used)),
            ("mean", str(Fraction(before, policy.periods))),
            ("times", str(policy.times)),
        ),
    )
