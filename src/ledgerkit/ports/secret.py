"""Secret: a key that is handed to an adapter and never shown.

A type of its own and no `str`: a masked `str` still leaks through f-strings, JSON and pickles.
(spec: reliability 6.6, G1, G2)
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import ClassVar, NoReturn

_PREFIX = re.compile(r"(?:[a-z]{2,6}_)?(?:(?:live|test)_)?")
_SHOWN = 4
_ENOUGH = 16  # what is shorter would be half told by its last characters


class Secret:
    """A key or another secret text; it shows its kind and its last four characters.

    Two secrets are equal if their texts are, which takes the same time whether they are or not.
    Hashing, copying, pickling, iterating, adding and JSON raise `TypeError`.

    Args:
        text: The secret: printable ASCII without spaces.

    Raises `TypeError` or `ValueError`, which do not show it.

    >>> key = Secret("sk_live_0123456789abcdef7f3a")
    >>> key, f"{key}"
    (Secret(sk_live_...7f3a), 'sk_live_...7f3a')
    """

    __slots__ = ("_text",)
    __hash__: ClassVar[None]  # type: ignore[assignment]  # a hash can be looked up

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            msg = f"a secret is text (got {type(text).__name__})"
            raise TypeError(msg)
        if not re.fullmatch("[!-~]+", text):
            msg = "a secret is one or more printable ASCII characters, no spaces"
            raise ValueError(msg)
        self._text = text

    def reveal(self) -> str:
        """Return the text, to hand it on at once; never keep or log it."""
        return self._text

    def __str__(self) -> str:
        prefix = _PREFIX.match(self._text)
        kind = prefix[0] if prefix else ""
        rest = self._text[len(kind) :]
        return f"{kind}...{rest[-_SHOWN:]}" if len(rest) >= _ENOUGH else f"{kind}..."

    def __repr__(self) -> str:
        return f"Secret({self})"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(_digest(self._text), _digest(other._text))

    def __reduce__(self) -> NoReturn:
        msg = "a secret is not copied or pickled"
        raise TypeError(msg)


def _digest(text: str) -> bytes:
    # Of equal length, so that not even the length is told by the time it takes.
    return hashlib.sha256(text.encode()).digest()
