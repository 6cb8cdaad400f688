"""The runner itself: it reads every shape, hides nothing, and fails where an answer is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.billing_answers import answer
from tests.conformance.conftest import CASES
from tests.conformance.ledger_world import expectation, tell
from tests.conformance.suite import BILLING, LEDGER, Case, read_cases

ROOT = Path(__file__).parents[2]
FREE: dict[str, Any] = {"floor": None, "ceiling": None}
NO_DEBT: dict[str, Any] = {"floor": 0, "ceiling": None}


def post(key: str, *legs: list[Any], **more: Any) -> dict[str, Any]:
    """Return a step that posts."""
    return {"do": "post", "key": key, "legs": list(legs), **more}


def story(*steps: dict[str, Any], **wallets: dict[str, Any]) -> dict[str, Any]:
    """Return a case of *steps* with *wallets*; a and b are there without limits."""
    return {
        "id": "X",
        "topic": "x",
        "given": {"wallets": {"a": FREE, "b": FREE, **wallets}},
        "when": list(steps),
        "expect": {"results": []},
    }


def results(*steps: dict[str, Any], **wallets: dict[str, Any]) -> Any:
    """Return the results of a story."""
    return tell(story(*steps, **wallets))["results"]


def no(code: str) -> dict[str, str]:
    """Return a refusal."""
    return {"rejected": code}


MOVE = (["a", -5], ["b", 5])


# ---- the step language -----------------------------------------------------------------------
def test_a_key_replays_or_is_reused() -> None:
    """The same request is answered again; the same key for another is not."""
    assert ["ok", "replay", no("key_reused"), no("key_reused")] == results(
        post("k", *MOVE),
        post("k", *MOVE),
        post("k", ["a", -6], ["b", 6]),
        {"do": "reverse", "key": "k", "journal": "k"},
    )


@pytest.mark.parametrize(
    ("word", "value", "expected"),
    [
        ("min", 100, "ok"),
        ("min", 101, no("condition_failed")),
        ("at_least", 101, no("condition_failed")),
        ("floor", 100, "ok"),
        ("max", 99, no("condition_failed")),
        ("at_most", 100, "ok"),
        ("max_available", 99, no("condition_failed")),
        ("ceiling", 100, "ok"),
        ("equals", 100, "ok"),
        ("posted", 99, no("condition_failed")),
    ],
)
def test_requirements(word: str, value: int, expected: Any) -> None:
    """A bound by any of its names, on what the wallet has before."""
    step = post("k", *MOVE, require={"a": {word: value}})

    assert [expected] == results(step, a={**FREE, "posted": 100})


def test_unknown_words_are_not_passed_over() -> None:
    """A bound, a field or a step that the runner does not know fails the case."""
    with pytest.raises(AssertionError, match="the bound 'often'"):
        results(post("k", *MOVE, require={"a": {"often": 1}}))
    with pytest.raises(AssertionError, match=r"the step post has \['colour'\]"):
        results(post("k", *MOVE, colour="red"))
    with pytest.raises(AssertionError, match=r"no handler for the steps \['dance'\]"):
        results({"do": "dance"})
    with pytest.raises(AssertionError, match=r"wallet c has \['colour'\]"):
        results(c={"colour": "red"})


def test_a_reversal_of_nothing_is_refused_in_the_order_of_the_checks() -> None:
    """Its key and its time come before what is not there."""
    assert ["ok", no("key_reused"), "ok", no("period_closed"), no("journal_not_found")] == results(
        post("k", *MOVE),
        {"do": "reverse", "key": "k", "journal": "ghost"},
        {"do": "lock_before", "at": 50},
        {"do": "reverse", "key": "2", "journal": "ghost", "eff": 49},
        {"do": "reverse", "key": "3", "journal": "ghost"},
    )


def test_forcing_passes_a_floor() -> None:
    """For a posting as for a reversal."""
    assert [no("insufficient_funds"), "ok", "ok", no("insufficient_funds"), "ok"] == results(
        post("1", ["c", -5], ["b", 5]),
        post("2", ["c", -5], ["b", 5], force=True),
        post("3", ["a", -5], ["c", 5]),
        {"do": "reverse", "key": "4", "journal": "3"},
        {"do": "reverse", "key": "5", "journal": "3", "force": True},
        c=NO_DEBT,
    )


def test_a_batch_that_is_not_atomic_goes_on() -> None:
    """Each member has a result of its own."""
    batch = {
        "do": "batch",
        "atomic": False,
        "steps": [post("1", *MOVE), post("2", ["c", -5], ["b", 5]), post("3", *MOVE)],
    }

    assert [["ok", no("insufficient_funds"), "ok"]] == results(batch, c=NO_DEBT)


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (post("2", ["a", -5], ["b", 4]), "unbalanced"),
        (post("2", ["a", -5], ["nope", 5]), "unknown_wallet"),
        ({"do": "reverse", "key": "2", "journal": "ghost"}, "journal_not_found"),
    ],
)
def test_an_atomic_batch_names_the_offender(bad: dict[str, Any], code: str) -> None:
    """The others say that the batch failed, and nothing is left of them."""
    batch = {"do": "batch", "atomic": True, "steps": [post("1", *MOVE), bad, post("3", *MOVE)]}
    check = {"do": "check", "balances": {"b": {"posted": 0}}}

    assert [[no("batch_failed"), no(code), no("batch_failed")], "ok"] == results(batch, check)


def test_a_batch_may_reverse_what_it_posts() -> None:
    """In the order of its members."""
    steps = [post("1", *MOVE), {"do": "reverse", "key": "2", "journal": "1"}]

    assert [["ok", "ok"]] == results({"do": "batch", "atomic": True, "steps": steps})


def test_the_clock() -> None:
    """What counts in the future is refused until its time has come."""
    assert ["ok", "ok", no("effective_in_future"), "ok", "ok"] == results(
        post("1", *MOVE, eff=50),
        {"do": "advance_to", "at": 100},
        post("2", *MOVE, eff=101),
        {"do": "tick", "seconds": 1},
        post("3", *MOVE, eff=101),
    )


def test_the_lock() -> None:
    """Before it nothing is posted any more, from it on everything is."""
    assert ["ok", no("period_closed"), "ok", "ok"] == results(
        {"do": "lock_before", "at": 100},
        post("1", *MOVE, eff=99),
        post("2", *MOVE, eff=100),
        post("3", *MOVE),
    )


def test_wallets_change() -> None:
    """Frozen, open again, closed."""

    def set_to(status: str) -> dict[str, Any]:
        return {"do": "set_wallet", "wallet": "b", "status": status}

    assert ["ok", no("wallet_frozen"), "ok", "ok", "ok", no("wallet_closed")] == results(
        set_to("frozen"),
        post("1", *MOVE),
        set_to("open"),
        post("2", *MOVE),
        set_to("closed"),
        post("3", *MOVE),
    )
    assert [no("wallet_frozen")] == results(post("1", *MOVE), a={**FREE, "status": "frozen"})


def test_reads() -> None:
    """Sums, running balances in effective order, both sides, and balances as of a time."""
    assert ["ok", "ok", 0, [2, 7], 7, 2, {"USD": [7, 7]}] == results(
        post("1", *MOVE, eff=20),
        post("2", ["a", -2], ["b", 2], eff=10),
        {"do": "sum", "wallets": ["a", "b"]},
        {"do": "running", "wallet": "b"},
        {"do": "balance", "wallet": "b"},
        {"do": "balance", "wallet": "b", "effective_at": 19},
        {"do": "trial"},
    )


def test_openings_come_before_everything() -> None:
    """They count for a balance at any time, and are no line of the story."""
    given = {**FREE, "posted": 100}
    told = tell(
        {
            **story(
                post("1", *MOVE, eff=20),
                {"do": "running", "wallet": "a"},
                {"do": "balance", "wallet": "a", "effective_at": 0},
                a=given,
            ),
            "expect": {
                "results": ["ok", [95], 100],
                "balances": {"a": {"posted": 95}},
                "journals": ["1"],
            },
        }
    )

    assert (["ok", [95], 100], ["1"], ()) == (
        told["results"],
        told["journals"],
        told["broken laws"],
    )
    assert {"a": {"posted": 95}} == told["balances"]


def test_openings_that_balance_are_both_sides_of_a_trial() -> None:
    """What stands against them does not count beside them; where they do not balance, it does."""
    given = {"a": {**FREE, "posted": -100}, "b": {**FREE, "posted": 100}}
    trial = {"do": "trial"}

    assert [{"USD": [100, 100]}, "ok", {"USD": [105, 105]}] == results(
        trial, post("1", *MOVE), trial, **given
    )
    assert [{"USD": [100, 100]}] == results(trial, a={**FREE, "posted": -100})


def test_openings_may_be_as_large_as_they_go() -> None:
    """What stands against them does not overflow for it."""
    most = {**FREE, "posted": 2**63 - 1}

    assert [no("overflow"), no("overflow"), "ok"] == results(
        post("1", *MOVE),
        post("2", ["a", -(2**70)], ["c", 2**70]),
        post("3", ["b", -5], ["c", 5]),
        b=most,
        a=most,
        c=FREE,
    )


def test_currencies_and_names_that_are_none_here() -> None:
    """A currency called A and a wallet called `my wallet` are somebody's."""
    wallets = {"my wallet": {**FREE, "cur": "A"}, "b": {**FREE, "cur": "A"}}

    assert ["ok", {"A": [5, 5]}, no("currency_mismatch"), no("unknown_currency")] == results(
        post("1", ["my wallet", -5, "A"], ["b", 5]),
        {"do": "trial"},
        post("2", ["my wallet", -5, "USD"], ["b", 5, "USD"]),
        post("3", ["my wallet", -5, "ZZ"], ["b", 5, "ZZ"]),
        **wallets,
    )


