from __future__ import annotations

import importlib
import io
import re
import sys
import zlib
from datetime import date, timedelta
from pathlib import Path
from struct import pack
from typing import Any, get_args

import attrs
import pikepdf
import pypdfium2
import pytest

from ledgerkit.adapters.typst import Standard, TypstRenderer
from ledgerkit.documents import formats
from ledgerkit.documents.model import Document, Row, TaxLine, Total
from ledgerkit.documents.words import Words
from ledgerkit.domain.money import ISO, Money
from ledgerkit.ports.renderer import Renderer, Undrawable, UnknownKind
from ledgerkit.testing.contracts.renderer import RendererContract, sample

DEJAVU = Path("/usr/share/fonts/truetype/dejavu")
RENDERER = TypstRenderer()
PAGE = '#import "page.typ": *\n#show: letter\n'


class TestTypstRenderer(RendererContract):
    @pytest.fixture
    def renderer(self) -> Renderer:
        """Return the renderer to be tested."""
        return TypstRenderer()


def pages(pdf: bytes) -> list[str]:
    """Return the text of each page, with single spaces."""
    return [
        " ".join(page.get_textpage().get_text_range().split())
        for page in pypdfium2.PdfDocument(pdf)
    ]


def where(pdf: bytes, text: str, page: int = 0) -> tuple[float, float]:
    """Return how far *text* stands from the left and from the top of a page, in points."""
    drawn = pypdfium2.PdfDocument(pdf)[page]
    words = drawn.get_textpage()
    found = words.search(text).get_next()
    assert found is not None, text
    left, _, _, top = words.get_charbox(found[0])
    return left, drawn.get_height() - top


def lessons(count: int, **changes: Any) -> Document:
    """Return an invoice of *count* lessons for two students, in English unless changed."""
    locale = changes.pop("locale", "en_GB")
    words = Words(locale)
    rows = [Row(("Pedro Núñez",), "heading")]
    for n in range(count):
        if n == count // 2:
            rows.append(Row(("Łukasz Żółć",), "heading"))
        day = formats.day(date(2026, 1, 1) + timedelta(days=n), locale)
        rows.append(Row((day, f"Lesson {n + 1}", formats.money(Money(5000, "EUR"), locale, ISO))))
    return sample(
        locale=locale,
        title=words.text("Invoice"),
        captions=words.captions(),
        columns=tuple(
            attrs.evolve(column, label=words.text(column.label)) for column in sample().columns
        ),
        rows=tuple(rows),
        **changes,
    )


# ---- what stands on a page ----------------------------------------------------------------------
def test_one_page() -> None:
    """A short invoice is one page with its parties, facts, lines, taxes, sums and notes."""
    (page,) = pages(RENDERER.render(sample()))

    for text in (
        "Invoice 2026-00017",
        "Bill to Ana Núñez Calle de Alcalá 45 28014 Madrid",
        "Due on 15 Nov 2026",
        "8 Oct 2026 Mathematics, 60 min Package P-7, session 3 of 10 €0.00",
        "Taxable amount Tax amount IVA 21% €50.00 €10.50",
        "Subtotal €50.00 Tax €10.50 Total €60.50",
        "Please pay by 15 November 2026.",
        "Nivaa Tutoring GmbH, HRB 123456 Page 1 of 1",
    ):
        assert text in page


def test_four_pages() -> None:
    """On every page the head of the table is repeated, and the foot counts the pages."""
    drawn = pages(RENDERER.render(lessons(130)))

    assert 4 == len(drawn)
    for number, page in enumerate(drawn, start=1):
        assert "Date Description Amount" in page
        assert f"Page {number} of 4" in page
        assert "Nivaa Tutoring GmbH, HRB 123456" in page
    assert not drawn[0].startswith("Invoice 2026-00017 Ana Núñez")
    assert all(page.startswith("Invoice 2026-00017 Ana Núñez") for page in drawn[1:])
    assert [f"Lesson {n}" for n in range(1, 131)] == [
        f"Lesson {part.split()[0]}" for page in drawn for part in page.split("Lesson ")[1:]
    ]


