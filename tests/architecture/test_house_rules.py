"""Rules of the house that no linter knows: read from the source, or from the classes themselves."""

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest
from aiogram.filters import Filter

import bot
import handlers
import knowledge
import storage

ROOT = Path(__file__).parents[2]
PACKAGES = (bot, handlers, knowledge, storage)
MUTABLE = (ast.Dict, ast.List, ast.Set, ast.DictComp, ast.ListComp, ast.SetComp)
MUTABLE_CALLS = {
    "dict",
    "list",
    "set",
    "defaultdict",
    "deque",
    "Counter",
    "OrderedDict",
    "WeakValueDictionary",
    "WeakSet",
}
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}


def sources(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def strings(tree: ast.Module) -> Iterator[ast.Constant]:
    """The texts in a module, docstrings left out."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node


def is_mutable(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Call):
        return getattr(value.func, "id", getattr(value.func, "attr", "")) in MUTABLE_CALLS
    return isinstance(value, MUTABLE)


def mutable_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Module-level names that hold something that can change, unless they are marked Final or exported names."""
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and is_mutable(node.value) and "Final" not in ast.unparse(node.annotation):
            yield node.lineno, ast.unparse(node.target)
        if isinstance(node, ast.Assign) and is_mutable(node.value):
            names = [ast.unparse(target) for target in node.targets]
            if names != ["__all__"]:
                yield node.lineno, ", ".join(names)


def test_no_module_of_the_edges_keeps_state_of_its_own() -> None:
    found = [f"{path}:{line} {name}" for path, tree in sources("handlers", "bot") for line, name in mutable_names(tree)]
    assert found == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("seen = {}", ["seen"]),
        ("seen: dict[int, str] = {}", ["seen"]),
        ("seen = defaultdict(list)", ["seen"]),
        ("seen = collections.deque()", ["seen"]),
        ("NAMES: Final = {1: 2}", []),
        ("NAMES: Final[dict[int, int]] = {}", []),
        ("__all__ = ['a']", []),
        ("NAMES = frozenset({1})", []),
        ("def f():\n    seen = {}", []),
    ],
)
def test_the_search_above_finds_what_it_looks_for(code: str, found: list[str]) -> None:
    assert [name for _, name in mutable_names(ast.parse(code))] == found


CHANGES = {"append", "add", "update", "setdefault", "pop", "popitem", "extend", "insert", "remove", "discard", "clear"}


def changed_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Module-level tables that something in the module writes to, marked Final or not, and names declared global."""
    tables = {
        ast.unparse(target)
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and is_mutable(node.value)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield node.lineno, ", ".join(node.names)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGES:
            name = ast.unparse(node.func.value)
            if name in tables:
                yield node.lineno, name
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            name = ast.unparse(node.value)
            if name in tables:
                yield node.lineno, name


def test_no_table_of_a_module_of_the_edges_is_ever_written_to() -> None:
    """N17: what one person's message leaves in a module, the next person's finds there."""
    found = [f"{path}:{line} {name}" for path, tree in sources("handlers", "bot") for line, name in changed_names(tree)]
    assert found == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("SEEN: Final = {}\ndef f(k):\n    SEEN[k] = 1", ["SEEN"]),
        ("SEEN: Final = {}\ndef f(k):\n    del SEEN[k]", ["SEEN"]),
        ("SEEN: Final = []\ndef f(k):\n    SEEN.append(k)", ["SEEN"]),
        ("last = 0\ndef f(k):\n    global last\n    last = k", ["last"]),
        ("NAMES: Final = {1: 2}\ndef f(k):\n    return NAMES[k]", []),
        ("def f(k):\n    seen = {}\n    seen[k] = 1", []),
    ],
)
def test_the_search_for_writing_finds_what_it_looks_for(code: str, found: list[str]) -> None:
    assert [name for _, name in changed_names(ast.parse(code))] == found


def test_only_one_place_reads_the_machines_clock() -> None:
    found = {
        path
        for path, tree in sources("bot", "handlers", "knowledge", "storage")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (ast.unparse(node.func.value).rpartition(".")[2], node.func.attr) in CLOCKS
    }
    assert found == {"bot/clock.py"}


def test_no_statement_replaces_a_row() -> None:
    replacing = re.compile(r"\bOR\s+REPLACE\b(?!\s+FUNCTION)|\bREPLACE\s+INTO\b", re.IGNORECASE)
    found = [
        f"{path}:{text.lineno}"
        for path, tree in sources("storage", "handlers", "bot")
        for text in strings(tree)
        if replacing.search(str(text.value))
    ]
    for path in (ROOT / "storage").rglob("*.sql"):
        statements = re.sub(r"--[^\n]*", "", path.read_text(encoding="utf-8"))
        found += [str(path)] if replacing.search(statements) else []
    assert found == []


def test_nothing_but_the_unit_of_work_and_what_it_is_made_of_commits() -> None:
    may = {"storage/unit_of_work.py", "storage/appender.py"}
    found = {
        path
        for path, tree in sources("storage", "handlers")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "commit"
        and not re.fullmatch(r"(self\.)?_?uow|one|unit", ast.unparse(node.func.value))
    }
    assert found == may


def test_every_public_function_of_the_services_says_what_it_does() -> None:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    found = [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in sources("handlers/services")
        for node in ast.walk(tree)
        if isinstance(node, kinds) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert found == []
    assert sum(isinstance(node, kinds) for _, tree in sources("handlers/services") for node in ast.walk(tree)) > 50


def test_no_filter_runs_in_a_thread() -> None:
    """aiogram runs a synchronous filter in a thread, and every `F.x` is one."""
    filters = {
        value
        for module in modules_of("handlers.chat")
        for value in vars(import_module(module)).values()
        if isinstance(value, type) and issubclass(value, Filter) and value.__module__.startswith("handlers.")
    }
    assert filters
    assert [one.__name__ for one in filters if not inspect.iscoroutinefunction(one.__call__)] == []


def test_nobody_uses_the_magic_filter() -> None:
    found = [
        f"{path}:{node.lineno}"
        for path, tree in sources("handlers", "bot")
        for node in ast.walk(tree)
        if (isinstance(node, ast.ImportFrom) and {"F", "MagicFilter"} & {name.name for name in node.names})
        or (isinstance(node, ast.Attribute) and ast.unparse(node.value) == "F")
    ]
    assert found == []


def modules_of(prefix: str) -> list[str]:
    return [
        module.name
        for package in PACKAGES
        for module in walk_packages(package.__path__, f"{package.__name__}.")
        if module.name.startswith(prefix)
        and ".migrations.versions" not in module.name
        and not module.name.endswith(("__main__", ".env"))
    ]