def test_shares() -> None:
    """The rule is the first one's unless the step says otherwise."""
    assert [[200, 100], [150, 50], [0, 20], [5, 3, 7]] == results(
        {"do": "split_repay", "credit": 300, "used": 200},
        {"do": "split_overdraft", "available": 150, "debit": 200},
        {"do": "split_repay", "credit": 20, "used": 0},
        {"do": "allocate", "total": 15, "weights": ["1/3", "1/5", "rest"]},
    )
    assert [[14, 1], [33, 33, 34]] == results(
        {"do": "allocate", "total": 15, "weights": ["87.5%", "12.5%"]},
        {"do": "allocate", "total": 100, "weights": [333, 333, 334], "rule": "LARGEST_REMAINDER"},
    )


def test_what_is_recommended_replaces_what_the_source_does() -> None:
    """Where it has results."""
    case = {**story(post("1", *MOVE)), "expect": {"results": ["no"], "journals": []}}

    assert {"results": ["no"], "journals": [], "broken laws": ()} == expectation(case)
    assert {"results": ["ok"], "broken laws": ()} == expectation(
        {**case, "recommended": {"results": ["ok"]}}
    )
    assert "no" == expectation({**case, "recommended": {"note": "?"}})["results"][0]


def test_a_wrong_balance_is_told() -> None:
    """With what was expected and what was found."""
    wrong = {"do": "check", "balances": {"b": {"posted": 6, "held_out": 0}}}

    assert ["ok", {"b.posted": {"expected": 6, "found": 5}}] == results(post("1", *MOVE), wrong)


