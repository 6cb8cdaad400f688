from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.documents.model import (
    MAX_FOOTER,
    MAX_LOGO,
    MAX_NAME,
    MAX_ROWS,
    MAX_TEXT,
    BadText,
    Block,
    Captions,
    Column,
    Row,
    TaxLine,
    TooLarge,
    Total,
    logo_format,
)
from ledgerkit.testing.contracts.renderer import sample

PNG = b"\x89PNG\r\n\x1a\n"


def test_document_is_a_value() -> None:
    """Two documents that say the same are equal and can be used as keys."""
    assert sample() == sample()
    assert 1 == len({sample(), sample()})


@pytest.mark.parametrize(
    "character",
    [*"\x00\x08\r\x1f\x7f\x85\ud800\u202a\u202e\u2066\u2069"],
    ids=ascii,
)
def test_unprintable_characters_are_refused(character: str) -> None:
    """Controls, surrogates and direction overrides are named, with where they stand."""
    with pytest.raises(BadText) as caught:
        Block("Bill to", f"Ana{character}Núñez")

    assert ("name", character, 3) == (caught.value.field, caught.value.character, 3)
    assert f"name has U+{ord(character):04X} at position 3" in str(caught.value)


@pytest.mark.parametrize("place", ["lines", "cells", "facts", "notes", "footer"])
def test_unprintable_characters_are_refused_everywhere(place: str) -> None:
    """Every text of a document is looked at."""
    bad = "a\u202eb"
    builds: dict[str, Callable[[], object]] = {
        "lines": lambda: Block("", "Ana", ("Calle 1", bad)),
        "cells": lambda: Row(("a", bad)),
        "facts": lambda: sample(facts=(("Due on", bad),)),
        "notes": lambda: sample(notes=(bad,)),
        "footer": lambda: sample(footer=bad),
    }

    with pytest.raises(BadText, match=place):
        builds[place]()


@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf", "Cn"))))
def test_other_texts_are_kept(text: str) -> None:
    """Any printable text is a cell as it is."""
    assert (text[:MAX_TEXT],) == Row((text[:MAX_TEXT],)).cells


def test_names_have_one_line() -> None:
    """A name, a label and a heading are one line; a cell and a note may have more."""
    with pytest.raises(BadText, match=r"name has U\+000A at position 3"):
        Block("", "Ana\nNúñez")
    with pytest.raises(BadText, match="heading"):
        Row(("Ana\nNúñez",), "heading")
    assert ("Ana\nNúñez",) == Row(("Ana\nNúñez",)).cells


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("name", lambda extra: Block("", "x" * (MAX_NAME + extra))),
        ("heading", lambda extra: Row(("x" * (MAX_NAME + extra),), "heading")),
        ("cells", lambda extra: Row(("x" * (MAX_TEXT + extra),))),
        ("notes", lambda extra: sample(notes=("x" * (MAX_TEXT + extra),))),
        ("footer", lambda extra: sample(footer="\n" * (MAX_FOOTER - 1 + extra))),
        ("logo", lambda extra: sample(logo=PNG + b"x" * (MAX_LOGO - len(PNG) + extra))),
        (
            "rows",
            lambda extra: sample(rows=(Row(("a", "b", "c")),) * (MAX_ROWS + extra)),
        ),
    ],
)
def test_limits(field: str, change: Any) -> None:
    """A document at its limit is built, one above it is not (spec: reliability F5)."""
    change(0)
    with pytest.raises(TooLarge, match=field) as caught:
        change(1)

    assert 1 == caught.value.size - caught.value.limit


def test_rows_need_a_cell_per_column() -> None:
    """A row with a cell too few is refused with its number; a heading has one cell."""
    with pytest.raises(ValueError, match=r"rows\[1\] has 2 cells; it needs 3"):
        sample(rows=(Row(("a", "b", "c")), Row(("a", "b"))))
    with pytest.raises(ValueError, match=r"rows\[0\] has 3 cells; it needs 1"):
        sample(rows=(Row(("a", "b", "c"), "heading"),))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", None),
        ("notes", ["a list"]),
        ("notes", (1,)),
        ("facts", [("a", "b")]),
        ("facts", (("a",),)),
        ("facts", ("ab",)),
        ("facts", (("a", 1),)),
        ("rows", []),
        ("rows", ("row",)),
        ("columns", (Total("a", "b"),)),
        ("issuer", "Nivaa"),
        ("logo", "logo.svg"),
        ("issued_on", "2026-11-01"),
        ("issued_on", datetime(2026, 11, 1, tzinfo=UTC)),
    ],
)
def test_types(field: str, value: object) -> None:
    """A value of another type is refused by the name of its field."""
    with pytest.raises(TypeError, match=field):
        sample(**{field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "Invoice"),
        ("kind", "../invoice"),
        ("kind", ""),
        ("locale", "../es"),
        ("locale", "es_"),
        ("locale", "spanish"),
        ("logo", b"GIF89a"),
        ("logo", b"<html></html>"),
        ("logo", b""),
    ],
)
def test_values(field: str, value: object) -> None:
    """A kind or locale that could be a path, and a logo of another format, are refused."""
    with pytest.raises(ValueError, match=field):
        sample(**{field: value})


@pytest.mark.parametrize("locale", ["en", "es_MX", "es-MX", "zh_Hant_TW", "es_419"])
def test_locales(locale: str) -> None:
    """A locale may name a script and a territory."""
    assert locale == sample(locale=locale).locale


def test_parts_are_checked() -> None:
    """Parts outside a document are as strict as those in it."""
    with pytest.raises(ValueError, match="align"):
        Column("Date", "left")  # type: ignore[arg-type]  # the point
    with pytest.raises(ValueError, match="emphasis"):
        Row(("a",), "loud")  # type: ignore[arg-type]  # the point
    with pytest.raises(TypeError, match="strong"):
        Total("Total", "1", 1)  # type: ignore[arg-type]  # the point
    with pytest.raises(TypeError, match="amount"):
        TaxLine("IVA", "21%", "1", amount=1)  # type: ignore[arg-type]  # the point


@pytest.mark.parametrize("page", ["Page", "Page {page}", "of {pages}"])
def test_the_page_count_needs_both_numbers(page: str) -> None:
    """A caption that could not say "page 2 of 4" is refused."""
    with pytest.raises(ValueError, match="page must contain"):
        Captions(page, "Tax", "Rate", base="Base", amount="Amount")


@pytest.mark.parametrize(
    ("found", "logo"),
    [
        ("png", PNG),
        ("svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
        ("svg", b'\xef\xbb\xbf\n<?xml version="1.0"?>\n<!-- acme --><svg/>'),
    ],
)
def test_logo_format(found: str, logo: bytes) -> None:
    """The first bytes tell what a picture is."""
    assert found == logo_format(logo)


def test_documents_cross_processes() -> None:
    """A document and its errors can be pickled, for workers that draw."""
    refused = TooLarge("rows", 10_001, 10_000)

    assert sample() == pickle.loads(pickle.dumps(sample()))
    assert str(refused) == str(pickle.loads(pickle.dumps(refused)))
    assert "rows has 10001; a document holds at most 10000" == str(refused)
    assert "logo" not in repr(attrs.evolve(sample(), notes=()))
