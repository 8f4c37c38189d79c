"""Links of the pages lead somewhere, their commands parse, and they use one name for each thing."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from eval import commands as laboratory
from promptcodec import __version__
from promptcodec.cli import group

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), ROOT / "training" / "README.md", *DOCS.rglob("*.md")])
# The format's own text and the record of changes keep their words; the glossary says what others call things.
NAMED_OTHERWISE = {DOCS / "format.md", DOCS / "glossary.md", DOCS / "decisions" / "0010-the-rebuilt-house.md"}


def page_id(path):
    return str(path.relative_to(ROOT))


def without_blocks(text):
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def prose(text):
    """Leave out code blocks, code in a line and the tables that a run wrote."""
    text = re.sub(r"<!-- measured -->.*<!-- /measured -->", "", text, flags=re.DOTALL)
    return re.sub(r"`[^`\n]+`", "", without_blocks(text))


def anchors(path):
    """Give the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(path):
    """Give the lines of a page's shell blocks and indented blocks."""
    text = path.read_text("utf-8")
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    lines = [line for kind, block in blocks if kind == "sh" for line in block.splitlines()]
    return lines + re.findall(r"^    (\S.*)$", without_blocks(text), re.MULTILINE)


def mentions(path, program):
    """Give what is said of a program in lines of text: ``promptcodec recipe show``."""
    return re.findall(rf"`{program} ([^`]+)`", path.read_text("utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if re.match(r"\w+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


def test_every_page_is_in_the_index():
    linked = set(re.findall(r"\]\(([^)#\s]+)", (DOCS / "README.md").read_text("utf-8")))
    pages = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")} - {"README.md"}
    assert {page for page in pages if not page.startswith("decisions/")} <= linked


def test_files_that_the_architecture_names_are_there():
    for section in re.split(r"^###? ", (DOCS / "architecture.md").read_text("utf-8"), flags=re.MULTILINE):
        folder = re.match(r"`(\w+)/`", section)
        for name in re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE):
            for file in re.findall(r"`([^`*]+)`", name):
                assert (ROOT / "promptcodec" / (folder[1] if folder else "") / file).exists(), file


def test_files_that_contributing_names_are_there():
    table = (
        (ROOT / "CONTRIBUTING.md").read_text("utf-8").split("## Where a change goes")[1].split("## Habits")[0]
    )
    names = re.findall(r"`([\w./-]+(?:\.(?:py|md|toml|jsonl)|/))`", table)
    assert names
    for name in names:
        assert (ROOT / name).exists() or (ROOT / "promptcodec" / name).exists(), name


@pytest.mark.parametrize("folder", ["promptcodec", "eval", "training", "tests"])
def test_pages_that_code_names_are_there(folder):
    for file in (ROOT / folder).rglob("*.py"):
        for name in re.findall(r"docs/[\w/-]+\.\w+", file.read_text("utf-8")):
            assert (ROOT / name).exists(), f"{file}: {name}"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_files_that_pages_name_are_there(page):
    for name in re.findall(
        r"`((?:promptcodec|eval|training|tests|prompts|docs)/[\w./*-]+)`", page.read_text("utf-8")
    ):
        assert any(ROOT.glob(name.rstrip("/"))), name


def resolve(words):
    """Give the command that a line names, its name, and the words behind it."""
    command, name = group, "promptcodec"
    while isinstance(command, click.Group) and words:
        name, *words = words
        command = command.get_command(click.Context(group), name)
        assert command is not None, name
    return command, name, words


def parse(words):
    """Let click parse a command line without running it."""
    command, name, words = resolve(words)
    # As it is called: click keeps the names of a command's help option from the first context it sees.
    command.make_context(name, words, parent=click.Context(group, **group.context_settings))


def split(line):
    """Split a shell line at pipes, && and redirections, and leave out comments."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words, redirected = [], False
    for word in lexer:
        if word in ("|", "&&"):
            yield words
            words = []
        elif word == ">":
            redirected = True
        elif redirected:
            redirected = False
        else:
            words.append(word)
    yield words


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_promptcodec_commands_parse(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for line in commands(page):
        for words in split(line):
            if words and Path(words[0]).name == "promptcodec":
                for word in words:
                    if re.fullmatch(r"[\w-]+\.\w+", word):  # options may ask for a file that is there
                        Path(word).touch()
                parse(words[1:])
    for mention in mentions(page, "promptcodec"):
        words = mention.split()
        if not words[0].isupper():  # COMMAND
            resolve([word for word in words[:2] if re.fullmatch("[a-z-]+", word)])


def test_wrong_commands_do_not_parse():
    with pytest.raises(click.NoSuchOption):
        parse(["encode", "photo.jpg", "--size", "3"])
    with pytest.raises(click.BadParameter):
        parse(["encode", "photo.jpg", "--budget", "many"])


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_modules_that_are_run_are_there(page):
    for line in [*commands(page), *(f"python {rest}" for rest in mentions(page, "python"))]:
        for module in re.findall(r"python -m ((?:eval|training|tests|promptcodec)[\w.]*)", line):
            path = ROOT.joinpath(*module.split("."))
            assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), line
        for name in re.findall(r"python -m eval ([a-z-]+)", line):
            assert name in laboratory.COMMANDS, line


@pytest.mark.parametrize("page", [page for page in PAGES if page not in NAMED_OTHERWISE], ids=page_id)
def test_pages_use_one_name_for_each_thing(page):
    retired = re.findall(r"colou?r maps?|thumbnails?|ultra-low-resolution", prose(page.read_text("utf-8")))
    assert not retired


def test_the_citation_is_of_this_version():
    text = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\nversion: {__version__}\n" in text