# ---- billing ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("capability", "inputs", "expected"),
    [
        (
            "cycle.quarterly",
            {"start": "2026-01-31", "period": "quarterly", "n": "1"},
            {"date": "2026-04-30"},
        ),
        (
            "cycle.anniversary",
            {"subscription_at": "2026-01-31", "billing_at": "2026-02-28", "mode": "in_advance"},
            {"from": "2026-02-28T00:00:00Z", "to": "2026-03-30T23:59:59Z"},
        ),
        (
            "cycle.calendar",
            {
                "billing_time": "calendar",
                "subscription_at": "2026-02-02",
                "billing_at": "2026-03-01T00:30:00+01:00",
                "timezone": "Europe/Madrid",
            },
            {"from": "2026-02-01T23:00:00Z", "to": "2026-02-28T22:59:59Z"},
        ),
        (
            "cycle.calendar",
            {
                "billing_time": "calendar",
                "subscription_at": "2022-01-05",
                "billing_at": "2022-01-17",
                "plan_interval": "weekly",
            },
            {"from": "2022-01-10T00:00:00Z", "to": "2022-01-16T23:59:59Z"},
        ),
        (
            "credit_note.cap",
            {"invoice_paid": "100.00", "refunded": "0.00", "requested": "100.01"},
            {"error": "exceeds 100.00"},
        ),
        (
            "time.day_count",
            {"from": "2026-03-28T23:30", "to": "2026-03-30T00:30", "zone": "Europe/Madrid"},
            {"days": "2"},
        ),
        (
            "rounding.line",
            {"quantity": "3", "unit_price": "0.3335"},
            {"KWD": "1.001", "USD": "1.00"},
        ),
        (
            "tax.rounding",
            {"taxable": "1.005", "percent": "10", "currency": "KWD"},
            {"tax": "0.101"},
        ),
        (
            "tax.multiple",
            {"taxable": "50.00", "percents": ["5", "9.975"]},
            {"taxes": ["2.50", "4.99"], "total": "7.49"},
        ),
        (
            "tax.breakdown",
            {"lines": [["10.00", "7"], ["5.00", "19"]]},
            {"net": "15.00", "tax": "1.65", "total": "16.65", "groups": "2"},
        ),
        (
            "tax.inclusive_rounding",
            {"gross_cents": "11900", "percent": "19"},
            {"net_cents": "10000", "tax_cents": "1900"},
        ),
        (
            "tax.credit_note_rounding",
            {
                "monthly_cents": "20000",
                "unused_days": "29",
                "period_days": "30",
                "tax_percent": "25",
            },
            {"net_cents": "19333", "tax_cents": "4833", "total_cents": "24166"},
        ),
        (
            "tax.coupon_allocation",
            {"lines": [["a", "60.00", "20"], ["b", "40.00", "0"]], "percent_coupon": "10"},
            {"line_coupons": ["6.00", "4.00"], "net": "90.00", "total": "100.80"},
        ),
        (
            "discount.coupon",
            {"subtotal": "80.00", "coupons": ["fixed 5.50", "50%"]},
            {"discount": "45.50"},
        ),
        (
            "preview.amount_due",
            {"invoice_total": "-20.00", "customer_credit": "5.00"},
            {"amount_due": "0.00", "to_customer_credit": "20.00", "credit_left": "25.00"},
        ),
        ("credit_note.type", {"payment_status": "paid"}, {"type": "refund"}),
        (
            "credit_note.validation",
            {"invoice": "finalized, unpaid", "credit_note": "credit to balance"},
            {"error": "rejected"},
        ),
        (
            "credit_note.validation",
            {"invoice": "paid", "credit_note": "refund"},
            {"credit_note": "accepted"},
        ),
        ("invoice.void", {"invoice_state": "committed"}, {"status": "void"}),
        ("invoice.void", {"invoice_state": "draft", "payments_total": "0"}, {"status": "void"}),
        (
            "refund.with_adjustment",
            {
                "invoice_total": "100.00",
                "paid": "100.00",
                "refund": "30.00",
                "adjust_items": "true",
            },
            {"item_adjustment": "-30.00", "invoice_balance": "0.00"},
        ),
        ("invoice.numbering", {"allocations_before_rollback": "2"}, {"next_number": "INV-A-1"}),
        ("invoice.numbering", {"already_issued": "9"}, {"numbers": ["B-11-010", "B-11-011"]}),
    ],
)
def test_questions_of_the_same_shape(capability: str, inputs: Any, expected: Any) -> None:
    """Other figures, zones and currencies than those of the cases."""
    assert expected == answer(capability, inputs, expected)


