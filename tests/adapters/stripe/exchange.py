"""Exchange: one request to Stripe's API and what is answered, a page of a list or a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import attrs

from ledgerkit.domain.money import Money

Json: TypeAlias = dict[str, Any]


@attrs.frozen
class Request:
    """What came in; *account* is the connected account it is made for, or ""."""

    method: str
    path: str
    form: Mapping[str, str]
    account: str

    def group(self, name: str) -> dict[str, str]:
        """Return the fields `name[...]` by what stands in the brackets."""
        return {
            key[len(name) + 1 : -1]: value
            for key, value in self.form.items()
            if key.startswith(f"{name}[")
        }

    @property
    def expand(self) -> frozenset[str]:
        """What is asked to be shown in full."""
        return frozenset(each.removeprefix("data.") for each in self.group("expand").values())

    def amount(self, currency: str = "") -> Money:
        """Return the amount, of a currency with cents."""
        return Money(int(self.form["amount"]), (currency or self.form["currency"]).upper())


@attrs.frozen
class Answer:
    """A status and a body; *kept* says whether it is the answer of its key from now on."""

    status: int
    body: Json
    kept: bool = True


class Refusal(Exception):
    """Stripe refuses a request; what it could not even begin is not kept under the key."""

    def __init__(self, status: int, code: str, *, kept: bool = False, **said: object) -> None:
        super().__init__(code)
        fields = {"type": "invalid_request_error", "code": code, "message": code, **said}
        self.answer = Answer(status, {"error": fields}, kept)


def page_of(sent: Request, oldest_first: list[Json]) -> Json:
    """Return the page that is asked for of a list, newest first."""
    bounds = {name: int(value) for name, value in sent.group("created").items()}
    kept = [
        each
        for each in reversed(oldest_first)
        if not bounds
        or (each["created"] >= bounds.get("gte", 0) and each["created"] < bounds.get("lt", 2**40))
    ]
    after = sent.form.get("starting_after")
    start = 0 if after is None else [each["id"] for each in kept].index(after) + 1
    end = start + int(sent.form.get("limit", "10"))
    return {
        "object": "list",
        "url": sent.path,
        "data": kept[start:end],
        "has_more": end < len(kept),
    }
