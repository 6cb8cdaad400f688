"""Price file: what people write is read exactly, or refused with the entry and the field."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.adapters.price_file import PricesRefused, read_prices
from ledgerkit.domain.money import ISO
from ledgerkit.domain.pricing import (
    Flat,
    Graduated,
    ListPrice,
    Model,
    PackagePrice,
    Percentage,
    PerUnit,
    PriceKey,
    PriceList,
    Tariff,
    Tier,
    Volume,
)

HEAD = 'id = "cloud"\ncurrency = "USD"\n'
PRICE = '[[prices]]\nitem = "x"\nvalid_from = 2026-01-01\n'
UNIT = f'{PRICE}model = "per_unit"\nunit = 1\nincluded = 0\n'


def read(text: str, folder: Path) -> PriceList:
    """Return the price list that *text* writes."""
    path = folder / "prices.toml"
    path.write_text(text, "utf-8")
    return read_prices(path)


def problems(text: str, folder: Path) -> tuple[str, ...]:
    """Return what is wrong with *text*."""
    with pytest.raises(PricesRefused) as refused:
        read(text, folder)
    assert str(refused.value).startswith(f"{str(folder / 'prices.toml')!r} is no price list: ")
    return refused.value.problems


# ---- what is read ----------------------------------------------------------------------------
ONE = ISO.rate(1, "USD")
CENT = ISO.rate(Decimal("0.01"), "USD")


@pytest.mark.parametrize(
    ("fields", "model", "included"),
    [
        ('model = "flat"\namount = 10.5', Flat(ISO.parse("10.50", "USD")), None),
        ('model = "per_unit"\nunit = 0.0004\nincluded = 0.5', None, Fraction(1, 2)),
        (
            'model = "graduated"\nincluded = 0\ntiers = [{ up_to = 5.5, unit = 1 }, { flat = 2 }]',
            Graduated((Tier(up_to=Fraction(11, 2), unit=ONE), Tier(flat=ISO.parse("2", "USD")))),
            0,
        ),
        (
            'model = "volume"\nincluded = 0\ntiers = [{ unit = 1, size = 10, cap = 90 }]',
            Volume((Tier(unit=ONE, size=10, cap=ISO.parse("90", "USD")),)),
            0,
        ),
        ('model = "package"\nsize = 10\nprice = 1\nincluded = 0', PackagePrice(10, ONE), 0),
        (
            'model = "percentage"\npercent = 2.9\nfee = 0.01\nfree_events = 3',
            Percentage(rate=Fraction(29, 1000), currency="USD", fee=CENT, free_events=3),
            None,
        ),
    ],
)
def test_models(
    fields: str, model: Model | None, included: Fraction | None, tmp_path: Path
) -> None:
    """Amounts are in major units and exact, below a cent too."""
    (price,) = read(f"{HEAD}{PRICE}{fields}\n", tmp_path).prices

    assert (model or PerUnit(ISO.rate(Decimal("0.0004"), "USD"))) == price.tariff.model
    assert included == price.tariff.included


def test_terms_and_versions(tmp_path: Path) -> None:
    """Dimensions, bounds of the line, and a later version."""
    text = (
        f'{HEAD}[[prices]]\nitem = "x"\nvalid_from = 2026-03-01\n'
        'dimensions = { b = "2", a = "1" }\n'
        'model = "per_unit"\nunit = 1\nincluded = 5\nminimum = 1\nmaximum = 9.99\n'
        f"flat_at_zero = false\n{UNIT}"
    )
    tariff = Tariff(
        model=PerUnit(ONE),
        included=5,
        minimum=ISO.parse("1", "USD"),
        maximum=ISO.parse("9.99", "USD"),
        flat_at_zero=False,
    )
    key = PriceKey("x", (("a", "1"), ("b", "2")))
    plain = Tariff(model=PerUnit(ONE), included=0)

    assert PriceList(
        "cloud",
        "USD",
        (
            ListPrice(key, tariff, date(2026, 3, 1)),
            ListPrice(PriceKey("x"), plain, date(2026, 1, 1)),
        ),
    ) == read(text, tmp_path)


def test_own_units(tmp_path: Path) -> None:
    """Prices may be in a unit of the host's."""
    path = tmp_path / "prices.toml"
    path.write_text((HEAD + UNIT).replace("USD", "CREDIT"), "utf-8")

    assert "CREDIT" == read_prices(path, units=ISO.with_units({"CREDIT": 3})).currency


