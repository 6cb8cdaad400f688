"""Id: a name derived from what it names, so that the same decision names it the same again.

An id shows its kind and, where one is given, the date of the fact; the rest is a digest of the
parts. Nothing here is random: a repeated billing run meets the records of the first one.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date
from functools import lru_cache

_KIND = re.compile(r"[a-z][a-z0-9]*")
_DIGITS = "abcdefghijklmnopqrstuvwxyz234567"  # base 32 of RFC 4648, in lower case
_PAIRS = tuple(high + low for high in _DIGITS for low in _DIGITS)
# 80 bits: a collision among a billion ids of one kind and day has a chance below one in a million.
_DIGEST_BYTES = 10


def derive(kind: str, *parts: str, on: date | None = None) -> str:
    """Return the id of the *kind* that *parts* identify, sorting by *on* where that is given.

    Parts are hashed with their lengths, so ("ab", "c") and ("a", "bc") differ, and an empty part
    counts. Raises `TypeError` for a part that is no str or an *on* that is no plain date,
    `ValueError` for a kind other than lower case letters and digits, or without any part.

    >>> derive("inv", "c-1", "2026-10", on=date(2026, 10, 1))
    'inv_20261001_fihois4id54lnpwk'
    >>> derive("inv", "c-1", "2026-10")
    'inv_fihois4id54lnpwk'
    """
    if not _is_kind(kind):
        msg = f"kind must be lower case letters and digits, a letter first (got {kind!r})"
        raise ValueError(msg)
    if not parts:
        msg = f"an id of kind {kind!r} needs at least one part to identify it (got none)"
        raise ValueError(msg)
    digest = _base32(hashlib.sha256(_prefixed(parts)).digest()[:_DIGEST_BYTES])
    if on is None:
        return f"{kind}_{digest}"
    if type(on) is not date:  # a datetime is a date to isinstance, and has no zone to pick a day
        msg = f"on must be a date (got {on!r})"
        raise TypeError(msg)
    return f"{kind}_{_day(on)}_{digest}"


# Ids are derived by the million in a billing run, of few kinds and days.
@lru_cache(maxsize=1024)
def _is_kind(kind: str) -> bool:
    return _KIND.fullmatch(kind) is not None


@lru_cache(maxsize=4096)
def _day(on: date) -> str:
    return f"{on.year:04}{on.month:02}{on.day:02}"


def _base32(digest: bytes) -> str:
    """Return ten bytes as 16 digits, two at a time: base64.b32encode takes three times as long."""
    pair, n = _PAIRS, int.from_bytes(digest, "big")
    return (
        f"{pair[n >> 70]}{pair[n >> 60 & 1023]}{pair[n >> 50 & 1023]}{pair[n >> 40 & 1023]}"
        f"{pair[n >> 30 & 1023]}{pair[n >> 20 & 1023]}{pair[n >> 10 & 1023]}{pair[n & 1023]}"
    )


def _prefixed(parts: tuple[str, ...]) -> bytes:
    """Return *parts* as bytes that no other parts give: each with its length before it."""
    text = ""
    for part in parts:
        if not isinstance(part, str):
            msg = f"each part of an id must be a str (got {part!r})"
            raise TypeError(msg)
        size = len(part) if part.isascii() else len(part.encode())
        text += f"{size}:{part}"
    return text.encode()
