"""Typst renderer: PDFs from templates that one can read.

Each kind of document has a template in `templates/`, in the Typst language; `page.typ` holds what
they share. Typst runs inside this process, from memory, with its own fonts and without a network.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import attrs

from ledgerkit.documents.formats import right_to_left
from ledgerkit.documents.model import Document, logo_format
from ledgerkit.ports.renderer import Undrawable, UnknownKind

try:
    import pikepdf
    import typst
except ImportError as _missing:
    msg = "drawing PDFs needs typst and pikepdf: pip install 'ledgerkit[pdf]'"
    raise ImportError(msg, name=_missing.name) from _missing

Standard: TypeAlias = Literal["a-2a", "a-2b", "a-2u", "a-3a", "a-3b", "a-3u", "ua-1"]

_TEMPLATES = Path(__file__).parent / "templates"
_SHARED = "page"
_COLOUR = re.compile("#[0-9a-f]{6}")
_OUTSIDE = re.compile(r'"(@[\w-]+/[^"]*)"')  # a package, from the internet or the home folder


def _read(folder: Path) -> dict[str, bytes]:
    found = {path.name: path.read_bytes() for path in sorted(folder.glob("*.typ"))}
    for name, source in found.items():
        if package := _OUTSIDE.search(source.decode()):
            msg = f"{folder / name} imports {package.group(1)}, which is fetched; copy it beside it"
            raise ValueError(msg)
    return found


class TypstRenderer:
    """Draws documents as PDF/A, tagged for screen readers; a `Renderer`.

    Args:
        templates: A folder whose `.typ` files come before ours of the same name, and may draw
            more kinds: `credit_note.typ` draws the kind "credit_note". They can use `page.typ`
            and read pictures from this folder, and from nowhere else.
        fonts: Folders with font files, for a host's own type and for scripts such as Chinese
            that Typst's own fonts do not have. Fonts of the system are never used.
        families: Font families by name: the first that has a character draws it, else any
            other font that has it.
        accent: The colour of titles and rules, "#rrggbb".
        paper: A Typst paper name, "a4" or "us-letter".
        standard: The PDF standard that is enforced. Under all of them a character that no font
            has raises `Undrawable`; with None it is drawn as an empty box.

    Raises ImportError without the extra `pdf`, ValueError for a template that would fetch a
    package, and for a folder, colour or family that there is not.
    """

    def __init__(
        self,
        templates: Path | None = None,
        *,
        fonts: Sequence[Path] = (),
        families: Sequence[str] = ("Libertinus Serif",),
        accent: str = "#1d3557",
        paper: str = "a4",
        standard: Standard | None = "a-2a",
    ) -> None:
        if not _COLOUR.fullmatch(accent):
            msg = f"accent must look like '#1d3557' (got {accent!r})"
            raise ValueError(msg)
        for folder in (*fonts, *([] if templates is None else [templates])):
            if not folder.is_dir():
                msg = f"{folder} must be a folder, and is none"
                raise ValueError(msg)
        self._fonts = typst.Fonts(include_system_fonts=False, font_paths=[*fonts])
        if unknown := sorted(set(families) - set(self._fonts.families())):
            msg = f"no font is called {unknown[0]!r}; there are {self._fonts.families()}"
            raise ValueError(msg)
        own = {} if templates is None else _read(templates)
        self._sources: Mapping[str, bytes] = MappingProxyType({**_read(_TEMPLATES), **own})
        # Typst reads what a template or an SVG names below the root only; by default that is
        # the current folder of the process.
        self._root = (templates or _TEMPLATES).absolute()
        self._look = {"accent": accent, "fonts": list(families), "paper": paper}
        self._standards: list[Any] = [] if standard is None else [standard]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of documents it has a template for."""
        names = (Path(name).stem for name in self._sources)
        return tuple(sorted(name for name in names if name != _SHARED))

    def render(self, document: Document) -> bytes:
        """Return *document* as a PDF; raises `UnknownKind` or `Undrawable`."""
        if document.kind not in self.kinds:
            raise UnknownKind(document.kind, self.kinds)
        files = {
            **self._sources,
            "main.typ": self._sources[f"{document.kind}.typ"],
            "document.json": json.dumps(_data(document)).encode(),
            "look.json": json.dumps(self._look).encode(),
            # As numbers, because files in memory must be text to Typst, and a PNG is not.
            "logo.json": json.dumps([*(document.logo or b"")]).encode(),
        }
        try:
            return _pack(self._compile(files, document))
        except RuntimeError as error:  # of which TypstError is one
            raise Undrawable(document.kind, document.number, _reason(error)) from error

    def _compile(self, files: dict[str, bytes], document: Document) -> bytes:
        # Typst writes the time of creation into the file; the document has one that stays.
        made = datetime.combine(document.issued_on, time(), UTC)
        pdf: bytes = typst.compile(  # type: ignore[call-overload]  # its types know one file only
            files,  # pyright: ignore[reportArgumentType, reportCallIssue]  # the same
            root=self._root,
            font_paths=self._fonts,
            ignore_system_fonts=True,
            pdf_standards=self._standards,
            timestamp=made,
        )
        return pdf


def _data(document: Document) -> dict[str, Any]:
    """Return *document* as the templates read it."""
    language, *rest = re.split("[_-]", document.locale)
    regions = [part for part in rest if len(part) == len("MX") and part.isalpha()]
    on = document.issued_on
    return {
        **attrs.asdict(document),
        "language": language.lower(),
        "region": regions[0].upper() if regions else None,
        "rtl": right_to_left(document.locale),
        "issued_on": [on.year, on.month, on.day],
        "logo": None if document.logo is None else logo_format(document.logo),
    }


def _reason(error: RuntimeError) -> str:
    """Return what Typst said, without the source around it, and what would help."""
    said = str(getattr(error, "message", error)).removesuffix(".")
    if "could not be displayed with font" in said:
        return f"{said}; give TypstRenderer a folder of fonts that have it"
    return said


def _pack(pdf: bytes) -> bytes:
    """Return *pdf* with its many small objects compressed together: a fifth of the size."""
    packed = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as file:
        file.save(
            packed,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            compress_streams=True,
            recompress_flate=False,
            deterministic_id=True,
        )
    return packed.getvalue()
