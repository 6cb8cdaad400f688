"""Plans: each decision of a plan is committed alone, and all are made anew if others came first."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs

from ledgerkit.domain.changes import Changes, KeyReused, Plan, Skipped, Stale, skipped
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger import EventAlreadyPosted
from ledgerkit.jobs import steps
from ledgerkit.jobs.rounds import ROUNDS
from ledgerkit.jobs.steps import Job

_OVERTAKEN = {Stale.code, KeyReused.code, EventAlreadyPosted.code}  # another run got there first


@attrs.frozen
class CarriedOut:
    """What became of a plan.

    Attributes:
        done: What was stored now, numbers filled in.
        refused: Whose decision the books refused, and why.
        left_out: All who are left out: those refused, and those whom the plan skipped.
    """

    done: tuple[Changes, ...] = ()
    refused: tuple[Skipped, ...] = ()
    left_out: tuple[Skipped, ...] = ()


async def carry_out(decide: Callable[[], Job[Plan]]) -> CarriedOut:
    """Decide and commit each decision alone, and again while others got there first."""
    carried = CarriedOut()
    for _ in range(ROUNDS):
        plan = await decide()
        stored, refused = await _commit_each(plan.changes)
        carried = CarriedOut((*carried.done, *stored), refused, (*plan.skipped, *refused))
        if not any(s.code in _OVERTAKEN for s in refused):
            break
    return carried


async def _commit_each(
    many: Iterable[Changes],
) -> tuple[tuple[Changes, ...], tuple[Skipped, ...]]:
    """Commit each of *many* alone; return those stored now, numbers filled in, and the refused."""
    done, refused = [], []
    for changes in many:
        try:
            committed = await steps.commit(changes)
        except LedgerkitError as error:
            arguments = dict(changes.request.arguments)
            named = (arguments.get(field) for field in ("party", "customer", "supplier", "owner"))
            refused.append(skipped(next(filter(None, named), changes.key), error))
            continue
        if not committed.replayed:
            done.append(committed.filled(changes))
    return tuple(done), tuple(refused)
