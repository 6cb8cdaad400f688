from __future__ import annotations

import copy
import json
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.ports.secret import Secret

TEXT = "sk_live_c4nary0123456789abcdef7f3a"
PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (TEXT, "sk_live_...7f3a"),
        ("whsec_0123456789abcdefghij", "whsec_...ghij"),
        ("sk_test_short", "sk_test_..."),  # four of five would be most of it
        ("0123456789abcdefghij", "...ghij"),
        ("x", "..."),
    ],
)
def test_a_secret_shows_its_kind_and_last_four(text: str, shown: str) -> None:
    """Keys are shown as last four only. (spec: reliability 6.6, billing 11)"""
    secret = Secret(text)

    assert (shown, f"Secret({shown})") == (str(secret), repr(secret))
    assert shown == f"{secret}"
    assert shown.rjust(30) == f"{secret:>30}"


def test_reveal_is_the_only_way_out() -> None:
    """The text comes back when it is asked for."""
    assert TEXT == Secret(TEXT).reveal()


def test_secrets_are_equal_by_their_text() -> None:
    """A secret equals another of the same text, and no text."""
    assert Secret(TEXT) == Secret(TEXT)
    assert Secret(TEXT) != Secret(TEXT + "x")
    assert Secret(TEXT) != TEXT


LEAKS: dict[str, Callable[[Any], object]] = {
    "hash": hash,
    "pickle": pickle.dumps,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "json": json.dumps,
    "iter": iter,
    "list": list,
    "vars": vars,
    "added": lambda secret: secret + "",
    "added to": lambda secret: "" + secret,
    "joined": "".join,
}


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)
def test_what_could_leak_it_raises(leak: Callable[[Any], object]) -> None:
    """Hashing, pickling, copying, iterating, adding and JSON are refused. (reliability 6.6)"""
    with pytest.raises(TypeError) as refused:
        leak(Secret(TEXT))

    assert "c4nary" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "sk_1 2", "sk_é", "sk_1\n"])
def test_a_secret_is_plain_ascii(text: str) -> None:
    """What a header cannot carry is refused without being shown."""
    with pytest.raises(ValueError, match="printable ASCII") as refused:
        Secret(text)

    assert not text or text not in str(refused.value).partition(",")[2]


def test_a_secret_is_text() -> None:
    """Bytes are refused without being shown."""
    with pytest.raises(TypeError, match="got bytes"):
        Secret(b"sk_live")  # type: ignore[arg-type]  # what is refused


def test_a_traceback_with_locals_holds_no_secret() -> None:
    """The canary does not show where tools print local variables. (reliability G1)"""
    secret = Secret(TEXT)

    def fail(key: Secret) -> None:
        raise RuntimeError(str(key))

    with pytest.raises(RuntimeError) as error:
        fail(secret)
    shown = traceback.TracebackException.from_exception(error.value, capture_locals=True)

    assert "c4nary" not in "".join(shown.format())


@given(PRINTABLE)
def test_at_most_four_characters_are_shown(text: str) -> None:
    """Whatever the text, what stands after the dots has four characters at most."""
    _, dots, shown = str(Secret(text)).rpartition("...")

    assert "..." == dots
    assert len(shown) <= 4
    assert text.endswith(shown)
