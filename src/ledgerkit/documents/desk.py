"""Desk: one reader's language, with the letterhead of the business that writes to them."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import attrs

from ledgerkit.documents import formats
from ledgerkit.documents.model import Block
from ledgerkit.documents.words import Words
from ledgerkit.domain.money import Money, Rate, Units
from ledgerkit.domain.parties import Party
from ledgerkit.domain.periods import Period

# What a journal is called where it stands in a statement; hosts translate kinds of their own.
KINDS_OF_JOURNALS = {
    "balance.opened": "Balance from before",
    "clawback.given_up": "Debt forgiven",
    "clawback.owed": "Clawback",
    "clawback.paid": "Settled by hand",
    "completion.adjusted": "Correction",
    "completion.charged": "Service",
    "credit.bought": "Credit bought",
    "credit.drawn": "Paid from credit",
    "credit.revoked": "Credit taken away",
    "credit_note.issued": "Credit note",
    "debt.written_off": "Debt written off",
    "dispute.reinstated": "Dispute won",
    "dispute.withdrawn": "Dispute",
    "incentive.earned": "Incentive",
    "invoice.brought_in": "Invoice",
    "invoice.charged": "Invoice",
    "invoice.discounted": "Discount",
    "invoice.taxed": "Tax",
    "package.bought": "Package",
    "payment.captured": "Payment",
    "payment.fee_charged": "Fee of the payment",
    "payment.refunded": "Refund",
    "payout.paid": "Payout",
    "payout.transferred": "Payout",
    "session.charged": "Session",
    "session.covered": "Session",
    "transfer.done": "Paid directly",
    "transfer.taken_back": "Taken back from your account",
}
REVERSED = ".reversed"


@attrs.frozen(kw_only=True)
class Letterhead:
    """What all documents of a business share.

    Attributes:
        business: The party that issues them.
        units: The currencies of their amounts.
        logo: A PNG or SVG, or None.
        footer: Small print on every page.
        words: Folders with catalogs of the host's own words.
    """

    business: Party
    units: Units
    logo: bytes | None = None
    footer: str = ""
    words: tuple[Path, ...] = ()


@attrs.frozen
class Desk:
    """Where a document is put together: *head* writes to *reader* in the *words* they read."""

    head: Letterhead
    reader: Party
    words: Words

    def money(self, amount: Money) -> str:
        """Return *amount* in the reader's language."""
        return formats.money(amount, self.reader.locale, self.head.units)

    def price(self, per: Fraction, currency: str) -> str:
        """Return a price in minor units for one, with all its digits below a cent."""
        return formats.price(Rate(per, currency), self.reader.locale, self.head.units)

    def ratio(self, value: Fraction) -> str:
        """Return a quantity with all its decimals."""
        return formats.ratio(value, self.reader.locale)

    def percent(self, share: Fraction) -> str:
        """Return a share of one as a percentage; one without end says that it is rounded."""
        try:
            return formats.percent(share, self.reader.locale)
        except ValueError:
            return f"{self.ratio(share * 100)}\N{NO-BREAK SPACE}%"

    def day(self, on: date) -> str:
        """Return a day."""
        return formats.day(on, self.reader.locale)

    def period(self, period: Period) -> str:
        """Return the days of *period*, or its name if it is a month."""
        if _is_month(period):
            return formats.month(period.start, self.reader.locale)
        last = period.end - timedelta(days=1)
        return formats.days(period.start, last, self.reader.locale)

    def block(self, label: str, party: Party) -> Block:
        """Return *party* as printed, under the word *label*."""
        tax = () if party.tax_id is None else (self.words.text("Tax ID {id}", id=party.tax_id),)
        mail = () if party.email is None else (party.email,)
        return Block(self.words.text(label), party.name, (*party.address, *tax, *mail))

    def kind(self, kind: str, *, bonus: bool = False) -> str:
        """Return what a journal of *kind* is called, or the *bonus* that a session earned in it."""
        base = kind.removesuffix(REVERSED)
        named = "incentive.earned" if bonus and base.startswith("session.") else base
        what = self.words.term(KINDS_OF_JOURNALS.get(named, named))
        return what if base == kind else self.taken_back(what)

    def taken_back(self, what: str) -> str:
        """Return that *what* was taken back."""
        return self.words.text("Taken back: {what}", what=what)


def open_desk(head: Letterhead, reader: Party) -> Desk:
    """Return the desk at which *head* writes to *reader*."""
    return Desk(head, reader, Words(reader.locale, head.words))


def is_reversed(kind: str) -> bool:
    """Return whether a journal of *kind* takes another one back."""
    return kind.endswith(REVERSED)


def days_of(period: Period) -> str:
    """Return *period* as it stands in keys of documents: its month, or both days.

    >>> days_of(Period.parse("2026-10")), days_of(Period.parse("2026-10-01/2026-10-08"))
    ('2026-10', '2026-10-01_2026-10-07')
    """
    if _is_month(period):
        return period.start.isoformat()[: len("2026-10")]
    return f"{period.start.isoformat()}_{period.last.isoformat()}"


def _is_month(period: Period) -> bool:
    return period == Period.month(period.start.year, period.start.month)
