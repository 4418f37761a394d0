"""Every error we raise on purpose has a code of its own, and words at every edge it can come out of."""

import ast
import re
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import bot
import handlers
import knowledge
import storage
from bot.commands import create_official
from handlers.desk import faults, words
from knowledge.errors import QingfengError

ROOT = Path(__file__).parents[2]
#: Raised and dealt with inside one edge; nobody reads them.
WITHIN = {
    "sign_in_needed",  # the desk leads to the sign-in page
    "official_unreachable",  # the delivery worker marks the row
    "notice_token_rejected",
    "notice_delayed",
    "bad_row",  # the import command prints the line of the table
    "law_texts_refused",  # the import command prints each text's fault
    "update_failed",  # the chat has apologised; the channel takes the update for handled
}
#: They end a start or a command, which prints them as one line: they say themselves what to do.
LINES = {"unsafe_database", "key_file_problem", "content_error", "law_text_refused", "unopened", "still_sealed"}


def errors() -> dict[str, type[QingfengError]]:
    """Every error class by its code, after importing every module there is."""
    for package in (bot, handlers, knowledge, storage):
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(("__main__", ".env")) and ".versions" not in module.name:
                import_module(module.name)
    found, edge = {QingfengError}, {QingfengError}
    while edge:
        edge = {child for parent in edge for child in parent.__subclasses__()} - found
        found |= edge
    # A slotted dataclass is made twice; the first one lingers until it is collected, and is nobody's.
    ours = {
        error for error in found if _is_ours(error) and getattr(sys.modules[error.__module__], error.__name__) is error
    }
    codes = [error.code for error in ours]
    assert sorted(codes) == sorted(set(codes)), "two errors share a code"
    return {error.code: error for error in ours}


def _is_ours(error: type) -> bool:
    return error.__module__.partition(".")[0] in ("bot", "handlers", "knowledge", "storage")


ERRORS = errors()


def bad_inputs(*files: str) -> set[tuple[str, str]]:
    """The (field, fault) pairs a module can raise, where both are written out."""
    found: set[tuple[str, str]] = set()
    for file in files:
        for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "BadInput":
                field, fault = node.args
                faults_said = [one.value for one in ast.walk(fault) if isinstance(one, ast.Constant)]
                if isinstance(field, ast.Constant):
                    found |= {(field.value, str(one)) for one in faults_said}
            if isinstance(node, ast.Tuple) and node.elts and isinstance(node.elts[-1], ast.Lambda):
                field, fault = node.elts[:2]
                found.add((ast.literal_eval(field), ast.literal_eval(fault)))
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("_text", "worded"):
                field = node.args[0]
                found |= {(ast.literal_eval(field), "too_short"), (ast.literal_eval(field), "too_long")}
    return found


def test_every_error_has_a_code_in_small_letters_that_is_its_own_name() -> None:
    assert len(ERRORS) > 15
    for code, error in ERRORS.items():
        spelled = re.sub(r"(?<!^)(?=[A-Z])", "_", error.__name__).lower()
        assert code == spelled or error is QingfengError, error


def test_the_desk_has_words_for_every_error_that_can_reach_it() -> None:
    assert {code for code in ERRORS if code not in words.ERRORS} - WITHIN - LINES == set()
    assert set(ERRORS) >= WITHIN | LINES


def test_every_error_the_desk_answers_with_a_status_is_one_it_has_words_for() -> None:
    assert set(faults.STATUS) <= set(words.ERRORS)
    assert set(faults.STATUS) <= set(ERRORS)


def test_errors_that_end_a_command_say_what_to_do() -> None:
    for code in LINES:
        assert "cure" in ERRORS[code].__dataclass_fields__, code
        assert ERRORS[code].__str__ is not QingfengError.__str__, code


def test_every_field_and_fault_of_a_form_has_words_at_the_desk() -> None:
    services = [str(path.relative_to(ROOT)) for path in (ROOT / "handlers" / "services").glob("*.py")]
    raised = bad_inputs(*services)
    assert len(raised) > 10
    assert raised - set(words.FAULTS) == set()


def test_every_fault_of_a_new_seat_has_words_on_the_command_line() -> None:
    raised = bad_inputs("handlers/services/access.py", "handlers/services/passwords.py")
    assert len(raised) >= 5
    assert raised == set(create_official._FAULTS)


def test_every_rule_of_the_database_has_words_at_the_desk() -> None:
    spoken = {
        rule
        for path in (ROOT / "storage" / "migrations" / "enforcement").glob("*.sql")
        for rule in re.findall(r"qf:([a-z_]+)", path.read_text(encoding="utf-8"))
    }
    assert len(spoken) > 12
    assert spoken - set(words.RULES) == set()
