"""Renderer: draws a finished document as a file, a PDF as a rule.

All words and figures come with the `Document`; a renderer decides where they stand, never what
they say. Adapter authors prove theirs with `ledgerkit.testing.contracts.renderer`.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

import attrs

from ledgerkit.documents.model import Document
from ledgerkit.domain.errors import LedgerkitError


class Renderer(Protocol):
    """Turns a `Document` into the bytes of a file.

    Promises, each a test of the same number in `RendererContract`:

    1. The same document gives the same bytes, today and next year, from any instance.
    2. It fetches nothing, neither over the network nor from files that a document names.
    3. A document of a kind that it has no template for raises `UnknownKind`, which names it.
    4. Text is text: markup, code and paths in it are printed as they are, and all of it is there.
    5. The result depends on the document alone, not on the machine's zone, locale or folder.
    6. Threads may render at the same time.
    7. What cannot be drawn, such as a broken logo, raises `Undrawable`; nothing is left out
       silently.
    """

    def render(self, document: Document) -> bytes:
        """Return *document* drawn as a file; raises `UnknownKind` or `Undrawable`."""
        ...


@attrs.frozen
class UnknownKind(LedgerkitError):
    """A renderer has no template for this kind of document."""

    kind: str
    known: tuple[str, ...]
    code: ClassVar[str] = "unknown_document_kind"

    def __str__(self) -> str:
        known = ", ".join(self.known)
        return f"no template draws a {self.kind!r}; there is one for each of {known}"


@attrs.frozen
class Undrawable(LedgerkitError):
    """A document cannot be drawn: no font has a character, the logo is broken, and so on."""

    kind: str
    number: str
    reason: str
    code: ClassVar[str] = "undrawable_document"

    def __str__(self) -> str:
        return f"{self.kind} {self.number!r} cannot be drawn: {self.reason}"
