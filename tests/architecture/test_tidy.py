"""House rules that a syntax tree can show, each one proven on a snippet that breaks it."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "ledgerkit"

Finding: TypeAlias = tuple[int, str]  # (line, what stands there)
Rule: TypeAlias = Callable[[ast.Module], Iterator[Finding]]
Function = (ast.FunctionDef, ast.AsyncFunctionDef)

LONGEST_FUNCTION = 60
VAGUE = re.compile("_*(common|(helper|manager|service|util)s?|utility|utilities)")
CLOCK = {"now", "today", "utcnow", "fromtimestamp", "localtime", "monotonic", "time_ns"}
UNSAFE_MODULES = {"dill", "marshal", "pickle", "shelve", "yaml"}
UNSAFE_CALLS = {"__import__", "compile", "eval", "exec"}
ARITHMETIC = (ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
ARITHMETIC_CALLS = {"divmod", "pow", "round", "sum"}
# Where a package may be imported; attrs and dateutil are not listed, they may be everywhere.
HOMES = {
    "babel": {"adapters", "documents"},
    "cattrs": {"schema"},
    "cyclopts": {"cli"},
    "rich": {"cli"},
    "hypothesis": {"testing"},
    "pytest": {"testing"},
    "aiosqlite": {"adapters"},
    "alembic": {"adapters"},
    "asyncpg": {"adapters"},
    "django": {"adapters"},
    "duckdb": {"adapters"},
    "narwhals": {"adapters"},
    "obstore": {"adapters"},
    "pikepdf": {"adapters"},
    "psycopg": {"adapters"},
    "sqlalchemy": {"adapters"},
    "sqlite3": {"adapters"},
    "stripe": {"adapters"},
    "typst": {"adapters"},
}


# ---- the rules -------------------------------------------------------------------------------
def clock(tree: ast.Module) -> Iterator[Finding]:
    """Find whatever asks what time it is, or where the machine stands."""
    found: set[Finding] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in CLOCK:
                found.add((node.lineno, name))
            case ast.Attribute(value=owner, attr=name) if name in CLOCK:
                if _last_name(owner) in {"date", "datetime", "time"}:  # not called, but handed on
                    found.add((node.lineno, name))
            case ast.Attribute(value=ast.Name(id="time"), attr="time"):
                found.add((node.lineno, "time.time"))
            case ast.Call(func=ast.Attribute(attr="astimezone"), args=[], keywords=[]):
                found.add((node.lineno, "astimezone() to the machine's zone"))
    yield from sorted(found)


def floats(tree: ast.Module) -> Iterator[Finding]:
    """Find float literals and calls of float()."""
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=float() | complex()):
                yield node.lineno, ast.unparse(node)
            case ast.Call(func=ast.Name(id="float")):
                yield node.lineno, "float()"


def true_division(tree: ast.Module) -> Iterator[Finding]:
    """Find `/`; an exact ratio is Fraction(a, b), which no int can turn into a float."""
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield node.lineno, ast.unparse(node)


def asserts(tree: ast.Module) -> Iterator[Finding]:
    """Find `assert`, which `python -O` drops."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            yield node.lineno, ast.unparse(node)


def arithmetic(tree: ast.Module) -> Iterator[Finding]:
    """Find computing; `+` is free for tuples and text, but not to add a literal number."""
    for node in ast.walk(tree):
        match node:
            case ast.BinOp(op=op) | ast.AugAssign(op=op) if isinstance(op, ARITHMETIC):
                yield node.lineno, ast.unparse(node)
            case (
                ast.BinOp(left=ast.Constant(value=int()), op=ast.Add())
                | ast.BinOp(op=ast.Add(), right=ast.Constant(value=int()))
                | ast.AugAssign(op=ast.Add(), value=ast.Constant(value=int()))
            ):
                yield node.lineno, ast.unparse(node)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                if not isinstance(operand, ast.Constant):
                    yield node.lineno, ast.unparse(node)
            case ast.Call(func=ast.Name(id=name)) if name in ARITHMETIC_CALLS:
                yield node.lineno, f"{name}()"


def unsafe(tree: ast.Module) -> Iterator[Finding]:
    """Find what runs data as code."""
    for line, name in imports(tree):
        if name in UNSAFE_MODULES:
            yield line, f"import {name}"
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in UNSAFE_CALLS:
                yield node.lineno, f"{name}()"


def long_functions(tree: ast.Module) -> Iterator[Finding]:
    """Find functions of more than 60 lines, from `def` to the end."""
    for node in ast.walk(tree):
        if isinstance(node, Function):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                yield node.lineno, f"{node.name} has {length} lines"


def undocumented(tree: ast.Module) -> Iterator[Finding]:
    """Find public modules, classes, functions and methods without a docstring."""
    if ast.get_docstring(tree) is None:
        yield 1, "module"
    yield from _undocumented(tree.body)


