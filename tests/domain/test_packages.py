"""Packages: ten sessions bought, nine used, and what became of the tenth."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.catalog import CatalogKey, NoTier, PackageTier, Price
from ledgerkit.domain.ledger import Book, Event, Journal, Limit, Wallet
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import ISO, CurrencyMismatch, Money, allocate
from ledgerkit.domain.packages import (
    ACTIVE,
    EXPIRED,
    SESSION,
    AlreadyRedeemed,
    NotCovered,
    NotExpired,
    NotRedeemed,
    Package,
    PackageExhausted,
    Redeemed,
    Redemption,
    bring_in,
    draw_down,
    expire,
    give_back,
    offered,
    purchase,
    redeem,
    revive,
)
from ledgerkit.domain.sessions import booking_id

AT = datetime(2026, 9, 1, 12, tzinfo=UTC)
DAY = date(2026, 10, 5)
KEY = CatalogKey("maths", "secondary", 60)
OTHER = CatalogKey("maths", "secondary", 90)
PAY = Money(3000, "EUR")


def package(units: int = 10, minor: int = 45_000, **more: Any) -> Package:
    """Return a package of maths, bought on 1 September and good until the end of October."""
    fields: dict[str, Any] = {
        "id": "p1",
        "customer": "ana",
        "covers": (KEY,),
        "price": Money(minor, "EUR"),
        "purchased_on": date(2026, 9, 1),
        "expires_on": date(2026, 11, 1),
    }
    return Package(units=units, **(fields | more))


def use(of: Package, session: str = "s1", **more: Any) -> Redeemed:
    """Use a unit for a session of 5 October that earns the supplier 30.00."""
    fields: dict[str, Any] = {"key": KEY, "on": DAY, "supplier": "tom", "pay": PAY, "at": AT}
    return redeem(of, session, **(fields | more))


def used(of: Package, times: int) -> Package:
    """Return the package after so many sessions."""
    for n in range(times):
        of = use(of, f"s{n}").package
    return of


def legs(journal: Journal) -> dict[str, int]:
    """Return what a journal does to each wallet."""
    return {entry.wallet: entry.amount.minor for entry in journal.entries}


# ---- buying ----------------------------------------------------------------------------------
def test_purchase_moves_money_and_units() -> None:
    """10 sessions for 450.00: customer -450, liability:packages +450; package +10 SESSION."""
    journal = purchase(package(), at=AT).journal

    assert {
        "customer:ana": -45_000,
        "liability:packages": 45_000,
        "package:p1": 10,
        "units:issued": -10,
    } == legs(journal)
    assert ("package.bought", Event("package", "p1")) == (journal.kind, journal.event)


def test_purchase_opens_the_wallet_with_a_floor() -> None:
    """The wallet of a package holds sessions only, and never less than none."""
    opens = {wallet.id: wallet for wallet in purchase(package(), at=AT).effects.opens}

    assert (
        Wallet("package:p1", (Limit(SESSION, floor=0),), currencies=frozenset({SESSION}))
        == opens["package:p1"]
    )
    assert Wallet("customer:ana") == opens["customer:ana"]
    assert frozenset({SESSION}) == opens["units:issued"].currencies


def test_package_given_away_moves_units_only() -> None:
    """A package for 0.00 has no money legs."""
    journal = purchase(package(price=Money(0, "EUR")), at=AT).journal

    assert {"package:p1": 10, "units:issued": -10} == legs(journal)


def test_package_brought_in_owes_what_remains() -> None:
    """Of 3 units for 100.00 one was used elsewhere: 66.66 are owed, from the opening."""
    brought = bring_in(package(3, 10_000, used_before=1), at=AT)

    assert {
        "equity:opening": -6_666,
        "liability:packages": 6_666,
        "package:p1": 2,
        "units:redeemed": 1,
        "units:issued": -3,
    } == legs(brought.journal)
    assert "equity:opening" in {wallet.id for wallet in brought.effects.opens}


def test_package_brought_in_empty_moves_units_only() -> None:
    """A package that was used up elsewhere owes nothing."""
    brought = bring_in(package(3, 10_000, used_before=3), at=AT)

    assert {"units:redeemed": 3, "units:issued": -3} == legs(brought.journal)


@pytest.mark.parametrize("verb", [purchase, bring_in])
def test_package_comes_into_the_books_once(verb: Any) -> None:
    """A package that was used, returned or expired here was sold here."""
    old = [
        use(package()).package,
        give_back(use(package()).package, "s1", at=AT).package,
        expire(package(), on=date(2026, 11, 1), at=AT).package,
    ]

    for one in old:
        with pytest.raises(ValueError, match="is in these books already"):
            verb(one, at=AT)


def test_package_used_elsewhere_is_not_sold() -> None:
    """Selling a part-used package would charge the customer again."""
    with pytest.raises(ValueError, match="import it instead"):
        purchase(package(used_before=1), at=AT)


# ---- shares ----------------------------------------------------------------------------------
def test_shares_add_up() -> None:
    """100.00 over 3 units is 33.34, 33.33, 33.33 (spec: billing C-13)."""
    shares = package(3, 10_000).shares

    assert [3334, 3333, 3333] == [share.minor for share in shares]


@given(st.integers(0, 10**9), st.integers(1, 400))
def test_shares_are_an_allocation(minor: int, units: int) -> None:
    """Shares are what largest remainder gives equal units."""
    one = package(units, minor)

    assert allocate(one.price, [1] * units) == one.shares


@given(st.integers(0, 10**6), st.integers(1, 20), st.data())
def test_deferred_is_the_price_less_what_was_recognised(
    minor: int, units: int, data: st.DataObject
) -> None:
    """Whatever is used and returned: used values and what is deferred make the price."""
    one = package(units, minor)
    for n in range(data.draw(st.integers(0, 30))):
        back = data.draw(st.sampled_from([None, *one.redemptions]))
        if back is not None:
            one = give_back(one, back.session, at=AT).package
        elif one.remaining:
            one = use(one, f"s{n}").package

    assert minor == one.deferred.minor + sum(r.value.minor for r in one.redemptions)
    assert len({r.unit for r in one.redemptions}) == len(one.redemptions)


# ---- using -----------------------------------------------------------------------------------
def test_session_covered() -> None:
    """45.00 of deferred revenue: supplier +30, platform +15; package -1, units:redeemed +1."""
    redeemed = use(package())

    assert {
        "liability:packages": -4_500,
        "supplier:tom": 3_000,
        "platform": 1_500,
        "package:p1": -1,
        "units:redeemed": 1,
    } == legs(redeemed.journal)
    assert Event("session", "s1") == redeemed.journal.event
    assert booking_id("s1", "", DAY) == redeemed.journal.id
    assert 9 == redeemed.package.remaining


def test_ten_pack_recognises_its_price() -> None:
    """Ten sessions of a 10-pack for 450.00 recognise 10 x 45.00."""
    one = used(package(), 10)

    assert [4_500] * 10 == [r.value.minor for r in one.redemptions]
    assert (0, Money(0, "EUR")) == (one.remaining, one.deferred)


def test_bonus_is_a_leg_of_its_own() -> None:
    """A bonus of 5.00 is borne by the platform and told apart from the rate."""
    journal = use(package(), bonus=Money(500, "EUR")).journal

    assert [3_000, 500] == [
        entry.amount.minor for entry in journal.entries if entry.wallet == "supplier:tom"
    ]
    assert 1_000 == legs(journal)["platform"]


def test_unit_below_cost_is_the_platform_s_loss() -> None:
    """A unit worth 20.00 that earns the supplier 30.00 costs the platform 10.00."""
    journal = use(package(10, 20_000)).journal

    assert -1_000 == legs(journal)["platform"]


def test_unit_given_away_moves_pay_and_unit() -> None:
    """A promotional unit of 0.00 pays the supplier out of the platform's pocket."""
    journal = use(package(10, 0)).journal

    assert {
        "supplier:tom": 3_000,
        "platform": -3_000,
        "package:p1": -1,
        "units:redeemed": 1,
    } == legs(journal)


