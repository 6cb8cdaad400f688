"""Access: a table of roles, denied by default, and what each actor sees."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.access import (
    PERMISSIONS,
    ROLES,
    AccessDenied,
    Actor,
    Resource,
    check,
    owners_of,
    require,
    visible,
)
from ledgerkit.domain.credit_limits import set_limit
from ledgerkit.domain.ledger import Entry, Journal, Wallet
from ledgerkit.domain.money import Money
from ledgerkit.domain.write_offs import WriteOff
from ledgerkit.testing.samples import NOON, OCTOBER, transfer

HERS = Resource("wallet customer:ana", frozenset({"ana"}))
OTHERS = Resource("wallet customer:bo", frozenset({"bo"}))


def actor(role: str, **fields: Any) -> Actor:
    """Return somebody in one role, who is the party ana."""
    return Actor(id="maria", roles=frozenset({role}), party="ana", **fields)


@pytest.mark.parametrize(
    ("role", "everywhere", "own"),
    [
        ("billing", "billing.read billing.write billing.approve", ""),
        ("super_admin", " ".join(PERMISSIONS), ""),
        ("onboarding", "billing.read subscription.manage", ""),
        ("academy_owner", "", "billing.read billing.write billing.approve"),
        ("customer", "", "billing.read"),
        ("supplier", "", "billing.read"),
        ("owner", "", "billing.read"),
        ("pilot", "", ""),
    ],
)
def test_matrix_of_roles(role: str, everywhere: str, own: str) -> None:
    """Each role has these permissions and no others; payment config is super_admin's alone."""
    somebody = actor(role)

    assert set(everywhere.split()) == {p for p in PERMISSIONS if check(somebody, p).allowed}
    assert set(everywhere.split()) == {p for p in PERMISSIONS if check(somebody, p, OTHERS).allowed}
    assert {*everywhere.split(), *own.split()} == {
        p for p in PERMISSIONS if check(somebody, p, HERS).allowed
    }


def test_every_role_is_in_the_matrix() -> None:
    """The test above names each of them."""
    assert {
        "billing",
        "super_admin",
        "onboarding",
        "academy_owner",
        "customer",
        "supplier",
        "owner",
    } == set(ROLES)


@pytest.mark.parametrize(
    ("somebody", "permission", "resource", "reason"),
    [
        (actor("billing"), "billing.write", None, "maria has billing.write as billing"),
        (actor("customer"), "billing.read", HERS, "maria has billing.read as customer of ana"),
        (
            actor("customer"),
            "billing.read",
            None,
            "maria has billing.read on what belongs to ana; all of the books does not",
        ),
        (
            actor("customer"),
            "billing.approve",
            HERS,
            "maria has the roles customer; billing.approve needs billing or super_admin",
        ),
        (
            Actor(id="maria"),
            "payment_config.manage",
            None,
            "maria has the roles none; payment_config.manage needs super_admin",
        ),
    ],
)
def test_a_decision_says_why(
    somebody: Actor, permission: str, resource: Resource | None, reason: str
) -> None:
    """What was allowed as whom, or what is needed."""
    assert reason == check(somebody, permission, resource).reason


def test_a_role_without_a_party_owns_nothing() -> None:
    """A customer that is nobody's customer reads nothing."""
    nobody = Actor(id="x", roles=frozenset({"customer"}))

    assert not check(nobody, "billing.read", Resource("orphan")).allowed


def test_an_unknown_permission_is_denied() -> None:
    """To everybody, with the ones that exist."""
    decision = check(actor("super_admin"), "billing.delete")

    assert not decision.allowed
    assert decision.reason.startswith("'billing.delete' is no permission; known are billing.read")


def test_require_raises_what_check_says() -> None:
    """The refusal names actor, permission and reason."""
    require(actor("billing"), "billing.write")
    with pytest.raises(AccessDenied, match=r"billing\.write is denied: maria has the roles cust"):
        require(actor("customer"), "billing.write")


