"""Document links: where the printed form of a billing record is kept.

The record itself is never edited to say so; the link is a record of its own, made once the
document is stored. (seed 000: linked to the corresponding billing record)
"""

from __future__ import annotations

from datetime import datetime

import attrs

from ledgerkit.domain.changes import Changes, request
from ledgerkit.domain.ids import derive


@attrs.frozen(kw_only=True)
class DocumentLink:
    """The stored document of one record.

    Attributes:
        id: Derived from the record.
        of: The id of the record it prints.
        party: The id of the party it is for.
        key: Its key in the host's document store.
        media_type: Such as `application/pdf`.
    """

    id: str
    of: str
    party: str
    key: str
    media_type: str = "application/pdf"


def link_id(of: str) -> str:
    """Return the id of the link of the record *of*."""
    return derive("doc", of)


def link(of: str, *, party: str, key: str, at: datetime) -> Changes:
    """Return the changes that link the record *of* to the document under *key*."""
    made = DocumentLink(id=link_id(of), of=of, party=party, key=key)
    return Changes(
        key=f"document/{made.id}",
        request=request("document.link", of=of, document=key),
        actor="documents",
        reason=f"printed {of}",
        at=at,
        records=(made,),
    )
