"""Credit limits as jobs: set, asked, overridden and charged, by those who may."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs
import pytest

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.access import AccessDenied, Actor, ApproverIsRequester
from ledgerkit.domain.changes import Changes, Committed, Effects, KeyReused, Stale
from ledgerkit.domain.credit_limits import (
    AutoCharge,
    CreditLimit,
    LimitSet,
    Override,
)
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger import InsufficientFunds, Limit, Wallet
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import Money
from ledgerkit.domain.outbox import Message
from ledgerkit.jobs import steps
from ledgerkit.jobs.credit_limits import (
    AutoCharged,
    check_booking,
    near_credit_limit,
    run_auto_charges,
    set_credit_limit,
)
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.overrides import (
    UnknownOverride,
    approve_override,
    ask_override,
    reject_override,
    revoke_override,
    use_override,
)
from ledgerkit.jobs.steps import Job
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.samples import changes, hold, hour, transfer
from ledgerkit.testing.simulator import Rigged
from tests.people import MARIA, PEDRO

ANA = Actor(id="ana", roles=frozenset({"customer"}), party="ana")
OLGA = Actor(id="olga", roles=frozenset({"onboarding"}))


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


def make_host(store: MemoryStore | None = None) -> Host:
    """Return a host in whose books nobody owes anything."""
    store = MemoryStore() if store is None else store
    store.commit(changes("open", opens=(Wallet("customer:ana"), Wallet("till"))))
    return Host(store=store, clock=FakeClock())


def put(host: Host, minor: int, *, key: str = "1", actor: Actor = MARIA, **fields: Any) -> LimitSet:
    """Set ana's limit."""
    job = set_credit_limit("ana", eur(minor), actor=actor, reason="agreed", key=key, **fields)
    return run(job, host)


def spend(host: Host, id: str, minor: int) -> Committed:
    """Have ana pay at the till."""
    journal = transfer(id, "customer:ana", "till", minor)
    return host.store.commit(changes(id, journals=(journal,)))


# ---- limits ----------------------------------------------------------------------------------
def test_a_limit_holds_from_now_on() -> None:
    """500.00 pass and one cent more does not; lowered, payments pass and nothing else."""
    host = make_host()
    put(host, 50_000)
    spend(host, "a", 50_000)
    put(host, 10_000, key="2")
    with pytest.raises(InsufficientFunds, match=r"short by 400\.01 EUR"):
        spend(host, "b", 1)
    host.store.commit(changes("paid", journals=(transfer("p", "till", "customer:ana", 45_000),)))
    spend(host, "c", 5_000)

    assert -10_000 == host.store.balance("customer:ana", "EUR").posted


def test_who_set_it_and_why_is_on_record() -> None:
    """Each change is a version with actor and reason. (seed 002: audit trail)"""
    host = make_host()
    limit = put(host, 50_000).limit
    put(host, 60_000, key="2", actor=attrs.evolve(PEDRO, impersonator="maria"))

    assert [("maria", "agreed", eur(50_000)), ("maria as pedro", "agreed", eur(60_000))] == [
        (v.actor, v.reason, v.record.amount) for v in host.store.history(CreditLimit, limit.id)
    ]


def test_asked_again_it_is_set_once() -> None:
    """The same key stores nothing more; for something else it is a mistake."""
    host = make_host()
    put(host, 50_000)
    put(host, 50_000)

    assert 1 == len(host.store.history(CreditLimit, put(host, 50_000).limit.id))
    with pytest.raises(KeyReused, match="minor"):
        put(host, 60_000)
    with pytest.raises(ValueError, match="key of a credit limit"):
        run(set_credit_limit("ana", eur(1), actor=MARIA, reason="x", key=""), host)


def test_other_currencies_keep_their_floor() -> None:
    """One policy holds them all."""
    host = make_host()
    put(host, 50_000)
    dollars = set_credit_limit("ana", Money(7, "USD"), actor=MARIA, reason="x", key="usd")
    run(dollars, host)

    assert (Limit("EUR", floor=-50_000), Limit("USD", floor=-7)) == (
        (host.store.wallet("customer:ana") or Wallet("none")).limits
    )


