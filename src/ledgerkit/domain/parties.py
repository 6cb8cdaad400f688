"""Parties: whom the business charges, whom it pays, and itself.

A customer is charged; a payee, that is a supplier or an owner of equipment, is paid, each through a
wallet of its own; the business is the one whose name stands on the documents. (spec: ledger 1)
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import attrs

from ledgerkit.domain.ledger.journals import name_of, text_of
from ledgerkit.domain.ledger.wallets import address
from ledgerkit.domain.money import is_code
from ledgerkit.domain.periods import local_date

CUSTOMER = "customer"
SUPPLIER = "supplier"
OWNER = "owner"
BUSINESS = "business"
PAYEES = (SUPPLIER, OWNER)
ROLES = (CUSTOMER, *PAYEES, BUSINESS)
PLATFORM = "platform"
PAYEE_WALLETS = tuple(f"{role}:" for role in PAYEES)
"""What the addresses of payees' wallets begin with."""
# Language, then script, region or both (BCP 47), so that it names a file of words safely.
_LOCALE = re.compile("[A-Za-z]{2,3}(?:[_-](?:[A-Za-z]{4}|[A-Za-z]{2}|[0-9]{3}))*")
_ANY_INSTANT = datetime(2000, 1, 1, tzinfo=UTC)


@attrs.frozen(kw_only=True)
class Party:
    """A person or firm.

    Attributes:
        id: Unique among parties; part of wallet addresses, so letters, digits and . _ @ + - only.
        role: `customer`, `supplier`, `owner` of equipment, or `business`.
        name: As it stands on documents.
        currency: The currency it is charged or paid in unless something else says otherwise.
        email: Where notices go, or None.
        address: The lines of its postal address.
        locale: The language and region of its documents, such as `es` or `en_GB`.
        zone: The IANA time zone of its contract; days are local to it. (spec: billing 0.3)
        tax_id: Its tax number, or None.

    Raises:
        BadAddress: *id* cannot be part of a wallet's address.
        UnknownZone: *zone* is no IANA name.
        TypeError, ValueError: another field is of another type, or is text that cannot stand there.
    """

    id: str
    role: str
    name: str
    currency: str
    email: str | None = None
    address: tuple[str, ...] = ()
    locale: str = "en"
    zone: str = "UTC"
    tax_id: str | None = None

    def __attrs_post_init__(self) -> None:
        name_of("party id", self.id)
        if self.role not in ROLES:
            msg = f"a party's role is customer, supplier, owner or business (got {self.role!r})"
            raise ValueError(msg)
        address(self.role, self.id)
        if type(self.currency) is not str or not is_code(self.currency):
            msg = f"party {self.id!r} needs the code of a currency (got {self.currency!r})"
            raise ValueError(msg)
        if type(self.address) is not tuple:
            msg = f"address must be a tuple of lines (got {self.address!r})"
            raise TypeError(msg)
        if not text_of("party name", self.name).strip():
            msg = f"party {self.id!r} needs a name (got {self.name!r})"
            raise ValueError(msg)
        for text in self.address:
            text_of("line of an address", text)
        for field in ("email", "tax_id"):
            if getattr(self, field) is not None:
                name_of(field, getattr(self, field))
        if not _LOCALE.fullmatch(name_of("locale", self.locale)):
            msg = f"a party's locale looks like es or es_MX (got {self.locale!r})"
            raise ValueError(msg)
        local_date(_ANY_INSTANT, self.zone)  # an unknown zone is refused here, not at billing

    @property
    def wallet(self) -> str:
        """The address of its wallet: `platform`, or role and id such as `owner:<id>`."""
        return PLATFORM if self.role == BUSINESS else address(self.role, self.id)


def payee_wallet(role: str, id: str) -> str:
    """Return the wallet of the payee *id*: `supplier:<id>`, or `owner:<id>` with that *role*.

    Raises:
        BadAddress: *id* cannot be part of an address.
        ValueError: *role* is not one that is paid.

    >>> payee_wallet("owner", "olga")
    'owner:olga'
    """
    if role not in PAYEES:
        msg = f"the role of a payee is {' or '.join(PAYEES)} (got {role!r})"
        raise ValueError(msg)
    return address(role, id)


def role_in_id(role: str) -> tuple[str, ...]:
    """Return what tells the ids of a payee's records in *role* apart: nothing for a supplier."""
    return () if role == SUPPLIER else (role,)
