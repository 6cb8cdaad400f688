"""Packages in a run: which sessions they pay for, what expires, and who is told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ledgerkit.domain.billing_run import Policy
from ledgerkit.domain.changes import Changes, changes_of, expect, request
from ledgerkit.domain.ledger import AsOf
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.packages import (
    AGGREGATE,
    EXPIRED,
    SESSION,
    Package,
    Threshold,
    give_back,
    redeem,
)
from tests.domain.billing_run.world import (
    DECEMBER_1,
    MATHS,
    MUSIC,
    NOVEMBER,
    NOVEMBER_1,
    OCTOBER,
    SEPTEMBER,
    World,
    eur,
    incentive,
    invoices,
    match,
    messages,
    package,
    party,
    session,
    unapproved,
)

TOGETHER = Policy(terms_days=14, alerts=AGGREGATE)


def october(count: int, first: int = 1) -> tuple[Any, ...]:
    """Return a session a day from the first day of October on."""
    return tuple(session(n, n) for n in range(first, first + count))


def record(world: World, id: str = "p1") -> Package:
    """Return a package as it is stored."""
    stored = world.store.load(Package, id)
    assert stored is not None
    return stored.record


def users(world: World, id: str = "p1") -> list[str]:
    """Return the sessions that use a package."""
    return [used.session for used in record(world, id).redemptions]


def told(plan: Any) -> list[tuple[str, str]]:
    """Return (topic, packages or package) of each message."""
    return [(m.topic.removeprefix("notice."), _about(m)) for m in messages(plan)]


def _about(message: Message) -> str:
    body = dict(message.body)
    return body.get("packages", body.get("package", ""))


# ---- covered and charged ---------------------------------------------------------------------
def test_twelve_sessions_and_a_package_of_ten() -> None:
    """10-pack for 450.00, 12 sessions at 50.00: invoice 100.00, revenue 10 x 45.00 + 100.00."""
    world = World(sessions=october(12)).buy(package())
    (invoice,) = invoices(world.run())

    assert 10_000 == invoice.total.minor
    assert ["p1"] * 10 + [None] * 2 == [line.package for line in invoice.lines]
    assert [0] * 10 + [5_000] * 2 == [line.amount.minor for line in invoice.lines]
    assert (12 * 3_000, 45_000 + 10_000 - 36_000, 0, -45_000 - 10_000) == (
        world.held("supplier:tom"),
        world.held("platform"),
        world.held("liability:packages"),
        world.held("customer:ana"),
    )
    assert (0, 10) == (world.held("package:p1", SESSION), world.held("units:redeemed", SESSION))


def test_covered_line_says_which_unit_paid() -> None:
    """Its trace names package, unit, value and what is left after the run."""
    world = World(sessions=october(2)).buy(package())
    (invoice,) = invoices(world.run())

    assert (
        ("rule", "covered by package"),
        ("package", "p1"),
        ("unit", "2 of 10"),
        ("value", "4500"),
        ("left", "8"),
    ) == invoice.lines[1].trace


def test_covered_line_says_what_was_taught() -> None:
    """What the session says, or else its match."""
    world = World(sessions=(session(1, 5, key=MUSIC), session(2, 6)))
    world.buy(package(covers=(MATHS, MUSIC))).matches = (match("m1", pay=eur("20")),)
    (invoice,) = invoices(world.run())

    assert [
        ("music / primary / 45 min", "Leo · Tom Hill"),
        ("maths / secondary / 60 min", "Leo · Tom Hill"),
    ] == [(line.item, line.detail) for line in invoice.lines]


def test_covered_invoice_has_a_number() -> None:
    """An invoice of 0.00 is issued like any other."""
    world = World(sessions=october(1)).buy(package())
    world.run()

    assert ["INV-2026-00001"] == [n.text for n in world.store.numbers()]


def test_bonus_of_a_covered_session() -> None:
    """Incentives per session are paid whoever pays for the session."""
    world = World(sessions=october(1), incentives=(incentive(),)).buy(package())
    world.run()

    assert (3_500, 1_000) == (world.held("supplier:tom"), world.held("platform"))


@pytest.mark.parametrize(
    "bought",
    [
        package(covers=(MUSIC,)),
        package(currency="GBP"),
        package(purchased_on=date(2026, 10, 6)),
        package(expires_on=date(2026, 10, 5)),
    ],
    ids=["other lessons", "other currency", "bought later", "expired before"],
)
def test_session_without_cover_is_charged(bought: Package) -> None:
    """A package pays for its lessons, in its currency, from its purchase to its expiry."""
    world = World(sessions=(session(1, 5),)).buy(bought)
    (invoice,) = invoices(world.run())

    assert [(None, 5_000)] == [(line.package, line.amount.minor) for line in invoice.lines]


def test_package_bought_within_the_month() -> None:
    """Sessions before the purchase are charged, those from that day on are covered."""
    world = World(sessions=(session(1, 14), session(2, 15), session(3, 16)))
    world.buy(package(purchased_on=date(2026, 10, 15)))
    (invoice,) = invoices(world.run())

    assert [None, "p1", "p1"] == [line.package for line in invoice.lines]


def test_package_covers_several_matches() -> None:
    """A family's package pays for all of its children, at each tutor's rate."""
    world = World(
        sessions=(session(1, 5), session(2, 6, match="m2")),
        suppliers=(party("tom", role="supplier"), party("una", role="supplier")),
        matches=(match("m1"), match("m2", student="Zoe", supplier="una", pay=eur("33"))),
    ).buy(package())
    world.run()

    assert (3_000, 3_300, 9_000 - 6_300) == (
        world.held("supplier:tom"),
        world.held("supplier:una"),
        world.held("platform"),
    )


# ---- order -----------------------------------------------------------------------------------
def test_packages_are_drawn_in_order() -> None:
    """What expires first is used first; then promotional before bought, though bought later."""
    world = World(sessions=october(4)).buy(
        package(1, "45", id="old", purchased_on=date(2026, 9, 2)),
        package(1, "0", id="gift", purchased_on=date(2026, 9, 20), promotional=True),
        package(1, "45", id="soon", expires_on=date(2026, 12, 1)),
    )
    (invoice,) = invoices(world.run())

    assert ["soon", "gift", "old", None] == [line.package for line in invoice.lines]


def test_draw_down_is_by_session_date() -> None:
    """The earlier session takes the unit that expires, in whatever order they were approved."""
    late, early = session(1, 20), session(2, 9, approved_on=datetime(2026, 10, 30, tzinfo=UTC))
    world = World(sessions=(late, early)).buy(
        package(1, "45", id="soon", expires_on=date(2026, 10, 15)), package(1, "45", id="ever")
    )
    world.run()

    assert (["s2"], ["s1"]) == (users(world, "soon"), users(world, "ever"))


# ---- expiry ----------------------------------------------------------------------------------
def test_package_expires_when_its_period_is_billed() -> None:
    """Expires on 15 October with 8 of 10 units: breakage 360.00, and the customer is told."""
    world = World(sessions=october(2)).buy(package(expires_on=date(2026, 10, 15)))
    plan = world.run()

    assert (EXPIRED, 8, 0) == (
        record(world).status,
        record(world).forfeited,
        record(world).remaining,
    )
    assert 36_000 + 3_000 == world.held("platform")
    assert [("package_expired", "p1")] == told(plan)


@pytest.mark.parametrize(
    ("as_of", "period", "expected"),
    [
        (datetime(2026, 10, 14, 22, tzinfo=UTC), OCTOBER, EXPIRED),
        (datetime(2026, 10, 14, 21, 59, tzinfo=UTC), OCTOBER, "active"),
        (NOVEMBER_1, SEPTEMBER, "active"),
        (NOVEMBER_1, OCTOBER, EXPIRED),
    ],
)
def test_package_expires_after_its_last_day(as_of: datetime, period: Any, expected: str) -> None:
    """Not before 15 October begins in Madrid, and not in the run of an earlier period."""
    world = World().buy(package(expires_on=date(2026, 10, 15)))
    world.run(as_of, period)

    assert expected == record(world).status


def test_package_that_expires_on_the_first_of_the_next_month() -> None:
    """Its last day is in October, so October's run expires it."""
    world = World().buy(package(expires_on=date(2026, 11, 1)))
    world.run()

    assert EXPIRED == record(world).status