def test_use_opens_every_wallet_it_moves() -> None:
    """A host may redeem on approval, before any run opened the supplier's wallet."""
    redeemed = use(package())

    assert {entry.wallet for entry in redeemed.journal.entries} <= {
        wallet.id for wallet in redeemed.effects.opens
    }


def test_metadata_is_kept() -> None:
    """What a host wants to know about the journal stays on it."""
    journal = use(package(), metadata=(("lesson", "7"),)).journal

    assert (("lesson", "7"),) == journal.metadata


def test_session_uses_one_unit() -> None:
    """The same session cannot use two units of a package."""
    one = use(package()).package

    with pytest.raises(AlreadyRedeemed, match="'s1' uses a unit of package 'p1' already"):
        use(one)


@pytest.mark.parametrize(
    ("key", "on"),
    [(OTHER, DAY), (KEY, date(2026, 8, 31)), (KEY, date(2026, 11, 1)), (KEY, date(2027, 1, 1))],
)
def test_package_pays_for_its_keys_and_days(key: CatalogKey, on: date) -> None:
    """Not for another duration, nor before the purchase, nor from the day it expires."""
    with pytest.raises(NotCovered, match=f"does not pay for .* on {on}"):
        use(package(), key=key, on=on)


@pytest.mark.parametrize("on", [date(2026, 9, 1), date(2026, 10, 31)])
def test_package_pays_from_its_first_to_its_last_day(on: date) -> None:
    """The day of the purchase and the day before the expiry are covered."""
    assert on == use(package(), on=on).package.redemptions[0].on


