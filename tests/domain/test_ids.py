"""Ids: the same parts name the same thing, other parts another one."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.ids import derive

PARTS: st.SearchStrategy[tuple[str, ...]] = st.lists(st.text(), min_size=1, max_size=4).map(tuple)
OCTOBER = date(2026, 10, 1)


def test_derive_with_a_date() -> None:
    """An id shows its kind and the date of the fact; the digest never changes between releases."""
    # printf '3:c-17:2026-10' | openssl dgst -sha256 -binary | head -c 10 | base32
    expected = "inv_20261001_fihois4id54lnpwk"

    assert expected == derive("inv", "c-1", "2026-10", on=OCTOBER)


def test_derive_without_a_date() -> None:
    """Without a date the id is the kind and the digest."""
    assert "inv_fihois4id54lnpwk" == derive("inv", "c-1", "2026-10")


def test_derive_counts_bytes() -> None:
    """The length before a part is that of its UTF-8 bytes."""
    # printf '4:\xc3\xb1\xc3\xb1' | openssl dgst -sha256 -binary | head -c 10 | base32
    assert "x_mwqa7pr6ltoytn6n" == derive("x", "\u00f1\u00f1")


def test_derive_pads_the_year() -> None:
    """Ids of one kind sort by date, in any century."""
    assert "x_00070203_" == derive("x", "a", on=date(7, 2, 3))[:11]


@pytest.mark.parametrize("kind", ["", "Inv", "in v", "1nv", "inv_x", "inv\n"])
def test_derive_refuses_a_kind(kind: str) -> None:
    """A kind is lower case letters and digits, so that the id splits at its underscores."""
    with pytest.raises(ValueError, match="kind must be lower case") as caught:
        derive(kind, "a")

    assert repr(kind) in str(caught.value)


def test_derive_refuses_no_parts() -> None:
    """Something must be identified."""
    with pytest.raises(ValueError, match="an id of kind 'inv' needs at least one part"):
        derive("inv")


def test_derive_refuses_a_part() -> None:
    """A part is text: the caller decides how a number is written."""
    with pytest.raises(TypeError, match=r"each part of an id must be a str \(got 7\)"):
        derive("inv", "a", 7)  # type: ignore[arg-type]


def test_derive_refuses_a_datetime() -> None:
    """An instant is no date, since its date depends on a zone."""
    with pytest.raises(TypeError, match="on must be a date"):
        derive("inv", "a", on=datetime(2026, 10, 1, tzinfo=UTC))


@given(PARTS, PARTS)
def test_other_parts_give_another_id(first: tuple[str, ...], second: tuple[str, ...]) -> None:
    """Two ids are equal exactly when their parts are, however the parts are cut."""
    assert (first == second) == (derive("x", *first) == derive("x", *second))


@given(PARTS.filter(lambda parts: len("".join(parts)) > 0))
def test_cutting_parts_elsewhere_gives_another_id(parts: tuple[str, ...]) -> None:
    """("ab", "c") and ("a", "bc") are two things, and an empty part counts."""
    ids = {derive("x", *parts), derive("x", "", *parts), derive("x", *parts, "")}

    assert 3 == len(ids)


@given(PARTS, st.dates(), st.dates())
def test_ids_sort_by_date(parts: tuple[str, ...], first: date, second: date) -> None:
    """Of two dates the earlier one gives the id that sorts first."""
    early, late = sorted([first, second])

    assert derive("x", *parts, on=early) <= derive("x", *parts, on=late)