# ---- what is refused -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ('model = "per_unit"\nincluded = 0', "unit is missing"),
        ('model = "per_unit"\nunit = 1', "say how many units are included"),
        ('model = "per_unit"\nunit = "1"\nincluded = 0', "unit must be decimal or int (got '1')"),
        ('model = "per_unit"\nunit = true\nincluded = 0', "unit must be decimal or int (got True)"),
        ('model = "per_unit"\nunit = nan\nincluded = 0', "finite"),
        ('model = "per_unit"\nunit = inf\nincluded = 0', "finite"),
        ('model = "per_unit"\nunit = 1e999999999\nincluded = 0', "at most 30 digits"),
        ('model = "per_unit"\nunit = -1\nincluded = 0', "must not be negative"),
        ('model = "per_unit"\nunit = 1\nincluded = 0\nsize = 5', "size is not known here"),
        ('model = "flat"\namount = 0.001', "at most 2 decimals"),
        ('model = "flat"\namount = 1\nincluded = 0', "a flat price includes no units"),
        ('model = "floating"', "model must be one of flat, per_unit, graduated, volume, package"),
        ("unit = 1", "model is missing"),
        ('model = "graduated"\nincluded = 0', "tiers is missing"),
        ('model = "graduated"\nincluded = 0\ntiers = []', "the last tier must have no end"),
        ('model = "volume"\nincluded = 0\ntiers = [5]', "tiers must be tables"),
        (
            'model = "volume"\nincluded = 0\ntiers = [{ unit = 1 }, { flat = "2" }]',
            "tiers 2 flat must be decimal or int",
        ),
        ('model = "volume"\nincluded = 0\ntiers = [{ price = 1 }]', "tiers 1 price is not known"),
        (
            'model = "package"\nsize = 10\nprice = 1\nincluded = 0\nrounding = "half_up"',
            "rounding must be up or down (got 'half_up')",
        ),
        ('model = "percentage"\npercent = 1\nfree_events = 1.5', "free_events must be int"),
        ('model = "flat"\namount = 1\ndimensions = { a = 1 }', "dimensions.a must be str"),
        ('model = "flat"\namount = 1\ndimensions = { a = "" }', "the a of 'x' must be"),
        ('model = "flat"\namount = 1\nflat_at_zero = "no"', "flat_at_zero must be bool"),
    ],
)
def test_a_price_is_refused(fields: str, problem: str, tmp_path: Path) -> None:
    """The entry is named by number and item, and the field by name."""
    (found,) = problems(f"{HEAD}{PRICE}{fields}\n", tmp_path)

    assert found.startswith("price 1 (x): ")
    assert problem in found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "id is missing"),
        ('id = "cloud"\n', "currency is missing"),
        ('id = "cloud"\ncurrency = "USD"\n', "prices is missing"),
        (f"{HEAD}prices = 5\n", "prices must be list (got 5)"),
        (f"{HEAD}prices = [5]\n", "prices must be tables"),
        (f'{HEAD}colour = "red"\nprices = []\n', "colour is not known here"),
        ('id = 5\ncurrency = "USD"\n', "id must be str"),
        ('id = "cloud"\ncurrency = "GALLEON"\nprices = []\n', "'GALLEON' is not in the table"),
        ('id = ""\ncurrency = "USD"\nprices = []\n', "price list id"),
        (f"{HEAD}{UNIT}{UNIT}", "two versions of the price for x begin on 2026-01-01"),
        ("id = 'a'\nid = 'b'\n", "Cannot overwrite a value"),
        ("id = [" + "[" * 100_000, "recursion"),
        ("\ufeffid = 5", "Invalid statement"),
    ],
    ids=range(13),
)
def test_a_file_is_refused(text: str, problem: str, tmp_path: Path) -> None:
    """What belongs to the whole list is said once."""
    (found,) = problems(text, tmp_path)

    assert problem in found


def test_all_problems_are_told(tmp_path: Path) -> None:
    """A person mends them all at once."""
    broken = '[[prices]]\nvalid_from = 2026-01-01\nmodel = "flat"\n'
    zoned = UNIT.replace("2026-01-01", "2026-01-01T00:00:00Z")

    assert 2 == len(problems(HEAD + broken + UNIT + zoned, tmp_path))
    assert "price 1 (no item): item is missing" == problems(HEAD + broken, tmp_path)[0]
    assert "valid_from must be date" in problems(HEAD + zoned, tmp_path)[0]


def test_no_file(tmp_path: Path) -> None:
    """A path that leads nowhere is said to."""
    with pytest.raises(PricesRefused, match="No such file"):
        read_prices(tmp_path / "prices.toml")
    with pytest.raises(PricesRefused, match="directory"):
        read_prices(tmp_path)
    (tmp_path / "prices.toml").write_bytes(b"id = '\xff'")
    with pytest.raises(PricesRefused, match="decode"):
        read_prices(tmp_path / "prices.toml")


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    """Whatever stands in the file, the only error is ours."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "prices.toml")
        path.write_bytes((HEAD + PRICE + text).encode("utf-8", "surrogatepass"))
        try:
            read_prices(path)
        except PricesRefused as error:
            assert error.problems