def test_package_without_expiry_pays_for_ever() -> None:
    """Expiry is optional."""
    assert package(expires_on=None).pays_for(KEY, date(2099, 1, 1))


def test_empty_package_pays_for_nothing() -> None:
    """The eleventh session of ten is refused with the figures."""
    with pytest.raises(PackageExhausted, match="of 10 has 10 used and 0 expired, none left"):
        use(used(package(), 10), "s11")


def test_pay_in_another_currency_is_refused() -> None:
    """A package in euros cannot pay a supplier in pounds."""
    with pytest.raises(CurrencyMismatch):
        use(package(), pay=Money(3000, "GBP"))


def test_alerts_have_two_modes() -> None:
    """A misspelt mode is no mode."""
    with pytest.raises(ValueError, match="per package or aggregate"):
        use(package(), alerts="packages")


# ---- giving back -----------------------------------------------------------------------------
def test_return_reverses_what_was_moved() -> None:
    """Un-approved: the unit is back at the value it was used at, and everybody's share."""
    redeemed = use(package(3, 10_000), bonus=Money(500, "EUR"))
    returned = give_back(redeemed.package, "s1", at=AT)

    assert tuple(-entry for entry in redeemed.journal.entries) == returned.journal.entries
    assert redeemed.journal.id == returned.journal.reverses
    assert Event("session", "s1", "undone:1") == returned.journal.event
    assert (3, ("s1",)) == (returned.package.remaining, returned.package.returned)


def test_returned_unit_keeps_its_value() -> None:
    """Of 33.34, 33.33, 33.33 the first one is returned and used again: 33.34."""
    one = used(package(3, 10_000), 2)
    one = give_back(one, "s0", at=AT).package

    assert Money(3334, "EUR") == use(one, "s9").package.redemptions[-1].value


def test_session_approved_anew_is_another_part() -> None:
    """Approved, taken back, approved again: the second journal has another id and event."""
    one = give_back(use(package()).package, "s1", at=AT).package
    again = use(one, part="2")
    back = give_back(again.package, "s1", at=AT)

    assert Event("session", "s1", "2") == again.journal.event
    assert again.journal.id != use(package()).journal.id
    assert Event("session", "s1", "undone:2") == back.journal.event
    assert ("s1", "s1") == back.package.returned


def test_return_needs_a_use() -> None:
    """A session that used no unit has none to return."""
    with pytest.raises(NotRedeemed, match="'s1' uses no unit of package 'p1' to return"):
        give_back(package(), "s1", at=AT)


# ---- expiring --------------------------------------------------------------------------------
def expired(of: Package) -> Package:
    """Return the package after 1 November."""
    return expire(of, on=date(2026, 11, 1), at=AT).package