def test_who_really_acts() -> None:
    """Impersonating does not make two people of one. (spec: reliability G3)"""
    support = Actor(id="ana", impersonator="maria")

    assert ("maria", "maria as ana") == (support.real_id, support.signature)
    assert ("ana", "ana") == (Actor(id="ana").real_id, Actor(id="ana").signature)


@pytest.mark.parametrize(
    ("build", "error"),
    [
        (lambda: Actor(id=""), ValueError),
        (lambda: Actor(id="a", party=""), ValueError),
        (lambda: Actor(id="a", impersonator=7), TypeError),  # type: ignore[arg-type]
        (lambda: Actor(id="a", roles={"billing"}), TypeError),  # type: ignore[arg-type]
        (lambda: Actor(id="a", roles=frozenset({1})), TypeError),  # type: ignore[arg-type]
        (lambda: Resource("", frozenset()), ValueError),
        (lambda: Resource("x", ("ana",)), TypeError),  # type: ignore[arg-type]
        (lambda: Resource("x", frozenset({1})), TypeError),  # type: ignore[arg-type]
    ],
    ids=range(8),
)
def test_what_cannot_be(build: Any, error: type[Exception]) -> None:
    """Ids are text, roles and owners are frozen sets."""
    with pytest.raises(error):
        build()


# ---- what is seen ----------------------------------------------------------------------------
LIMIT = set_limit("ana", Money(100, "EUR")).limit
WRITTEN_OFF = WriteOff(
    id="wof_1", customer="bo", amount=Money(1, "EUR"), on=OCTOBER, reference="R", reason="lost"
)
FLOWN = Journal(
    id="jrn_1",
    kind="completion.charged",
    entries=(
        Entry("customer:ana", Money(-100, "EUR")),
        Entry("supplier:tom", Money(60, "EUR")),
        Entry("platform", Money(40, "EUR")),
    ),
    effective_at=NOON,
)


class Adjustment:
    """A record that names both sides."""

    customer, supplier = "ana", "tom"


RECORDS = (
    LIMIT,
    WRITTEN_OFF,
    Wallet("customer:ana"),
    *FLOWN.entries,
    FLOWN,
    Adjustment(),
    Wallet("customer:ana:savings"),
    Wallet("customer"),
    transfer("jrn_2", "a", "b", 1),
)


def test_customers_see_their_own() -> None:
    """The limit, the wallet and its entries; neither journals nor what suppliers are paid."""
    ana = actor("customer")

    assert (LIMIT, Wallet("customer:ana"), FLOWN.entries[0]) == visible(ana, RECORDS)


def test_suppliers_see_their_payouts_and_adjustments() -> None:
    """What names them, and their side of an adjustment."""
    tom = Actor(id="tom", roles=frozenset({"supplier"}), party="tom")

    assert (FLOWN.entries[1], RECORDS[7]) == visible(tom, RECORDS)


def test_staff_see_all() -> None:
    """Whoever may read billing, in order."""
    assert RECORDS == visible(actor("onboarding"), RECORDS)


def test_a_host_can_tell_more() -> None:
    """An academy sees what the host says is its."""
    ours = visible(actor("academy_owner"), RECORDS, owners=lambda _: frozenset({"ana"}))

    assert RECORDS == ours


def test_something_without_an_address_is_nobodys() -> None:
    """What names no party is not shown to one."""
    assert frozenset() == owners_of(object())


@given(
    st.frozensets(st.sampled_from([*ROLES, "pilot"])),
    st.sampled_from(PERMISSIONS),
    st.booleans(),
)
def test_more_roles_never_take_away(roles: frozenset[str], permission: str, own: bool) -> None:
    """What a role grants, it grants whatever else somebody is."""
    resource = HERS if own else OTHERS
    alone = [
        check(Actor(id="m", roles=frozenset({role}), party="ana"), permission, resource).allowed
        for role in roles
    ]
    together = check(Actor(id="m", roles=roles, party="ana"), permission, resource)

    assert any(alone) == together.allowed
