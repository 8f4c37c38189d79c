"""Gives the site its pages: those of ``docs/``, and what they link to outside of it; and its contents.

Links lead to files of the repository, so that pages work where it is read. On the site a page that is linked
to becomes a page, another text a page that shows it, and a module its reference, made from docstrings.
The index, ``docs/README.md``, lists every page once: its tables are the contents.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from posixpath import dirname, join, normpath, relpath
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent.parent
LINK = re.compile(r"(?<=\]\()([^)\s#:]+)(?=[)#])")
FENCED = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)
SECTION = re.compile(r"^## (.+?)$(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
ROW = re.compile(r"^\| \[([^\]]+)\]\(([^)#]+)", re.MULTILINE)
PROJECT = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "NOTICE")
"""What the site has though nothing in ``docs/`` may lead to it."""
TUTORIAL, LIBRARY = "guide/first-steps.md", "reference/library.md"


def on_files(files: Files, config: Any) -> Files:
    """Add what is linked to outside ``docs/``, and what that links to; then set the contents."""
    pages = [file.src_uri for file in files.documentation_pages()]
    waiting = [*PROJECT, *(target for page in pages for target in targets(f"docs/{page}"))]
    outside: dict[str, str] = {}
    while waiting:
        name = waiting.pop(0)
        if name not in outside and not name.startswith("docs/"):
            outside[name] = page_of(name)
            waiting += targets(name)
    for name, page in outside.items():
        files.append(File.generated(config, page, content=content(name)))
    config.nav = contents(pages, list(outside.values()))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Let links of ``docs/`` lead to pages of the site; show no list of pages where a section has one."""
    if page.parent is None:
        page.meta["hide"] = ["navigation"]
    return markdown if page.file.generated_by else led(markdown, f"docs/{page.file.src_uri}")


def contents(pages: list[str], outside: list[str]) -> list[Any]:
    """Give the tree of pages, in the order of the index; what it does not list by folder.

    Args:
        pages: those of ``docs/``.
        outside: those made of other files.
    """
    index = text_of("docs/README.md")
    sections = {
        title: {page_of(normpath(f"docs/{target}")): name for name, target in ROW.findall(rows)}
        for title, rows in SECTION.findall(index)
    }
    decisions = [page for page in pages if page.startswith("decisions/")]
    modules = [page for page in outside if page.startswith("library/")]
    rest = [page for page in outside if not any(page in each for each in (*sections.values(), modules))]
    apart = {TUTORIAL, LIBRARY, *decisions}
    guide, reference, measurements = (
        {title: [{name: page} for page, name in section.items() if page not in apart]}
        for title, section in sections.items()
    )
    library = [{"Overview": LIBRARY}, *({Path(page).stem: page} for page in modules)]
    return [
        {"Home": "README.md"},
        {"Tutorial": TUTORIAL},
        guide,
        reference,
        {"Library": library},
        measurements,
        {"Decisions": decisions},
        {"Project": [{"Overview": rest[0]}, *rest[1:]]},
    ]


def page_of(name: str) -> str:
    """Give the page of the site that shows a file of the repository; a picture stays one."""
    if name.startswith("docs/"):
        return name.removeprefix("docs/")
    if name.endswith(".py"):
        return f"library/{module_of(name).partition('.')[2] or 'promptcodec'}.md"
    return f"project/{name}" if name.endswith(".md") else f"project/{name}.md"


def module_of(name: str) -> str:
    """Give the module that a file of ``promptcodec/`` is."""
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def content(name: str) -> str:
    """Give the page that shows a file outside ``docs/``."""
    if name.endswith(".py"):
        module = module_of(name)
        options = {"members": exported(), "group_by_category": False} if module == "promptcodec" else {}
        return f"# {module}\n\n::: {module}\n    options: {json.dumps(options)}\n"
    if name.endswith(".md"):
        return led(text_of(name), name)
    return f"# {Path(name).name}\n\n````text\n{text_of(name)}\n````\n"


def exported() -> list[str]:
    """Give what ``import promptcodec`` has, as the page of the library lists it; errors have a page."""
    listed = re.findall(r"^\| (`.+?) \|", text_of(f"docs/{LIBRARY}"), re.MULTILINE)
    return re.findall(r"`(\w+)`", " ".join(listed))


def targets(name: str) -> list[str]:
    """Give the files that a page links to, as the repository calls them."""
    if not name.endswith(".md"):
        return []
    return [normpath(join(dirname(name), target)) for target in LINK.findall(FENCED.sub("", text_of(name)))]


def led(markdown: str, name: str) -> str:
    """Let links lead to pages of the site instead of files of the repository."""
    here = dirname(page_of(name)) or "."

    def lead(link: re.Match[str]) -> str:
        return relpath(page_of(normpath(join(dirname(name), link[1]))), here)

    return "".join(
        text if text.startswith("```") else LINK.sub(lead, text) for text in FENCED.split(markdown)
    )


def text_of(name: str) -> str:
    """Read a file of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")
