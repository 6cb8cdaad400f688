from __future__ import annotations

import ast
import io
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

import ledgerkit.documents
from ledgerkit.documents.words import FOLDER, BadCatalog, Words, untranslated
from ledgerkit.domain.billing_run import giving_back, returns

SPANISH = FOLDER / "es" / "LC_MESSAGES" / "ledgerkit.po"


def catalog_at(path: Path) -> Catalog:
    """Return the catalog at *path*."""
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def write(folder: Path, locale: str, text: str) -> Path:
    """Write a catalog of *locale* below *folder* and return where it is."""
    path = folder / locale / "LC_MESSAGES" / "ledgerkit.po"
    path.parent.mkdir(parents=True)
    head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    path.write_text(f"{head}{text}", "utf-8")
    return path


def english_in_the_code() -> set[tuple[str, ...]]:
    """Return every literal that the package asks `Words` for."""
    asked = set()
    for file in Path(ledgerkit.documents.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                count = {"text": 1, "plural": 2}.get(node.func.attr, 0)
                literals = [a.value for a in node.args[:count] if isinstance(a, ast.Constant)]
                if count and len(literals) == count:
                    asked.add(tuple(map(str, literals)))
    return asked


def test_every_word_is_translated() -> None:
    """What the documents say in English, the Spanish catalog says in Spanish."""
    catalog = catalog_at(SPANISH)
    known = {(m.id,) if isinstance(m.id, str) else tuple(m.id) for m in catalog if m.string}

    assert ("Page {page} of {pages}",) in english_in_the_code()
    assert set() == english_in_the_code() - known


def test_translations_keep_every_blank() -> None:
    """No translation forgets a value or asks for another one, and none is empty or fuzzy."""
    for message in catalog_at(SPANISH):
        if not message.id:
            continue
        english = message.id if isinstance(message.id, str) else message.id[-1]
        spanish = [message.string] if isinstance(message.string, str) else message.string
        for form in spanish or [""]:
            assert re.findall(r"\{\w+\}", english) == re.findall(r"\{\w+\}", form), english
        assert not message.fuzzy


@pytest.mark.parametrize(
    ("title", "locale"),
    [
        ("Factura", "es"),
        ("Factura", "es_MX"),
        ("Factura", "es-419"),
        ("Invoice", "en"),
        ("Invoice", "en_GB"),
        ("Invoice", "xx"),
        ("Invoice", "xx_XX"),
    ],
)
def test_text(title: str, locale: str) -> None:
    """A territory speaks its language; an unknown language speaks English."""
    assert title == Words(locale).text("Invoice")


@pytest.mark.parametrize("reason", [giving_back.REASON, returns.REASON])
def test_reasons_of_runs_are_translated(reason: str) -> None:
    """A credit note that a run wrote says why in the reader's language."""
    assert reason != Words("es").term(reason)


@pytest.mark.parametrize("written", ["", "see {ticket}", "{0.__class__}", "{", "100 %"])
@pytest.mark.parametrize("locale", ["en", "es"])
def test_text_of_a_record_is_left_as_it_is(written: str, locale: str) -> None:
    """What somebody wrote is no template: braces stay, and nothing is no catalog's head."""
    assert written == Words(locale).term(written)


@pytest.mark.parametrize(
    ("text", "count", "locale"),
    [
        ("0 sessions", 0, "en"),
        ("1 session", 1, "en"),
        ("2 sessions", 2, "en"),
        ("0 sesiones", 0, "es"),
        ("1 sesión", 1, "es_MX"),
        ("2 sesiones", 2, "es_MX"),
    ],
)
def test_plural(text: str, count: int, locale: str) -> None:
    """A count has the form that the language asks for."""
    assert text == Words(locale).plural("{n} session", "{n} sessions", count)


def test_plural_with_a_figure() -> None:
    """The count can be printed as a formatted figure."""
    words = Words("es")

    assert "1.234 sesiones" == words.plural("{n} session", "{n} sessions", 1234, n="1.234")


@pytest.mark.parametrize("language", ["pl", "szl", "qqq"])
def test_plural_of_three_forms(tmp_path: Path, language: str) -> None:
    """A language has the rule that its catalog states, even one that Babel does not know."""
    write(
        tmp_path,
        language,
        '"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 '
        '&& (n%100<10 || n%100>=20) ? 1 : 2);\\n"\n'
        'msgid "{n} session"\nmsgid_plural "{n} sessions"\n'
        'msgstr[0] "{n} sesja"\nmsgstr[1] "{n} sesje"\nmsgstr[2] "{n} sesji"\n',
    )
    words = Words(f"{language}_PL", (tmp_path,))
    counted = [words.plural("{n} session", "{n} sessions", n) for n in (1, 3, 5, 22)]

    assert ["1 sesja", "3 sesje", "5 sesji", "22 sesje"] == counted


POLISH = 'msgid "{n} session"\nmsgid_plural "{n} sessions"\n'
FORMS = ("{n} sesja", "{n} sesje", "{n} sesji")


def polish(*forms: str) -> str:
    """Return the entry of a count in Polish, with these forms."""
    return POLISH + "".join(f'msgstr[{n}] "{form}"\n' for n, form in enumerate(forms))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0 sesji", 0),
        ("1 sesja", 1),
        ("2 sesje", 2),
        ("4 sesje", 4),
        ("5 sesji", 5),
        ("12 sesji", 12),
        ("21 sesji", 21),
        ("22 sesje", 22),
        ("112 sesji", 112),
        ("1000000 sesji", 1_000_000),
    ],
)
def test_plural_in_polish(tmp_path: Path, text: str, count: int) -> None:
    """A catalog that states no rule has that of its language: one, few and many in Polish."""
    write(tmp_path, "pl", polish(*FORMS))

    assert text == Words("pl", (tmp_path,)).plural("{n} session", "{n} sessions", count)


