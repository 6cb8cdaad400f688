"""Covering: who pays for what, by usage date and draw-down order, and what is left to invoice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given as law
from hypothesis import strategies as st

from ledgerkit.domain.changes import changes_of, request
from ledgerkit.domain.grants import (
    EXPIRED,
    Claim,
    Covered,
    Grant,
    Settlement,
    Uncovered,
    available,
    cover,
    draw_down,
    expire,
    give_back,
    overage,
    payers,
    settle,
)
from ledgerkit.domain.money import Money
from tests.domain.grants.credit import AT, DAY, ENDS, bought, eur, given, line, pack, tokens, use


def used(covered: Covered) -> list[tuple[str, str, int]]:
    """Return (line, grant, minor units) for each part."""
    return [
        (each.claim.id, part.grant, part.amount.minor)
        for each in covered.lines
        for part in each.parts
    ]


def left(grants: Sequence[Grant]) -> dict[str, int]:
    """Return what each grant has left."""
    return {grant.id: grant.remaining.minor for grant in grants}


# ---- order -----------------------------------------------------------------------------------
def test_draw_down_order() -> None:
    """Priority, expiry (none last), promotional first, granted at, id; spec: billing 5."""
    ordered = (
        bought("first", priority=-1, expires_on=None),
        bought("soon", expires_on=date(2026, 10, 1)),
        given("gift", granted_on=date(2026, 9, 30)),
        bought("old", granted_on=date(2026, 8, 1)),
        bought("a"),
        bought("b"),
        given("ever-gift", expires_on=None, granted_on=date(2026, 9, 9)),
        bought("ever", expires_on=None, granted_on=date(2026, 1, 1)),
        bought("last", priority=1),
    )

    assert ordered == draw_down(reversed(ordered))
    assert ordered == draw_down(sorted(ordered, key=lambda g: g.id))


def test_payers_are_those_of_the_line() -> None:
    """Another kind, an earlier or a later day leave a grant out; users-ask 15."""
    grants = (bought("b"), bought("seats", covers=("seat",)), bought("a", covers=("usage", "x")))

    assert ["a", "b"] == [g.id for g in payers(grants, kind="usage", on=DAY)]
    assert ["b", "seats"] == [g.id for g in payers(grants, kind="seat", on=DAY)]
    assert [] == [*payers(grants, kind="usage", on=ENDS)]


def test_order_of_bought_and_given_credit() -> None:
    """35 over five grants of 10: priority, given before bought, first come; 0, 0, 0, 5, 10."""
    grants = (
        given("p1-given", 10, priority=1),
        bought("p1-paid", 10, priority=1),
        given("p2-old", 10, priority=2),
        given("p2-new", 10, priority=2, granted_on=date(2026, 9, 2)),
        bought("p2-paid", 10, priority=2),
    )
    settled = settle([line(35)], grants, at=AT)

    assert [0, 0, 0, 5, 10] == [g.remaining.minor for g in settled.grants]


def test_restricted_grants_pay_for_their_kind() -> None:
    """1,500 over three grants of 1,000, one of them for charges only: 1000, 500, 0."""
    grants = (
        bought("any", 1_000, priority=49),
        bought("charges", 1_000, priority=49, covers=("charge",), granted_on=date(2026, 9, 2)),
        bought("later", 1_000, priority=50),
    )

    assert [("l1", "any", 1_000), ("l1", "charges", 500)] == used(
        cover([line(1_500, kind="charge")], grants)
    )
    assert [("l1", "any", 1_000), ("l1", "later", 500)] == used(
        cover([line(1_500, kind="fee")], grants)
    )


# ---- covering --------------------------------------------------------------------------------
def test_credit_then_invoice() -> None:
    """100.00 charged, 40.00 of credit: 40.00 consumed, 60.00 invoiced."""
    covered = cover([line(10_000)], [bought(minor=4_000)])

    assert (eur(4_000), eur(6_000)) == (covered.drawn("EUR"), covered.shortfall("EUR"))
    assert (eur(4_000), eur(6_000)) == (covered.line("l1").drawn, covered.line("l1").shortfall)


def test_credit_only_refuses_what_is_uncovered() -> None:
    """100.00 charged, 40.00 of credit: refused, 60.00 more are needed."""
    with pytest.raises(Uncovered, match=r"charges 100\.00 EUR and credit pays 40\.00 EUR of it"):
        cover([line(10_000)], [bought(minor=4_000)], settlement=Settlement.CREDIT_ONLY)


def test_credit_only_pays_what_is_covered() -> None:
    """Exactly enough is enough."""
    covered = cover([line(10_000)], [bought()], settlement=Settlement.CREDIT_ONLY)

    assert eur(0) == covered.shortfall("EUR")


def test_a_misspelt_settlement_is_none() -> None:
    """Text that is no mode would else pass for the default one."""
    with pytest.raises(ValueError, match="'credit_first' is not a valid Settlement"):
        cover([line()], [bought()], settlement="credit_first")  # type: ignore[arg-type]


def test_earlier_usage_draws_first() -> None:
    """Lines draw by the day of their usage, then by id, however they are passed."""
    lines = [
        line(6_000, "b", on=date(2026, 10, 6)),
        line(6_000, "z", on=date(2026, 10, 5)),
        line(6_000, "a", on=date(2026, 10, 6)),
    ]
    covered = cover(lines, [bought()])

    assert ["z", "a", "b"] == [each.claim.id for each in covered.lines]
    assert [("z", "g1", 6_000), ("a", "g1", 4_000)] == used(covered)
    assert [0, 2_000, 6_000] == [each.shortfall.minor for each in covered.lines]


def test_usage_before_the_expiry_is_paid_after_it() -> None:
    """A grant that expired since pays for usage of its days, not for later usage."""
    gone = expire(bought(), on=ENDS, settled_before=ENDS, at=AT).grant
    lines = [line(id="in"), line(id="out", on=ENDS)]

    assert [("in", "g1", 4_000)] == used(cover(lines, [gone]))


def test_currencies_and_units_keep_apart() -> None:
    """Tokens pay for tokens, euros for euros, and neither for dollars."""
    lines = [line(id="eur"), line(tokens(300), "tok"), line(Money(100, "USD"), "usd")]
    covered = cover(lines, [bought("e"), pack(id="t")])

    assert [("eur", "e", 4_000), ("tok", "t", 300)] == used(covered)
    assert (Money(100, "USD"), tokens(0)) == (covered.shortfall("USD"), covered.shortfall("TOKEN"))


def test_asking_again_draws_nothing_again() -> None:
    """What was drawn for a line counts; a second run over the same lines has nothing to draw."""
    first = settle([line(10_000)], [bought(minor=4_000), bought("g2", 3_000)], at=AT)
    again = cover([line(10_000)], first.grants)

    assert (eur(7_000), (), eur(3_000)) == (
        again.line("l1").before,
        again.line("l1").parts,
        again.line("l1").shortfall,
    )


def test_new_credit_pays_what_was_left() -> None:
    """60.00 were uncovered; a grant of 100.00 bought since pays those and no more."""
    first = settle([line(10_000)], [bought(minor=4_000)], at=AT)
    again = cover([line(10_000)], [*first.grants, bought("new")])

    assert [("l1", "new", 6_000)] == used(again)


def test_a_line_that_shrank_draws_nothing() -> None:
    """Credited since to less than was drawn: nothing to draw; the return is a verb of its own."""
    covered = cover([line(1_000)], [use(bought()).grant])

    assert ((), eur(0)) == (covered.line("l1").parts, covered.line("l1").shortfall)


def test_lines_are_named_once() -> None:
    """Twice the same line, or the same grant, would be drawn twice."""
    with pytest.raises(ValueError, match=r"each claim is passed once \(got more of l1"):
        cover([line(), line(5_000)], [bought()])
    with pytest.raises(ValueError, match=r"each grant is passed once \(got more of g1"):
        settle([line()], [bought(), bought()], at=AT)


def test_one_customer_does_not_pay_for_another() -> None:
    """Grants of two customers are a mistake of the caller."""
    with pytest.raises(ValueError, match=r"of one customer .got \['ana', 'ben'\]"):
        cover([line()], [bought(), bought("g2", customer="ben")])


def test_unknown_line() -> None:
    """A line that was not asked about."""
    with pytest.raises(KeyError):
        cover([line()], []).line("l2")


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"amount": eur(0)}, ValueError, "claim 'l1' must be above 0"),
        ({"amount": eur(-1)}, ValueError, "claim 'l1' must be above 0"),
        ({"amount": 40.0}, TypeError, "claim 'l1' must be Money .got 40.0"),
        ({"id": ""}, ValueError, "claim id"),
        ({"kind": None}, TypeError, "the kind of claim 'l1' must be text"),
        ({"on": AT}, TypeError, "on must be a date"),
    ],
)
def test_claim_is_valid_from_birth(
    fields: dict[str, object], error: type[Exception], message: str
) -> None:
    """A line charges something, on a day."""
    whole: dict[str, object] = {"id": "l1", "kind": "usage", "on": DAY, "amount": eur(1)}
    with pytest.raises(error, match=message):
        Claim(**(whole | fields))  # type: ignore[arg-type]


# ---- settling --------------------------------------------------------------------------------
def test_settling_stores_each_grant_once() -> None:
    """Three lines, two grants: journals in order, the last version of what changed, one commit."""
    grants = [bought("a", 5_000), bought("b"), bought("c")]
    settled = settle([line(id="1"), line(id="2"), line(id="3")], grants, at=AT)
    changes = changes_of(
        settled, key="k", request=request("credit.settle"), actor="job", reason="run", at=AT
    )

    assert [("1", "a", 4_000), ("2", "a", 1_000), ("2", "b", 3_000), ("3", "b", 4_000)] == used(
        settled.covered
    )
    assert {"a": 0, "b": 3_000, "c": 10_000} == left(settled.grants)
    assert ["a", "b"] == [grant.id for grant in settled.changed]
    assert settled.changed == changes.records
    assert 4 == len(changes.journals)
    assert {"liability:credit:a", "liability:credit:b", "customer:ana"} == {
        wallet.id for wallet in changes.opens
    }


def test_settling_revives_for_late_usage() -> None:
    """Usage before the expiry came after it: revived once, drawn twice, and to expire anew."""
    gone = expire(bought(), on=ENDS, settled_before=ENDS, at=AT).grant
    settled = settle([line(id="1"), line(id="2")], [gone], at=AT)

    assert ["credit.expired.reversed", "credit.drawn", "credit.drawn"] == [
        journal.kind for journal in settled.effects.journals
    ]
    assert {"g1": 2_000} == left(settled.grants)
    assert EXPIRED != settled.grants[0].status


def test_nothing_to_settle() -> None:
    """Without lines, or without credit, nothing is stored."""
    assert () == settle([], [bought()], at=AT).effects.records
    assert () == settle([line()], [], at=AT).effects.journals


# ---- what is left ----------------------------------------------------------------------------
def test_available_is_what_a_line_could_draw() -> None:
    """By kind, day and currency; an expired grant still counts for its days."""
    gone = expire(bought("gone"), on=ENDS, settled_before=ENDS, at=AT).grant
    grants = [use(bought("a")).grant, bought("s", covers=("seat",)), pack(id="t"), gone]

    assert eur(16_000) == available(grants, "EUR", on=DAY, kind="usage")
    assert eur(26_000) == available(grants, "EUR", on=DAY, kind="seat")
    assert tokens(1_000) == available(grants, "TOKEN", on=DAY)
    assert eur(0) == available(grants, "EUR", on=ENDS)


def test_overage_is_taken_out_of_later_credit() -> None:
    """100 a day and 120 used: 20 are kept and leave 80 of the next day's 100."""
    first = settle([line(120)], [bought("d1", 100, expires_on=date(2026, 10, 6))], at=AT)
    next_day = bought("d2", 100, granted_on=date(2026, 10, 6))
    kept = overage(first.covered, on=next_day.granted_on)
    second = settle(kept, [*first.grants, next_day], at=AT)

    assert eur(20) == first.covered.shortfall("EUR")
    assert {"d1": 0, "d2": 80} == left(second.grants)
    assert () == overage(second.covered, on=DAY)


