"""Expiry: breakage after all usage is settled, revival for what comes late, and rolling over."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given as law
from hypothesis import strategies as st

from ledgerkit.domain.grants import (
    ACTIVE,
    EXPIRED,
    CreditNotExpired,
    Grant,
    Rollover,
    UsageUnsettled,
    expire,
    give_back,
    lapsed,
    revive,
    roll_over,
)
from ledgerkit.domain.ledger import Event
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import Money
from tests.domain.grants.credit import AT, ENDS, bought, eur, given, legs, pack, tokens, use

LATER = date(2026, 12, 1)


def gone(grant: Grant, on: date = ENDS) -> Any:
    """Return the decision that *grant* expires, everything before that day being settled."""
    return expire(grant, on=on, settled_before=on, at=AT)


# ---- expiring --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("grant", "amount", "expected"),
    [
        (bought(), eur(4_000), {"liability:credit:g1 EUR": -6_000, "platform EUR": 6_000}),
        (given(), eur(4_000), {"liability:credit:g1 EUR": -6_000, "expense:promotions EUR": 6_000}),
        (
            pack(),
            tokens(400),
            {
                "liability:credit:g1 EUR": -3_000,
                "platform EUR": 3_000,
                "liability:credit:g1 TOKEN": -600,
                "units:credit:expired TOKEN": 600,
            },
        ),
    ],
    ids=["bought", "given", "units"],
)
def test_expiry_is_breakage(grant: Grant, amount: Money, expected: dict[str, int]) -> None:
    """60 of 100 left: what was paid for them is the platform's; what was given is no expense."""
    expired = gone(use(grant, amount).grant)

    assert expected == legs(expired.journal)
    assert ("credit.expired", Event("grant", "g1", "expired:1")) == (
        expired.journal.kind,
        expired.journal.event,
    )
    assert (EXPIRED, 0, 0) == (
        expired.grant.status,
        expired.grant.remaining.minor,
        expired.grant.deferred.minor,
    )
    assert grant.amount - amount == expired.grant.expired


def test_expiry_is_told_with_the_amount() -> None:
    """The customer hears what was forfeited; users-ask 13."""
    expired = gone(use(bought()).grant)

    assert ("notice.credit_expired", "ana") == (expired.notice.topic, expired.notice.recipient)
    assert (
        ("grant", "g1"),
        ("forfeited_minor", "6000"),
        ("currency", "EUR"),
        ("expired_on", "2026-11-01"),
    ) == expired.notice.body
    assert (expired.notice,) == expired.effects.messages
    assert ((expired.grant,), (expired.journal,)) == (
        expired.effects.records,
        expired.effects.journals,
    )


def test_expiry_waits_for_its_day() -> None:
    """The last day pays; the grant expires the day after."""
    with pytest.raises(CreditNotExpired, match="expires on 2026-11-01; it is 2026-10-31"):
        gone(bought(), date(2026, 10, 31))


def test_credit_without_expiry_never_expires() -> None:
    """There is no day to wait for."""
    with pytest.raises(CreditNotExpired, match="'g1' expires never"):
        gone(bought(expires_on=None), date(2099, 1, 1))


def test_expiry_waits_for_usage() -> None:
    """Nothing expires while usage of an earlier day may still come; users-ask 12."""
    with pytest.raises(UsageUnsettled, match="settled before 2026-10-31 and grant 'g1' pays for"):
        expire(bought(), on=LATER, settled_before=date(2026, 10, 31), at=AT)


def test_nothing_left_does_not_expire() -> None:
    """A grant that was used up stays as it is, and one expires once."""
    with pytest.raises(IllegalTransition, match="grant is depleted; expire needs active"):
        gone(use(bought(), 10_000).grant)
    with pytest.raises(IllegalTransition, match="grant is expired; expire needs active"):
        gone(gone(bought()).grant)


def test_lapsed_grants_are_listed() -> None:
    """Those with something left whose last day is before all that is settled, in order."""
    grants = (
        bought("later", expires_on=LATER),
        bought("ever", expires_on=None),
        use(bought("used"), 10_000).grant,
        bought("b"),
        bought("a"),
    )

    assert ["a", "b"] == [grant.id for grant in lapsed(grants, settled_before=ENDS)]
    assert [] == [*lapsed(grants, settled_before=date(2026, 10, 31))]


# ---- reviving --------------------------------------------------------------------------------
@pytest.mark.parametrize("grant", [bought(), given(), pack()], ids=["bought", "given", "units"])
def test_revival_takes_back_the_breakage(grant: Grant) -> None:
    """Late usage: the credit is back, some is used and the rest expires in another turn."""
    forfeited = gone(use(grant, Money(400, grant.amount.currency)).grant)
    back = revive(forfeited.grant, at=AT)
    late = use(back.grant, Money(100, grant.amount.currency), "late")
    again = gone(late.grant, LATER)

    assert tuple(-entry for entry in forfeited.journal.entries) == back.journal.entries
    assert ("credit.expired.reversed", forfeited.journal.id) == (
        back.journal.kind,
        back.journal.reverses,
    )
    assert Event("grant", "g1", "expired:2") == again.journal.event
    assert forfeited.journal.id != again.journal.id
    assert grant.amount.minor - 500 == again.grant.expired.minor
    assert ((back.grant,), (back.journal,)) == (back.effects.records, back.effects.journals)