def test_expiry_is_breakage() -> None:
    """3 of 10 units left: liability:packages -135, platform +135; package -3, expired +3."""
    done = expire(used(package(), 7), on=date(2026, 11, 1), at=AT)

    assert {
        "liability:packages": -13_500,
        "platform": 13_500,
        "package:p1": -3,
        "units:expired": 3,
    } == legs(done.journal)
    assert (EXPIRED, 3, 0) == (done.package.status, done.package.forfeited, done.package.remaining)
    assert (
        ("package", "p1"),
        ("units", "3"),
        ("forfeited_minor", "13500"),
        ("currency", "EUR"),
    ) == done.notice.body
    assert (done.notice,) == done.effects.messages


def test_expiry_waits_for_its_day() -> None:
    """The last day pays; the package expires the day after."""
    with pytest.raises(NotExpired, match="expires on 2026-11-01; it is 2026-10-31"):
        expire(package(), on=date(2026, 10, 31), at=AT)


def test_package_without_expiry_never_expires() -> None:
    """There is no day to wait for."""
    with pytest.raises(NotExpired, match="expires never"):
        expire(package(expires_on=None), on=date(2099, 1, 1), at=AT)


def test_empty_package_has_nothing_to_forfeit() -> None:
    """A package that was used up stays as it is."""
    with pytest.raises(PackageExhausted):
        expired(used(package(), 10))


def test_package_expires_once() -> None:
    """What is forfeited is forfeited."""
    with pytest.raises(IllegalTransition, match="package is expired; expire needs active"):
        expired(expired(package()))


def test_revival_takes_back_the_breakage() -> None:
    """A late approval: the units are back, one is used and the rest expires in another turn."""
    before = used(package(), 7)
    gone = expire(before, on=date(2026, 11, 1), at=AT)
    back = revive(gone.package, at=AT)
    late = use(back.package, "late")
    again = expire(late.package, on=date(2026, 11, 2), at=AT)

    assert tuple(-entry for entry in gone.journal.entries) == back.journal.entries
    assert gone.journal.id == back.journal.reverses
    assert 9_000 == legs(again.journal)["platform"]
    assert gone.journal.id != again.journal.id
    assert Event("package", "p1", "expired:2") == again.journal.event
    assert (10, 8, 2) == (again.package.units, again.package.used, again.package.forfeited)


def test_expired_package_is_revived_before_it_is_used() -> None:
    """Neither a use nor a return slips past the expiry."""
    gone = expired(use(package()).package)

    with pytest.raises(IllegalTransition):
        use(gone, "late")
    with pytest.raises(IllegalTransition):
        give_back(gone, "s1", at=AT)


def test_active_package_cannot_be_revived() -> None:
    """There is no expiry to take back."""
    with pytest.raises(IllegalTransition, match="package is active; revive needs expired"):
        revive(package(), at=AT)


@given(st.lists(st.sampled_from(["use", "back", "expire", "revive"]), max_size=40), st.data())
def test_units_and_money_always_add_up(verbs: list[str], data: st.DataObject) -> None:
    """Purchased = redeemed + expired + remaining, in the record and in the books; law 7."""
    units, minor = data.draw(st.integers(1, 6)), data.draw(st.integers(0, 1000))
    bought = purchase(package(units, minor), at=AT)
    book, one = Book(ISO.with_units({SESSION: 0})), bought.package

    def post(change: Any) -> Package:
        for wallet in change.effects.opens:
            book.open(wallet)
        book.post(change.journal, at=AT)
        after: Package = change.package
        return after

    post(bought)
    parts = Counter[str]()
    for n, verb in enumerate(verbs):
        name = f"s{n % 3}"
        try:
            if verb == "use":
                parts[name] += 1
                one = post(use(one, name, part=str(parts[name])))
            elif verb == "back":
                one = post(give_back(one, name, at=AT))
            elif verb == "expire":
                one = post(expire(one, on=date(2026, 11, 1), at=AT))
            else:
                one = post(revive(one, at=AT))
        except (AlreadyRedeemed, NotRedeemed, PackageExhausted, IllegalTransition):
            continue
        assert units == one.used + one.forfeited + one.remaining
        assert one.remaining == book.balance(one.wallet, SESSION).posted
        assert one.deferred.minor == book.balance("liability:packages", "EUR").posted
        assert one.used == book.balance("units:redeemed", SESSION).posted
        assert one.forfeited == book.balance("units:expired", SESSION).posted


