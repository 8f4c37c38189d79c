"""Find prompt templates: one Markdown file each, with ``id`` and ``version`` in its front matter."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from promptcodec.errors import UsageError


@dataclass(frozen=True, slots=True)
class Prompt:
    """A versioned template; ``{name}`` stands where a value goes."""

    id: str
    version: int
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


def load(name: str) -> Prompt:
    """Load one template.

    Raises:
        UsageError: there is no template of that name.
    """
    if name not in names():
        raise UsageError(f"no prompt template is called {name!r}; there are: {', '.join(names())}")
    _, front, body = (folder() / f"{name}.md").read_text(encoding="utf-8").split("---\n", 2)
    fields = dict(line.split(": ", 1) for line in front.splitlines())
    return Prompt(fields["id"], int(fields["version"]), body.strip())
