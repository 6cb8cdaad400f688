"""Documents: keeps finished files, each under a key that is used once.

What was sent to a customer stays as it was: a key never gets other bytes, and nothing deletes.
Keys are relative paths, such as "invoices/inv_20261101_k3.pdf". Adapter authors prove theirs with
`ledgerkit.testing.contracts.documents`.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import ClassVar, Protocol

import attrs

from ledgerkit.domain.errors import LedgerkitError

MAX_KEY = 512  # characters
MAX_SEGMENT = 200  # characters between two slashes; file systems allow 255 bytes
MAX_EXPIRY = timedelta(days=7)  # S3 signs no link for longer

_SEGMENT = re.compile("[A-Za-z0-9][A-Za-z0-9._=@+-]*")
# Windows opens a device for these names, whatever the extension (spec: reliability F7).
_DEVICE = re.compile(r"(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?")


@attrs.frozen
class Stored:
    """A stored document: its key, its lasting *link*, and its size in bytes."""

    key: str
    link: str
    size: int


class Documents(Protocol):
    """Puts and gets documents by key.

    Promises, each a test of the same number in `DocumentsContract`:

    1. What was put is got back, byte for byte, and `Stored` tells its key, link and size.
    2. The same bytes under the same key again change nothing and return an equal `Stored`.
    3. Other bytes under a used key raise `DocumentExists`; the first ones stay.
    4. `get` and `link` of a key never put raise `DocumentMissing`.
    5. A key that `check_key` refuses raises `BadKey` everywhere, and nothing is stored.
    6. `link` without *expires* is the link of `Stored`; with it, a URL that opens the document
       at least that long wherever the store can serve files, 7 days at most.
    7. Of concurrent puts under one key exactly one wins, and readers see all of it or nothing.
    """

    def put(self, key: str, data: bytes, *, media_type: str) -> Stored:
        """Store *data* under *key* once; raises `DocumentExists` or `BadKey`.

        Args:
            key: A relative path, see `check_key`.
            data: The bytes of the file.
            media_type: What they are, such as "application/pdf".
        """
        ...

    def get(self, key: str) -> bytes:
        """Return the bytes under *key*; raises `DocumentMissing` or `BadKey`."""
        ...

    def link(self, key: str, *, expires: timedelta | None) -> str:
        """Return a URL of the document; raises `DocumentMissing` or `BadKey`.

        ValueError for an *expires* that is not positive or longer than 7 days.
        """
        ...


def check_key(key: str) -> str:
    """Return *key* if it is safe in every store, else raise `BadKey`.

    A key is at most 512 characters in segments joined by "/"; a segment starts with a letter or
    digit and goes on with these and any of . _ = @ + -, does not end in a dot, is no device name
    of Windows and has 200 characters at most (spec: reliability F7).

    >>> check_key("invoices/2026/inv_20261101_k3.pdf")
    'invoices/2026/inv_20261101_k3.pdf'
    """
    if not isinstance(key, str):
        msg = f"key must be a str (got {key!r})"
        raise TypeError(msg)
    if not 0 < len(key) <= MAX_KEY:
        raise BadKey(key[:MAX_KEY], f"has {len(key)} characters; it needs 1 to {MAX_KEY}")
    for segment in key.split("/"):
        if len(segment) > MAX_SEGMENT:
            raise BadKey(key, f"has a segment of {len(segment)}; at most {MAX_SEGMENT} are allowed")
        if not _SEGMENT.fullmatch(segment) or segment.endswith(".") or _DEVICE.fullmatch(segment):
            raise BadKey(
                key,
                f"has the segment {segment!r}; it needs letters, digits and . _ = @ + - after a "
                "letter or digit, no dot at the end and no device name",
            )
    return key


def check_expiry(expires: timedelta | None) -> timedelta | None:
    """Return *expires* if a link can last so long, else raise ValueError.

    >>> check_expiry(timedelta(hours=1))
    datetime.timedelta(seconds=3600)
    """
    if expires is not None and not timedelta() < expires <= MAX_EXPIRY:
        msg = f"expires must be more than nothing and at most {MAX_EXPIRY} (got {expires})"
        raise ValueError(msg)
    return expires


@attrs.frozen
class BadKey(LedgerkitError):
    """A key that could leave the store, or mean different documents in different stores."""

    key: str
    reason: str
    code: ClassVar[str] = "bad_document_key"

    def __str__(self) -> str:
        return f"document key {self.key!r} {self.reason}"


@attrs.frozen
class DocumentExists(LedgerkitError):
    """A key is used by other bytes; an issued document is never replaced."""

    key: str
    code: ClassVar[str] = "document_exists"

    def __str__(self) -> str:
        return f"{self.key!r} holds another document; a changed one needs a key of its own"


@attrs.frozen
class DocumentMissing(LedgerkitError):
    """Nothing is stored under a key."""

    key: str
    code: ClassVar[str] = "document_missing"

    def __str__(self) -> str:
        return f"no document is stored under {self.key!r}; put it first"