# ---- laws ------------------------------------------------------------------------------------
DAYS = st.integers(0, 20).map(lambda n: date(2026, 10, 1) + timedelta(n))
CLAIMS = st.lists(
    st.builds(
        Claim,
        id=st.sampled_from("abcdef"),
        kind=st.sampled_from(["usage", "seat"]),
        on=DAYS,
        amount=st.integers(1, 60).map(eur) | st.integers(1, 60).map(tokens),
    ),
    max_size=6,
    unique_by=lambda claim: claim.id,
)
GRANTS = st.lists(
    st.builds(
        lambda id, make, n, priority, start, days, covers: make(
            id=id,
            priority=priority,
            granted_on=start,
            expires_on=None if days is None else start + timedelta(days),
            covers=covers,
            **({"n": n} if make is pack else {"minor": n}),
        ),
        id=st.sampled_from("uvwxyz"),
        make=st.sampled_from([bought, given, pack]),
        n=st.integers(1, 80),
        priority=st.integers(0, 1),
        start=DAYS,
        days=st.none() | st.integers(1, 15),
        covers=st.sampled_from([(), ("usage",), ("usage", "seat")]),
    ),
    max_size=5,
    unique_by=lambda grant: grant.id,
)


@law(CLAIMS, GRANTS, st.randoms(use_true_random=False))
def test_order_of_what_is_passed_does_not_matter(
    claims: list[Claim], grants: list[Grant], chance: object
) -> None:
    """The same lines and grants, shuffled, are covered alike; law 6."""
    shuffled, others = list(claims), list(grants)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    chance.shuffle(others)  # type: ignore[attr-defined]

    assert cover(claims, grants) == cover(shuffled, others)


