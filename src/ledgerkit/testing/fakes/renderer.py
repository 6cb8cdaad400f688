"""A renderer that writes documents as plain text, for tests that read what is printed."""

from __future__ import annotations

from collections.abc import Iterator

from ledgerkit.documents.model import KINDS, Block, Document, logo_format
from ledgerkit.ports.renderer import Undrawable, UnknownKind

_LAST_OF = {"png": b"IEND", "svg": b"</svg>"}


class PlainTextRenderer:
    """Draws each part of a document on lines of its own, in UTF-8; a `Renderer`.

    Cells and figures are separated by tabs. The logo is replaced by its size.
    """

    def __init__(self, kinds: tuple[str, ...] = KINDS) -> None:
        self.kinds = kinds

    def render(self, document: Document) -> bytes:
        """Return *document* as text; raises `UnknownKind` or `Undrawable`."""
        if document.kind not in self.kinds:
            raise UnknownKind(document.kind, self.kinds)
        logo = document.logo
        if logo is not None and _LAST_OF[logo_format(logo)] not in logo:
            raise Undrawable(document.kind, document.number, "the logo ends in the middle")
        return "\n".join(_lines(document)).encode()


def _lines(document: Document) -> Iterator[str]:
    if document.logo is not None:
        yield f"[logo: {len(document.logo)} bytes]"
    yield from _block(document.issuer)
    yield f"{document.title} {document.number}"
    yield from _block(document.recipient)
    yield from ("\t".join(fact) for fact in document.facts)
    yield "\t".join(column.label for column in document.columns)
    yield from ("\t".join(row.cells) for row in document.rows)
    yield from _taxes(document)
    yield from (f"{total.label}\t{total.value}" for total in document.totals)
    yield from document.notes
    yield document.footer
    yield document.captions.page.replace("{pages}", "1").replace("{page}", "1")


def _block(block: Block) -> Iterator[str]:
    yield from filter(None, (block.label, block.name, *block.lines))


def _taxes(document: Document) -> Iterator[str]:
    if not document.taxes:
        return
    heads = document.captions
    yield f"{heads.tax}\t{heads.rate}\t{heads.base}\t{heads.amount}"
    for tax in document.taxes:
        yield f"{tax.code}\t{tax.rate}\t{tax.base}\t{tax.amount}"
