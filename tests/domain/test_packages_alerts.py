"""Alerts of low packages: strictly below a fifth, once, and again after it was full enough."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.catalog import CatalogKey
from ledgerkit.domain.money import Money
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.packages import (
    AGGREGATE,
    Package,
    Threshold,
    expire,
    give_back,
    pool_alert,
    redeem,
)

AT = datetime(2026, 10, 5, 12, tzinfo=UTC)
KEY = CatalogKey("maths", "secondary", 60)


def package(units: int, id: str = "p1", expires_on: date | None = None) -> Package:
    """Return a package of so many units."""
    return Package(
        id=id,
        customer="ana",
        covers=(KEY,),
        units=units,
        price=Money(units * 4500, "EUR"),
        purchased_on=date(2026, 9, 1),
        expires_on=expires_on,
    )


def use(
    of: Package, session: str, *, threshold: Threshold | None = None, part: str = ""
) -> tuple[Package, Message | None]:
    """Use a unit; return the package and the alert."""
    redeemed = redeem(
        of,
        session,
        key=KEY,
        on=date(2026, 10, 5),
        supplier="tom",
        pay=Money(3000, "EUR"),
        at=AT,
        part=part,
        threshold=Threshold() if threshold is None else threshold,
    )
    return redeemed.package, redeemed.alert


def used(of: Package, times: int) -> Package:
    """Return the package after so many sessions."""
    for n in range(times):
        of, _ = use(of, f"{of.id}-{n}")
    return of


def alerts(units: int) -> list[int]:
    """Return what is left each time an alert is raised, until a package is empty."""
    one, raised = package(units), []
    for n in range(units):
        one, alert = use(one, f"s{n}")
        if alert is not None:
            raised.append(one.remaining)
    return raised


@pytest.mark.parametrize(
    ("units", "left"), [(10, 1), (5, 0), (20, 3), (12, 2), (1, 0), (100, 19), (4, 0), (6, 1)]
)
def test_alert_below_a_fifth(units: int, left: int) -> None:
    """10: 2 left no, 1 left yes. 5: 1 no, 0 yes. 20: 4 no, 3 yes. 12: 3 no, 2 yes. 1: empty."""
    assert [left] == alerts(units)


@pytest.mark.parametrize(
    ("remaining", "of", "expected"),
    [
        (2, 10, False),
        (1, 10, True),
        (1, 5, False),
        (0, 5, True),
        (4, 20, False),
        (3, 20, True),
        (3, 12, False),
        (2, 12, True),
        (1, 1, False),
        (0, 1, True),
    ],
)
def test_threshold_is_strict(remaining: int, of: int, expected: bool) -> None:
    """Exactly 0.20 is not below 0.20; 3 of 12 is 0.25, 2 of 12 is 0.1667."""
    assert expected == Threshold().is_low(remaining, of=of)


@given(st.integers(1, 10**6), st.integers(0, 100))
def test_threshold_is_monotonic(units: int, percent: int) -> None:
    """Fewer units left are never less low; a full package is low at no threshold; law 11."""
    threshold = Threshold(percent)
    low = [threshold.is_low(left, of=units) for left in range(min(units, 50) + 1)]

    assert sorted(low, reverse=True) == low
    assert not threshold.is_low(units, of=units)


@pytest.mark.parametrize("percent", [-1, 101, 0.2, True, "20"])
def test_threshold_is_a_percentage(percent: int) -> None:
    """A ratio of 0.2 would be taken for a fifth of a percent."""
    with pytest.raises(ValueError, match="whole percentage from 0 to 100"):
        Threshold(percent)


def test_alert_tells_the_figures() -> None:
    """The alert names the package, what is left and what was bought."""
    _, alert = use(used(package(10), 8), "last")

    assert alert is not None
    assert ("notice.low_package", "ana") == (alert.topic, alert.recipient)
    assert (("packages", "p1"), ("remaining", "1"), ("purchased", "10")) == alert.body


def test_alert_fires_once_on_crossing() -> None:
    """With 1 of 10 left it fired; using the last one does not fire again."""
    one = used(package(10), 9)

    assert (None, 0) == (use(one, "x")[1], use(one, "x")[0].remaining)


def test_alert_is_armed_again_at_a_fifth() -> None:
    """Back at 2 of 10 after a return, the next use fires anew, as another message."""
    one, first = use(used(package(10), 8), "x")
    one = give_back(one, "x", at=AT).package
    assert 2 == one.remaining
    _, second = use(one, "x", part="2")

    assert first is not None
    assert second is not None
    assert first.id != second.id


def test_alert_at_another_threshold() -> None:
    """At 50 % of 10 units it fires with 4 left; at 0 % never."""
    half = Threshold(50)

    assert use(used(package(10), 4), "x", threshold=half)[1] is None
    assert use(used(package(10), 5), "x", threshold=half)[1] is not None
    assert use(used(package(1), 0), "x", threshold=Threshold(0))[1] is None


def test_aggregate_redemption_leaves_the_alert_to_the_pool() -> None:
    """With alerts for all packages together, one package does not tell."""
    low = used(package(10), 8)
    redeemed = redeem(
        low,
        "x",
        key=KEY,
        on=date(2026, 10, 5),
        supplier="tom",
        pay=Money(3000, "EUR"),
        at=AT,
        alerts=AGGREGATE,
    )

    assert redeemed.alert is None
    assert () == redeemed.effects.messages


def test_pool_looks_at_all_packages_together() -> None:
    """An old package with 1 of 10 left beside a full one is 11 of 20: no alert."""
    old, new = package(10, "old"), package(10, "new")

    assert pool_alert("ana", (used(old, 8), new), (used(old, 9), new)) is None


def test_pool_alert_below_a_fifth_of_all() -> None:
    """4 of 20 left is a fifth: no alert; 3 of 20 is: one alert that names both."""
    a, b = package(10, "a"), package(10, "b")
    alert = pool_alert("ana", (used(a, 8), used(b, 8)), (used(a, 9), used(b, 8)))

    assert pool_alert("ana", (used(a, 7), used(b, 8)), (used(a, 8), used(b, 8))) is None
    assert alert is not None
    assert (("packages", "a,b"), ("remaining", "3"), ("purchased", "20")) == alert.body


def test_pool_alert_fires_once() -> None:
    """Below a fifth before: it was told."""
    a, b = package(10, "a"), package(10, "b")

    assert pool_alert("ana", (used(a, 9), used(b, 8)), (used(a, 9), used(b, 9))) is None


def test_pool_forgets_empty_packages() -> None:
    """Ten packages used up in the past do not make a full one low."""
    past = tuple(used(package(10, f"past{n}"), 10) for n in range(10))
    new = package(10, "new")
    alert = pool_alert("ana", (*past, used(new, 8)), (*past, used(new, 9)))

    assert pool_alert("ana", (*past, new), (*past, used(new, 1))) is None
    assert alert is not None
    assert ("purchased", "10") in alert.body


def test_pool_alert_when_the_last_unit_is_used() -> None:
    """A single unit is low when it is used up, like a package of one."""
    alert = pool_alert("ana", (package(1),), (used(package(1), 1),))

    assert alert is not None
    assert (("packages", "p1"), ("remaining", "0"), ("purchased", "1")) == alert.body


def test_pool_does_not_alert_for_what_expired() -> None:
    """When the last package expires, its own notice tells."""
    ends = date(2026, 10, 6)
    before = package(10, expires_on=ends)
    after = expire(before, on=ends, at=AT).package

    assert pool_alert("ana", (before,), (after,)) is None


def test_pool_alerts_for_what_an_expiry_leaves() -> None:
    """6 of 20 left; 5 of them expire, and 1 of 10 remains: low."""
    ends = date(2026, 10, 6)
    a, b = used(package(10, "a", expires_on=ends), 5), used(package(10, "b"), 9)
    alert = pool_alert("ana", (a, b), (expire(a, on=ends, at=AT).package, b))

    assert alert is not None
    assert ("packages", "b") in alert.body


@pytest.mark.parametrize("after", [(), (used(package(10), 9),)], ids=["none", "a low one"])
def test_pool_that_was_empty_is_silent(after: tuple[Package, ...]) -> None:
    """Who had nothing left is not told that it runs low."""
    assert pool_alert("ana", (), after) is None