def test_a_group_is_named_on_each_of_its_pages() -> None:
    """The heading above a group of rows is repeated where the group goes on."""
    drawn = pages(RENDERER.render(lessons(130)))
    rows = [{int(part.split()[0]) for part in page.split("Lesson ")[1:]} for page in drawn]

    assert [min(on_page) <= 65 for on_page in rows] == ["Pedro Núñez" in page for page in drawn]
    assert [max(on_page) > 65 for on_page in rows] == ["Łukasz Żółć" in page for page in drawn]


@pytest.mark.parametrize("count", range(18, 34))
def test_sums_stand_together_with_the_last_rows(count: int) -> None:
    """However the lines fall, sums and notes are on one page, and the last two lines with them."""
    last = pages(RENDERER.render(lessons(count)))[-1]

    for text in ("Taxable amount", "Subtotal", "Total €60.50", "Please pay"):
        assert text in last
    assert f"Lesson {count - 1} €" in last
    assert f"Lesson {count} €" in last


@pytest.mark.parametrize("count", [1, 2, 3])
def test_no_page_ends_with_a_heading(count: int) -> None:
    """A heading at the foot of a page moves to the next one with the first row below it."""
    for filled in range(19, 27):
        rows = [Row((f"Day {n}", f"Lesson {n}", "€1")) for n in range(filled)]
        rows += [Row(("Last student",), "heading")]
        rows += [Row((f"Last {n}", "x", "€1")) for n in range(count)]
        drawn = pages(RENDERER.render(sample(rows=tuple(rows))))
        for page in filter(lambda page: "Last student" in page, drawn):
            assert page.split("Last student")[1].startswith(" Last ")


def test_spanish() -> None:
    """A Spanish invoice counts its pages and heads its columns in Spanish."""
    drawn = pages(RENDERER.render(lessons(60, locale="es_MX")))

    assert "Página 2 de 2" in drawn[1]
    assert "Fecha Concepto Importe" in drawn[1]
    assert "Impuesto Tipo Base imponible Cuota IVA" in drawn[1]
    assert "31 ene 2026 Lesson 31" in "".join(drawn)


def test_statement_of_running_balances() -> None:
    """An account statement shows its facts in a band above the lines, each with its balance."""
    rows = (
        Row(("1 Oct 2026", "Opening balance", "−€120.00"), "strong"),
        Row(("5 Oct 2026", "Payment BT-4003", "€80.00")),
    )
    facts = (("Period", "1–31 Oct 2026"), ("Opening balance", "−€120.00"), ("Currency", "EUR"))
    pdf = RENDERER.render(sample(kind="account_statement", rows=rows, facts=facts, totals=()))
    (page,) = pages(pdf)

    assert "5 Oct 2026 Payment BT-4003 €80.00" in page
    assert where(pdf, "1–31 Oct 2026")[1] < where(pdf, "5 Oct 2026")[1]
    assert where(pdf, "1–31 Oct 2026")[0] < where(pdf, "EUR")[0]


def test_figures_are_flush_right() -> None:
    """Amounts of different lengths end at the same place, the right margin."""
    rows = tuple(Row(("x", "y", amount)) for amount in ("€1.00", "€22,222.22", "€333.33"))
    page = pypdfium2.PdfDocument(RENDERER.render(sample(rows=rows)))[0]
    words = page.get_textpage()
    ends = []
    for row in rows:
        start, count = words.search(row.cells[2]).get_next() or (0, 0)
        ends.append(words.get_charbox(start + count - 1)[2])

    assert max(ends) - min(ends) < 0.5
    assert abs(page.get_width() - 20 / 25.4 * 72 - max(ends)) < 1