def test_a_customer_without_a_wallet() -> None:
    """It is opened with the floor; one below it has a policy of its own."""
    host = make_host()
    host.store.commit(changes("x", opens=(Wallet("customer:bo:savings", (Limit("EUR", 0),)),)))
    run(set_credit_limit("bo", eur(5), actor=MARIA, reason="new", key="1"), host)

    assert Wallet("customer:bo", (Limit("EUR", floor=-5),)) == host.store.wallet("customer:bo")


class Overtaken(MemoryStore):
    """A store in which somebody else is first, so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def commit(self, changes: Changes) -> Committed:
        """Refuse a limit as stale while there are times left."""
        if changes.key.startswith("credit_limit/") and self.times:
            self.times -= 1
            raise Stale("credit_limit", "lim_1", 0, 1)
        return super().commit(changes)


def test_others_were_first() -> None:
    """It decides again, and gives up after five rounds."""
    assert eur(5) == put(make_host(Overtaken(4)), 5).limit.amount
    with pytest.raises(Stale):
        put(make_host(Overtaken(5)), 5)


# ---- asking ----------------------------------------------------------------------------------
def test_a_booking_is_checked_on_the_books() -> None:
    """400.00 of 500.00 are owed: 100.00 is urgent, 100.01 blocked."""
    host = make_host()
    put(host, 50_000)
    spend(host, "a", 40_000)
    found = [run(check_booking("ana", eur(minor), actor=ANA), host) for minor in (10_000, 10_001)]

    assert [("urgent", True), ("exceeded", False)] == [(c.band, c.allowed) for c in found]
    assert eur(10_000) == found[0].available


def test_what_has_expired_counts_no_more() -> None:
    """400.00 are held until 13:00: nobody is refused, called near or charged for them after."""
    host = make_host()
    put(host, 50_000, charge_at="warning")
    booked = hold("h", "customer:ana", "till", 40_000, expires_at=hour(1))
    host.store.commit(changes("h", holds=(booked,)))
    late = attrs.evolve(host, clock=FakeClock(hour(1)))
    asked = check_booking("ana", eur(50_000), actor=MARIA)

    assert ["warning"] == [n.band for n in run(near_credit_limit(actor=MARIA), host)]
    assert eur(10_000) == run(check_booking("ana", eur(10_001), actor=MARIA), host).available
    assert run(asked, late).allowed
    assert () == run(near_credit_limit(actor=MARIA), late)
    assert AutoCharged() == charge_all(late)


def test_without_a_limit_or_a_wallet() -> None:
    """Nobody bounds what nobody limited."""
    found = run(check_booking("bo", eur(5), actor=MARIA), make_host())

    assert (True, None, "bo", eur(5)) == (
        found.allowed,
        found.limit,
        found.customer,
        found.exposure,
    )


def test_who_is_near() -> None:
    """As the books stand. (seed 002: students near their credit limit)"""
    host = make_host()
    put(host, 50_000)
    spend(host, "a", 47_500)

    assert [("ana", "urgent")] == [
        (n.customer, n.band) for n in run(near_credit_limit(actor=OLGA), host)
    ]


# ---- overrides -------------------------------------------------------------------------------
def asked(host: Host, minor: int = 12_000, *, reason: str = "pays on Friday") -> Override:
    """Have maria ask for an override."""
    job = ask_override(
        "ana",
        eur(minor),
        reference="booking-7",
        reason=reason,
        expires_at=hour(24),
        actor=MARIA,
    )
    return run(job, host)


def approved(host: Host) -> str:
    """Have an override that pedro approved; return its id."""
    id = asked(host).id
    run(approve_override(id, actor=PEDRO, reason="known for years"), host)
    return id


def test_an_override_passes_once() -> None:
    """Beyond a limit of zero, in one commit with its use; asked again, it is the same posting."""
    host = make_host()
    put(host, 0)
    id = approved(host)
    journal = transfer("booking-7", "customer:ana", "till", 12_000)
    posted = run(use_override(id, journal, actor=MARIA, reason="booking-7"), host)
    again = run(use_override(id, journal, actor=MARIA, reason="booking-7"), host)
    other = transfer("other", "customer:ana", "till", 1)
    with pytest.raises(IllegalTransition, match="override is used"):
        run(use_override(id, other, actor=MARIA, reason="booking-7"), host)

    assert attrs.evolve(journal, forced_by=id) == posted == again
    assert -12_000 == host.store.balance("customer:ana", "EUR").posted
    assert [("maria", "requested"), ("pedro", "approved"), ("maria", "used")] == [
        (v.actor, v.record.status) for v in host.store.history(Override, id)
    ]


def test_asked_again_in_the_same_words() -> None:
    """It is the same request, whatever became of it; in others it is refused."""
    host = make_host()
    id = approved(host)

    assert (id, "approved") == (asked(host).id, asked(host).status)
    with pytest.raises(KeyReused, match="minor: '12000' then, '12001' now"):
        asked(host, 12_001)
    with pytest.raises(KeyReused, match="reason"):
        asked(host, reason="pays on Monday")


def test_nobody_approves_what_they_asked_for() -> None:
    """Not even as somebody else. (spec: reliability G3)"""
    host = make_host()
    id = asked(host).id
    disguised = attrs.evolve(PEDRO, impersonator="maria")
    for actor in (MARIA, disguised):
        with pytest.raises(ApproverIsRequester):
            run(approve_override(id, actor=actor, reason="x"), host)


def test_turned_down_and_taken_back() -> None:
    """Each with who and why."""
    host = make_host()
    rejected = run(reject_override(asked(host).id, actor=PEDRO, reason="no"), host)
    other = make_host()
    revoked = run(revoke_override(approved(other), actor=PEDRO, reason="paid"), other)

    assert ("rejected", "revoked") == (rejected.status, revoked.status)


def test_an_override_that_nobody_asked_for() -> None:
    """There is none of that id."""
    with pytest.raises(UnknownOverride, match="no override 'ovr_x' is stored"):
        run(reject_override("ovr_x", actor=PEDRO, reason="no"), make_host())


JOURNAL = transfer("jrn", "customer:ana", "till", 1)
JOBS: dict[str, Any] = {
    "set": lambda a: set_credit_limit("ana", eur(1), actor=a, reason="x", key="1"),
    "check": lambda a: check_booking("bo", eur(1), actor=a),
    "near": lambda a: near_credit_limit(actor=a),
    "ask": lambda a: ask_override(
        "ana", eur(1), reference="r", reason="x", expires_at=hour(9), actor=a
    ),
    "approve": lambda a: approve_override("ovr", actor=a, reason="x"),
    "reject": lambda a: reject_override("ovr", actor=a, reason="x"),
    "revoke": lambda a: revoke_override("ovr", actor=a, reason="x"),
    "use": lambda a: use_override("ovr", JOURNAL, actor=a, reason="x"),
}


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("actor", [ANA, Actor(id="x")], ids=["customer", "nobody"])
def test_who_may_not(job: str, actor: Actor) -> None:
    """Every job asks first, so a customer reads nobody else's wallet and sets nothing. (G4)"""
    with pytest.raises(AccessDenied):
        run(JOBS[job](actor), make_host())