@pytest.mark.parametrize("capability", ["time.travel", "rounding.up", "payout.fee", "invoice.art"])
def test_what_is_done_and_has_no_handler_fails(capability: str) -> None:
    """It is not skipped as something that comes later."""
    case = Case("x", BILLING, capability, {})

    assert (None, None) == (case.later, case.differs)
    with pytest.raises(AssertionError, match=f"there is no handler for {capability}"):
        answer(capability, {}, {})
    with pytest.raises(AssertionError, match=r"no answer for \['colour'\] of cycle.calendar"):
        answer("cycle.calendar", {}, {"colour": "red"})


# ---- holds -----------------------------------------------------------------------------------
def hold(key: str, *legs: list[Any], **more: Any) -> dict[str, Any]:
    """Return a step that reserves *legs*, or 100 from a to b."""
    return {"do": "hold", "key": key, "legs": list(legs or (["a", -100], ["b", 100])), **more}


def capture(key: str, amount: Any = "all", **more: Any) -> dict[str, Any]:
    """Return a step that captures the hold h."""
    return {"do": "capture", "key": key, "hold": "h", "amount": amount, **more}


def release(key: str, name: str = "h") -> dict[str, Any]:
    """Return a step that releases a hold."""
    return {"do": "release", "key": key, "hold": name}


def held(wallet: str, posted: int, out: int = 0, into: int = 0) -> dict[str, Any]:
    """Return a step that checks a balance."""
    return {
        "do": "check",
        "balances": {wallet: {"posted": posted, "held_out": out, "held_in": into}},
    }


def test_a_part_is_captured_and_the_rest_given_back() -> None:
    """Also of a hold that may be captured again, unless the capture keeps the rest."""
    for multi in ({}, {"multi": True}):
        assert ["ok", "ok", "ok", "ok", no("hold_captured" if not multi else "hold_released")] == (
            results(
                hold("h", **multi), capture("1", 40), held("a", -40), held("b", 40), capture("2")
            )
        )
    keep = {"release_rest": False}
    assert ["ok", "ok", "ok", "replay", "ok", no("hold_captured"), no("hold_captured")] == results(
        hold("h", multi=True),
        capture("1", 40, **keep),
        held("b", 40, into=60),
        capture("1", 40, **keep),
        capture("2"),
        capture("3", 1),
        release("4"),
    )


