"""Records: what the rows of each file become, and what has to hold between files.

Each function takes the cells of one row and what has been read before it, and returns the record,
or None after it noted what is wrong with the row.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TypeVar, cast

import attrs

from ledgerkit.adapters.csv_folder.cells import (
    Cells,
    amount_in,
    currency_of,
    email,
    id_text,
    instant_in,
    iso_date,
    lines_of_text,
    locale,
    one_of,
    plain_text,
    whole_number,
    yes_or_no,
    zone_name,
)
from ledgerkit.adapters.csv_folder.found import Found
from ledgerkit.domain.catalog import CatalogKey, PackageTier, Price
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.money import Units
from ledgerkit.domain.packages import Package
from ledgerkit.domain.parties import BUSINESS, CUSTOMER, ROLES, SUPPLIER, Party
from ledgerkit.domain.sessions import APPROVED, STATUSES, Match, Session
from ledgerkit.domain.splits import PER_PERIOD, PER_SESSION, Incentive

T = TypeVar("T")

MINUTES = whole_number(1, 24 * 60)
UNITS_AT_MOST = 10_000  # a package works out the share of each of its units
UNITS = whole_number(1, UNITS_AT_MOST)


def built(cells: Cells, record: Callable[[], T]) -> T | None:
    """Return *record()* if the row is sound, and note what the record itself refuses."""
    if not cells.sound:
        return None
    try:
        return record()
    except (ValueError, LedgerkitError) as error:
        cells.refuse("", str(error))
        return None


def party(cells: Cells, units: Units) -> Party | None:
    """Read a row of parties.csv."""
    id = cells.need("id", id_text)
    role = cells.need("role", one_of(*ROLES))
    name = cells.need("name", plain_text)
    currency = cells.need("currency", currency_of(units))
    zone = cells.need("zone", zone_name)
    spoken = cells.maybe("locale", locale) or "en"
    mail = cells.maybe("email", email)
    address = cells.maybe("address", lines_of_text) or ()
    tax_id = cells.maybe("tax_id", plain_text)
    found = built(
        cells,
        lambda: Party(
            id=id,
            role=role,
            name=name,
            currency=currency,
            email=mail,
            address=address,
            locale=spoken,
            zone=zone,
            tax_id=tax_id,
        ),
    )
    if found is None and role == BUSINESS:
        cells.bind()  # there are no facts without the issuer
    return found


def part_of_key(text: str) -> str:
    """Return *text* if it can be a service line or a level: printable, without / | and =."""
    if set("/|=") & set(text):
        msg = "must not have / | or =, which separate the parts of a list"
        raise ValueError(msg)
    return plain_text(text)


def key_columns(cells: Cells) -> CatalogKey:
    """Read service_line, level and minutes, which all have to be there."""
    line = cells.need("service_line", part_of_key)
    level = cells.need("level", part_of_key)
    minutes = cells.need("minutes", MINUTES)
    if line and level and minutes:
        return CatalogKey(line, level, minutes)
    return cast("CatalogKey", None)  # not used: the row is not sound


def keys_listed(text: str) -> tuple[CatalogKey, ...]:
    """Return the keys that *text* lists as `math/secondary/60|math/secondary/90`."""
    keys: list[CatalogKey] = []
    for item in text.split("|"):
        parts = [part.strip() for part in item.split("/")]
        if len(parts) != 3 or not all(parts):  # noqa: PLR2004 - service line, level, minutes
            msg = "keys are listed as math/secondary/60|math/secondary/90"
            raise ValueError(msg)
        key = CatalogKey(part_of_key(parts[0]), part_of_key(parts[1]), MINUTES(parts[2]))
        if key in keys:
            msg = f"lists {key} twice"
            raise ValueError(msg)
        keys.append(key)
    return tuple(keys)


def tiers_in(currency: str | None, units: Units) -> Callable[[str], tuple[PackageTier, ...]]:
    """Return a reader of packages on offer, `5=182.40|10=342.00`."""
    price = amount_in(currency, units)

    def read(text: str) -> tuple[PackageTier, ...]:
        tiers: list[PackageTier] = []
        for item in text.split("|"):
            count, equals, amount = (part.strip() for part in item.partition("="))
            if not equals:
                msg = "tiers are listed as 5=182.40|10=342.00, units and the price of all"
                raise ValueError(msg)
            tiers.append(PackageTier(UNITS(count), price(amount)))
        return tuple(tiers)

    return read


@attrs.define
class LeftOut:
    """What must not be billed, because a row that is left out could have changed the amount.

    Attributes:
        prices: The first day and the place of unusable prices, by key and currency; the day is
            None where it can't be read.
        customers: The place of an unusable package, by customer.
        matches: The place of an unusable incentive, by match.
    """

    prices: dict[tuple[CatalogKey, str], tuple[date | None, str]] = attrs.field(factory=dict)
    customers: dict[str, str] = attrs.field(factory=dict)
    matches: dict[str, str] = attrs.field(factory=dict)


def _place(cells: Cells) -> str:
    return f"{cells.row.file} line {cells.row.line}"


def price(cells: Cells, units: Units, out: LeftOut) -> Price | None:
    """Read a row of catalog.csv. What an unusable price would have priced must not be billed."""
    key = key_columns(cells)
    currency = cells.need("currency", currency_of(units))
    charge = cells.need("charge", amount_in(currency, units))
    pay = cells.need("pay", amount_in(currency, units))
    since = cells.need("valid_from", iso_date)
    tiers = cells.maybe("tiers", tiers_in(currency, units)) or ()
    found = built(
        cells,
        lambda: Price(key=key, charge=charge, pay=pay, valid_from=since, tiers=tiers),
    )
    if found is None and (key is None or not currency):
        cells.bind()
    elif found is None:
        _note_price(out, (key, currency), since, _place(cells))
    return found


def _note_price(
    out: LeftOut, priced: tuple[CatalogKey, str], since: date | None, place: str
) -> None:
    """Note an unusable price; of several for one key the earliest counts."""
    known = out.prices.get(priced)
    if known is None or (known[0] is not None and (since is None or since < known[0])):
        out.prices[priced] = since, place


def party_in(cells: Cells, column: str, parties: Found[Party], *roles: str) -> Party:
    """Return the party named in *column*, or note that it is none of *roles*."""
    found = parties.named_in(cells, column)
    if found is not None and found.role not in roles:
        cells.refuse(column, f"is a {found.role} in parties.csv; a {' or '.join(roles)} is needed")
        return cast("Party", None)  # not used: the row is not sound
    return found


def same_currency(cells: Cells, party: Party, currency: str | None) -> None:
    """Note a *currency* that is not the one of *party*."""
    if party is not None and currency and currency != party.currency:
        reason = f"{party.id} is charged in {party.currency}; one customer has one currency"
        cells.refuse("currency", reason)


def match(cells: Cells, units: Units, parties: Found[Party]) -> Match | None:
    """Read a row of matches.csv; without a currency it has its customer's."""
    id = cells.need("id", id_text)
    customer = party_in(cells, "customer", parties, CUSTOMER)
    student = cells.need("student", plain_text)
    supplier = party_in(cells, "supplier", parties, SUPPLIER)
    key = key_columns(cells)
    currency = cells.maybe("currency", currency_of(units))
    if currency is None and customer is not None:
        currency = customer.currency
    same_currency(cells, customer, currency)
    pay = cells.maybe("pay", amount_in(currency, units))
    return built(
        cells,
        lambda: Match(
            id=id,
            customer=customer.id,
            student=student,
            supplier=supplier.id,
            key=key,
            currency=customer.currency,
            pay=pay,
        ),
    )


