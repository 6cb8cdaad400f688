"""Words: the labels and sentences of documents, in the reader's language.

English stands in the code; other languages are gettext catalogs (`.po`) in `locales/`, read when
first needed. A host adds a language, or says something its own way, with a folder of its own laid
out alike; what a catalog does not say falls back: es_MX, es, en.
"""

from __future__ import annotations

import io
import re
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import ClassVar

import attrs
from babel import localedata
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from ledgerkit.documents.formats import fallbacks
from ledgerkit.documents.model import Captions
from ledgerkit.domain.errors import LedgerkitError

FOLDER = Path(__file__).parent / "locales"
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
    """Refuse a translation that asks for a value which the code does not give."""
    for message in catalog:
        blanks = {name for form in _forms(message.id) for name in _BLANK.findall(form)}
        for form in _forms(message.string):
            if unknown := sorted(set(_BLANK.findall(form)) - blanks):
                reason = f"translation has {{{unknown[0]}}}; it needs one of {sorted(blanks)}"
                raise BadCatalog(str(path), _forms(message.id)[0], reason)


@lru_cache(maxsize=64)
def _read(path: Path) -> bytes | None:
    """Return the catalog at *path* in gettext's binary form, or None without such a file."""
    if not path.is_file():
        return None
    # Without a locale that it knows, Babel reads the catalog's rule for plurals and drops it.
    name = path.parents[1].name
    locale = name if localedata.exists(name) else "en"
    try:
        with path.open("rb") as file:
            catalog = read_po(file, locale=locale, abort_invalid=True)
    except (PoFileError, UnicodeDecodeError) as error:
        raise BadCatalog(str(path), "", f"is no gettext catalog ({error})") from error
    _check(catalog, path)
    binary = io.BytesIO()
    write_mo(binary, catalog)
    return binary.getvalue()


@lru_cache(maxsize=64)
def _translations(locale: str, folders: tuple[Path, ...]) -> NullTranslations:
    """Chain the catalogs of *locale*: more specific locales first, hosts' folders before ours."""
    paths = [
        folder / name / "LC_MESSAGES" / "ledgerkit.po"
        for name in fallbacks(locale)
        for folder in (*folders, FOLDER)
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

    A folder holds `<locale>/LC_MESSAGES/ledgerkit.po`. An unknown language speaks English.
    Raises ValueError for a locale that is not shaped like one, and `BadCatalog` at the first use
    of a file that is no catalog or asks for a value that the text does not have.

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