def test_a_return_to_a_revived_grant_expires_with_it() -> None:
    """A line that was credited after the expiry: its 40.00 are forfeited in the end."""
    revived = revive(gone(use(bought()).grant).grant, at=AT).grant
    back = give_back(revived, "l1", at=AT).grant

    assert eur(10_000) == gone(back, LATER).grant.expired


def test_active_grant_cannot_be_revived() -> None:
    """There is no expiry to take back."""
    with pytest.raises(IllegalTransition, match="grant is active; revive needs expired"):
        revive(bought(), at=AT)


# ---- rolling over ----------------------------------------------------------------------------
def test_rollover_is_bounded() -> None:
    """min(most, max(least, remaining)): 90 of 100 left and 50 at most -> 50."""
    rollover = Rollover(eur(50), eur(20))

    assert [50, 50, 30, 20, 20] == [rollover.balance(eur(n)).minor for n in (90, 50, 30, 20, 0)]
    assert [50, 50, 30, 20, 0] == [rollover.kept(eur(n)).minor for n in (90, 50, 30, 20, 0)]
    assert [0, 0, 0, 0, 20] == [rollover.lacking(eur(n)).minor for n in (90, 50, 30, 20, 0)]


@law(st.integers(0, 100), st.integers(0, 100), st.integers(0, 100))
def test_rollover_is_kept_and_lacking(remaining: int, most: int, least: int) -> None:
    """What the next period begins with is kept or given anew, and never above the most."""
    rollover = Rollover(eur(most), eur(least))
    kept, lacking = rollover.kept(eur(remaining)), rollover.lacking(eur(remaining))

    assert min(most, max(least, remaining)) == (kept + lacking).minor
    assert 0 <= kept.minor <= remaining
    assert 0 <= lacking.minor


def rolled(grant: Grant, rollover: Rollover, **more: Any) -> Any:
    """Return the decision that *grant* rolls over from November into December."""
    fields: dict[str, Any] = {"until": LATER, "on": ENDS, "settled_before": ENDS, "at": AT}
    return roll_over(grant, rollover, **(fields | more))


def test_part_rolls_over_and_the_rest_is_breakage() -> None:
    """10 of 100 used and 50 at most: 50 go on until December, 40 are forfeited."""
    done = rolled(use(bought(minor=100), 10).grant, Rollover(eur(50)))

    assert {"liability:credit:g1 EUR": -40, "platform EUR": 40} == legs(done.journal)
    assert (ACTIVE, eur(50), eur(50), LATER) == (
        done.grant.status,
        done.grant.remaining,
        done.grant.deferred,
        done.grant.expires_on,
    )
    assert ("forfeited_minor", "40") in done.notice.body
    assert ((done.journal,), (done.notice,), (done.grant,)) == (
        done.effects.journals,
        done.effects.messages,
        done.effects.records,
    )
    assert eur(0) == done.lacking


def test_what_rolled_over_expires_later() -> None:
    """Breakage in two turns adds up, and a revival takes back the last one only."""
    done = rolled(pack(100, 1_000), Rollover(tokens(50)))
    ended = gone(done.grant, LATER)

    assert Event("grant", "g1", "expired:2") == ended.journal.event
    assert (tokens(100), eur(0)) == (ended.grant.expired, ended.grant.deferred)
    assert tokens(50) == revive(ended.grant, at=AT).grant.remaining
    assert eur(500) == revive(ended.grant, at=AT).grant.deferred


def test_all_of_it_rolls_over() -> None:
    """Where nothing is forfeited nothing is posted or told; the least may ask for more."""
    done = rolled(bought(minor=100), Rollover(eur(300), eur(120)))

    assert (None, None, eur(20)) == (done.journal, done.notice, done.lacking)
    assert ((), ()) == (done.effects.journals, done.effects.messages)
    assert (eur(100), LATER) == (done.grant.remaining, done.grant.expires_on)


def test_rollover_waits_like_an_expiry() -> None:
    """Not before its day, and not while usage may come."""
    with pytest.raises(CreditNotExpired):
        rolled(bought(), Rollover(eur(50)), on=date(2026, 10, 31))
    with pytest.raises(UsageUnsettled):
        rolled(bought(), Rollover(eur(50)), settled_before=date(2026, 10, 31))
    with pytest.raises(IllegalTransition, match="roll_over needs active"):
        rolled(use(bought(), 10_000).grant, Rollover(eur(50)))


@pytest.mark.parametrize(("most", "until"), [(0, LATER), (50, ENDS)])
def test_rollover_goes_on(most: int, until: date) -> None:
    """Nothing, or not a day, is no rollover."""
    with pytest.raises(ValueError, match="more than 0 and a later day, else expire it"):
        rolled(bought(), Rollover(eur(most)), until=until)


def test_rollover_is_valid_from_birth() -> None:
    """Bounds are Money from zero."""
    with pytest.raises(ValueError, match="must not be below 0"):
        Rollover(eur(-1))
    with pytest.raises(ValueError, match="must not be below 0"):
        Rollover(eur(1), eur(-1))
    with pytest.raises(TypeError, match=r"must be Money \(got 50"):
        Rollover(50)  # type: ignore[arg-type]