def test_without_a_logo_the_name_is_the_letterhead() -> None:
    """The issuer is named once: beside the logo, or large in place of it."""
    with_logo, without = (RENDERER.render(sample(logo=logo)) for logo in (sample().logo, None))
    bare = attrs.evolve(sample(), footer="")

    assert where(with_logo, "Nivaa Tutoring")[0] > 300
    assert where(without, "Nivaa Tutoring")[0] < 60
    assert 1 == pages(RENDERER.render(attrs.evolve(bare, logo=None)))[0].count("Nivaa Tutoring")


def test_png_logo() -> None:
    """A PNG is a logo as well as an SVG."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return pack(">I", len(data)) + name + data + pack(">I", zlib.crc32(name + data))

    pixels = zlib.compress(b"\x00\xff\x00\x00" * 2)
    head = chunk(b"IHDR", pack(">IIBBBBB", 1, 2, 8, 2, 0, 0, 0))
    png = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")

    assert b"/Image" in bytes(pikepdf_text(RENDERER.render(sample(logo=png))))


def test_right_to_left() -> None:
    """In a language written from the right, the first column and the text stand at the right."""
    pdf = RENDERER.render(sample(locale="ar"))

    assert where(pdf, "Date")[0] > where(pdf, "Description")[0] > where(pdf, "Amount")[0]
    assert where(pdf, "Ana")[0] > where(pdf, "Due")[0]


def test_empty_parts() -> None:
    """A document without lines, facts, sums, notes, footer or number is still a page."""
    bare = sample(rows=(), facts=(), totals=(), taxes=(), notes=(), footer="", number="", logo=None)
    no_table = attrs.evolve(bare, columns=())

    assert "Date Description Amount Page 1 of 1" in pages(RENDERER.render(bare))[0]
    assert "28014 Madrid Page 1 of 1" in pages(RENDERER.render(no_table))[0]


def test_nothing_is_lost_in_large_parts() -> None:
    """Cells, notes and tax tables that are longer than a page go on over the next pages."""
    document = sample(
        rows=(Row(("1 Oct 2026", "cell\n" * 700, "€1")), Row(("x", "word" * 900, "€2"))),
        taxes=tuple(TaxLine(f"Tax-{n}", "1%", "€1", amount="€1") for n in range(120)),
        totals=tuple(Total(f"Sum-{n}", "€1") for n in range(80)),
        notes=("note\n" * 700, "last"),
        footer="footer line\n" * 11,
    )
    text = " ".join(pages(RENDERER.render(document)))

    assert 700 == text.count("cell")
    assert 700 == text.count("note")
    assert 900 == text.replace(" ", "").replace("\u200b", "").count("word")
    assert 120 == text.count("Tax-")
    assert 80 == text.count("Sum-")


def test_references_can_be_copied() -> None:
    """Nothing is put into an IBAN or a UUID, which somebody copies into a form."""
    iban, uuid = "MT84MALT011000012345MTLCAST001S", "123e4567-e89b-12d3-a456-426614174000"
    drawn = pypdfium2.PdfDocument(RENDERER.render(sample(notes=(iban, uuid))))
    text = drawn[0].get_textpage().get_text_range()

    assert iban in text
    assert uuid in text


# ---- the file -----------------------------------------------------------------------------------
def pikepdf_text(pdf: bytes) -> bytes:
    """Return *pdf* unpacked, so that names can be searched in it."""
    unpacked = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as file:
        file.save(
            unpacked,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            stream_decode_level=pikepdf.StreamDecodeLevel.generalized,
            compress_streams=False,
        )
    return unpacked.getvalue()


def test_file_tells_what_it_is() -> None:
    """Title, author, language and date of the file are those of the document."""
    with pikepdf.open(io.BytesIO(RENDERER.render(sample()))) as file:
        assert "Invoice 2026-00017" == str(file.docinfo["/Title"])
        assert "Nivaa Tutoring" == str(file.docinfo["/Author"])
        assert "D:20261101000000Z" == str(file.docinfo["/CreationDate"])
        assert "D:20261101000000Z" == str(file.docinfo["/ModDate"])
        assert "en-GB" == str(file.Root["/Lang"])


def test_file_is_tagged_and_archival() -> None:
    """The file is PDF/A-2a, which readers for the blind and archives need."""
    with pikepdf.open(io.BytesIO(RENDERER.render(sample()))) as file:
        assert bool(file.Root["/MarkInfo"]["/Marked"])
        assert "/StructTreeRoot" in file.Root
        with file.open_metadata() as metadata:
            assert ("2", "A") == (metadata["pdfaid:part"], metadata["pdfaid:conformance"])
    assert b"/TH" in pikepdf_text(RENDERER.render(sample()))


@pytest.mark.parametrize("standard", get_args(Standard))
def test_standards(standard: Standard) -> None:
    """Every standard that can be asked for can be kept."""
    assert 1 == len(pages(TypstRenderer(standard=standard).render(sample())))


@pytest.mark.parametrize("locale", ["es_419", "zh_Hant_TW", "en-US", "gsw", "sr_Latn_RS"])
def test_locales(locale: str) -> None:
    """A locale with a script or a region of the world is a language to the file."""
    with pikepdf.open(io.BytesIO(RENDERER.render(sample(locale=locale)))) as file:
        assert str(file.Root["/Lang"]).startswith(re.split("[_-]", locale)[0])


def test_file_does_nothing() -> None:
    """A file has no link, script, action, form or attachment, whatever its texts say."""
    hostile = "https://evil.example javascript:alert(1) file:///etc/passwd"
    names = pikepdf_text(RENDERER.render(sample(title=hostile, notes=(hostile,), footer=hostile)))

    for name in (b"/URI", b"/JS", b"/JavaScript", b"/Launch", b"/EmbeddedFile", b"/AcroForm"):
        assert name not in names


def test_file_is_small() -> None:
    """A page is under 40 kB, and more of them cost less than 8 kB each."""
    one, many = RENDERER.render(sample()), RENDERER.render(lessons(400))

    assert len(one) < 40_000
    assert (len(many) - len(one)) / len(pages(many)) < 8_000


# ---- what a host can change ---------------------------------------------------------------------
def test_paper() -> None:
    """The paper is A4 unless the host says otherwise."""
    sizes = {
        name: pypdfium2.PdfDocument(TypstRenderer(paper=name).render(sample()))[0].get_size()
        for name in ("a4", "us-letter")
    }

    assert (595, 842) == tuple(round(side) for side in sizes["a4"])
    assert (612, 792) == tuple(round(side) for side in sizes["us-letter"])


def test_own_template(tmp_path: Path) -> None:
    """A host's template comes before ours, may use our parts and draw kinds of its own."""
    (tmp_path / "invoice.typ").write_text(f"{PAGE}OUR OWN #words(doc.number)\n#details\n")
    (tmp_path / "receipt.typ").write_text(f"{PAGE}RECEIPT #words(doc.number)\n")
    renderer = TypstRenderer(tmp_path)

    assert (
        "account_statement",
        "credit_note",
        "invoice",
        "invoice_list",
        "payout_statement",
        "receipt",
    ) == renderer.kinds
    assert "OUR OWN 2026-00017 Date Description" in pages(renderer.render(sample()))[0]
    assert "RECEIPT" in pages(renderer.render(sample(kind="receipt")))[0]
    assert "Bill to" in pages(renderer.render(sample(kind="payout_statement")))[0]