@law(CLAIMS, GRANTS)
def test_draws_never_exceed(claims: list[Claim], grants: list[Grant]) -> None:
    """A line is covered to its amount at most, a grant drawn to its own, and nothing is idle."""
    settled = settle(claims, grants, at=AT)
    after = {grant.id: grant for grant in settled.grants}

    for each in settled.covered.lines:
        assert each.claim.amount == each.drawn + each.shortfall
        able = payers(grants, kind=each.claim.kind, on=each.claim.on)
        idle = [g for g in able if g.amount.currency == each.claim.amount.currency]
        assert each.shortfall.minor == 0 or all(after[g.id].remaining.minor == 0 for g in idle)
    assert all(grant.remaining.minor >= 0 for grant in after.values())
    assert {grant.id: grant.amount - grant.remaining for grant in after.values()} == {
        grant.id: grant.drawn for grant in after.values()
    }


@law(CLAIMS, GRANTS)
def test_settling_again_changes_nothing(claims: list[Claim], grants: list[Grant]) -> None:
    """A run repeated is empty; law 2."""
    once = settle(claims, grants, at=AT)

    assert () == settle(claims, once.grants, at=AT).steps


@law(CLAIMS, GRANTS)
def test_a_preview_is_what_is_settled(claims: list[Claim], grants: list[Grant]) -> None:
    """`cover` says what `settle` does; law 8. Giving all of it back restores every grant."""
    settled = settle(claims, grants, at=AT)
    restored = {grant.id: grant for grant in settled.grants}
    for each in settled.covered.lines:
        for part in each.parts:
            restored[part.grant] = give_back(restored[part.grant], each.claim.id, at=AT).grant

    assert cover(claims, grants) == settled.covered
    assert {g.id: (g.remaining, g.deferred) for g in grants} == {
        g.id: (g.remaining, g.deferred) for g in restored.values()
    }