# ---- automatic charges -----------------------------------------------------------------------
@attrs.frozen
class Ordered:
    """An order to charge: a message to whoever carries it out."""

    message: Message

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(messages=(self.message,))


@attrs.frozen
class NoMethod(LedgerkitError):
    """A customer who saved no payment method."""

    customer: str
    code = "no_method"

    def __str__(self) -> str:
        return f"{self.customer} saved no payment method"


async def order(charge: AutoCharge, at: datetime) -> Ordered:
    """Order a charge by a message; bo has no card."""
    if charge.customer == "bo":
        raise NoMethod("bo")
    return Ordered(Message(charge.key, "charge", charge.customer))


def arriving(minor: int) -> Any:
    """Return what tells that so much is under way of everybody."""

    async def under_way(limit: CreditLimit) -> Money:
        return eur(minor)

    return under_way


def charge_all(host: Host, under_way: int = 0) -> AutoCharged:
    """Run the automatic charges."""
    job: Job[AutoCharged] = run_auto_charges(order=order, under_way=arriving(under_way))
    return run(job, host)


def test_whoever_reached_the_band_is_charged_once() -> None:
    """400.00 of 500.00; run again, nothing is ordered again; what is booked later is."""
    host = make_host()
    put(host, 50_000, charge_at="warning")
    spend(host, "a", 40_000)
    first, again = charge_all(host), charge_all(host)
    waiting = charge_all(host, 40_000)
    spend(host, "b", 5_000)
    later = charge_all(host, 40_000)

    assert [eur(40_000)] == [charge.amount for charge in first.ordered]
    assert (AutoCharged(), AutoCharged()) == (again, waiting)
    assert [eur(5_000)] == [charge.amount for charge in later.ordered]
    assert [f"auto_charge/customer:ana/EUR/{n}" for n in (1, 2)] == [
        claimed.message.id
        for claimed in host.store.claim("charge", at=hour(0), lease=hour(1) - hour(0))
    ]