def package(cells: Cells, units: Units, parties: Found[Party], out: LeftOut) -> Package | None:
    """Read a row of packages.csv. The sessions of an unusable one's customer must not be billed."""
    id = cells.need("id", id_text)
    customer = party_in(cells, "customer", parties, CUSTOMER)
    covers = cells.need("covers", keys_listed)
    count = cells.need("units", UNITS)
    currency = cells.need("currency", currency_of(units))
    same_currency(cells, customer, currency)
    price = cells.need("price", amount_in(currency, units))
    bought = cells.need("purchased_on", iso_date)
    used = cells.maybe("used", whole_number(0, count or UNITS_AT_MOST)) or 0
    expires = cells.maybe("expires_on", iso_date)
    priority = cells.maybe("priority", whole_number(0)) or 0
    promotional = cells.maybe("promotional", yes_or_no) or False
    found = built(
        cells,
        lambda: Package(
            id=id,
            customer=customer.id,
            covers=covers,
            units=count,
            price=price,
            purchased_on=bought,
            expires_on=expires,
            priority=priority,
            promotional=promotional,
            used_before=used,
        ),
    )
    if found is None and customer is not None:
        out.customers.setdefault(customer.id, _place(cells))
    elif found is None and not parties.leaves_out(cells.text("customer")):
        cells.bind()
    return found