# ---- order -----------------------------------------------------------------------------------
def test_draw_down_order() -> None:
    """Priority, expiry (none last), promotional first, purchase, id; spec: billing 5."""
    ordered = (
        package(id="first", priority=-1, expires_on=None),
        package(id="soon", expires_on=date(2026, 10, 1)),
        package(id="gift", promotional=True, purchased_on=date(2026, 9, 30)),
        package(id="old", purchased_on=date(2026, 8, 1)),
        package(id="a"),
        package(id="b"),
        package(id="ever gift", expires_on=None, promotional=True, purchased_on=date(2026, 9, 9)),
        package(id="ever", expires_on=None, purchased_on=date(2026, 1, 1)),
        package(id="last", priority=1),
    )

    assert ordered == draw_down(reversed(ordered))
    assert ordered == draw_down(sorted(ordered, key=lambda p: p.id))


# ---- records ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"units": 0}, "needs units above 0"),
        ({"price": Money(-1, "EUR")}, "a price from 0"),
        ({"covers": ()}, "covers nothing"),
        ({"expires_on": date(2026, 9, 1)}, "not after its purchase"),
        ({"used_before": 11}, "of 10 units cannot have used 11"),
        ({"used_before": -1}, "cannot have used -1"),
        ({"forfeited": -1}, "forfeited -1"),
        ({"status": "lost"}, "is 'lost'"),
        ({"status": EXPIRED}, "is 'expired' with 0 units forfeited"),
        ({"status": EXPIRED, "forfeited": 3}, "is 'expired' with 3 units forfeited"),
        ({"forfeited": 3, "expiries": 1}, "is 'active' with 3 units forfeited"),
        ({"id": ""}, "package id"),
        ({"customer": " ana"}, "package customer"),
    ],
)
def test_package_is_valid_from_birth(fields: dict[str, Any], message: str) -> None:
    """A package that cannot be is refused where it is made."""
    with pytest.raises(ValueError, match=message):
        attrs.evolve(package(), **fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"units": True}, "units of package 'p1' must be a whole number"),
        ({"priority": 1.5}, "priority of package"),
        ({"used_before": "1"}, "used_before of package"),
        ({"covers": [KEY]}, "covers of package 'p1' must be a tuple"),
        ({"redemptions": []}, "redemptions of package"),
        ({"returned": ["s1"]}, "returned of package"),
        ({"price": 45_000}, "price of package 'p1' must be Money"),
        ({"purchased_on": AT}, "purchased_on must be a date"),
        ({"expires_on": AT}, "expires_on must be a date"),
    ],
)
def test_package_takes_no_other_types(fields: dict[str, Any], message: str) -> None:
    """Floats, bools, lists and datetimes are refused by type."""
    with pytest.raises(TypeError, match=message):
        attrs.evolve(package(), **fields)


def test_redemption_is_found_by_session() -> None:
    """A package knows which unit a session uses."""
    one = use(package()).package

    assert isinstance(one.redemption("s1"), Redemption)
    assert one.redemption("s2") is None
    assert ACTIVE == one.status


def test_a_package_on_offer_is_sold_at_its_price() -> None:
    """A tier of 10 sessions for 450.00 becomes a package of them (seed 000: pricing tiers)."""
    tiers = (PackageTier(10, Money(45_000, "EUR")),)
    price = Price(
        key=KEY,
        charge=Money(5_000, "EUR"),
        pay=Money(3_000, "EUR"),
        valid_from=date(2026, 1, 1),
        tiers=tiers,
    )
    sold = offered(price, 10, id="p1", customer="ana", on=date(2026, 10, 1))

    assert (10, Money(45_000, "EUR"), (KEY,)) == (sold.units, sold.price, sold.covers)
    with pytest.raises(NoTier, match="no package of 12"):
        offered(price, 12, id="p2", customer="ana", on=date(2026, 10, 1))
