"""Documents kept in memory, for tests and demonstrations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from threading import Lock
from types import MappingProxyType

from ledgerkit.ports.documents import (
    DocumentExists,
    DocumentMissing,
    Stored,
    check_expiry,
    check_key,
)


class MemoryDocuments:
    """Documents that last as long as this object; a `Documents`.

    >>> documents = MemoryDocuments()
    >>> documents.put("invoices/1.txt", b"12.50", media_type="text/plain").link
    'memory:///invoices/1.txt'
    >>> documents.get("invoices/1.txt")
    b'12.50'
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[str, bytes] = {}
        self._media_types: dict[str, str] = {}

    def put(self, key: str, data: bytes, *, media_type: str) -> Stored:
        """Store *data* under *key* once; see `Documents.put`."""
        check_key(key)
        if type(data) is not bytes:
            msg = f"data must be bytes (got {type(data).__name__})"
            raise TypeError(msg)
        with self._lock:
            if self._kept.setdefault(key, data) != data:
                raise DocumentExists(key)
            self._media_types.setdefault(key, media_type)
        return Stored(key, _link(key), len(data))

    def get(self, key: str) -> bytes:
        """Return the bytes under *key*; see `Documents.get`."""
        check_key(key)
        if key not in self._kept:
            raise DocumentMissing(key)
        return self._kept[key]

    def link(self, key: str, *, expires: timedelta | None) -> str:
        """Return a URL that names the document, for nobody to open; see `Documents.link`."""
        check_expiry(expires)
        self.get(key)
        return _link(key)

    @property
    def media_types(self) -> Mapping[str, str]:
        """The media type that each key was put with first."""
        return MappingProxyType(self._media_types)


def _link(key: str) -> str:
    return f"memory:///{key}"
