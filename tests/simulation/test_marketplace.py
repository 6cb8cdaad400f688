"""Whatever befalls a marketplace, its books are right when all is settled; and planted bugs show.

A seed that fails prints its luck and the shortest list of actions that still fails; put that into
a test of its own. `pytest -m soak tests/simulation/test_marketplace.py` plays many more.
(spec: reliability 4, billing 13)
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import attrs
import pytest

from ledgerkit.domain import transfers
from ledgerkit.domain.changes import changes_of, request
from ledgerkit.domain.credit_limits import Override, OverrideUsed
from ledgerkit.domain.gateways import REFUSED, GatewayObject, Notification, Order, Outcome
from ledgerkit.domain.instructions import Instruction
from ledgerkit.domain.ledger import Journal
from ledgerkit.domain.payments import Payment
from ledgerkit.jobs import overrides, steps
from ledgerkit.jobs.settlement import Settlement, settlement
from ledgerkit.jobs.webhooks import Taken, take
from tests.simulation import marketplace, town
from tests.simulation.marketplace import Action, drawn, shrunk
from tests.simulation.marketplace_laws import Watched, played
from tests.simulation.town import DAY, HOUR, TRUSTING, Luck, Recorded

QUICK = 60
BATCH, SOAKED = 250, 40  # 10,000 seeds


def fail_of(seed: int, luck: Luck, actions: tuple[Action, ...]) -> str:
    """Return how to see the failure of *seed* again, with as few actions as it takes."""
    fewer = shrunk(actions, lambda some: bool(played(luck, some)))
    shown = ",\n    ".join(map(repr, fewer))
    return f"seed {seed}: {played(luck, fewer)}\n{luck}\n(\n    {shown},\n)"


def check(seeds: range, length: int) -> None:
    """Play *seeds*; stop at the first that ends wrong."""
    for seed in seeds:
        luck, actions = drawn(seed, length)
        if played(luck, actions):
            pytest.fail(fail_of(seed, luck, actions))


def test_books_are_right_whatever_happens() -> None:
    """Some seeds of 40 actions."""
    check(range(QUICK), 40)


@pytest.mark.soak
@pytest.mark.parametrize("batch", range(SOAKED))
def test_books_are_right_for_many_seeds(batch: int) -> None:
    """Many seeds, each batch with lists of another length."""
    check(range(batch * BATCH, (batch + 1) * BATCH), 30 + 3 * batch)


def test_a_seed_is_the_same_again() -> None:
    """Two runs of a seed make the same journals at the same instants."""
    luck, actions = drawn(7)

    def journals() -> Any:
        world = Watched(luck)
        world.play(actions)
        world.settle()
        return world.store.journals(limit=10_000).items

    assert len(journals()) > 10
    assert journals() == journals()


# ---- planted bugs ----------------------------------------------------------------------------
GOOD_DAYS = Luck(crash=0.0, fault=0.0, lost=0.0, repeated=0.0, reconciles=True)
Plant = Callable[[pytest.MonkeyPatch], dict[str, Any]]


def no_settle_dedupe(patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Let answers and listings book what was done under another name than webhooks do."""

    async def other(told: GatewayObject, *, gateway: str, at: datetime) -> Settlement:
        renamed = attrs.evolve(told, id=f"{told.id}_too")
        return await settlement(renamed, gateway=gateway, at=at)

    patch.setattr(town, "settlement", other)
    return {}


def _refused_if(code: str, patch: pytest.MonkeyPatch) -> dict[str, Any]:
    send = Recorded.send

    def sent(self: Recorded, order: Order, *, key: str, instruction: str) -> Outcome:
        outcome = send(self, order, key=key, instruction=instruction)
        return Outcome(status=REFUSED, code=code) if outcome.code == code else outcome

    patch.setattr(Recorded, "send", sent)
    return {}