def _undocumented(body: list[ast.stmt]) -> Iterator[Finding]:
    for node in body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        # Meta is Django's word for options; an overload or setter has its docstring elsewhere.
        if node.name.startswith("_") or node.name == "Meta":
            continue
        if {_last_name(each) for each in node.decorator_list} & {"overload", "setter"}:
            continue
        if ast.get_docstring(node) is None:
            yield node.lineno, node.name
        if isinstance(node, ast.ClassDef):
            yield from _undocumented(node.body)


def _last_name(node: ast.expr) -> str:
    return ast.unparse(node).rpartition(".")[2]


def imports(tree: ast.Module) -> Iterator[Finding]:
    """Return the top-level packages that are imported."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, name.name.partition(".")[0]) for name in names)
            case ast.ImportFrom(module=str(module)):
                yield node.lineno, module.partition(".")[0]


def strangers(tree: ast.Module, home: str) -> Iterator[Finding]:
    """Find imports of packages that belong to another part of ledgerkit than *home*."""
    for line, name in imports(tree):
        if name in HOMES and home not in HOMES[name]:
            yield line, f"import {name}"


def vague(path: Path) -> list[str]:
    """Return the parts of *path* that name no term of the field."""
    return [part for part in path.with_suffix("").parts if VAGUE.fullmatch(part.lower())]


# ---- where they hold -------------------------------------------------------------------------
def sources(*folders: Path) -> list[Path]:
    """Return every Python file below *folders*, of which some may not exist."""
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def parse(path: Path) -> ast.Module:
    """Return the syntax tree of *path*."""
    return ast.parse(path.read_text("utf-8"), str(path))


def broken(rule: Rule, paths: Iterable[Path]) -> list[str]:
    """Return `file:line what` wherever *paths* break *rule*."""
    return [
        f"{path.relative_to(ROOT)}:{line} {what}"
        for path in paths
        for line, what in rule(parse(path))
    ]


@pytest.mark.parametrize("rule", [clock, floats, true_division, asserts])
def test_domain_is_exact_and_timeless(rule: Rule) -> None:
    """The domain has no clock, no float, no `/` and no assert."""
    paths = sources(PACKAGE / "domain")

    assert paths
    assert [] == broken(rule, paths)


def test_jobs_hold_no_arithmetic() -> None:
    """Jobs read, decide through the domain and commit; they compute nothing."""
    assert [] == broken(arithmetic, sources(PACKAGE / "jobs"))


@pytest.mark.parametrize("rule", [long_functions, undocumented])
def test_code_can_be_read(rule: Rule) -> None:
    """Functions fit on a page, and every public name says what it does."""
    assert [] == broken(rule, sources(PACKAGE))


def test_data_is_never_run() -> None:
    """No pickle, marshal, yaml, eval or exec in what ships or is shown."""
    assert [] == broken(unsafe, sources(PACKAGE, ROOT / "examples"))


def test_packages_stay_at_home() -> None:
    """A package that does one job is imported only where that job is done."""
    found = [
        f"{path.relative_to(ROOT)}:{line} {what}"
        for path in sources(PACKAGE)
        for line, what in strangers(parse(path), path.relative_to(PACKAGE).parts[0].split(".")[0])
    ]

    assert [] == found


def test_modules_are_named_by_terms() -> None:
    """No module is named utils, helpers, common, manager or service."""
    paths = sources(ROOT / "src", ROOT / "tests", ROOT / "examples")
    named = {str(path): vague(path) for path in (path.relative_to(ROOT) for path in paths)}

    assert {} == {path: words for path, words in named.items() if words}


# ---- the reading order -----------------------------------------------------------------------
def contract(id: str) -> dict[str, Any]:
    """Return the import-linter contract *id* from pyproject.toml."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts: list[dict[str, Any]] = config["tool"]["importlinter"]["contracts"]
    return next(each for each in contracts if each["id"] == id)


def enforced() -> list[set[str]]:
    """Return the reading order that import-linter enforces, first to last, a set per rank."""
    layers = reversed(contract("reading-order")["layers"])
    return [{name.strip(" ()") for name in layer.split("|")} for layer in layers]


def told(docstring: str) -> list[set[str]]:
    """Return the reading order of *docstring*: its paragraph of the form `a; b, c; d.`."""
    paragraph = next(part for part in docstring.split("\n\n") if part.count(";") > 1)
    return [{name.strip() for name in rank.split(",")} for rank in paragraph.rstrip(".").split(";")]


def test_every_domain_module_has_its_place() -> None:
    """A domain module that the reading order does not name is lost to its readers."""
    paths = sources(PACKAGE / "domain")
    names = {path.relative_to(PACKAGE / "domain").parts[0].removesuffix(".py") for path in paths}

    assert {"__init__", "errors"} <= names
    assert {"__init__"} == names - set().union(*enforced())