def test_own_page(tmp_path: Path) -> None:
    """A host's `page.typ` changes all kinds at once, and reads pictures beside it."""
    (tmp_path / "stamp.svg").write_bytes(sample().logo or b"")
    (tmp_path / "page.typ").write_text(
        '#let doc = json("document.json")\n#let letter(body) = {\n'
        "  set document(title: doc.title)\n  body\n}\n"
        "#let (letterhead, title, parties) = ([], [], [])\n"
        '#let details = [SHORT #doc.number #image("stamp.svg", alt: "stamp")]\n'
    )

    assert "SHORT 2026-00017" in pages(TypstRenderer(tmp_path).render(sample()))[0]


@pytest.mark.parametrize("package", ["@preview/tablex:0.0.8", "@local/acme:1.0.0"])
def test_templates_fetch_nothing(tmp_path: Path, package: str) -> None:
    """A template that imports a package from elsewhere is refused before anything is drawn."""
    (tmp_path / "invoice.typ").write_text(f'#import "{package}": *\n')

    with pytest.raises(ValueError, match=package):
        TypstRenderer(tmp_path)


@pytest.mark.parametrize("path", ["/etc/hostname", "../outside.txt", "pyproject.toml"])
def test_templates_stay_in_their_folder(tmp_path: Path, path: str) -> None:
    """A template reads files of its folder, not those around it or in the working folder."""
    own = tmp_path / "own"
    own.mkdir()
    (tmp_path / "outside.txt").write_text("secret")
    (own / "invoice.typ").write_text(f'#set document(title: "x")\n#read("{path}")\n')

    with pytest.raises(Undrawable, match="2026-00017"):
        TypstRenderer(own).render(sample())