def test_late_approval_revives_an_expired_package() -> None:
    """A session before the expiry, approved after it: one unit back, the rest expires anew."""
    early = session(1, 9, approved_on=datetime(2026, 11, 5, tzinfo=UTC))
    world = World(sessions=(early,)).buy(package(3, "90", expires_on=date(2026, 10, 15)))
    world.run()
    plan = world.run(DECEMBER_1, NOVEMBER)

    assert ["p1"] == [line.package for line in invoices(plan)[0].lines]
    assert (EXPIRED, 2, 2) == (
        record(world).status,
        record(world).forfeited,
        record(world).expiries,
    )
    assert (6_000, 3_000) == (world.held("platform"), world.held("supplier:tom"))
    assert [("package_expired", "p1")] == told(plan)


def test_revival_leaves_no_wrong_day_behind() -> None:
    """By the days on which entries count, the package never had more or less than it had."""
    early = session(1, 9, approved_on=datetime(2026, 11, 5, tzinfo=UTC))
    world = World(sessions=(early,)).buy(package(3, "90", expires_on=date(2026, 10, 15)))
    world.run()
    world.run(DECEMBER_1, NOVEMBER)
    held = [
        world.store.balance("package:p1", SESSION, AsOf(effective_at=at)).posted
        for at in (
            datetime(2026, 10, 9, 11, tzinfo=UTC),
            datetime(2026, 10, 9, 12, tzinfo=UTC),
            datetime(2026, 10, 14, 22, tzinfo=UTC),
            DECEMBER_1,
        )
    ]

    assert [3, 2, 0, 0] == held


