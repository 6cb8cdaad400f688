"""Words: the labels and sentences of documents, in the reader's language.

English stands in the code; other languages are gettext catalogs in `locales/`, read when first
needed. A host adds a language, or says something its own way, with a folder of its own laid out
alike, as `.po` or compiled as `.mo`; what a catalog does not say falls back: es_MX, es, en.
"""

from __future__ import annotations

import io
import re
import struct
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import ClassVar

import attrs
from babel import localedata
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import PoFileError, read_po, write_po

from ledgerkit.documents.formats import fallbacks
from ledgerkit.documents.model import Captions
from ledgerkit.domain.errors import LedgerkitError

FOLDER = Path(__file__).parent / "locales"
_NAMES = ("ledgerkit.po", "ledgerkit.mo")  # the source of a catalog comes before what it became
_COMPLETE = "es"  # a shipped language that says everything, which a test keeps true
_BROKEN = (PoFileError, OSError, ValueError, struct.error)
_BLANK = re.compile(r"\{(\w+)\}")


@attrs.frozen
class BadCatalog(LedgerkitError):
    """A catalog of words cannot be used."""

    path: str
    message: str
    reason: str
    code: ClassVar[str] = "bad_catalog"

    def __str__(self) -> str:
        about = f", {self.message!r}" if self.message else ""
        return f"{self.path}{about}: {self.reason}"


def _forms(value: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())


def _check(catalog: Catalog, path: Path) -> None:
    """Refuse a translation that asks for a value which the code does not give, or lacks a form.

    One that nobody has looked over since the English changed (fuzzy) is not used, and not judged.
    """
    for message in catalog:
        english, said = _forms(message.id), _forms(message.string)
        blanks = {name for form in english for name in _BLANK.findall(form)}
        for form in () if message.fuzzy else said:
            if unknown := sorted(set(_BLANK.findall(form)) - blanks):
                reason = f"translation has {{{unknown[0]}}}; it needs one of {sorted(blanks)}"
                raise BadCatalog(str(path), english[0], reason)
        count = len(list(filter(None, said)))
        if message.pluralizable and not message.fuzzy and count not in (0, catalog.num_plurals):
            # Gettext would say the missing form in English, and only for some numbers.
            reason = f"has {count} form(s); its rule needs all of {catalog.plural_forms}"
            raise BadCatalog(str(path), english[0], reason)


def _locale_of(name: str) -> str:
    """Return *name* if Babel knows a rule for its plurals, else that of English."""
    # Without a locale that it knows, Babel reads the catalog's own rule and drops it.
    return name if localedata.exists(name) else "en"


@lru_cache(maxsize=64)
def _read(path: Path) -> bytes | None:
    """Return the catalog at *path* in gettext's binary form, or None without such a file."""
    if not path.is_file():
        return None
    binary = io.BytesIO()
    try:
        with path.open("rb") as file:
            if path.suffix == ".mo":
                catalog = read_mo(file)
            else:
                locale = _locale_of(path.parents[1].name)
                catalog = read_po(file, locale=locale, abort_invalid=True)
        _check(catalog, path)
        write_mo(binary, catalog)
        GNUTranslations(io.BytesIO(binary.getvalue()))  # a rule for plurals that nobody can follow
    except _BROKEN as error:
        raise BadCatalog(str(path), "", f"is no gettext catalog ({error})") from error
    return binary.getvalue()


@lru_cache(maxsize=64)
def _translations(locale: str, folders: tuple[Path, ...]) -> NullTranslations:
    """Chain the catalogs of *locale*: more specific locales first, hosts' folders before ours."""
    paths = [
        folder / language / "LC_MESSAGES" / name
        for language in fallbacks(locale)
        for folder in (*folders, FOLDER)
        for name in _NAMES
    ]
    chain = NullTranslations()
    for binary in filter(None, map(_read, paths)):
        chain.add_fallback(GNUTranslations(io.BytesIO(binary)))
    return chain


def _fill(text: str, values: dict[str, str]) -> str:
    def value(blank: re.Match[str]) -> str:
        return values[blank.group(1)]

    # Not str.format: a brace or an attribute in a catalog is text, nothing to evaluate.
    return _BLANK.sub(value, text)


@attrs.frozen
class Words:
    """The words of *locale*; *folders* are searched before the catalogs that ledgerkit ships.

    A folder holds `<locale>/LC_MESSAGES/ledgerkit.po`, or `.mo`. An unknown language speaks
    English. Raises ValueError for a locale that is not shaped like one, and `BadCatalog` at the
    first use of a file that is no catalog, asks for a value that the text does not have or lacks a
    plural form.

    >>> Words("es_MX").text("Invoice")
    'Factura'
    >>> Words("es").plural("{n} session", "{n} sessions", 3)
    '3 sesiones'
    """

    locale: str
    folders: tuple[Path, ...] = ()

    def __attrs_post_init__(self) -> None:
        fallbacks(self.locale)

    def text(self, english: str, /, **values: str) -> str:
        """Return *english* in this language, with `{name}` replaced by *values*.

        Raises KeyError for a `{name}` without a value.

        >>> Words("en").text("Please pay by {date}.", date="5 Nov 2026")
        'Please pay by 5 Nov 2026.'
        """
        chain = _translations(self.locale, self.folders)
        return _fill(chain.gettext(english), values)

    def term(self, written: str, /) -> str:
        """Return what stands *written* in a record, in this language if a catalog knows it.

        It is somebody's own text: braces in it stand for themselves.

        >>> Words("es").term("contract changed"), Words("es").term("see {ticket}")
        ('el contrato ha cambiado', 'see {ticket}')
        """
        # The empty text is the name of a catalog's head.
        return _translations(self.locale, self.folders).gettext(written) if written else ""

    def plural(self, one: str, many: str, count: int, /, **values: str) -> str:
        """Return the form for *count* things; `{n}` is the count unless *values* give it as text.

        >>> Words("en").plural("{n} session", "{n} sessions", 1)
        '1 session'
        """
        chain = _translations(self.locale, self.folders)
        return _fill(chain.ngettext(one, many, count), {"n": str(count), **values})

    def captions(self) -> Captions:
        """Return the words that a renderer prints by itself.

        >>> Words("es").captions().page
        'Página {page} de {pages}'
        """
        kept = {"page": "{page}", "pages": "{pages}"}
        return Captions(
            self.text("Page {page} of {pages}", **kept),
            self.text("Tax"),
            self.text("Tax rate"),
            base=self.text("Taxable amount"),
            amount=self.text("Tax amount"),
        )


def untranslated(locale: str) -> str:
    """Return everything that documents say as the text of a catalog of *locale*, to be translated.

    Each count has as many forms as the language asks for. What is left empty falls back; an entry
    may be left out.

    >>> text = untranslated("pl")
    >>> 'msgid_plural "{n} sessions"' in text, "nplurals=3" in text
    (True, True)
    """
    catalog = Catalog(locale=_locale_of(fallbacks(locale)[0]))
    with (FOLDER / _COMPLETE / "LC_MESSAGES" / "ledgerkit.po").open("rb") as file:
        for message in read_po(file):
            if message.id:
                catalog.add(message.id, user_comments=message.user_comments)
    body = io.BytesIO()
    write_po(body, catalog, omit_header=True)
    head = (
        f"Language: {locale}",
        "Content-Type: text/plain; charset=UTF-8",
        f"Plural-Forms: {catalog.plural_forms}",
    )
    lines = ('msgid ""', 'msgstr ""', *(f'"{line}\\n"' for line in head))
    return "\n".join((*lines, "", body.getvalue().decode()))