def timeout_is_failure(patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Take what timed out for refused."""
    return _refused_if("timeout", patch)


def http500_is_failure(patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Take a server's error for a refusal."""
    return _refused_if("api_error", patch)


def resend_after_key_expiry(_: pytest.MonkeyPatch) -> dict[str, Any]:
    """Send the same key again for a week."""
    return {"policy": attrs.evolve(TRUSTING, same_key_for=7 * DAY)}


def absent_too_early(_: pytest.MonkeyPatch) -> dict[str, Any]:
    """Believe an hour after the last send that nothing came of it."""
    return {"policy": attrs.evolve(TRUSTING, same_key_for=HOUR, absent_after=HOUR)}


def new_key_on_retry(patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Make a new key for each attempt."""
    patch.setattr(Instruction, "key", property(lambda self: f"{self.id}/{self.attempts}"))
    return {}


def no_send_deadline(patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Let a worker that was asleep send all the same."""
    send_order = steps.send_order

    async def sent(instruction: Instruction, *, before: datetime) -> Outcome:
        return await send_order(instruction, before=before + 999 * DAY)

    patch.setattr(steps, "send_order", sent)
    return {}


def window_at_request_only(patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Look at the window when a reversal is asked for, and not when it is sent."""
    take_back = transfers.take_back

    def asked(*args: Any, send_before: datetime, **fields: Any) -> Any:
        return take_back(*args, send_before=None, **fields)

    patch.setattr(transfers, "take_back", asked)
    return {}


def refund_ignores_pending(patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Count only what went back already."""
    patch.setattr(Payment, "refundable", property(lambda self: self.kept))
    return {}


def no_reconcile(_: pytest.MonkeyPatch) -> dict[str, Any]:
    """Lose webhooks, and let nobody reconcile."""
    return {"luck": attrs.evolve(GOOD_DAYS, lost=0.5, reconciles=False)}


def override_not_recorded(patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Let a journal pass by an override that stays as it was."""

    def used(override: Override, journal: Journal, *, at: datetime) -> OverrideUsed:
        return OverrideUsed(override, attrs.evolve(journal, forced_by=override.id))

    patch.setattr(overrides, "use", used)
    return {}


def drop_unknown(patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Forget what is told of an object that nobody knows yet."""
    for module in ("payments", "refunds", "disputes", "transfers"):
        patch.setattr(f"ledgerkit.jobs.settlement.{module}.PARKED", Settlement())
    return {"luck": attrs.evolve(GOOD_DAYS, reconciles=False)}


def mark_inbox_first(patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Keep the event in one commit and book what it tells in another."""

    async def nothing(told: GatewayObject, *, gateway: str, at: datetime) -> Settlement:
        return Settlement()

    async def taken(event: Notification) -> Taken:
        kept = await take(event, settle=nothing)
        for told in () if kept.replayed else event.told:
            if isinstance(told, GatewayObject):
                at = await steps.now()
                done = await settlement(told, gateway=event.gateway, at=at)
                asked = request("webhook.book", event=event.id)
                changes = changes_of(
                    done, key=f"book/{event.id}", request=asked, actor="w", reason="w", at=at
                )
                await steps.commit(attrs.evolve(changes, expects=done.expects))
        return kept

    patch.setattr(marketplace, "take", taken)
    return {"luck": attrs.evolve(GOOD_DAYS, crash=0.9, reconciles=False)}


PLANTED: dict[Plant, int] = {
    no_settle_dedupe: 20,
    timeout_is_failure: 60,
    http500_is_failure: 60,
    resend_after_key_expiry: 60,
    absent_too_early: 100,
    new_key_on_retry: 100,
    no_send_deadline: 100,
    window_at_request_only: 300,
    refund_ignores_pending: 100,
    no_reconcile: 20,
    override_not_recorded: 20,
    drop_unknown: 100,
    mark_inbox_first: 100,
}


def first_caught(planted: dict[str, Any], seeds: int) -> int | None:
    """Return the first seed that shows what is planted; a crash of the play shows it, too."""
    options = {**planted}
    given = options.pop("luck", None)
    for seed in range(seeds):
        luck, actions = drawn(seed)
        try:
            if played(given or luck, actions, **options):
                return seed
        except Exception:  # noqa: BLE001 - a planted bug may break anything
            return seed
    return None


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_caught(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each mechanism is needed: without it some seed ends wrong. (spec: reliability 4.6)"""
    planted = plant(monkeypatch)

    assert first_caught(planted, PLANTED[plant]) is not None
