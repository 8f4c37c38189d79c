"""Names say what a value is, and the library sends nobody to an option of the command line."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from promptcodec.cli import group as root

REPOSITORY = Path(__file__).parent.parent
VAGUE = {"said", "made", "told", "found"}
FROZEN = REPOSITORY / "tests" / "reference"
# Command lines of others: what InvokeAI's pictures hold, and those of the servers for tests.
OTHERS = ("recipe/readers/invokeai.py", "promptcodec/testing/")


def modules(*folders: str) -> list[Path]:
    files = (file for folder in folders for file in sorted((REPOSITORY / folder).rglob("*.py")))
    return [file for file in files if FROZEN not in file.parents]


def names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every name that the code chooses, and its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Attribute):
            yield node.attr, node.lineno
        elif isinstance(node, ast.alias) and node.asname:
            yield node.asname, node.lineno


def vague_names(code: str) -> list[tuple[str, int]]:
    if not VAGUE & set(re.split(r"[\W_]+", code.lower())):
        return []  # without parsing it
    return [(name, line) for name, line in names(ast.parse(code)) if name.strip("_").lower() in VAGUE]


def options(command: click.Command, context: click.Context) -> set[str]:
    """Every long option of a command and of those below it."""
    own = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    below = command.list_commands(context) if isinstance(command, click.Group) else ()
    return own.union(*(options(command.get_command(context, name), context) for name in below))


def hints(tree: ast.AST) -> Iterator[ast.AST]:
    """Everything inside ``hint=...``, and inside what is given a hint's name first."""
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg="hint") | ast.Assign(targets=[ast.Name(id="hint" | "_HINT")]):
                yield from ast.walk(node)


def flagged_texts(code: str, flags: set[str]) -> list[tuple[str, int]]:
    """Every text that names one of the options, but for hints."""
    if not any(flag in code for flag in flags):
        return []  # without parsing it
    tree = ast.parse(code)
    apart = set(hints(tree))
    return [
        (node.value, node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in apart
        if flags & {word.strip("`'\".,;:()[]") for word in node.value.split()}
    ]


@pytest.mark.parametrize("folder", ["promptcodec", "eval", "training", "tests"])
def test_names_say_what_a_value_is(folder):
    vague = {
        f"{file.relative_to(REPOSITORY)}:{line} {name}"
        for file in modules(folder)
        for name, line in vague_names(file.read_text("utf-8"))
    }
    assert sorted(vague) == []


def test_the_library_names_no_option_of_the_command_line():
    with click.Context(root) as context:
        flags = {name for name in options(root, context) if name.startswith("--")} | {"--help"}
    assert {"--overwrite", "--max-cost", "--recipe-redact", "--ppm"} <= flags
    texts = {
        f"{file.relative_to(REPOSITORY)}:{line} {text}"
        for file in modules("promptcodec")
        for text, line in flagged_texts(file.read_text("utf-8"), flags)
        if "cli" not in file.parts and not any(part in file.as_posix() for part in OTHERS)
    }
    assert sorted(texts) == []


def test_what_these_tests_see():
    code = "def told(made):\n    _found = x.said\n    for said in f(found): pass\n    return {'found': found}"
    assert [name for name, _ in vague_names(code)] == ["told", "made", "_found", "said", "said"]
    assert vague_names("founder = found_at = f('said', pytest_made_up=1)") == []
    messages = 'raise A("use --partial")\nraise A("use it", hint=f"--partial {x}")\n_HINT = "--partial"\n'
    assert flagged_texts(messages, {"--partial"}) == [("use --partial", 1)]
    assert flagged_texts('"""Give ``--partial``."""\nf(f"{a}; (--partial, too)")', {"--partial"}) != []