def test_what_is_held_is_not_spent() -> None:
    """By a posting or by another hold, and released or expired it is free again."""
    assert [
        *("ok", no("insufficient_funds"), no("insufficient_funds"), "ok", "ok", "ok"),
        *(no("hold_released"), no("hold_released"), "ok", "ok", no("hold_expired")),
    ] == results(
        hold("h", ["p", -80], ["b", 80]),
        post("1", ["p", -30], ["b", 30]),
        hold("2", ["p", -30], ["b", 30]),
        release("3"),
        held("p", 100),
        hold("4", ["p", -100], ["b", 100], ttl=5),
        capture("5"),
        release("6"),
        {"do": "tick", "seconds": 5},
        post("7", ["p", -30], ["b", 30]),
        release("8", "4"),
        p={**NO_DEBT, "posted": 100},
    )


def test_holds_in_a_batch() -> None:
    """Members of an atomic batch may place a hold and capture it."""
    steps = [hold("h"), capture("1", 60), post("2", *MOVE)]

    assert [["ok", "ok", "ok"], "ok"] == results(
        {"do": "batch", "atomic": True, "steps": steps}, held("a", -65)
    )
    assert [[no("batch_failed"), no("hold_not_found")], "ok"] == results(
        {"do": "batch", "atomic": True, "steps": [hold("x"), capture("1")]}, held("a", 0)
    )


def test_a_hold_that_was_never_placed() -> None:
    """Its key and its time are looked at before."""
    assert [no("hold_not_found"), no("hold_not_found"), "ok", no("key_reused")] == results(
        capture("1"), release("2"), post("k", *MOVE), capture("k", 5)
    )


# ---- reading and reporting -------------------------------------------------------------------
def test_why_a_case_is_not_run() -> None:
    """Because we settle it otherwise, or because it comes later, in plain words."""
    held = Case("x", LEDGER, "holds", {"when": [{"do": "hold"}]})
    ladder = Case("x", BILLING, "dunning.anything", {"stance": "flat_at_zero"})
    silent = Case("y", BILLING, "cycle.x", {"stance": "differs", "notes": ""})
    greedy = Case("x", BILLING, "cycle.x", {"stance": "differs", "notes": "Greedy."})

    assert (None, None) == (held.later, held.differs)
    assert ("dunning", None) == (ladder.later, ladder.differs)
    assert (None, "differs: Greedy.") == (greedy.later, greedy.differs)
    assert "differs: settled otherwise in the specification" == silent.differs


def test_our_cases_are_all_read() -> None:
    """47 stories and 170 questions."""
    suites = [case.suite for case in read_cases(CASES)]

    assert (47, 170) == (suites.count(LEDGER), suites.count(BILLING))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{}", "must hold a list of cases"),
        ("[5]", "something that is no case: 5"),
        ('[{"id": "x"}]', "something that is no case"),
        ("[]", "there are no cases under"),
    ],
)
def test_files_that_hold_no_cases(tmp_path: Path, text: str, says: str) -> None:
    """They are an error, since a case that is not read is not run."""
    (tmp_path / "x.json").write_text(text, "utf-8")

    with pytest.raises(ValueError, match=says):
        read_cases(tmp_path)


def test_a_folder_of_cases_is_run_and_reported(tmp_path: Path) -> None:
    """One test for each case, also of one name; the report counts what ran by capability."""
    good = {**story(post("1", *MOVE)), "expect": {"results": ["ok"]}}
    wrong = {**good, "expect": {"results": ["replay"]}}
    later = {"id": "L", "capability": "dunning.x"}
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "cases.json").write_text(json.dumps([good, wrong]), "utf-8")
    other = {"id": "D", "capability": "cycle.x", "stance": "differs", "notes": "Greedy."}
    (tmp_path / "more.json").write_text(json.dumps({"cases": [other, later]}), "utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "tests/conformance/test_cases.py", "-q"),
            *("-p", "no:cacheprovider", "--cases", str(tmp_path)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert 1 == done.returncode, done.stdout + done.stderr
    for line in (
        "FAILED tests/conformance/test_cases.py::test_case[X#2]",
        "billing: cycle.x: 0 of 1 ran; 1 settled otherwise",
        "billing: dunning.x: 0 of 1 ran; 1 not yet covered",
        "ledger: x: 2 of 2 ran, 1 failed",
        "all: 2 of 4 ran, 1 failed; 1 not yet covered; 1 settled otherwise",
        "not yet covered: dunning.x, comes with dunning",
        "differs: Greedy.",
    ):
        assert line in done.stdout
