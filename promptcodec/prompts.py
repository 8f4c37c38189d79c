"""Find prompt templates: one Markdown file each, with ``id`` and ``version`` in its front matter."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from promptcodec.errors import UsageError


@dataclass(frozen=True, slots=True)
class Prompt:
    """A versioned template; ``{name}`` stands where a value goes.

    Attributes:
        id, version: as answers made with it are recorded.
        purpose: what it is for, in a few words.
        text: the template; where it has a base, the base with this one's words in its ``{kind}``.
    """

    id: str
    version: int
    purpose: str
    text: str


def folder() -> Path:
    """Give the folder of templates: packed in the wheel, or the checkout's own.

    An editable install does not see files that the build puts into the wheel, so the
    checkout's folder beside the package is the second place.
    """
    packed = Path(str(files("promptcodec"))) / "_prompts"
    return packed if packed.is_dir() else packed.parent.parent / "prompts"


def names() -> list[str]:
    """List the templates that can be loaded."""
    return sorted(path.stem for path in folder().glob("*.md"))


@cache
def load(name: str) -> Prompt:
    """Load one template.

    Raises:
        UsageError: there is no template of that name.
    """
    if name not in names():
        raise UsageError(f"no prompt template is called {name!r}; there are: {', '.join(names())}")
    _, front, body = (folder() / f"{name}.md").read_text(encoding="utf-8").split("---\n", 2)
    fields = dict(line.split(": ", 1) for line in front.splitlines())
    text = body.strip()
    if "base" in fields:
        text = load(fields["base"]).text.replace("{kind}", text)
    return Prompt(fields["id"], int(fields["version"]), fields["purpose"], text)


def render(name: str, **values: object) -> str:
    """Fill a template's slots; values are put in as they are, braces and all."""
    return load(name).text.format(**values).strip()


def fence(text: str) -> str:
    """Put untrusted text between data marks.

    The marks carry the text's own hash: no text can hold the mark that ends it, and a request
    stays the same from run to run, so that its stored answer is found again.
    """
    mark = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f"<data {mark}>\n{text}\n</data {mark}>"