def test_unapproved_session_of_an_expired_package() -> None:
    """The unit comes back and expires with the others, in the run that learns of it."""
    world = World(sessions=october(1)).buy(package(3, "90", expires_on=date(2026, 10, 15)))
    world.run()
    world.tell(session(1, 1, approved=False))
    world.run(NOVEMBER_1 + timedelta(days=1), SEPTEMBER)

    assert (EXPIRED, 3) == (record(world).status, record(world).forfeited)
    assert (9_000, 0) == (world.held("platform"), world.held("supplier:tom"))


def test_used_up_package_does_not_expire() -> None:
    """There is nothing to forfeit and nothing to tell."""
    world = World(sessions=october(2)).buy(package(2, "90", expires_on=date(2026, 10, 15)))
    plan = world.run()

    assert "active" == record(world).status
    assert [("low_package", "p1")] == told(plan)


# ---- redeemed when approved ------------------------------------------------------------------
def redeemed(world: World, *names: str, part: str = "") -> None:
    """Redeem sessions on approval, as a host may, before any run."""
    by_id = {s.id: s for s in world.sessions}
    for name in names:
        stored = world.store.load(Package, "p1")
        assert stored is not None
        done = redeem(
            stored.record,
            name,
            key=MATHS,
            on=by_id[name].day("Europe/Madrid"),
            supplier="tom",
            pay=eur("30"),
            at=by_id[name].starts_at,
            part=part,
        )
        world.store.commit(_change(done, name, (expect(stored),), part))


def _change(done: Any, name: str, expects: Any, part: str = "") -> Changes:
    return changes_of(
        done,
        key=f"{type(done).__name__}/{name}/{part}",
        request=request("package.use", session=name),
        actor="host",
        reason="approved",
        at=NOVEMBER_1,
        expects=expects,
    )