def incentive(cells: Cells, units: Units, matches: Found[Match], out: LeftOut) -> Incentive | None:
    """Read a row of incentives.csv. The sessions of an unusable one's match must not be billed."""
    id = cells.need("id", id_text)
    of = matches.named_in(cells, "match")
    currency = cells.need("currency", currency_of(units))
    if of is not None and currency and currency != of.currency:
        cells.refuse("currency", f"match {of.id} is in {of.currency}")
    amount = cells.need("amount", amount_in(currency, units))
    per = cells.need("per", one_of(PER_SESSION, PER_PERIOD))
    since = cells.need("valid_from", iso_date)
    until = cells.maybe("valid_until", iso_date)
    found = built(
        cells,
        lambda: Incentive(
            id=id, match=of.id, amount=amount, per=per, valid_from=since, valid_until=until
        ),
    )
    if found is None and of is not None:
        out.matches.setdefault(of.id, _place(cells))
    elif found is None and not matches.leaves_out(cells.text("match")):
        cells.bind()
    return found


def session(
    cells: Cells, parties: Found[Party], matches: Found[Match], out: LeftOut
) -> Session | None:
    """Read a row of sessions.csv."""
    id = cells.need("id", id_text)
    of = matches.named_in(cells, "match")
    zone = cells.maybe("zone", zone_name)
    read = instant_in(zone if zone or cells.text("zone") else "")
    starts_at = cells.need("starts_at", read)
    status = cells.need("status", one_of(*STATUSES))
    approved_at = cells.maybe("approved_at", read)
    if status is not None and (status == APPROVED) != bool(cells.text("approved_at")):
        needed = "must not be empty" if status == APPROVED else "must be empty"
        cells.refuse("approved_at", f"{needed}, the session is {status}")
    key = _override(cells, of)
    found = built(
        cells,
        lambda: Session(
            id=id,
            match=of.id,
            starts_at=starts_at,
            status=status,
            approved_at=approved_at,
            key=key,
        ),
    )
    if found is None:
        return None
    customer = parties.records[(of.customer,)]
    reason = _why_not_billed(found, of, customer, out)
    if reason and found.status == APPROVED:
        cells.refuse("", reason)
    return found


def _override(cells: Cells, of: Match | None) -> CatalogKey | None:
    """Return the key of a session that differs from its match; empty columns keep the match's."""
    line = cells.maybe("service_line", part_of_key)
    level = cells.maybe("level", part_of_key)
    minutes = cells.maybe("minutes", MINUTES)
    if of is None or not (line or level or minutes):
        return None
    return CatalogKey(line or of.key.service_line, level or of.key.level, minutes or of.key.minutes)


def _why_not_billed(session: Session, of: Match, customer: Party, out: LeftOut) -> str:
    """Return why billing *session* could be wrong, given what was left out; empty if it is not."""
    key = session.key or of.key
    since, place = out.prices.get((key, of.currency), (None, ""))
    if place and (since is None or since <= session.day(customer.zone)):
        return f"waits for the price of {key} in {of.currency}, which is left out, see {place}"
    if customer.id in out.customers:
        place = out.customers[customer.id]
        return f"waits for a package of {customer.id}, which is left out, see {place}"
    if of.id in out.matches:
        return f"waits for an incentive of {of.id}, which is left out, see {out.matches[of.id]}"
    return ""
