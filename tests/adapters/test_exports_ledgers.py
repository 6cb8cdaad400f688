"""Exports to other ledgers: beancount reads the books and adds up every balance anew."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledgerkit.adapters.exports import account_of, beancount_ledger, hledger_journal
from ledgerkit.domain.ledger import Entry, Event, Journal, Posted, balances_of
from ledgerkit.domain.money import ISO, Money, UnknownCurrency
from ledgerkit.testing.samples import NOON, hour, transfer
from tests.jobs.small_month import billed_host

UNITS = ISO.with_units({"SESSION": 0, "AB_": 2, "TRUE": 0, "A1_B": 4})
ADDRESS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._@+-]*(:[A-Za-z0-9._@+-]+)*", fullmatch=True)
PART = re.compile(r"[A-Z0-9][A-Za-z0-9-]*")  # what beancount takes, without other alphabets


def posted(*journals: Journal) -> tuple[Posted, ...]:
    """Return *journals* in the books, in this order."""
    return tuple(
        Posted(journal=each, sequence=n, recorded_at=hour(48), changes="k")
        for n, each in enumerate(journals, 1)
    )


def month() -> tuple[Posted, ...]:
    """Return the journals of a small billed month: sessions, packages, openings, an incentive."""
    return billed_host().store.journals(limit=500).items


HARD = posted(
    transfer("j-1", "fees", "fees:card", 5),
    transfer("j-2", "customer:Ana.B", "customer:ana.B", 7, currency="AB_"),
    transfer("j-3", "customer:ana", "fees:card", 8, currency="TRUE"),
    transfer("j-4", "platform", "fees:card:-x", 12_345, currency="A1_B", at=hour(30)),
    transfer("j-5", "platform", "cash:bank", 1_000, currency="KWD", at=hour(-30)),
    Journal(
        id='j "6" \\; (a, b)',
        kind='what: "so\\" | x; y',
        entries=(Entry("a", Money(-1, "EUR")), Entry("b", Money(1, "EUR"))),
        effective_at=NOON,
        event=Event("session", "s, 1;"),
    ),
)
"""Wallets below wallets, names and codes that need care, and days out of order."""


def parsed(text: str) -> tuple[list[Any], list[Any]]:
    """Return the entries and the errors that beancount finds in *text*."""
    entries, errors, _ = import_module("beancount.loader").load_string(text)
    return entries, errors


def ours(books: Iterable[Posted]) -> dict[tuple[str, str], Decimal]:
    """Return the balances of *books* as another ledger should find them, but those of 0."""
    return {
        (account_of(wallet), code): UNITS.decimal(Money(-minor, code))
        for (wallet, code), minor in balances_of(books).items()
        if minor
    }


@pytest.mark.parametrize("books", [month(), HARD], ids=["month", "hard"])
def test_beancount_adds_up_the_same_balances(books: tuple[Posted, ...]) -> None:
    """It loads without an error, and its own sums of the postings are our balances. (ledger 10)"""
    entries, errors = parsed(beancount_ledger(books, UNITS))
    sums = Counter[tuple[str, str]]()
    for entry in entries:
        for posting in getattr(entry, "postings", ()):
            code = posting.units.currency.removesuffix("-0")
            sums[posting.account, code] += posting.units.number

    assert [] == errors
    assert ours(books) == {key: figure for key, figure in sums.items() if figure}
    named = [e.meta["journal"] for e in entries if type(e).__name__ == "Transaction"]
    assert {p.journal.id for p in books} == set(named)
    assert len(books) == len(named)


def test_beancount_checks_every_balance_exactly() -> None:
    """One cent off anywhere is an error there, for each account and currency that we hold."""
    books = month()
    text = beancount_ledger(books, UNITS)
    checks = re.findall(r"^.* balance .*$", text, re.MULTILINE)

    assert len(balances_of(books)) == len(checks)
    for check in checks[:3]:
        figure = check.split()[3]
        off = str(Decimal(figure) + (Decimal("0.01") if "." in figure else 1))
        _, errors = parsed(text.replace(check, check.replace(f" {figure} ~", f" {off} ~")))
        assert 1 == len(errors)


def test_a_journal_in_beancount() -> None:
    """A customer who owes 50.00 is an asset of 50.00 there."""
    sold = transfer("jrn_1", "customer:c-1", "platform", 5_000, event=Event("session", "s-1"))

    assert """\
2026-10-01 commodity EUR
2026-10-01 open Assets:Customer:C-1
2026-10-01 open Income:Platform

2026-10-01 * "test.moved"
  journal: "jrn_1"
  event: "session:s-1"
  effective: "2026-10-01T12:00:00+00:00"
  recorded: "2026-10-03T12:00:00+00:00"
  Assets:Customer:C-1  50.00 EUR
  Income:Platform  -50.00 EUR

