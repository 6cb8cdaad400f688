"""The contract of `ports.renderer.Renderer`: one test for each of its numbered promises.

Subclass `RendererContract` in a test file and override the fixture `renderer`. Results that are
PDFs are read back with pypdfium2.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import attrs
import pytest

from ledgerkit.documents.model import (
    KINDS,
    Block,
    Captions,
    Column,
    Document,
    Row,
    TaxLine,
    Total,
)
from ledgerkit.ports.renderer import Renderer, Undrawable, UnknownKind

_SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="30">{}</svg>'

HOSTILE = (
    '#read("/etc/passwd")',
    "$x^2$ *bold* _slanted_ `code`",
    "<script>alert(1)</script> &amp; &#65;",
    "[link](file:///etc/passwd) @label",
    r"\u{41} \n %s {0} {page} ${HOME}",
    "// line /* block */ -- # heading",
    "'single' \"double\" ... --- ''",
    "=1+1 ) ( \\) Tj ET",
)


def sample(**changes: Any) -> Document:
    """Return an invoice that uses every part of a document, with *changes*."""
    document = Document(
        "invoice",
        "en_GB",
        "Invoice",
        number="2026-00017",
        issued_on=date(2026, 11, 1),
        issuer=Block("", "Nivaa Tutoring", ("Lindenallee 12", "10115 Berlin")),
        recipient=Block("Bill to", "Ana Núñez", ("Calle de Alcalá 45", "28014 Madrid")),
        captions=Captions(
            "Page {page} of {pages}", "Tax", "Tax rate", base="Taxable amount", amount="Tax amount"
        ),
        facts=(("Issued on", "1 Nov 2026"), ("Due on", "15 Nov 2026")),
        columns=(Column("Date"), Column("Description", wide=True), Column("Amount", "end")),
        rows=(
            Row(("Pedro Núñez",), "heading"),
            Row(("1 Oct 2026", "Mathematics, 60 min", "€50.00")),
            Row(("8 Oct 2026", "Mathematics, 60 min\nPackage P-7, session 3 of 10", "€0.00")),
            Row(("15 Oct 2026", "Not held", "€0.00"), "muted"),
            Row(("", "Pedro Núñez, 3 sessions", "€50.00"), "strong"),
        ),
        totals=(
            Total("Subtotal", "€50.00"),
            Total("Tax", "€10.50"),
            Total("Total", "€60.50", strong=True),
        ),
        taxes=(TaxLine("IVA", "21%", "€50.00", amount="€10.50"),),
        notes=("Please pay by 15 November 2026.",),
        footer="Nivaa Tutoring GmbH, HRB 123456",
        logo=_SVG.format('<rect width="90" height="30" fill="#1d3557"/>').encode(),
    )
    return attrs.evolve(document, **changes)


def texts(document: Document) -> Iterator[str]:
    """Yield every text of *document* that a reader must see."""
    for block in (document.issuer, document.recipient):
        yield from (block.label, block.name, *block.lines)
    yield from (document.title, document.number)
    yield from (text for fact in document.facts for text in fact)
    yield from (column.label for column in document.columns)
    yield from (line for row in document.rows for cell in row.cells for line in cell.split("\n"))
    for total in document.totals:
        yield from (total.label, total.value)
    for tax in document.taxes:
        yield from (tax.code, tax.rate, tax.base, tax.amount)
    yield from document.notes
    yield document.footer


class RendererContract:
    """What every `Renderer` must do; override the fixture `renderer`."""

    @pytest.fixture
    def renderer(self) -> Renderer:
        """Return a renderer to be tested."""
        msg = "override the fixture `renderer`"
        raise NotImplementedError(msg)

    def read(self, data: bytes) -> str:
        """Return the text of what was drawn; override it for a format other than PDF and text."""
        if not data.startswith(b"%PDF"):
            return data.decode()
        pdfium = pytest.importorskip("pypdfium2")
        pages = (page.get_textpage().get_text_range() for page in pdfium.PdfDocument(data))
        return "\n".join(pages)

    def draw(self, renderer: Renderer, document: Document) -> bytes | str:
        """Return what *renderer* makes of *document*: bytes, or the sentence it refuses with."""
        try:
            return renderer.render(document)
        except Undrawable as refused:
            return str(refused)

    def test_1_same_document_same_bytes(self, renderer: Renderer) -> None:
        """The same document gives the same bytes, however often it is drawn."""
        first = renderer.render(sample())
        renderer.render(sample(number="2026-00018"))

        assert first == renderer.render(sample())

    def test_1_another_document_other_bytes(self, renderer: Renderer) -> None:
        """Another document gives other bytes."""
        assert renderer.render(sample()) != renderer.render(sample(number="2026-00018"))

    def test_2_nothing_is_fetched_over_the_network(self, renderer: Renderer) -> None:
        """No server that a text or the logo names is ever called."""
        asked: list[str] = []

        class Recorder(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_error(404)

        with HTTPServer(("127.0.0.1", 0), Recorder) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{server.server_port}/x.svg"
            picture = f'<image href="{url}" width="9" height="9"/><style>@import "{url}";</style>'
            notes = (url, f"![x]({url})", f"<img src={url}>")
            for logo in (_SVG.format(picture).encode(), None):
                self.draw(renderer, sample(logo=logo, notes=notes))
            server.shutdown()

        assert [] == asked

    def test_2_no_file_is_read(
        self, renderer: Renderer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A file that the logo names makes no difference, wherever it lies."""
        monkeypatch.chdir(tmp_path)
        file = tmp_path / "secret.svg"
        names = ("secret.svg", "./secret.svg", str(file), file.as_uri())
        pictures = [f'<image href="{name}" width="9" height="9"/>' for name in names]
        documents = [sample(logo=_SVG.format(picture).encode()) for picture in pictures]
        without = [self.draw(renderer, document) for document in documents]
        file.write_text(_SVG.format('<circle r="9"/>'))

        assert without == [self.draw(renderer, document) for document in documents]

    def test_3_an_unknown_kind_is_named(self, renderer: Renderer) -> None:
        """A document of a kind without a template raises `UnknownKind`, which names it."""
        with pytest.raises(UnknownKind, match="parking_ticket") as caught:
            renderer.render(sample(kind="parking_ticket"))

        assert "parking_ticket" == caught.value.kind
        assert "invoice" in caught.value.known

    @pytest.mark.parametrize("kind", KINDS)
    def test_4_every_text_is_there(self, renderer: Renderer, kind: str) -> None:
        """All texts of all kinds of documents are printed."""
        document = sample(kind=kind)
        printed = _squeezed(self.read(renderer.render(document)))

        assert [] == [text for text in texts(document) if _squeezed(text) not in printed]
        assert "Page1of1" in printed

    @pytest.mark.parametrize("hostile", HOSTILE)
    def test_4_text_is_text(self, renderer: Renderer, hostile: str) -> None:
        """Markup, code and paths are printed as they are, wherever they stand."""
        plain = sample()
        document = attrs.evolve(
            plain,
            title=hostile,
            number=hostile,
            issuer=Block(hostile, hostile, (hostile,)),
            recipient=Block(hostile, hostile, (hostile,)),
            facts=((hostile, hostile),),
            columns=(Column(hostile), Column(hostile, wide=True), Column(hostile, "end")),
            rows=(
                Row((hostile,), "heading"),
                Row((hostile, f"{hostile}\n{hostile}", hostile)),
            ),
            totals=(Total(hostile, hostile), Total(hostile, hostile, strong=True)),
            taxes=(TaxLine(hostile, hostile, hostile, amount=hostile),),
            notes=(hostile,),
            footer=hostile,
        )
        printed = _squeezed(self.read(renderer.render(document)))

        # Not all of them need to be found: a text that wraps in a cell is read with its neighbour.
        assert printed.count(_squeezed(hostile)) >= len(("title", "number", "note", "footer"))
        assert "root:" not in printed

    def test_5_the_document_alone_decides(
        self, renderer: Renderer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The machine's zone, locale and folder make no difference."""
        here = renderer.render(sample())
        monkeypatch.chdir(tmp_path)
        for name, value in {"TZ": "Pacific/Kiritimati", "LC_ALL": "de_DE", "LANG": "ar"}.items():
            monkeypatch.setenv(name, value)
        if hasattr(time, "tzset"):
            time.tzset()
        elsewhere = renderer.render(sample())
        monkeypatch.undo()
        if hasattr(time, "tzset"):
            time.tzset()

        assert here == elsewhere

    def test_6_threads_draw_at_the_same_time(self, renderer: Renderer) -> None:
        """Documents drawn at the same time are the same as those drawn one by one."""
        documents = [sample(number=f"2026-{n:05}") for n in range(12)]
        one_by_one = [renderer.render(document) for document in documents]

        with ThreadPoolExecutor(4) as pool:
            assert one_by_one == list(pool.map(renderer.render, documents))

    @pytest.mark.parametrize("logo", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"<svg width='9'><g>"])
    def test_7_a_broken_logo_is_refused(self, renderer: Renderer, logo: bytes) -> None:
        """A logo that ends in the middle raises `Undrawable`, which names the document."""
        with pytest.raises(Undrawable, match="2026-00017"):
            renderer.render(sample(logo=logo))


def _squeezed(text: str) -> str:
    """Return *text* without gaps, since lines may break anywhere."""
    return re.sub(r"[\s\u200b]+", "", text)