@pytest.mark.parametrize(
    ("language", "forms"),
    [("pl", FORMS[:1]), ("pl", FORMS[:2]), ("pl", (*FORMS[:2], "")), ("es", FORMS[:2])],
)
def test_a_form_that_is_missing_is_named(
    tmp_path: Path, language: str, forms: tuple[str, ...]
) -> None:
    """A count that some numbers would say in English is refused, not found out on an invoice."""
    path = write(tmp_path, language, polish(*forms))

    with pytest.raises(BadCatalog, match="its rule needs all of nplurals=3") as caught:
        Words(language, (tmp_path,)).text("Invoice")
    assert (str(path), "{n} session") == (caught.value.path, caught.value.message)


def test_a_rule_that_cannot_be_followed_is_named(tmp_path: Path) -> None:
    """A rule for plurals with a mistake in it is refused with its path."""
    rule = '"Plural-Forms: nplurals=3; plural=n+;\\n"\n'
    path = write(tmp_path, "pl", rule + polish(*FORMS))

    with pytest.raises(BadCatalog, match=re.escape(str(path))):
        Words("pl", (tmp_path,)).text("Invoice")


@pytest.mark.parametrize(
    "entry",
    [
        'msgid "Invoice"\nmsgstr ""\n',
        '#, fuzzy\nmsgid "Invoice"\nmsgstr "Faktura"\n',
        '#, fuzzy\nmsgid "Invoice"\nmsgstr "Faktura {number}"\n',
        polish("", "", ""),
        f"#, fuzzy\n{polish(*FORMS[:2])}",
    ],
)
def test_what_is_not_translated_falls_back(tmp_path: Path, entry: str) -> None:
    """An empty entry, and one that nobody looked over since the English changed, say nothing."""
    write(tmp_path, "pl", entry)
    words = Words("pl", (tmp_path,))

    assert ("Invoice", "5 sessions") == (
        words.text("Invoice"),
        words.plural("{n} session", "{n} sessions", 5),
    )


# ---- catalogs of other tools -----------------------------------------------------------------
def compiled(path: Path) -> Path:
    """Compile the catalog at *path*, as `pybabel compile` does, and leave only what it became."""
    with path.open("rb") as source, path.with_suffix(".mo").open("wb") as binary:
        write_mo(binary, read_po(source, locale=path.parents[1].name))
    path.unlink()
    return path.with_suffix(".mo")


def test_a_compiled_catalog(tmp_path: Path) -> None:
    """A host may ship what its tools compiled, with all forms of a count."""
    compiled(write(tmp_path, "pl", 'msgid "Invoice"\nmsgstr "Faktura"\n' + polish(*FORMS)))
    words = Words("pl", (tmp_path,))

    assert "Faktura" == words.text("Invoice")
    assert ["1 sesja", "2 sesje", "5 sesji"] == [
        words.plural("{n} session", "{n} sessions", n) for n in (1, 2, 5)
    ]


def test_the_source_comes_before_what_it_became(tmp_path: Path) -> None:
    """An edited `.po` counts at once; the `.mo` beside it says what the other leaves out."""
    head = 'msgid "Invoice"\nmsgstr "Recibo"\n'
    binary = compiled(write(tmp_path, "es", head + 'msgid "Due on"\nmsgstr "Vence el"\n'))
    source = binary.with_suffix(".po")
    source.write_text('msgid "Invoice"\nmsgstr "Minuta"\n', "utf-8")
    words = Words("es", (tmp_path,))

    assert ["Minuta", "Vence el", "Total"] == [
        words.text(each) for each in ("Invoice", "Due on", "Total")
    ]


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xde\x12\x04\x95" + b"\xff" * 40])
def test_a_broken_binary_is_named(tmp_path: Path, content: bytes) -> None:
    """A `.mo` that is none is refused with its path."""
    path = tmp_path / "pl" / "LC_MESSAGES" / "ledgerkit.mo"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)

    with pytest.raises(BadCatalog, match=re.escape(str(path))):
        Words("pl", (tmp_path,)).text("Invoice")


