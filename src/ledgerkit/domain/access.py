"""Access: who may do what, and who may see what, as tables and pure functions.

Whatever no role grants is denied, and the answer says why. Customers, suppliers,
owners of equipment and owners of an academy reach what is theirs; the others reach all of the
books, which are one tenant's.
(seeds 002, 003, 004; spec: billing 11, reliability G3, G4, 6.1, 6.2)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import ClassVar, TypeVar

import attrs

from ledgerkit.domain import parties
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger.journals import name_of

T = TypeVar("T")

BILLING_READ = "billing.read"
BILLING_WRITE = "billing.write"
BILLING_APPROVE = "billing.approve"
SUBSCRIPTION_MANAGE = "subscription.manage"
PAYMENT_CONFIG_MANAGE = "payment_config.manage"
PERMISSIONS = (
    BILLING_READ,
    BILLING_WRITE,
    BILLING_APPROVE,
    SUBSCRIPTION_MANAGE,
    PAYMENT_CONFIG_MANAGE,
)

BILLING, SUPER_ADMIN, ONBOARDING = "billing", "super_admin", "onboarding"
ACADEMY_OWNER = "academy_owner"
CUSTOMER, SUPPLIER, OWNER = parties.CUSTOMER, parties.SUPPLIER, parties.OWNER


@attrs.frozen
class Grants:
    """What a role may do: *everywhere* in the books, and on what is its *own*."""

    everywhere: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()


_ALL_BILLING = frozenset({BILLING_READ, BILLING_WRITE, BILLING_APPROVE})
ROLES: Mapping[str, Grants] = MappingProxyType(
    {
        BILLING: Grants(_ALL_BILLING),
        SUPER_ADMIN: Grants(frozenset(PERMISSIONS)),
        ONBOARDING: Grants(frozenset({BILLING_READ, SUBSCRIPTION_MANAGE})),
        ACADEMY_OWNER: Grants(own=_ALL_BILLING),
        CUSTOMER: Grants(own=frozenset({BILLING_READ})),
        SUPPLIER: Grants(own=frozenset({BILLING_READ})),
        OWNER: Grants(own=frozenset({BILLING_READ})),
    }
)
"""What each role may do; only super_admin may touch the payment configuration. (seed 004)"""


@attrs.frozen(kw_only=True)
class Actor:
    """Who asks.

    Attributes:
        id: Who it is, or is taken for while somebody impersonates.
        roles: The roles it acts in; one that `ROLES` does not know grants nothing.
        party: The id of the customer, supplier, owner or academy it is, or None for staff.
        impersonator: The id of who really sits there, or None.
    """

    id: str
    roles: frozenset[str] = frozenset()
    party: str | None = None
    impersonator: str | None = None

    def __attrs_post_init__(self) -> None:
        name_of("actor id", self.id)
        for field in ("party", "impersonator"):
            if (value := getattr(self, field)) is not None:
                name_of(f"{field} of actor {self.id!r}", value)
        if type(self.roles) is not frozenset or any(type(role) is not str for role in self.roles):
            msg = f"the roles of actor {self.id!r} are a frozenset of text (got {self.roles!r})"
            raise TypeError(msg)

    @property
    def real_id(self) -> str:
        """Who really acts: this one counts where two people must look. (spec: reliability G3)"""
        return self.id if self.impersonator is None else self.impersonator

    @property
    def signature(self) -> str:
        """How it signs a commit: `maria`, or `maria as ana` where she impersonates."""
        return self.id if self.impersonator is None else f"{self.impersonator} as {self.id}"


@attrs.frozen
class Resource:
    """What is asked about: what it is, and the ids of the parties it belongs to."""

    name: str
    owners: frozenset[str] = frozenset()

    def __attrs_post_init__(self) -> None:
        name_of("resource", self.name)
        if type(self.owners) is not frozenset or any(type(id) is not str for id in self.owners):
            msg = f"the owners of {self.name!r} are a frozenset of ids (got {self.owners!r})"
            raise TypeError(msg)


@attrs.frozen
class Decision:
    """Whether somebody may, and why or why not in a sentence."""

    allowed: bool
    reason: str


def check(actor: Actor, permission: str, resource: Resource | None = None) -> Decision:
    """Return whether *actor* has *permission* on *resource*, or on all of the books if None.

    It never raises: a permission or role that nobody knows is denied. (spec: reliability G4)

    >>> ana = Actor(id="ana", roles=frozenset({"customer"}), party="c-1")
    >>> check(ana, "billing.read", Resource("wallet customer:c-1", frozenset({"c-1"}))).allowed
    True
    >>> check(ana, "billing.read", Resource("wallet customer:c-2", frozenset({"c-2"}))).reason
    'ana has billing.read on what belongs to c-1; wallet customer:c-2 does not'
    """
    if permission not in PERMISSIONS:
        return _denied(f"{permission!r} is no permission; known are {', '.join(PERMISSIONS)}")
    roles = sorted(actor.roles)
    for role in roles:
        if role in ROLES and permission in ROLES[role].everywhere:
            return Decision(allowed=True, reason=f"{actor.id} has {permission} as {role}")
    owning = [role for role in roles if role in ROLES and permission in ROLES[role].own]
    if not owning or actor.party is None:
        held = ", ".join(roles) or "none"
        needed = " or ".join(sorted(r for r, g in ROLES.items() if permission in g.everywhere))
        return _denied(f"{actor.id} has the roles {held}; {permission} needs {needed}")
    if resource is not None and actor.party in resource.owners:
        return Decision(
            allowed=True, reason=f"{actor.id} has {permission} as {owning[0]} of {actor.party}"
        )
    what = "all of the books" if resource is None else resource.name
    return _denied(f"{actor.id} has {permission} on what belongs to {actor.party}; {what} does not")


def _denied(reason: str) -> Decision:
    return Decision(allowed=False, reason=reason)


@attrs.frozen
class AccessDenied(LedgerkitError):
    """Somebody asked for what they may not do."""

    actor: str
    permission: str
    reason: str
    code: ClassVar[str] = "access_denied"

    def __str__(self) -> str:
        return f"{self.permission} is denied: {self.reason}"


def require(actor: Actor, permission: str, resource: Resource | None = None) -> None:
    """Let *actor* go on if `check` allows it; raises `AccessDenied`."""
    decision = check(actor, permission, resource)
    if not decision.allowed:
        raise AccessDenied(actor.id, permission, decision.reason)


# ---- what may be read ------------------------------------------------------------------------
def owners_of(record: object) -> frozenset[str]:
    """Return the ids of the parties that may see *record* as their own; none if unsure.

    A record belongs to the payee it names as `supplier`, else to the customer it names, else to its
    party: one that names both, such as an adjustment of a flight, tells what the supplier is paid,
    which is not the customer's to see. A wallet, and each of its entries, belongs to the party in
    its address. A journal has legs of several parties and belongs to none of them.
    """
    for field in ("supplier", "customer", "party"):
        named = getattr(record, field, None)
        if type(named) is str:
            return frozenset({named})
    wallet = getattr(record, "wallet", None) or getattr(record, "id", None)
    if type(wallet) is str:
        kind, _, party = wallet.partition(":")
        if kind in (CUSTOMER, *parties.PAYEES) and party and ":" not in party:
            return frozenset({party})
    return frozenset()


def visible(
    actor: Actor,
    records: Iterable[T],
    *,
    owners: Callable[[T], frozenset[str]] = owners_of,
) -> tuple[T, ...]:
    """Return those of *records* that *actor* may read, in order.

    Staff see all, customers their wallet and documents, suppliers their payouts and adjustments,
    owners of equipment their payouts.
    *owners* tells whose a record is, where a host knows more, such as the academy of a class.
    (seed 002: row level security)
    """
    if check(actor, BILLING_READ).allowed:
        return tuple(records)
    return tuple(
        record
        for record in records
        if check(actor, BILLING_READ, Resource("record", owners(record))).allowed
    )


@attrs.frozen
class ApproverIsRequester(LedgerkitError):
    """Something that one person asked for and would approve."""

    what: str
    id: str
    actor: str
    code: ClassVar[str] = "approver_is_requester"

    def __str__(self) -> str:
        return f"{self.what} {self.id!r} was asked for by {self.actor!r}; somebody else approves it"


def need_four_eyes(what: str, id: str, *, asked_by: str, by: str) -> None:
    """Raise `ApproverIsRequester` if *by* would approve *what* they asked for themselves.

    Both are the real people, whomever they act for. (spec: billing C-15, reliability G3, 6.2)
    """
    if by == asked_by:
        raise ApproverIsRequester(what, id, by)