def test_a_long_statement_is_not_read() -> None:
    """Whoever has booked for years is charged by the place of the last entry alone."""
    host = make_host()
    put(host, 50_000, charge_at="warning")
    spend(host, "a", 40_000)
    watched = Rigged(host)
    job: Job[AutoCharged] = run_auto_charges(order=order, under_way=arriving(0))

    assert 1 == len(run(job, watched).ordered)
    assert 2 == watched.names.count("last_entry")
    assert "entries" not in watched.names


@pytest.mark.parametrize("moment", [1, 2])
def test_what_comes_in_meanwhile_is_not_charged_again(moment: int) -> None:
    """A payment of 300.00 comes in just before or after it is asked what is under way: 400 - 300.

    Read on either side of that it would be neither under way nor on the wallet. A wallet on which
    something is posted each time waits.
    """
    host = make_host()
    put(host, 50_000, charge_at="warning")
    spend(host, "a", 40_000)
    asked: list[int] = []

    async def capturing(limit: CreditLimit) -> Money:
        asked.append(len(asked) + 1)
        if asked[-1] == 1:
            waiting = 0 if moment == 1 else 30_000
            await steps.commit(
                changes("paid", journals=(transfer("paid", "till", "customer:ana", 30_000),))
            )
            return eur(waiting)
        return eur(0)

    async def busy(limit: CreditLimit) -> Money:
        spend(host, f"busy {len(asked)}", 1)
        asked.append(0)
        return eur(0)

    found = run(run_auto_charges(order=order, under_way=capturing), host)
    spend(host, "b", 34_000)

    assert AutoCharged() == found
    assert [1, 2] == asked
    assert AutoCharged() == run(run_auto_charges(order=order, under_way=busy), host)
    assert [eur(44_005)] == [charge.amount for charge in charge_all(host).ordered]


def test_nobody_else_is_charged() -> None:
    """Neither below the band, nor without one."""
    host = make_host()
    put(host, 50_000, charge_at="urgent")
    spend(host, "a", 40_000)
    run(set_credit_limit("bo", eur(0), actor=MARIA, reason="x", key="1"), host)

    assert AutoCharged() == charge_all(host)


def test_who_cannot_be_charged_holds_up_nobody() -> None:
    """The reason is reported."""
    host = make_host()
    job = set_credit_limit("bo", eur(100), actor=MARIA, reason="x", key="1", charge_at="warning")
    run(job, host)
    put(host, 50_000, charge_at="warning")
    spend(host, "a", 40_000)
    host.store.commit(changes("b", journals=(transfer("b", "customer:bo", "till", 90),)))
    found = charge_all(host)

    assert ["ana"] == [charge.customer for charge in found.ordered]
    assert [("bo", "no_method")] == [(s.subject, s.code) for s in found.skipped]


def test_decided_once() -> None:
    """Asked again, an approval is the one that was given, whatever became of the override."""
    host = make_host()
    id = approved(host)
    run(revoke_override(id, actor=PEDRO, reason="paid"), host)

    assert "revoked" == run(approve_override(id, actor=PEDRO, reason="again"), host).status
    assert 3 == len(host.store.history(Override, id))