def test_reading_order_is_told_as_it_is_enforced() -> None:
    """The docstring of the domain lists the reading order of the contract."""
    docstring = ast.get_docstring(parse(PACKAGE / "domain" / "__init__.py"))

    assert docstring is not None
    assert enforced() == told(docstring)


# ---- each rule is broken once ----------------------------------------------------------------
BAD: list[tuple[Rule, str]] = [
    (clock, "datetime.now(UTC)"),
    (clock, "date.today()"),
    (clock, "datetime.datetime.utcnow()"),
    (clock, "time.time()"),
    (clock, "now()"),
    (clock, "datetime.fromtimestamp(0)"),
    (clock, "at.astimezone()"),
    (clock, "clock = datetime.now"),
    (floats, "rate = 0.5"),
    (floats, "f(-1e3)"),
    (floats, "float('1')"),
    (true_division, "a / b"),
    (true_division, "a /= b"),
    (asserts, "assert a"),
    (arithmetic, "a - b"),
    (arithmetic, "a * b"),
    (arithmetic, "a / b"),
    (arithmetic, "a // b"),
    (arithmetic, "a % b"),
    (arithmetic, "a -= b"),
    (arithmetic, "a += 1"),
    (arithmetic, "a + 1"),
    (arithmetic, "1 + a"),
    (arithmetic, "-a"),
    (arithmetic, "sum(a)"),
    (arithmetic, "round(a)"),
    (unsafe, "import pickle"),
    (unsafe, "from marshal import loads"),
    (unsafe, "import yaml.loader"),
    (unsafe, "eval(a)"),
    (unsafe, "exec(a)"),
    (long_functions, "def f():\n" + "    a\n" * LONGEST_FUNCTION),
    (long_functions, "async def f():\n" + "    a\n" * LONGEST_FUNCTION),
    (undocumented, "a = 1"),
    (undocumented, '"""M."""\ndef f(): ...'),
    (undocumented, '"""M."""\nclass C: ...'),
    (undocumented, '"""M."""\nclass C:\n    """C."""\n    async def f(self): ...'),
]
GOOD: list[tuple[Rule, str]] = [
    (clock, "at.astimezone(UTC); datetime.combine(on, time()); run.today"),
    (floats, "isinstance(a, float); 1_000; '0.5'"),
    (true_division, "Fraction(a, b) // c"),
    (asserts, "if not a: raise B"),
    (arithmetic, "a + b; 'a' + b; -1; rows += (row,); len(a); math.pi"),
    (unsafe, "import json; re.compile(a); cursor.exec(b)"),
    (long_functions, "def f():\n" + "    a\n" * (LONGEST_FUNCTION - 1)),
    (
        undocumented,
        (
            '"""M."""\ndef _f(): ...\nclass C:\n    """C."""\n    class Meta: ...\n'
            "    def __add__(self): ...\n    @typing.overload\n    def f(self): ...\n"
            "    @f.setter\n    def f(self): ...\nclass _D:\n    def f(self): ..."
        ),
    ),
]


@pytest.mark.parametrize(("rule", "snippet"), BAD)
def test_rule_finds_what_breaks_it(rule: Rule, snippet: str) -> None:
    """Each rule finds each way of breaking it exactly once."""
    assert 1 == len(list(rule(ast.parse(snippet))))


@pytest.mark.parametrize(("rule", "snippet"), GOOD)
def test_rule_lets_the_rest_pass(rule: Rule, snippet: str) -> None:
    """Each rule lets pass what only looks like breaking it."""
    assert [] == list(rule(ast.parse(snippet)))


@pytest.mark.parametrize(
    ("home", "snippet", "expected"),
    [
        ("domain", "import sqlalchemy.orm", 1),
        ("jobs", "def f():\n    from django.db import models", 1),
        ("adapters", "import pytest", 1),
        ("adapters", "import sqlalchemy", 0),
        ("testing", "from hypothesis import given", 0),
        ("domain", "import attrs", 0),
    ],
)
def test_strangers_are_found(home: str, snippet: str, expected: int) -> None:
    """Imports inside functions count, imports at home do not."""
    assert expected == len(list(strangers(ast.parse(snippet), home)))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/ledgerkit/utils.py", ["utils"]),
        ("src/ledgerkit/common/money.py", ["common"]),
        ("tests/_helpers.py", ["_helpers"]),
        ("src/ledgerkit/domain/money.py", []),
    ],
)
def test_vague_names_are_found(path: str, expected: list[str]) -> None:
    """A vague word is found as file, folder or private module."""
    assert expected == vague(Path(path))


def test_reading_order_is_read_from_a_docstring() -> None:
    """Semicolons part the ranks, commas the neighbours, also over lines."""
    assert [{"a"}, {"b", "c"}, {"d"}] == told("Title; not it.\n\na; b, c;\nd.")