def test_session_redeemed_on_approval_is_listed_once() -> None:
    """The run charges nothing for it, lists it at 0.00, and does not list it again."""
    world = World(sessions=october(2)).buy(package())
    redeemed(world, "s1")
    (invoice,) = invoices(world.run())

    assert ["s1", "s2"] == [line.source for line in invoice.lines]
    assert 8 == record(world).remaining
    assert () == world.plan().changes
    assert 6_000 == world.held("supplier:tom")


def test_session_returned_by_the_host_is_booked_anew() -> None:
    """Redeemed, returned and still approved: the run books it as its second part."""
    world = World(sessions=october(1)).buy(package())
    redeemed(world, "s1")
    stored = world.store.load(Package, "p1")
    assert stored is not None
    back = give_back(stored.record, "s1", at=NOVEMBER_1)
    world.store.commit(_change(back, "s1", (expect(stored),)))
    world.run()

    assert ["2"] == [used.part for used in record(world).redemptions]
    assert 3_000 == world.held("supplier:tom")


def test_redeemed_session_that_is_unapproved() -> None:
    """The run returns the unit of a session that no invoice ever listed."""
    world = World(sessions=october(1)).buy(package())
    redeemed(world, "s1")
    world.tell(session(1, 1, approved=False))
    plan = world.run()

    assert ([], 10, 0) == (invoices(plan), record(world).remaining, world.held("supplier:tom"))


# ---- alerts ----------------------------------------------------------------------------------
def test_alert_in_a_run() -> None:
    """The ninth of ten sessions takes the package below a fifth; it is told once."""
    world = World(sessions=october(8)).buy(package())
    assert [] == told(world.run())
    world.tell(*october(1, first=9))
    assert [("low_package", "p1")] == told(world.run())
    world.tell(*october(1, first=10))
    assert [] == told(world.run())


def test_alert_is_armed_by_a_return() -> None:
    """Below, back at a fifth, below again: told twice, in messages of their own."""
    world = World(sessions=october(9)).buy(package())
    first = messages(world.run())
    world.tell(unapproved(world.sessions[0]))
    assert [] == messages(world.run())
    world.tell(session(10, 10))
    second = messages(world.run())

    assert [1, 1] == [len(first), len(second)]
    assert first[0].id != second[0].id


def test_package_that_expires_is_not_low() -> None:
    """9 of 10 used and the last one expired in the same run: only the expiry is told."""
    world = World(sessions=october(9)).buy(package(expires_on=date(2026, 10, 20)))

    assert [("package_expired", "p1")] == told(world.run())


def test_old_package_beside_a_full_one() -> None:
    """Per package the old one alerts; together they are far from low."""
    pair = (package(id="p1"), package(id="p2", purchased_on=date(2026, 9, 2)))
    alone = World(sessions=october(9)).buy(*pair)
    together = World(sessions=october(9), policy=TOGETHER).buy(*pair)

    assert [("low_package", "p1")] == told(alone.run())
    assert [] == told(together.run())


def test_packages_low_together() -> None:
    """17 of 20 used: 3 left, and of the package that still has any 3 of 10: not low. 19: low."""
    world = World(sessions=october(17), policy=TOGETHER).buy(
        package(id="p1"), package(id="p2", purchased_on=date(2026, 9, 2))
    )
    assert [] == told(world.run())
    world.tell(*october(2, first=18))
    assert [("low_package", "p2")] == told(world.run())
    world.tell(*october(1, first=20))
    assert [] == told(world.run())


def test_change_of_package_makes_a_plan_stale() -> None:
    """A plan expects every package of the customer as it was read: the cover depends on all."""
    world = World(sessions=october(1)).buy(package(), package(id="p2"))
    (changes, _) = world.plan().changes

    assert {"p1": 1, "p2": 1} == {e.id: e.version for e in changes.expects}
    assert ["p1"] == [r.id for r in changes.records if isinstance(r, Package)]


def test_threshold_of_the_business() -> None:
    """A business may tell earlier."""
    half = Policy(terms_days=14, threshold=Threshold(50))
    world = World(sessions=october(6), policy=half).buy(package())

    assert [("low_package", "p1")] == told(world.run())