2026-10-02 balance Assets:Customer:C-1  50.00 ~ 0 EUR
2026-10-02 balance Income:Platform  -50.00 ~ 0 EUR
""" == beancount_ledger(posted(sold), UNITS)


def test_a_journal_in_hledger() -> None:
    """Codes with digits or signs are quoted, and a balance is asserted on the last day."""
    sold = transfer("jrn_1", "customer:c-1", "platform", 5_000, currency="A1_B", reverses="jrn_0")

    assert """\
decimal-mark .
commodity 1.0000 "A1_B"
account Assets:Customer:C-1
account Income:Platform

2026-10-01 * test.moved
    ; journal: jrn_1
    ; reverses: jrn_0
    ; effective: 2026-10-01T12:00:00+00:00
    ; recorded: 2026-10-03T12:00:00+00:00
    Assets:Customer:C-1  0.5000 "A1_B"
    Income:Platform  -0.5000 "A1_B"

2026-10-01 * balances
    Assets:Customer:C-1  0.0000 "A1_B" = 0.5000 "A1_B"
    Income:Platform  0.0000 "A1_B" = -0.5000 "A1_B"
""" == hledger_journal(posted(sold), UNITS)


@pytest.mark.parametrize("books", [month(), HARD], ids=["month", "hard"])
def test_hledger_is_told_every_posting_and_balance(books: tuple[Posted, ...]) -> None:
    """The postings add up to our balances, and so do the assertions at the end."""
    posting = re.compile(r'^    (\S+)  (-?[\d.]+) "?(\w+)"?(?: = (-?[\d.]+) .*)?$', re.MULTILINE)
    sums, asserted = Counter[tuple[str, str]](), dict[tuple[str, str], Decimal]()
    for account, figure, code, held in posting.findall(hledger_journal(books, UNITS)):
        sums[account, code] += Decimal(figure)  # type: ignore[assignment]
        if held:
            asserted[account, code] = Decimal(held)

    assert ours(books) == {key: figure for key, figure in sums.items() if figure}
    assert ours(books) == {key: figure for key, figure in asserted.items() if figure}


def test_hledger_reads_names_as_they_are() -> None:
    """What would end a description or a tag there is written as in an address on the web."""
    text = hledger_journal(HARD[5:], UNITS)

    assert '2026-10-01 * what: "so\\" %7C x%3B y\n' in text
    assert '    ; journal: j "6" \\%3B %28a%2C b%29\n' in text
    assert "    ; event: session:s%2C 1%3B\n" in text


def test_books_without_journals_have_nothing_to_say() -> None:
    """An empty ledger is empty text; an unknown unit is refused by name."""
    assert ("", "") == (beancount_ledger((), UNITS), hledger_journal((), UNITS))
    with pytest.raises(UnknownCurrency):
        beancount_ledger(HARD, ISO)
    with pytest.raises(UnknownCurrency):
        hledger_journal(HARD, ISO)


def test_accounts_tell_what_they_are() -> None:
    """Who owes us is an asset, whom we owe a liability, what we keep income."""
    assert [
        "Assets:Customer:C-104",
        "Assets:Cash:Bank",
        "Liabilities:Supplier:T-1",
        "Liabilities:Liability:Tax:Es-vat",
        "Liabilities:Package:P-2",
        "Income:Platform",
        "Expenses:Writeoff",
        "Equity:Equity:Opening",
        "Equity:Trading:Fx",
    ] == [
        account_of(wallet)
        for wallet in (
            "customer:c-104",
            "cash:bank",
            "supplier:t-1",
            "liability:tax:es-vat",
            "package:p-2",
            "platform",
            "writeoff",
            "equity:opening",
            "trading:fx",
        )
    ]


@given(ADDRESS)
def test_accounts_can_be_written(wallet: str) -> None:
    """Each part begins with a capital or digit and has letters, digits and hyphens only."""
    root, *parts = account_of(wallet).split(":")

    assert root in {"Assets", "Liabilities", "Equity", "Income", "Expenses"}
    assert len(wallet.split(":")) == len(parts)
    assert all(PART.fullmatch(part) for part in parts)


def wallet_of(account: str) -> str:
    """Return the wallet whose account this is: what can be read back is nobody else's."""
    return ":".join(map(segment_of, account.split(":")[1:]))


def segment_of(part: str) -> str:
    """Return the segment of an address that *part* of an account stands for."""
    marked = part.endswith("--")
    part = part.removesuffix("--") if marked else part[0].lower() + part[1:]
    part = part.removeprefix("0") if marked else part
    return re.sub(r"--(..)", lambda found: chr(int(found[1], 16)), part)


@given(ADDRESS)
@example("Ana:ana:0.x:.x:-:--:a-:-a:a--b:A--:0--2E")
def test_no_two_wallets_share_an_account(wallet: str) -> None:
    """The address can be told from the account, whatever it holds."""
    assert wallet == wallet_of(account_of(wallet))