def test_a_binary_is_checked_too(tmp_path: Path) -> None:
    """A compiled translation that asks for a value which the text does not have is refused."""
    compiled(write(tmp_path, "pl", 'msgid "Tax ID {id}"\nmsgstr "NIP {nip}"\n'))

    with pytest.raises(BadCatalog, match=r"translation has \{nip\}"):
        Words("pl", (tmp_path,)).text("Invoice")


# ---- a language from nothing -----------------------------------------------------------------
@pytest.mark.parametrize(
    ("locale", "forms"), [("pl", 3), ("ja", 1), ("ar", 6), ("en_GB", 2), ("qqq", 2)]
)
def test_a_catalog_to_be_translated(locale: str, forms: int) -> None:
    """It has every text of ours, none translated, and the forms that the language asks for."""
    catalog = read_po(io.BytesIO(untranslated(locale).encode()), abort_invalid=True)
    counted = [message for message in catalog if message.pluralizable]

    assert forms == catalog.num_plurals
    assert {str(m.id) for m in catalog_at(SPANISH)} == {str(m.id) for m in catalog}
    assert {("",) * forms} == {tuple(message.string or ()) for message in counted}
    assert "" == "".join(text for m in catalog if m.id for text in m.string or ())


def test_a_catalog_to_be_translated_is_one(tmp_path: Path) -> None:
    """Left as it is, it says everything as before."""
    path = write(tmp_path, "pl", "")
    path.write_text(untranslated("pl"), "utf-8")

    assert Words("en").captions() == Words("pl", (tmp_path,)).captions()


def test_a_host_comes_first(tmp_path: Path) -> None:
    """A host's catalog overrides a word, in English too; the others stay as shipped."""
    write(tmp_path, "es", 'msgid "Invoice"\nmsgstr "Recibo"\n')
    write(tmp_path, "en", 'msgid "Invoice"\nmsgstr "Tax invoice"\n')

    assert "Recibo" == Words("es_MX", (tmp_path,)).text("Invoice")
    assert "Vencimiento" == Words("es_MX", (tmp_path,)).text("Due on")
    assert "Tax invoice" == Words("en_AU", (tmp_path,)).text("Invoice")
    assert "Tax invoice" == Words("fr", (tmp_path,)).text("Invoice")


def test_a_territory_comes_before_its_language(tmp_path: Path) -> None:
    """A catalog of es_MX says what differs from es, whoever wrote either."""
    write(tmp_path, "es_MX", 'msgid "Tax ID {id}"\nmsgstr "RFC {id}"\n')

    mexican = Words("es_MX", (tmp_path,))

    assert "RFC XAXX010101000" == mexican.text("Tax ID {id}", id="XAXX010101000")
    assert "Factura" == mexican.text("Invoice")
    assert "Identificación fiscal 1" == Words("es", (tmp_path,)).text("Tax ID {id}", id="1")


def test_values_are_text() -> None:
    """A value with braces is printed as it is, and a blank without a value is an error."""
    words = Words("en")

    assert "Invoice {number} {0}" == words.text("Invoice {number}", number="{number} {0}")
    with pytest.raises(KeyError, match="number"):
        words.text("Invoice {number}")


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (
            "translation has {total}; it needs one of ['number']",
            'msgid "Invoice {number}"\nmsgstr "{total}"\n',
        ),
        ("is no gettext catalog", "this is not one"),
    ],
)
def test_a_bad_catalog_is_named(tmp_path: Path, reason: str, text: str) -> None:
    """A catalog that cannot be used is refused with its path and the reason."""
    path = write(tmp_path, "fr", text)

    with pytest.raises(BadCatalog) as caught:
        Words("fr", (tmp_path,)).text("Invoice")
    assert str(path) in str(caught.value)
    assert reason in str(caught.value)


def test_a_catalog_in_another_encoding_is_named(tmp_path: Path) -> None:
    """A file that is not what its head says is refused, not misread."""
    path = write(tmp_path, "fr", "")
    path.write_bytes(path.read_bytes() + 'msgid "Paid"\nmsgstr "Payé"\n'.encode("latin-1"))

    with pytest.raises(BadCatalog, match="is no gettext catalog"):
        Words("fr", (tmp_path,)).text("Paid")


def test_captions() -> None:
    """The words that a renderer prints by itself are in the reader's language."""
    captions = Words("es_MX").captions()

    assert "Página {page} de {pages}" == captions.page
    assert ("Impuesto", "Tipo") == (captions.tax, captions.rate)
    assert ("Base imponible", "Cuota") == (captions.base, captions.amount)


@pytest.mark.parametrize("locale", ["../../etc", "", "es/../.."])
def test_a_path_is_no_locale(locale: str) -> None:
    """A locale never leads out of the folder of catalogs."""
    with pytest.raises(ValueError, match="locale must look like"):
        Words(locale)
