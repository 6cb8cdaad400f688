"""The command line as a person uses it: a process, a folder, a database file."""

from __future__ import annotations

import csv
import io
import os
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from decimal import Decimal
from pathlib import Path

import attrs
import pypdfium2
import pytest

from ledgerkit import cli
from ledgerkit.adapters.sql import open_store
from ledgerkit.testing.samples import changes, invoice
from tests.processes import PROCESSES

DATA = Path(__file__).parents[2] / "examples" / "data" / "tutoring"
SOURCE = str(Path(cli.__file__).parents[2])  # the same that this process imports
AT = "2026-11-01T08:00:00+00:00"
MONTH = ("--period", "2026-10", "--store", "sqlite:///books.db", "--out", "out", "--at", AT)
ENVIRONMENT = {"COLUMNS": "120", "PATH": "", "PYTHONUTF8": "1"}  # as wide as a report needs


@attrs.frozen
class Done:
    """What a command came to."""

    returncode: int
    stdout: str
    stderr: str


def started(*words: str, cwd: Path) -> Done:
    """Run the command in *cwd* from the shell."""
    done = subprocess.run(
        [sys.executable, "-m", "ledgerkit", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=ENVIRONMENT | {"PYTHONPATH": SOURCE},
        check=False,
        timeout=120,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def ledgerkit(*words: str, cwd: Path) -> Done:
    """Run the command in *cwd*, in a process that need not import everything anew."""
    with ProcessPoolExecutor(1, mp_context=PROCESSES) as pool:
        return pool.submit(_run, words, cwd).result(timeout=120)


def _run(words: tuple[str, ...], cwd: Path) -> Done:
    os.environ.clear()
    os.environ.update(ENVIRONMENT)
    os.chdir(cwd)
    sys.argv = ["ledgerkit", *words]
    out, err, code = io.StringIO(), io.StringIO(), 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            cli.main()
        except SystemExit as stopped:
            code = int(stopped.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


def run_month(folder: Path, cwd: Path, *more: str) -> Done:
    """Run October 2026 of *folder* into books.db and out, on the morning after."""
    return ledgerkit("run-month", str(folder), *MONTH, *more, cwd=cwd)


@pytest.fixture(scope="module")
def billed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The month of the examples, billed once: where, and what was printed."""
    cwd = tmp_path_factory.mktemp("month")
    done = started("run-month", str(DATA), *MONTH, cwd=cwd)
    assert (0, "") == (done.returncode, done.stderr)
    return cwd, done.stdout


def rows(database: Path, query: str) -> list[tuple[object, ...]]:
    """Ask the database file with plain SQL."""
    with sqlite3.connect(database) as connection:
        return connection.execute(query).fetchall()


def test_month_is_billed(billed: tuple[Path, str]) -> None:
    """The summary names documents, revenue, margin, low packages, skipped and a zero balance."""
    _, printed = billed

    for said in (
        "63 invoice(s) (INV-2026-00001 to INV-2026-00063)",
        "15 payout(s)",
        "Margin",
        "Packages running low",
        "no price for coding / upper secondary / 60 min in EUR on 2026-10-01",
        "Trial balance",
    ):
        assert said in printed


def test_documents_are_written(billed: tuple[Path, str]) -> None:
    """Every invoice and payout has its PDF."""
    cwd, _ = billed

    pdfs = sorted((cwd / "out" / "invoices").glob("*.pdf"))
    payouts = sorted((cwd / "out" / "payouts" / "2026-10").glob("*.pdf"))

    assert [f"INV-2026-{n:05}.pdf" for n in range(1, 64)] == [path.name for path in pdfs]
    assert 15 == len(payouts)
    assert {b"%PDF-"} == {path.read_bytes()[:5] for path in (*pdfs, *payouts)}


def test_lines_add_up_to_the_books(billed: tuple[Path, str]) -> None:
    """The CSV's payout lines are what the suppliers' wallets hold, currency by currency."""
    cwd, _ = billed
    with (cwd / "out" / "lines-2026-10.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))

    paid = {
        currency: sum(
            Decimal(line["amount"])
            for line in lines
            if (line["document"], line["currency"]) == ("payout", currency)
        )
        for currency in ("EUR", "GBP")
    }

    held = rows(
        cwd / "books.db",
        "select currency, sum(amount_minor) from balance where wallet like 'supplier:%' group by 1",
    )
    assert held == [(currency, int(amount * 100)) for currency, amount in sorted(paid.items())]


def test_lines_are_of_every_document(billed: tuple[Path, str]) -> None:
    """All 63 invoices are in the CSV, those of packages that were sold as well."""
    cwd, _ = billed
    with (cwd / "out" / "lines-2026-10.csv").open(encoding="utf-8", newline="") as file:
        lines = [line for line in csv.DictReader(file) if line["document"] == "invoice"]

    assert [f"INV-2026-{n:05}" for n in range(1, 64)] == sorted({line["number"] for line in lines})
    assert rows(
        cwd / "books.db",
        "select sum(total_minor) from invoice where reference is null and currency = 'EUR'",
    ) == [(int(sum(Decimal(x["amount"]) for x in lines if x["currency"] == "EUR") * 100),)]


def test_lines_follow_what_a_later_month_corrects(tmp_path: Path) -> None:
    """A credit note of the November run stands among the lines of the invoice's month, October."""
    folder = tmp_path / "changed"
    shutil.copytree(DATA, folder)
    run_month(folder, tmp_path)
    sessions = folder / "sessions.csv"
    text = sessions.read_text("utf-8")
    lines = (tmp_path / "out" / "lines-2026-10.csv").read_text("utf-8").splitlines()
    charged = next(
        line["source"]
        for line in csv.DictReader(lines)
        if line["document"] == "invoice" and line["source"].startswith("s-") and not line["package"]
    )
    row = next(line for line in text.splitlines() if line.startswith(f"{charged},"))
    before, _, after = row.partition(",approved,")
    sessions.write_text(
        text.replace(row, f"{before},cancelled,,{after.partition(',')[2]}"), "utf-8"
    )
    where = ("--store", "sqlite:///books.db", "--out", "out", "--at", "2026-12-01T08:00:00+00:00")

    done = ledgerkit("run-month", str(folder), "--period", "2026-11", *where, cwd=tmp_path)

    assert "lines-2026-10.csv and lines-2026-11.csv" in done.stdout
    with (tmp_path / "out" / "lines-2026-10.csv").open(encoding="utf-8", newline="") as file:
        given = [line for line in csv.DictReader(file) if line["document"] == "credit_note"]
    assert [(charged, "CN-2026-00001")] == [(line["source"], line["number"]) for line in given]


def test_running_again_says_so(billed: tuple[Path, str]) -> None:
    """A second run prints that nothing is new, and stores nothing."""
    cwd, _ = billed
    before = rows(cwd / "books.db", "select count(*) from ledgerkit_commits")

    again = run_month(DATA, cwd)

    assert "Nothing is new" in again.stdout
    assert before == rows(cwd / "books.db", "select count(*) from ledgerkit_commits")


# ---- lists of invoices -----------------------------------------------------------------------
def test_invoices_are_listed(billed: tuple[Path, str]) -> None:
    """The list has all of them, those brought in too, and what they come to by currency."""
    cwd, _ = billed
    where = ("--store", "sqlite:///books.db", "--at", AT)

    done = ledgerkit("invoices", *where, "--csv", "list.csv", "--pdf", "list.pdf", cwd=cwd)

    with (cwd / "list.csv").open(encoding="utf-8", newline="") as file:
        listed = list(csv.DictReader(file))
    books = rows(cwd / "books.db", "select number, customer, total, status from invoice")
    assert (0, "") == (done.returncode, done.stderr)
    assert "51 invoice(s) come to 22320.50 EUR" in done.stdout
    assert "INV-2026-00019  2026-11-01  2026-11-15  Marie-Hélène Dubois" in done.stdout
    assert sorted(map(str, books)) == sorted(
        str((i["number"], i["customer"], i["total"], i["status"])) for i in listed
    )
    pages = pypdfium2.PdfDocument(cwd / "list.pdf")
    assert "Facturas" in pages[0].get_textpage().get_text_range()


def test_invoices_are_chosen(billed: tuple[Path, str]) -> None:
    """By customer, status and month; a status that there is not is refused."""
    cwd, _ = billed
    where = ("--store", "sqlite:///books.db")

    one = ledgerkit("invoices", *where, "--customer", "fam-dubois", "--period", "2026-10", cwd=cwd)
    none = ledgerkit("invoices", *where, "--status", "draft", cwd=cwd)
    bad = ledgerkit("invoices", *where, "--status", "open", cwd=cwd)

    assert "1 invoice(s) come to 199.50 EUR" in one.stdout
    assert (0, "No invoice fits.\n") == (none.returncode, none.stdout)
    assert (1, True) == (bad.returncode, bad.stderr.startswith("Refused: --status is draft or"))


def test_drafts_are_listed_and_not_added_up(tmp_path: Path) -> None:
    """A draft is on the list without a number, and what is owed leaves it out."""
    store = open_store("sqlite:///" + str(tmp_path / "books.db"))
    drafted = invoice("inv_1", customer="[bold]", minor=500)  # no style to the terminal
    store.commit(changes("drafted", records=(drafted,)))

    done = ledgerkit("invoices", "--store", "sqlite:///books.db", cwd=tmp_path)

    assert "[bold]" in done.stdout
    assert "0 invoice(s) come to 0.00 EUR.\nDrafts and void ones are not added up." in done.stdout


def test_books_without_a_business_have_no_list_to_print(tmp_path: Path) -> None:
    """A PDF needs somebody who issues it."""
    where = ("--store", "sqlite:///books.db")
    open_store("sqlite:///" + str(tmp_path / "books.db"))

    done = ledgerkit("invoices", *where, "--pdf", "list.pdf", cwd=tmp_path)

    assert 1 == done.returncode
    assert "the books name no business" in done.stderr
    assert not (tmp_path / "list.pdf").exists()


# ---- shadow mode -----------------------------------------------------------------------------
def shadow_month(legacy: str, cwd: Path, *more: str) -> Done:
    """Compare October with a file of the text *legacy*."""
    (cwd / "legacy.csv").write_text(legacy, "utf-8")
    where = ("--period", "2026-10", "--legacy", "legacy.csv", "--at", AT)
    return ledgerkit("shadow-month", str(DATA), *where, *more, cwd=cwd)


@pytest.fixture(scope="module")
def charged(billed: tuple[Path, str]) -> str:
    """What the run charged, as a legacy system would tell it: a row per invoice."""
    cwd, _ = billed
    query = "select customer, currency, total from invoice where number like 'INV-%'"
    told = (",".join(map(str, row)) for row in rows(cwd / "books.db", query))
    return "\n".join(["customer,currency,amount", *told])


def test_shadow_month_is_the_same(charged: str, tmp_path: Path) -> None:
    """What the system in use charged is what a run would charge; nothing is stored."""
    done = shadow_month(charged, tmp_path)

    assert (0, "") == (done.returncode, done.stderr)
    assert "The same" in done.stdout
    assert ["legacy.csv"] == [path.name for path in tmp_path.iterdir()]


def test_shadow_month_differs(charged: str, tmp_path: Path) -> None:
    """A cent more is a difference: named by customer, on the terminal and as CSV; exit code 1."""
    more = f"{charged}\nfam-dubois,EUR,0.01\nfam-new,EUR,20\n"

    done = shadow_month(more, tmp_path, "--csv", "diff.csv", "--details")

    assert 1 == done.returncode
    assert "Different: 2 of" in done.stdout
    told = [
        [cell.strip() for cell in line.strip("│").split("│")]
        for line in done.stdout.splitlines()
        if "fam-dubois" in line or "fam-new" in line
    ]
    assert [  # each customer, then each line of them
        ["fam-dubois", "Marie-Hélène Dubois", "199.50", "199.51", "-0.01", "EUR"],
        ["fam-new", "", "—", "20.00", "-20.00", "EUR"],
        ["fam-dubois", "", "", "199.50", "199.51", "-0.01", "EUR"],
        ["fam-new", "", "", "—", "20.00", "-20.00", "EUR"],
    ] == told
    with (tmp_path / "diff.csv").open(encoding="utf-8", newline="") as file:
        results = {row["party"]: row["result"] for row in csv.DictReader(file)}
    assert ("difference", "only_in_b") == (results.pop("fam-dubois"), results.pop("fam-new"))
    assert {"match"} == {*results.values()}


def test_shadow_month_of_a_billed_month(charged: str, billed: tuple[Path, str]) -> None:
    """On books that have billed the month it says that there is nothing left to compare."""
    cwd, _ = billed

    done = shadow_month(charged, cwd, "--store", "sqlite:///books.db")

    assert 1 == done.returncode
    assert "These books have billed the month already" in done.stdout


def test_malformed_legacy_totals_are_refused(charged: str, tmp_path: Path) -> None:
    """A bad row is named by file, line, column and reason; it can be skipped if asked."""
    bad = charged.replace("customer,currency,amount\n", 'customer,currency,amount\nx,EUR,"1,5"\n')

    done = shadow_month(bad, tmp_path)
    skipping = shadow_month(bad, tmp_path, "--skip-invalid")

    row = next(line for line in done.stderr.splitlines() if "legacy.csv" in line)
    assert 1 == done.returncode
    assert ["legacy.csv", "2", "amount", "1,5"] == [
        cell.strip() for cell in row.strip("│").split("│")
    ][:4]
    assert (0, True) == (skipping.returncode, "legacy.csv" in skipping.stderr)


# ---- the books -------------------------------------------------------------------------------
def test_books_verify(billed: tuple[Path, str]) -> None:
    """`verify` finds the books whole."""
    cwd, _ = billed

    done = ledgerkit("verify", "--store", "sqlite:///books.db", cwd=cwd)

    assert 0 == done.returncode
    assert "The books hold" in done.stdout


def test_broken_books_are_named(billed: tuple[Path, str], tmp_path: Path) -> None:
    """One entry changed behind the books' back makes `verify` exit with 1 and the reason."""
    cwd, _ = billed
    shutil.copy(cwd / "books.db", tmp_path)
    with sqlite3.connect(tmp_path / "books.db") as connection:
        triggers = connection.execute(
            "select name from sqlite_master where type = 'trigger' and tbl_name = ?",
            ("ledgerkit_entries",),
        ).fetchall()
        for (name,) in triggers:
            connection.execute(f"drop trigger {name}")
        connection.execute(
            "update ledgerkit_entries set amount = amount + 1 "
            "where id = (select max(id) from ledgerkit_entries)"
        )
    connection.close()

    done = started("verify", "--store", "sqlite:///books.db", cwd=tmp_path)

    assert 1 == done.returncode
    assert "unbalanced" in done.stdout


def test_preview_stores_nothing(billed: tuple[Path, str], tmp_path: Path) -> None:
    """A preview prints the figures of the run and leaves no file."""
    _, printed = billed

    done = ledgerkit(
        "preview-month",
        str(DATA),
        *("--period", "2026-10", "--store", "sqlite:///books.db", "--at", AT),
        cwd=tmp_path,
    )

    table = printed[printed.index("The month") : printed.index("Books in")]
    assert 0 == done.returncode
    assert table.rstrip() in done.stdout
    assert [] == list(tmp_path.iterdir())


def test_names_are_no_markup(tmp_path: Path) -> None:
    """A name with brackets is printed as it is: nothing fails after the month is stored."""
    folder = tmp_path / "named"
    shutil.copytree(DATA, folder)
    parties = folder / "parties.csv"
    text = parties.read_text("utf-8")
    text = text.replace("Academia Ruiz & Hijos, S.L.", "Academia [/] Ruiz")
    parties.write_text(text.replace("Carmen Ferrer Vidal", "Carmen [bold]F[/red]"), "utf-8")
    where = ("--period", "2026-10", "--store", "sqlite:///[/]/books.db", "--at", AT, "--details")

    done = ledgerkit("preview-month", str(folder), *where, cwd=tmp_path)

    assert (0, "") == (done.returncode, done.stderr)
    assert "Academia [/] Ruiz · October 2026" in done.stdout
    assert "Carmen [bold]F[/red]" in done.stdout


def test_frozen_amounts(tmp_path: Path) -> None:
    """With --freeze no amount is printed."""
    done = ledgerkit(
        "preview-month",
        str(DATA),
        *("--period", "2026-10", "--store", "sqlite:///books.db", "--at", AT, "--freeze"),
        cwd=tmp_path,
    )

    margin = next(line for line in done.stdout.splitlines() if "Margin" in line)
    assert ["Margin", "—", "—"] == [cell.strip() for cell in margin.strip("│").split("│")]
    assert "Trial balance" not in done.stdout


@pytest.fixture
def misspelt(tmp_path: Path) -> Path:
    """The example folder with one misspelt status."""
    folder = tmp_path / "month"
    shutil.copytree(DATA, folder)
    text = (folder / "sessions.csv").read_text("utf-8").splitlines(keepends=True)
    text[4] = text[4].replace(",approved,", ",aproved,")
    (folder / "sessions.csv").write_text("".join(text), "utf-8")
    return folder


def test_malformed_rows_are_refused(misspelt: Path, tmp_path: Path) -> None:
    """A malformed row is named by file, line, column and reason, and nothing is billed."""
    done = run_month(misspelt, tmp_path)

    row = next(line for line in done.stderr.splitlines() if "sessions.csv" in line)
    assert 1 == done.returncode
    assert ["sessions.csv", "5", "status", "aproved"] == [
        cell.strip() for cell in row.strip("│").split("│")
    ][:4]
    assert not (tmp_path / "books.db").exists()


def test_malformed_rows_can_be_skipped(misspelt: Path, tmp_path: Path) -> None:
    """With --skip-invalid the rest is billed and the row is listed."""
    done = run_month(misspelt, tmp_path, "--skip-invalid")

    assert 0 == done.returncode
    assert "aproved" in done.stderr
    assert "63 invoice(s)" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run-month", "nowhere", "--period", "2026-10"), "'nowhere' is no folder"),
        (("run-month", str(DATA), "--period", "2026-13"), "--period is a month such as 2026-10"),
    ],
)
def test_wrong_input_is_one_sentence(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    """What cannot be done is refused in a sentence, with exit code 1."""
    done = ledgerkit(*words, "--store", "sqlite:///b.db", "--out", "out", cwd=tmp_path)

    assert (1, True) == (done.returncode, done.stderr.startswith("Refused: "))
    assert said in done.stderr


def test_absent_books_are_not_made(tmp_path: Path) -> None:
    """`verify` of books that are not there refuses and makes no file."""
    done = ledgerkit("verify", "--store", "sqlite:///none.db", cwd=tmp_path)

    assert 1 == done.returncode
    assert "there are no books at sqlite:///none.db" in done.stderr
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("url", ["sqlite+pysqlite:///none.db", "sqlite://", "sqlite:///"])
def test_absent_books_have_other_names(url: str, tmp_path: Path) -> None:
    """Whatever driver is named: books in memory are none that anybody wrote."""
    done = ledgerkit("verify", "--store", url, cwd=tmp_path)

    assert (1, []) == (done.returncode, list(tmp_path.iterdir()))
    assert f"there are no books at {url}" in done.stderr


@pytest.mark.parametrize(
    "words", [("verify",), ("preview-month", str(DATA), "--period", "2026-10", "--at", AT)]
)
def test_a_database_of_others_is_left_alone(words: tuple[str, ...], tmp_path: Path) -> None:
    """What only reads makes no tables in a database that holds no books."""
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE theirs (a)")

    done = ledgerkit(*words, "--store", "sqlite:///foreign.db", cwd=tmp_path)

    assert ("verify" in words) == done.returncode
    assert [("theirs",)] == rows(foreign, "SELECT name FROM sqlite_master")


def test_missing_extras_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without its extras the command says what to install."""
    monkeypatch.setattr(cli, "find_spec", lambda _: None)

    with pytest.raises(SystemExit) as stopped:
        cli.main()

    assert 2 == stopped.value.code
    assert "pip install 'ledgerkit[cli,sql,pdf]'" in capsys.readouterr().err