def test_a_template_with_a_mistake_is_explained(tmp_path: Path) -> None:
    """What is wrong in a host's template is said in the error."""
    (tmp_path / "invoice.typ").write_text(f"{PAGE}#lettrhead\n")

    with pytest.raises(Undrawable, match="unknown variable: lettrhead"):
        TypstRenderer(tmp_path).render(sample())


def test_the_shared_page_is_no_kind() -> None:
    """`page.typ` is what templates share, and draws nothing."""
    with pytest.raises(UnknownKind):
        RENDERER.render(sample(kind="page"))


def test_a_character_without_a_font_is_refused() -> None:
    """No text turns into empty boxes unless the host has asked for that."""
    document = sample(notes=("李雷 🎻",))

    with pytest.raises(Undrawable, match=r"李.*; give TypstRenderer a folder of fonts"):
        RENDERER.render(document)
    assert 1 == len(pages(TypstRenderer(standard=None).render(document)))


@pytest.mark.skipif(not DEJAVU.is_dir(), reason="needs the DejaVu fonts")
def test_fonts_of_a_folder() -> None:
    """A folder of fonts draws what ours lacks, or everything."""
    document = sample(notes=("ⴰⵣⵓⵍ",))
    fallback = TypstRenderer(fonts=(DEJAVU,))
    sans = TypstRenderer(fonts=(DEJAVU,), families=("DejaVu Sans",))

    with pytest.raises(Undrawable):
        RENDERER.render(document)
    assert b"LibertinusSerif" in pikepdf_text(fallback.render(document))
    assert b"DejaVuSans" in pikepdf_text(fallback.render(document))
    assert b"LibertinusSerif" not in pikepdf_text(sans.render(document))


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ("accent must look like", {"accent": "red"}),
        ("accent must look like", {"accent": '#123456"); read("/etc/passwd'}),
        ("no font is called 'Comic Sans'", {"families": ("Comic Sans",)}),
        ("must be a folder", {"fonts": (Path("/nowhere"),)}),
        ("must be a folder", {"templates": Path(__file__)}),
    ],
)
def test_looks_are_checked(message: str, arguments: dict[str, Any]) -> None:
    """A colour, font or folder that there is not is refused when the renderer is made."""
    with pytest.raises(ValueError, match=message):
        TypstRenderer(**arguments)


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without typst, the error says what to install."""
    monkeypatch.setitem(sys.modules, "typst", None)
    monkeypatch.delitem(sys.modules, "ledgerkit.adapters.typst")

    with pytest.raises(ImportError, match=r"pip install 'ledgerkit\[pdf\]'"):
        importlib.import_module("ledgerkit.adapters.typst")
